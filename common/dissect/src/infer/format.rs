//! A message format, and how it is inferred from what was kept of conversations.

use super::columns::Column;
use super::length::{self, Counts, LengthField};
use super::operation::{self, OperationField, View};
use super::pairs::{self, Counter};
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
    infer_all(transport, &[talk])
}

/// The format that several conversations share.
#[must_use]
pub fn infer_all(transport: Transport, talks: &[&Talk]) -> Option<Format> {
    if !talks.iter().all(|talk| plausible::is_exchange(talk)) {
        return None;
    }
    let pieces: Vec<Message<'_>> = talks.iter().flat_map(|talk| talk.pieces()).collect();
    let length = length::find(&pieces);
    let messages: Vec<Vec<Message<'_>>> = talks
        .iter()
        .map(|talk| talk.pieces().flat_map(|piece| length::split(length.as_ref(), piece)).collect())
        .collect();
    let all: Vec<Message<'_>> = messages.iter().flatten().copied().collect();
    let pairs: Vec<_> = messages.iter().flat_map(|of_one| pairs::pairs(of_one)).collect();
    let counter = pairs::counter(&pairs);
    let magic = magic(&all, length.as_ref(), counter);
    let view = View { messages: &all, pairs: &pairs, length, counter, magic: magic.len() };
    let operation = operation::find(&view);
    let format = Format {
        transport,
        magic,
        length,
        counter,
        operation: operation.as_ref().map(|found| found.field),
        confidence: Unit::ZERO,
    };
    let score = operation.map_or(0.0, |found| found.score);
    let confidence = plausible::confidence(&format, score, &all)?;
    Some(Format { confidence, ..format })
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
    while magic.last() == Some(&0) {
        magic.pop();
    }
    if magic.first() == Some(&0) { Vec::new() } else { magic }
}
