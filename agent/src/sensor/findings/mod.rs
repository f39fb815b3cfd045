//! Findings on industrial messages that need no learning: one message, or a short window of one client's.
//!
//! What a plant does every day is not told here: who has never written before, or writes at an odd hour, is the
//! collector's judgement, which remembers. A finding is told once an hour for a client and a server.

mod publishers;
mod table;
#[cfg(test)]
mod tests;

use super::report::{Damage, Said};
use picket_event::body::{self, Body, Ics};
use picket_event::{Endpoints, Mac, MessageKind, Reason, ReasonArg, Timestamp};
use picket_feature::Lru;
use publishers::Publishers;
use std::net::IpAddr;
use std::time::Duration;
use table::Finding;

/// Clients and servers remembered.
const PEERS_MAX: usize = 8_192;
/// Time until the same is told again.
const AGAIN: Duration = Duration::from_secs(3_600);
/// The window in which what is counted has to come together.
const WINDOW: Duration = Duration::from_secs(60);
/// Different units of one server asked in a window.
const UNITS: usize = 16;
/// Different functions refused in a window.
const FUNCTIONS: usize = 6;
/// Different addresses asked in a window.
const RANGES: usize = 96;
/// Refusals in a window.
const EXCEPTIONS: u32 = 30;
/// Contradictions that well-meaning programs are known to send all day.
const QUIRKS: &[&str] = &["bacnet: length does not fit"];
/// Messages of a window that contradict themselves.
const DAMAGED: u32 = 5;

/// What is remembered between messages.
#[derive(Debug)]
pub(crate) struct Findings {
    peers: Lru<Ends, Watch>,
    publishers: Publishers,
}

/// A client and a server: addresses, or below IP stations.
/// In numbers, because they are compared with every message: what the ends are, and both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Ends(u8, u128, u128);

/// What one client does to one server.
#[derive(Debug, Default)]
struct Watch {
    /// When each kind was told last, by its place in the table.
    told: Vec<(&'static str, Timestamp)>,
    window: Window,
}

#[derive(Debug, Default)]
struct Window {
    start: Option<Timestamp>,
    // In order: few, and looked up with every message.
    units: Vec<u32>,
    refused: Vec<u32>,
    ranges: Vec<(u32, u32)>,
    exceptions: u32,
    damaged: u32,
}

impl Findings {
    pub(crate) fn new(seed: u64) -> Self {
        Self { peers: Lru::new(PEERS_MAX, seed), publishers: Publishers::new(seed) }
    }

    /// Looks at an event; what has to be told of it.
    pub(crate) fn hear(&mut self, said: &Said) -> Vec<body::Alert> {
        let (Body::Ics(ics), Some(flow)) = (&said.body, &said.flow) else { return Vec::new() };
        let alone = table::of_message(ics).filter(|_| ics.kind != MessageKind::Exception);
        let published = self.publishers.hear(ics, &flow.endpoints, said.time);
        let is_counted = matches!(ics.kind, MessageKind::Request | MessageKind::Exception);
        if !is_counted && alone.is_none() && published.is_none() {
            return Vec::new();
        }
        let Some(ends) = ends(&flow.endpoints) else { return Vec::new() };
        let watch = self.peers.entry(ends, Watch::default);
        let counted = if is_counted { watch.window.count(ics, said.time) } else { None };
        if let (None, None, None) = (alone, counted, published) {
            return Vec::new();
        }
        let found = [alone, counted, published].into_iter().flatten();
        found.filter(|finding| watch.is_news(finding, said.time)).map(|finding| alert(finding, ics)).collect()
    }

    /// Counts a message that contradicts itself; what has to be told of it.
    pub(crate) fn damage(&mut self, damage: &Damage) -> Option<body::Alert> {
        if QUIRKS.contains(&damage.reason) {
            return None;
        }
        let watch = self.peers.entry(ends(&damage.flow.endpoints)?, Watch::default);
        watch.window.turn(damage.time);
        watch.window.damaged = watch.window.damaged.saturating_add(1);
        let told = watch.window.damaged >= DAMAGED && watch.is_news(&table::MALFORMED, damage.time);
        told.then(|| table::MALFORMED.alert(Reason::literal(damage.reason)))
    }

    /// What was forgotten for want of room: clients and servers, control blocks.
    pub(crate) const fn forgotten(&self) -> u64 {
        self.peers.evicted() + self.publishers.forgotten()
    }
}

impl Watch {
    fn is_news(&mut self, finding: &Finding, now: Timestamp) -> bool {
        match self.told.iter_mut().find(|(kind, _)| *kind == finding.kind) {
            Some((_, last)) if now.since(*last) < AGAIN => false,
            Some((_, last)) => {
                *last = now;
                true
            }
            None => {
                self.told.push((finding.kind, now));
                true
            }
        }
    }
}

impl Window {
    /// Begins anew where the window is over.
    fn turn(&mut self, now: Timestamp) {
        if self.start.is_none_or(|start| now.since(start) >= WINDOW) {
            *self = Self { start: Some(now), ..Self::default() };
        }
    }

    /// Counts a message; what its window has shown with it. Requests are counted, and refusals.
    fn count(&mut self, ics: &Ics, now: Timestamp) -> Option<&'static Finding> {
        self.turn(now);
        if ics.kind == MessageKind::Exception {
            self.exceptions = self.exceptions.saturating_add(ics.count.max(1));
            insert(&mut self.refused, ics.function & 0x7fff_ffff, FUNCTIONS);
        }
        if ics.kind == MessageKind::Request && !table::ASKS_ALL.contains(&ics.protocol) {
            ics.unit.into_iter().for_each(|unit| insert(&mut self.units, unit, UNITS));
            ics.range.into_iter().for_each(|range| insert(&mut self.ranges, range, RANGES));
        }
        if self.refused.len() >= FUNCTIONS {
            Some(&table::FUNCTION_SCAN)
        } else if self.units.len() >= UNITS {
            Some(&table::UNIT_SCAN)
        } else if self.exceptions >= EXCEPTIONS {
            Some(&table::EXCEPTIONS)
        } else if self.ranges.len() >= RANGES {
            Some(&table::RANGE_SCAN)
        } else {
            None
        }
    }
}

/// Puts a value among those that are there, of which there are at most so many.
fn insert<T: Ord>(set: &mut Vec<T>, value: T, most: usize) {
    if set.len() < most
        && let Err(place) = set.binary_search(&value)
    {
        set.insert(place, value);
    }
}

/// Another station claims the address or the name of a device, as `detail` says.
pub(crate) fn identity_conflict(source: &str, detail: &str) -> body::Alert {
    table::IDENTITY.alert(Reason { template: Reason::ICS_DETAIL, args: vec![text(source), text(detail)] })
}

fn text(words: &str) -> ReasonArg {
    ReasonArg::Text(words.to_owned())
}

fn alert(finding: &Finding, ics: &Ics) -> body::Alert {
    let function = if ics.function_name.is_empty() { "function" } else { &ics.function_name };
    let mut args = vec![text(ics.protocol.name()), text(function), ReasonArg::Number(ics.function as f32)];
    let mut template = Reason::ICS_FUNCTION;
    if let Some(object) = ics.object.as_deref().filter(|object| !object.is_empty()) {
        args.push(text(object));
        template = Reason::ICS_MESSAGE;
    }
    finding.alert(Reason { template, args })
}

fn ends(endpoints: &Endpoints) -> Option<Ends> {
    match *endpoints {
        Endpoints::Ip { src: IpAddr::V4(src), dest: IpAddr::V4(dest), .. } => {
            Some(Ends(4, src.to_bits().into(), dest.to_bits().into()))
        }
        Endpoints::Ip { src, dest, .. } => {
            let wide = |ip: IpAddr| match ip {
                IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
                IpAddr::V6(v6) => v6.to_bits(),
            };
            Some(Ends(6, wide(src), wide(dest)))
        }
        Endpoints::Link { src: Some(src), dest: Some(dest), .. } => {
            let number = |mac: Mac| mac.0.iter().fold(0, |number, byte| number << 8 | u128::from(*byte));
            Some(Ends(0, number(src), number(dest)))
        }
        Endpoints::Link { .. } => None,
    }
}
