//! `picket-agent enrol`: get this host's identity from a collector.

use super::{Exit, Fault, Place, print};
use clap::Args;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// What `enrol` takes.
#[derive(Clone, Debug, Args)]
pub struct EnrolArgs {
    /// Token that `picket-collector token create` printed
    #[arg(value_name = "TOKEN")]
    pub token: String,
    /// Name of this agent [default: the host's name and a short random part]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    #[command(flatten)]
    /// Where things are.
    pub place: Place,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Runs the verb.
pub(super) fn enrol(args: &EnrolArgs) -> Result<Exit, Fault> {
    let loaded = super::config::load(&args.place)?;
    let state = &loaded.config.agent.state;
    let identity = crate::enrol::enrol(&args.token, args.name.as_deref(), state)
        .map_err(|error| Fault { exit: Exit::from_status(error.exit_status()), error: error.into() })?;
    hand_over(&identity.directory);
    if args.json {
        let value = serde_json::json!({
            "agent": identity.agent,
            "state": identity.directory,
            "collectors": identity.collectors,
            "not_after": identity.not_after,
        });
        return print(&format!("{value}\n"));
    }
    let collectors = identity.collectors.join(", ");
    print(&format!("enrolled as {} in {}; sends to {collectors}\n", identity.agent, identity.directory.display()))
}

/// Enrolment is run by root, the agent by the user whose directory it is: gives that user what was written there.
fn hand_over(directory: &Path) {
    let owner = std::fs::metadata(directory).map(|meta| (meta.uid(), meta.gid()));
    let Ok((user, group)) = owner else { return };
    if user == 0 || !rustix::process::geteuid().is_root() {
        return;
    }
    for file in ["agent.key", "agent.json"] {
        let path = directory.join(file);
        if let Err(error) = std::os::unix::fs::chown(&path, Some(user), Some(group)) {
            eprintln!("picket-agent: give {} to the directory's owner: {error}; do it by chown", path.display());
        }
    }
}
