//! A message format, and how it is inferred from what was kept of conversations.

use super::columns::Column;
use super::length::{self, Counts, LengthField};
use super::operation::{self, OperationField, View};
use super::pairs::{self, Counter, Pair, Turn};
use super::plausible;
use super::talk::{Message, Talk};
use picket_event::{Direction, Protocol, Transport, Unit};

/// Bytes at the beginning that may name a protocol.
const MAGIC_MAX: usize = 4;

/// A message format: what does not depend on the conversation, and where to read the operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Format {
    /// Its transport.
    pub transport: Transport,
    /// Bytes every message begins with.
    pub magic: Vec<u8>,
    /// Where the length stands; without it a message is a segment or a datagram.
    pub length: Option<LengthField>,
    /// Where a transaction is numbered.
    pub counter: Option<Counter>,
    /// Where the operation stands.
    pub operation: Option<OperationField>,
    /// How sure.
    pub confidence: Unit,
}

impl Format {
    /// A stable number of the format. It rests on what neither the conversation nor its content changes: transport,
    /// place and meaning of the length field, and the bytes every message begins with; where no field gives the
    /// length, on the places of counter and operation too.
    #[must_use]
    pub fn id(&self) -> u32 {
        let mut key = vec![self.transport.0, 0xff];
        key.extend_from_slice(&self.magic);
        key.push(0xfe);
        match self.length {
            Some(field) => key.extend(match field.counts {
                Counts::Plus(base) => [1, field.last(), base],
                Counts::Ft3 => [2, field.last(), 0],
            }),
            None => {
                key.extend(self.counter.map(|counter| counter.at));
                key.push(0xfd);
                key.extend(self.operation.map(|field| field.request_at));
            }
        }
        // FNV-1a, 32 bits.
        key.iter().fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
    }

    /// The name of what has this format: `unknown-` and [`Self::id`] in hexadecimal digits.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        Protocol::Named(format!("unknown-{:08x}", self.id()).into_boxed_str())
    }
}

/// The format of a conversation, where it behaves like an industrial one and its format is clear.
#[must_use]
pub fn infer(transport: Transport, talk: &Talk) -> Option<Format> {
    if !plausible::is_exchange(talk) || plausible::is_random(talk) {
        return None;
    }
    let (format, operation) = look_at(transport, &[talk])?;
    let length = format.length;
    let messages: Vec<Message<'_>> = talk.pieces().flat_map(|piece| length::split(length.as_ref(), piece)).collect();
    let confidence = plausible::confidence(&format, operation, &messages)?;
    Some(Format { confidence, ..format })
}

/// The format that several conversations of one cluster share: what one leaves open, others show.
#[must_use]
pub fn infer_all(transport: Transport, talks: &[&Talk]) -> Option<Format> {
    look_at(transport, talks).map(|(format, _)| format)
}

/// The format of conversations, without confidence, and how much speaks for the operation.
fn look_at(transport: Transport, talks: &[&Talk]) -> Option<(Format, f64)> {
    let pieces: Vec<Message<'_>> = talks.iter().flat_map(|talk| talk.pieces()).collect();
    let length = length::find(&pieces);
    let messages: Vec<Vec<Message<'_>>> = talks
        .iter()
        .map(|talk| talk.pieces().flat_map(|piece| length::split(length.as_ref(), piece)).collect())
        .collect();
    let all: Vec<Message<'_>> = messages.iter().flatten().copied().collect();
    let told: Vec<Vec<Message<'_>>> = messages.iter().map(|of_one| pairs::without_acknowledgements(of_one)).collect();
    let by_turn = |turn| told.iter().flat_map(|of_one| pairs::pairs(of_one, turn)).collect::<Vec<_>>();
    let (last, first) = (by_turn(Turn::Last), by_turn(Turn::First));
    let mut best = look(&told, &all, length, &last);
    // Where each request waits for the answer before it, there is nothing to choose.
    if last != first {
        let other = look(&told, &all, length, &first);
        best = if other.rank() > best.rank() { other } else { best };
    }
    let Seen { magic, counter, operation } = best;
    let score = operation.as_ref().map_or(0.0, |found| found.score);
    let operation = operation.map(|found| found.field);
    let format = Format { transport, magic, length, counter, operation, confidence: Unit::ZERO };
    Some((format, score))
}

/// What pairs of requests and responses show.
struct Seen {
    magic: Vec<u8>,
    counter: Option<Counter>,
    operation: Option<operation::Found>,
}

impl Seen {
    /// How much was seen.
    fn rank(&self) -> (bool, f64) {
        (self.counter.is_some(), self.operation.as_ref().map_or(0.0, |found| found.score))
    }
}

fn look(told: &[Vec<Message<'_>>], all: &[Message<'_>], length: Option<LengthField>, pairs: &[Pair<'_>]) -> Seen {
    let counter = pairs::counter(pairs);
    let magic = magic(all, length.as_ref(), counter);
    if length.is_none() && counter.is_none() {
        return Seen { magic, counter, operation: None };
    }
    // What opens a connection often has a form of its own.
    let settled: Vec<Vec<Message<'_>>> = told.iter().map(|of_one| behind_first(of_one).copied().collect()).collect();
    let view = View { talks: &settled, pairs, length, counter, magic: magic.len() };
    let operation = operation::find(&view);
    Seen { magic, counter, operation }
}

/// The messages without the first of each direction, where enough follow.
fn behind_first<'a>(messages: &'a [Message<'a>]) -> impl Iterator<Item = &'a Message<'a>> {
    let first = |direction| messages.iter().position(|message| message.direction == direction);
    let firsts = [first(Direction::ToServer), first(Direction::ToClient)];
    let enough = messages.len() >= 8;
    messages
        .iter()
        .enumerate()
        .filter(move |(at, _)| !enough || !firsts.contains(&Some(*at)))
        .map(|(_, message)| message)
}

/// The bytes that every message of both directions begins with, before the length field. Not the upper bytes of a
/// number that counts, and not zero, which stands anywhere.
fn magic(messages: &[Message<'_>], length: Option<&LengthField>, counter: Option<Counter>) -> Vec<u8> {
    let end = length.map_or(MAGIC_MAX, |field| usize::from(field.at).min(MAGIC_MAX));
    let constant = |at: usize, direction| {
        Column::of(messages.iter().filter(|message| message.direction == direction), at).constant()
    };
    let mut magic: Vec<u8> = (0..end)
        .map_while(|at| {
            constant(at, Direction::ToServer).filter(|value| constant(at, Direction::ToClient) == Some(*value))
        })
        .collect();
    let counts = |at: usize| counter.is_some_and(|counter| counter.covers(at) || counter.covers(at + 1));
    let before = (0..magic.len()).find(|at| counts(*at)).unwrap_or(magic.len());
    magic.truncate(before);
    if magic.len() < end && Column::of(messages.iter(), magic.len()).moves() {
        magic.pop();
    }
    while magic.last() == Some(&0) {
        magic.pop();
    }
    if magic.first() == Some(&0) { Vec::new() } else { magic }
}
