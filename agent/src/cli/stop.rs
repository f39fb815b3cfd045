//! Signals: a first one asks for a clean end, a second one ends at once.

use super::{Exit, Fault};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::signal::unix::{SignalKind, signal};

/// What the signals said so far. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Signals {
    /// An end was asked for.
    pub stop: Arc<AtomicBool>,
    /// A reload was asked for; taken by whoever does it.
    pub reload: Arc<AtomicBool>,
}

impl Signals {
    /// Listens from now on: interrupt and terminate stop, hang-up reloads where `reloads`, and stops otherwise.
    ///
    /// # Errors
    /// When the system refuses the thread or the handlers.
    pub fn listen(reloads: bool) -> Result<Self, Fault> {
        let signals = Self::default();
        let heard = signals.clone();
        let fault =
            |error: std::io::Error| Fault::new(Exit::Failed, anyhow::Error::new(error).context("listen to signals"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().map_err(fault)?;
        // Registered before this returns, so that no signal is missed.
        let streams = {
            let _context = runtime.enter();
            let streams = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(signal);
            let [interrupt, terminate, hangup] = streams;
            (interrupt.map_err(fault)?, terminate.map_err(fault)?, hangup.map_err(fault)?)
        };
        std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || runtime.block_on(listen(heard, streams, reloads)))
            .map_err(fault)?;
        Ok(signals)
    }

    /// Whether an end was asked for.
    #[must_use]
    pub fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

type Streams = (tokio::signal::unix::Signal, tokio::signal::unix::Signal, tokio::signal::unix::Signal);

async fn listen(signals: Signals, (mut interrupt, mut terminate, mut hangup): Streams, reloads: bool) {
    loop {
        let hung_up = tokio::select! {
            _ = interrupt.recv() => false,
            _ = terminate.recv() => false,
            _ = hangup.recv() => true,
        };
        if hung_up && reloads {
            signals.reload.store(true, Ordering::Relaxed);
        } else if signals.stop.swap(true, Ordering::Relaxed) {
            eprintln!("picket-agent: stopped at the second signal; what was not written is lost");
            std::process::exit(Exit::Failed as i32);
        }
    }
}
