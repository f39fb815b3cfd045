//! DHCP (RFC 2131, RFC 2132, RFC 4702).
//!
//! Read: the client's hardware address, host name, vendor class and the options it asks for (a fingerprint of its
//! system); the address a server assigns, the server itself, the routers and name servers it hands out. Not read:
//! leases, boot files, relay information, authentication.

mod parse;
mod table;

crate::teller::teller! {
    /// The dissector.
    Dhcp: DHCP {
        transports: crate::dissector::UDP, ports: &[67, 68], ether_types: &[], needs_port: false,
        probe: crate::recognise::dhcp,
        // Transaction, seconds and flags differ between equal messages.
        varies: (4, 12),
    }
}
