//! `backup` and `restore`.

use super::Refused;
use super::fleet::print_json;
use super::table::moment;
use crate::backup::{self, Manifest};
use crate::config;
use crate::store::StoreError;
use std::io::{Write, stdout};
use std::path::{Path, PathBuf};

/// Arguments of `backup`.
#[derive(clap::Args, Debug)]
pub struct Backup {
    /// The directory to make; it must not exist, or be empty
    #[arg(value_name = "DIRECTORY")]
    directory: PathBuf,
    /// Make nothing: read the backup in that directory through
    #[arg(long)]
    check: bool,
    /// Print the manifest as JSON
    #[arg(long)]
    json: bool,
}

/// Arguments of `restore`.
#[derive(clap::Args, Debug)]
pub struct Restore {
    /// A directory that `backup` made
    #[arg(value_name = "DIRECTORY")]
    directory: PathBuf,
    /// Move what lies in the state directory aside, to `replaced-TIME` in it
    #[arg(long)]
    replace: bool,
    /// Print the manifest as JSON
    #[arg(long)]
    json: bool,
}

/// Runs `backup`.
///
/// # Errors
/// When the copy cannot be made or is not whole.
pub fn backup(args: &Backup, path: Option<&Path>) -> anyhow::Result<()> {
    let now = jiff::Timestamp::now().as_second();
    let (manifest, done) = if args.check {
        (backup::verify(&args.directory)?, "is whole")
    } else {
        let state = config::load(path)?.config.state.directory;
        (backup::backup(&state, &args.directory, now)?, "is made, and whole")
    };
    say(&manifest, args.json, &format!("the backup in {} {done}", args.directory.display()))
}

/// Runs `restore`.
///
/// # Errors
/// When the backup is not whole, or cannot be put in place.
pub fn restore(args: &Restore, path: Option<&Path>) -> anyhow::Result<()> {
    let state = config::load(path)?.config.state.directory;
    let restored = backup::restore(&args.directory, &state, args.replace, jiff::Timestamp::now().as_second());
    let manifest = restored.map_err(|error| match error.downcast::<StoreError>() {
        Ok(error @ StoreError::InUse { .. }) => Refused(error.to_string()).into(),
        Ok(error) => error.into(),
        Err(error) => error,
    })?;
    say(&manifest, args.json, &format!("{} is restored: start it with picket-collector serve", state.display()))
}

fn say(manifest: &Manifest, json: bool, done: &str) -> anyhow::Result<()> {
    if json {
        return print_json(manifest);
    }
    let mut out = stdout().lock();
    let (store, bytes) = (&manifest.store, manifest.files.iter().map(|file| file.bytes).sum());
    writeln!(out, "{done}")?;
    let taken = jiff::Timestamp::from_second(manifest.made_at).unwrap_or_default().to_string();
    writeln!(out, "taken     {}, release {}", moment(&taken), manifest.release)?;
    writeln!(out, "holds     {} events in {} frames, {}", store.events, store.frames, crate::page::human_bytes(bytes))?;
    if store.unreadable > 0 {
        writeln!(out, "damaged   {} frames could not be read in the store already", store.unreadable)?;
    }
    for (agent, _, acknowledged) in &store.positions {
        writeln!(out, "agent     {agent}: up to event {acknowledged}")?;
    }
    Ok(())
}
