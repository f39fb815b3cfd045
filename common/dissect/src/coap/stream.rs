//! CoAP over TCP (RFC 8323): messages of a stated length without kinds and numbers, and signals of the connection.

use super::parse::{Frame, STREAMED, sure};
use super::session::Coap;
use super::table;
use crate::Output;
use crate::framed::Framing;
use crate::sides::{Mark, Speaker};
use crate::teller::Message;
use crate::{Head, Probe};
use picket_event::body::Ics;
use picket_event::{Direction, Protocol};
use picket_reader::{Fault, Reader};

/// Longest message that is believed, bytes; the sides state how much they take, and ask for what is longer in blocks.
const LONGEST: usize = 1 << 24;

/// The session.
#[derive(Debug, Default)]
pub(crate) struct Stream(Coap);

impl Framing for Stream {
    const VIEW: usize = 4096;
    const MARKED: bool = false;
    const HELD: usize = Coap::HELD;

    fn length(&self, bytes: &[u8], _: Direction) -> Result<usize, Fault> {
        start(bytes).map(|start| start.total)
    }

    fn message(&mut self, said: &Message<'_>, output: &mut Output) -> Result<(), Fault> {
        let frame = frame(said.bytes)?;
        let ics = match (frame.code, table::signal(frame.code)) {
            // Keeps the connection open (section 3.4).
            (0, _) => None,
            (code, Some((name, kind, _))) => Some(Ics::new(Protocol::COAP, table::PING, kind, u32::from(code), name)),
            _ => self.0.exchange(&frame, said.direction),
        };
        if let Some(ics) = ics {
            output.ics(ics);
        }
        Ok(())
    }

    /// Either side may ask; who is seen to ask first is called the client.
    fn speaker(&self, message: &Message<'_>) -> Speaker {
        match frame(message.bytes) {
            Ok(frame) if !frame.is_exchanged() => Speaker::Either,
            Ok(frame) if frame.is_request() => Speaker::Client,
            Ok(_) => Speaker::Server,
            Err(_) => Speaker::Either,
        }
    }

    /// Behind gaps and damage, what has next to nothing of its own is no beginning.
    fn judge(message: &[u8]) -> Option<Mark> {
        frame(message).ok().filter(|frame| frame.bits >= OWN).map(|_| Mark::NONE)
    }
}

/// How much a message has to have of its own, in bits, to be one wherever it stands.
const OWN: u32 = 7;
/// Messages of one side that are looked at.
const PROBED: usize = 6;

/// What one side begins with.
#[derive(Debug, Default)]
struct Side<'a> {
    messages: [Option<Frame<'a>>; PROBED],
    /// How much random bytes would have had to guess.
    bits: u32,
}

impl<'a> Side<'a> {
    /// The whole messages of a side; `None` where it is something else.
    fn of(bytes: &'a [u8]) -> Option<Self> {
        let mut side = Self::default();
        let mut rest = bytes;
        for place in &mut side.messages {
            let message = match start(rest) {
                Ok(start) => rest.get(..start.total),
                Err(Fault::Incomplete { .. }) => None,
                Err(Fault::Malformed(_)) => return None,
            };
            let Some(message) = message else { break };
            let frame = frame(message).ok()?;
            side.bits += frame.bits;
            *place = Some(frame);
            rest = rest.get(message.len()..).unwrap_or_default();
            if rest.is_empty() {
                // The last length fits what was sent.
                side.bits += if side.bits > 0 { 4 } else { 0 };
                break;
            }
        }
        Some(side)
    }

    /// Requests and answers.
    fn exchanged(&self) -> impl Iterator<Item = &Frame<'a>> {
        self.messages.iter().flatten().filter(|frame| frame.is_exchanged())
    }

    /// Whether it begins with a request; `None` where it has neither requests nor answers yet.
    fn asks(&self) -> Option<bool> {
        self.exchanged().next().map(Frame::is_request)
    }
}

/// The judgement of both sides: messages whose options make sense, and answers with the token of a request.
pub(crate) fn probe(head: &Head<'_>) -> Probe {
    let (Some(a), Some(b)) = (Side::of(head.to_server), Side::of(head.to_client)) else { return Probe::No };
    let answered = |frame: &Frame<'_>| {
        let answers = |other: &&Frame<'_>| other.token == frame.token && other.is_request() != frame.is_request();
        b.exchanged().any(|other| answers(&other))
    };
    let pairs = a.exchanged().filter(|frame| !frame.token.is_empty() && answered(frame));
    // The token, and the code of the other.
    let tokens = pairs.map(|frame| 8 * frame.token.len() as u32 + 3).sum::<u32>();
    let bits = a.bits + b.bits + tokens;
    if bits == 0 {
        return Probe::More;
    }
    let reversed =
        a.asks() == Some(false) && b.asks() != Some(false) || b.asks() == Some(true) && a.asks() != Some(true);
    Probe::Yes { confidence: sure(bits), reversed }
}

/// What stands before the token.
struct Start {
    code: u8,
    /// Bytes of the token.
    token: usize,
    /// Bytes before the token.
    length: usize,
    /// Bytes of the message.
    total: usize,
}

/// Reads the length (section 3.2), which counts what is behind the token.
fn start(bytes: &[u8]) -> Result<Start, Fault> {
    const OTHER: Fault = Fault::Malformed("coap: no message begins here");
    let mut r = Reader::new(bytes);
    let first = r.u8("length")?;
    let token = usize::from(first & 15);
    if token > 8 {
        return Err(OTHER);
    }
    let behind = match first >> 4 {
        13 => usize::from(r.u8("length")?) + 13,
        14 => usize::from(r.u16("length")?) + 269,
        15 => r.u32("length")? as usize + 65_805,
        short => usize::from(short),
    };
    let code = r.u8("code")?;
    let known = table::method(code).is_some() || table::response(code).is_some() || table::signal(code).is_some();
    let empty = code == 0 && behind + token == 0;
    let length = bytes.len() - r.remaining();
    if !(known || empty) || behind > LONGEST {
        return Err(OTHER);
    }
    Ok(Start { code, token, length, total: length + token + behind })
}

/// Reads a message, of whose payload not all need be given.
fn frame(bytes: &[u8]) -> Result<Frame<'_>, Fault> {
    let Start { code, token, length, .. } = start(bytes)?;
    let mut r = Reader::new(bytes);
    r.take(length, "head")?;
    let token = r.take(token, "token")?;
    let (options, observe, addressed) = (r.peek(), None, false);
    let mut frame = Frame { kind: STREAMED, code, number: 0, token, options, observe, addressed, bits: 0 };
    frame.look(table::signal(code).map_or(table::OPTIONS, |(.., options)| options))?;
    if frame.addressed && !frame.is_request() {
        return Err(Fault::Malformed("coap: answer with an address"));
    }
    // Of 256 codes one is the first, and it has no token (section 5.3); others are one of many. What has no options has
    // next to nothing of its own: zeros and small numbers, as other protocols are full of, would be such.
    frame.bits += match code {
        table::CAPABILITIES if frame.token.is_empty() => 15,
        _ if frame.bits > 0 => 3,
        _ => 0,
    };
    Ok(frame)
}
