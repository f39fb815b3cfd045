//! The demonstration: the two real programs, the real path, on this machine.
//!
//! Starts a collector with its own authority on free ports, enrols an agent with a token, sends three generated weeks and the
//! product's own captures down the line, and asks the collector what it makes of them.

pub mod scenario;

use crate::programs::{Collector, Setting};
use anyhow::{Context as _, Result, ensure};
pub use scenario::Scenario;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// One demonstration: what it sends, and where its state lies.
#[derive(Debug)]
pub struct Demo {
    folder: PathBuf,
    collector: Collector,
}

/// What the collector says at the end.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Agents with their ledgers.
    pub agents: Vec<Value>,
    /// Entities, ranked.
    pub entities: Vec<Value>,
    /// Alerts.
    pub alerts: Vec<Value>,
    /// Address of the page.
    pub page: String,
}

impl Demo {
    /// Starts the collector, on free ports, with its state under `folder`, which is emptied first.
    ///
    /// # Errors
    /// When a program is missing or the collector does not come up.
    pub fn start(folder: &Path, say: &mut dyn FnMut(&str)) -> Result<Self> {
        if folder.exists() {
            std::fs::remove_dir_all(folder).with_context(|| format!("empty {}", folder.display()))?;
        }
        std::fs::create_dir_all(folder.join("captures")).with_context(|| format!("make {}", folder.display()))?;
        say("starting picket-collector with its own certificate authority");
        let collector = Collector::start(folder, &Setting { sites: SITES, ..Setting::default() })?;
        Ok(Self { folder: folder.to_path_buf(), collector })
    }

    /// Enrols an agent, sends the scenario and the product's golden captures, and waits until all is acknowledged and judged.
    ///
    /// # Errors
    /// When a step fails; the error says which.
    pub fn send(&mut self, scenario: &Scenario, say: &mut dyn FnMut(&str)) -> Result<Outcome> {
        say(&format!("generating {} days of a small plant", scenario.days));
        let weeks = self.folder.join("captures/weeks.pcap");
        let capture = scenario.capture();
        capture.write(&weeks).with_context(|| format!("write {}", weeks.display()))?;
        self.send_from("plant", &[weeks], &format!("{} frames of the plant", capture.frames()), say)?;
        let golden = golden_captures();
        self.send_from("lab", &golden, &format!("{} golden captures of the dissectors", golden.len()), say)?;
        say("waiting for the judgement");
        self.outcome()
    }

    /// Enrols an agent of a site with a token of its own, and sends captures through it.
    fn send_from(&self, site: &str, captures: &[PathBuf], what: &str, say: &mut dyn FnMut(&str)) -> Result<()> {
        let agent = format!("{site}-sensor");
        say(&format!("making an enrolment token of site {site} and enrolling {agent} with it"));
        let token = self.collector.token(site)?;
        self.collector.enrol(&agent, &token)?;
        say(&format!("sending {what} down the line: capture, features, vote, spool, QUIC"));
        self.collector.run_agent(&agent, captures)
    }

    fn outcome(&self) -> Result<Outcome> {
        let settled = || -> Result<Outcome> {
            Ok(Outcome {
                agents: self.collector.list("agents")?,
                entities: self.collector.list("entities")?,
                alerts: self.collector.list("alerts")?,
                page: self.collector.page(),
            })
        };
        let mut last = settled()?;
        // The ranking is renewed about once a second: two equal looks, a second and a half apart, are the end.
        for _ in 0..40 {
            std::thread::sleep(std::time::Duration::from_millis(1500));
            let next = settled()?;
            if next.entities.len() == last.entities.len()
                && next.alerts.len() == last.alerts.len()
                && !next.entities.is_empty()
            {
                return Ok(next);
            }
            last = next;
        }
        Ok(last)
    }

    /// What a person would see: the collector's own listings.
    ///
    /// # Errors
    /// When the collector does not answer.
    pub fn listings(&self) -> Result<String> {
        let mut out = String::new();
        for (title, verb) in [("FLEET", "agents"), ("ENTITIES BY RISK", "entities"), ("ALERTS", "alerts")] {
            out.push_str(&format!("\n{title}\n{}", self.collector.listing(verb)?));
        }
        Ok(out)
    }

    /// The collector at work.
    #[must_use]
    pub const fn collector(&self) -> &Collector {
        &self.collector
    }

    /// The one-time link that makes the first administrator.
    #[must_use]
    pub fn setup_link(&self) -> String {
        self.collector.setup_link()
    }

    /// Runs until the collector ends or `stop` says so.
    ///
    /// # Errors
    /// When the collector ends by itself with an error.
    pub fn wait(&mut self, stop: &dyn Fn() -> bool) -> Result<()> {
        self.collector.wait(stop)
    }
}

impl Outcome {
    /// Checks what the demonstration promises.
    ///
    /// # Errors
    /// The first promise that was not kept.
    pub fn check(&self) -> Result<()> {
        ensure!(self.agents.len() == 2, "{} agents are in the fleet, two were enrolled", self.agents.len());
        let ledgers: Vec<&Value> = self.agents.iter().filter_map(|agent| agent.get("ledger")).collect();
        let number =
            |name: &str| ledgers.iter().filter_map(|ledger| ledger.get(name).and_then(Value::as_u64)).sum::<u64>();
        ensure!(number("frames") > 10_000, "only {} frames in the ledger", number("frames"));
        ensure!(number("wire_bytes") > 0, "no bytes on the wire in the ledger");
        ensure!(
            number("events") == number("events_acknowledged"),
            "{} events made, {} acknowledged",
            number("events"),
            number("events_acknowledged")
        );
        ensure!(self.entities.len() >= 10, "only {} entities are ranked", self.entities.len());
        let explained = self
            .entities
            .iter()
            .any(|entity| entity.get("reasons").and_then(Value::as_array).is_some_and(|r| !r.is_empty()));
        ensure!(explained, "no entity has a reason");
        ensure!(self.has_verdict_alert(), "no alert comes from the sensor's verdict");
        ensure!(self.has_baseline_alert(), "no alert comes from the baseline");
        Ok(())
    }

    /// Whether an alert on the beacon's client comes from the sensor's verdict.
    #[must_use]
    pub fn has_verdict_alert(&self) -> bool {
        self.has_alert("verdict", &[scenario::BEACON_CLIENT, scenario::BEACON_SERVER], "malicious")
    }

    /// Whether an alert on the night writer (or what it wrote to) comes from the baseline, and says so.
    #[must_use]
    pub fn has_baseline_alert(&self) -> bool {
        self.has_alert("baseline", &[scenario::NIGHT_WRITER, scenario::WRITTEN_CONTROLLER], "modbus write")
    }

    /// Whether an alert of a kind names one of the entities, with certain words among its reasons.
    fn has_alert(&self, kind: &str, entities: &[&str], words: &str) -> bool {
        self.alerts.iter().any(|alert| {
            let text = |name: &str| alert.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            let reasons = alert.get("reasons").and_then(Value::as_array).into_iter().flatten();
            text("kind") == kind
                && entities.iter().any(|entity| text("entity").contains(entity))
                && reasons.filter_map(Value::as_str).any(|reason| reason.contains(words))
        })
    }
}

/// The golden captures beside the dissectors.
fn golden_captures() -> Vec<PathBuf> {
    let folder = crate::place::repository().join("common/dissect/src");
    crate::place::files(&folder, &["pcap", "pcapng"])
}

/// The plant's site, as an operator would write it.
const SITES: &str = r#"{"sites": [{"site": "plant", "tz": "UTC", "offsets": [{"from": "1970-01-01T00:00:00Z", "seconds": 0}],
 "workdays": [0, 1, 2, 3, 4], "holidays": [], "maintenance": [], "agents": [{"agent": "plant-sensor"}],
 "zones": [{"name": "office", "prefix": "10.10.10.0/24", "level": 4}, {"name": "servers", "prefix": "10.10.20.0/24", "level": 4},
  {"name": "control", "prefix": "10.10.100.0/24", "level": 2}, {"name": "cell", "prefix": "10.10.101.0/24", "level": 1}]}]}
"#;
