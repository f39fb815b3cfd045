//! The line's own time: capture time that never runs backwards.
//!
//! Capture time may jump, repeat or lie in the future. Timers need a time that only grows, so the clock
//! follows the capture forwards and stands still while it steps back; a step back of more than
//! [`REORDER_NANOS`] is taken for a clock that was set, and time goes on from there at the old pace.

use picket_event::Timestamp;

/// Length of a timer tick, nanoseconds: 2^27, about 134 ms.
pub const TICK_NANOS: i64 = 1 << TICK_SHIFT;
const TICK_SHIFT: u32 = 27;

/// Steps back up to this are reordering between interfaces or threads, nanoseconds.
const REORDER_NANOS: i64 = 2_000_000_000;

/// Follows capture time. Starts at 0 with the first frame.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    /// Capture time at which `base` was read.
    anchor: Option<i64>,
    base: i64,
    now: i64,
    steps_back: u64,
}

impl Clock {
    /// The time after a frame (or the world) says that it is `time`. Never less than before.
    #[inline]
    pub fn observe(&mut self, time: Timestamp) -> i64 {
        let raw = time.nanos();
        let Some(anchor) = self.anchor else {
            self.anchor = Some(raw);
            return self.now;
        };
        let here = self.base.saturating_add(raw.saturating_sub(anchor));
        if here >= self.now {
            self.now = here;
        } else if here < self.now.saturating_sub(REORDER_NANOS) {
            self.anchor = Some(raw);
            self.base = self.now;
            self.steps_back = self.steps_back.saturating_add(1);
        }
        self.now
    }

    /// The present, nanoseconds since the first frame.
    #[must_use]
    pub const fn now(&self) -> i64 {
        self.now
    }

    /// How often capture time stepped back by more than reordering explains.
    #[must_use]
    pub const fn steps_back(&self) -> u64 {
        self.steps_back
    }

    /// The tick an instant falls into.
    #[must_use]
    #[inline]
    pub const fn tick_of(nanos: i64) -> u64 {
        // Instants of this clock are never negative.
        (nanos >> TICK_SHIFT) as u64
    }
}
