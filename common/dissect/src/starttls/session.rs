//! A service being followed until TLS begins.

use super::Service;
use super::parse::{Step, record};
use super::tell::{MESSAGE_MAX, Tell, put};
use crate::describer::Said;
use crate::{Context, Input, Need, Next, Output, Progress, Session};
use picket_event::{Direction, Protocol};

/// Messages of one direction behind which a service is taken to stay in clear.
const MESSAGES_LIMIT: u8 = 64;
/// Datagrams of one direction that are read.
const DATAGRAMS_LIMIT: u8 = 8;
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
    tell: Option<Tell>,
    protocol: Protocol,
    sides: [Side; 2],
    /// One direction has gone over to TLS.
    switched: bool,
}

impl Talk {
    pub(super) fn new(service: &Service) -> Self {
        let Service { step, tell, protocol, .. } = service;
        let sides = [Side::default(); 2];
        Self { step: *step, tell: *tell, protocol: protocol.clone(), sides, switched: false }
    }

    fn stream(&mut self, direction: Direction, bytes: &[u8], context: &Context, output: &mut Output) -> Progress {
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
                    // What is to be read has to be there.
                    Step::Message(length) if self.tell.is_some() && view.len() < length && length <= MESSAGE_MAX => {
                        return Progress { consumed: at, need: Need::Bytes(length) };
                    }
                    step => {
                        if let Step::Message(length) = step
                            && let Some(bytes) = view.get(..length)
                        {
                            put(self.tell, &self.protocol, &Said { bytes, direction, context }, output);
                        }
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
    fn feed(&mut self, direction: Direction, input: Input<'_>, context: &Context, output: &mut Output) -> Progress {
        match input {
            Input::Stream(bytes) => self.stream(direction, bytes, context, output),
            // What follows is a record, or it begins somewhere in a message: lines are found again, others are not.
            Input::Gap(_) => {
                if let Some(side) = self.sides.get_mut(direction.index()) {
                    *side = Side { messages: side.messages, bytes: side.bytes, ..Side::default() };
                }
                Progress { consumed: 0, need: Need::Bytes(1) }
            }
            Input::End => Progress { consumed: 0, need: Need::Nothing },
            // A message each; TLS never follows.
            Input::Datagram(bytes) => {
                let Some(side) = self.sides.get_mut(direction.index()) else { return done(0) };
                put(self.tell, &self.protocol, &Said { bytes, direction, context }, output);
                side.messages = side.messages.saturating_add(1);
                let need = if side.messages < DATAGRAMS_LIMIT { Need::Bytes(1) } else { Need::Nothing };
                Progress { consumed: bytes.len(), need }
            }
        }
    }
}
