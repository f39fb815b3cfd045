//! TLS (RFC 8446, RFC 5246, GREASE of RFC 8701): the handshake as far as it goes in clear.
//!
//! Read: records over segments, handshake messages over records, the first ClientHello and the
//! ServerHello completely, certificates of TLS 1.2 and older, JA3, JA3S and JA4. One `tls` event a
//! handshake, written when what goes in clear is complete or the flow ends; then the session is done, so
//! that bulk data costs nothing. Also known from the middle of a stream, by its records. A link to a relay of Tor is
//! handed over under that name.
//! Not read: SSL 2, client certificates, STARTTLS, anything encrypted.

pub mod clients;
pub mod fingerprint;
mod parse;
pub(crate) mod records;
mod session;
pub(crate) mod summary;
pub(crate) mod table;
#[cfg(test)]
mod tests;

pub use parse::{Carrier, ServerFlight, client_hello, server_hello};
pub use records::{RECORDS, Records};

use crate::{Context, Dissector, Head, Home, Probe, SessionBox};
use picket_event::{Protocol, Transport, Unit};
use picket_reader::Reader;
use table::{content, message};

/// The longest hello that is read, bytes of the handshake message.
pub const HELLO_LIMIT: usize = 20_000;
/// The longest Certificate message that is read, bytes.
pub const CERTIFICATES_LIMIT: usize = 65_536;
/// The longest record: 2^14 and what old versions may add (RFC 5246 section 6.2.3).
pub(crate) const RECORD_LIMIT: u16 = 16_384 + 2_048;

/// The dissector.
#[derive(Debug)]
pub struct Tls;

impl Tls {
    /// Where it is met.
    pub const HOME: Home = Home {
        transports: &[Transport::TCP],
        ether_types: &[],
        ports: &[443, 465, 563, 636, 853, 989, 990, 992, 993, 994, 995, 5061, 5671, 8443, 8883],
        needs_port: false,
    };
}

impl Dissector for Tls {
    fn protocol(&self) -> Protocol {
        Protocol::TLS
    }

    fn probe(&self, head: &Head<'_>) -> Probe {
        let client = judge(head.to_server);
        let server = judge(head.to_client);
        let reversed = client.side == Some(Side::Server) || server.side == Some(Side::Client);
        match (client.confidence, server.confidence) {
            (Some(0.0), Some(0.0)) => Probe::More,
            (Some(a), Some(b)) => {
                // Two directions that agree are surer than either.
                let both = if a > 0.0 && b > 0.0 { 1.0 - (1.0 - a) * (1.0 - b) } else { a.max(b) };
                Probe::Yes { confidence: Unit::new(both), reversed }
            }
            // One side speaks TLS, the other answers in something else: a hello stays a hello.
            (Some(a), None) | (None, Some(a)) if a >= 0.9 => Probe::Yes { confidence: Unit::new(a), reversed },
            _ => Probe::No,
        }
    }

    fn open(&self, context: &Context) -> SessionBox {
        Box::new(session::Handshake::new(context))
    }

    fn session_limit(&self) -> usize {
        // A Certificate message, a hello, and the facts of both.
        CERTIFICATES_LIMIT + 4 * HELLO_LIMIT
    }
}

/// Who says such bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Client,
    Server,
}

/// What one direction looks like: `None` for not TLS, 0 for nothing to say yet.
#[derive(Clone, Copy)]
struct Look {
    confidence: Option<f32>,
    side: Option<Side>,
}

fn judge(bytes: &[u8]) -> Look {
    const NO: Look = Look { confidence: None, side: None };
    const MORE: Look = Look { confidence: Some(0.0), side: None };
    let yes = |confidence: f32, side| Look { confidence: Some(confidence), side };
    let mut r = Reader::new(bytes);
    let Ok(kind) = r.u8("content type") else { return MORE };
    if !(content::CHANGE_CIPHER_SPEC..=content::HEARTBEAT).contains(&kind) {
        return NO;
    }
    let Ok(major) = r.u8("major version") else { return MORE };
    if major != 3 {
        return NO;
    }
    let (Ok(minor), Ok(length)) = (r.u8("minor version"), r.u16("length")) else { return MORE };
    if minor > 4 || length == 0 || length > RECORD_LIMIT {
        return NO;
    }
    let Ok(first) = r.u8("first byte") else { return MORE };
    match (kind, first) {
        (content::HANDSHAKE, message::CLIENT_HELLO) => yes(0.96, Some(Side::Client)),
        (content::HANDSHAKE, message::SERVER_HELLO) => yes(0.94, Some(Side::Server)),
        (content::HANDSHAKE, message::CERTIFICATE) => yes(0.85, None),
        (content::HANDSHAKE, message::CLIENT_KEY_EXCHANGE) => yes(0.8, Some(Side::Client)),
        (content::CHANGE_CIPHER_SPEC, 1) if length == 1 => yes(0.85, None),
        (content::CHANGE_CIPHER_SPEC, _) => NO,
        (content::ALERT, 1 | 2) if length == 2 => yes(0.7, None),
        (content::HANDSHAKE | content::ALERT | content::APPLICATION_DATA | content::HEARTBEAT, _) => {
            if length < 16 {
                return NO;
            }
            chained(bytes, usize::from(length))
        }
        _ => NO,
    }
}

/// Encrypted records: one header proves little, the next one behind it, or an end just there, more.
fn chained(bytes: &[u8], length: usize) -> Look {
    let behind = bytes.get(length.saturating_add(5)..);
    let confidence = match behind {
        None => 0.55,
        Some([]) => 0.8,
        Some([20..=24, 3, 0..=4, ..]) => 0.9,
        Some([20..=24] | [20..=24, 3]) => 0.8,
        Some(_) => return Look { confidence: None, side: None },
    };
    Look { confidence: Some(confidence), side: None }
}
