//! Whether what nobody knows is like the traffic of a plant: short messages that ask and answer, that repeat
//! themselves, under a header that says little. Encrypted, compressed, bulk and plain-text traffic is not.

use super::columns::Column;
use super::format::Format;
use super::length::Counts;
use super::operation::Relation;
use super::talk::{Message, Talk};
use picket_event::{Direction, Unit};
use std::collections::BTreeSet;

/// Messages of each direction, at least.
const EACH_MIN: usize = 4;
/// The longest a short message is, bytes.
const SHORT: usize = 320;
/// Share of the messages that are as long as another of their direction, at least.
const REPEATED: f64 = 0.6;
/// Share of the bytes at places where anything stands, at most.
const RANDOM: f64 = 0.4;
/// An operation byte that is clear without help of a header.
const CLEAR: f64 = 4.5;
/// Different lengths at least, where no counter moves.
const LENGTHS_MIN: usize = 3;
/// Places looked at for random bytes.
const PLACES: usize = 48;

/// Whether the pieces of a conversation are an exchange of short binary messages.
pub(crate) fn is_exchange(talk: &Talk) -> bool {
    let (to_server, to_client) = (talk.of(Direction::ToServer), talk.of(Direction::ToClient));
    let (less, more) = (to_server.min(to_client), to_server.max(to_client));
    if less < EACH_MIN || more > less * 8 {
        return false;
    }
    let short = talk.pieces().filter(|piece| piece.length <= SHORT).count();
    short * 10 >= talk.len() * 9 && !is_text(talk)
}

/// Whether it is never going to be one, however long one waits.
pub(crate) fn is_hopeless(talk: &Talk) -> bool {
    let long = talk.pieces().filter(|piece| piece.length > SHORT).count();
    long > super::talk::PIECES_MAX / 10 || (talk.len() >= 8 && is_text(talk))
}

/// Whether most bytes can be read by people.
fn is_text(talk: &Talk) -> bool {
    let (mut printable, mut all) = (0usize, 0usize);
    for piece in talk.pieces() {
        all += piece.head.len();
        printable += piece.head.iter().filter(|byte| matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n')).count();
    }
    printable * 4 >= all * 3
}

/// Whether its pieces are mostly bytes of which any could stand there: what is encrypted or compressed.
pub(crate) fn is_random(talk: &Talk) -> bool {
    let pieces: Vec<Message<'_>> = talk.pieces().collect();
    random_share(&pieces) > RANDOM
}

/// Share of the bytes that lie at places where anything stands.
fn random_share(messages: &[Message<'_>]) -> f64 {
    let (mut random, mut all) = (0usize, 0usize);
    for direction in [Direction::ToServer, Direction::ToClient] {
        for at in 0..PLACES {
            let column = Column::of(messages.iter().filter(|message| message.direction == direction), at);
            if column.count >= EACH_MIN {
                all += column.count;
                random += if column.is_random() { column.count } else { 0 };
            }
        }
    }
    random as f64 / all.max(1) as f64
}

/// Share of the messages that are as long as an earlier one of their direction.
fn repetition(messages: &[Message<'_>]) -> f64 {
    let shapes: BTreeSet<_> = messages.iter().map(|message| (message.direction.index(), message.length)).collect();
    1.0 - shapes.len() as f64 / messages.len().max(1) as f64
}

/// How sure one may be that these are messages of a plant with that format; `None` where they are not.
pub(crate) fn confidence(format: &Format, operation: f64, messages: &[Message<'_>]) -> Option<Unit> {
    let field = format.operation?;
    let random = random_share(messages);
    if random > RANDOM || repetition(messages) < REPEATED {
        return None;
    }
    // Where one message is sent again and again and one answers it, nothing is clear: any constant would do.
    let lengths: BTreeSet<usize> = messages.iter().map(|message| message.length).collect();
    let checked = format.length.is_some_and(|field| field.counts == Counts::Ft3);
    if lengths.len() < LENGTHS_MIN && format.counter.is_none() && !checked {
        return None;
    }
    let tied = matches!(field.relation, Relation::Equal | Relation::Plus(_));
    let framed = match (format.length, format.magic.len(), format.counter) {
        (Some(_), 2.., _) | (Some(_), _, Some(_)) => 0.3,
        (Some(_), 1, _) => 0.25,
        (Some(_), 0, None) if operation >= CLEAR => 0.15,
        (None, 1.., Some(_)) if tied => 0.2,
        (None, 0, Some(_)) if tied && operation >= CLEAR => 0.1,
        _ => return None,
    };
    let value = 0.35 + framed + (operation / 20.0).clamp(0.0, 0.3) - 0.3 * random;
    Some(Unit::new(value.clamp(0.05, 0.9) as f32))
}
