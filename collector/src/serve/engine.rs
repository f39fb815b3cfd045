//! The engine's thread: the log replayed at start, then every committed batch once, findings to the desk.

use super::{Live, Problems};
use crate::config;
use crate::desk::Desk;
use crate::desk::findings::{self, FindingRow};
use crate::store::{Batch, Store, StoreError, Unreadable};
use anyhow::Context;
use picket_engine::{Finding, Findings};
use picket_event::Timestamp;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// What the loop works with.
pub struct Loop {
    /// The engine.
    pub live: Arc<Live>,
    /// Where findings go.
    pub desk: Desk,
    /// The log.
    pub store: Arc<dyn Store>,
    /// Where trouble is stated.
    pub problems: Arc<Problems>,
    /// Committed batches, in order.
    pub batches: Receiver<Batch>,
    /// How often the ranking is renewed.
    pub refresh: Duration,
    /// Whether to end.
    pub stopped: watch::Receiver<bool>,
}

/// Batches of the log read at once.
const REPLAY: u32 = 64;
/// Longest wait for a batch.
const TICK: Duration = Duration::from_millis(200);
/// Findings kept for a desk that cannot write.
const MAX_PENDING: usize = 100_000;

/// The engine's settings from the configuration and the file of sites.
///
/// # Errors
/// When the file cannot be read or says something wrong.
pub fn settings(config: &config::Engine) -> anyhow::Result<picket_engine::Config> {
    let sites = match &config.sites {
        Some(path) => crate::judge::read_sites(path).context("engine.sites")?,
        None => Vec::new(),
    };
    let (alarm_budget, late_days) = (f64::from(config.alerts_per_site_day), config.late_days);
    Ok(picket_engine::Config { alarm_budget, late_days, sites, ..Default::default() })
}

/// Starts the thread.
///
/// # Errors
/// When the system refuses a thread.
pub fn start(work: Loop) -> anyhow::Result<JoinHandle<()>> {
    let run = move || {
        Driver { work, pace: Pace::default(), pending: Vec::new(), dirty: true, unreadable: Default::default() }.run()
    };
    std::thread::Builder::new().name("engine".to_owned()).spawn(run).context("start the engine's thread")
}

/// How old the newest event may be for the data to count as live.
const LIVE: Duration = Duration::from_secs(3600);
/// Silence after which a replay of old captures counts as ended.
const ENDED: Duration = Duration::from_secs(2);

/// Whether the data keeps step with the machine's clock. The engine moves each site's time on by what has passed, so the end of
/// a replay of old captures would wait for that to become a quarter of an hour: nothing more is coming, and it is judged at once.
#[derive(Clone, Copy, Debug, Default)]
struct Pace {
    newest: Option<Timestamp>,
    heard: Option<Instant>,
    ended: bool,
}

impl Pace {
    fn learn(&mut self, batch: &Batch) {
        if let Some(newest) = batch.events.iter().map(|envelope| envelope.event.time).max() {
            self.newest = self.newest.max(Some(newest));
            (self.heard, self.ended) = (Some(Instant::now()), false);
        }
    }

    fn is_live(&self, now: Timestamp) -> bool {
        self.newest.is_some_and(|newest| now.since(newest) < LIVE)
    }

    /// Whether old data has just ended; true once.
    fn has_ended(&mut self) -> bool {
        let now = !self.ended && self.heard.is_some_and(|heard| heard.elapsed() >= ENDED);
        self.ended |= now;
        now
    }
}

struct Driver {
    work: Loop,
    pace: Pace,
    pending: Vec<FindingRow>,
    dirty: bool,
    /// Frames of the log that could not be read, and the first of them in words.
    unreadable: (u64, String),
}

impl Driver {
    fn run(mut self) {
        let mut done = self.replay();
        self.advance(machine_time());
        let mut refreshed = Instant::now();
        let mut told = Instant::now();
        self.refresh();
        loop {
            match self.work.batches.recv_timeout(TICK) {
                // Rows grow in the order of commits; those the replay took are not applied again.
                Ok(batch) if batch.row > done => {
                    done = batch.row;
                    self.apply(&batch);
                }
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if told.elapsed() >= Duration::from_secs(1) {
                told = Instant::now();
                self.advance(machine_time());
            }
            self.file();
            if self.dirty && refreshed.elapsed() >= self.work.refresh {
                refreshed = Instant::now();
                self.refresh();
            }
        }
        self.file();
        self.refresh();
    }

    /// Applies the whole log; answers the last row.
    fn replay(&mut self) -> i64 {
        let mut done = 0;
        let name = "replay";
        loop {
            if *self.work.stopped.borrow() {
                return done;
            }
            match self.work.store.replay(done, REPLAY) {
                Ok(batches) if batches.is_empty() => break,
                Ok(batches) => {
                    self.work.problems.set(name, Some("the engine is being rebuilt from the log".to_owned()));
                    for batch in batches {
                        done = batch.row;
                        self.advance(batch.received);
                        self.apply(&batch);
                        self.note_unreadable(&batch);
                    }
                    self.file();
                }
                Err(error) => {
                    self.work.problems.set(name, Some(format!("the log cannot be read: {error}")));
                    if !StoreError::is_passing(&error) {
                        return done;
                    }
                    std::thread::sleep(Duration::from_secs(1));
                }
            }
        }
        self.work.problems.set(name, None);
        done
    }

    /// A frame that was damaged on disk is missing from then on, which is said until a restart finds it whole.
    fn note_unreadable(&mut self, batch: &Batch) {
        let Some(Unreadable { agent, first, last, .. }) = &batch.unreadable else { return };
        let (count, which) = &mut self.unreadable;
        *count += 1;
        if which.is_empty() {
            *which = format!("events {first} to {last} of {agent}");
        }
        tracing::error!("the log is damaged: events {first} to {last} of {agent} cannot be read");
        let more = if *count > 1 { format!(" and {} more frames", *count - 1) } else { String::new() };
        let sentence =
            format!("the log is damaged: {which}{more} cannot be read; look at the disk, or restore a backup");
        self.work.problems.set("log", Some(sentence));
    }

    fn apply(&mut self, batch: &Batch) {
        self.pace.learn(batch);
        let mut found = Findings::new();
        self.work.live.apply(&batch.events, &mut found);
        self.keep(&mut found);
        self.dirty = true;
    }

    fn advance(&mut self, now: Timestamp) {
        let mut found = Findings::new();
        self.work.live.advance(now, &mut found);
        if !self.pace.is_live(now) && self.pace.has_ended() {
            self.work.live.finish(&mut found);
        }
        self.keep(&mut found);
        self.dirty = true;
    }

    fn keep(&mut self, found: &mut Findings) {
        let now = machine_time().nanos();
        self.pending.extend(found.take().iter().map(|finding| row(finding, now)));
        // With a desk that cannot write, the oldest that is no alert goes first; the replay of the next start finds it again.
        while self.pending.len() > MAX_PENDING {
            let oldest = self.pending.iter().position(|row| !row.alert).unwrap_or(0);
            self.pending.remove(oldest);
        }
    }

    /// Writes what was found, in one transaction; what cannot be written now is tried again.
    fn file(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let rows = &self.pending;
        let written =
            self.work.desk.change_now(|db| rows.iter().try_for_each(|row| findings::put(db, row).map(|_| ())));
        match written {
            Ok(()) => {
                self.pending.clear();
                self.work.problems.set("findings", None);
            }
            Err(error) => {
                let error: rusqlite::Error = error;
                let sentence = format!("findings cannot be stored: {error}; free some disk space");
                self.work.problems.set("findings", Some(sentence));
            }
        }
    }

    fn refresh(&mut self) {
        self.dirty = false;
        self.work.live.refresh();
    }
}

fn machine_time() -> Timestamp {
    Timestamp::from_nanos(i64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX))
}

/// A finding as it is stored, with everything that recomputes it.
fn row(finding: &Finding, stored_at: i64) -> FindingRow {
    let (entity, counterpart) = finding.entity.split_once(" > ").unwrap_or((&finding.entity, ""));
    let mut hash = Sha256::new();
    hash.update(finding.site.as_bytes());
    hash.update([0]);
    hash.update(finding.case.as_bytes());
    let id: String = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let cells: Vec<serde_json::Value> = finding.cells.iter().map(|cell| {
        json!({"time": cell.time, "space": cell.space, "relation": cell.relation, "seen": cell.seen, "expected": cell.expected,
            "deviation": cell.deviation})
    }).collect();
    let proof = &finding.evidence;
    let evidence = json!({
        "case": finding.case, "techniques": finding.techniques, "risk_unclamped": finding.risk_unclamped, "cells": cells,
        "sums": proof.sums, "weights": proof.weights, "score": proof.score, "omega": proof.omega, "usual": proof.usual,
        "periods": proof.periods,
    });
    FindingRow {
        id,
        time: finding.time.nanos(),
        entity: entity.to_owned(),
        counterpart: counterpart.to_owned(),
        site: finding.site.clone(),
        kind: finding.label(),
        alert: finding.alert,
        count: finding.count,
        p_value: finding.p_value,
        risk: finding.risk,
        reasons: serde_json::to_string(&finding.reasons).unwrap_or_default(),
        evidence: evidence.to_string(),
        stored_at,
        acknowledged: None,
        note: None,
        muted_until: None,
    }
}
