//! A session with what it has not consumed yet, and the contract it is held to.

use crate::heads::Beginning;
use crate::identify::Candidate;
use crate::{Context, Input, Need, Next, Output, Progress, SessionBox};
use picket_event::Direction;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The longest unfinished message that is kept, bytes. A DNS message over TCP is the longest there is.
pub(crate) const MESSAGE_LIMIT: usize = 66_000;
/// Memory of an emptied buffer that is kept for the next message, bytes.
const KEEP: usize = 4096;
/// `want` of a direction that is not needed any more.
const NOTHING: u32 = u32::MAX;

/// An open session. Directions are the session's.
pub(crate) struct Open {
    session: SessionBox,
    pub(crate) candidate: Candidate,
    /// Unconsumed bytes.
    rest: [Vec<u8>; 2],
    /// Bytes that have to be in view before the session is called, or [`NOTHING`].
    want: [u32; 2],
    /// What it was given first, as long as it has told nothing of it.
    begun: Option<Box<Beginning>>,
    /// Whether it has told something: then it will not give up without a word.
    told: bool,
}

impl std::fmt::Debug for Open {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Open").field("candidate", &self.candidate).field("want", &self.want).finish_non_exhaustive()
    }
}

/// What became of a session after an input.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outcome {
    Goes,
    Done,
    /// Identify again, from this offset of the input on.
    NotMine(usize),
    /// The direction is handed over, from this offset of the input on.
    Switch(usize, Next),
}

impl Open {
    pub(crate) const fn new(session: SessionBox, candidate: Candidate, begun: Option<Box<Beginning>>) -> Self {
        Self { session, candidate, rest: [Vec::new(), Vec::new()], want: [1, 1], begun, told: false }
    }

    /// Keeps the first bytes of a session that may yet give up, once it has read them: most tell something at once.
    #[inline]
    pub(crate) fn remember(&mut self, direction: Direction, bytes: &[u8], output: &Output) {
        if self.told {
            return;
        }
        if !output.events.is_empty() || !output.facts.is_empty() {
            (self.told, self.begun) = (true, None);
        } else {
            self.begun.get_or_insert_default().describe(direction, bytes);
        }
    }

    /// What it was given first, up to the bytes of the caller's `direction` with which it gave up.
    pub(crate) fn beginning(self, direction: Direction, bytes: &[u8]) -> Option<Box<Beginning>> {
        let mut begun = self.begun;
        if !bytes.is_empty() {
            begun.get_or_insert_default().describe(direction, bytes);
        }
        begun
    }

    /// Whether bytes of this direction are of any use to it.
    pub(crate) fn wants(&self, direction: Direction) -> bool {
        self.want.get(direction.index()).is_some_and(|want| *want != NOTHING)
    }

    /// Nothing more is read in either direction.
    pub(crate) fn stop(&mut self) {
        self.want = [NOTHING; 2];
        self.rest = [Vec::new(), Vec::new()];
    }

    /// Feeds the next bytes.
    pub(crate) fn stream(
        &mut self,
        direction: Direction,
        bytes: &[u8],
        context: &Context,
        output: &mut Output,
    ) -> Outcome {
        let at = direction.index();
        let (Some(rest), Some(want)) = (self.rest.get_mut(at), self.want.get(at)) else { return Outcome::Done };
        if *want == NOTHING {
            return Outcome::Goes;
        }
        if rest.is_empty() {
            let (outcome, consumed) = self.drive(direction, bytes, context, output);
            if let (Outcome::Goes, Some(left @ [_, ..]), Some(rest)) =
                (&outcome, bytes.get(consumed..), self.rest.get_mut(at))
            {
                rest.extend_from_slice(left);
            }
            return outcome;
        }
        rest.extend_from_slice(bytes);
        if rest.len() < *want as usize {
            return Outcome::Goes;
        }
        let mut all = std::mem::take(rest);
        let (outcome, consumed) = self.drive(direction, &all, context, output);
        if let Outcome::Goes = outcome {
            all.drain(..consumed.min(all.len()));
            if all.is_empty() && all.capacity() > KEEP {
                all = Vec::new();
            }
        }
        if let Some(rest) = self.rest.get_mut(at) {
            *rest = all;
        }
        outcome
    }

    /// Takes the whole input of which an outcome other than [`Outcome::Goes`] spoke, where it was more than the last bytes.
    pub(crate) fn take_input(&mut self, direction: Direction) -> Option<Vec<u8>> {
        self.rest.get_mut(direction.index()).map(std::mem::take).filter(|rest| !rest.is_empty())
    }

    /// Calls the session as long as it consumes.
    fn drive(
        &mut self,
        direction: Direction,
        bytes: &[u8],
        context: &Context,
        output: &mut Output,
    ) -> (Outcome, usize) {
        let mut at = 0usize;
        loop {
            let view = bytes.get(at..).unwrap_or(&[]);
            let want = self.want.get(direction.index()).copied().unwrap_or(NOTHING);
            if want == NOTHING {
                return (Outcome::Goes, bytes.len());
            }
            if view.len() < want as usize {
                return (Outcome::Goes, at);
            }
            let progress = call(&mut self.session, direction, Input::Stream(view), context, output);
            let Some(Progress { consumed, need }) = progress.filter(|p| p.consumed <= view.len()) else {
                output.misbehaved = output.misbehaved.saturating_add(u32::from(progress.is_some()));
                return (Outcome::Done, at);
            };
            at = at.saturating_add(consumed);
            match self.note(direction, need, at) {
                Outcome::Goes => {}
                other => return (other, at),
            }
            if consumed == 0 && matches!(need, Need::Bytes(n) if n <= view.len()) {
                output.misbehaved = output.misbehaved.saturating_add(1);
                return (Outcome::Done, at);
            }
        }
    }

    /// Gives one datagram.
    pub(crate) fn datagram(
        &mut self,
        direction: Direction,
        bytes: &[u8],
        context: &Context,
        output: &mut Output,
    ) -> Outcome {
        if !self.wants(direction) {
            return Outcome::Goes;
        }
        match call(&mut self.session, direction, Input::Datagram(bytes), context, output) {
            // A datagram has no place behind it where something else could begin.
            Some(Progress { need: Need::Switch(_), .. }) => {
                output.misbehaved = output.misbehaved.saturating_add(1);
                Outcome::Done
            }
            Some(Progress { need, .. }) => self.note(direction, need, 0),
            None => Outcome::Done,
        }
    }

    /// Tells of a gap or an end.
    pub(crate) fn interrupt(
        &mut self,
        direction: Direction,
        input: Input<'_>,
        context: &Context,
        output: &mut Output,
    ) -> Outcome {
        let (Some(rest), Some(want)) = (self.rest.get_mut(direction.index()), self.want.get_mut(direction.index()))
        else {
            return Outcome::Goes;
        };
        if *want == NOTHING {
            return Outcome::Goes;
        }
        let ended = matches!(input, Input::End);
        if !rest.is_empty() {
            output.malformed.push(if ended { "message cut by the end" } else { "message cut by a gap" });
            *rest = Vec::new();
        }
        *want = if ended { NOTHING } else { 1 };
        match call(&mut self.session, direction, input, context, output) {
            Some(Progress { need, .. }) => self.note(direction, need, 0),
            None => Outcome::Done,
        }
    }

    fn note(&mut self, direction: Direction, need: Need, at: usize) -> Outcome {
        let Some(want) = self.want.get_mut(direction.index()) else { return Outcome::Done };
        match need {
            Need::Bytes(n) if n > MESSAGE_LIMIT => return Outcome::Done,
            Need::Bytes(n) if *want != NOTHING => *want = u32::try_from(n.max(1)).unwrap_or(NOTHING),
            Need::Bytes(_) => {}
            Need::Nothing => *want = NOTHING,
            Need::Done => return Outcome::Done,
            Need::NotMine => return Outcome::NotMine(at),
            Need::Switch(next) => {
                *want = NOTHING;
                return Outcome::Switch(at, next);
            }
        }
        if self.want == [NOTHING; 2] { Outcome::Done } else { Outcome::Goes }
    }
}

/// Calls a session; a panic in it costs this conversation its session and nothing else.
fn call(
    session: &mut SessionBox,
    direction: Direction,
    input: Input<'_>,
    context: &Context,
    output: &mut Output,
) -> Option<Progress> {
    let fed = catch_unwind(AssertUnwindSafe(|| session.feed(direction, input, context, output)));
    if fed.is_err() {
        output.misbehaved = output.misbehaved.saturating_add(1);
    }
    fed.ok()
}
