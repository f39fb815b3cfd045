//! ARP and reverse ARP (RFC 826, RFC 903): who has which address.
//!
//! Read: the sender's pair of addresses, in requests, answers and announcements (RFC 5227). Not read: the target's,
//! which the sender only believes; other networks than Ethernet under IPv4.

mod parse;
mod table;

crate::teller::teller! {
    /// The dissector.
    Arp: ARP {
        transports: crate::dissector::LINK, ports: &[], ether_types: &[0x0806, 0x8035], needs_port: false,
        probe: |head| crate::link::ask(crate::link::network::arp, head), varies: (0, 0),
    }
}
