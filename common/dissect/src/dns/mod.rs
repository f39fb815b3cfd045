//! DNS (RFC 1035, 3596, 6891) over UDP and TCP.
//!
//! Read: header, first question, answers with their data in presentation form; one `dns` event a message.
//! Not read: authority and additional sections beyond their lengths, DNSSEC (nothing is verified), EDNS options,
//! updates. Multicast DNS, LLMNR and NetBIOS names share the structure and have readers of their own.

mod name;
mod parse;
mod table;
#[cfg(test)]
mod tests;

use crate::{Context, Dissector, Head, Home, Input, Need, Output, Probe, Progress, Session, SessionBox};
use picket_event::{Body, Direction, Protocol, Transport, Unit};
use picket_reader::{Fault, Reader};

/// Length of the length in front of a message over TCP (RFC 1035 section 4.2.2).
const PREFIX: usize = 2;
/// Damaged messages in a row after which it is no DNS any more.
const DAMAGE_LIMIT: u8 = 4;

/// The dissector.
#[derive(Debug)]
pub struct DnsDissector;

impl DnsDissector {
    /// Where it is met.
    pub const HOME: Home =
        Home { transports: &[Transport::UDP, Transport::TCP], ether_types: &[], ports: &[53], needs_port: false };
}

impl Dissector for DnsDissector {
    fn protocol(&self) -> Protocol {
        Protocol::DNS
    }

    fn probe(&self, head: &Head<'_>) -> Probe {
        let stream = head.transport == Transport::TCP;
        let (a, b) = (look(head.to_server, stream), look(head.to_client, stream));
        let (confidence, reversed) = match (a, b) {
            (Look::Foreign, _) | (_, Look::Foreign) => return Probe::No,
            // Such a message is DNS where its port says so, or the other side's message does.
            (Look::Longer { answer }, Look::Message { .. }) => (0.45, answer),
            (Look::Message { .. }, Look::Longer { answer }) => (0.45, !answer),
            (Look::Longer { answer }, _) => (0.35, answer),
            (Look::Unknown, Look::Longer { answer }) => (0.35, !answer),
            (Look::Unknown, Look::Unknown) => return Probe::More,
            (Look::Message { id: x, answer: false }, Look::Message { id: y, answer: true }) => {
                (if x == y { 0.97 } else { 0.9 }, false)
            }
            (Look::Message { id: x, answer: true }, Look::Message { id: y, answer: false }) => {
                (if x == y { 0.97 } else { 0.9 }, true)
            }
            (Look::Message { answer, .. }, Look::Unknown) => (0.78, answer),
            (Look::Unknown, Look::Message { answer, .. }) => (0.78, !answer),
            // Both ask, or both answer: notifications between servers, or something else.
            (Look::Message { .. }, Look::Message { .. }) => (0.5, false),
        };
        Probe::Yes { confidence: Unit::new(confidence), reversed }
    }

    fn open(&self, _context: &Context) -> SessionBox {
        Box::new(DnsSession::default())
    }

    fn session_limit(&self) -> usize {
        size_of::<DnsSession>()
    }
}

/// What one direction looks like.
enum Look {
    /// Nothing there yet.
    Unknown,
    Message {
        id: u16,
        answer: bool,
    },
    /// A message with bytes behind it.
    Longer {
        answer: bool,
    },
    Foreign,
}

fn look(bytes: &[u8], stream: bool) -> Look {
    match head_message(bytes, stream) {
        Ok(None) => Look::Unknown,
        Ok(Some(header)) => Look::Message { id: header.id, answer: header.is_answer() },
        Err(Fault::Malformed(parse::BEHIND)) if !stream => match parse::header(&mut Reader::new(bytes)) {
            Ok(header) => Look::Longer { answer: header.is_answer() },
            Err(_) => Look::Foreign,
        },
        Err(_) => Look::Foreign,
    }
}

/// The first message's header, when all of the message is there and fits.
fn head_message(bytes: &[u8], stream: bool) -> Result<Option<parse::Header>, Fault> {
    if bytes.is_empty() {
        return Ok(None);
    }
    if !stream {
        return parse::check(bytes).map(Some);
    }
    let mut r = Reader::new(bytes);
    let Ok(length) = r.u16("length") else { return Ok(None) };
    if usize::from(length) < parse::HEADER {
        return Err(Fault::Malformed("dns: length"));
    }
    match r.take(usize::from(length), "message") {
        Ok(message) => parse::check(message).map(Some),
        // Not all there: the header at least has to fit.
        Err(_) => match parse::header(&mut r) {
            Ok(header) if !header.plausible() => Err(Fault::Malformed("dns: header")),
            _ => Ok(None),
        },
    }
}

/// One conversation being read. Nothing is remembered but damage.
#[derive(Debug, Default)]
struct DnsSession {
    known: bool,
    damaged: u8,
}

impl DnsSession {
    fn message(&mut self, bytes: &[u8], output: &mut Output) {
        match parse::message(bytes) {
            Ok((dns, fault)) => {
                self.known = true;
                self.damaged = 0;
                output.events.push(Body::Dns(Box::new(dns)));
                match fault {
                    Some(Fault::Malformed(parse::BEHIND)) => output.malformed.push(parse::BEHIND),
                    Some(_) => output.malformed.push("dns: answer"),
                    None => {}
                }
            }
            Err(Fault::Malformed(reason)) => self.damage(reason, output),
            Err(Fault::Incomplete { .. }) => self.damage("dns: message ends early", output),
        }
    }

    fn damage(&mut self, reason: &'static str, output: &mut Output) {
        self.damaged = self.damaged.saturating_add(1);
        output.malformed.push(reason);
    }
}

impl Session for DnsSession {
    fn feed(&mut self, _direction: Direction, input: Input<'_>, _context: &Context, output: &mut Output) -> Progress {
        let consumed = match input {
            Input::Datagram(bytes) => {
                self.message(bytes, output);
                bytes.len()
            }
            Input::Stream(bytes) => {
                let mut r = Reader::new(bytes);
                let Ok(message) = r.vec16("message") else {
                    let length = Reader::new(bytes).u16("length").map_or(0, usize::from);
                    return Progress { consumed: 0, need: Need::Bytes(PREFIX + length) };
                };
                self.message(message.peek(), output);
                r.position()
            }
            // Lengths alone mark where messages begin; behind a gap they cannot be found again.
            Input::Gap(_) | Input::End => return Progress { consumed: 0, need: Need::Nothing },
        };
        let need = match self.damaged {
            0..=DAMAGE_LIMIT => Need::Bytes(PREFIX),
            _ if self.known => Need::Done,
            _ => Need::NotMine,
        };
        Progress { consumed, need }
    }
}

pub(crate) use name::read as name;
pub(crate) use parse::{Record, records};

/// Whether these bytes are a DNS message to their end.
pub(crate) fn is_message(bytes: &[u8]) -> bool {
    parse::check(bytes).is_ok()
}
