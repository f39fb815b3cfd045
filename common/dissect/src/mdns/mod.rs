//! Multicast DNS and DNS service discovery (RFC 6762, RFC 6763).
//!
//! Read, from answers alone: names with their addresses, services with their ports, what devices say of their
//! maker and model. Not read: questions, and instance names, which people choose.

mod parse;
mod table;
#[cfg(test)]
mod tests;

crate::teller::teller! {
    /// The dissector.
    Mdns: MDNS {
        transports: crate::dissector::UDP, ports: &[5353], ether_types: &[], needs_port: true,
        probe: crate::recognise::named, varies: (0, 2),
    }
}
