//! The command line; talks to a running node or to its data directory. Each command group is one file with a `run`.
//!
//! Exit codes: 0 done, 1 refused or not found, 2 wrong usage, 3 verification failed, 4 the node could not be
//! reached, 70 the node stopped because its store failed. SIGPIPE stays ignored, since a closed socket must not
//! end a node; `output` ends quietly when nobody reads on.

mod audit;
mod audit_trail;
mod backup;
mod card;
mod case;
mod client;
mod compartment;
mod conflict;
mod custody;
mod deadlines;
mod declarations;
mod demo;
mod doctor;
mod erasure;
mod evidence;
mod exit;
mod fields;
mod import;
mod imported;
mod inbox;
mod init;
mod log;
mod log_check;
mod openapi;
mod output;
mod pack;
mod page;
mod peers;
mod refused;
mod request;
mod restore;
mod search;
mod serve;
mod statistics;
mod status;
mod summary;
mod task_force;
mod team;
mod token;
mod training;
mod transfer;
mod transport;
mod upkeep;
mod user;
mod workflow;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use crate::node::cli::exit::Failure;

/// Enforcement cases of a customs authority, worked together with others and proven to strangers.
///
/// To look around, run `sealane demo`: three invented authorities work a case on this machine.
/// To run a node of your own: `sealane init`, then `sealane serve`, then `sealane user add` and `sealane token new`.
#[derive(Debug, Parser)]
#[command(name = "sealane", version, propagate_version = true, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the whole thing: three authorities on this machine work a case, end to end
    Demo(demo::Demo),
    /// Set up a node: keys, certificate, configuration, empty store
    Init(init::Init),
    /// Run the node
    Serve(serve::Serve),
    /// Ask the node who you are and how it is
    Status(status::Status),
    /// Pair with other authorities
    Peers(peers::Peers),
    /// Cases: open, read, change, move, approve
    Case(case::Case),
    /// Compartments: who may know of the cases in them
    Compartment(compartment::Compartment),
    /// The workflows of case types: which steps a case may take and what each asks for
    Workflow(workflow::Workflow),
    /// Evidence and its chain of custody
    Evidence(evidence::Evidence),
    /// Erase persons or a whole case for good, by two officers
    Erasure(erasure::Erasure),
    /// What is due, the soonest first
    Deadlines(deadlines::Deadlines),
    /// What the node has told you: what is due soon, overdue, or left undone in your unit
    Inbox(inbox::Inbox),
    /// Mutual assistance: ask, answer, follow
    Request(request::Request),
    /// Share chosen fields of a case with other authorities
    Summary(summary::Summary),
    /// A room shared by several authorities
    TaskForce(task_force::TaskForce),
    /// Take in declarations, manifests or seizures from a CSV or JSON file; goes on where it stopped
    ///
    /// Rows are kept while the file is read, so that a file of any length needs little memory. If the import breaks off, run the
    /// same command again: it goes on where it stopped, and no row is taken in twice. A file that was imported before adds
    /// nothing. What the columns mean is said by a mapping; config/mappings has those that are used without --mapping, to copy
    /// and change.
    Import(import::Import),
    /// Rows of imported files: find them by a container or other identifier, open a case on one
    Imported(imported::Imported),
    /// List imported declarations, the most suspicious first
    Declarations(declarations::Declarations),
    /// Find cases by words, names of subjects, identifiers and filters
    Search(search::Search),
    /// Count cases and requests: by type, state, outcome, HS chapter, officer; how long they take
    Statistics(statistics::Statistics),
    /// Write a court pack, which `sealane-verify` checks without a node
    Pack(pack::Pack),
    /// The node's own append-only log
    Log(log::Log),
    /// Compare store, records and log, and the books kept with peers
    Audit(audit::Audit),
    /// Who did, saw and was refused what: list it, or export it for an auditor
    AuditTrail(audit_trail::AuditTrail),
    /// Back up a node while it runs
    Backup(backup::Backup),
    /// Restore a backup into an empty folder
    Restore(restore::Restore),
    /// Check clock, certificates, disk, peers, keys and witnesses
    Doctor(doctor::Doctor),
    /// Print the description of the API (OpenAPI 3.1) for tools; needs no node
    Openapi(openapi::Openapi),
    /// Officers of this node (on the node's machine)
    User(user::User),
    /// Tokens with which officers and scripts use the API (on the node's machine)
    Token(token::Token),
}

/// Runs the command that the arguments name.
pub async fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(refusal) => {
            // Nobody is left to tell if help or usage cannot be printed.
            let _ = refusal.print();
            return if refusal.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS };
        }
    };
    match cli.command.run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => exit::report(&error),
    }
}

impl Command {
    async fn run(self) -> anyhow::Result<()> {
        match self {
            // Its future is far larger than the others.
            Self::Demo(command) => Box::pin(command.run()).await,
            Self::Init(command) => command.run().await,
            Self::Serve(command) => command.run().await,
            Self::Status(command) => command.run().await,
            Self::Peers(command) => command.run().await,
            Self::Case(command) => command.run().await,
            Self::Compartment(command) => command.run().await,
            Self::Workflow(command) => command.run().await,
            Self::Evidence(command) => command.run().await,
            Self::Erasure(command) => command.run().await,
            Self::Deadlines(command) => command.run().await,
            Self::Inbox(command) => command.run().await,
            Self::Request(command) => command.run().await,
            Self::Summary(command) => command.run().await,
            Self::TaskForce(command) => command.run().await,
            Self::Import(command) => command.run().await,
            Self::Imported(command) => command.run().await,
            Self::Declarations(command) => command.run().await,
            Self::Search(command) => command.run().await,
            Self::Statistics(command) => command.run().await,
            Self::Pack(command) => command.run().await,
            Self::Log(command) => command.run().await,
            Self::Audit(command) => command.run().await,
            Self::AuditTrail(command) => command.run().await,
            Self::Backup(command) => command.run().await,
            Self::Restore(command) => command.run().await,
            Self::Doctor(command) => command.run().await,
            Self::Openapi(openapi::Openapi) => openapi::print(),
            Self::User(command) => command.run().await,
            Self::Token(command) => command.run().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_tree_of_commands_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_and_argument_explains_itself() {
        fn check(command: &clap::Command) {
            assert!(command.get_about().is_some(), "{}", command.get_name());
            for argument in command.get_arguments() {
                let name = argument.get_id().as_str();
                let explains = argument.get_help().is_some() || name == "help" || name == "version";
                assert!(explains, "{} {name}", command.get_name());
            }
            command.get_subcommands().for_each(check);
        }
        Cli::command().get_subcommands().for_each(check);
    }

    #[test]
    fn every_command_of_the_manual_parses() {
        for line in [
            "demo --headless --json --declarations d.csv",
            "init --dir d --authority customs.xa.example --title T --country XA --listen 127.0.0.1:1",
            "serve --config c.toml",
            "peers card --dir d",
            "peers add card.cbor --dir d --confirm words",
            "peers remove customs.xb.example --dir d",
            "case new --title T --set subjects/0/name=X --set lines/0/hs:=8517",
            "case list --json --url http://127.0.0.1:1",
            "case move 1 investigating --reason r",
            "case link 1 2",
            "case team add 1 anna",
            "case team remove 1 anna",
            "case export 1 --out f.zip",
            "deadlines --overdue --days 7 --mine --json",
            "inbox",
            "inbox --all --json",
            "inbox read 1",
            "evidence add 1 file --description d",
            "evidence transfer 1 --to o --reason r --place p",
            "request new --to customs.xb.example --case 1 --instrument generic.policy",
            "request act 1 accept --file f.json",
            "summary share 1 --to a.example --field title --marking m --purpose p",
            "task-force new --name n --member a.example",
            "task-force leave 1 --reason r",
            "import f.csv",
            "import f.json --mapping m.toml --refused r.csv",
            "import f.csv --kind manifest --json",
            "imported list --kind seizure --limit 5",
            "imported list --scheme container --value CSQU3054383",
            "imported show manifest B1/CSQU3054383 --json",
            "imported files",
            "imported refused 1",
            "case new --title T --manifest B1",
            "pack 1 2 --out f.zip",
            "log checkpoint",
            "log prove 00",
            "log check --config c.toml",
            "audit --peer customs.xb.example",
            "backup --config c.toml --out f",
            "restore f --dir d",
            "doctor --config c.toml",
            "openapi",
            "user add anna --role case_officer --dir d",
            "user disable anna --dir d",
            "token new anna --dir d",
            "token list --json --dir d",
            "token revoke 0011223344556677 --dir d",
        ] {
            let arguments = std::iter::once("sealane").chain(line.split(' '));
            if let Err(refusal) = Cli::try_parse_from(arguments) {
                panic!("{line}: {refusal}");
            }
        }
    }
}
