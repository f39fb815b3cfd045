//! Diagnostics over IP (ISO 13400-2) and the services of unified diagnostics within (ISO 14229-1) by name.
//!
//! Read: every payload type; announcements and identification of vehicles as assets; diagnostic messages with their target
//! and service, negative answers as exceptions. Acknowledgements of diagnostic messages are below the application.
//! Not read: the data of diagnostic services, DoIP over TLS.

mod parse;
mod session;
mod table;
#[cfg(test)]
mod tests;

use crate::plant::{Framed, dialogue};
use crate::{Context, Dissector, Head, Home, Probe, SessionBox};
use picket_event::{Protocol, Transport};

/// The dissector.
#[derive(Debug)]
pub struct DoIp;

impl DoIp {
    /// Where it is met.
    pub const HOME: Home =
        Home { transports: &[Transport::TCP, Transport::UDP], ether_types: &[], ports: &[13_400], needs_port: false };
}

impl Dissector for DoIp {
    fn protocol(&self) -> Protocol {
        Protocol::DOIP
    }

    fn probe(&self, head: &Head<'_>) -> Probe {
        dialogue(head, |bytes| parse::judge(bytes, head.transport))
    }

    fn open(&self, _context: &Context) -> SessionBox {
        Box::new(Framed::new(session::DoIp::default()))
    }

    fn session_limit(&self) -> usize {
        Framed::<session::DoIp>::limit()
    }
}
