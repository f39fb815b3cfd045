//! Cisco Discovery Protocol, versions 1 and 2 (layout: Cisco, "Cisco Discovery Protocol configuration guide", and
//! public captures).
//!
//! Read: device, address, capabilities, software, platform. Not read: VLANs, duplex, power, cluster messages. The
//! checksum is not verified.

mod parse;
mod table;

crate::teller::teller! {
    /// The dissector.
    Cdp: CDP {
        transports: crate::dissector::LINK, ports: &[], ether_types: &[0x2000], needs_port: false,
        probe: |head| crate::link::ask(crate::link::network::cdp, head), varies: (0, 0),
    }
}
