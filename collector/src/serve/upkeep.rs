//! What has to be done now and then: retention, and looking whether anything is wrong.

use super::{IngestDoors, Problems};
use crate::config;
use crate::desk::findings::FindingRow;
use crate::desk::{Desk, findings};
use crate::identity::Twins;
use crate::ingest::Notice;
use crate::store::{Retention, Store};
use picket_event::Timestamp;
use sha2::{Digest, Sha256};
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
    /// How long packets of hosts are kept.
    pub details: Duration,
}

/// Retention is looked after once in so many seconds.
const RETENTION_SECONDS: u64 = 60;
/// The authority is looked after once in so many seconds.
const AUTHORITY_SECONDS: u64 = 10;

/// Works until stopped.
pub async fn run(work: Upkeep, mut stopped: watch::Receiver<bool>) {
    let work = Arc::new(work);
    let problems = Arc::clone(&work.problems);
    let mut second = tokio::time::interval(Duration::from_secs(1));
    second.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    for tick in 0u64.. {
        tokio::select! {
            _ = second.tick() => {}
            _ = stopped.changed() => return,
        }
        work.problems.set("ingest", work.doors.health().stalled);
        let notices = work.doors.take_notices();
        if !notices.is_empty() {
            let work = Arc::clone(&work);
            let _ = tokio::task::spawn_blocking(move || work.alert(&notices)).await;
        }
        if tick % AUTHORITY_SECONDS == 0 {
            let work = Arc::clone(&work);
            let done = tokio::task::spawn_blocking(move || work.doors.tick_authority()).await;
            let wrong = done.ok().and_then(Result::err).map(|why| format!("the authority: {why}"));
            problems.set("authority", wrong);
        }
        if tick % RETENTION_SECONDS == 5 {
            let work = Arc::clone(&work);
            let _ = tokio::task::spawn_blocking(move || work.expire()).await;
        }
    }
}

impl Upkeep {
    /// Raises an alert for every identity that was seen twice; further notes of one case are counted in it.
    fn alert(&self, notices: &[Notice]) {
        let notes = self.store.doubles().unwrap_or_default();
        for notice in notices {
            let kind = notice.twins.name();
            let note = notes.iter().find(|(agent, note)| *agent == notice.agent && note.kind == kind);
            let (first, count) = note.map_or((notice.at, 1), |(_, note)| (note.first_at, note.count));
            let row = identity_alert(notice, first, count);
            let written: Result<bool, rusqlite::Error> = self.desk.change_now(|db| findings::put(db, &row));
            if let Err(error) = written {
                // The note itself is in the store, and on the page.
                tracing::warn!("raise an alert on {}: {error}", notice.agent);
            }
        }
    }

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
        match self.store.expire_details(now, self.details) {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "requests for packets ended, or their packets removed"),
            Err(error) => {
                return self.problems.set("retention", Some(format!("old packets cannot be removed: {error}")));
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

/// Risk of an identity that is used in two places, and of one that moved: the first is certain, the second may be a
/// machine that was installed anew.
const RISK_TWICE: f64 = 9.0;
const RISK_MOVED: f64 = 6.0;

fn identity_alert(notice: &Notice, first: i64, count: u64) -> FindingRow {
    let kind = notice.twins.name();
    let case = format!("{kind}:{}:{first}", notice.agent);
    let id: String = Sha256::digest(&case).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let (agent, one, other) = (&notice.agent, &notice.one, &notice.other);
    let (risk, said) = match notice.twins {
        Twins::Twice => (RISK_TWICE, format!("the identity of {agent} is in use twice: {one}, and {other}")),
        Twins::Moved => (RISK_MOVED, format!("the identity of {agent} moved to {one}; it was on {other}")),
    };
    let advice = format!(
        "if both are yours, un-enrol one of them and enrol it anew, then `picket-collector agents settle {agent}`; \
         if not, `picket-collector agents revoke {agent}`"
    );
    FindingRow {
        id,
        time: notice.at,
        entity: agent.to_string(),
        counterpart: String::new(),
        site: notice.site.clone(),
        kind: kind.to_owned(),
        alert: true,
        count: u32::try_from(count).unwrap_or(u32::MAX),
        p_value: 0.0,
        risk,
        reasons: serde_json::json!([said, advice]).to_string(),
        // ATT&CK T1552.004: private keys taken from where they lie.
        evidence: serde_json::json!({ "case": case, "techniques": ["T1552.004"], "one": one, "other": other })
            .to_string(),
        stored_at: notice.at,
        acknowledged: None,
        note: None,
        muted_until: None,
    }
}
