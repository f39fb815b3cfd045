//! Where things are: prefixes, the inside and the outside, labels of places.

use super::SiteState;
use crate::names::{Relation, Space};
use std::net::IpAddr;

/// Whether a prefix holds an address of its own family.
pub fn holds(network: IpAddr, prefix: u8, address: IpAddr) -> bool {
    match (network, address) {
        (IpAddr::V4(n), IpAddr::V4(a)) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix.min(32))).unwrap_or(0);
            n.to_bits() & mask == a.to_bits() & mask
        }
        (IpAddr::V6(n), IpAddr::V6(a)) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix.min(128))).unwrap_or(0);
            n.to_bits() & mask == a.to_bits() & mask
        }
        _ => false,
    }
}

/// Whether an address is of the kind that is used inside (RFC 1918, RFC 4193, link-local).
pub fn private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(a) => a.is_private() || a.is_link_local(),
        IpAddr::V6(a) => a.is_unique_local() || a.is_unicast_link_local(),
    }
}

/// Whether an address names many hosts, or none.
pub fn grouped(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(a) => a.is_multicast() || a.is_broadcast() || a.is_unspecified(),
        IpAddr::V6(a) => a.is_multicast() || a.is_unspecified(),
    }
}

/// The /24 or /64 of an address.
pub fn subnet(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(a) => IpAddr::V4((a.to_bits() & 0xffff_ff00).into()),
        IpAddr::V6(a) => IpAddr::V6((a.to_bits() & !u128::from(u64::MAX)).into()),
    }
}

impl SiteState {
    fn zone_name(&self, number: u16) -> &str {
        self.site.zones.get(usize::from(number)).map_or("no zone", |z| z.name.as_str())
    }

    /// A space in words.
    pub(super) fn space_label(&self, number: u16) -> String {
        match self.spaces.key(number) {
            Some(Space::Zone(zone)) => self.zone_name(*zone).to_owned(),
            Some(Space::Between(from, to)) => format!("from {} to {}", self.zone_name(*from), self.zone_name(*to)),
            Some(Space::Subnet(IpAddr::V4(net))) => format!("{net}/24"),
            Some(Space::Subnet(IpAddr::V6(net))) => format!("{net}/64"),
            Some(Space::Internet) => "internet".to_owned(),
            Some(Space::Rare) => "internet, rarely used".to_owned(),
            Some(Space::Multicast) => "multicast".to_owned(),
            Some(Space::Link) => "same link".to_owned(),
            Some(Space::Other) | None => "other".to_owned(),
        }
    }

    /// A relation in words.
    pub(super) fn relation_label(&self, number: u16) -> String {
        match self.relations.key(number) {
            Some(relation) if number != 0 => relation.label(),
            _ => "other".to_owned(),
        }
    }

    /// The relation behind a number.
    pub(super) fn relation(&self, number: u16) -> Option<&Relation> {
        self.relations.key(number).filter(|_| number != 0)
    }
}
