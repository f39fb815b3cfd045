//! S7comm: Siemens S7 300 and 400, and what imitates them, over ISO transport (RFC 1006). Not published by its maker; known
//! from the S7comm dissector of Wireshark, the Snap7 project and the analyses of G. Miru ("The Siemens S7 Communication").
//!
//! Read: every function of jobs and their answers, services of programs, blocks that are loaded, user data by group and
//! function, areas with their addresses and single values, errors; what a device tells in its system status lists (as an
//! asset: order number, names, serial number, firmware). Answers take their object from their request, found by reference.
//! Not read: contents of blocks and of larger areas, symbolic addresses of the S7 1200, parts of a status list behind the
//! first message.

mod asset;
mod item;
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
pub struct S7comm;

impl S7comm {
    /// Where it is met.
    pub const HOME: Home = Home { transports: &[Transport::TCP], ether_types: &[], ports: &[102], needs_port: false };
}

impl Dissector for S7comm {
    fn protocol(&self) -> Protocol {
        Protocol::S7COMM
    }

    fn probe(&self, head: &Head<'_>) -> Probe {
        iso::probe(head, parse::sight)
    }

    fn open(&self, _context: &Context) -> SessionBox {
        Box::new(OverIso::<session::S7comm>::default())
    }

    fn session_limit(&self) -> usize {
        size_of::<OverIso<session::S7comm>>() + iso::session_limit() + session::PENDING * 2 * 96
    }
}
