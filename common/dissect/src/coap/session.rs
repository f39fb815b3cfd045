//! One CoAP conversation being read.

use super::parse::{self, ACKNOWLEDGEMENT, CONFIRMABLE, Frame, RESET, STREAMED};
use super::table;
use crate::Output;
use crate::framed::Framing;
use crate::pending::Pending;
use crate::teller::Message;
use picket_event::body::Ics;
use picket_event::{Direction, MessageKind, Operation, Protocol};
use picket_reader::Fault;
use std::borrow::Cow;

/// Messages remembered to know those that are sent again.
const SEEN: usize = 16;
/// Longest token, bytes (RFC 7252 section 3).
const TOKEN_MAX: usize = 8;

/// What was asked, by whose token.
#[derive(Clone, Debug)]
struct Asked {
    from: Direction,
    number: u16,
    code: u8,
    operation: Operation,
    path: Option<String>,
    /// It was answered, and goes on being so: what is observed.
    goes_on: bool,
}

/// A token with its length.
type Token = (u8, [u8; TOKEN_MAX]);

/// The session.
#[derive(Debug, Default)]
pub(crate) struct Coap {
    pending: Pending<Token, Asked>,
    seen: [Option<(Direction, u16, u8)>; SEEN],
    next: u8,
}

impl Framing for Coap {
    const HELD: usize = Pending::<Token, Asked>::LIMIT + Pending::<Token, Asked>::MAX * 256;

    fn length(&self, bytes: &[u8], _: Direction) -> Result<usize, Fault> {
        Ok(bytes.len())
    }

    fn message(&mut self, said: &Message<'_>, output: &mut Output) -> Result<(), Fault> {
        let frame = parse::frame(said.bytes)?;
        if self.is_again(&frame, said.direction) {
            return Ok(());
        }
        let ics = match (frame.code, frame.kind) {
            (0, CONFIRMABLE) => {
                self.ask(&frame, said.direction, table::PING, None);
                Some(Ics::new(Protocol::COAP, table::PING, MessageKind::Request, 0, "Ping"))
            }
            (0, RESET) => self.reset(&frame, said.direction),
            // The answer comes later.
            (0, _) => None,
            _ => self.exchange(&frame, said.direction),
        };
        if let Some(ics) = ics {
            output.ics(ics);
        }
        Ok(())
    }
}

fn token(frame: &Frame<'_>) -> Token {
    let mut token = [0; TOKEN_MAX];
    for (to, from) in token.iter_mut().zip(frame.token) {
        *to = *from;
    }
    (frame.token.len() as u8, token)
}

impl Coap {
    /// Whether a message of this number came before: what is not acknowledged in time is sent again.
    fn is_again(&mut self, frame: &Frame<'_>, direction: Direction) -> bool {
        let mark = Some((direction, frame.number, frame.code));
        if self.seen.contains(&mark) {
            return true;
        }
        if let Some(place) = self.seen.get_mut(usize::from(self.next)) {
            *place = mark;
        }
        self.next = (self.next + 1) % SEEN as u8;
        false
    }

    fn ask(&mut self, frame: &Frame<'_>, from: Direction, operation: Operation, path: Option<String>) {
        let asked = Asked { from, number: frame.number, code: frame.code, operation, path, goes_on: false };
        self.pending.ask(token(frame), asked);
    }

    /// A request or an answer.
    pub(super) fn exchange(&mut self, frame: &Frame<'_>, from: Direction) -> Option<Ics> {
        if frame.is_request() { self.request(frame, from) } else { Some(self.answer(frame, from)) }
    }

    fn request(&mut self, frame: &Frame<'_>, from: Direction) -> Option<Ics> {
        let (name, own) = table::method(frame.code)?;
        let operation = if frame.code == table::GET && frame.observe.is_some() { table::OBSERVE } else { own };
        let path = frame.path();
        self.ask(frame, from, operation, path.clone());
        let mut ics = Ics::new(Protocol::COAP, operation, MessageKind::Request, u32::from(frame.code), name);
        ics.object = path.map(Cow::Owned);
        Some(ics)
    }

    /// An answer by its token. What is observed is answered once, and from then on tells without being asked. What an
    /// acknowledgement carries is an answer, though nobody saw the request (RFC 7252 section 5.2.1); in a stream the first that
    /// comes of it is taken for one, since nothing tells.
    fn answer(&mut self, frame: &Frame<'_>, from: Direction) -> Ics {
        let wanted = token(frame);
        let asked = self.pending.answer_if(|known, asked| *known == wanted && asked.from != from);
        let answers = frame.kind == ACKNOWLEDGEMENT;
        let known = asked.as_ref().map_or(frame.kind != STREAMED, |asked| asked.goes_on);
        let tells = frame.observe.is_some() && !answers && known;
        let kind = match frame.code {
            0x80.. => MessageKind::Exception,
            _ if tells => MessageKind::Unsolicited,
            _ => MessageKind::Response,
        };
        let operation = match &asked {
            _ if kind == MessageKind::Unsolicited => table::NOTIFY,
            Some(asked) => asked.operation,
            None if frame.observe.is_some() => table::OBSERVE,
            None => table::UNKNOWN,
        };
        let name = table::response(frame.code).unwrap_or("");
        let mut ics = Ics::new(Protocol::COAP, operation, kind, u32::from(frame.code), name);
        ics.object = asked.as_ref().and_then(|asked| asked.path.clone()).map(Cow::Owned);
        let unseen = || {
            let (from, operation) = (from.opposite(), table::OBSERVE);
            Asked { from, number: 0, code: table::GET, operation, path: None, goes_on: true }
        };
        let asked = asked.or_else(|| (frame.kind == STREAMED).then(unseen));
        if let Some(asked) = asked.filter(|asked| frame.observe.is_some() && asked.operation == table::OBSERVE) {
            self.pending.ask(wanted, Asked { goes_on: true, ..asked });
        }
        ics
    }

    /// Answers a ping, refuses a request, or ends what was observed.
    fn reset(&mut self, frame: &Frame<'_>, from: Direction) -> Option<Ics> {
        let asked = self.pending.answer_if(|_, asked| asked.number == frame.number && asked.from != from)?;
        let kind = if asked.code == 0 { MessageKind::Response } else { MessageKind::Exception };
        Some(Ics::new(Protocol::COAP, asked.operation, kind, 0, "Reset"))
    }
}
