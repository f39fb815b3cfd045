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

    /// Whether a byte of which there are several values has them within one conversation.
    fn varies(&self, direction: Direction, at: usize) -> bool {
        self.talks.len() == 1
            || self.talks.iter().any(|talk| {
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
            let (mut asked, mut kept) = (Column::default(), Column::default());
            for (request, response) in both() {
                asked.add(request);
                if response.wrapping_sub(request) == by {
                    kept.add(request);
                }
            }
            let held = asked.values().filter(|(value, times)| kept.times(*value) * 5 >= times * 3).count();
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

    /// What one place of a direction shows by itself; `None` where the operation cannot stand there.
    fn place(&self, direction: Direction, at: usize) -> Option<Place> {
        if self.is_taken(at) {
            return None;
        }
        let column = self.column(direction, at);
        let is_few = column.most() <= VALUES_MAX && column.count >= column.distinct() * 2;
        let is_other = || self.is_length(direction, at, &column) || self.counts_up(direction, at, &column);
        if column.count < 2 || !is_few || is_other() {
            return None;
        }
        let reach = column.count as f64 / self.of(direction).count().max(1) as f64;
        let varies = column.distinct() > 1 && self.varies(direction, at);
        let told = self.tells_length(direction, at) * reach;
        Some(Place { at, column, varies, told, reach })
    }

    /// How much speaks for a pair of places, the one in requests and the one in responses.
    fn judge(&self, request: &Place, response: &Place) -> Option<Found> {
        let (a, b) = (request.at, response.at);
        let varies = request.varies || response.varies;
        if !varies && a != b {
            return None;
        }
        let (relation, share) = self.relation((a, &request.column), (b, &response.column))?;
        if !varies && matches!(relation, Relation::Plus(_)) {
            return None;
        }
        let (told_a, told_b) = (request.told, response.told);
        let told = if varies { told_a.max(told_b).max((told_a + told_b) / 2.0) } else { 0.0 };
        let missed = 2.0 - request.reach - response.reach;
        let tied = match relation {
            Relation::Equal | Relation::Plus(0x80) => 3.0,
            Relation::Plus(_) => 2.0,
            Relation::Shared | Relation::Constant(_) => 1.5,
        };
        let several = if varies { 0.5 + (told * 4.0).min(1.5) } else { 0.0 };
        let distinct = request.column.distinct().min(response.column.distinct());
        let many = (0.05 * distinct.saturating_sub(8) as f64).min(1.0);
        let zero = if request.column.common().is_some_and(|(value, _)| value == 0) { 1.5 } else { 0.0 };
        let shifted = if a == b { 0.0 } else { 0.5 };
        let score = tied * share + 2.0 * told + several - many - zero - shifted - missed - 0.03 * a as f64;
        let place = |at: usize| u8::try_from(at).unwrap_or(u8::MAX);
        Some(Found { field: OperationField { request_at: place(a), response_at: place(b), relation }, score })
    }
}

/// A place where the operation may stand, by what the messages of one direction have there.
struct Place {
    at: usize,
    column: Column,
    /// Whether it has several values within one conversation.
    varies: bool,
    /// Share of the uncertainty of lengths that it takes away, of all messages.
    told: f64,
    /// Share of the messages that are long enough for it.
    reach: f64,
}

/// The best place.
pub(crate) fn find(view: &View<'_>) -> Option<Found> {
    let places = |direction, end| (0..end).filter_map(|at| view.place(direction, at)).collect::<Vec<_>>();
    let requests = places(Direction::ToServer, PLACES);
    let responses = places(Direction::ToClient, PLACES + SHIFT);
    let mut best: Option<Found> = None;
    for request in &requests {
        for response in responses.iter().filter(|response| (request.at..=request.at + SHIFT).contains(&response.at)) {
            let found = view.judge(request, response);
            if let Some(found) = found.filter(|found| best.as_ref().is_none_or(|best| found.score > best.score)) {
                best = Some(found);
            }
        }
    }
    best
}
