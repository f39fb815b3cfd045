//! Steps of the host's clock.
//!
//! Frames carry the host's clock, so a step of it would look like an interval. Where it differs from the clock of the
//! machine's uptime by more than before, what is open is ended as at a stop, and begins anew behind the step: no interval is
//! taken over two clocks, every event keeps the time that the clock showed, and the step is told.

use picket_event::body::Anomaly;
use picket_event::{Body, Event, Source, Timestamp};
use rustix::time::{ClockId, clock_gettime};

/// Less than this is no step: a clock is corrected by parts of a second while it runs.
const LEAST: i64 = 1_000_000_000;

/// The host's clock beside one that nobody sets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    /// Host's clock less uptime, nanoseconds, at the last look.
    offset: i64,
}

impl Clock {
    /// From this moment on.
    pub(super) fn new() -> Self {
        Self::at(offset())
    }

    const fn at(offset: i64) -> Self {
        Self { offset }
    }

    /// By how many nanoseconds the host's clock was set since the last look, if it was.
    pub(super) fn step(&mut self) -> Option<i64> {
        self.step_to(offset())
    }

    fn step_to(&mut self, offset: i64) -> Option<i64> {
        let step = offset.saturating_sub(self.offset);
        self.offset = offset;
        (step.saturating_abs() >= LEAST).then_some(step)
    }
}

/// Host's clock less uptime, time asleep included, nanoseconds.
fn offset() -> i64 {
    let nanos = |id| {
        let time = clock_gettime(id);
        time.tv_sec.saturating_mul(1_000_000_000).saturating_add(time.tv_nsec)
    };
    nanos(ClockId::Realtime).saturating_sub(nanos(ClockId::Boottime))
}

/// A frame that waited in the ring while the clock was set has the old time: by the new clock it came at `time + step`.
/// `now` is the new clock's.
pub(super) const fn restamped(time: i64, now: i64, step: i64) -> i64 {
    let by_old = now.saturating_sub(step);
    if time.saturating_sub(by_old).unsigned_abs() < time.saturating_sub(now).unsigned_abs() {
        time.saturating_add(step)
    } else {
        time
    }
}

/// Says that the clock was set.
pub(super) fn event(source: Source, now: Timestamp, step: i64) -> Event {
    let way = if step < 0 { "back" } else { "forward" };
    let seconds = step.unsigned_abs() as f64 / 1e9;
    let before = Timestamp::from_nanos(now.nanos().saturating_sub(step));
    let detail = format!("the host's clock was set {way} by {seconds:.1} s: it would be {before} and is {now}");
    tracing::warn!("{detail}");
    let body = Body::Anomaly(Anomaly { kind: "clock_step".to_owned(), detail });
    Event { time: now, source, vlan: Vec::new(), flow: None, redacted: Vec::new(), body }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000_000_000;

    #[test]
    fn f11_a_step_is_told_from_a_clock_that_is_corrected() {
        let mut clock = Clock::at(50);
        assert_eq!(clock.step_to(900_000_000), None, "corrected while it runs");
        assert_eq!(clock.step_to(1_800_000_000), None, "and again");
        assert_eq!(clock.step_to(1_800_000_000 - DAY), Some(-DAY));
        assert_eq!(clock.step_to(1_800_000_000 - DAY), None, "told once");
        assert_eq!(clock.step_to(1_800_000_000), Some(DAY));
        assert_eq!(Clock::new().step(), None, "this machine's clock runs");
    }

    #[test]
    fn f11_frames_that_waited_get_the_new_time() {
        let now = 100 * DAY;
        for step in [-DAY, DAY] {
            assert_eq!(restamped(now - step - 30, now, step), now - 30, "stamped before the step");
            assert_eq!(restamped(now - 20, now, step), now - 20, "stamped after it");
        }
    }

    #[test]
    fn f11_the_event_says_which_way_and_how_far() {
        let told = event(Source::Agent, Timestamp::from_nanos(100 * DAY), -DAY);
        let Body::Anomaly(Anomaly { kind, detail }) = told.body else { panic!("{told:?}") };
        assert_eq!(kind, "clock_step");
        assert!(detail.contains("back by 86400.0 s"), "{detail}");
        assert_eq!(told.time.nanos(), 100 * DAY, "the event has the time of the clock as it is");
    }
}
