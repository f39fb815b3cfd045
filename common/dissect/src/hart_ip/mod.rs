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

use crate::dissector::BOTH;
use crate::framed::framed;
use crate::sides::both;
use crate::{Head, Probe};

framed! {
    /// The dissector.
    HartIp: HART_IP {
        framing: session::HartIp, probe: probe,
        transports: BOTH, ether_types: &[], ports: &[5094],
    }
}

fn probe(head: &Head<'_>) -> Probe {
    both(head, |bytes, _| parse::judge(bytes, head.transport))
}
