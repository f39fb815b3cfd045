//! The operation byte: few values, tied between a request and its response, and telling how long messages are.

use super::columns::{Column, entropy};
use super::length::{Counts, LengthField};
use super::pairs::{Counter, Pair};
use super::talk::Message;
use picket_event::Direction;

/// Places it is looked for at.
const PLACES: usize = 32;
/// How far its places in requests and responses may lie apart: answers of some protocols have a longer header.
const SHIFT: usize = 4;
/// Different operations at most.
pub(crate) const VALUES_MAX: usize = 16;

/// How the operation of a response follows from its request's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relation {
    /// The same value.
    Equal,
    /// So much more, modulo 256 (0x80: the highest bit is set).
    Plus(u8),
    /// The same set of values, without a fixed order: both ends speak on their own.
    Shared,
    /// All responses have this value.
    Constant(u8),
}

/// Where the operation stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OperationField {
    /// Its place in requests.
    pub request_at: u8,
    /// Its place in responses.
    pub response_at: u8,
    /// How the two are tied.
    pub relation: Relation,
}

impl OperationField {
    /// The place in messages of one direction.
    #[must_use]
    pub const fn at(&self, direction: Direction) -> usize {
        match direction {
            Direction::ToServer => self.request_at as usize,
            Direction::ToClient => self.response_at as usize,
        }
    }
}

/// A candidate with its score.
pub(crate) struct Found {
    pub(crate) field: OperationField,
    /// How much speaks for it, 0 to about 8; two operations or more give [`SURE`] and above.
    pub(crate) score: f64,
}

/// What the search looks at.
pub(crate) struct View<'a> {
    pub(crate) messages: &'a [Message<'a>],
    pub(crate) pairs: &'a [Pair<'a>],
    pub(crate) length: Option<LengthField>,
    pub(crate) counter: Option<Counter>,
    /// Bytes at the beginning that are the same in every message.
    pub(crate) magic: usize,
}

impl View<'_> {
    /// Whether a place means something else.
    fn is_taken(&self, at: usize) -> bool {
        let length = self.length.is_some_and(|field| {
            let checksum = field.counts == Counts::Ft3
                && (at == usize::from(field.end()) + 5 || at == usize::from(field.end()) + 6);
            checksum || (at >= usize::from(field.at) && at < usize::from(field.end()))
        });
        at < self.magic || length || self.counter.is_some_and(|counter| counter.covers(at))
    }

    fn column(&self, direction: Direction, at: usize) -> Column {
        Column::of(self.messages.iter().filter(|message| message.direction == direction), at)
    }

    /// Share of the uncertainty of the lengths of one direction that the value at a place takes away.
    fn tells_length(&self, direction: Direction, at: usize) -> f64 {
        let mut known: Vec<(u8, usize)> = self
            .messages
            .iter()
            .filter(|message| message.direction == direction)
            .filter_map(|message| Some((message.byte(at)?, message.length)))
            .collect();
        known.sort_unstable();
        let mut lengths: Vec<usize> = known.iter().map(|(_, length)| *length).collect();
        lengths.sort_unstable();
        let before = entropy(lengths.chunk_by(|a, b| a == b).map(<[usize]>::len));
        if before == 0.0 || known.is_empty() {
            return 0.0;
        }
        let after: f64 = known
            .chunk_by(|a, b| a.0 == b.0)
            .map(|group| group.len() as f64 * entropy(group.chunk_by(|a, b| a == b).map(<[(u8, usize)]>::len)))
            .sum();
        1.0 - after / known.len() as f64 / before
    }

    fn relation(&self, asked: (usize, &Column), answered: (usize, &Column)) -> Option<Relation> {
        let ((a, request), (b, response)) = (asked, answered);
        let away = Column::from_values(
            self.pairs.iter().filter_map(|(asks, answers)| Some(answers.byte(b)?.wrapping_sub(asks.byte(a)?))),
        );
        if let Some((by, times)) = away.common().filter(|(_, times)| away.count >= 3 && times * 20 >= away.count * 17) {
            if by == 0 {
                return Some(Relation::Equal);
            }
            if request.distinct() > 1 || by == 0x80 {
                return (times > 0).then_some(Relation::Plus(by));
            }
        }
        if a != b {
            return None;
        }
        if let Some(value) = response.constant() {
            return Some(Relation::Constant(value));
        }
        request.values().all(|(value, _)| response.times(value) > 0).then_some(Relation::Shared)
    }

    /// How much speaks for a pair of places.
    fn judge(&self, a: usize, b: usize, request: &Column, response: &Column) -> Option<Found> {
        let few = |column: &Column| column.distinct() <= VALUES_MAX && column.count >= column.distinct() * 2;
        let reached = request.count >= 2 && response.count >= 2;
        if !reached || !few(request) || !few(response) {
            return None;
        }
        let relation = self.relation((a, request), (b, response))?;
        let (told_a, told_b) = (self.tells_length(Direction::ToServer, a), self.tells_length(Direction::ToClient, b));
        let told = told_a.max(told_b).max((told_a + told_b) / 2.0);
        let tied = match relation {
            Relation::Equal | Relation::Plus(0x80) => 3.0,
            Relation::Plus(_) => 2.0,
            Relation::Shared | Relation::Constant(_) => 1.5,
        };
        let several = if request.distinct().max(response.distinct()) > 1 { (told * 4.0).min(2.0) } else { 0.0 };
        let zero = if request.common().is_some_and(|(value, _)| value == 0) { 1.5 } else { 0.0 };
        let shifted = if a == b { 0.0 } else { 0.5 };
        let score = tied + 2.0 * told + several - zero - shifted - 0.03 * a as f64;
        let place = |at: usize| u8::try_from(at).unwrap_or(u8::MAX);
        Some(Found { field: OperationField { request_at: place(a), response_at: place(b), relation }, score })
    }
}

/// The best place.
pub(crate) fn find(view: &View<'_>) -> Option<Found> {
    let columns = |direction| (0..PLACES + SHIFT).map(|at| view.column(direction, at)).collect::<Vec<_>>();
    let (requests, responses) = (columns(Direction::ToServer), columns(Direction::ToClient));
    let mut best: Option<Found> = None;
    for (a, request) in requests.iter().enumerate().take(PLACES).filter(|(a, _)| !view.is_taken(*a)) {
        for (b, response) in responses.iter().enumerate().skip(a).take(SHIFT + 1).filter(|(b, _)| !view.is_taken(*b)) {
            let found = view.judge(a, b, request, response);
            if let Some(found) = found.filter(|found| best.as_ref().is_none_or(|best| found.score > best.score)) {
                best = Some(found);
            }
        }
    }
    best
}
