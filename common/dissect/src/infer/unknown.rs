//! A conversation on which identification has given up: looked at, then read where its format became clear.

use super::format::{Format, infer};
use super::plausible::is_hopeless;
use super::reader::Reader;
use super::talk::{PIECES_MAX, Talk};
use crate::{Fact, Output};
use picket_event::body::App;
use picket_event::{Direction, Timestamp, Transport};

/// Pieces after which the format is looked for.
const TRIES: [usize; 3] = [16, 32, PIECES_MAX];
/// The fewest pieces of a conversation that ended early.
const LEAST: usize = 8;

/// What is known of it.
#[derive(Debug)]
pub(crate) struct Unknown {
    transport: Transport,
    state: State,
}

#[derive(Debug)]
enum State {
    /// One side has spoken so far, this one: a scan takes no room.
    OneSided(Option<Direction>),
    Looking(Box<Talk>),
    Reading(Box<Reader>),
    /// Nothing more is to be found.
    Done,
}

/// What was kept of a conversation whose format was inferred.
#[derive(Clone, Debug, PartialEq)]
pub struct Inferred {
    /// The format.
    pub format: Format,
    /// What it was inferred from.
    pub talk: Talk,
}

impl Unknown {
    /// Begins to look, where both sides have spoken (to the server, to the client).
    pub(crate) fn new(transport: Transport, spoken: [bool; 2], output: &mut Output) -> Self {
        let state = match transport {
            Transport::TCP | Transport::UDP => match spoken {
                [true, true] => Self::begin(output),
                [true, false] => State::OneSided(Some(Direction::ToServer)),
                [false, true] => State::OneSided(Some(Direction::ToClient)),
                [false, false] => State::OneSided(None),
            },
            _ => State::Done,
        };
        Self { transport, state }
    }

    /// Nothing is to be found.
    pub(crate) const fn done(transport: Transport) -> Self {
        Self { transport, state: State::Done }
    }

    /// Looks, where there is room.
    fn begin(output: &mut Output) -> State {
        if output.unknown.take() { State::Looking(Box::default()) } else { State::Done }
    }

    /// What it is called, where that is clear.
    pub(crate) fn app(&self) -> Option<&App> {
        match &self.state {
            State::Reading(reader) => reader.app(),
            State::OneSided(_) | State::Looking(_) | State::Done => None,
        }
    }

    /// Whether more bytes are of any use.
    pub(crate) const fn wants(&self) -> bool {
        match &self.state {
            State::Looking(_) => true,
            State::Reading(reader) => reader.wants(),
            // The other side is waited for by who describes the payload.
            State::OneSided(_) | State::Done => false,
        }
    }

    /// The next segment or datagram.
    pub(crate) fn take(&mut self, direction: Direction, bytes: &[u8], time: Timestamp, output: &mut Output) {
        if let State::OneSided(seen) = &mut self.state {
            if *seen.get_or_insert(direction) == direction {
                return;
            }
            self.state = Self::begin(output);
        }
        match &mut self.state {
            State::Looking(talk) => {
                talk.push(direction, bytes, time);
                self.look(false, output);
            }
            State::Reading(reader) => reader.take(direction, bytes, time, output),
            State::OneSided(_) | State::Done => {}
        }
    }

    /// Bytes of a stream are missing.
    pub(crate) fn gap(&mut self, direction: Direction) {
        if let State::Reading(reader) = &mut self.state {
            reader.gap(direction);
        }
    }

    /// The conversation is over.
    pub(crate) fn finish(&mut self, output: &mut Output) {
        self.look(true, output);
        if let State::Looking(_) = self.state {
            self.leave(State::Done, output);
        }
    }

    /// It turned out to be something else: what was kept is given back.
    pub(crate) fn abandon(&mut self, output: &mut Output) {
        if let State::Looking(_) = self.state {
            self.leave(State::Done, output);
        }
    }

    /// Looks for a format, each time enough was added.
    fn look(&mut self, last: bool, output: &mut Output) {
        let State::Looking(talk) = &self.state else { return };
        if let Some(site) = output.unknown.named(self.transport, talk) {
            let reader = Reader::described(site, talk, output);
            return self.leave(State::Reading(Box::new(reader)), output);
        }
        // What is to be explained is looked at as long as there is room.
        let tries: &[usize] = if output.unknown.explains() { &[PIECES_MAX] } else { &TRIES };
        let due = tries.contains(&talk.len()) || (last && talk.len() >= LEAST);
        if !due {
            return;
        }
        match infer(self.transport, talk) {
            Some(format) => {
                let reader = Reader::inferred(&format, talk);
                if output.unknown.explains() {
                    output.facts.push(Fact::Inferred(Box::new(Inferred { format, talk: (**talk).clone() })));
                }
                self.leave(State::Reading(Box::new(reader)), output);
            }
            None if talk.len() >= PIECES_MAX || is_hopeless(talk) => self.leave(State::Done, output),
            None => {}
        }
    }

    /// Gives the room back.
    fn leave(&mut self, state: State, output: &mut Output) {
        output.unknown.give_back();
        self.state = state;
    }
}
