//! What the uplink decides, without a socket or a clock.
//!
//! Time (since any fixed point), messages and completions come in; one [`Action`] at a time goes out. An uplink counts
//! as connected only once the collector has answered the hello: with TLS 1.3 a client's handshake ends before the
//! collector has judged its certificate.

use crate::spool::{Item, Machine as Spool, Stored};
use picket_event::wire::{Control, HelloAnswer, Refusal, RefusalCode};
use std::collections::VecDeque;
use std::time::Duration;

/// First wait after a failure; doubles up to [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(15);
/// Wait after a refusal that only a person can lift.
const REFUSED_WAIT: Duration = Duration::from_secs(60);
/// Wait after another connection with our key took the place of ours.
const REPLACED_WAIT: Duration = Duration::from_secs(4);
/// Longest time from the first packet to the answered hello.
const PATIENCE: Duration = Duration::from_secs(10);
/// Sequences of one gap frame at most.
const GAP_STEP: u64 = u32::MAX as u64;

/// How much may be on its way without an acknowledgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Frames.
    pub frames: usize,
    /// Bytes.
    pub bytes: u64,
}

impl Default for Window {
    fn default() -> Self {
        Self { frames: 512, bytes: 8 << 20 }
    }
}

/// Where the connection stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Not connected; tried again at this time.
    Waiting {
        /// When.
        until: Duration,
    },
    /// Connecting since.
    Connecting {
        /// When it began.
        since: Duration,
    },
    /// The hello is sent.
    Greeting {
        /// When connecting began.
        since: Duration,
    },
    /// The hello is answered.
    Live,
}

/// What the shell has to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Connect to the collector of this index, then call [`Machine::opened`] or [`Machine::lost`].
    Connect(usize),
    /// Send this frame of the spool.
    Frame(Stored),
    /// Say that these sequences will never come.
    Gap {
        /// The first.
        first: u64,
        /// How many.
        count: u32,
    },
    /// Give the connection up: no answer came in time.
    GiveUp,
    /// Nothing to do before this time, a message, or something new in the spool.
    Wait(Option<Duration>),
}

/// The uplink's state.
#[derive(Clone, Debug)]
pub struct Machine {
    collectors: usize,
    current: usize,
    failures: u32,
    random: u64,
    window: Window,
    phase: Phase,
    cursor: u64,
    in_flight: VecDeque<(u64, u64)>,
    in_flight_bytes: u64,
    refusal: Option<Refusal>,
}

impl Machine {
    /// An uplink to one of so many collectors; `seed` spreads the waits of a fleet.
    #[must_use]
    pub fn new(collectors: usize, seed: u64, window: Window) -> Self {
        Self {
            collectors: collectors.max(1),
            current: 0,
            failures: 0,
            random: seed | 1,
            window,
            phase: Phase::Waiting { until: Duration::ZERO },
            cursor: 1,
            in_flight: VecDeque::new(),
            in_flight_bytes: 0,
            refusal: None,
        }
    }

    /// Where the connection stands.
    #[must_use]
    pub const fn phase(&self) -> &Phase {
        &self.phase
    }

    /// The collector in use, or to be tried next.
    #[must_use]
    pub const fn current(&self) -> usize {
        self.current
    }

    /// The last refusal, until a hello is answered.
    #[must_use]
    pub const fn refusal(&self) -> Option<&Refusal> {
        self.refusal.as_ref()
    }

    /// Whether the hello is answered and the connection lives.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.phase == Phase::Live
    }

    /// What to do now.
    pub fn poll(&mut self, now: Duration, spool: &Spool) -> Action {
        match self.phase {
            Phase::Waiting { until } if now >= until => {
                self.phase = Phase::Connecting { since: now };
                Action::Connect(self.current)
            }
            Phase::Waiting { until } => Action::Wait(Some(until)),
            Phase::Connecting { since } | Phase::Greeting { since } if now >= since + PATIENCE => Action::GiveUp,
            Phase::Connecting { since } | Phase::Greeting { since } => Action::Wait(Some(since + PATIENCE)),
            Phase::Live => self.next_frame(spool),
        }
    }

    fn next_frame(&mut self, spool: &Spool) -> Action {
        if self.in_flight.len() >= self.window.frames || self.in_flight_bytes >= self.window.bytes {
            return Action::Wait(None);
        }
        match spool.item(self.cursor) {
            Some(Item::Frame(stored)) => {
                self.sent(stored.last(), u64::from(stored.length));
                Action::Frame(stored)
            }
            Some(Item::Gap { first, last }) => {
                let count = (last - first + 1).min(GAP_STEP);
                self.sent(first + count - 1, 0);
                Action::Gap { first, count: count as u32 }
            }
            None => Action::Wait(None),
        }
    }

    fn sent(&mut self, last: u64, bytes: u64) {
        self.cursor = last + 1;
        self.in_flight.push_back((last, bytes));
        self.in_flight_bytes += bytes;
    }

    /// A frame could not be read back; what comes instead is asked for again.
    pub fn unreadable(&mut self, first: u64) {
        self.cursor = first;
        if let Some((_, bytes)) = self.in_flight.pop_back() {
            self.in_flight_bytes -= bytes;
        }
    }

    /// The connection stands; the hello is being sent.
    pub fn opened(&mut self, now: Duration) {
        if let Phase::Connecting { .. } = self.phase {
            self.phase = Phase::Greeting { since: now };
        }
    }

    /// The collector answered the hello. Answers the sequence up to which all is durable there.
    pub fn answered(&mut self, answer: &HelloAnswer) -> Option<u64> {
        if !matches!(self.phase, Phase::Greeting { .. }) {
            return None;
        }
        self.phase = Phase::Live;
        self.failures = 0;
        self.refusal = None;
        self.cursor = answer.acknowledged + 1;
        self.in_flight.clear();
        self.in_flight_bytes = 0;
        Some(answer.acknowledged)
    }

    /// A message other than the answer to the hello. Answers a new acknowledged sequence.
    pub fn message(&mut self, message: &Control, epoch: u64) -> Option<u64> {
        match message {
            Control::Ack { epoch: of, acknowledged } if *of == epoch && self.is_live() => {
                while let Some((last, bytes)) = self.in_flight.front().copied() {
                    if last > *acknowledged {
                        break;
                    }
                    self.in_flight.pop_front();
                    self.in_flight_bytes -= bytes;
                }
                // An acknowledgement of what was not sent is not believed.
                (*acknowledged < self.cursor).then_some(*acknowledged)
            }
            Control::Refusal(refusal) => {
                self.refusal = Some(refusal.clone());
                None
            }
            _ => None,
        }
    }

    /// There is no connection any more, or none came about. Waits longer each time, never all agents alike.
    pub fn lost(&mut self, now: Duration) {
        self.failures = self.failures.saturating_add(1);
        self.current = (self.current + 1) % self.collectors;
        self.in_flight.clear();
        self.in_flight_bytes = 0;
        let doubled = FIRST_WAIT.saturating_mul(1 << (self.failures - 1).min(8)).min(LONGEST_WAIT);
        let base = match self.refusal.as_ref().map(|refusal| refusal.code) {
            Some(code) if code.is_final() => REFUSED_WAIT,
            // Somebody else holds our key. Two that took turns as fast as they can would be a nuisance.
            Some(RefusalCode::Replaced) => REPLACED_WAIT,
            _ => doubled,
        };
        self.phase = Phase::Waiting { until: now + base.mul_f64(0.5 + self.fraction() / 2.0) };
    }

    /// 0 to 1 (xorshift64*, Vigna 2016).
    fn fraction(&mut self) -> f64 {
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        (self.random.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
