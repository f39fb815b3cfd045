//! HART-IP (FieldComm Group TS20085, HART over IP), and HART commands within (TS20081, TS20098, TS20127, TS20151).
//!
//! Read: sessions, keep-alives, commands passed through as requests, answers and bursts, negative acknowledgements; the
//! addressed device, commands of sixteen bits, the identity of command 0 and its kin as an asset.
//! Not read: the values of process variables, device-specific commands, audit logs and security of version 2.

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
pub struct HartIp;

impl HartIp {
    /// Where it is met.
    pub const HOME: Home =
        Home { transports: &[Transport::TCP, Transport::UDP], ether_types: &[], ports: &[5094], needs_port: false };
}

impl Dissector for HartIp {
    fn protocol(&self) -> Protocol {
        Protocol::HART_IP
    }

    fn probe(&self, head: &Head<'_>) -> Probe {
        dialogue(head, |bytes| parse::judge(bytes, head.transport))
    }

    fn open(&self, _context: &Context) -> SessionBox {
        Box::new(Framed::new(session::HartIp::default()))
    }

    fn session_limit(&self) -> usize {
        Framed::<session::HartIp>::limit() + session::LIMIT
    }
}
