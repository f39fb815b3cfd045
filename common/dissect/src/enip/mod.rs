//! EtherNet/IP explicit messages (ODVA, CIP Networks Library volume 2 chapter 2) and CIP within (volume 1).
//!
//! Read: every encapsulation command; CIP requests and answers, unconnected and connected, out of Unconnected Send and
//! of Multiple Service Packets (one message for each service inside), with class, instance, attribute or the name of a
//! tag; PCCC commands; single values of tags. ListIdentity and the Identity object tell of devices. Answers take what
//! they do not say themselves from their request, found by sender context or connection's sequence count.
//! Not read: the inside of structures and fragments, CIP Safety, CIP Security (TLS), implicit messages.

mod cip;
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
    Enip: ENIP {
        framing: session::Enip, probe: probe::probe,
        transports: BOTH, ether_types: &[], ports: &[44_818],
    }
}
