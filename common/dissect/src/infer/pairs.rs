//! Which request a response answers, and the transaction counter that both carry.

use super::columns::Column;
use super::talk::Message;
use picket_event::Direction;
use std::collections::VecDeque;

/// Requests that wait at once.
const WAITING_MAX: usize = 8;
/// Places a counter is looked for at.
const PLACES: usize = 32;

/// A request and its response.
pub(crate) type Pair<'a> = (&'a Message<'a>, &'a Message<'a>);

/// Requests with their responses, first come first served.
pub(crate) fn pairs<'a>(messages: &'a [Message<'a>]) -> Vec<Pair<'a>> {
    let (mut waiting, mut found) = (VecDeque::new(), Vec::new());
    for message in messages {
        match message.direction {
            Direction::ToServer => {
                if waiting.len() == WAITING_MAX {
                    waiting.clear();
                }
                waiting.push_back(message);
            }
            Direction::ToClient => found.extend(waiting.pop_front().map(|request| (request, message))),
        }
    }
    found
}

/// A number that changes with each request and comes back in its response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counter {
    /// Its first byte, the same in requests and responses.
    pub at: u8,
    /// 1 to 4 bytes.
    pub width: u8,
}

impl Counter {
    /// Whether a place belongs to it.
    #[must_use]
    pub const fn covers(&self, at: usize) -> bool {
        at >= self.at as usize && at < self.at as usize + self.width as usize
    }
}

/// Whether nearly all pairs have the same byte at a place.
fn echoes(pairs: &[Pair<'_>], at: usize) -> bool {
    let both = || pairs.iter().filter_map(|(request, response)| Some((request.byte(at)?, response.byte(at)?)));
    let (all, equal) = (both().count(), both().filter(|(request, response)| request == response).count());
    all >= 4 && equal * 10 >= all * 9
}

/// The transaction counter: the first place that is echoed and takes many values, with its neighbours that are echoed.
pub(crate) fn counter(pairs: &[Pair<'_>]) -> Option<Counter> {
    let moves = |at: usize| {
        let column = Column::from_values(pairs.iter().filter_map(|(request, _)| request.byte(at)));
        column.distinct() >= 4 && column.distinct() * 2 >= column.count.min(16)
    };
    let at = (0..PLACES).find(|at| echoes(pairs, *at) && moves(*at))?;
    let mut counter = Counter { at: u8::try_from(at).ok()?, width: 1 };
    // Behind it further bytes of a random number; before it the upper byte of one that counts.
    while counter.width < 4 && {
        let next = at + usize::from(counter.width);
        echoes(pairs, next) && moves(next)
    } {
        counter.width += 1;
    }
    if counter.width == 1 && at > 0 && echoes(pairs, at - 1) && at % 2 == 1 {
        counter = Counter { at: counter.at - 1, width: 2 };
    }
    Some(counter)
}
