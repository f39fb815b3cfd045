//! OpenVPN over UDP and TCP (its protocol's description in ssl_pkt.h, and draft-openvpn-wire-protocol).
//!
//! Read: hard resets of all kinds, and the TLS handshake in the control channel where it goes in clear: without a key for
//! it, or under `tls-auth`, which signs and does not hide. Its packets are put in order within bounds; the flow keeps its
//! name and has a `tls` event. Under `tls-crypt` and `tls-crypt-v2` the connection is named alone.
//! Not read: data, key exchanges later on, connections that began before the capture.

mod parse;
mod probe;
mod session;
mod table;
#[cfg(test)]
mod tests;

use crate::{Context, Dissector, Head, Home, Probe, SessionBox, inside};
use picket_event::{Protocol, Transport};

/// The dissector.
#[derive(Debug)]
pub struct Openvpn;

impl Openvpn {
    /// Where it is met.
    pub const HOME: Home =
        Home { transports: &[Transport::TCP, Transport::UDP], ether_types: &[], ports: &[1194], needs_port: false };
}

impl Dissector for Openvpn {
    fn protocol(&self) -> Protocol {
        Protocol::OPENVPN
    }

    fn probe(&self, head: &Head<'_>) -> Probe {
        probe::probe(head)
    }

    fn open(&self, context: &Context) -> SessionBox {
        Box::new(session::Tunnel::new(context))
    }

    fn session_limit(&self) -> usize {
        // What waits for its turn each way, and the handshake's own session.
        2 * session::WAITING_BYTES + inside::limit()
    }
}
