//! `authority`: the collector's certificate authority, and its change for another.

use super::client::{Client, Remote};
use super::fleet::print_json;
use super::table::moment;
use crate::api::authority::AuthorityView;
use crate::config::Span;
use anyhow::Context;
use hyper::Method;
use serde_json::{Value, json};
use std::io::{Write, stdout};
use std::path::{Path, PathBuf};

/// Arguments of `authority`.
#[derive(clap::Args, Debug)]
pub struct Authority {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    remote: Remote,
}

#[derive(clap::Subcommand, Debug)]
enum Action {
    /// The authority in force, and how a change of it stands (the default)
    Show,
    /// Begin to change it: the next one signs from now on, both are trusted until the overlap ends, by itself
    Rotate {
        /// For how long both are trusted; agents that are away all that time have to enrol again
        #[arg(long, value_name = "DURATION", default_value = "30d")]
        overlap: Span,
        /// Take this corporate authority instead of making one: its certificate, PEM
        #[arg(long, value_name = "FILE", requires = "key")]
        certificate: Option<PathBuf>,
        /// The corporate authority's private key, PEM
        #[arg(long, value_name = "FILE", requires = "certificate")]
        key: Option<PathBuf>,
    },
    /// End the overlap now
    Finish {
        /// Even though agents are left that would have to enrol again
        #[arg(long)]
        now: bool,
    },
}

/// Runs `authority`.
///
/// # Errors
/// When the collector cannot be asked or refuses.
pub fn authority(args: &Authority, path: Option<&Path>) -> anyhow::Result<()> {
    let client = Client::new(&args.remote, path)?;
    let view: AuthorityView = match &args.action {
        None | Some(Action::Show) => client.get("/authority")?,
        Some(Action::Rotate { overlap, certificate, key }) => {
            let text = |path: &Option<PathBuf>| {
                let read = |path: &PathBuf| {
                    std::fs::read_to_string(path).with_context(|| format!("read {}", path.display())).map(Value::String)
                };
                path.as_ref().map_or(Ok(Value::Null), read)
            };
            let body = json!({"overlap": overlap.0.as_secs(), "certificate": text(certificate)?, "key": text(key)?});
            serde_json::from_value(client.change(Method::POST, "/authority/rotate", &body)?)?
        }
        Some(Action::Finish { now }) => {
            let before: AuthorityView = client.get("/authority")?;
            anyhow::ensure!(
                *now || before.waiting.is_empty(),
                "{} would have to enrol again; wait for them, or say --now",
                before.waiting.join(", ")
            );
            serde_json::from_value(client.change(Method::POST, "/authority/finish", &json!({}))?)?
        }
    };
    if args.remote.json {
        return print_json(&view);
    }
    let mut out = stdout().lock();
    writeln!(out, "authority in force: SHA-256 {}", view.fingerprint)?;
    if let (Some(next), Some(until)) = (&view.next, &view.until) {
        writeln!(out, "next: SHA-256 {next}, takes over at {} UTC", moment(until))?;
        let waiting = if view.waiting.is_empty() { "none".to_owned() } else { view.waiting.join(", ") };
        writeln!(out, "agents without a certificate of the next one: {waiting}")?;
    }
    Ok(())
}
