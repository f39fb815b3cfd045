//! A hierarchical timer wheel over slab places: four levels of 64 buckets, one tick the unit.
//!
//! Buckets are intrusive lists, so arming, disarming and firing cost no allocation and do not depend on
//! how many timers there are. A jump over any stretch of time visits only occupied buckets.

use crate::list::{Links, NONE};

const LEVELS: usize = 4;
const BITS: u32 = 6;
const BUCKETS: usize = 1 << BITS;
/// The farthest a timer reaches, ticks (about 26 days); later ones fire early and are armed again.
const REACH: u64 = 1 << (BITS * LEVELS as u32);

/// Where a timer stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timer {
    pub(crate) tick: u64,
    bucket: u16,
    links: Links,
}

impl Default for Timer {
    fn default() -> Self {
        Self { tick: 0, bucket: u16::MAX, links: Links::default() }
    }
}

/// Gives access to the timers of a slab.
pub(crate) trait Timers {
    fn timer(&mut self, place: u32) -> Option<&mut Timer>;
}

/// The wheel: heads of the buckets and which of them are occupied.
#[derive(Debug)]
pub(crate) struct Wheel {
    now: u64,
    /// Before this tick `advance` finds nothing to do.
    due: u64,
    heads: [u32; LEVELS * BUCKETS],
    occupied: [u64; LEVELS],
}

impl Wheel {
    pub(crate) const fn new() -> Self {
        Self { now: 0, due: u64::MAX, heads: [NONE; LEVELS * BUCKETS], occupied: [0; LEVELS] }
    }

    /// The tick before which [`Wheel::advance`] finds nothing to do, so that it need not be called.
    pub(crate) const fn due(&self) -> u64 {
        self.due
    }

    /// Arms a timer that is not armed.
    pub(crate) fn arm(&mut self, timers: &mut impl Timers, place: u32, tick: u64) {
        let tick = tick.clamp(self.now + 1, self.now + REACH - 1);
        let distance = tick - self.now;
        // 6 bits a level: distances below 64 stand on level 0, below 4096 on level 1, ...
        let level = (63 - distance.leading_zeros()) / BITS;
        let slot = (tick >> (level * BITS)) & (BUCKETS as u64 - 1);
        let bucket = level as usize * BUCKETS + slot as usize;
        let Some(head) = self.heads.get_mut(bucket) else { return };
        let next = std::mem::replace(head, place);
        self.due = self.due.min(tick >> (level * BITS) << (level * BITS));
        if let Some(occupied) = self.occupied.get_mut(level as usize) {
            *occupied |= 1 << slot;
        }
        if let Some(timer) = timers.timer(place) {
            *timer = Timer { tick, bucket: bucket as u16, links: Links { prev: NONE, next } };
        }
        if let Some(next) = timers.timer(next) {
            next.links.prev = place;
        }
    }

    /// Disarms a timer; one that is not armed stays so.
    pub(crate) fn disarm(&mut self, timers: &mut impl Timers, place: u32) {
        let Some(timer) = timers.timer(place) else { return };
        let Timer { bucket, links: Links { prev, next }, .. } = std::mem::take(timer);
        if bucket == u16::MAX {
            return;
        }
        if let Some(next) = timers.timer(next) {
            next.links.prev = prev;
        }
        match timers.timer(prev) {
            Some(prev) => prev.links.next = next,
            None => self.set_head(usize::from(bucket), next),
        }
    }

    fn set_head(&mut self, bucket: usize, place: u32) {
        if let Some(head) = self.heads.get_mut(bucket) {
            *head = place;
        }
        if place == NONE
            && let Some(occupied) = self.occupied.get_mut(bucket / BUCKETS)
        {
            *occupied &= !(1 << (bucket % BUCKETS));
        }
    }

    /// Lets time pass to `now`, disarms every timer that is due, and lists their places in `fired`.
    pub(crate) fn advance(&mut self, timers: &mut impl Timers, now: u64, fired: &mut Vec<u32>) {
        if now <= self.now {
            return;
        }
        let before = std::mem::replace(&mut self.now, now);
        self.enter(timers, before, now, fired);
        self.due = self.first_occupied();
    }

    /// The tick at which the first of the occupied buckets is entered.
    fn first_occupied(&self) -> u64 {
        let of_level = |(occupied, level): (&u64, u32)| {
            let unit = self.now >> (level * BITS);
            let ahead = occupied.rotate_right(((unit + 1) % BUCKETS as u64) as u32);
            if ahead == 0 { u64::MAX } else { (unit + 1 + u64::from(ahead.trailing_zeros())) << (level * BITS) }
        };
        self.occupied.iter().zip(0..).map(of_level).min().unwrap_or(u64::MAX)
    }

    /// Empties the buckets entered on the way from one tick to another.
    fn enter(&mut self, timers: &mut impl Timers, before: u64, now: u64, fired: &mut Vec<u32>) {
        for level in 0..LEVELS {
            let shift = level as u32 * BITS;
            let (from, to) = (before >> shift, now >> shift);
            if from == to {
                // Nor is another bucket entered on a coarser level.
                return;
            }
            let mut due = self.occupied.get(level).copied().unwrap_or(0) & entered(from, to);
            while due != 0 {
                let slot = due.trailing_zeros();
                due &= due - 1;
                self.empty(timers, level * BUCKETS + slot as usize, fired);
            }
        }
    }

    /// Takes a bucket's timers: those due into `fired`, the others to a finer level.
    fn empty(&mut self, timers: &mut impl Timers, bucket: usize, fired: &mut Vec<u32>) {
        let mut place = self.heads.get(bucket).copied().unwrap_or(NONE);
        self.set_head(bucket, NONE);
        while let Some(timer) = timers.timer(place) {
            let Timer { tick, links, .. } = std::mem::take(timer);
            if tick <= self.now {
                fired.push(place);
            } else {
                self.arm(timers, place, tick);
            }
            place = links.next;
        }
    }
}

/// The buckets of a level that are entered on the way from one of its units to another.
fn entered(from: u64, to: u64) -> u64 {
    match to - from {
        0 => 0,
        64.. => u64::MAX,
        count => ((1u64 << count) - 1).rotate_left(((from + 1) % BUCKETS as u64) as u32),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    struct Plain(Vec<Timer>);

    impl Timers for Plain {
        fn timer(&mut self, place: u32) -> Option<&mut Timer> {
            self.0.get_mut(place as usize)
        }
    }

    proptest! {
        /// Every timer fires at the first advance that reaches it, never before, and once, though the wheel is told of
        /// time only where it says that something is due, and timers are armed in between.
        #[test]
        fn fires_exactly_when_due(ticks in proptest::collection::vec(1u64..300_000, 1..60),
                                  off in proptest::collection::vec(any::<bool>(), 60),
                                  steps in proptest::collection::vec(1u64..9_000, 1..80)) {
            let mut timers = Plain(vec![Timer::default(); ticks.len()]);
            let mut wheel = Wheel::new();
            let mut due: Vec<Option<u64>> = ticks.iter().copied().map(Some).collect();
            for (place, tick) in ticks.iter().enumerate() {
                wheel.arm(&mut timers, place as u32, *tick);
            }
            for (place, off) in off.iter().take(ticks.len()).enumerate() {
                if *off { wheel.disarm(&mut timers, place as u32); due[place] = None; }
            }
            let mut now = 0;
            let mut fired = Vec::new();
            for step in steps {
                now += step;
                fired.clear();
                if wheel.due() <= now {
                    wheel.advance(&mut timers, now, &mut fired);
                }
                fired.sort_unstable();
                let expected: Vec<u32> = (0..due.len()).filter(|i| due[*i].is_some_and(|due| due <= now))
                    .map(|i| i as u32).collect();
                prop_assert_eq!(&fired, &expected);
                for place in &fired {
                    let next = now + ticks[*place as usize] / 7 + 1;
                    wheel.arm(&mut timers, *place, next);
                    due[*place as usize] = Some(next);
                }
            }
        }
    }
}
