//! CoAP over UDP (RFC 7252) and TCP (RFC 8323), observation (RFC 7641), FETCH and PATCH (RFC 8132), blocks (RFC 7959) as they come.
//!
//! Read: requests with their path, answers by token, refusals, notifications, resets and pings; what a connection says of
//! itself. A message that was sent again is one message.
//! Not read: payloads, CoAP over WebSockets, TLS and DTLS.

mod parse;
mod session;
mod stream;
mod table;
#[cfg(test)]
mod tests;

use crate::dissector::{TCP, UDP};
use crate::framed::framed;

framed! {
    /// The dissector.
    Coap: COAP {
        framing: session::Coap, probe: parse::probe,
        transports: UDP, ether_types: &[], ports: &[5683],
    }
}

framed! {
    /// The same over TCP.
    CoapStream: COAP {
        framing: stream::Stream, probe: stream::probe,
        transports: TCP, ether_types: &[], ports: &[5683],
    }
}
