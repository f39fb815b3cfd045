//! HTTP/1 (RFC 9110, RFC 9112): heads, paired, and what a connection becomes behind them.
//!
//! Read: requests and answers in order, pipelined too; methods, targets, hosts, programs, media types, status and the
//! lengths of bodies, which are counted as they pass and never kept. One `http` event a pair, when the answer is over;
//! an answer whose request was not seen, and a request that nobody answered, give one of their own. Behind CONNECT the
//! tunnel is identified anew; behind Upgrade the new protocol has its name (`websocket`, `http2`, TLS of RFC 2817).
//! Bare LF, empty lines before a head, obsolete folding and several equal lengths are tolerated. A gap inside
//! a body of known length costs nothing; behind any other the next head is looked for.
//! Credentials never get into an event: user information and the values of parameters that are named like one are left
//! out of targets, and no field that carries any is read.
//! Not read: HTTP/2 (named by its preface), bodies, cookies, trailers, ranges.

mod body;
mod parse;
mod session;
pub(crate) mod table;
pub(crate) mod target;
#[cfg(test)]
mod tests;

use crate::recognise::{Guess, begins, spoken, when};
use crate::{Context, Dissector, Head, Home, Probe, SessionBox};
use picket_event::{Protocol, Transport};

/// The longest head that is read, bytes; what a longer one says behind that is passed over.
pub const HEAD_LIMIT: usize = 16_384;
/// Most events of one flow; what is over is counted.
pub const EVENTS_LIMIT: u32 = 1_000;

/// The dissector.
#[derive(Debug)]
pub struct Http;

impl Http {
    /// Where it is met.
    pub const HOME: Home = Home {
        transports: &[Transport::TCP],
        ether_types: &[],
        ports: &[80, 591, 3128, 8000, 8008, 8080, 8081, 8888],
        needs_port: false,
    };
}

impl Dissector for Http {
    fn protocol(&self) -> Protocol {
        Protocol::HTTP
    }

    fn probe(&self, head: &Head<'_>) -> Probe {
        spoken(head, asks, answers)
    }

    fn open(&self, _context: &Context) -> SessionBox {
        Box::new(session::Http::default())
    }

    fn session_limit(&self) -> usize {
        size_of::<session::Http>() + (session::WAITING_LIMIT + 1) * session::EXCHANGE_LIMIT
    }
}

/// A request line: the method is a known one, or the version stands at the line's end.
fn asks(bytes: &[u8]) -> Guess {
    let known =
        table::METHODS.iter().any(|method| bytes.strip_prefix(*method).is_some_and(|rest| rest.starts_with(b" ")));
    match parse::begins_request(bytes, 0) {
        Some(true) => Guess::Yes(0.97),
        Some(false) => Guess::No,
        None if known && bytes.is_ascii() => Guess::Yes(0.6),
        None => Guess::Open,
    }
}

/// A status line. A server may also be met in the middle of a body that began before the capture.
fn answers(bytes: &[u8]) -> Guess {
    match begins(bytes, b"HTTP/1.", 0.95) {
        Guess::No => Guess::Open,
        Guess::Yes(confidence) => when(parse::begins_answer(bytes, 0) != Some(false), confidence),
        Guess::Open => Guess::Open,
    }
}
