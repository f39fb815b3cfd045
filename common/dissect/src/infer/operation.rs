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
pub(crate) const VALUES_MAX: usize = 32;

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
    /// How much speaks for it, 0 to about 7.
    pub(crate) score: f64,
}

/// What the search looks at.
pub(crate) struct View<'a> {
    pub(crate) talks: &'a [Vec<Message<'a>>],
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

    /// The messages of one direction.
    fn of(&self, direction: Direction) -> impl Iterator<Item = &Message<'_>> {
        self.talks.iter().flatten().filter(move |message| message.direction == direction)
    }

    fn column(&self, direction: Direction, at: usize) -> Column {
        Column::of(self.of(direction), at)
    }

    /// Whether a byte has several values within one conversation.
    fn varies(&self, direction: Direction, at: usize) -> bool {
        self.talks.iter().any(|talk| {
            let of = talk.iter().filter(|message| message.direction == direction);
            Column::of(of, at).distinct() > 1
        })
    }

    /// Share of the uncertainty of the lengths of one direction that the value at a place takes away.
    fn tells_length(&self, direction: Direction, at: usize) -> f64 {
        let mut known: Vec<(u8, usize)> =
            self.of(direction).filter_map(|message| Some((message.byte(at)?, message.length))).collect();
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

    /// Whether a byte says how long the rest of its message is, as the fields of inner headers do.
    fn is_length(&self, direction: Direction, at: usize, column: &Column) -> bool {
        let away = self.of(direction).filter_map(|message| message.length.checked_sub(usize::from(message.byte(at)?)));
        let away = Column::from_values(away.filter_map(|away| u8::try_from(away).ok()));
        column.distinct() > 1 && away.common().is_some_and(|(_, times)| times * 10 >= column.count * 8)
    }

    /// Whether a byte, or its lower half, mostly goes up by one from message to message, as sequence numbers do.
    fn counts_up(&self, direction: Direction, at: usize, column: &Column) -> bool {
        let of = || self.of(direction).filter_map(|message| message.byte(at));
        let steps = || of().zip(of().skip(1)).filter(|(before, after)| before != after);
        let ups = steps().filter(|(before, after)| after.wrapping_sub(*before) & 0x0f == 1).count();
        column.distinct() >= 3 && ups * 10 >= steps().count() * 6
    }

    /// How the values at two places are tied, over the pairs and over the values that requests have, and the share of
    /// the pairs that are tied so.
    fn relation(&self, (a, request): (usize, &Column), (b, response): (usize, &Column)) -> Option<(Relation, f64)> {
        let both = || self.pairs.iter().filter_map(|(asks, answers)| Some((asks.byte(a)?, answers.byte(b)?)));
        let away = Column::from_values(both().map(|(asked, answered)| answered.wrapping_sub(asked)));
        if let Some((by, times)) = away.common().filter(|(_, times)| away.count >= 3 && times * 2 >= away.count) {
            let holds = |value: u8| {
                let of = || both().filter(|(asked, _)| *asked == value);
                of().filter(|(asked, answered)| answered.wrapping_sub(*asked) == by).count() * 5 >= of().count() * 3
            };
            let asked = Column::from_values(both().map(|(asked, _)| asked));
            let held = asked.values().filter(|(value, _)| holds(*value)).count();
            // Of two constant bytes each is the other and something.
            if held * 3 >= asked.distinct() * 2 && ((by == 0 && a == b) || request.distinct() > 1) {
                let relation = if by == 0 { Relation::Equal } else { Relation::Plus(by) };
                return Some((relation, times as f64 / away.count as f64));
            }
        }
        let (value, times) = response.common().filter(|_| a == b)?;
        if times * 10 >= response.count * 7 {
            return (value != 0).then_some((Relation::Constant(value), times as f64 / response.count as f64));
        }
        request.values().all(|(value, _)| response.times(value) > 0).then_some((Relation::Shared, 1.0))
    }

    /// How much speaks for a pair of places.
    fn judge(&self, a: usize, b: usize, request: &Column, response: &Column) -> Option<Found> {
        let few = |column: &Column| column.most() <= VALUES_MAX && column.count >= column.distinct() * 2;
        let reached = request.count >= 2 && response.count >= 2;
        if !reached || !few(request) || !few(response) {
            return None;
        }
        let other =
            |direction, at, column| self.is_length(direction, at, column) || self.counts_up(direction, at, column);
        if other(Direction::ToServer, a, request) || other(Direction::ToClient, b, response) {
            return None;
        }
        let (relation, share) = self.relation((a, request), (b, response))?;
        let varies = self.varies(Direction::ToServer, a) || self.varies(Direction::ToClient, b);
        if !varies && (a != b || matches!(relation, Relation::Plus(_))) {
            return None;
        }
        let (told_a, told_b) = (self.tells_length(Direction::ToServer, a), self.tells_length(Direction::ToClient, b));
        let reach = |column: &Column, direction| column.count as f64 / self.of(direction).count().max(1) as f64;
        let (reach_a, reach_b) = (reach(request, Direction::ToServer), reach(response, Direction::ToClient));
        let (told_a, told_b) = (told_a * reach_a, told_b * reach_b);
        let told = if varies { told_a.max(told_b).max((told_a + told_b) / 2.0) } else { 0.0 };
        let missed = 2.0 - reach_a - reach_b;
        let tied = match relation {
            Relation::Equal | Relation::Plus(0x80) => 3.0,
            Relation::Plus(_) => 2.0,
            Relation::Shared | Relation::Constant(_) => 1.5,
        };
        let several = if varies { 0.5 + (told * 4.0).min(1.5) } else { 0.0 };
        let many = (0.05 * request.distinct().min(response.distinct()).saturating_sub(8) as f64).min(1.0);
        let zero = if request.common().is_some_and(|(value, _)| value == 0) { 1.5 } else { 0.0 };
        let shifted = if a == b { 0.0 } else { 0.5 };
        let score = tied * share + 2.0 * told + several - many - zero - shifted - missed - 0.03 * a as f64;
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
