//! `picket-agent enrol`: get this host's identity from a collector.

use super::{Exit, Fault, Place, print};
use clap::Args;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// Bytes read of a token at most.
const TOKEN_MAX: u64 = 64 << 10;

/// What `enrol` takes.
#[derive(Clone, Debug, Args)]
pub struct EnrolArgs {
    /// Token that `picket-collector token create` printed; - reads it from standard input, so that no other user of the host
    /// sees it among the running programs
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
    let token = token(&args.token)?;
    let crate::enrol::Enrolled { identity, pending, group } =
        crate::enrol::enrol(&token, args.name.as_deref(), state).map_err(fault)?;
    hand_over(&identity.directory);
    if args.json {
        let value = serde_json::json!({
            "agent": identity.agent,
            "group": group,
            "pending": pending,
            "state": identity.directory,
            "collectors": identity.collectors,
            "not_after": identity.not_after,
        });
        return print(&format!("{value}\n"));
    }
    let collectors = identity.collectors.join(", ");
    let (agent, directory) = (&identity.agent, identity.directory.display());
    print(&format!("enrolled as {agent} in {directory}; sends to {collectors}\n"))?;
    if pending {
        let words = format!("a person has yet to let it in: `picket-collector agents approve {agent}` there\n");
        return print(&words);
    }
    Ok(Exit::Done)
}

/// The token itself, or what stands on standard input.
fn token(given: &str) -> Result<String, Fault> {
    if given != "-" {
        return Ok(given.to_owned());
    }
    let usage = |why: String| Fault::say(Exit::Usage, why);
    let mut text = String::new();
    let read = std::io::stdin().lock().take(TOKEN_MAX).read_to_string(&mut text);
    read.map_err(|why| usage(format!("the token cannot be read from standard input: {why}")))?;
    match text.trim() {
        "" => Err(usage("standard input holds no token: `picket-agent enrol - < FILE`".to_owned())),
        token => Ok(token.to_owned()),
    }
}

fn fault(error: crate::enrol::EnrolError) -> Fault {
    Fault { exit: Exit::from_status(error.exit_status()), error: error.into() }
}

/// What `unenrol` takes.
#[derive(Clone, Debug, Args)]
pub struct UnenrolArgs {
    #[command(flatten)]
    /// Where things are.
    pub place: Place,
    /// Do not ask the collector: remove the key here; the agent is then to be revoked there
    #[arg(long)]
    pub offline: bool,
}

/// Runs the verb `unenrol`: the identity ends at the collector first, then here. What still waits in the spool belongs to
/// that identity and goes with it.
pub(super) fn unenrol(args: &UnenrolArgs) -> Result<Exit, Fault> {
    let loaded = super::config::load(&args.place)?;
    let state = &loaded.config.agent.state;
    let identity = crate::enrol::Identity::load(state).map_err(fault)?;
    let spool = loaded.config.spool_directory();
    let limits = crate::spool::Limits::default();
    let left = if spool.exists() {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        // Whoever holds the spool is told to be stopped first.
        let (open, _) = crate::spool::Spool::open(&spool, limits, i64::try_from(now.as_nanos()).unwrap_or(i64::MAX))
            .map_err(|error| Fault::new(Exit::Failed, error))?;
        open.books().spooled
    } else {
        0
    };
    if !args.offline {
        crate::enrol::leave(&identity).map_err(fault)?;
    }
    crate::enrol::forget(state).map_err(fault)?;
    match std::fs::remove_dir_all(&spool) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            let sentence = format!("the identity is gone, but the spool {} stays: {error}", spool.display());
            return Err(Fault::say(Exit::Failed, sentence));
        }
        _ => {}
    }
    let agent = &identity.agent;
    let there = if args.offline {
        format!("; revoke it there: `picket-collector agents revoke {agent}`")
    } else {
        String::new()
    };
    print(&format!("{agent} gave its identity up{there}; {left} events that waited for the collector are gone\n"))
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
