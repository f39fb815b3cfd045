//! `picket-collector model` and `dataset`: train, look at and check bundles.

mod publish;
mod rows;
mod show;
mod train;

use anyhow::Result;
use std::path::{Path, PathBuf};

/// Train, show and check models
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do with a model.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Train a bundle from feature rows
    Train(train::Args),
    /// Show what a bundle says of itself
    Show(show::Args),
    /// Check a bundle as a sensor does
    Verify(show::VerifyArgs),
    /// Give a bundle to the collector for agents whose policy names it
    Publish(publish::PublishArgs),
    /// The bundles that agents may fetch
    Published(publish::PublishedArgs),
    /// Remove a bundle from those that agents may fetch
    Withdraw(publish::WithdrawArgs),
}

/// Look at data sets
#[derive(Debug, clap::Args)]
pub struct DatasetArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: DatasetCommand,
}

/// What to do with a data set.
#[derive(Debug, clap::Subcommand)]
pub enum DatasetCommand {
    /// Count rows by group and label
    Show {
        /// Feature rows, plain, .gz or .zst
        #[arg(value_name = "FEATURES")]
        rows: PathBuf,
    },
}

/// Runs `picket-collector model`.
///
/// # Errors
/// In words: what, where, why, what to do. A refused bundle is [`crate::cli::Refused`].
pub fn run(args: &Args, config: Option<&Path>) -> Result<()> {
    match &args.command {
        Command::Train(args) => train::run(args),
        Command::Show(args) => show::run(args),
        Command::Verify(args) => show::verify(args),
        Command::Publish(args) => publish::publish(args, config),
        Command::Published(args) => publish::published(args, config),
        Command::Withdraw(args) => publish::withdraw(args, config),
    }
}

/// Runs `picket-collector dataset`.
///
/// # Errors
/// When the rows cannot be read.
pub fn dataset(args: &DatasetArgs) -> Result<()> {
    match &args.command {
        DatasetCommand::Show { rows } => rows::show(rows),
    }
}
