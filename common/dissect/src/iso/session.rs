//! The session that all protocols over ISO transport share.

use super::{HEAD, Kind, Unit, unit};
use crate::{Context, Input, Need, Output, Progress, Session};
use picket_event::Direction;
use picket_reader::Fault;

/// The longest message that is put together, bytes: what one TPKT can carry.
const MESSAGE_LIMIT: usize = 65_535;
/// Bytes of a message's beginning by which a stream is taken up again.
const LOOK: usize = 32;
/// Memory of put together messages that is kept for the next, bytes.
const KEEP: usize = 4096;
/// Bytes without a message after which a conversation is something else.
const FOREIGN_LIMIT: usize = 32_768;
/// Damaged places of a direction that are told.
const DAMAGE_LIMIT: u8 = 8;

/// What reads the messages.
pub(crate) trait Upper {
    /// Whether a message of its kind can begin so; `bytes` may be cut.
    fn fits(bytes: &[u8]) -> bool;

    /// Takes a whole message.
    fn message(&mut self, direction: Direction, bytes: &[u8], context: &Context, output: &mut Output);
}

/// The session under a protocol over ISO transport.
#[derive(Debug, Default)]
pub(crate) struct OverIso<U> {
    upper: U,
    sides: [Side; 2],
    /// A message was read.
    known: bool,
    /// Bytes passed over before that.
    passed: usize,
}

/// One direction.
#[derive(Debug)]
struct Side {
    /// Units of an unfinished message.
    parts: Vec<u8>,
    /// The next bytes may begin inside a unit.
    lost: bool,
    /// What is put together is too long: passed over up to its end.
    skipping: bool,
    damaged: u8,
}

impl Default for Side {
    fn default() -> Self {
        Self { parts: Vec::new(), lost: true, skipping: false, damaged: 0 }
    }
}

/// The most that a session holds beside what is above.
pub(crate) const fn session_limit() -> usize {
    2 * MESSAGE_LIMIT.next_power_of_two()
}

impl<U: Upper> Session for OverIso<U> {
    fn feed(&mut self, direction: Direction, input: Input<'_>, context: &Context, output: &mut Output) -> Progress {
        match input {
            Input::Stream(bytes) => self.stream(direction, bytes, context, output),
            Input::Datagram(bytes) => Progress { consumed: bytes.len(), need: Need::NotMine },
            Input::Gap(_) => {
                if let Some(side) = self.sides.get_mut(direction.index()) {
                    *side = Side { damaged: side.damaged, ..Side::default() };
                }
                Progress { consumed: 0, need: Need::Bytes(HEAD) }
            }
            Input::End => Progress { consumed: 0, need: Need::Nothing },
        }
    }
}

impl<U: Upper> OverIso<U> {
    fn stream(&mut self, direction: Direction, bytes: &[u8], context: &Context, output: &mut Output) -> Progress {
        let Self { upper, sides, known, passed } = self;
        let Some(side) = sides.get_mut(direction.index()) else {
            return Progress { consumed: bytes.len(), need: Need::Nothing };
        };
        let mut at = 0usize;
        loop {
            let rest = bytes.get(at..).unwrap_or(&[]);
            if side.lost {
                let (skip, found) = resynchronise::<U>(rest);
                at = at.saturating_add(skip);
                if !found {
                    *passed = passed.saturating_add(if *known { 0 } else { skip });
                    let left = bytes.len().saturating_sub(at);
                    let need =
                        if *passed > FOREIGN_LIMIT { Need::NotMine } else { Need::Bytes(left.saturating_add(1)) };
                    return Progress { consumed: at, need };
                }
                side.lost = false;
                continue;
            }
            if rest.is_empty() {
                return Progress { consumed: at, need: Need::Bytes(HEAD) };
            }
            match unit(rest) {
                Ok(unit) if unit.whole(rest.len()) => {
                    at = at.saturating_add(unit.total);
                    *known |= side.take(upper, &unit, direction, context, output);
                }
                Ok(unit) => return Progress { consumed: at, need: Need::Bytes(unit.total) },
                Err(Fault::Incomplete { .. }) => {
                    return Progress { consumed: at, need: Need::Bytes(rest.len().saturating_add(1).max(HEAD)) };
                }
                Err(Fault::Malformed(reason)) => {
                    side.lose(reason, output);
                    at = at.saturating_add(1);
                }
            }
        }
    }
}

impl Side {
    /// Something is no unit: the stream is taken up again further on.
    fn lose(&mut self, reason: &'static str, output: &mut Output) {
        if self.damaged < DAMAGE_LIMIT {
            self.damaged += 1;
            output.malformed.push(reason);
        }
        self.lost = true;
        self.parts = Vec::new();
    }

    /// Takes a whole unit; answers whether it ended a message.
    fn take<U: Upper>(
        &mut self,
        upper: &mut U,
        unit: &Unit<'_>,
        direction: Direction,
        context: &Context,
        output: &mut Output,
    ) -> bool {
        let Kind::Data { last } = unit.kind else {
            self.parts.clear();
            return false;
        };
        if self.parts.is_empty() && last && !self.skipping {
            // Empty units acknowledge.
            if !unit.user.is_empty() {
                upper.message(direction, unit.user, context, output);
            }
            return !unit.user.is_empty();
        }
        if !self.skipping && self.parts.len().saturating_add(unit.user.len()) > MESSAGE_LIMIT {
            self.skipping = true;
            self.parts = Vec::new();
            output.malformed.push("cotp: message without end");
        }
        if !self.skipping {
            self.parts.extend_from_slice(unit.user);
        }
        if !last {
            return false;
        }
        let whole = !std::mem::take(&mut self.skipping) && !self.parts.is_empty();
        if whole {
            upper.message(direction, &self.parts, context, output);
        }
        self.parts.clear();
        self.parts.shrink_to(KEEP);
        whole
    }
}

/// How far to the next place where a message can begin, and whether it is one. Linear: each place costs a look at its head.
fn resynchronise<U: Upper>(bytes: &[u8]) -> (usize, bool) {
    for (at, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == 3) {
        let rest = bytes.get(at..).unwrap_or(&[]);
        if begins::<U>(rest) {
            return (at, true);
        }
    }
    // The last bytes may be the start of a unit.
    (bytes.len().saturating_sub(LOOK - 1), false)
}

fn begins<U: Upper>(bytes: &[u8]) -> bool {
    match unit(bytes) {
        Ok(unit) => match unit.kind {
            Kind::Connect | Kind::Confirm => unit.header(bytes.len()) == unit.total,
            Kind::Data { .. } => !unit.user.is_empty() && U::fits(unit.user),
            Kind::Other => false,
        },
        Err(_) => false,
    }
}
