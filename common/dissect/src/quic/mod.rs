//! QUIC (RFC 9000, 9001, 9369; drafts 23 to 34, Google's T050 and T051): the handshake as far as anyone can read it.
//!
//! Initial packets are protected with keys that follow from the connection id a client begins with, so that
//! both hellos can be read: over several packets and datagrams, in CRYPTO frames in any order, behind a
//! Retry (whose integrity tag is verified) or another version. One `quic` event a connection, written when
//! both hellos are complete or the flow ends; then the session is done, so that bulk data costs nothing.
//! With it the connection ids are told, by which later flows of the connection are known ([`bound_for`]).
//! Named without a hello: connections that began before the capture, by long headers, or by short ones that
//! keep their connection id; older versions of Google and Facebook.
//! Not read: Handshake, 0-RTT and 1-RTT packets (encrypted), Google's own handshake, Initial packets that the
//! capture has cut.

mod keys;
mod midstream;
mod parse;
mod probe;
mod session;
mod stream;
mod table;
#[cfg(test)]
mod tests;

pub use parse::ConnectionId;

use crate::tls::HELLO_LIMIT;
use crate::{Context, Dissector, Head, Home, Probe, SessionBox};
use picket_event::{Protocol, Transport};

/// The dissector.
#[derive(Debug)]
pub struct Quic;

impl Quic {
    /// Where it is met.
    pub const HOME: Home = Home {
        transports: &[Transport::UDP],
        ether_types: &[],
        ports: &[443, 80, 784, 853, 4433, 8443, 8853],
        needs_port: false,
    };
}

impl Dissector for Quic {
    fn protocol(&self) -> Protocol {
        Protocol::QUIC
    }

    fn probe(&self, head: &Head<'_>) -> Probe {
        probe::probe(head)
    }

    fn open(&self, context: &Context) -> SessionBox {
        Box::new(session::Connection::new(context))
    }

    fn session_limit(&self) -> usize {
        // A CRYPTO stream each way, a packet being opened, and the facts of both hellos.
        8 * HELLO_LIMIT
    }
}

/// Where a packet with a short header goes, as far as that can be told: the 20 bytes that begin with its destination
/// connection id, whose length the receiver alone knows (RFC 9000 section 17.3.1). `None` for what cannot be one.
#[must_use]
pub fn bound_for(bytes: &[u8]) -> Option<ConnectionId> {
    let (first, rest) = bytes.split_first()?;
    if first & 0xc0 != 0x40 || !probe::is_short(bytes) {
        return None;
    }
    ConnectionId::new(rest.get(..table::CID_LIMIT)?)
}

/// Whether a datagram begins a connection, on ends where another protocol was seen first.
pub(crate) fn is_initial(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|first| first & 0xc0 == 0xc0) && probe::is_initial(bytes)
}
