//! NetBIOS names (RFC 1001, RFC 1002 section 4.2).
//!
//! Read: names that hosts register or refresh, answers to questions, the table of names of a node with its hardware
//! address; suffixes as roles. Not read: questions, releases, the session service; datagrams are `netbios`.

mod parse;
mod table;

pub(crate) use parse::encoded;
pub(crate) use table::is_machine;

crate::teller::teller! {
    /// The dissector.
    Nbns: NBNS {
        transports: crate::dissector::UDP, ports: &[137], ether_types: &[], needs_port: true,
        probe: crate::recognise::nbns, varies: (0, 2),
    }
}
