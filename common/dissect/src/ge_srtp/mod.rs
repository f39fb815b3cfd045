//! GE SRTP, the service request transport of GE Fanuc and Emerson PACSystems controllers. Not published; known from public
//! analyses (Denton, Karpisek, Breitinger, Baggili: "Leveraging the SRTP protocol for over-the-network memory acquisition of
//! a GE Fanuc Series 90-30", 2017) and captures.
//!
//! Read: every service request, answers by sequence number, refusals, memory areas with their ranges, single written words.
//! Not read: program blocks, names, time, what a status says of sweep and keys.

mod parse;
mod probe;
mod session;
mod table;
#[cfg(test)]
mod tests;

use crate::dissector::TCP;
use crate::framed::framed;

framed! {
    /// The dissector.
    GeSrtp: GE_SRTP {
        framing: session::GeSrtp, probe: probe::probe,
        transports: TCP, ether_types: &[], ports: &[18_245],
    }
}
