//! `picket-agent doctor`: what would keep this agent from its work, in words.

use super::{Exit, Fault, Place, print};
use crate::capture::{Backend, LiveOptions, Opener, interface_names};
use crate::config::Config;
use crate::enrol::{EnrolError, Identity};
use clap::Args;
use std::net::{TcpStream, ToSocketAddrs};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long a collector is waited for.
const PATIENCE: Duration = Duration::from_secs(3);
/// A certificate that ends sooner than this is worth a word; it is renewed before.
const SOON: i64 = 86_400;

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

fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = vec![interfaces()];
    findings.extend(permission(config));
    findings.push(state(&config.agent.state));
    findings.extend(identity(config));
    findings.push(metrics(&config.metrics.listen));
    findings
}

fn interfaces() -> Finding {
    Finding::new("interfaces", Grade::Good, interface_names().join(", "))
}

/// Opens what would be watched, or loopback, as it would be opened, and closes it again.
fn permission(config: &Config) -> Vec<Finding> {
    let capture = &config.capture;
    let named = if capture.interfaces.is_empty() { vec!["lo".to_owned()] } else { capture.interfaces.clone() };
    let backend = capture.backend;
    let options = |interface: &String| LiveOptions {
        interface: interface.clone(),
        snap_length: 64,
        buffer_bytes: 1 << 20,
        filter: capture.filter.clone(),
        promiscuous: false,
        rings: 1,
    };
    let plan: Vec<LiveOptions> = named.iter().map(options).collect();
    let opener = match Opener::start(backend, &plan) {
        Ok(opener) => opener,
        Err(error) => {
            let words = format!("who opens interfaces cannot be started: {error}");
            return vec![Finding::new("capture", Grade::Bad(Exit::Failed), words)];
        }
    };
    let how = match backend {
        Backend::Ring => "a ring shared with the kernel (TPACKET_V3), by a process of its own",
        Backend::Libpcap => "libpcap, by a thread of its own",
    };
    let check = |options: &LiveOptions| match opener.check(options) {
        Ok(()) => Finding::new("capture", Grade::Good, format!("{} can be opened: {how}", options.interface)),
        Err(error) => Finding::new("capture", Grade::Bad(super::run::status_of(&error)), error.to_string()),
    };
    plan.iter().map(check).collect()
}

fn state(directory: &Path) -> Finding {
    let shown = directory.display();
    let bad = |words: String| Finding::new("state", Grade::Bad(Exit::Failed), words);
    if !directory.exists() {
        let words = format!("{shown} does not exist yet; `picket-agent enrol` makes it");
        return Finding::new("state", Grade::Warning, words);
    }
    let probe = directory.join(format!(".doctor-{}", std::process::id()));
    let written = std::fs::write(&probe, b"probe");
    let _ = std::fs::remove_file(&probe);
    if let Err(error) = written {
        return bad(format!("{shown} cannot be written to: {error}; run as its owner, or change the owner"));
    }
    match rustix::fs::statvfs(directory) {
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize) >> 20;
            let grade = if free < 64 { Grade::Warning } else { Grade::Good };
            Finding::new("state", grade, format!("{shown} can be written to; {free} MiB free"))
        }
        Err(error) => bad(format!("{shown}: {error}")),
    }
}

fn identity(config: &Config) -> Vec<Finding> {
    let identity = match Identity::load(&config.agent.state) {
        Ok(identity) => identity,
        Err(error @ EnrolError::NotEnrolled(_)) => {
            return vec![Finding::new("identity", Grade::Warning, error.to_string())];
        }
        Err(error) => {
            let exit = Exit::from_status(error.exit_status());
            return vec![Finding::new("identity", Grade::Bad(exit), error.to_string())];
        }
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_secs()).unwrap_or(0));
    let left = identity.not_after - now;
    let agent = &identity.agent;
    let certificate = if left <= 0 {
        let words = format!("the certificate of {agent} has expired; enrol again with a new token");
        Finding::new("identity", Grade::Bad(Exit::Refused), words)
    } else {
        let grade = if left < SOON { Grade::Warning } else { Grade::Good };
        Finding::new("identity", grade, format!("enrolled as {agent}; the certificate is good for {} h", left / 3600))
    };
    let mut findings = vec![certificate];
    findings.extend(identity.enrolment.iter().map(|address| reach(address)));
    let named = &config.uplink.collectors;
    let collectors = if named.is_empty() { &identity.collectors } else { named };
    findings.extend(collectors.iter().map(|address| fall_back(address)));
    findings
}

fn connect(address: &str) -> std::io::Result<()> {
    let mut last = std::io::Error::other("the name has no address");
    for socket in address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&socket, PATIENCE) {
            Ok(_) => return Ok(()),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// The port for events takes TCP, which is needed only where UDP does not pass. Which is in use `status` shows.
fn fall_back(address: &str) -> Finding {
    match connect(address) {
        Ok(()) => Finding::new("events", Grade::Good, format!("{address} takes TCP too, where UDP does not pass")),
        Err(error) => {
            let words = format!("{address} cannot be reached over TCP: {error}; needed only where UDP does not pass");
            Finding::new("events", Grade::Warning, words)
        }
    }
}

/// The collector's HTTPS port answers a TCP connection; whether QUIC passes shows only the running agent.
fn reach(address: &str) -> Finding {
    match connect(address) {
        Ok(()) => Finding::new("collector", Grade::Good, format!("{address} answers")),
        Err(error) => {
            let words =
                format!("{address} cannot be reached: {error}; check that the collector runs and the way to it");
            Finding::new("collector", Grade::Bad(Exit::Unreachable), words)
        }
    }
}

fn metrics(listen: &str) -> Finding {
    if listen.is_empty() {
        return Finding::new("metrics", Grade::Good, "switched off".to_owned());
    }
    match std::net::TcpListener::bind(listen) {
        Ok(_) => Finding::new("metrics", Grade::Good, format!("{listen} is free")),
        Err(error) => {
            let words = format!("{listen}: {error}; fine if the agent runs, else set metrics.listen to a free port");
            Finding::new("metrics", Grade::Warning, words)
        }
    }
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
