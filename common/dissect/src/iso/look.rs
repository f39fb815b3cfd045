//! Which protocol a connection's first messages belong to.

use super::{HEAD, Kind, unit};
use crate::{Head, Probe};
use memchr::memchr_iter;
use picket_event::{Direction, Unit as Confidence};
use picket_reader::Fault;

/// What the first messages of a direction say of a protocol.
#[derive(Clone, Copy, Debug, Default)]
struct Look {
    /// Messages that fit it.
    fits: u32,
    /// Of these, those that only a client says, and those that only a server says.
    asks: u32,
    answers: u32,
    /// Messages that are something else.
    foreign: u32,
    /// The unit that asks for a connection, or agrees to it, was seen.
    connects: bool,
    confirms: bool,
    /// No unit begins where the bytes do.
    unframed: bool,
}

/// How one message looks to a protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sight {
    /// It is mine; who says it is told where that is known.
    Mine(Option<Direction>),
    /// It is not.
    Foreign,
    /// It is cut too short to tell.
    Cut,
}

/// Messages of a direction that are looked at.
const LOOKED_AT: u32 = 6;

/// Judges a message's beginning; told whether that is all of it.
type Judge = fn(&[u8], bool) -> Sight;

/// Tells a protocol by its messages: none that is something else, at least one that is its own. Connections alone could carry
/// anything.
pub(crate) fn probe(head: &Head<'_>, judge: Judge) -> Probe {
    let (to_server, to_client) = (look(head.to_server, judge), look(head.to_client, judge));
    let fits = to_server.fits + to_client.fits;
    let foreign = to_server.foreign + to_client.foreign;
    if fits == 0 {
        // A byte or two may be a sign of life of TCP's own.
        let unframed = |look: Look, bytes: &[u8]| bytes.is_empty() || (look.unframed && bytes.len() > HEAD);
        let hopeless = unframed(to_server, head.to_server) && unframed(to_client, head.to_client);
        return if foreign > 0 || hopeless { Probe::No } else { Probe::More };
    }
    if foreign >= fits {
        return Probe::No;
    }
    let confidence = match (fits, to_server.unframed || to_client.unframed || foreign > 0) {
        (_, true) => 0.93,
        (1, _) => 0.97,
        _ => 0.99,
    };
    Probe::Yes {
        confidence: Confidence::new(confidence),
        reversed: to_server.served() + to_client.asked() > to_server.asked() + to_client.served(),
    }
}

/// Looks at the first bytes of a direction, also where they begin inside a unit.
fn look(bytes: &[u8], judge: Judge) -> Look {
    let look = look_at(bytes, judge);
    if !look.unframed {
        return look;
    }
    let mut at = 0;
    while let Some(step) = next_head(bytes.get(at..).unwrap_or(&[])) {
        at += step;
        let rest = bytes.get(at..).unwrap_or(&[]);
        at += 1;
        let Ok(unit) = unit(rest) else { continue };
        if unit.kind == (Kind::Data { last: true })
            && unit.whole(rest.len())
            && judge(unit.user, true) != Sight::Foreign
        {
            return Look { unframed: true, ..look_at(rest, judge) };
        }
    }
    look
}

/// The place of the next two bytes with which a unit begins, 3 and 0.
fn next_head(bytes: &[u8]) -> Option<usize> {
    memchr_iter(3, bytes).find(|at| bytes.get(at.saturating_add(1)) == Some(&0))
}

fn look_at(bytes: &[u8], judge: Judge) -> Look {
    let mut look = Look::default();
    let mut rest = bytes;
    let (mut begun, mut inside) = (true, true);
    while !rest.is_empty() && look.fits + look.foreign < LOOKED_AT {
        let unit = match unit(rest) {
            Ok(unit) => unit,
            Err(fault) => {
                look.unframed |= matches!(fault, Fault::Malformed(_)) && look.fits == 0;
                break;
            }
        };
        match unit.kind {
            Kind::Connect => (look.connects, inside) = (true, false),
            Kind::Confirm => (look.confirms, inside) = (true, false),
            Kind::Data { last } => {
                if begun && !unit.user.is_empty() {
                    let sight = judge(unit.user, last && unit.whole(rest.len()));
                    // Where the connection's opening is missing, the first may be the end of a message of several units.
                    let may_be_an_end = inside && sight == Sight::Foreign;
                    inside = false;
                    if !may_be_an_end {
                        look.note(sight);
                    }
                }
                begun = last;
            }
            Kind::Other => {}
        }
        rest = rest.get(unit.total..).unwrap_or(&[]);
    }
    look
}

impl Look {
    fn note(&mut self, sight: Sight) {
        match sight {
            Sight::Mine(from) => {
                self.fits += 1;
                self.asks += u32::from(from == Some(Direction::ToServer));
                self.answers += u32::from(from == Some(Direction::ToClient));
            }
            Sight::Foreign => self.foreign += 1,
            Sight::Cut => {}
        }
    }

    /// What speaks for a client, and what for a server.
    const fn asked(&self) -> u32 {
        self.asks + if self.connects { LOOKED_AT } else { 0 }
    }

    const fn served(&self) -> u32 {
        self.answers + if self.confirms { LOOKED_AT } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::{Sight, next_head, probe};
    use crate::{Head, Probe};
    use picket_event::Transport;
    use proptest::prelude::*;

    /// A unit of data, or one that asks for a connection.
    fn unit(data: &[u8], connects: bool) -> Vec<u8> {
        let head: &[u8] = if connects { &[6, 0xe0, 0, 0, 0, 1, 0] } else { &[2, 0xf0, 0x80] };
        [&[3, 0, 0, u8::try_from(4 + head.len() + data.len()).unwrap()][..], head, data].concat()
    }

    #[test]
    fn a_conversation_may_be_seen_from_inside_a_message() {
        let judge = |bytes: &[u8], _: bool| if bytes.first() == Some(&1) { Sight::Mine(None) } else { Sight::Foreign };
        let asked = |units: &[Vec<u8>]| {
            let said = units.concat();
            probe(&Head { transport: Transport::TCP, to_server: &said, to_client: &[] }, judge)
        };
        let (mine, other, connects) = (unit(&[1, 1, 1], false), unit(&[9, 9, 9], false), unit(&[], true));
        assert_eq!(asked(std::slice::from_ref(&other)), Probe::More);
        assert!(matches!(asked(&[other.clone(), mine.clone()]), Probe::Yes { .. }));
        // The second begins where a message does, and so does the first behind the opening.
        assert_eq!(asked(&[other.clone(), other.clone()]), Probe::No);
        assert_eq!(asked(&[connects, other]), Probe::No);
        assert!(matches!(asked(&[mine]), Probe::Yes { .. }));
    }

    proptest! {
        #[test]
        fn heads_are_found_as_by_looking_at_every_byte(bytes in proptest::collection::vec(prop_oneof![Just(0u8), Just(3), any::<u8>()], 0..80)) {
            prop_assert_eq!(next_head(&bytes), bytes.windows(2).position(|pair| pair == [3, 0]));
        }
    }
}
