//! `sealane imported`: rows of imported files and the files that they came from, through a node's API.

use clap::{Args, Subcommand};

use crate::node::cli::client::{Connection, segment};
use crate::node::cli::output::Form;
use crate::node::cli::page::Page;

/// The command line of `sealane imported`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(super) struct Imported {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// Find rows by an identifier in them, such as a container, or list manifests or seizures, the newest first
    List(List),
    /// Show a line of a manifest or a seizure, with its values and the row as it stood in the file
    Show(Show),
    /// List the files that are being or were imported, the newest first
    Files(Files),
    /// List the rows of a file that were refused
    Refused(Refused),
}

#[derive(Debug, Args)]
struct List {
    /// Only of this kind: declaration, manifest or seizure
    #[arg(long)]
    kind: Option<String>,
    /// The scheme of the identifier, such as container; without it all
    #[arg(long, requires = "value")]
    scheme: Option<String>,
    /// An identifier that stands in the row
    #[arg(long, required_unless_present = "kind")]
    value: Option<String>,
    #[command(flatten)]
    page: Page,
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Args)]
struct Show {
    /// What it is: manifest or seizure
    kind: String,
    /// Its number
    id: String,
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Args)]
struct Files {
    #[command(flatten)]
    page: Page,
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Args)]
struct Refused {
    /// The import, as `sealane imported files` lists it
    import: String,
    #[command(flatten)]
    page: Page,
    #[command(flatten)]
    form: Form,
}

impl Imported {
    /// Does what the arguments say.
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let client = self.connection.client()?;
        match self.step {
            Step::List(step) => {
                let filters = [
                    ("kind", step.kind.as_deref()),
                    ("scheme", step.scheme.as_deref()),
                    ("value", step.value.as_deref()),
                ];
                let rows = step.page.read(&client, "/api/v1/imported", &filters).await?;
                let columns = [
                    ("KIND", "kind"),
                    ("ID", "id"),
                    ("IDENTIFIER", "observed"),
                    ("FILE", "source"),
                    ("ROW", "row"),
                    ("IMPORTED", "imported_at"),
                    ("TITLE", "title"),
                ];
                let empty = "no such rows; take some in with `sealane import FILE --kind KIND`";
                Ok(step.form.list(&rows, &columns, empty)?)
            }
            Step::Show(step) => {
                let path =
                    format!("/api/v1/imported/{}/{}", segment(&step.kind), segment(&step.id));
                Ok(step.form.facts(&client.get(&path).await?)?)
            }
            Step::Files(step) => {
                let files = step.page.read(&client, "/api/v1/imports", &[]).await?;
                let columns = [
                    ("IMPORT", "id"),
                    ("KIND", "kind"),
                    ("FILE", "source"),
                    ("BEGUN", "started_at"),
                    ("DONE", "finished_at"),
                    ("KEPT", "accepted"),
                    ("REFUSED", "refused"),
                ];
                let empty = "no files were imported; take one in with `sealane import FILE`";
                Ok(step.form.list(&files, &columns, empty)?)
            }
            Step::Refused(step) => {
                let path = format!("/api/v1/imports/{}/refusals", segment(&step.import));
                let rows = step.page.read(&client, &path, &[]).await?;
                let columns = [("ROW", "row"), ("REASON", "reason")];
                Ok(step.form.list(&rows, &columns, "no row of this file was refused")?)
            }
        }
    }
}
