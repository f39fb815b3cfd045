//! BSAP over UDP, of Bristol's controllers (Emerson, Network 3000 Communications Application Programmer's Reference,
//! D4052; the header over IP is not published and known from cisagov/icsnpp-bsap).
//!
//! Read: every request inside a datagram as an operation of the remote data base, its answers by their sequence
//! number, polls. Not read: signals' names and values, BSAP over serial lines and what tunnels it.

mod parse;
mod session;
mod table;
#[cfg(test)]
mod tests;

crate::framed::framed! {
    /// The dissector.
    Bsap: BSAP {
        framing: session::Bsap, probe: crate::sides::probe::<session::Bsap>,
        transports: crate::dissector::UDP, ether_types: &[], ports: &[1234, 1235],
    }
}
