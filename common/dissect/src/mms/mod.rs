//! MMS (ISO 9506-1 and -2), as IEC 61850-8-1 and ICCP (IEC 60870-6-503, TASE.2) use it: over ISO transport (RFC 1006), session
//! (ISO 8327) and presentation (ISO 8823) with ACSE (ISO 8650), or straight over transport.
//!
//! Read: every confirmed service, information reports and other unconfirmed services, errors and rejects, initiating,
//! concluding and cancelling; names of variables, lists, domains, programs and files, single values that are written; what a
//! device tells of itself (answers to identify, names of its domains) as an asset. Answers take their operation from their
//! request, found by invoke id. Nothing that was agreed at the beginning is needed: what a value is stands in its tags.
//! A conversation with names of TASE.2 is called ICCP in its messages, and stays MMS as a flow.
//! Not read: contents of structures and of files, alternate access, indefinite lengths.

mod carried;
mod name;
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
pub struct Mms;

impl Mms {
    /// Where it is met.
    pub const HOME: Home = Home { transports: &[Transport::TCP], ether_types: &[], ports: &[102], needs_port: false };
}

impl Dissector for Mms {
    fn protocol(&self) -> Protocol {
        Protocol::MMS
    }

    fn probe(&self, head: &Head<'_>) -> Probe {
        iso::probe(head, parse::sight)
    }

    fn open(&self, _context: &Context) -> SessionBox {
        Box::new(OverIso::<session::Mms>::default())
    }

    fn session_limit(&self) -> usize {
        size_of::<OverIso<session::Mms>>() + iso::session_limit() + session::PENDING * 2 * (96 + 4 * name::LIMIT)
    }
}
