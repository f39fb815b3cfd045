//! KNXnet/IP over UDP and TCP (ISO 22510, KNX standard 3/8/1 to 3/8/9).
//!
//! Read: every service by its number; group and individual addresses of tunnelled and routed telegrams with what they do
//! to a group; the description of a device as an asset.
//! Not read: values of groups, KNX Secure, device configuration beyond its service.

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
pub struct KnxIp;

impl KnxIp {
    /// Where it is met.
    pub const HOME: Home =
        Home { transports: &[Transport::UDP, Transport::TCP], ether_types: &[], ports: &[3671], needs_port: false };
}

impl Dissector for KnxIp {
    fn protocol(&self) -> Protocol {
        Protocol::KNXIP
    }

    fn probe(&self, head: &Head<'_>) -> Probe {
        dialogue(head, |bytes| parse::judge(bytes, head.transport))
    }

    fn open(&self, _context: &Context) -> SessionBox {
        Box::new(Framed::new(session::KnxIp))
    }

    fn session_limit(&self) -> usize {
        Framed::<session::KnxIp>::limit()
    }
}
