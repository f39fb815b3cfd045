//! STUN (RFC 8489, RFC 3489) and TURN (RFC 8656), over UDP and TCP.
//!
//! Read: methods, errors, software, realms, how a client proves itself, and the addresses told inside: mapped ones (of the client
//! behind address translation), relayed ones, peers. Goes into the conversation's row. What ends agree on by it, DTLS and QUIC,
//! is identified anew (RFC 7983, RFC 9443).
//! Not read: names of users, passwords, data carried by TURN.

mod parse;
mod table;
#[cfg(test)]
mod tests;

use crate::describer::{Way, describer};
use crate::{Head, Probe, dtls, quic, recognise};
use picket_event::Transport;

describer! {
    /// The dissector.
    Stun: STUN {
        transports: &[Transport::TCP, Transport::UDP],
        ports: &[3478],
        probe: probe,
        way: Way { messages: 64, length: Some(parse::length), is_other, read: parse::read },
    }
}

fn is_other(bytes: &[u8]) -> bool {
    dtls::is_hello(bytes) || quic::is_initial(bytes)
}

/// With the magic cookie, or without it as long ago.
fn probe(head: &Head<'_>) -> Probe {
    match recognise::stun(head) {
        Probe::No if head.transport == Transport::UDP => recognise::classic_stun(head),
        said => said,
    }
}
