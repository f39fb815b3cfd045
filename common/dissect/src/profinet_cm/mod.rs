//! PROFINET's context manager over connectionless DCE/RPC (IEC 61158-6-10, "RPC PDUs"; C706 chapter 12), in both byte orders.
//!
//! Read: connect, release, read, write and control with their answers and faults; slots, subslots and record indexes; the name
//! of a controller that connects, and a device's identification I&M 0 (as assets). A call in fragments is one message.
//! Not read: contents of records, what was expected of modules, other interfaces' calls (those of the end-point mapper too).

mod parse;
mod session;
mod table;
#[cfg(test)]
mod tests;

use crate::dissector::UDP;
use crate::framed::framed;
use crate::recognise::{Guess, either};
use crate::{Head, Probe};

framed! {
    /// The dissector.
    ProfinetCm: PROFINET_CM {
        framing: session::ProfinetCm, probe: probe,
        transports: UDP, ether_types: &[], ports: &[34_964],
    }
}

/// A call to one of PROFINET's interfaces. Looking for them with the end-point mapper may come first.
fn probe(head: &Head<'_>) -> Probe {
    match either(head, judge) {
        Probe::Yes { confidence, .. } => Probe::Yes { confidence, reversed: answered(head) },
        other => other,
    }
}

/// Whether the one taken for the client answers, and the other does not.
fn answered(head: &Head<'_>) -> bool {
    let kind = |bytes: &[u8]| parse::call(bytes).map(|call| table::is_answer(call.kind)).ok();
    kind(head.to_server) == Some(true) && kind(head.to_client) != Some(true)
        || kind(head.to_client) == Some(false) && head.to_server.is_empty()
}

fn judge(bytes: &[u8]) -> Guess {
    match parse::call(bytes) {
        Ok(call) if call.ours => Guess::Yes(0.98),
        Ok(call) if call.mapper => Guess::Open,
        _ => Guess::No,
    }
}
