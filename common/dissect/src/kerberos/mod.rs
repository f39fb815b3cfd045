//! Kerberos 5 (RFC 4120), over UDP and TCP.
//!
//! Read: names of machines (accounts that end in `$`, host principals of services, NetBIOS addresses) with their realm,
//! and who answers as key centre. Not read: names of people, which identify no host; tickets, which are encrypted.

mod parse;
mod table;

use picket_event::Transport;

crate::teller::teller! {
    /// The dissector.
    Kerberos: KERBEROS {
        transports: &[Transport::UDP, Transport::TCP], ports: &[88], ether_types: &[], needs_port: false,
        probe: crate::recognise::kerberos, varies: (0, 0),
    }
}
