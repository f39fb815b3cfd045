//! Equal industrial messages of one minute become one event with a count.
//!
//! The first of its kind in a conversation goes out at once, so that what is new is not delayed; repeats
//! of the same minute follow as one event. Counts add up exactly to the messages read.

use super::report::{Report, Said};
use picket_event::body::Ics;
use picket_event::{Body, FlowRef, Operation, Timestamp};

/// Different messages of one conversation that are counted apart in a minute.
const MESSAGES_MAX: usize = 64;

/// The messages of one conversation.
#[derive(Debug, Default)]
pub(crate) struct Merge {
    previous: Option<Operation>,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    /// Of the message's numbers, so that most others are passed over without looking into the box.
    key: u64,
    ics: Box<Ics>,
    /// Repeats not told yet.
    repeats: u32,
    flow: FlowRef,
    vlan: Option<u16>,
    last: Timestamp,
}

impl Merge {
    /// Takes a message, and gives it back where it was merged away. `capped` counts those that could not be
    /// merged for want of room.
    pub(crate) fn take(
        &mut self,
        mut ics: Box<Ics>,
        said: &Context,
        reports: &mut Vec<Report>,
        capped: &mut u64,
    ) -> Option<Box<Ics>> {
        ics.previous = self.previous.replace(ics.operation);
        let key = key(&ics);
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.key == key && is_equal(&entry.ics, &ics)) {
            entry.repeats = entry.repeats.saturating_add(ics.count.max(1));
            (entry.flow, entry.vlan, entry.last) = (said.flow, said.vlan, said.time);
            return Some(ics);
        }
        if self.entries.len() < MESSAGES_MAX {
            let Context { flow, vlan, time } = *said;
            self.entries.push(Entry { key, ics: ics.clone(), repeats: 0, flow, vlan, last: time });
        } else {
            *capped += 1;
        }
        reports.push(event(said, ics));
        None
    }

    /// A minute is over: repeats go out, and what did not repeat is forgotten.
    pub(crate) fn flush(&mut self, reports: &mut Vec<Report>) {
        self.entries.retain_mut(|entry| {
            let count = std::mem::take(&mut entry.repeats);
            if count == 0 {
                return false;
            }
            let said = Context { flow: entry.flow, vlan: entry.vlan, time: entry.last };
            reports.push(event(&said, Box::new(Ics { count, ..(*entry.ics).clone() })));
            true
        });
    }
}

/// Where a message was said.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context {
    pub(crate) flow: FlowRef,
    pub(crate) vlan: Option<u16>,
    pub(crate) time: Timestamp,
}

fn event(said: &Context, ics: Box<Ics>) -> Report {
    let Context { flow, vlan, time } = *said;
    Report::Event(Box::new(Said { time, vlan, flow: Some(flow), body: Body::Ics(ics) }))
}

/// A number that equal messages share.
fn key(ics: &Ics) -> u64 {
    let (first, last) = ics.range.unwrap_or((u32::MAX, 0));
    let wide = |high: u32, low: u32| u64::from(high) << 32 | u64::from(low);
    let previous = ics.previous.map_or(0xff, |operation| operation as u32);
    let roles = (ics.operation as u32) << 16 | (ics.kind as u32) << 8 | previous;
    let object = ics.object.as_deref().map_or(0, str::len);
    let numbers = [wide(first, last), wide(ics.function, roles), wide(ics.unit.unwrap_or(u32::MAX), object as u32)];
    let value = ics.value.map_or(1, f64::to_bits);
    numbers.into_iter().fold(value, |key, number| (key ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29))
}

/// Equal in all but the count; numbers first, they differ most.
fn is_equal(a: &Ics, b: &Ics) -> bool {
    a.function == b.function
        && a.kind == b.kind
        && a.range == b.range
        && a.unit == b.unit
        && a.operation == b.operation
        && a.previous == b.previous
        && a.value.map(f64::to_bits) == b.value.map(f64::to_bits)
        && a.protocol == b.protocol
        && a.object == b.object
        && a.function_name == b.function_name
}
