//! Modbus/TCP (MODBUS Messaging on TCP/IP 1.0b, MODBUS Application Protocol 1.1b3), and UMAS in function 90.
//!
//! Read: every function code as an operation, exceptions, units, address ranges, single values, file
//! records, diagnostics sub-functions, device identification (as an asset). Answers take what they do not
//! say themselves from their request, found by transaction number. A stream with a gap, or begun in the
//! middle, is taken up again at the next message that fits.
//! Not read: register contents beyond one value, Modbus RTU over TCP, Modbus security (TLS), the inside of UMAS.

mod parse;
mod probe;
mod session;
mod table;
#[cfg(test)]
mod tests;

use crate::{Context, Dissector, Head, Home, Probe, SessionBox};
use picket_event::{Protocol, Transport};

/// The dissector.
#[derive(Debug)]
pub struct Modbus;

impl Modbus {
    /// Where it is met.
    pub const HOME: Home =
        Home { transports: &[Transport::TCP, Transport::UDP], ether_types: &[], ports: &[502], needs_port: false };
}

impl Dissector for Modbus {
    fn protocol(&self) -> Protocol {
        Protocol::MODBUS
    }

    fn probe(&self, head: &Head<'_>) -> Probe {
        probe::probe(head)
    }

    fn open(&self, _context: &Context) -> SessionBox {
        Box::new(session::Modbus::default())
    }

    fn session_limit(&self) -> usize {
        // The table of requests, and the session itself.
        size_of::<session::Modbus>() + session::PENDING * 2 * 64
    }
}
