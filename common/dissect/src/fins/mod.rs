//! Omron FINS over UDP and FINS/TCP (Omron manuals W227 "FINS commands", W342 "Communications commands", W421 for FINS/TCP).
//!
//! Read: every command, answers and end codes, memory areas with their ranges, single written words, the controller's model
//! and version (as an asset), node addresses of FINS/TCP.
//! Not read: contents of parameter areas, programs and files, names of files.

mod parse;
mod probe;
mod session;
mod table;
#[cfg(test)]
mod tests;

use crate::dissector::BOTH;
use crate::framed::framed;

framed! {
    /// The dissector.
    Fins: FINS {
        framing: session::Fins, probe: probe::probe,
        transports: BOTH, ether_types: &[], ports: &[9600],
    }
}
