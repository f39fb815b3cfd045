//! GSSE, the older form of GOOSE (IEC 61850-8-1 edition 1, annex on GSSE): over IEEE 802.2, the inactive network layer
//! and the connectionless transport of ISO.
//!
//! Read: every message as an unsolicited report. Not read: what stands above the transport; the standard's second
//! edition has withdrawn it, and hardly any device of today sends it.

mod parse;
mod session;
mod table;
#[cfg(test)]
mod tests;

crate::framed::framed! {
    /// The dissector.
    Gsse: GSSE {
        framing: session::Gsse, probe: crate::sides::probe::<session::Gsse>,
        transports: crate::dissector::LINK, ether_types: &[0xfe], ports: &[],
    }
}
