//! IPv6 neighbour discovery (RFC 4861): who has which address, and who routes.
//!
//! Read: the sender's link-layer address in solicitations and router advertisements, the target's in neighbour
//! advertisements. Not read: prefixes, redirects, SEND (RFC 3971). Other ICMPv6 is no neighbour discovery.

mod parse;
mod table;
#[cfg(test)]
mod tests;

use picket_event::Transport;

crate::teller::teller! {
    /// The dissector.
    Nd: ND {
        transports: &[Transport::ICMP6], ports: &[], ether_types: &[], needs_port: false,
        probe: |head| crate::link::ask(parse::looks, head), varies: (0, 0),
    }
}
