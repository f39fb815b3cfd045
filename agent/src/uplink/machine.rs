//! What the uplink decides, without a socket or a clock.
//!
//! Time (since any fixed point), messages and completions come in; one [`Action`] at a time goes out. An uplink counts
//! as connected only once the collector has answered the hello: with TLS 1.3 a client's handshake ends before the
//! collector has judged its certificate.
//!
//! Where much waits when a connection begins, and the collector takes frames ahead of others, what is made from then on goes first:
//! two lanes of sequences share the connection, and the backlog sends at a pace that leaves the other free.

use super::lane::Lane;
use super::pace::Pace;
use crate::spool::{Item, Machine as Spool, Stored};
use picket_event::wire::{Control, Held, HelloAnswer, MAX_AHEAD, Refusal, RefusalCode};
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

/// How much may be on its way without an acknowledgement, in each lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Frames.
    pub frames: usize,
    /// Bytes.
    pub bytes: u64,
    /// Bytes that may wait when a connection begins before they count as a backlog.
    pub backlog: u64,
}

impl Default for Window {
    fn default() -> Self {
        Self { frames: 512, bytes: 8 << 20, backlog: 64 << 10 }
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
    /// What the collector has, as far as it said over this connection.
    held: Held,
    /// The ranges that it said it has before it answered the hello; none where it takes no frames ahead of others.
    takes_ahead: Option<Vec<(u64, u64)>>,
    /// Where the lane of what is made now begins; none before the first look at the spool.
    parting: Option<u64>,
    live: Lane,
    backlog: Lane,
    pace: Pace,
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
            held: Held::default(),
            takes_ahead: None,
            parting: None,
            live: Lane::default(),
            backlog: Lane::default(),
            pace: Pace::default(),
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
            Phase::Live => self.next_frame(now, spool),
        }
    }

    fn next_frame(&mut self, now: Duration, spool: &Spool) -> Action {
        let parting = self.part(spool);
        if self.live.has_room(self.window.frames, self.window.bytes)
            && let Some(item) = self.live.next(spool, u64::MAX)
        {
            return send(&mut self.live, now, item);
        }
        // What the collector has ahead is stepped over.
        if let Some(end) = self.held.end_of(self.backlog.cursor) {
            self.backlog.cursor = end + 1;
        }
        let ranges = self.held.ahead().iter().map(|(first, _)| *first);
        let end = ranges.filter(|first| *first > self.backlog.cursor).min().map_or(parting, |first| first.min(parting));
        if self.backlog.has_room(self.window.frames, self.pace.bytes())
            && let Some(item) = self.backlog.next(spool, end)
        {
            return send(&mut self.backlog, now, item);
        }
        Action::Wait(None)
    }

    /// Where the lanes part: at the next frame, where much waits; behind everything that the collector has, where little does.
    fn part(&mut self, spool: &Spool) -> u64 {
        if let Some(parting) = self.parting {
            return parting;
        }
        let behind = self.held.highest() + 1;
        let may = self.takes_ahead.is_some() && self.held.ahead().len() < MAX_AHEAD;
        let much = may && spool.exceeds(behind, self.window.backlog);
        let parting = if much { spool.durable().max(self.held.highest()) + 1 } else { behind };
        self.live = Lane::new(parting);
        self.backlog = Lane::new(self.held.all() + 1);
        self.pace = Pace::default();
        *self.parting.insert(parting)
    }

    /// A frame could not be read back; what comes instead is asked for again.
    pub fn unreadable(&mut self, first: u64) {
        let is_live = self.parting.is_some_and(|parting| first >= parting);
        if is_live { self.live.take_back(first) } else { self.backlog.take_back(first) }
    }

    /// The connection stands; the hello is being sent.
    pub fn opened(&mut self, now: Duration) {
        if let Phase::Connecting { .. } = self.phase {
            self.phase = Phase::Greeting { since: now };
        }
    }

    /// The collector answered the hello. Answers what is durable there.
    pub fn answered(&mut self, answer: &HelloAnswer) -> Option<Held> {
        if !matches!(self.phase, Phase::Greeting { .. }) {
            return None;
        }
        self.phase = Phase::Live;
        self.failures = 0;
        self.refusal = None;
        self.held = Held::new(answer.acknowledged, self.takes_ahead.as_deref().unwrap_or_default());
        self.parting = None;
        Some(self.held.clone())
    }

    /// A message other than the answer to the hello. Answers what is newly known to be durable. The ranges that come beside the
    /// answer to the hello come before it.
    pub fn message(&mut self, now: Duration, message: &Control, epoch: u64) -> Option<Held> {
        match message {
            Control::Ack { epoch: of, acknowledged } if *of == epoch && self.is_live() => {
                // An acknowledgement of what was not sent is not believed.
                if *acknowledged >= self.reach() || !self.held.add(1, *acknowledged) {
                    return None;
                }
                self.arrived(now);
                Some(Held::new(*acknowledged, &[]))
            }
            Control::Ahead { epoch: of, ranges } if *of == epoch => match self.phase {
                Phase::Connecting { .. } | Phase::Greeting { .. } => {
                    self.takes_ahead = Some(ranges.iter().take(MAX_AHEAD).copied().collect());
                    None
                }
                Phase::Live => self.ahead(now, ranges),
                Phase::Waiting { .. } => None,
            },
            Control::Refusal(refusal) => {
                self.refusal = Some(refusal.clone());
                None
            }
            _ => None,
        }
    }

    /// The first sequence that was neither sent with everything before it, nor is there already.
    fn reach(&self) -> u64 {
        let Some(parting) = self.parting else { return self.held.all() + 1 };
        let behind = self.held.end_of(self.backlog.cursor).map_or(self.backlog.cursor, |end| end + 1);
        if behind >= parting { self.live.cursor } else { behind }
    }

    /// Of the ranges that the collector has ahead, the lane of what is made now makes one longer; the others are known.
    fn ahead(&mut self, now: Duration, ranges: &[(u64, u64)]) -> Option<Held> {
        let parting = self.parting?;
        let (_, last) = ranges.iter().find(|(first, last)| (*first..=*last).contains(&parting))?;
        let last = (*last).min(self.live.cursor - 1);
        if last < parting || !self.held.add(parting, last) {
            return None;
        }
        self.arrived(now);
        Some(Held::new(self.held.all(), &[(parting, last)]))
    }

    fn arrived(&mut self, now: Duration) {
        while self.live.acknowledged(&self.held).is_some() {}
        while let Some(sent) = self.backlog.acknowledged(&self.held) {
            self.pace.acknowledged(now, sent.at, sent.bytes, self.window.bytes);
        }
    }

    /// There is no connection any more, or none came about. Waits longer each time, never all agents alike.
    pub fn lost(&mut self, now: Duration) {
        self.failures = self.failures.saturating_add(1);
        self.current = (self.current + 1) % self.collectors;
        self.takes_ahead = None;
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

/// Notes what is sent, and answers it as what to do.
fn send(lane: &mut Lane, now: Duration, item: Item) -> Action {
    match item {
        Item::Frame(stored) => {
            lane.sent(now, stored.last(), u64::from(stored.length));
            Action::Frame(stored)
        }
        Item::Gap { first, last } => {
            let count = (last - first + 1).min(GAP_STEP);
            lane.sent(now, first + count - 1, 0);
            Action::Gap { first, count: count as u32 }
        }
    }
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
