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

use crate::dissector::BOTH;
use crate::framed::framed;
use crate::sides::both;
use crate::{Head, Probe};

framed! {
    /// The dissector.
    DoIp: DOIP {
        framing: session::DoIp, probe: probe,
        transports: BOTH, ether_types: &[], ports: &[13_400],
    }
}

fn probe(head: &Head<'_>) -> Probe {
    both(head, |bytes, _| parse::judge(bytes, head.transport))
}
