//! OPC UA binary over TCP (OPC 10000-6 clauses 5.2, 6.7, 7.1; services of OPC 10000-4).
//!
//! Read: hellos, acknowledgements and errors of the connection; opens and closes of secure channels, encrypted or not;
//! every service by its type, out of chunks; faults as exceptions of their request; the first node a service names; what
//! servers and clients say of their application. Of encrypted channels only opens and closes can be read; signed ones
//! are read like open ones.
//! Not read: values, the inside of methods, PubSub, OPC UA over HTTPS and WebSockets.

mod binary;
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
pub struct OpcUa;

impl OpcUa {
    /// Where it is met.
    pub const HOME: Home = Home { transports: &[Transport::TCP], ether_types: &[], ports: &[4840], needs_port: false };
}

impl Dissector for OpcUa {
    fn protocol(&self) -> Protocol {
        Protocol::OPCUA
    }

    fn probe(&self, head: &Head<'_>) -> Probe {
        probe::probe(head)
    }

    fn open(&self, _context: &Context) -> SessionBox {
        Box::new(Framed::new(session::OpcUa::default()))
    }

    fn session_limit(&self) -> usize {
        Framed::<session::OpcUa>::limit() + session::LIMIT
    }
}
