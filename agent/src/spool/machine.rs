//! What the spool decides, without touching a file.
//!
//! Frames and time go in; [`Action`]s for the files come out. The sequences of an epoch are always parted exactly
//! into acknowledged, spooled and lost, so the ledger adds up by construction:
//! `1..=acknowledged` is done (delivered, or lost by reason), and everything up to `next` after it is either a
//! frame or a gap. What the collector has ahead of `acknowledged` is a gap too, of a reason of its own ([`DELIVERED`]): such a gap
//! is told to nobody, and counts as acknowledged. Each class has segments of its own, so that room is made by deleting whole files, lowest class
//! first, oldest first.

mod acknowledge;

use super::Limits;
use super::scan::FILE_HEADER_BYTES;
use picket_event::Loss;
use picket_event::wire::{Class, Header};
use std::collections::BTreeMap;

/// The reason of a gap whose events the collector has, while it lacks others before them. Written as any other, so that a release
/// that does not know it reads the state all the same; it counts them as lost until the collector says how far it has come.
const DELIVERED: &str = "delivered";

/// What the shell has to do, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Make a segment file.
    Create {
        /// Its number.
        segment: u64,
        /// What it holds.
        class: Class,
    },
    /// Write the frame just placed at this offset.
    Append {
        /// The segment.
        segment: u64,
        /// Where in it.
        offset: u64,
    },
    /// Delete a segment file.
    Delete {
        /// Its number.
        segment: u64,
        /// What it held.
        class: Class,
        /// The highest sequence that was ever written to it.
        last: u64,
    },
}

/// A frame on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// First sequence.
    pub first: u64,
    /// Events.
    pub count: u32,
    /// The segment it lies in.
    pub segment: u64,
    /// Where in it.
    pub offset: u64,
    /// Bytes, header included.
    pub length: u32,
}

impl Stored {
    /// Last sequence.
    #[must_use]
    pub const fn last(&self) -> u64 {
        self.first + self.count as u64 - 1
    }
}

/// What to send next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// A frame.
    Frame(Stored),
    /// A range that will never come.
    Gap {
        /// Its first sequence.
        first: u64,
        /// Its last.
        last: u64,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Gap {
    last: u64,
    reason: String,
    /// Whether the collector was told. A gap that was not, and is acknowledged all the same, had been delivered.
    declared: bool,
}

impl Gap {
    fn is_delivered(&self) -> bool {
        self.reason == DELIVERED
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Segment {
    class: Class,
    bytes: u64,
    live: u32,
    last: u64,
}

/// What survives a restart beside the segments.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// The epoch.
    pub epoch: u64,
    /// The next sequence, at least.
    pub next: u64,
    /// Highest acknowledged sequence.
    pub acknowledged: u64,
    /// Events lost among the acknowledged sequences, by reason.
    pub lost: BTreeMap<String, u64>,
    /// Events lost before they had a sequence, by reason.
    pub refused: BTreeMap<String, u64>,
    /// Gaps after the acknowledged sequence: first, last, reason, and whether the collector was told.
    pub gaps: Vec<(u64, u64, String, bool)>,
}

/// A segment as found on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its number.
    pub segment: u64,
    /// Its class.
    pub class: Class,
    /// Its bytes, after a torn tail was cut.
    pub bytes: u64,
    /// The good frames in it; their `segment` is this one.
    pub frames: Vec<Stored>,
    /// Whether something in it was bad.
    pub damaged: bool,
    /// What altered frames at its end say they held: first and last sequence.
    pub claims: Vec<(u64, u64)>,
}

/// The spool's state.
#[derive(Clone, Debug)]
pub struct Machine {
    limits: Limits,
    epoch: u64,
    next: u64,
    durable: u64,
    acknowledged: u64,
    frames: BTreeMap<u64, Stored>,
    gaps: BTreeMap<u64, Gap>,
    lost: BTreeMap<String, u64>,
    refused: BTreeMap<String, u64>,
    segments: BTreeMap<u64, Segment>,
    open: [Option<u64>; 3],
    next_segment: u64,
    bytes: u64,
    /// The first sequence given since the start, until the collector has been heard of for the first time.
    fresh: Option<u64>,
}

impl Machine {
    /// An empty spool with a new epoch.
    #[must_use]
    pub fn new(limits: Limits, epoch: u64) -> Self {
        Self {
            limits,
            epoch,
            next: 1,
            durable: 0,
            acknowledged: 0,
            frames: BTreeMap::new(),
            gaps: BTreeMap::new(),
            lost: BTreeMap::new(),
            refused: BTreeMap::new(),
            segments: BTreeMap::new(),
            open: [None; 3],
            next_segment: 1,
            bytes: 0,
            fresh: Some(1),
        }
    }

    /// From the next frame on, so many bytes on disk are allowed.
    pub const fn resize(&mut self, bytes: u64) {
        self.limits.bytes = bytes;
    }

    /// The spool as a restart finds it. Answers what was lost beyond what the state knew, and what to delete.
    #[must_use]
    pub fn recover(limits: Limits, state: State, found: Vec<Found>) -> (Self, Vec<Loss>, Vec<Action>) {
        let mut m = Self::new(limits, state.epoch);
        (m.acknowledged, m.lost, m.refused) = (state.acknowledged, state.lost, state.refused);
        m.next = state.next.max(state.acknowledged + 1);
        let mut damaged = false;
        let mut claims = Vec::new();
        let mut frames: Vec<Stored> = Vec::new();
        for segment in found {
            damaged |= segment.damaged;
            m.next_segment = m.next_segment.max(segment.segment + 1);
            m.bytes += segment.bytes;
            let last = segment.frames.iter().map(Stored::last).max().unwrap_or(0);
            m.segments.insert(segment.segment, Segment { class: segment.class, bytes: segment.bytes, live: 0, last });
            frames.extend(segment.frames);
            claims.extend(segment.claims);
        }
        let known =
            state.gaps.into_iter().map(|(first, last, reason, declared)| (first, Gap { last, reason, declared }));
        let known: BTreeMap<u64, Gap> = known.collect();
        // What the collector was told will never come must not come, though a write that failed turns out to have worked. What it
        // has need not come again.
        let told = |frame: &Stored| {
            let gap = known.range(..=frame.first).next_back().map(|(_, gap)| gap);
            gap.is_some_and(|gap| (gap.declared || gap.is_delivered()) && gap.last >= frame.first)
        };
        frames.sort_unstable_by_key(|frame| frame.first);
        let mut end = m.acknowledged;
        for frame in frames {
            // What is acknowledged is done; what overlaps cannot be ours.
            if frame.first > end && !told(&frame) {
                end = frame.last();
                if let Some(segment) = m.segments.get_mut(&frame.segment) {
                    segment.live += 1;
                }
                m.frames.insert(frame.first, frame);
            }
        }
        m.next = m.next.max(end + 1);
        // An altered frame at the very end may have been sent: its numbers are not given again. Believed only where it
        // follows what is known, since what it says may be what was altered.
        claims.sort_unstable();
        for (first, last) in claims {
            if first == m.next {
                m.next = last + 1;
            }
        }
        (m.durable, m.fresh) = (m.next - 1, Some(m.next));
        let losses = m.fill_gaps(&known, if damaged { "corrupt" } else { "missing" });
        let dead: Vec<u64> = m.segments.iter().filter(|(_, s)| s.live == 0).map(|(n, _)| *n).collect();
        let actions = dead.into_iter().filter_map(|segment| m.delete(segment)).collect();
        (m, losses, actions)
    }

    /// Makes a gap of every sequence that is neither acknowledged nor in a frame.
    fn fill_gaps(&mut self, known: &BTreeMap<u64, Gap>, reason: &str) -> Vec<Loss> {
        let mut losses = Vec::new();
        let mut at = self.acknowledged + 1;
        let frames: Vec<Stored> = self.frames.values().copied().collect();
        let ends = frames.iter().map(|frame| (frame.first, frame.last())).chain([(self.next, self.next)]);
        for (first, last) in ends {
            while at < first {
                let inside = known.range(..=at).next_back().map(|(_, gap)| gap).filter(|gap| gap.last >= at);
                let gap = match inside {
                    Some(gap) => Gap { last: gap.last.min(first - 1), ..gap.clone() },
                    None => {
                        let last = known.range(at..first).next().map_or(first - 1, |(next, _)| next - 1);
                        losses.push(Loss { reason: reason.to_owned(), first: at, last, count: last - at + 1 });
                        Gap { last, reason: reason.to_owned(), declared: false }
                    }
                };
                let to = gap.last;
                self.gaps.insert(at, gap);
                at = to + 1;
            }
            at = last + 1;
        }
        losses
    }

    /// What a restart needs.
    #[must_use]
    pub fn state(&self) -> State {
        State {
            epoch: self.epoch,
            next: self.durable + 1,
            acknowledged: self.acknowledged,
            lost: self.lost.clone(),
            refused: self.refused.clone(),
            gaps: self.gaps.iter().map(|(first, gap)| (*first, gap.last, gap.reason.clone(), gap.declared)).collect(),
        }
    }

    /// The epoch.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The sequence of the next event.
    #[must_use]
    pub const fn next(&self) -> u64 {
        self.next
    }

    /// Highest acknowledged sequence.
    #[must_use]
    pub const fn acknowledged(&self) -> u64 {
        self.acknowledged
    }

    /// Highest sequence that is flushed, or known to be lost, with all before it.
    #[must_use]
    pub const fn durable(&self) -> u64 {
        self.durable
    }

    /// Whether frames of more than so many bytes wait from this sequence on.
    #[must_use]
    pub fn exceeds(&self, from: u64, bytes: u64) -> bool {
        let mut waiting = 0;
        self.frames.range(from..).any(|(_, frame)| {
            waiting += u64::from(frame.length);
            waiting > bytes
        })
    }

    /// Bytes on disk.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Places a frame whose first sequence is [`Machine::next`]. Losses are what had to go to make room; the frame
    /// itself may be among them.
    pub fn place(&mut self, header: &Header) -> (Vec<Action>, Vec<Loss>) {
        let length = header.total() as u64;
        let (first, last) = (header.first, header.last());
        self.next = last + 1;
        let (mut actions, mut losses) = (Vec::new(), Vec::new());
        // It may need a segment of its own.
        let needed = length + FILE_HEADER_BYTES as u64;
        while self.bytes + needed > self.limits.bytes || self.frames.len() >= self.limits.frames {
            let empty = self.segments.iter().find(|(_, s)| s.live == 0).map(|(n, _)| *n);
            let lowest = || self.segments.iter().min_by_key(|(n, s)| (s.class, **n)).map(|(n, s)| (*n, s.class));
            match empty.or_else(|| lowest().filter(|(_, class)| *class <= header.class).map(|(n, _)| n)) {
                Some(segment) => actions.extend(self.drop_segment(segment, &mut losses)),
                None => {
                    losses.push(self.lose(first, last, "spool_full"));
                    return (actions, losses);
                }
            }
        }
        let segment = self.segment_for(header.class, length, &mut actions);
        let offset = self.segments.get(&segment).map_or(0, |s| s.bytes);
        actions.push(Action::Append { segment, offset });
        if let Some(s) = self.segments.get_mut(&segment) {
            s.bytes += length;
            s.live += 1;
            s.last = s.last.max(last);
        }
        self.bytes += length;
        self.frames.insert(first, Stored { first, count: header.count, segment, offset, length: length as u32 });
        (actions, losses)
    }

    /// The disk has no room for a frame just placed, whatever the limits say: the oldest segment of the lowest class goes,
    /// of the frame's own class at most and never the one it is in. `None` when there is none.
    pub fn give_way(&mut self, header: &Header, losses: &mut Vec<Loss>) -> Option<Action> {
        let own = self.frames.get(&header.first).map(|frame| frame.segment);
        let others = self.segments.iter().filter(|(n, s)| Some(**n) != own && s.class <= header.class);
        let segment = others.min_by_key(|(n, s)| (s.class, **n)).map(|(n, _)| *n)?;
        self.drop_segment(segment, losses)
    }

    /// The class of a segment that is on disk.
    #[must_use]
    pub fn class(&self, segment: u64) -> Option<Class> {
        self.segments.get(&segment).map(|s| s.class)
    }

    fn segment_for(&mut self, class: Class, length: u64, actions: &mut Vec<Action>) -> u64 {
        let room = |n: &u64| self.segments.get(n).is_some_and(|s| s.bytes + length <= self.limits.segment_bytes);
        let [detail, flow, alert] = &mut self.open;
        let open = match class {
            Class::Detail => detail,
            Class::Flow => flow,
            Class::Alert => alert,
        };
        if let Some(segment) = open.filter(room) {
            return segment;
        }
        let segment = self.next_segment;
        *open = Some(segment);
        self.next_segment += 1;
        self.segments.insert(segment, Segment { class, bytes: FILE_HEADER_BYTES as u64, live: 0, last: 0 });
        self.bytes += FILE_HEADER_BYTES as u64;
        actions.push(Action::Create { segment, class });
        segment
    }

    fn drop_segment(&mut self, segment: u64, losses: &mut Vec<Loss>) -> Option<Action> {
        let inside: Vec<Stored> = self.frames.values().filter(|f| f.segment == segment).copied().collect();
        for frame in inside {
            self.frames.remove(&frame.first);
            losses.push(self.lose(frame.first, frame.last(), "spool_full"));
        }
        self.delete(segment)
    }

    fn delete(&mut self, segment: u64) -> Option<Action> {
        for open in &mut self.open {
            *open = open.filter(|n| *n != segment);
        }
        let Segment { class, bytes, last, .. } = self.segments.remove(&segment)?;
        self.bytes -= bytes;
        Some(Action::Delete { segment, class, last })
    }

    /// Enters a gap, joined to the one before where nobody was told of either.
    fn lose(&mut self, first: u64, last: u64, reason: &str) -> Loss {
        let before = self.gaps.range_mut(..first).next_back().map(|(_, gap)| gap);
        match before.filter(|g| g.last + 1 == first && g.reason == reason && !g.declared) {
            Some(gap) => gap.last = last,
            None => {
                self.gaps.insert(first, Gap { last, reason: reason.to_owned(), declared: false });
            }
        }
        Loss { reason: reason.to_owned(), first, last, count: last - first + 1 }
    }

    /// Counts events that were lost before they had a sequence.
    pub fn refuse(&mut self, reason: &str, count: u64) {
        *self.refused.entry(reason.to_owned()).or_default() += count;
    }

    /// A frame could not be written, or not be read again: it becomes a gap. Its segment gets nothing more.
    pub fn failed(&mut self, first: u64, reason: &str) -> Option<Loss> {
        let frame = self.frames.remove(&first)?;
        for open in &mut self.open {
            *open = open.filter(|n| *n != frame.segment);
        }
        if let Some(segment) = self.segments.get_mut(&frame.segment) {
            segment.live = segment.live.saturating_sub(1);
        }
        Some(self.lose(frame.first, frame.last(), reason))
    }

    /// A segment could not be flushed: what was written to it since [`Machine::synced`] becomes gaps.
    pub fn unflushed(&mut self, segment: u64, reason: &str) -> Vec<Loss> {
        let since = self.frames.range(self.durable + 1..).filter(|(_, frame)| frame.segment == segment);
        let since: Vec<u64> = since.map(|(first, _)| *first).collect();
        since.into_iter().filter_map(|first| self.failed(first, reason)).collect()
    }

    /// The highest sequence that a flushed frame on disk holds, 0 for none.
    #[must_use]
    pub fn standing(&self) -> u64 {
        self.frames.range(..=self.durable).next_back().map_or(0, |(_, frame)| frame.last())
    }

    /// Everything placed so far is flushed, or known to be lost, and may be sent.
    pub const fn synced(&mut self) {
        self.durable = self.next - 1;
    }

    /// What comes at `cursor`; `None` when nothing durable does.
    #[must_use]
    pub fn item(&self, cursor: u64) -> Option<Item> {
        if cursor > self.durable || cursor == 0 {
            return None;
        }
        if cursor <= self.acknowledged {
            // The collector forgot what it once acknowledged (it was restored from a backup); it is gone here too.
            return Some(Item::Gap { first: cursor, last: self.acknowledged });
        }
        if let Some(frame) = self.frames.get(&cursor) {
            return Some(Item::Frame(*frame));
        }
        let (_, gap) = self.gaps.range(..=cursor).next_back()?;
        (gap.last >= cursor).then_some(Item::Gap { first: cursor, last: gap.last })
    }

    /// The collector is being told that this range will never come.
    pub fn declared(&mut self, first: u64, last: u64) {
        self.split(first);
        self.split(last + 1);
        // Of what was delivered once, and is forgotten there, the books say no other than before.
        for (_, gap) in self.gaps.range_mut(first..=last).filter(|(_, gap)| !gap.is_delivered()) {
            gap.declared = true;
        }
    }

    /// Parts the gap that holds `at` so that one begins there.
    fn split(&mut self, at: u64) {
        let Some((_, gap)) = self.gaps.range_mut(..at).next_back().filter(|(_, gap)| gap.last >= at) else { return };
        let rest = gap.clone();
        gap.last = at - 1;
        self.gaps.insert(at, rest);
    }

    /// Events made, acknowledged and spooled, and the lost by reason; they balance exactly.
    #[must_use]
    pub fn books(&self) -> Books {
        let refused: u64 = self.refused.values().sum();
        let done: u64 = self.lost.values().sum();
        let mut acknowledged = self.acknowledged - done;
        let mut lost = self.refused.clone();
        for (reason, count) in &self.lost {
            *lost.entry(reason.clone()).or_default() += count;
        }
        for (first, gap) in &self.gaps {
            let count = gap.last - first + 1;
            if gap.is_delivered() {
                acknowledged += count;
            } else {
                *lost.entry(gap.reason.clone()).or_default() += count;
            }
        }
        let spooled = self.frames.values().map(|frame| u64::from(frame.count)).sum();
        Books { events: self.next - 1 + refused, acknowledged, spooled, lost }
    }
}

/// The event part of a ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Books {
    /// Events made.
    pub events: u64,
    /// Events the collector has acknowledged.
    pub acknowledged: u64,
    /// Events on disk.
    pub spooled: u64,
    /// Events lost, by reason.
    pub lost: BTreeMap<String, u64>,
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
