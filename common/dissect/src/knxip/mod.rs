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

use crate::dissector::BOTH;
use crate::framed::framed;
use crate::sides::both;
use crate::{Head, Probe};

framed! {
    /// The dissector.
    KnxIp: KNXIP {
        framing: session::KnxIp, probe: probe,
        transports: BOTH, ether_types: &[], ports: &[3671],
    }
}

fn probe(head: &Head<'_>) -> Probe {
    both(head, |bytes, _| parse::judge(bytes, head.transport))
}
