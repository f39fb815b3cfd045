//! `policy`: what the agents of a group put over their configuration.

use super::client::{Client, Remote};
use super::fleet::print_json;
use super::table::{self, harmless, moment};
use crate::api::policy::{PolicyView, SetPolicy};
use crate::page::encoded;
use anyhow::{Context, bail};
use hyper::Method;
use serde_json::json;
use std::io::{Read, Write, stdin, stdout};
use std::path::{Path, PathBuf};

/// Arguments of `policy`.
#[derive(clap::Args, Debug)]
pub struct Policy {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    remote: Remote,
}

#[derive(clap::Subcommand, Debug)]
enum Action {
    /// Every group with its version in force and how its agents stand to it (the default)
    List,
    /// A group's policy, and what its agents answered
    Show {
        /// The group
        group: String,
        /// An earlier version
        #[arg(long)]
        version: Option<u64>,
    },
    /// Set a group's policy; its agents get it at once, or when they connect
    Set {
        /// The group
        group: String,
        /// TOML as in an agent's own file; `-` reads standard input
        #[arg(value_name = "FILE", required_unless_present = "version", conflicts_with = "version")]
        file: Option<PathBuf>,
        /// Go back to an earlier version
        #[arg(long)]
        version: Option<u64>,
    },
    /// Take a group's policy away
    Clear {
        /// The group
        group: String,
    },
}

/// Runs `policy`.
///
/// # Errors
/// When the collector cannot be asked or refuses.
pub fn policy(args: &Policy, path: Option<&Path>) -> anyhow::Result<()> {
    let client = Client::new(&args.remote, path)?;
    match &args.action {
        None | Some(Action::List) => list(&client, args.remote.json),
        Some(Action::Show { group, version }) => show(&client, group, *version, args.remote.json),
        Some(Action::Set { group, file, version }) => {
            let text = match (file, version) {
                (Some(file), _) => read(file)?,
                (None, Some(version)) => find(&client, group, Some(*version))?.text,
                (None, None) => bail!("name a file or a version"),
            };
            set(&client, group, &text, args.remote.json)
        }
        Some(Action::Clear { group }) => set(&client, group, "", args.remote.json),
    }
}

fn read(file: &Path) -> anyhow::Result<String> {
    if file == Path::new("-") {
        let mut text = String::new();
        stdin().lock().take(1 << 20).read_to_string(&mut text).context("read standard input")?;
        return Ok(text);
    }
    std::fs::read_to_string(file).with_context(|| format!("read {}", file.display()))
}

fn set(client: &Client, group: &str, text: &str, json: bool) -> anyhow::Result<()> {
    let answer = client.change(Method::POST, &format!("/policies/{}", encoded(group)), &json!({"text": text}))?;
    let set: SetPolicy = serde_json::from_value(answer)?;
    if json {
        return print_json(&set);
    }
    let name = harmless(group);
    writeln!(stdout().lock(), "{name} is at version {}; `policy show {name}` tells what its agents say", set.version)?;
    Ok(())
}

fn find(client: &Client, group: &str, version: Option<u64>) -> anyhow::Result<PolicyView> {
    let all: Vec<PolicyView> = client.get("/policies")?;
    let wanted = |p: &PolicyView| p.group == group && version.map_or(p.in_force, |version| p.version == version);
    all.into_iter().find(wanted).with_context(|| format!("no such policy of group {}", harmless(group)))
}

fn list(client: &Client, json: bool) -> anyhow::Result<()> {
    let mut all: Vec<PolicyView> = client.get("/policies")?;
    if json {
        return print_json(&all);
    }
    all.retain(|policy| policy.in_force);
    let row = |p: &PolicyView| {
        let at = p.agents.iter().filter(|agent| agent.version == p.version).count();
        let behind = (p.agents.len() - at).to_string();
        let bad = p.agents.iter().filter(|a| a.version == p.version && a.state != "applied").count().to_string();
        vec![p.group.clone(), p.version.to_string(), moment(&p.made_at), p.made_by.clone(), at.to_string(), behind, bad]
    };
    let rows: Vec<Vec<String>> = all.iter().map(row).collect();
    let headings = ["group", "version", "made (UTC)", "by", "agents answered", "not yet", "not wholly applied"];
    Ok(table::write(&mut stdout().lock(), &headings, &rows)?)
}

fn show(client: &Client, group: &str, version: Option<u64>, json: bool) -> anyhow::Result<()> {
    let policy = find(client, group, version)?;
    if json {
        return print_json(&policy);
    }
    let mut out = stdout().lock();
    let (made, by) = (moment(&policy.made_at), harmless(&policy.made_by));
    writeln!(out, "# {}, version {}, made {made} UTC by {by}", harmless(&policy.group), policy.version)?;
    for line in policy.text.lines() {
        writeln!(out, "{}", harmless(line))?;
    }
    for agent in &policy.agents {
        let name = harmless(&agent.agent);
        if agent.version == policy.version {
            writeln!(out, "# {name}: {}", harmless(&agent.state))?;
        } else {
            writeln!(out, "# {name}: has not answered yet")?;
        }
    }
    Ok(())
}
