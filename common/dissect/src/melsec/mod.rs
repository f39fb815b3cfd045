//! Mitsubishi's controllers: SLMP and the MC protocol (CLPA SLMP specification; MELSEC communication protocol reference
//! manual SH-080008) in frames 3E and 4E, binary and ASCII, and 1E binary; and MELSOFT, the programming protocol on the same
//! ports (not published; known from captures and public scanners).
//!
//! Read: every command as an operation, answers through the serial number (4E) or in order (3E, 1E), end codes, device ranges,
//! single written words, the type name (as an asset). Of MELSOFT: commands by number, the processor's name.
//! Not read: random and block access's addresses, file names, 1E in ASCII, what MELSOFT's commands carry.

mod melsoft;
mod old;
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
    Melsec: MELSEC {
        framing: session::Melsec, probe: probe::probe,
        transports: BOTH, ether_types: &[], ports: &[5000, 5001, 5002, 5006, 5007, 5010, 5560],
    }
}
