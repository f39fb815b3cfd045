//! How much of a backlog may be on its way, so that what is made now does not wait behind it.
//!
//! A frame that was just made waits for everything that was sent before it: on a slow line for what lies in the stream's buffers, at
//! a busy collector for what lies in its queue. Both show in how long acknowledgements take beyond the shortest time seen over this
//! connection. The bytes on their way grow with each acknowledgement that comes soon, and are halved when they come late.

use std::time::Duration;

/// Bytes of a backlog that may be on their way whatever happens, and at first: a few frames.
const LEAST: u64 = 64 << 10;
/// An acknowledgement that takes so much longer than the shortest is late ...
const LATE: Duration = Duration::from_millis(300);
/// ... and within this it is soon.
const SOON: Duration = Duration::from_millis(150);

/// The pace of one connection.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    bytes: u64,
    shortest: Duration,
    /// What was sent before this has had its say.
    lowered: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { bytes: LEAST, shortest: Duration::MAX, lowered: Duration::ZERO }
    }
}

impl Pace {
    /// Bytes that may be on their way.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// A frame of so many bytes that was sent at `sent` is acknowledged `now`. The pace never passes `most` bytes.
    pub(super) fn acknowledged(&mut self, now: Duration, sent: Duration, bytes: u64, most: u64) {
        let took = now.saturating_sub(sent);
        self.shortest = self.shortest.min(took);
        let longer = took.saturating_sub(self.shortest);
        if longer > LATE && sent >= self.lowered {
            self.bytes = (self.bytes / 2).max(LEAST);
            self.lowered = now;
        } else if longer <= SOON {
            self.bytes = (self.bytes + bytes).min(most);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: u64 = 8 << 20;

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// A line that carries so many bytes a millisecond, each way taking half of `round`: what is on its way is answered in order.
    fn settles(rate: u64, round: u64) -> (u64, u64) {
        let (mut pace, mut now, mut free, mut waits) = (Pace::default(), 0, 0, 0);
        let mut flight = std::collections::VecDeque::new();
        let mut in_flight = 0;
        while now < 120_000 {
            while in_flight < pace.bytes() {
                free = now.max(free) + 16_000 / rate;
                flight.push_back((now, free + round));
                in_flight += 16_000;
            }
            let Some((sent, back)) = flight.pop_front() else { break };
            now = now.max(back);
            in_flight -= 16_000;
            pace.acknowledged(at(now), at(sent), 16_000, MOST);
            waits = if now > 60_000 { waits.max(back - sent - round) } else { 0 };
        }
        (pace.bytes(), waits)
    }

    #[test]
    fn it_fills_a_fast_line_and_leaves_a_slow_one_free() {
        let (bytes, _) = settles(100_000, 2);
        assert_eq!(bytes, MOST, "a fast line takes all there may be");
        let (_, waits) = settles(125, 300);
        assert!(waits <= 1_000, "over 1 Mbit/s a frame waits {waits} ms");
        let (bytes, _) = settles(12_500, 600);
        assert!(bytes >= 12_500 * 600, "a long line is filled: {bytes}");
    }

    #[test]
    fn what_was_sent_before_it_was_lowered_does_not_lower_it_again() {
        let mut pace = Pace::default();
        pace.acknowledged(at(10), at(0), 1 << 20, MOST);
        let before = pace.bytes();
        pace.acknowledged(at(1_000), at(20), 0, MOST);
        pace.acknowledged(at(1_010), at(30), 0, MOST);
        assert_eq!(pace.bytes(), before / 2);
        pace.acknowledged(at(2_100), at(1_100), 0, MOST);
        assert_eq!(pace.bytes(), before / 4);
    }
}
