//! The `ragkit` binary: everything else is in the library.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use ragkit::commands::Ended;

fn main() -> ExitCode {
    match ragkit::cli::Cli::parse().run() {
        Ok(Ended::Done) => ExitCode::SUCCESS,
        Ok(Ended::No) => ExitCode::from(1),
        Ok(Ended::CouldNot) => ExitCode::from(2),
        // Whoever read our output has stopped reading: there is nobody left to tell.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let is = |cause: &(dyn std::error::Error + 'static)| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    };
    error.chain().any(is)
}
