//! What has to be done now and then: retention, and looking whether anything is wrong.

use super::{IngestDoors, Problems};
use crate::config;
use crate::desk::{Desk, findings};
use crate::store::{Retention, Store};
use picket_event::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// What upkeep works with.
pub struct Upkeep {
    /// Events.
    pub store: Arc<dyn Store>,
    /// Findings.
    pub desk: Desk,
    /// Where trouble is stated.
    pub problems: Arc<Problems>,
    /// Ingest's health.
    pub doors: Arc<IngestDoors>,
    /// What to keep; changes with the configuration.
    pub keep: watch::Receiver<config::Retention>,
}

/// Retention is looked after once in so many seconds.
const RETENTION_SECONDS: u64 = 60;

/// Works until stopped.
pub async fn run(work: Upkeep, mut stopped: watch::Receiver<bool>) {
    let work = Arc::new(work);
    let mut second = tokio::time::interval(Duration::from_secs(1));
    second.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    for tick in 0u64.. {
        tokio::select! {
            _ = second.tick() => {}
            _ = stopped.changed() => return,
        }
        work.problems.set("ingest", work.doors.health().stalled);
        if tick % RETENTION_SECONDS == 5 {
            let work = Arc::clone(&work);
            let _ = tokio::task::spawn_blocking(move || work.expire()).await;
        }
    }
}

impl Upkeep {
    fn expire(&self) {
        let keep = self.keep.borrow().clone();
        // Detail and flows as events, alerts as findings: the classes' own order.
        let age = [keep.events.0, keep.events.0, keep.findings.0];
        let retention = Retention { age, bytes: keep.disk.0 };
        let now = i64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX);
        // Each round is bounded, so that commits get their turn between two; the rest waits for the next minute.
        for _ in 0..100 {
            match self.store.expire(&retention, Timestamp::from_nanos(now)) {
                Ok(gone) if gone.by_age + gone.by_size == 0 => break,
                Ok(gone) => tracing::info!(by_age = gone.by_age, by_size = gone.by_size, "frames expired"),
                Err(error) => {
                    self.problems.set("retention", Some(format!("old events cannot be removed: {error}")));
                    return;
                }
            }
        }
        self.problems.set("retention", None);
        let oldest = now.saturating_sub(i64::try_from(keep.findings.0.as_nanos()).unwrap_or(i64::MAX));
        let removed: Result<usize, rusqlite::Error> = self.desk.change_now(|db| findings::remove_before(db, oldest));
        if let Err(error) = removed {
            self.problems.set("retention", Some(format!("old findings cannot be removed: {error}")));
        }
    }
}
