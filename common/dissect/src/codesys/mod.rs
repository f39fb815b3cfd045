//! CODESYS: programming and discovery of controllers that run it; V3 over UDP or in blocks over TCP, V2 over TCP. Not published by its
//! maker; known from public analyses (Kaspersky ICS CERT, "Security research: CODESYS Runtime, a PLC control framework";
//! Microsoft, "Multiple high severity vulnerabilities in CODESYS V3 SDK"; Rapid7 and nmap on its name service).
//!
//! Read: address notifications and the name service with what a device tells of itself (as an asset), channels being opened,
//! closed and kept alive, services by component and command; of V2 the identification, and that there are other services.
//! Answers of V3 name their service themselves, those of V2 belong to what was asked last.
//! Not read: values inside of services, blocks behind the first of a message, services that are encrypted (they keep the
//! name), what services of V2 do, V2 in big-endian order.

mod parse;
mod second;
mod session;
mod table;
#[cfg(test)]
mod tests;

use crate::{Context, Dissector, Head, Home, Probe, SessionBox};
use picket_event::{Protocol, Transport};

/// The dissector.
#[derive(Debug)]
pub struct Codesys;

impl Codesys {
    /// Where it is met.
    pub const HOME: Home = Home {
        transports: &[Transport::TCP, Transport::UDP],
        ether_types: &[],
        ports: &[1200, 1217, 1740, 1741, 1742, 1743, 2455, 11_740, 11_741, 11_742, 11_743],
        needs_port: false,
    };
}

impl Dissector for Codesys {
    fn protocol(&self) -> Protocol {
        Protocol::CODESYS
    }

    fn probe(&self, head: &Head<'_>) -> Probe {
        parse::probe(head)
    }

    fn open(&self, _context: &Context) -> SessionBox {
        Box::new(session::Codesys::default())
    }

    fn session_limit(&self) -> usize {
        size_of::<session::Codesys>()
    }
}
