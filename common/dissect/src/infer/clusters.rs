//! Conversations of the same format put together, and what they show only together.

use super::columns::Column;
use super::format::{Format, infer_all};
use super::length::split;
use super::meaning::Meaning;
use super::talk::{Message, Talk};
use super::unknown::Inferred;
use picket_event::{Direction, MessageKind, Operation};
use std::collections::BTreeMap;

/// Clusters kept.
const CLUSTERS_MAX: usize = 256;
/// Conversations of a cluster that are looked at together; the others are counted.
const TALKS_MAX: usize = 64;
/// Bytes of a message that are described.
const HEADER: usize = 24;

/// Clusters by their number.
#[derive(Clone, Debug, Default)]
pub struct Clusters {
    all: BTreeMap<u32, Cluster>,
    left_out: u64,
}

/// Conversations of one format.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// The format that the first of them showed.
    pub format: Format,
    /// Conversations of it.
    pub conversations: usize,
    talks: Vec<Talk>,
}

/// What the bytes at one place of a message are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The same in every message.
    Constant(u8),
    /// Part of the length field.
    Length,
    /// Part of the transaction counter.
    Counter,
    /// The operation.
    Operation,
    /// The same within a conversation, so many values over all of them.
    Session(usize),
    /// So many values.
    Enumerated(usize),
    /// As a random byte: values that are measured, times, checksums.
    Random,
}

/// One value of the operation byte.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Code {
    /// The value.
    pub value: u8,
    /// Requests, and other messages, that have it.
    pub counts: (usize, usize),
    /// What it does, as far as sizes and repetition tell.
    pub operation: Operation,
}

impl Clusters {
    /// Adds a conversation.
    pub fn add(&mut self, inferred: Inferred) {
        let id = inferred.format.id();
        if self.all.len() >= CLUSTERS_MAX && !self.all.contains_key(&id) {
            self.left_out = self.left_out.saturating_add(1);
            return;
        }
        let new = Cluster { format: inferred.format, conversations: 0, talks: Vec::new() };
        let cluster = self.all.entry(id).or_insert(new);
        cluster.conversations += 1;
        if cluster.talks.len() < TALKS_MAX {
            cluster.talks.push(inferred.talk);
        }
    }

    /// The clusters with what they show together, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &Cluster> {
        self.all.values()
    }

    /// Conversations left out because there were too many clusters.
    #[must_use]
    pub const fn left_out(&self) -> u64 {
        self.left_out
    }
}

impl Cluster {
    /// The format that all of them show together: what one conversation leaves open, others tell. Its number is that of
    /// the cluster.
    #[must_use]
    pub fn common(&self) -> Format {
        let talks: Vec<&Talk> = self.talks.iter().collect();
        let together = infer_all(self.format.transport, &talks).filter(|format| format.length == self.format.length);
        match together {
            Some(format) => Format { magic: self.format.magic.clone(), ..format },
            None => self.format.clone(),
        }
    }

    /// The messages of each conversation that is kept.
    #[must_use]
    pub fn messages(&self) -> Vec<Vec<Message<'_>>> {
        let length = self.format.length;
        let of = |talk| Talk::pieces(talk).flat_map(|piece| split(length.as_ref(), piece)).collect();
        self.talks.iter().map(of).collect()
    }

    /// What each place of the header is, as far as messages reach.
    #[must_use]
    pub fn roles(&self, format: &Format) -> Vec<Role> {
        let messages = self.messages();
        (0..HEADER).map_while(|at| role(format, &messages, at)).collect()
    }

    /// The values of the operation byte.
    #[must_use]
    pub fn codes(&self, format: &Format) -> Vec<Code> {
        let Some(field) = format.operation else { return Vec::new() };
        let mut found: BTreeMap<u8, Code> = BTreeMap::new();
        for messages in self.messages() {
            let mut meaning = Meaning::default();
            for meant in messages.iter().filter_map(|message| meaning.take(&field, message)) {
                let new = Code { value: meant.function, counts: (0, 0), operation: Operation::Other };
                let code = found.entry(meant.function).or_insert(new);
                match meant.kind {
                    MessageKind::Request => code.counts.0 += 1,
                    _ => code.counts.1 += 1,
                }
                if meant.kind != MessageKind::Unsolicited && meant.operation != Operation::Other {
                    code.operation = meant.operation;
                }
            }
        }
        found.into_values().collect()
    }

    /// Lengths of the messages of one direction, with how often, most frequent first.
    #[must_use]
    pub fn sizes(&self, direction: Direction) -> Vec<(usize, usize)> {
        let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
        for message in self.messages().iter().flatten().filter(|message| message.direction == direction) {
            *counts.entry(message.length).or_default() += 1;
        }
        let mut sizes: Vec<_> = counts.into_iter().collect();
        sizes.sort_by_key(|(length, count)| (std::cmp::Reverse(*count), *length));
        sizes
    }

    /// Median time between the requests of a conversation, seconds.
    #[must_use]
    pub fn period(&self) -> Option<f64> {
        let mut steps: Vec<i64> = Vec::new();
        for messages in self.messages() {
            let times: Vec<i64> =
                messages.iter().filter(|m| m.direction == Direction::ToServer).map(|m| m.time.nanos()).collect();
            steps.extend(times.iter().zip(times.iter().skip(1)).map(|(before, after)| after.saturating_sub(*before)));
        }
        steps.sort_unstable();
        steps.get(steps.len() / 2).map(|nanos| *nanos as f64 / 1e9)
    }
}

/// What a place is; `None` where half of the messages do not reach it.
fn role(format: &Format, messages: &[Vec<Message<'_>>], at: usize) -> Option<Role> {
    let all = messages.iter().flatten().count();
    let column = Column::of(messages.iter().flatten(), at);
    if column.count * 2 < all || column.count == 0 {
        return None;
    }
    let is_operation = format.operation.is_some_and(|field| at == usize::from(field.request_at));
    let is_length = |field: &super::LengthField| at >= usize::from(field.at) && at < usize::from(field.end());
    let constants: Vec<Option<u8>> = messages.iter().map(|one| Column::of(one.iter(), at).constant()).collect();
    Some(if format.length.as_ref().is_some_and(is_length) {
        Role::Length
    } else if format.counter.is_some_and(|counter| counter.covers(at)) {
        Role::Counter
    } else if is_operation {
        Role::Operation
    } else if let Some(value) = column.constant() {
        Role::Constant(value)
    } else if constants.iter().all(Option::is_some) {
        Role::Session(column.distinct())
    } else if column.is_random() || column.distinct() > 32 {
        Role::Random
    } else {
        Role::Enumerated(column.distinct())
    })
}
