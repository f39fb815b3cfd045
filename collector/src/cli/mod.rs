//! The command line: `picket-collector serve | judge | ...`.

mod agents;
mod authority;
mod backup;
mod client;
mod config;
mod detail;
mod doctor;
mod exit;
mod fleet;
mod people;
mod policy;
mod start;
pub(crate) mod table;
mod top;

pub(crate) use client::{Client, Remote};
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
    /// Run the collector
    Serve(start::Serve),
    /// Judge EVE files offline, findings as JSON lines
    Judge(crate::judge::Args),
    /// Train, show and check models
    Model(crate::model::Args),
    /// Look at data sets
    Dataset(crate::model::DatasetArgs),
    /// Make the state directory, the authority and the databases without starting
    Init(start::Init),
    /// Tokens: for agents to enrol with, and for programs to call the API with
    Token(people::Token),
    /// The agents: list, show, approve, reject, revoke, group, settle
    Agents(agents::Agents),
    /// The certificate authority: show, change for another
    Authority(authority::Authority),
    /// What the agents of a group put over their configuration: list, show, set
    Policy(policy::Policy),
    /// Packets of a host: request, approve, fetch
    Detail(detail::Detail),
    /// Entities ranked by risk, or one of them in full
    Entities(fleet::Entities),
    /// Alerts: list, acknowledge, mute
    Alerts(fleet::Alerts),
    /// Say in words what a finding stands on
    Explain(fleet::Explain),
    /// Watch the fleet
    Top(top::Args),
    /// The people who may log in
    User(people::User),
    /// Copy everything the collector keeps, while it runs; or check such a copy
    ///
    /// Events, findings, people and the certificate authority go to a new directory, each database as of one moment, and the copy is
    /// read through. Run it as the collector's user, on its host. The copy holds the authority's private key: keep it as safe as
    /// the collector itself. The configuration is not in it.
    Backup(backup::Backup),
    /// Put a backup in place of the state directory
    ///
    /// The backup is verified first; no collector may run in the state directory. Run it as the collector's user. Agents go on by
    /// themselves once the collector is started where they look for it. Events that they were told are durable after the backup was
    /// taken are not in it, and are counted as lost; agents that enrolled since enrol again.
    Restore(backup::Restore),
    /// Check or show the configuration
    Config(config::Args),
    /// Look for what may be wrong on this machine
    Doctor(start::Doctor),
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
    let done = match cli.command {
        Command::Judge(args) => return crate::judge::run(&args),
        Command::Config(args) => return config::run(&args, path),
        Command::Doctor(args) => return start::doctor(&args, path),
        Command::Model(args) => crate::model::run(&args, path),
        Command::Dataset(args) => crate::model::dataset(&args),
        Command::Serve(args) => start::serve(&args, path),
        Command::Init(args) => start::init(&args, path),
        Command::Token(args) => people::token(&args, path),
        Command::Agents(args) => agents::agents(&args, path),
        Command::Authority(args) => authority::authority(&args, path),
        Command::Policy(args) => policy::policy(&args, path),
        Command::Detail(args) => detail::detail(&args, path),
        Command::Entities(args) => fleet::entities(&args, path),
        Command::Alerts(args) => fleet::alerts(&args, path),
        Command::Explain(args) => fleet::explain(&args, path),
        Command::Top(args) => top::run(&args, path),
        Command::User(args) => people::user(&args, path),
        Command::Backup(args) => backup::backup(&args, path),
        Command::Restore(args) => backup::restore(&args, path),
    };
    done.map(|()| Exit::Done.into())
}
