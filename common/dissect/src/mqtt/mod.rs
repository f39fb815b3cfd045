//! MQTT 3.1, 3.1.1 and 5.0 (OASIS), and the topics of Sparkplug B (Eclipse Sparkplug 3.0).
//!
//! Read: every control packet; the client's id, topics and filters; refusals as exceptions; commands to nodes and devices
//! of Sparkplug as writes. Acknowledgements between the halves of a delivery are no messages of their own.
//! Not read: payloads, properties of version 5 beyond their length, MQTT over WebSockets.

mod parse;
mod probe;
mod session;
mod table;
#[cfg(test)]
mod tests;

use crate::plant::Framed;
use crate::{Context, Dissector, Head, Home, Probe, SessionBox};
use picket_event::{Protocol, Transport};

/// The dissector.
#[derive(Debug)]
pub struct Mqtt;

impl Mqtt {
    /// Where it is met.
    pub const HOME: Home = Home { transports: &[Transport::TCP], ether_types: &[], ports: &[1883], needs_port: false };
}

impl Dissector for Mqtt {
    fn protocol(&self) -> Protocol {
        Protocol::MQTT
    }

    fn probe(&self, head: &Head<'_>) -> Probe {
        probe::probe(head)
    }

    fn open(&self, _context: &Context) -> SessionBox {
        Box::new(Framed::new(session::Mqtt::default()))
    }

    fn session_limit(&self) -> usize {
        Framed::<session::Mqtt>::limit()
    }
}
