//! What every event has, relative to its frame's preamble.
//!
//! Differences are taken from the preamble, never from the event before, so that an unknown or malformed record
//! costs nothing but itself.

use crate::{Endpoints, Event, FlowId, FlowRef, INTERFACE_TAGS_MAX, Mac, Source, Timestamp, Transport, VLAN_IDS_MAX};
use bincode::{Decode, Encode};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

/// Sources and addresses of one frame at most.
const MAX_SOURCES: usize = 1_024;
const MAX_ADDRESSES: usize = 32_768;
/// Bits of a VLAN id plus one: 1 to 4096.
const VLAN_BITS: u32 = 13;
/// Redacted fields of one event at most.
const MAX_REDACTED: usize = 64;

/// The first record of an event frame.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub(super) struct Preamble {
    /// The time of the first event, nanoseconds since 1970.
    base: i64,
    /// The first conversation's id.
    flow: u64,
    sources: Vec<WireSource>,
    addresses: Vec<IpAddr>,
}

#[derive(Clone, Debug, PartialEq, Encode, Decode)]
enum WireSource {
    Interface(String),
    File(String),
    Agent,
    /// An interface with tags. One without stays what it was before there were any.
    Tagged(String, Vec<String>),
}

/// A time as seconds, microseconds and nanoseconds. This release sends whole microseconds, which is what events tell of
/// times: what is below is noise that costs every row four bytes.
#[derive(Clone, Copy, Debug, PartialEq, Encode, Decode)]
pub(super) struct WireSpan {
    seconds: i64,
    micros: u32,
    nanos: u16,
}

impl WireSpan {
    /// The wrapping difference of the microseconds that two instants lie in.
    pub(super) const fn between(from: Timestamp, to: Timestamp) -> Self {
        let nanos = to.whole_micros().nanos().wrapping_sub(from.whole_micros().nanos());
        let fraction = nanos.rem_euclid(1_000_000_000);
        Self {
            seconds: nanos.div_euclid(1_000_000_000),
            micros: (fraction / 1_000) as u32,
            nanos: (fraction % 1_000) as u16,
        }
    }

    /// The instant so long after `from`. Any span gives one: out of range wraps, as [`WireSpan::between`] does.
    pub(super) const fn after(self, from: Timestamp) -> Timestamp {
        let fraction = self.micros as i64 * 1_000 + self.nanos as i64;
        let nanos = self.seconds.wrapping_mul(1_000_000_000).wrapping_add(fraction);
        Timestamp::from_nanos(from.nanos().wrapping_add(nanos))
    }

    /// The instant so long before `to`.
    pub(super) const fn before(self, to: Timestamp) -> Timestamp {
        let span = self.after(Timestamp::EPOCH).nanos();
        Timestamp::from_nanos(to.nanos().wrapping_sub(span))
    }
}

/// A conversation's id. The sensor's ids are a counter in the lower bits under a few bits of hash, so the lower are a
/// small difference from the frame's first, and the upper cost two or three bytes.
#[derive(Clone, Copy, Debug, PartialEq, Encode, Decode)]
struct WireId {
    upper: u32,
    lower: i64,
}

/// Bits of an id that count.
const COUNTER_BITS: u32 = 38;
const COUNTER_MASK: u64 = (1 << COUNTER_BITS) - 1;

impl WireId {
    const fn new(id: u64, base: u64) -> Self {
        let lower = (id & COUNTER_MASK).cast_signed() - (base & COUNTER_MASK).cast_signed();
        Self { upper: (id >> COUNTER_BITS) as u32, lower }
    }

    const fn id(self, base: u64) -> u64 {
        let lower = self.lower.wrapping_add((base & COUNTER_MASK).cast_signed()).cast_unsigned();
        (self.upper as u64) << COUNTER_BITS | lower & COUNTER_MASK
    }
}

#[derive(Clone, Debug, PartialEq, Encode, Decode)]
enum WireFlow {
    None,
    /// What differs from event to event stands first, and what repeats stands last, beside what repeats in the body:
    /// compression then finds one long match.
    Ip {
        id: WireId,
        src: u16,
        src_port: u16,
        dest: u16,
        dest_port: u16,
        transport: u8,
    },
    Link {
        id: WireId,
        src: Option<Mac>,
        dest: Option<Mac>,
        ether_type: Option<u16>,
        link_type: u16,
    },
}

/// The part that every kind has.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub(super) struct Head {
    time: WireSpan,
    flow: WireFlow,
    source: u16,
    /// VLAN ids plus one, [`VLAN_BITS`] each, the outermost in the lowest; 0 where there is none.
    vlan: u128,
    redacted: Vec<String>,
}

/// What the writer of a frame has seen so far.
#[derive(Debug, Default)]
pub(super) struct Tables {
    preamble: Preamble,
    sources: HashMap<Source, u16>,
    addresses: HashMap<IpAddr, u16>,
}

impl Tables {
    /// The head of the next event; `None` when a table is full.
    pub(super) fn head(&mut self, event: &Event, first: bool) -> Option<Head> {
        if first {
            self.preamble.base = event.time.whole_micros().nanos();
            self.preamble.flow = event.flow.map_or(0, |flow| flow.id.0);
        }
        let source = self.source(&event.source)?;
        let flow = match event.flow {
            None => WireFlow::None,
            Some(FlowRef { id, endpoints }) => {
                let id = WireId::new(id.0, self.preamble.flow);
                match endpoints {
                    Endpoints::Ip { src, src_port, dest, dest_port, transport } => WireFlow::Ip {
                        id,
                        src: self.address(src)?,
                        src_port,
                        dest: self.address(dest)?,
                        dest_port,
                        transport: transport.0,
                    },
                    Endpoints::Link { src, dest, ether_type, link_type } => {
                        WireFlow::Link { id, src, dest, ether_type, link_type }
                    }
                }
            }
        };
        let time = WireSpan::between(Timestamp::from_nanos(self.preamble.base), event.time);
        let outward = event.vlan.iter().take(VLAN_IDS_MAX).rev();
        let vlan = outward.fold(0, |inner, id| inner << VLAN_BITS | (u128::from(*id & 0x0fff) + 1));
        let redacted = event.redacted.iter().take(MAX_REDACTED).cloned().collect();
        Some(Head { time, source, vlan, flow, redacted })
    }

    fn source(&mut self, source: &Source) -> Option<u16> {
        if let Some(index) = self.sources.get(source) {
            return Some(*index);
        }
        let index = self.preamble.sources.len();
        if index >= MAX_SOURCES {
            return None;
        }
        self.preamble.sources.push(match source {
            Source::Interface(interface) if interface.tags.is_empty() => WireSource::Interface(interface.name.clone()),
            Source::Interface(interface) => {
                let tags = interface.tags.iter().take(INTERFACE_TAGS_MAX).cloned().collect();
                WireSource::Tagged(interface.name.clone(), tags)
            }
            Source::File(name) => WireSource::File(name.to_string()),
            Source::Agent => WireSource::Agent,
        });
        self.sources.insert(source.clone(), index as u16);
        Some(index as u16)
    }

    fn address(&mut self, ip: IpAddr) -> Option<u16> {
        if let Some(index) = self.addresses.get(&ip) {
            return Some(*index);
        }
        let index = self.preamble.addresses.len();
        if index >= MAX_ADDRESSES {
            return None;
        }
        self.preamble.addresses.push(ip);
        self.addresses.insert(ip, index as u16);
        Some(index as u16)
    }

    pub(super) fn preamble(&self) -> &Preamble {
        &self.preamble
    }
}

/// What the head of a record stands for: time, source, VLAN ids from the outermost, conversation, redacted fields.
type Resolved = (Timestamp, Source, Vec<u16>, Option<FlowRef>, Vec<String>);

/// The reader's side of [`Tables`].
#[derive(Debug)]
pub(super) struct Context {
    sources: Vec<Source>,
    addresses: Vec<IpAddr>,
    base: Timestamp,
    flow: u64,
}

impl Context {
    pub(super) fn new(preamble: Preamble) -> Self {
        let source = |wire: WireSource| match wire {
            WireSource::Interface(name) => Source::interface(&name),
            WireSource::Tagged(name, mut tags) => {
                tags.truncate(INTERFACE_TAGS_MAX);
                Source::tagged(&name, tags)
            }
            WireSource::File(name) => Source::File(Arc::from(name)),
            WireSource::Agent => Source::Agent,
        };
        Self {
            sources: preamble.sources.into_iter().map(source).collect(),
            addresses: preamble.addresses,
            base: Timestamp::from_nanos(preamble.base),
            flow: preamble.flow,
        }
    }

    /// Time, source, VLAN, conversation and redacted fields; `None` when the head points outside the tables.
    pub(super) fn resolve(&self, head: Head) -> Option<Resolved> {
        let time = head.time.after(self.base);
        let source = self.sources.get(usize::from(head.source))?.clone();
        let flow = match head.flow {
            WireFlow::None => None,
            WireFlow::Ip { id, src, src_port, dest, dest_port, transport } => {
                let src = *self.addresses.get(usize::from(src))?;
                let dest = *self.addresses.get(usize::from(dest))?;
                Some((id, Endpoints::Ip { src, src_port, dest, dest_port, transport: Transport(transport) }))
            }
            WireFlow::Link { id, src, dest, ether_type, link_type } => {
                Some((id, Endpoints::Link { src, dest, ether_type, link_type }))
            }
        };
        if head.redacted.len() > MAX_REDACTED {
            return None;
        }
        let flow = flow.map(|(id, endpoints)| FlowRef { id: FlowId(id.id(self.flow)), endpoints });
        Some((time, source, vlan_ids(head.vlan), flow, head.redacted))
    }
}

/// The ids of a [`Head`].
fn vlan_ids(stack: u128) -> Vec<u16> {
    let above = |index: u32| (stack >> (VLAN_BITS * index)) as u16 & ((1 << VLAN_BITS) - 1);
    (0..VLAN_IDS_MAX as u32).map_while(|index| above(index).checked_sub(1)).collect()
}
