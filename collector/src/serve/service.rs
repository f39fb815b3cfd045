//! What the service manager is told: that the collector is ready, how it is, and that it still works (sd_notify(3),
//! sd_watchdog_enabled(3)). Without a service manager nobody is told, and the same code runs.

use super::IngestDoors;
use crate::api::App;
use sd_notify::NotifyState;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often the status line is renewed.
const EVERY: Duration = Duration::from_secs(5);

/// The service manager's end of the line.
pub(super) struct Service {
    /// How long the manager waits for a sign of life; `None` where it does not.
    patience: Option<Duration>,
    next: Instant,
    status: String,
    ready: bool,
}

impl Service {
    pub(super) fn new() -> Self {
        Self { patience: sd_notify::watchdog_enabled(), next: Instant::now(), status: String::new(), ready: false }
    }

    /// Waits until it is time, then tells. A turn that is given up and begun again loses nothing. The watchdog hears of it
    /// only after both databases have answered.
    pub(super) async fn turn(&mut self, app: &App, doors: &Arc<IngestDoors>) {
        tokio::time::sleep_until(self.next.into()).await;
        let pace = self.patience.map_or(EVERY, |patience| EVERY.min(patience / 4));
        let answered = tokio::time::timeout(pace.max(Duration::from_secs(1)) * 2, answers(app, doors)).await;
        self.next = Instant::now() + pace;
        let mut said = Vec::new();
        if !std::mem::replace(&mut self.ready, true) {
            said.push(NotifyState::Ready);
        }
        let status = match answered {
            Ok(()) => {
                said.push(NotifyState::Watchdog);
                sentence(app, doors)
            }
            Err(_) => "the databases do not answer; without a sign of life this process will be ended".to_owned(),
        };
        let changed = status != self.status;
        self.status = status;
        if changed {
            said.push(NotifyState::Status(&self.status));
        }
        tell(&said);
    }
}

/// Asks both databases something small.
async fn answers(app: &App, doors: &Arc<IngestDoors>) {
    let store = Arc::clone(&doors.store);
    // What they answer does not matter: a full disk is told elsewhere, and is no reason to start again.
    let _ = tokio::task::spawn_blocking(move || store.tokens().is_ok()).await;
    let _ = app.desk.run(|db| Ok(crate::desk::users::users(db)?.is_empty())).await;
}

/// How things stand, in a line.
fn sentence(app: &App, doors: &IngestDoors) -> String {
    let problems = app.problems.list();
    let connections = doors.live().len();
    let agents = if connections == 1 {
        "1 agent is connected".to_owned()
    } else {
        format!("{connections} agents are connected")
    };
    if problems.is_empty() { agents } else { format!("{agents}; {}", problems.join("; ")) }
}

/// The end has begun.
pub(super) fn stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("ending: what is under way is stored")]);
}

/// A manager that does not listen will say so itself, by ending the service.
fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!("tell the service manager: {error}");
    }
}
