//! The PROXY protocol, versions 1 and 2 (HAProxy's proxy-protocol.txt): a proxy's word of whom it speaks for, in front of
//! what the client says.
//!
//! Read: where the header ends. Both directions are handed over there, and the flow takes the name of what is inside; the
//! port that the client asked for breaks ties. Not told: the addresses of the header, for which events have no place.

mod parse;
mod session;
mod table;
#[cfg(test)]
mod tests;

use crate::recognise::{Guess, anything, begins, begins_any, spoken};
use crate::{Context, Dissector, Head, Home, Probe, SessionBox};
use picket_event::{Protocol, Transport};

/// The dissector.
#[derive(Debug)]
pub struct Proxy;

impl Proxy {
    /// Where it is met: on the ports of whatever it stands in front of.
    pub const HOME: Home = Home { transports: &[Transport::TCP], ether_types: &[], ports: &[], needs_port: false };
}

impl Dissector for Proxy {
    fn protocol(&self) -> Protocol {
        Protocol::PROXY
    }

    fn probe(&self, head: &Head<'_>) -> Probe {
        let client = |bytes: &[u8]| match begins(bytes, table::SIGNATURE, 0.98) {
            Guess::No => begins_any(bytes, &table::LINES, 0.98),
            guess => guess,
        };
        spoken(head, client, anything)
    }

    fn open(&self, context: &Context) -> SessionBox {
        Box::new(session::Front::new(context))
    }

    fn session_limit(&self) -> usize {
        // A header of version 2, of which no more is kept than is read.
        size_of::<session::Front>() + 2 * parse::LIMIT
    }
}
