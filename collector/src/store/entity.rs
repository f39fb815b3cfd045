//! Which entities an event touches, for finding events by entity and time.

use picket_event::{Body, Endpoints, Event, Mac, Timestamp};
use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// The address of an entity: IP, or MAC where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntityKey {
    /// An IP address.
    Ip(IpAddr),
    /// A MAC address.
    Mac(Mac),
}

impl EntityKey {
    /// As stored: 4, 16 or 6 bytes.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Ip(IpAddr::V4(ip)) => ip.octets().to_vec(),
            Self::Ip(IpAddr::V6(ip)) => ip.octets().to_vec(),
            Self::Mac(mac) => mac.0.to_vec(),
        }
    }

    /// From what is stored.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if let Ok(ip) = <[u8; 4]>::try_from(bytes) {
            return Some(Self::Ip(IpAddr::from(ip)));
        }
        if let Ok(mac) = <[u8; 6]>::try_from(bytes) {
            return Some(Self::Mac(Mac(mac)));
        }
        <[u8; 16]>::try_from(bytes).ok().map(|ip| Self::Ip(IpAddr::V6(Ipv6Addr::from(ip))))
    }

    /// The entities an event is about: the two ends of its conversation, its host, its asset.
    pub fn of(event: &Event, mut each: impl FnMut(Self)) {
        match event.flow.map(|flow| flow.endpoints) {
            Some(Endpoints::Ip { src, dest, .. }) => {
                each(Self::Ip(src));
                each(Self::Ip(dest));
            }
            Some(Endpoints::Link { src, dest, .. }) => src.into_iter().chain(dest).for_each(|mac| each(Self::Mac(mac))),
            None => {}
        }
        match &event.body {
            Body::Host(host) => each(Self::Ip(host.ip)),
            Body::Asset(asset) => {
                asset.ip.into_iter().for_each(|ip| each(Self::Ip(ip)));
                asset.mac.into_iter().for_each(|mac| each(Self::Mac(mac)));
            }
            _ => {}
        }
    }

    /// Whether an event is about this entity.
    #[must_use]
    pub fn is_in(&self, event: &Event) -> bool {
        let mut found = false;
        Self::of(event, |key| found |= key == *self);
        found
    }
}

impl fmt::Display for EntityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(ip) => ip.fmt(f),
            Self::Mac(mac) => mac.fmt(f),
        }
    }
}

impl std::str::FromStr for EntityKey {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mac = || text.parse().map(Self::Mac);
        text.parse().map(Self::Ip).or_else(|_| mac()).map_err(|_| "neither an IP address nor a MAC address")
    }
}

/// One entity in one frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posting {
    /// The entity.
    pub entity: EntityKey,
    /// Time of its first event in the frame.
    pub from: Timestamp,
    /// Time of its last.
    pub to: Timestamp,
}

/// The postings of a frame's events, sorted by entity, so that the store touches its pages in order.
#[must_use]
pub fn postings<'a>(events: impl Iterator<Item = &'a Event>) -> Vec<Posting> {
    let mut spans: BTreeMap<EntityKey, (Timestamp, Timestamp)> = BTreeMap::new();
    for event in events {
        EntityKey::of(event, |key| {
            let span = spans.entry(key).or_insert((event.time, event.time));
            span.0 = span.0.min(event.time);
            span.1 = span.1.max(event.time);
        });
    }
    spans.into_iter().map(|(entity, (from, to))| Posting { entity, from, to }).collect()
}
