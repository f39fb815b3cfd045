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

/// Which of the waiting requests a response answers.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Turn {
    /// The last: between them lie acknowledgements that nobody answers.
    Last,
    /// The first: requests do not wait for each other.
    First,
}

/// Requests with their responses.
pub(crate) fn pairs<'a>(messages: &'a [Message<'a>], turn: Turn) -> Vec<Pair<'a>> {
    let (mut waiting, mut found) = (VecDeque::new(), Vec::new());
    for message in messages {
        match message.direction {
            Direction::ToServer => {
                if waiting.len() == WAITING_MAX {
                    waiting.clear();
                }
                waiting.push_back(message);
            }
            Direction::ToClient => {
                let request = match turn {
                    Turn::First => waiting.pop_front(),
                    Turn::Last => waiting.drain(..).next_back(),
                };
                found.extend(request.map(|request| (request, message)));
            }
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
        let of = || pairs.iter().filter_map(|(request, _)| request.byte(at));
        let (all, changed) = (of().count(), of().zip(of().skip(1)).filter(|(before, after)| before != after).count());
        changed * 10 >= all * 7 && Column::from_values(of()).moves()
    };
    let at = (0..PLACES).find(|at| echoes(pairs, *at) && moves(*at))?;
    let mut counter = Counter { at: u8::try_from(at).ok()?, width: 1 };
    // Behind it further bytes of a random number; before it the upper byte of one that counts.
    let behind = (at + 1..at + 4).take_while(|next| echoes(pairs, *next) && moves(*next)).count();
    counter.width += u8::try_from(behind).unwrap_or(0);
    if counter.width == 1 && at > 0 && echoes(pairs, at - 1) && at % 2 == 1 {
        counter = Counter { at: counter.at - 1, width: 2 };
    }
    Some(counter)
}

/// The messages that are more than acknowledgements below them: the shortest of a direction, always the same, with
/// the next message from the same side.
pub(crate) fn without_acknowledgements<'a>(messages: &[Message<'a>]) -> Vec<Message<'a>> {
    let is_ack = [Direction::ToServer, Direction::ToClient].map(|direction| {
        let of = || messages.iter().filter(|message| message.direction == direction);
        let shortest = of().min_by_key(|message| message.length)?;
        let same = |message: &Message<'_>| message.direction == direction && message.head == shortest.head;
        let all = of().filter(|message| same(message)).count();
        let next = messages.iter().zip(messages.iter().skip(1));
        let alone = next.filter(|(ack, next)| same(ack) && next.direction == direction).count();
        (all >= 3 && alone * 10 >= all * 7).then_some(shortest.head)
    });
    let [to_server, to_client] = is_ack;
    let of = |direction| if direction == Direction::ToServer { to_server } else { to_client };
    messages.iter().filter(|message| of(message.direction) != Some(message.head)).copied().collect()
}
