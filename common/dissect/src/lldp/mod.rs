//! LLDP (IEEE 802.1AB-2016), with the inventory of LLDP-MED (ANSI/TIA-1057).
//!
//! Read: chassis, system name and description, enabled capabilities, the management address, the inventory. Not
//! read: VLANs, power, aggregation, and what other organisations add.

mod parse;
mod table;

crate::teller::teller! {
    /// The dissector.
    Lldp: LLDP {
        transports: crate::dissector::LINK, ports: &[], ether_types: &[0x88cc], needs_port: false,
        probe: |head| crate::link::ask(crate::link::network::lldp, head), varies: (0, 0),
    }
}
