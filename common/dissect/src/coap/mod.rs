//! CoAP over UDP (RFC 7252), observation (RFC 7641), FETCH and PATCH (RFC 8132), blocks (RFC 7959) as they come.
//!
//! Read: requests with their path, answers by token, refusals, notifications, resets and pings. A message that was sent
//! again is one message.
//! Not read: payloads, CoAP over TCP and DTLS.

mod parse;
mod session;
mod table;
#[cfg(test)]
mod tests;

use crate::plant::Framed;
use crate::{Context, Dissector, Head, Home, Probe, SessionBox};
use picket_event::{Protocol, Transport};

/// The dissector.
#[derive(Debug)]
pub struct Coap;

impl Coap {
    /// Where it is met.
    pub const HOME: Home = Home { transports: &[Transport::UDP], ether_types: &[], ports: &[5683], needs_port: false };
}

impl Dissector for Coap {
    fn protocol(&self) -> Protocol {
        Protocol::COAP
    }

    fn probe(&self, head: &Head<'_>) -> Probe {
        parse::probe(head)
    }

    fn open(&self, _context: &Context) -> SessionBox {
        Box::new(Framed::new(session::Coap::default()))
    }

    fn session_limit(&self) -> usize {
        Framed::<session::Coap>::limit() + session::LIMIT
    }
}
