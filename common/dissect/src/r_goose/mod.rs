//! Routable GOOSE (IEC 61850-90-5 clause 8): GOOSE in a session protocol over the connectionless transport, over UDP.
//!
//! Read: every GOOSE message of a session's unit, as in [`crate::goose`]. Sampled values inside are no events; a
//! session of them alone is recognised as such ([`crate::recognise`]). Not read: signatures, key times, what is
//! encrypted (it is an event without an object), the exchange of keys.

pub(crate) mod parse;
mod session;
mod table;
#[cfg(test)]
mod tests;

crate::framed::framed! {
    /// The dissector.
    RGoose: R_GOOSE {
        framing: session::RGoose, probe: crate::sides::probe::<session::RGoose>,
        transports: crate::dissector::UDP, ether_types: &[], ports: &[102],
    }
}
