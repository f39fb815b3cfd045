//! Genisys, between a railway's office and its field stations, over TCP (Union Switch & Signal service manual 6701,
//! and the public analysis in cisagov/icsnpp-genisys).
//!
//! Read: every message with its station's address, the addresses of the bytes it sets or tells, the value of a single
//! one. Checksums are verified. Not read: what single bits mean, which every line agrees on for itself.

mod parse;
mod session;
mod table;
#[cfg(test)]
mod tests;

crate::framed::framed! {
    /// The dissector.
    Genisys: GENISYS {
        framing: session::Genisys, probe: crate::sides::probe::<session::Genisys>,
        transports: crate::dissector::TCP, ether_types: &[], ports: &[10_001],
    }
}
