//! Frames that are sent one after the other, and what of them is not acknowledged yet.

use crate::spool::{Item, Machine as Spool};
use picket_event::wire::Held;
use std::collections::VecDeque;
use std::time::Duration;

/// A frame or gap on its way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    last: u64,
    pub(super) bytes: u64,
    pub(super) at: Duration,
}

/// A run of sequences.
#[derive(Clone, Debug, Default)]
pub(super) struct Lane {
    /// The sequence to send next.
    pub(super) cursor: u64,
    in_flight: VecDeque<Sent>,
    bytes: u64,
}

impl Lane {
    pub(super) fn new(cursor: u64) -> Self {
        Self { cursor, ..Self::default() }
    }

    /// Whether less than so much is on its way.
    pub(super) fn has_room(&self, frames: usize, bytes: u64) -> bool {
        self.in_flight.len() < frames && self.bytes < bytes
    }

    /// What comes next before `end`; a gap only as far as that.
    pub(super) fn next(&self, spool: &Spool, end: u64) -> Option<Item> {
        if self.cursor >= end {
            return None;
        }
        Some(match spool.item(self.cursor)? {
            Item::Gap { first, last } => Item::Gap { first, last: last.min(end - 1) },
            frame => frame,
        })
    }

    /// Everything up to `last` is sent.
    pub(super) fn sent(&mut self, at: Duration, last: u64, bytes: u64) {
        self.cursor = last + 1;
        self.bytes += bytes;
        self.in_flight.push_back(Sent { last, bytes, at });
    }

    /// What was sent last was not: it begins with `first`.
    pub(super) fn take_back(&mut self, first: u64) {
        self.cursor = first;
        if let Some(Sent { bytes, .. }) = self.in_flight.pop_back() {
            self.bytes -= bytes;
        }
    }

    /// Gives what is acknowledged now, in order.
    pub(super) fn acknowledged(&mut self, held: &Held) -> Option<Sent> {
        let sent = self.in_flight.pop_front_if(|sent| held.contains(sent.last))?;
        self.bytes -= sent.bytes;
        Some(sent)
    }
}
