//! As a service: what the service manager is told, and what is waited for (sd_notify(3), sd_watchdog_enabled(3)).
//!
//! Without a service manager nobody is told, and the same code runs.

use super::books::Books;
use crate::capture::CaptureError;
use sd_notify::NotifyState;
use std::time::{Duration, Instant};

/// How often the status line is renewed, and how often what is waited for is looked for.
const SECOND: Duration = Duration::from_secs(1);

/// The service manager's end of the line.
pub(super) struct Service {
    /// Whether what is missing is waited for.
    waits: bool,
    /// How long the manager waits for a sign of life; `None` where it does not.
    patience: Option<Duration>,
    fed: Option<Instant>,
    told: Instant,
    status: String,
    ready: bool,
    stuck: bool,
}

impl Service {
    pub(super) fn new(waits: bool) -> Self {
        let patience = sd_notify::watchdog_enabled();
        Self { waits, patience, fed: None, told: Instant::now(), status: String::new(), ready: false, stuck: false }
    }

    /// Whether this service waits for an interface that cannot be opened for this reason.
    pub(super) fn waits_for(&self, error: &CaptureError) -> bool {
        self.waits && is_absent(error)
    }

    /// Looks each second until `look` finds something, or an end is asked for. Tells once why; to the manager a service
    /// that waits is one that runs, so that it is not started again and again.
    pub(super) fn wait<T>(
        &mut self,
        why: &str,
        stopped: impl Fn() -> bool,
        mut look: impl FnMut() -> Option<T>,
    ) -> Option<T> {
        let mut said = false;
        loop {
            if let Some(found) = look() {
                return Some(found);
            }
            if !said {
                tracing::warn!("{why}");
                said = true;
            }
            self.alive(why);
            let began = Instant::now();
            while began.elapsed() < SECOND {
                if stopped() {
                    return None;
                }
                std::thread::sleep(Duration::from_millis(50));
            }
        }
    }

    /// Tells that all is well, where it is: the watchdog hears of it only while every input moves.
    pub(super) fn turn(&mut self, books: &Books) {
        if self.ready && self.told.elapsed() < SECOND {
            return;
        }
        let stuck = self.patience.map(|patience| books.stuck(patience / 2)).unwrap_or_default();
        if stuck.is_empty() {
            self.stuck = false;
            return self.alive(&books.sentence());
        }
        if !std::mem::replace(&mut self.stuck, true) {
            tracing::error!("no sign of life from {}; the service manager will end this process", stuck.join(", "));
        }
    }

    /// The end has begun.
    pub(super) fn stopping(&self) {
        tell(&[NotifyState::Stopping, NotifyState::Status("ending: what is under way is written")]);
    }

    fn alive(&mut self, status: &str) {
        self.told = Instant::now();
        let mut said = Vec::new();
        if !std::mem::replace(&mut self.ready, true) {
            said.push(NotifyState::Ready);
        }
        let due = self.patience.map(|patience| patience / 4);
        if due.is_some_and(|due| self.fed.is_none_or(|fed| fed.elapsed() >= due)) {
            self.fed = Some(Instant::now());
            said.push(NotifyState::Watchdog);
        }
        if status != self.status {
            status.clone_into(&mut self.status);
            said.push(NotifyState::Status(status));
        }
        if !said.is_empty() {
            tell(&said);
        }
    }
}

/// Whether an interface may yet come.
pub(super) const fn is_absent(error: &CaptureError) -> bool {
    matches!(error, CaptureError::UnknownInterface { .. } | CaptureError::Down { .. })
}

/// A manager that does not listen will say so itself, by ending the service.
fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!("tell the service manager: {error}");
    }
}
