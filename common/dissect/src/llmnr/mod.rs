//! Link-local multicast name resolution (RFC 4795).
//!
//! Read: names with their addresses, from answers. Not read: questions: who asks for a name tells nothing of itself.

mod parse;
mod table;

crate::teller::teller! {
    /// The dissector.
    Llmnr: LLMNR {
        transports: crate::dissector::UDP, ports: &[5355], ether_types: &[], needs_port: true,
        probe: crate::recognise::named, varies: (0, 2),
    }
}
