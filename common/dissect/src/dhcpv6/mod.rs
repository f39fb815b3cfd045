//! DHCPv6 (RFC 8415, RFC 4704).
//!
//! Read: the client's full name, vendor class and the options it asks for; servers; messages inside of one relay.
//! Not read: the hardware address in a DUID (it identifies the installation, not the interface that speaks), prefixes,
//! leases, authentication.

mod parse;
mod table;

crate::teller::teller! {
    /// The dissector.
    Dhcpv6: DHCPV6 {
        transports: crate::dissector::UDP, ports: &[546, 547], ether_types: &[], needs_port: true,
        probe: crate::recognise::dhcpv6,
        // The transaction differs between equal messages.
        varies: (1, 4),
    }
}
