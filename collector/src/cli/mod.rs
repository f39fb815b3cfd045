//! The command line: `picket-collector serve | judge | ...`.

mod config;
mod exit;

pub use exit::{Exit, Refused, Unreachable};

use clap::{Parser, Subcommand};
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

/// Collects the events of Picket's agents, keeps a behaviour baseline for every entity, ranks the fleet by risk.
#[derive(Debug, Parser)]
#[command(name = "picket-collector", version, about, subcommand_required = true, arg_required_else_help = true)]
pub struct Cli {
    /// Configuration file [default: /etc/picket/collector.toml where it exists]
    #[arg(long, global = true, value_name = "FILE", env = "PICKET_COLLECTOR_CONFIG")]
    pub config: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Judge EVE files offline, findings as JSON lines
    Judge(crate::judge::Args),
    /// Check or show the configuration
    Config(config::Args),
}

/// Runs a command; errors are printed with their causes.
#[must_use]
pub fn run(cli: Cli) -> ExitCode {
    match dispatch(cli) {
        Ok(code) => code,
        Err(error) => {
            let exit = Exit::of(&error);
            // A reader that went away (`| head`) is no failure worth a sentence.
            if exit != Exit::Done {
                let paint = std::io::stderr().is_terminal();
                let (on, off) = if paint { ("\x1b[31m", "\x1b[0m") } else { ("", "") };
                eprintln!("{on}picket-collector:{off} {}", crate::cli::exit::sentence(&error));
            }
            exit.into()
        }
    }
}

fn dispatch(cli: Cli) -> anyhow::Result<ExitCode> {
    let path = cli.config.as_deref();
    match cli.command {
        Command::Judge(args) => crate::judge::run(&args),
        Command::Config(args) => config::run(&args, path),
    }
}
