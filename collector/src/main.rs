//! `picket-collector`: the program. What it can do stands in [`picket_collector::cli`].

use clap::Parser;
use picket_collector::cli::{Cli, Exit};
use std::process::ExitCode;

fn main() -> ExitCode {
    // Two providers in one tree would make the first handshake fail; this names the one, before anything else runs.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match Cli::try_parse() {
        Ok(cli) => picket_collector::cli::run(cli),
        Err(error) => {
            let _ = error.print();
            if error.use_stderr() { Exit::Usage.into() } else { Exit::Done.into() }
        }
    }
}
