//! `agents`: who belongs to the fleet, and who is let in.

use super::client::{Client, Remote};
use super::fleet::print_json;
use super::table::{self, harmless, moment};
use crate::api::view::AgentView;
use crate::page::{encoded, human_bytes};
use hyper::Method;
use serde_json::json;
use std::io::{Write, stdout};
use std::path::Path;

/// Arguments of `agents`.
#[derive(clap::Args, Debug)]
pub struct Agents {
    #[command(subcommand)]
    action: Option<AgentAction>,
    #[command(flatten)]
    remote: Remote,
}

#[derive(clap::Subcommand, Debug)]
enum AgentAction {
    /// Every agent with its books, connection and bytes on the wire (the default)
    List {
        /// Only those that wait for approval
        #[arg(long)]
        pending: bool,
    },
    /// One agent in full: host, key, certificate, connection, policy, and whether its identity was seen twice
    Show {
        /// Its name
        name: String,
    },
    /// Let agents in that wait for approval
    Approve(Waiting),
    /// Turn agents away that wait for approval; their names are free again
    Reject(Waiting),
    /// Shut agents out for good; live connections end within five seconds
    Revoke {
        /// Their names
        #[arg(required = true)]
        names: Vec<String>,
    },
    /// Put an agent into another group, whose policy it gets
    Group {
        /// Its name
        name: String,
        /// The group; "" for none
        group: String,
    },
    /// Say that identities which were seen twice are in order again
    Settle {
        /// Their names
        #[arg(required = true)]
        names: Vec<String>,
    },
}

/// Agents that wait for approval.
#[derive(clap::Args, Debug)]
struct Waiting {
    /// Their names
    #[arg(required_unless_present = "pending")]
    names: Vec<String>,
    /// Every agent that waits now
    #[arg(long, conflicts_with = "names")]
    pending: bool,
    /// With --pending: only those of this group
    #[arg(long, requires = "pending")]
    group: Option<String>,
}

impl Waiting {
    /// Whom it is about.
    fn names(&self, client: &Client) -> anyhow::Result<Vec<String>> {
        if !self.pending {
            return Ok(self.names.clone());
        }
        let mut agents: Vec<AgentView> = client.get("/agents")?;
        agents.retain(|agent| agent.is_pending() && self.group.as_ref().is_none_or(|group| agent.group == *group));
        Ok(agents.into_iter().map(|agent| agent.name).collect())
    }
}

/// Runs `agents`.
///
/// # Errors
/// When the collector cannot be asked or refuses.
pub fn agents(args: &Agents, path: Option<&Path>) -> anyhow::Result<()> {
    let client = Client::new(&args.remote, path)?;
    let (names, verb, done) = match &args.action {
        None => return list(&client, false, args.remote.json),
        Some(AgentAction::List { pending }) => return list(&client, *pending, args.remote.json),
        Some(AgentAction::Show { name }) => return show(&client, name, args.remote.json),
        Some(AgentAction::Group { name, group }) => {
            let path = format!("/agents/{}/group", encoded(name));
            client.change(Method::POST, &path, &json!({"group": group}))?;
            writeln!(stdout().lock(), "{} is of group {}", harmless(name), shown(&harmless(group)))?;
            return Ok(());
        }
        Some(AgentAction::Approve(waiting)) => (waiting.names(&client)?, "approve", "is approved"),
        Some(AgentAction::Reject(waiting)) => (waiting.names(&client)?, "reject", "is rejected"),
        Some(AgentAction::Revoke { names }) => (names.clone(), "revoke", "is revoked"),
        Some(AgentAction::Settle { names }) => (names.clone(), "settle", "is settled"),
    };
    if names.is_empty() {
        writeln!(stdout().lock(), "no agent waits for approval")?;
    }
    decide(&client, &names, verb, done)
}

/// Decides of each; one that fails keeps none of the others back.
fn decide(client: &Client, names: &[String], verb: &str, done: &str) -> anyhow::Result<()> {
    let (mut failed, mut last) = (Vec::new(), None);
    for name in names {
        match client.change(Method::POST, &format!("/agents/{}/{verb}", encoded(name)), &json!({})) {
            Ok(_) => writeln!(stdout().lock(), "{} {done}", harmless(name))?,
            Err(error) => {
                failed.push(harmless(name));
                last = Some(error);
            }
        }
    }
    match last {
        None => Ok(()),
        Some(error) if names.len() == 1 => Err(error),
        Some(error) => Err(error.context(format!("{} of {}: {}", failed.len(), names.len(), failed.join(", ")))),
    }
}

fn list(client: &Client, pending: bool, json: bool) -> anyhow::Result<()> {
    let mut agents: Vec<AgentView> = client.get("/agents")?;
    agents.retain(|agent| !pending || agent.is_pending());
    if json {
        return print_json(&agents);
    }
    let rows: Vec<Vec<String>> = agents.iter().map(agent_row).collect();
    let headings =
        ["agent", "site", "state", "last heard (UTC)", "packets", "flows", "dropped", "events", "on the wire", "books"];
    Ok(table::write(&mut stdout().lock(), &headings, &rows)?)
}

pub(super) fn agent_row(agent: &AgentView) -> Vec<String> {
    let books = agent.ledger.as_ref();
    let number = |value: Option<u64>| value.map_or_else(|| "-".to_owned(), |value| value.to_string());
    let balance = match books {
        None => "not told yet".to_owned(),
        Some(books) => books.imbalance.clone().unwrap_or_else(|| "balanced".to_owned()),
    };
    vec![
        agent.name.clone(),
        agent.site.clone(),
        agent.state(),
        agent.last_seen.as_deref().map_or_else(|| "never".to_owned(), moment),
        number(books.map(|books| books.frames)),
        number(books.map(|books| books.flows_opened)),
        number(books.map(|books| books.kernel_drops + books.interface_drops)),
        agent.events.to_string(),
        human_bytes(agent.wire_bytes),
        balance,
    ]
}

fn show(client: &Client, name: &str, json: bool) -> anyhow::Result<()> {
    let agent: AgentView = client.get(&format!("/agents/{}", encoded(name)))?;
    if json {
        return print_json(&agent);
    }
    let mut out = stdout().lock();
    let seen = agent.last_seen.as_deref().map_or_else(|| "never".to_owned(), moment);
    let policy = match agent.policy_version {
        0 => "none".to_owned(),
        version => format!("version {version}, {}", agent.policy_state),
    };
    let lines = [
        ("agent", agent.name.clone()),
        ("state", agent.state()),
        ("site, group", format!("{}, {}", shown(&agent.site), shown(&agent.group))),
        ("host", shown(&agent.host).to_owned()),
        ("address", format!("{} ({})", shown(&agent.address), shown(&agent.transport))),
        ("machine, boot", format!("{}, {}", shown(&agent.machine), shown(&agent.boot))),
        ("key (SHA-256)", agent.key.clone()),
        ("enrolled", moment(&agent.enrolled)),
        ("certificate", format!("until {}", moment(&agent.certificate_until))),
        ("last heard", format!("{seen}, clock off by {:.1} s", agent.clock_offset)),
        ("release, bundle", format!("{}, {}", shown(&agent.release), shown(&agent.bundle))),
        ("policy", policy),
    ];
    for (label, text) in lines {
        writeln!(out, "{label:<16} {}", harmless(&text))?;
    }
    for double in &agent.doubles {
        let (one, other) = (harmless(&double.one), harmless(&double.other));
        writeln!(out, "\n{} ({} times, last {}):", double.kind, double.count, moment(&double.last_seen))?;
        writeln!(out, "  {one}\n  {other}")?;
    }
    Ok(())
}

fn shown(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}
