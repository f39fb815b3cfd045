//! Modbus/TCP (MODBUS Messaging on TCP/IP 1.0b, MODBUS Application Protocol 1.1b3), frames of the serial line over TCP or UDP
//! (MODBUS over Serial Line 1.02), and UMAS in function 90 (not published; known from public analyses, Kaspersky ICS CERT,
//! "The secrets of Schneider Electric's UMAS protocol").
//!
//! Read: every function code as an operation, exceptions, units, address ranges, single values, file
//! records, diagnostics sub-functions, device identification (as an asset); UMAS's
//! functions, and the model and project it tells of (as an asset). A conversation that begins with UMAS carries its name. Answers take what they do not
//! say themselves from their request, found by transaction number. A stream with a gap, or begun in the
//! middle, is taken up again at the next message that fits.
//! Not read: register contents beyond one value, Modbus security (TLS), variables and blocks of UMAS.

mod parse;
mod probe;
mod rtu;
mod session;
mod table;
#[cfg(test)]
mod tests;
mod umas;

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

/// The same functions in frames of the serial line.
#[derive(Debug)]
pub struct ModbusRtu;

impl ModbusRtu {
    /// Where it is met.
    pub const HOME: Home = Modbus::HOME;
}

impl Dissector for ModbusRtu {
    fn protocol(&self) -> Protocol {
        Protocol::MODBUS
    }

    fn probe(&self, head: &Head<'_>) -> Probe {
        rtu::probe(head)
    }

    fn open(&self, _context: &Context) -> SessionBox {
        Box::new(rtu::Rtu::default())
    }

    fn session_limit(&self) -> usize {
        size_of::<rtu::Rtu>() + session::PENDING * 2 * 64
    }
}

/// A conversation that begins with UMAS: read as Modbus is, and called by what it is for.
#[derive(Debug)]
pub struct Umas;

impl Umas {
    /// Where it is met.
    pub const HOME: Home = Modbus::HOME;
}

impl Dissector for Umas {
    fn protocol(&self) -> Protocol {
        Protocol::UMAS
    }

    fn probe(&self, head: &Head<'_>) -> Probe {
        umas::probe(head)
    }

    fn open(&self, context: &Context) -> SessionBox {
        Modbus.open(context)
    }

    fn session_limit(&self) -> usize {
        Modbus.session_limit()
    }
}
