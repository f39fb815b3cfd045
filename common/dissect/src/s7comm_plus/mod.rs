//! S7comm-plus: Siemens S7 1200 and 1500 over ISO transport (RFC 1006). Not published by its maker; known from the dissector
//! of T. Wiens and from public analyses ("The spear to break the security wall of S7CommPlus", Black Hat Europe 2017).
//!
//! Read: requests, answers and notifications with their function; answers that tell of an error; the order number and
//! firmware that a device gives when a session is made (as an asset). A message of several fragments is one.
//! Not read: values and addresses of variables, what is inside of explored objects, sessions inside of TLS (they keep the
//! name, and have it too where the connection is seen from its middle).

mod parse;
mod session;
mod table;
#[cfg(test)]
mod tests;

use crate::iso::{self, OverIso};
use crate::{Context, Dissector, Head, Home, Probe, SessionBox};
use picket_event::{Protocol, Transport};

/// The dissector.
#[derive(Debug)]
pub struct S7commPlus;

impl S7commPlus {
    /// Where it is met.
    pub const HOME: Home = Home { transports: &[Transport::TCP], ether_types: &[], ports: &[102], needs_port: false };
}

impl Dissector for S7commPlus {
    fn protocol(&self) -> Protocol {
        Protocol::S7COMM_PLUS
    }

    fn probe(&self, head: &Head<'_>) -> Probe {
        iso::probe(head, parse::sight)
    }

    fn open(&self, _context: &Context) -> SessionBox {
        Box::new(OverIso::<session::S7commPlus>::default())
    }

    fn session_limit(&self) -> usize {
        size_of::<OverIso<session::S7commPlus>>() + iso::session_limit()
    }
}
