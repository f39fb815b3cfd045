//! CoAP over UDP (RFC 7252), observation (RFC 7641), FETCH and PATCH (RFC 8132), blocks (RFC 7959) as they come.
//!
//! Read: requests with their path, answers by token, refusals, notifications, resets and pings. A message that was sent
//! again is one message.
//! Not read: payloads, CoAP over TCP and DTLS.

mod parse;
mod session;
mod table;
#[cfg(test)]
mod tests;

use crate::dissector::UDP;
use crate::framed::framed;

framed! {
    /// The dissector.
    Coap: COAP {
        framing: session::Coap, probe: parse::probe,
        transports: UDP, ether_types: &[], ports: &[5683],
    }
}
