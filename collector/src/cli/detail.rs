//! `detail`: packets of a host, asked for, approved and fetched.

use super::client::{Client, Remote};
use super::fleet::print_json;
use super::table::{self, harmless, moment};
use crate::api::detail::DetailView;
use crate::page::human_bytes;
use anyhow::{Context, bail};
use hyper::Method;
use serde_json::json;
use std::io::{Write, stdout};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Arguments of `detail`.
#[derive(clap::Args, Debug)]
pub struct Detail {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    remote: Remote,
}

#[derive(clap::Subcommand, Debug)]
enum Action {
    /// The latest requests (the default)
    List,
    /// Ask an agent to keep and send the packets of a host; somebody else approves it
    Request {
        /// The agent
        agent: String,
        /// The host's address
        host: String,
        /// For how long after the approval, 1 to 1440
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=1440))]
        minutes: u64,
        /// Minutes back from now, 0 to 1440, as far as the agent's memory reaches
        #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=1440))]
        before: u64,
        /// MiB at most, 1 to 1024
        #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u64).range(1..=1024))]
        mebibytes: u64,
        /// Why; the audit log and the agent keep it
        #[arg(long)]
        reason: String,
    },
    /// Approve a request that somebody else made
    Approve {
        /// Its number
        id: u64,
    },
    /// Reject a request
    Reject {
        /// Its number
        id: u64,
    },
    /// One request in full
    Show {
        /// Its number
        id: u64,
    },
    /// Write the packets that came to a pcapng file
    Fetch {
        /// The request's number
        id: u64,
        /// Where to write them; `-` is standard output
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// End a request and remove its packets
    End {
        /// Its number
        id: u64,
    },
}

/// Runs `detail`.
///
/// # Errors
/// When the collector cannot be asked or refuses.
pub fn detail(args: &Detail, path: Option<&Path>) -> anyhow::Result<()> {
    let client = Client::new(&args.remote, path)?;
    let json = args.remote.json;
    let (id, verb, done) = match &args.action {
        None | Some(Action::List) => return list(&client, json),
        Some(Action::Request { agent, host, minutes, before, mebibytes, reason }) => {
            let body = json!({
                "agent": agent, "host": host, "seconds": minutes * 60, "before": before * 60,
                "bytes": mebibytes << 20, "reason": reason,
            });
            return request(&client, &body, json);
        }
        Some(Action::Show { id }) => return show(&find(&client, *id)?, json),
        Some(Action::Fetch { id, file }) => return fetch(&client, *id, file),
        Some(Action::End { id }) => {
            client.change(Method::DELETE, &format!("/details/{id}"), &json!({}))?;
            writeln!(stdout().lock(), "request {id} is ended; its packets are removed")?;
            return Ok(());
        }
        Some(Action::Approve { id }) => (id, "approve", "is approved"),
        Some(Action::Reject { id }) => (id, "reject", "is rejected"),
    };
    client.change(Method::POST, &format!("/details/{id}/{verb}"), &json!({}))?;
    writeln!(stdout().lock(), "request {id} {done}")?;
    Ok(())
}

fn request(client: &Client, body: &serde_json::Value, json: bool) -> anyhow::Result<()> {
    let entered: DetailView = serde_json::from_value(client.change(Method::POST, "/details", body)?)?;
    if json {
        return print_json(&entered);
    }
    let id = entered.id;
    let next = match entered.state.as_str() {
        "waiting" => format!("somebody else approves it with `picket-collector detail approve {id}`"),
        _ => format!("`picket-collector detail show {id}` tells how it goes"),
    };
    writeln!(stdout().lock(), "request {id} for packets of {} is entered; {next}", harmless(&entered.host))?;
    Ok(())
}

fn find(client: &Client, id: u64) -> anyhow::Result<DetailView> {
    let all: Vec<DetailView> = client.get("/details")?;
    all.into_iter().find(|detail| detail.id == id).with_context(|| format!("no such request: {id}"))
}

fn list(client: &Client, json: bool) -> anyhow::Result<()> {
    let all: Vec<DetailView> = client.get("/details")?;
    if json {
        return print_json(&all);
    }
    let row = |d: &DetailView| {
        let (id, bytes) = (d.id.to_string(), human_bytes(d.bytes));
        let cells = [&d.agent, &d.host, &d.state, &d.asked_by, &d.decided_by, &d.reason];
        let [agent, host, state, asked_by, decided_by, reason] = cells.map(|text| harmless(text));
        vec![id, moment(&d.asked_at), agent, host, state, d.packets.to_string(), bytes, asked_by, decided_by, reason]
    };
    let rows: Vec<Vec<String>> = all.iter().map(row).collect();
    let headings = ["id", "asked (UTC)", "agent", "host", "state", "packets", "received", "by", "decided by", "reason"];
    Ok(table::write(&mut stdout().lock(), &headings, &rows)?)
}

fn show(d: &DetailView, json: bool) -> anyhow::Result<()> {
    if json {
        return print_json(d);
    }
    let mut out = stdout().lock();
    let words = if d.words.is_empty() { String::new() } else { format!(": {}", harmless(&d.words)) };
    let until = d.until.as_deref().map_or_else(|| format!("{} s after the approval", d.seconds), moment);
    let stored = if d.kept { "stored" } else { "none stored" };
    for (name, value) in [
        ("request", d.id.to_string()),
        ("packets of", format!("{} at {}", harmless(&d.host), harmless(&d.agent))),
        ("from", moment(&d.from)),
        ("until", until),
        ("at most", human_bytes(d.most)),
        ("reason", harmless(&d.reason)),
        ("asked", format!("{} UTC by {}", moment(&d.asked_at), harmless(&d.asked_by))),
        (
            "decided",
            d.decided_at
                .as_deref()
                .map_or_else(String::new, |at| format!("{} UTC by {}", moment(at), harmless(&d.decided_by))),
        ),
        ("state", format!("{}{words}", harmless(&d.state))),
        ("received", format!("{} bytes of {} packets, {stored}", d.bytes, d.packets)),
    ] {
        writeln!(out, "{name:<12}{value}")?;
    }
    Ok(())
}

fn fetch(client: &Client, id: u64, file: &Path) -> anyhow::Result<()> {
    let mut out: Box<dyn Write> = if file == Path::new("-") {
        Box::new(stdout().lock())
    } else {
        let mut options = std::fs::OpenOptions::new();
        let made = options.write(true).create_new(true).mode(0o600).open(file);
        Box::new(made.with_context(|| format!("make {}", file.display()))?)
    };
    let mut start = 0u64;
    loop {
        let piece = client.bytes(&format!("/details/{id}/packets?start={start}"))?;
        if piece.is_empty() {
            break;
        }
        start += piece.len() as u64;
        out.write_all(&piece).with_context(|| format!("write {}", file.display()))?;
    }
    out.flush()?;
    if start == 0 {
        bail!("no packets came for request {id} yet");
    }
    eprintln!("{start} bytes of request {id} written");
    Ok(())
}
