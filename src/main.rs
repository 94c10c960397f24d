//! The `sealane` program: hands over to `node::cli`; decides nothing.

use std::io::{self, Write as _};
use std::process::ExitCode;

fn main() -> ExitCode {
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(sealane::node::cli::run()),
        Err(error) => {
            // If standard error is closed too, the exit code must do.
            let _ = writeln!(io::stderr(), "sealane: the runtime cannot start: {error}");
            ExitCode::FAILURE
        }
    }
}
