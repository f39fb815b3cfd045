//! The governor at work: measures each second, steers the sensors, and tells of every step.

use super::books::Books;
use super::lines::now;
use crate::config;
use crate::governor::limits::Limits;
use crate::governor::{Change, Governor, Meter};
use picket_event::body::Anomaly;
use picket_event::{Body, Event, Source};
use std::time::{Duration, Instant};

/// How often usage is looked at.
const EVERY: Duration = Duration::from_secs(1);

/// The governor with its meter.
pub(super) struct Governing {
    governor: Governor,
    meter: Meter,
    looked: Instant,
}

impl Governing {
    /// Begins, unless it is switched off.
    pub(super) fn start(settings: &config::Governor) -> Option<Self> {
        if !settings.enabled {
            return None;
        }
        let limits = Limits::of(settings.cpu_percent, settings.memory.0);
        let cores = limits.cores.map_or_else(|| "no limit".to_owned(), |cores| format!("{cores} cores"));
        let memory = limits.bytes.map_or_else(|| "no limit".to_owned(), |bytes| format!("{} MiB", bytes >> 20));
        tracing::info!("the governor keeps within: processor time {cores}, memory {memory}");
        Some(Self { governor: Governor::default(), meter: Meter::new(limits), looked: Instant::now() })
    }

    /// Looks, where it is time to.
    pub(super) fn turn(&mut self, books: &Books) {
        if self.looked.elapsed() < EVERY {
            return;
        }
        self.looked = Instant::now();
        let usage = self.meter.read(books.dropped());
        if let Some(change) = self.governor.observe(&usage) {
            books.set_level(change.to);
            tell(books, &change);
        }
    }
}

/// A line in the log, and an event for the collector.
fn tell(books: &Books, change: &Change) {
    let (kind, what) =
        if change.degrades() { ("sensor_degraded", "is given up") } else { ("sensor_recovered", "is done again") };
    let detail =
        format!("step {} of 4, {}, {what}: {}", change.from.max(change.to) as u8, change.step(), change.reason);
    if change.degrades() {
        tracing::warn!("degraded: {detail}");
    } else {
        tracing::info!("recovered: {detail}");
    }
    let body = Body::Anomaly(Anomaly { kind: kind.to_owned(), detail });
    let event = Event { time: now(), source: Source::Agent, vlan: Vec::new(), flow: None, redacted: Vec::new(), body };
    books.deliver(&mut vec![event], true);
}
