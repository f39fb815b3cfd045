//! A service being followed until TLS begins.

use super::parse::{Step, record};
use crate::{Context, Input, Need, Next, Output, Progress, Session};
use picket_event::Direction;

/// Messages of one direction behind which a service is taken to stay in clear.
const MESSAGES_LIMIT: u8 = 64;
/// Bytes of one direction, likewise.
const BYTES_LIMIT: usize = 1 << 16;
/// Bytes of a record that tell it.
const RECORD: usize = 3;

/// One direction.
#[derive(Clone, Copy, Debug, Default)]
struct Side {
    /// Bytes of the message still to come.
    skip: usize,
    /// Inside a line.
    line: bool,
    /// Messages and bytes seen.
    messages: u8,
    bytes: usize,
}

/// The session.
#[derive(Debug)]
pub(super) struct Talk {
    step: fn(Direction, u8, &[u8]) -> Step,
    sides: [Side; 2],
    /// One direction has gone over to TLS.
    switched: bool,
}

impl Talk {
    pub(super) fn new(step: fn(Direction, u8, &[u8]) -> Step) -> Self {
        Self { step, sides: [Side::default(); 2], switched: false }
    }

    fn stream(&mut self, direction: Direction, bytes: &[u8]) -> Progress {
        let Some(side) = self.sides.get_mut(direction.index()) else { return done(0) };
        let mut at = 0usize;
        loop {
            let view = bytes.get(at..).unwrap_or(&[]);
            if view.is_empty() {
                return Progress { consumed: at, need: Need::Bytes(1) };
            }
            let count = if side.skip > 0 {
                let count = side.skip.min(view.len());
                side.skip = side.skip.saturating_sub(count);
                count
            } else if side.line {
                let end = view.iter().position(|byte| *byte == b'\n');
                side.line = end.is_none();
                end.map_or(view.len(), |end| end.saturating_add(1))
            } else {
                match record(view, self.switched) {
                    Some(true) => {
                        self.switched = true;
                        return Progress { consumed: at, need: Need::Switch(Next::Protected) };
                    }
                    None => return Progress { consumed: at, need: Need::Bytes(RECORD) },
                    Some(false) => {}
                }
                if side.messages >= MESSAGES_LIMIT || side.bytes >= BYTES_LIMIT {
                    return done(at);
                }
                match (self.step)(direction, side.messages, view) {
                    Step::More(count) => return Progress { consumed: at, need: Need::Bytes(count) },
                    Step::Clear => return done(at),
                    Step::Text(count) => count,
                    step => {
                        side.messages = side.messages.saturating_add(1);
                        side.line = step == Step::Line;
                        side.skip = if let Step::Message(length) = step { length } else { 0 };
                        0
                    }
                }
            };
            side.bytes = side.bytes.saturating_add(count);
            at = at.saturating_add(count);
        }
    }
}

const fn done(consumed: usize) -> Progress {
    Progress { consumed, need: Need::Done }
}

impl Session for Talk {
    fn feed(&mut self, direction: Direction, input: Input<'_>, _context: &Context, _output: &mut Output) -> Progress {
        match input {
            Input::Stream(bytes) => self.stream(direction, bytes),
            // What follows is a record, or it begins somewhere in a message: lines are found again, others are not.
            Input::Gap(_) => {
                if let Some(side) = self.sides.get_mut(direction.index()) {
                    *side = Side { messages: side.messages, bytes: side.bytes, ..Side::default() };
                }
                Progress { consumed: 0, need: Need::Bytes(1) }
            }
            Input::End => Progress { consumed: 0, need: Need::Nothing },
            Input::Datagram(_) => done(0),
        }
    }
}
