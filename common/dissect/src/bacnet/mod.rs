//! BACnet (ASHRAE 135-2020): BACnet/IP (annex J), BACnet/IPv6 (annex U), BACnet over IEEE 802.2 (clause 7) and MS/TP
//! frames (clause 9) as captured on the line, and in SNAP frames as analysers put them.
//!
//! Read: the virtual link layer, network headers and network messages, every confirmed and unconfirmed service with its
//! answers, errors, rejects and aborts; segments are put together up to a bound. Objects, properties, single values; what
//! devices say of themselves (I-Am, names, maker, model, firmware).
//! Not read: BACnet/SC (TLS), lists within properties, tokens and polls of MS/TP.

mod parse;
mod probe;
mod session;
mod table;
mod tag;
#[cfg(test)]
mod tests;

use crate::dissector::UDP;
use crate::framed::framed;

/// The service access point of BACnet (clause 7).
const LLC: u16 = 0x82;
/// MS/TP frames in SNAP frames of Cimetrics.
const CIMETRICS: u16 = 0x0001;

framed! {
    /// The dissector. Below IP it is met at the service access point of BACnet, and the SNAP number of one maker's analyser.
    Bacnet: BACNET {
        framing: session::Bacnet, probe: probe::probe,
        transports: UDP, ether_types: &[LLC, CIMETRICS], ports: &[47_808],
    }
}
