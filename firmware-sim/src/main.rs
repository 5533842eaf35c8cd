//! `attimo-sim`: runs the demo shop around the real binaries, or plays a recording against a gateway.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
