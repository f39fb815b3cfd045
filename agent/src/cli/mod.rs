//! The command line: verbs, options, and the way out.
//!
//! Data goes to standard output, words to standard error.

mod bundle;
mod config;
mod doctor;
mod enrol;
mod exit;
mod privacy;
mod protocols;
mod read;
mod run;
mod spool;
mod status;
mod stop;

pub use exit::{Exit, Fault};
pub use protocols::parse as describe;

use clap::{Args, CommandFactory, Parser, Subcommand};
use std::path::PathBuf;

/// Network sensor: captures packets, recognises protocols and operations, scores, and sends events.
#[derive(Debug, Parser)]
#[command(name = "picket-agent", version, after_help = Exit::HELP, after_long_help = Exit::HELP)]
#[command(propagate_version = true, infer_subcommands = false, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// The verbs.
#[derive(Debug, Subcommand)]
#[allow(missing_docs)] // each variant's help text is its documentation
pub enum Verb {
    /// Read captures and print their events as EVE JSON lines
    Read(read::ReadArgs),
    /// Watch interfaces, or replay captures, and send the events to a collector
    Run(run::RunArgs),
    /// Write rows of features from captures, for training and analysis
    Features(crate::features_cmd::Args),
    /// Get this host's identity from a collector
    Enrol(enrol::EnrolArgs),
    /// Give this host's identity up, at the collector and here
    Unenrol(enrol::UnenrolArgs),
    /// Show the running agent's ledger and connection
    Status(status::StatusArgs),
    /// Show the running agent's rates, protocols and ledger, refreshed each second
    Top(status::TopArgs),
    /// Show or verify a model bundle
    Bundle(bundle::BundleArgs),
    /// Show what waits on disk for the collector
    Spool(spool::SpoolArgs),
    /// Check or show the configuration
    Config(config::ConfigArgs),
    /// Check that this host can capture, keep state and reach its collector
    Doctor(doctor::DoctorArgs),
    /// Open interfaces for a running agent, which starts this itself
    #[command(hide = true)]
    Opener,
}

/// Where the configuration and the state are.
#[derive(Clone, Debug, Args)]
pub struct Place {
    /// Configuration file; without it /etc/picket/agent.toml, where that exists
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// State directory, in place of agent.state [default: /var/lib/picket-agent]. The status socket is then
    /// agent.sock in it
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
}

/// Runs the program on its arguments.
#[must_use]
pub fn main() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors; a closed pipe on either is none either.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Done };
        }
    };
    match run(cli) {
        Ok(exit) => exit,
        Err(fault) => {
            eprintln!("picket-agent: {:#}", fault.error);
            fault.exit
        }
    }
}

/// The definition of the command line, for completions, man pages and tests.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

fn run(cli: Cli) -> Result<Exit, Fault> {
    match cli.verb {
        Verb::Read(args) => read::read(&args),
        Verb::Run(args) => run::run(&args),
        Verb::Features(args) => features(&args),
        Verb::Enrol(args) => enrol::enrol(&args),
        Verb::Unenrol(args) => enrol::unenrol(&args),
        Verb::Status(args) => status::status(&args),
        Verb::Top(args) => status::top(&args),
        Verb::Bundle(args) => bundle::bundle(&args),
        Verb::Spool(args) => spool::spool(&args),
        Verb::Config(args) => config::config(&args),
        Verb::Doctor(args) => doctor::doctor(&args),
        Verb::Opener => {
            crate::capture::serve_opener().map(|()| Exit::Done).map_err(|why| Fault::say(Exit::Failed, why))
        }
    }
}

fn features(args: &crate::features_cmd::Args) -> Result<Exit, Fault> {
    let signals = stop::Signals::listen(false)?;
    let done = match crate::features_cmd::run_until(args, &signals.stop) {
        Ok(done) => done,
        Err(error) if args.out.as_os_str() == "-" && is_closed_pipe(&error) => return Ok(Exit::Done),
        Err(error) if error.is::<crate::features_cmd::Misuse>() => return Err(Fault { exit: Exit::Usage, error }),
        Err(error) => return Err(Fault { exit: Exit::Failed, error }),
    };
    for bad in &done.bad {
        eprintln!("picket-agent: {bad}");
    }
    eprintln!("{} rows of {} captures", done.rows, done.captures + done.skipped);
    if done.skipped > 0 {
        eprintln!("{} captures were in the output already", done.skipped);
    }
    if done.passed_over > 0 {
        eprintln!("{} files in directories are no captures and were passed over", done.passed_over);
    }
    if done.stopped {
        eprintln!(
            "stopped before the end; {}",
            if args.resume { "the same command goes on from here" } else { "the last capture's rows are not complete" }
        );
    }
    let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    Ok(Exit::of_inputs(count(done.captures + done.skipped), done.bad.len(), count(done.refused)))
}

/// Whether nobody reads standard output any longer.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let closed = |cause: &std::io::Error| cause.kind() == std::io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| cause.downcast_ref().is_some_and(closed))
}

/// Prints to standard output; a closed pipe is success.
fn print(text: &str) -> Result<Exit, Fault> {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Fault::new(Exit::Failed, anyhow::Error::new(error).context("write to standard output")))
        }
        _ => Ok(Exit::Done),
    }
}
