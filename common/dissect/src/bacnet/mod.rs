//! BACnet (ASHRAE 135-2020): BACnet/IP (annex J), BACnet/IPv6 (annex U), BACnet over IEEE 802.2 (clause 7) and MS/TP
//! frames (clause 9) as captured on the line, and in SNAP frames as analysers put them.
//!
//! Read: the virtual link layer, network headers and network messages, every confirmed and unconfirmed service with its
//! answers, errors, rejects and aborts; segments are put together up to a bound. Objects, properties, single values; what
//! devices say of themselves (I-Am, names, maker, model, firmware).
//! Not read: BACnet/SC (TLS), lists within properties, tokens and polls of MS/TP.

mod parse;
mod probe;
mod session;
mod table;
mod tag;
#[cfg(test)]
mod tests;

use crate::plant::Framed;
use crate::{Context, Dissector, Head, Home, Probe, SessionBox};
use picket_event::{Endpoints, Protocol, Transport};

/// The dissector.
#[derive(Debug)]
pub struct Bacnet;

impl Bacnet {
    /// Where it is met: below IP at the service access point of BACnet, and the SNAP number of one maker's analyser.
    pub const HOME: Home =
        Home { transports: &[Transport::UDP], ether_types: &[LLC, CIMETRICS], ports: &[47_808], needs_port: false };
}

/// The service access point of BACnet (clause 7).
const LLC: u16 = 0x82;
/// MS/TP frames in SNAP frames of Cimetrics.
const CIMETRICS: u16 = 0x0001;

impl Dissector for Bacnet {
    fn protocol(&self) -> Protocol {
        Protocol::BACNET
    }

    fn probe(&self, head: &Head<'_>) -> Probe {
        probe::probe(head)
    }

    fn open(&self, context: &Context) -> SessionBox {
        let medium = match context.endpoints {
            Endpoints::Link { ether_type: Some(LLC), .. } => parse::Medium::Ethernet,
            Endpoints::Link { .. } => parse::Medium::Serial,
            Endpoints::Ip { .. } => parse::Medium::Ip,
        };
        Box::new(Framed::new(session::Bacnet::new(medium)))
    }

    fn session_limit(&self) -> usize {
        Framed::<session::Bacnet>::limit() + session::LIMIT
    }
}
