//! What the values of an operation byte do, guessed from the messages that carry them.

use super::operation::{OperationField, Relation, VALUES_MAX};
use super::talk::Message;
use picket_event::{Direction, MessageKind, Operation};

/// Different values that are told apart.
const CODES_MAX: usize = VALUES_MAX;
/// Bytes behind the operation that are compared.
const BODY: usize = 32;
/// Exchanges after which a guess stays.
const SETTLED: u32 = 3;
/// By how many bytes one message has to be longer than the other to say something.
const LONGER: u64 = 2;
/// Requests that can wait.
const WAITING_MAX: u8 = 8;

/// What is known of the values.
#[derive(Clone, Debug, Default)]
pub(crate) struct Meaning {
    codes: Vec<Code>,
    /// The request last seen.
    asked: Option<(u8, Body)>,
    waiting: u8,
}

/// One value.
#[derive(Clone, Debug)]
struct Code {
    value: u8,
    /// Requests, responses, and responses that repeat their request.
    counts: [u32; 3],
    /// Bytes of requests and of responses.
    bytes: [u64; 2],
    /// How often a request was not what the one before it was.
    changes: u32,
    last: Option<Body>,
    settled: Option<Operation>,
}

/// A message from behind its operation on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Body {
    length: usize,
    head: [u8; BODY],
}

impl Body {
    fn of(message: &Message<'_>, at: usize) -> Self {
        let mut head = [0; BODY];
        let bytes = message.head.iter().skip(at + 1);
        head.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        Self { length: message.length.saturating_sub(at), head }
    }
}

/// What one message does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Meant {
    pub(crate) operation: Operation,
    pub(crate) kind: MessageKind,
    pub(crate) function: u8,
    /// The request's function, where it is told.
    pub(crate) base: u8,
}

impl Meaning {
    /// Takes the next message in. `None` where it is too short to have an operation.
    pub(crate) fn take(&mut self, field: &OperationField, message: &Message<'_>) -> Option<Meant> {
        let at = field.at(message.direction);
        let value = message.byte(at)?;
        let body = Body::of(message, at);
        match message.direction {
            Direction::ToServer => {
                self.request(value, body);
                let operation = self.operation(value);
                Some(Meant { operation, kind: MessageKind::Request, function: value, base: value })
            }
            Direction::ToClient => Some(self.response(field.relation, value, body)),
        }
    }

    fn request(&mut self, value: u8, body: Body) {
        self.waiting = (self.waiting + 1).min(WAITING_MAX);
        self.asked = Some((value, body));
        if let Some(code) = self.code(value) {
            bump(code, 0, body.length);
            code.changes += u32::from(code.last.replace(body).is_some_and(|before| before != body));
        }
    }

    fn response(&mut self, relation: Relation, value: u8, body: Body) -> Meant {
        let asked = self.asked;
        let (base, kind) = match relation {
            _ if self.waiting == 0 => (value, MessageKind::Unsolicited),
            Relation::Constant(_) => (asked.map_or(value, |(asked, _)| asked), MessageKind::Response),
            Relation::Plus(by) => (value.wrapping_sub(by), MessageKind::Response),
            // In many protocols a refusal is the operation with its highest bit set.
            Relation::Equal if !self.knows(value) && self.knows(value ^ 0x80) => (value ^ 0x80, MessageKind::Exception),
            Relation::Equal | Relation::Shared if self.knows(value) => (value, MessageKind::Response),
            Relation::Equal | Relation::Shared => (value, MessageKind::Unsolicited),
        };
        if kind == MessageKind::Unsolicited {
            return Meant { operation: Operation::Report, kind, function: value, base };
        }
        self.waiting = self.waiting.saturating_sub(1);
        if kind == MessageKind::Response
            && let Some(code) = self.code(base)
        {
            bump(code, 1, body.length);
            let repeats = asked.is_some_and(|(value, asked)| value == base && asked == body);
            bump(code, 2, 0);
            if !repeats && let Some(count) = code.counts.get_mut(2) {
                *count -= 1;
            }
        }
        Meant { operation: self.operation(base), kind, function: value, base }
    }

    fn knows(&self, value: u8) -> bool {
        self.codes.iter().any(|code| code.value == value && code.counts.first().is_some_and(|requests| *requests > 0))
    }

    fn code(&mut self, value: u8) -> Option<&mut Code> {
        if let Some(at) = self.codes.iter().position(|code| code.value == value) {
            return self.codes.get_mut(at);
        }
        if self.codes.len() >= CODES_MAX {
            return None;
        }
        self.codes.push(Code { value, counts: [0; 3], bytes: [0; 2], changes: 0, last: None, settled: None });
        self.codes.last_mut()
    }

    /// What a value does; a guess that rests on enough stays.
    fn operation(&mut self, value: u8) -> Operation {
        let Some(code) = self.code(value) else { return Operation::Other };
        if let Some(settled) = code.settled {
            return settled;
        }
        let guess = guess(code);
        let [_, responses, _] = code.counts;
        if responses >= SETTLED {
            code.settled = Some(guess);
        }
        guess
    }
}

fn bump(code: &mut Code, which: usize, length: usize) {
    if let Some(count) = code.counts.get_mut(which) {
        *count = count.saturating_add(1);
    }
    if let Some(bytes) = code.bytes.get_mut(which) {
        *bytes = bytes.saturating_add(length as u64);
    }
}

/// A response that repeats its request confirms a write; one that is longer brings what was read; a request that is
/// longer carries what is written, unless it is always the same, as polls are.
fn guess(code: &Code) -> Operation {
    let ([requests, responses, repeats], [asked, answered]) = (code.counts, code.bytes);
    if requests == 0 || responses == 0 {
        return Operation::Other;
    }
    let (asked, answered) = (asked / u64::from(requests), answered / u64::from(responses));
    let polls = requests >= 4 && code.changes * 4 <= requests;
    if repeats * 5 >= responses * 4 {
        Operation::Write
    } else if answered > asked + LONGER || polls {
        Operation::Read
    } else if asked > answered + LONGER {
        Operation::Write
    } else {
        Operation::Other
    }
}
