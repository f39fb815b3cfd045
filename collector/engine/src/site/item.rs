//! Events made small: what the baseline needs of each, and the order they are taken in.

use picket_event::{Body, Endpoints, Envelope, FlowState, Mac, MessageKind, Operation, Protocol, Source, Timestamp};
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

/// How far before its time the middle of a merged row of messages is taken to be, at least.
const MERGED_BACK: Duration = Duration::from_secs(180);

/// How far a row's turn may lie before its time.
const STEP_BACK: Duration = Duration::from_secs(300);

/// One end of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Party {
    /// By address.
    Ip(IpAddr),
    /// By link address.
    Link(Mac),
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(ip) => ip.fmt(f),
            Self::Link(mac) => mac.fmt(f),
        }
    }
}

/// A behaviour between two ends.
#[derive(Clone, Debug)]
pub struct Talk {
    /// Who began.
    pub src: Party,
    /// Who was asked.
    pub dest: Party,
    /// The service.
    pub protocol: Protocol,
    /// The operation of plant messages.
    pub operation: Option<Operation>,
    /// How many behaviours.
    pub count: u32,
    /// Whether the other side answered.
    pub answered: bool,
    /// Bytes the client sent, and received.
    pub bytes: (u64, u64),
    /// When it took place, for the hour: merged rows by their middle, so that clocks a few minutes off keep the hour.
    pub when: Timestamp,
}

/// What tells names apart.
#[derive(Clone, Debug)]
pub struct Naming {
    /// Address.
    pub ip: Option<IpAddr>,
    /// MAC.
    pub mac: Option<Mac>,
    /// Host name.
    pub hostname: Option<String>,
    /// Purdue level.
    pub level: Option<u8>,
    /// Whether the address is lent for a day (`vpn`).
    pub lent: bool,
}

/// What an event means to the baseline.
#[derive(Clone, Debug)]
pub enum Item {
    /// A behaviour.
    Talk(Talk),
    /// Names.
    Naming(Box<Naming>),
    /// A sign of life of the agent.
    Life,
}

impl Item {
    /// When an item's turn is: merged rows are made after what they stand for, so they step back a little, and
    /// the last row of a day is counted before the day is closed although the sensor's clock is ahead.
    #[must_use]
    pub fn turn(&self, time: Timestamp) -> Timestamp {
        match self {
            Self::Talk(talk) => talk.when.max(time.minus(STEP_BACK)).min(time),
            _ => time,
        }
    }
}

/// Where an event came from, for the agent's liveness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A live interface.
    Interface,
    /// A capture file.
    File,
    /// The agent itself.
    Itself,
}

impl Origin {
    /// From the event's source.
    #[must_use]
    pub const fn of(source: &Source) -> Self {
        match source {
            Source::Interface(_) => Self::Interface,
            Source::File(_) => Self::File,
            Source::Agent => Self::Itself,
        }
    }
}

/// An item that waits for its turn.
#[derive(Clone, Debug)]
pub struct Queued {
    /// When its turn is.
    pub time: Timestamp,
    /// Event time.
    pub heard: Timestamp,
    /// Where its event came from.
    pub from: Origin,
    /// Number of the agent within the site.
    pub agent: u16,
    /// Epoch and sequence: the order among equal times.
    pub order: (u64, u64),
    /// What.
    pub item: Item,
}

/// The two ends, where both have an address.
pub fn parties(endpoints: &Endpoints) -> Option<(Party, Party)> {
    match endpoints {
        Endpoints::Ip { src, dest, .. } => Some((Party::Ip(src.to_canonical()), Party::Ip(dest.to_canonical()))),
        Endpoints::Link { src: Some(src), dest: Some(dest), .. } => Some((Party::Link(*src), Party::Link(*dest))),
        Endpoints::Link { .. } => None,
    }
}

fn middle(a: Timestamp, b: Timestamp) -> Timestamp {
    Timestamp::from_nanos(a.nanos() / 2 + b.nanos() / 2)
}

/// Reads an event. Answers of plant conversations are their requests' shadow and count as life alone.
#[must_use]
pub fn item(envelope: &Envelope) -> Item {
    let event = &envelope.event;
    let ends = event.flow.as_ref().and_then(|flow| parties(&flow.endpoints));
    let talk = |protocol: &Protocol, operation, count, answered, bytes, when| match ends {
        Some((src, dest)) => {
            Item::Talk(Talk { src, dest, protocol: protocol.clone(), operation, count, answered, bytes, when })
        }
        None => Item::Life,
    };
    match &event.body {
        Body::Flow(flow) => {
            let answered = flow.state != FlowState::New;
            let bytes = (flow.bytes.to_server, flow.bytes.to_client);
            let when = if flow.count > 1 { middle(flow.start, event.time) } else { flow.start };
            talk(&flow.app.protocol, None, flow.count.max(1), answered, bytes, when)
        }
        Body::Ics(ics) if ics.kind != MessageKind::Response => {
            // Merged messages carry the time of the last; the clock may be minutes ahead.
            let back = if ics.count > 1 { MERGED_BACK } else { Duration::ZERO };
            talk(&ics.protocol, Some(ics.operation), ics.count.max(1), true, (0, 0), event.time.minus(back))
        }
        Body::Dns(dns) if !dns.answer => talk(&Protocol::DNS, None, 1, true, (0, 0), event.time),
        Body::Asset(asset) => Item::Naming(Box::new(Naming {
            ip: asset.ip.map(|ip| ip.to_canonical()),
            mac: asset.mac,
            hostname: asset.hostname.clone(),
            level: asset.purdue_level,
            lent: asset.source == "vpn",
        })),
        _ => Item::Life,
    }
}
