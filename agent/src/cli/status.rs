//! `picket-agent status` and `top`: what the running agent says of itself.

use super::{Exit, Fault, Place, print};
use crate::status::{self, Snapshot};
use clap::Args;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

/// What `status` takes.
#[derive(Clone, Debug, Args)]
pub struct StatusArgs {
    #[command(flatten)]
    /// Where things are.
    pub place: Place,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// What `top` takes.
#[derive(Clone, Debug, Args)]
pub struct TopArgs {
    #[command(flatten)]
    /// Where things are.
    pub place: Place,
}

fn socket(place: &Place) -> Result<PathBuf, Fault> {
    let loaded = super::config::load(place)?;
    Ok(status::socket_path(&loaded.config.status.socket, &loaded.config.agent.state))
}

fn ask(socket: &Path) -> Result<Snapshot, Fault> {
    status::ask(socket).map_err(|error| {
        let (exit, advice) = if error.kind() == std::io::ErrorKind::PermissionDenied {
            (Exit::Refused, "ask as root or as the agent's user")
        } else {
            let advice = "start one with `picket-agent run`, or name its configuration with --config or its state directory \
                          with --state; its log says where it answers";
            (Exit::Unreachable, advice)
        };
        Fault::say(exit, format!("no agent answers at {}: {error}; {advice}", socket.display()))
    })
}

/// Runs `status`.
pub(super) fn status(args: &StatusArgs) -> Result<Exit, Fault> {
    let snapshot = ask(&socket(&args.place)?)?;
    if !args.json {
        return print(&status::text(&snapshot));
    }
    let json = serde_json::to_string(&snapshot).map_err(|error| Fault::new(Exit::Failed, error))?;
    print(&format!("{json}\n"))
}

/// Runs `top`.
pub(super) fn top(args: &TopArgs) -> Result<Exit, Fault> {
    let socket = socket(&args.place)?;
    let first = ask(&socket)?;
    if !std::io::stdout().is_terminal() {
        return print(&status::plain(&first));
    }
    status::screen(|| status::ask(&socket))
        .map_err(|error| Fault::new(Exit::Failed, anyhow::Error::new(error).context("draw on the terminal")))?;
    Ok(Exit::Done)
}
