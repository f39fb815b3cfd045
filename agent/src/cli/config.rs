//! `picket-agent config`: check and show.

use super::{Exit, Fault, Place, print};
use crate::config::{DEFAULT_PATH, Loaded};
use clap::{Args, Subcommand};
use std::path::Path;

/// What `config` takes.
#[derive(Clone, Debug, Args)]
pub struct ConfigArgs {
    /// What to do.
    #[command(subcommand)]
    pub verb: ConfigVerb,
}

/// What to do with the configuration.
#[derive(Clone, Debug, Subcommand)]
#[allow(missing_docs)] // each variant's help text is its documentation
pub enum ConfigVerb {
    /// Validate the configuration without starting anything
    Check {
        #[command(flatten)]
        place: Place,
    },
    /// Print the effective values with where each came from
    Show {
        #[command(flatten)]
        place: Place,
        /// Print JSON: {"key": {"value": ..., "origin": ...}}
        #[arg(long)]
        json: bool,
    },
}

/// Reads the configuration of a place, with the state directory that an option named.
pub(super) fn load(place: &Place) -> Result<Loaded, Fault> {
    let path = place.config.as_deref().unwrap_or(Path::new(DEFAULT_PATH));
    let mut loaded = Loaded::read(path, place.config.is_some()).map_err(|error| Fault::new(Exit::Usage, error))?;
    if let Some(state) = &place.state {
        loaded.config.agent.state.clone_from(state);
        loaded.overridden("agent.state", "--state");
    }
    Ok(loaded)
}

/// The same with the policy of the agent's group over it. One that does not fit is passed over, with a word.
pub(super) fn governed(place: &Place) -> Result<Loaded, Fault> {
    let loaded = load(place)?;
    let state = loaded.config.agent.state.clone();
    Ok(crate::policy::overlay(loaded.clone(), &state).unwrap_or_else(|why| {
        eprintln!("picket-agent: the policy is passed over: {why}");
        loaded
    }))
}

/// Runs the verb.
pub(super) fn config(args: &ConfigArgs) -> Result<Exit, Fault> {
    match &args.verb {
        ConfigVerb::Check { place } => {
            let loaded = load(place)?;
            let files: Vec<String> = loaded.files.iter().map(|path| path.display().to_string()).collect();
            let from = if files.is_empty() { "no file: all defaults".to_owned() } else { files.join(", ") };
            print(&format!("the configuration is good ({from})\n"))
        }
        ConfigVerb::Show { place, json } => {
            let loaded = governed(place)?;
            print(&if *json { show_json(&loaded) } else { show(&loaded) })
        }
    }
}

/// The configuration as TOML that can be used again, with the origins as comments.
fn show(loaded: &Loaded) -> String {
    let mut text = String::new();
    let mut section = String::new();
    for (key, value) in loaded.values() {
        let (head, name) = key.split_once('.').unwrap_or(("", &key));
        if head != section {
            let gap = if section.is_empty() { "" } else { "\n" };
            text.push_str(&format!("{gap}[{head}]\n"));
            head.clone_into(&mut section);
        }
        text.push_str(&format!("{name} = {value}  # {}\n", loaded.origin(&key)));
    }
    text
}

fn show_json(loaded: &Loaded) -> String {
    let typed = serde_json::to_value(&loaded.config).unwrap_or_default();
    let mut all = serde_json::Map::new();
    for (key, _) in loaded.values() {
        let value = typed.pointer(&format!("/{}", key.replace('.', "/"))).cloned().unwrap_or_default();
        let origin = loaded.origin(&key).to_string();
        all.insert(key, serde_json::json!({ "value": value, "origin": origin }));
    }
    format!("{}\n", serde_json::Value::Object(all))
}
