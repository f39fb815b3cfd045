//! SNMP versions 1 and 2c (RFC 1157, RFC 3416), the system group (RFC 3418) alone.
//!
//! Read: description and name of the system, in answers. Not read: everything else, version 3 (RFC 3412), whose
//! messages are mostly encrypted. Communities are passwords and are never kept.

mod parse;
mod table;

crate::teller::teller! {
    /// The dissector.
    Snmp: SNMP {
        transports: crate::dissector::UDP, ports: &[161, 162], ether_types: &[], needs_port: false,
        probe: crate::recognise::snmp, varies: (0, 0),
    }
}
