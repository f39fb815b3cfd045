//! DTLS 1.0, 1.2 and 1.3 (RFC 4347, 6347, 9147): the handshake as far as it goes in clear.
//!
//! Read: several records a datagram, handshake messages in fragments of any order, a cookie exchange
//! (HelloVerifyRequest or HelloRetryRequest), the first ClientHello and the ServerHello completely,
//! certificates of 1.2 and older, JA3, JA3S and JA4. One `tls` event a handshake, written when what goes in
//! clear is complete or the flow ends. STUN, RTP and TURN channels on the same ends (RFC 7983) are stepped
//! over by their first byte; a flow that begins with STUN is found again in `recognise`.
//! Behind CAPWAP's DTLS header (RFC 5415 section 4.2) the same is read, and the conversation is `capwap`.
//! Not read: DTLS inside TURN channels, client certificates, anything encrypted.

mod parse;
mod session;
mod table;
#[cfg(test)]
mod tests;

use crate::tls::table::message;
use crate::tls::{CERTIFICATES_LIMIT, HELLO_LIMIT};
use crate::{Context, Dissector, Head, Home, Probe, SessionBox};
use parse::{Record, fragment, is_first_byte, record};
use picket_event::{Protocol, Transport, Unit};
use picket_reader::{Fault, Reader};
use table::{BEFORE_1_0, HELLO_VERIFY_REQUEST, content};

/// The dissector.
#[derive(Debug)]
pub struct Dtls;

impl Dtls {
    /// Where it is met.
    pub const HOME: Home = Home {
        transports: &[Transport::UDP],
        ether_types: &[],
        ports: &[443, 853, 2083, 4433, 5061, 5349, 5684],
        needs_port: false,
    };
}

impl Dissector for Dtls {
    fn protocol(&self) -> Protocol {
        Protocol::DTLS
    }

    fn probe(&self, head: &Head<'_>) -> Probe {
        let (client, server) = (look(head.to_server), look(head.to_client));
        let confidence = match (client, server) {
            (Look::Foreign, _) | (_, Look::Foreign) => return Probe::No,
            (Look::Records(a, _), Look::Records(b, _)) => 1.0 - (1.0 - a) * (1.0 - b),
            (Look::Records(a, _), _) | (_, Look::Records(a, _)) => a,
            (Look::Empty, Look::Empty) => return Probe::More,
            // What shares its ends is refused by its first byte; behind STUN a handshake is found by `recognise`.
            _ => return Probe::No,
        };
        let says = |look, side: Side| matches!(look, Look::Records(_, Some(said)) if said == side);
        let reversed = says(client, Side::Server) || says(server, Side::Client);
        Probe::Yes { confidence: Unit::new(confidence), reversed }
    }

    fn open(&self, _context: &Context) -> SessionBox {
        Box::new(session::Handshake::default())
    }

    fn session_limit(&self) -> usize {
        // Three messages being put together each way, and the facts of hellos and certificates.
        4 * CERTIFICATES_LIMIT + 8 * HELLO_LIMIT
    }
}

/// Who says such bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Client,
    Server,
}

/// What one direction looks like.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Look {
    /// Records, this sure.
    Records(f32, Option<Side>),
    Empty,
    /// Something that may share the ends with DTLS, or its encrypted records.
    Shared,
    Foreign,
}

/// The records behind CAPWAP's DTLS header (RFC 5415 section 4.2); `None` where there is none. STUN without attributes begins
/// like it, and goes on with its cookie.
fn inside_capwap(bytes: &[u8]) -> Option<&[u8]> {
    bytes.strip_prefix(&[1, 0, 0, 0]).filter(|records| matches!(records, [20..=25, 0xfe, ..]))
}

fn look(bytes: &[u8]) -> Look {
    let bytes = inside_capwap(bytes).unwrap_or(bytes);
    match bytes.first() {
        None => Look::Empty,
        // Encrypted records of version 1.3 have a header that says nothing alone.
        Some(first) if first & 0xe0 == 0x20 => Look::Shared,
        Some(first) if is_first_byte(*first) => records(bytes),
        // STUN and ZRTP, TURN channels, RTP and RTCP.
        Some(0..=3 | 16..=19 | 64..=79 | 128..=191) => Look::Shared,
        Some(_) => Look::Foreign,
    }
}

/// Records that fill the datagram.
fn records(bytes: &[u8]) -> Look {
    let mut r = Reader::new(bytes);
    let mut first = None;
    while !r.is_empty() {
        match record(&mut r) {
            Ok(Record::Plain { kind, version, epoch, body }) => {
                if first.is_none() {
                    first = Some((
                        version,
                        if kind == content::HANDSHAKE && epoch == 0 { speaker(body) } else { Ok(None) },
                    ));
                }
            }
            Ok(Record::Encrypted) => {}
            Err(_) => break,
        }
    }
    let whole = r.is_empty();
    match first {
        Some((_, Err(_))) => Look::Foreign,
        Some((BEFORE_1_0, Ok(side))) if whole => Look::Records(if side.is_some() { 0.9 } else { 0.5 }, side),
        Some((_, Ok(Some(side)))) => Look::Records(if whole { 0.97 } else { 0.9 }, Some(side)),
        Some((_, Ok(None))) if whole => Look::Records(0.95, None),
        // With a connection id from the first record on, little is left to see.
        None if whole && bytes.starts_with(&[content::CONNECTION_ID]) => Look::Records(0.6, None),
        _ => Look::Foreign,
    }
}

/// Who says the first message of a record.
fn speaker(body: &[u8]) -> Result<Option<Side>, Fault> {
    let fragment = fragment(&mut Reader::new(body))?;
    Ok(match fragment.kind {
        message::CLIENT_HELLO => Some(Side::Client),
        message::SERVER_HELLO | HELLO_VERIFY_REQUEST => Some(Side::Server),
        _ => None,
    })
}

/// Whether a datagram begins a DTLS handshake, on ends where another protocol was seen first.
pub(crate) fn is_hello(bytes: &[u8]) -> bool {
    matches!(look(bytes), Look::Records(_, Some(_)))
}
