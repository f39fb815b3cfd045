//! Ethernet POWERLINK (EPSG DS 301 1.2.0; version 1 of the protocol under its own type), and its SDOs over UDP.
//!
//! Read: SDOs (reads, writes, aborts; object or file), commands of network management, what a node says of itself (as an asset).
//! Cyclic frames are recognised and are no events.
//! Not read: segments of long SDOs, contents of several objects at once, process data.

mod parse;
mod session;
mod table;
#[cfg(test)]
mod tests;

use crate::dissector::UDP;
use crate::framed::framed;
use crate::link;

framed! {
    /// The dissector.
    Powerlink: POWERLINK {
        framing: session::Powerlink,
        probe: |head: &crate::Head<'_>| {
            let judge = if head.transport == picket_event::Transport::UDP { parse::probe_datagram } else { parse::probe };
            link::ask(judge, head)
        },
        transports: UDP, ether_types: &[0x88ab, 0x3e3f], ports: &[3819],
    }
}
