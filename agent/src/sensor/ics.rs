//! Equal industrial messages of one minute become one event with a count.
//!
//! The first of its kind in a conversation goes out at once, so that what is new is not delayed; repeats
//! of the same minute follow as one event. Counts add up exactly to the messages read.

use super::HashKey;
use super::report::{Report, Said};
use foldhash::quality::FixedState;
use picket_event::body::Ics;
use picket_event::{Body, FlowId, FlowRef, Operation, Timestamp};
use picket_packet::VlanIds;
use std::hash::{BuildHasher as _, Hasher as _};

/// Different messages of one conversation that are counted apart in a minute.
const MESSAGES_MAX: usize = 64;

/// The messages of one conversation.
#[derive(Debug)]
pub(crate) struct Merge {
    previous: Option<Operation>,
    /// The low byte of each digest, so that one among many is found at a glance.
    tags: [u8; MESSAGES_MAX],
    entries: Vec<Entry>,
    /// Where the last message was said.
    said: Option<Context>,
}

impl Default for Merge {
    fn default() -> Self {
        Self { previous: None, tags: [0; MESSAGES_MAX], entries: Vec::new(), said: None }
    }
}

/// One message. Most are never repeated within their minute, so that its digest is all that is held of the first.
#[derive(Debug)]
struct Entry {
    /// A number that messages share which are equal in all but their count.
    digest: u64,
    /// Repeats not told yet, and one of them.
    repeats: u32,
    repeated: Option<Box<Ics>>,
    flow: FlowId,
    last: Timestamp,
}

impl Merge {
    /// Takes a message, and gives it back where it was merged away and is not needed. `capped` counts those that could
    /// not be merged for want of room.
    pub(crate) fn take(
        &mut self,
        mut ics: Box<Ics>,
        said: &Context,
        key: HashKey,
        reports: &mut Vec<Report>,
        capped: &mut u64,
    ) -> Option<Box<Ics>> {
        ics.previous = self.previous.replace(ics.operation);
        self.said = Some(*said);
        let digest = digest(&ics, key);
        if let Some(entry) = self.find(digest).and_then(|place| self.entries.get_mut(place)) {
            entry.repeats = entry.repeats.saturating_add(ics.count.max(1));
            (entry.flow, entry.last) = (said.flow.id, said.time);
            if entry.repeated.is_some() {
                return Some(ics);
            }
            entry.repeated = Some(ics);
            return None;
        }
        if let Some(place) = self.tags.get_mut(self.entries.len()) {
            *place = tag(digest);
            self.entries.push(Entry { digest, repeats: 0, repeated: None, flow: said.flow.id, last: said.time });
        } else {
            *capped += 1;
        }
        reports.push(event(said, ics));
        None
    }

    /// A minute is over: repeats go out, and what did not repeat is forgotten.
    pub(crate) fn flush(&mut self, reports: &mut Vec<Report>) {
        let Some(Context { flow, vlan, .. }) = self.said else { return };
        self.entries.retain_mut(|entry| {
            let Some(ics) = entry.repeated.take() else { return false };
            let count = std::mem::take(&mut entry.repeats);
            let said = Context { flow: FlowRef { id: entry.flow, ..flow }, vlan, time: entry.last };
            reports.push(event(&said, Box::new(Ics { count, ..*ics })));
            true
        });
        for (place, entry) in self.tags.iter_mut().zip(&self.entries) {
            *place = tag(entry.digest);
        }
    }

    fn find(&self, digest: u64) -> Option<usize> {
        let is_it = |place: &usize| self.entries.get(*place).is_some_and(|entry| entry.digest == digest);
        let tags = self.tags.get(..self.entries.len())?;
        memchr::memchr_iter(tag(digest), tags).find(is_it)
    }
}

/// Where a message was said.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context {
    pub(crate) flow: FlowRef,
    pub(crate) vlan: VlanIds,
    pub(crate) time: Timestamp,
}

const fn tag(digest: u64) -> u8 {
    digest as u8
}

fn event(said: &Context, ics: Box<Ics>) -> Report {
    let Context { flow, vlan, time } = *said;
    Report::Event(Said { time, vlan, flow: Some(flow), body: Body::Ics(ics) })
}

/// A number that messages share which are equal in all but their count; keyed, so that nobody makes two that seem equal.
fn digest(ics: &Ics, key: HashKey) -> u64 {
    let texts = [ics.protocol.name(), &ics.function_name, ics.object.as_deref().unwrap_or_default()];
    let wide = |high: u32, low: u32| u64::from(high) << 32 | u64::from(low);
    let previous = ics.previous.map_or(0xff, |operation| operation as u32);
    let there = [ics.unit.is_some(), ics.range.is_some(), ics.value.is_some(), ics.object.is_some()];
    let there = there.into_iter().fold(0, |bits, there| bits << 1 | u32::from(there));
    let roles = there << 24 | (ics.operation as u32) << 16 | (ics.kind as u32) << 8 | previous;
    let (start, end) = ics.range.unwrap_or_default();
    let numbers = [
        wide(ics.function, roles),
        wide(start, end),
        wide(ics.unit.unwrap_or_default(), texts[0].len() as u32),
        ics.value.map_or(0, f64::to_bits),
        wide(texts[1].len() as u32, texts[2].len() as u32),
    ];
    let mut hasher = FixedState::with_seed(key.seed()).build_hasher();
    for number in numbers {
        hasher.write_u64(number);
    }
    for text in texts {
        hasher.write(text.as_bytes());
    }
    hasher.finish()
}
