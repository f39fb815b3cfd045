//! `picket-agent doctor`: what would keep this agent from its work, in words.

mod capture;
mod host;
mod way;

use super::{Exit, Fault, Place, print};
use crate::config::Config;
use clap::Args;

/// What `doctor` takes.
#[derive(Clone, Debug, Args)]
pub struct DoctorArgs {
    #[command(flatten)]
    /// Where things are.
    pub place: Place,
    /// Print JSON: [{"check": ..., "result": "good" | "warning" | "bad", "words": ...}]
    #[arg(long)]
    pub json: bool,
}

/// How one check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Grade {
    Good,
    Warning,
    Bad(Exit),
}

/// One check with its words.
struct Finding {
    check: &'static str,
    grade: Grade,
    words: String,
}

impl Finding {
    const fn new(check: &'static str, grade: Grade, words: String) -> Self {
        Self { check, grade, words }
    }

    const fn good(check: &'static str, words: String) -> Self {
        Self::new(check, Grade::Good, words)
    }

    const fn warning(check: &'static str, words: String) -> Self {
        Self::new(check, Grade::Warning, words)
    }

    const fn bad(check: &'static str, exit: Exit, words: String) -> Self {
        Self::new(check, Grade::Bad(exit), words)
    }
}

/// Runs the verb.
pub(super) fn doctor(args: &DoctorArgs) -> Result<Exit, Fault> {
    let mut findings = Vec::new();
    match super::config::load(&args.place) {
        Ok(loaded) => {
            let files = loaded.files.len();
            findings.push(Finding::new("configuration", Grade::Good, format!("{files} files read; nothing wrong")));
            findings.extend(examine(&loaded.config));
        }
        Err(fault) => {
            let words = format!("{:#}", fault.error);
            findings.push(Finding::new("configuration", Grade::Bad(fault.exit), words));
            findings.extend(examine(&Config::default()));
        }
    }
    print(&if args.json { json(&findings) } else { text(&findings) })?;
    let worst = findings.iter().filter_map(|finding| match finding.grade {
        Grade::Bad(exit) => Some(exit),
        _ => None,
    });
    Ok(worst.max().unwrap_or(Exit::Done))
}

/// Every check, in the order in which one would mend them.
fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = vec![capture::interfaces()];
    findings.extend(capture::permission(config));
    findings.extend(capture::offloads(config));
    findings.push(host::confinement());
    findings.extend(host::state(config));
    findings.push(host::clock());
    findings.extend(way::identity(config));
    findings.extend(way::running(config));
    findings
}

const fn word(grade: Grade) -> &'static str {
    match grade {
        Grade::Good => "good",
        Grade::Warning => "warning",
        Grade::Bad(_) => "bad",
    }
}

fn text(findings: &[Finding]) -> String {
    findings.iter().map(|f| format!("{:<8} {:<14} {}\n", word(f.grade), f.check, f.words)).collect()
}

fn json(findings: &[Finding]) -> String {
    let all: Vec<serde_json::Value> = findings
        .iter()
        .map(|f| serde_json::json!({ "check": f.check, "result": word(f.grade), "words": f.words }))
        .collect();
    format!("{}\n", serde_json::Value::Array(all))
}
