//! One conversation: what it speaks, and the session that reads it.
//!
//! The caller gives the bytes of a flow in its own sense of direction and keeps to that sense to the
//! end; when the bytes show that client and server were exchanged, [`Conversation::reversed`] says so
//! and the conversation translates. Nothing is held for a flow without payload, a few kilobytes until
//! the protocol is known, then the session and at most one unfinished message each way.

use crate::heads::Heads;
use crate::identify::{self, Candidate, Choice, LEAST, LIKELY, Ports, SURE};
use crate::{Context, Input, Need, Output, Progress, SessionBox, recognise};
use picket_event::body::App;
use picket_event::{Direction, Endpoints, Method, Protocol, Transport, Unit};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The longest unfinished message that is kept, bytes. A DNS message over TCP is the longest there is.
pub const MESSAGE_LIMIT: usize = 66_000;
/// How often a decision may be revised.
const REVISIONS_LIMIT: u8 = 2;
/// Memory of an emptied buffer that is kept for the next message, bytes.
const KEEP: usize = 4096;
/// `want` of a direction that is not needed any more.
const NOTHING: usize = usize::MAX;

/// One flow's conversation. Small while nothing is open.
#[derive(Debug)]
pub struct Conversation {
    phase: Phase,
    decided: Option<Decided>,
    ports: Ports,
    reversed: bool,
    revisions: u8,
    ended: [bool; 2],
}

#[derive(Debug)]
enum Phase {
    /// No payload yet.
    Idle,
    /// Payload of an unknown kind.
    Probing(Box<Heads>),
    /// A session reads.
    Open(Box<Open>),
    /// Nothing more is wanted.
    Done,
}

#[derive(Clone, Copy, Debug)]
struct Decided {
    candidate: Candidate,
    confidence: Unit,
    method: Method,
}

struct Open {
    session: SessionBox,
    candidate: Candidate,
    /// Unconsumed bytes, in the session's sense of direction.
    rest: [Vec<u8>; 2],
    /// Bytes that have to be in view before the session is called, or [`NOTHING`].
    want: [usize; 2],
}

impl std::fmt::Debug for Open {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Open").field("candidate", &self.candidate).field("want", &self.want).finish_non_exhaustive()
    }
}

/// What became of a session after an input.
enum Outcome {
    Goes,
    Done,
    /// Identify again, from this offset of the input on.
    NotMine(usize),
}

impl Conversation {
    /// A conversation of which nothing was seen yet.
    #[must_use]
    pub fn new(endpoints: &Endpoints) -> Self {
        let ports = match *endpoints {
            Endpoints::Ip { src_port, dest_port, transport, .. } => {
                Ports { transport, client: src_port, server: dest_port, ether_type: None }
            }
            Endpoints::Link { ether_type, .. } => Ports { transport: Transport(0), client: 0, server: 0, ether_type },
        };
        // A link that names no type gives nothing to identify by.
        let nameless = matches!(endpoints, Endpoints::Link { ether_type: None, .. });
        let phase = if nameless { Phase::Done } else { Phase::Idle };
        Self { phase, decided: None, ports, reversed: false, revisions: 0, ended: [false; 2] }
    }

    /// A conversation whose protocol is known from elsewhere, so that nothing is to be identified; `None` where no
    /// dissector reads it. The decision can still be revised by what the session meets.
    #[must_use]
    pub fn known(protocol: &Protocol, context: &Context) -> Option<Self> {
        let candidate = Candidate::reading(protocol)?;
        let mut conversation = Self::new(&context.endpoints);
        conversation.open(Choice { candidate, confidence: Unit::ONE, reversed: false }, context);
        Some(conversation)
    }

    /// What it speaks, as far as it is known. A flow without payload gives a guess from the port.
    #[must_use]
    pub fn app(&self) -> App {
        match self.decided.or_else(|| self.without_payload()) {
            Some(Decided { candidate, confidence, method }) => {
                App { protocol: candidate.protocol(), confidence, method: Some(method) }
            }
            None => App::unknown(),
        }
    }

    /// Whether its protocol was recognised by what was said.
    #[must_use]
    pub const fn is_recognised(&self) -> bool {
        self.decided.is_some()
    }

    /// Whether the bytes showed that client and server were exchanged.
    #[must_use]
    pub const fn reversed(&self) -> bool {
        self.reversed
    }

    /// Whether bytes of this direction are of any use; where not, reassembly can stop.
    #[must_use]
    pub fn wants(&self, direction: Direction) -> bool {
        match &self.phase {
            Phase::Idle | Phase::Probing(_) => true,
            Phase::Open(open) => {
                let at = self.translate(direction).index();
                open.want.get(at).is_some_and(|want| *want != NOTHING)
            }
            Phase::Done => false,
        }
    }

    /// The next bytes of a stream, in order.
    pub fn stream(&mut self, direction: Direction, bytes: &[u8], context: &Context, output: &mut Output) {
        self.payload(direction, bytes, context, output);
    }

    /// One datagram's payload.
    pub fn datagram(&mut self, direction: Direction, bytes: &[u8], context: &Context, output: &mut Output) {
        self.payload(direction, bytes, context, output);
    }

    /// So many bytes of a stream are missing here.
    pub fn gap(&mut self, direction: Direction, length: u64, context: &Context, output: &mut Output) {
        match &mut self.phase {
            Phase::Probing(heads) => heads.forget(direction),
            Phase::Open(_) => {
                let direction = self.translate(direction);
                self.interrupt(direction, Input::Gap(length), "message cut by a gap", context, output);
            }
            Phase::Idle | Phase::Done => {}
        }
    }

    /// One direction ended, or the flow did (then both are to be ended). Says twice the same.
    pub fn end(&mut self, direction: Direction, context: &Context, output: &mut Output) {
        let Some(ended) = self.ended.get_mut(direction.index()) else { return };
        if std::mem::replace(ended, true) {
            return;
        }
        let both = self.ended == [true; 2];
        match &self.phase {
            Phase::Probing(_) if both => self.decide(true, context, output),
            Phase::Open(_) => {
                let direction = self.translate(direction);
                self.interrupt(direction, Input::End, "message cut by the end", context, output);
            }
            _ => {}
        }
        if both {
            self.finish(context, output);
        }
    }

    /// A decision that fell at the very end has opened a session that was told of no end yet.
    fn finish(&mut self, context: &Context, output: &mut Output) {
        for direction in [Direction::ToServer, Direction::ToClient] {
            if matches!(self.phase, Phase::Open(_)) {
                self.interrupt(direction, Input::End, "message cut by the end", context, output);
            }
        }
        self.decided = self.decided.or_else(|| self.without_payload());
        self.phase = Phase::Done;
    }

    fn without_payload(&self) -> Option<Decided> {
        let Phase::Idle = self.phase else { return None };
        guessed(identify::guess(self.ports, 0))
    }

    const fn translate(&self, direction: Direction) -> Direction {
        if self.reversed { direction.opposite() } else { direction }
    }

    fn payload(&mut self, direction: Direction, bytes: &[u8], context: &Context, output: &mut Output) {
        if bytes.is_empty() {
            return;
        }
        match &mut self.phase {
            Phase::Open(_) => self.read(self.translate(direction), bytes, context, output),
            Phase::Probing(heads) => {
                heads.push(direction, bytes, context.time);
                self.decide(false, context, output);
            }
            Phase::Idle => self.first(direction, bytes, context, output),
            Phase::Done => {}
        }
    }

    /// The first payload: mostly it decides, and is read where it lies.
    fn first(&mut self, direction: Direction, bytes: &[u8], context: &Context, output: &mut Output) {
        let transport = self.ports.transport;
        let head = match direction {
            Direction::ToServer => crate::Head { transport, to_server: bytes, to_client: &[] },
            Direction::ToClient => crate::Head { transport, to_server: &[], to_client: bytes },
        };
        let mut refused = 0;
        let judgement = identify::judge(&head, self.ports, &mut refused);
        match judgement.best.filter(|best| best.confidence.get() >= SURE) {
            Some(choice) => {
                if self.open(choice, context) {
                    self.read(self.translate(direction), bytes, context, output);
                }
            }
            None if judgement.best.is_none() && !judgement.pending => self.phase = Phase::Done,
            None => {
                let mut heads = Heads::refusing(refused);
                heads.push(direction, bytes, context.time);
                self.phase = Phase::Probing(Box::new(heads));
                self.settle(judgement, false, context, output);
            }
        }
    }

    fn decide(&mut self, last: bool, context: &Context, output: &mut Output) {
        let Phase::Probing(heads) = &mut self.phase else { return };
        let mut refused = heads.refused;
        let judgement = identify::judge(&heads.view(self.ports.transport), self.ports, &mut refused);
        heads.refused = refused;
        self.settle(judgement, last, context, output);
    }

    /// Takes the decision if it can be taken, and replays what was kept.
    fn settle(&mut self, judgement: identify::Judgement, last: bool, context: &Context, output: &mut Output) {
        let Phase::Probing(heads) = &self.phase else { return };
        let view = heads.view(self.ports.transport);
        let both = !view.to_server.is_empty() && !view.to_client.is_empty();
        let confidence = judgement.best.map_or(0.0, |best| best.confidence.get());
        let last = last || heads.full(self.ports.transport) || (judgement.best.is_none() && !judgement.pending);
        if !(confidence >= SURE || (both && !judgement.pending && confidence >= LIKELY) || last) {
            return;
        }
        let Phase::Probing(heads) = std::mem::replace(&mut self.phase, Phase::Done) else { return };
        match judgement.best.filter(|best| best.confidence.get() >= LEAST) {
            Some(choice) => {
                if self.open(choice, context) {
                    self.replay(&heads, context, output);
                }
            }
            None => self.decided = guessed(identify::guess(self.ports, heads.refused)),
        }
    }

    /// Notes the decision; answers whether a session was opened.
    fn open(&mut self, choice: Choice, context: &Context) -> bool {
        let Choice { candidate, confidence, reversed } = choice;
        self.decided = Some(Decided { candidate, confidence, method: Method::Fingerprint });
        self.reversed = reversed;
        let session = match candidate.dissector() {
            Some(dissector) => dissector.open(&self.oriented(context)),
            None if candidate.protocol() == Protocol::STUN && self.ports.transport == Transport::UDP => {
                Box::new(recognise::Shared::default())
            }
            None => {
                self.phase = Phase::Done;
                return false;
            }
        };
        self.phase = Phase::Open(Box::new(Open { session, candidate, rest: [Vec::new(), Vec::new()], want: [1, 1] }));
        true
    }

    fn oriented(&self, context: &Context) -> Context {
        if self.reversed { Context { time: context.time, endpoints: context.endpoints.swapped() } } else { *context }
    }

    fn replay(&mut self, heads: &Heads, context: &Context, output: &mut Output) {
        let mut at = [0usize; 2];
        for chunk in &heads.chunks {
            let Some(from) = at.get_mut(chunk.direction.index()) else { continue };
            let bytes = heads.slice(chunk.direction, *from, chunk.length);
            *from = from.saturating_add(chunk.length);
            // Not `read`: after a revision in the middle, what follows goes to the new decision.
            self.payload(chunk.direction, bytes, &Context { time: chunk.time, ..*context }, output);
        }
    }

    /// Gives bytes to the open session; `direction` is the session's.
    fn read(&mut self, direction: Direction, bytes: &[u8], context: &Context, output: &mut Output) {
        let oriented = self.oriented(context);
        let stream = self.ports.transport == Transport::TCP;
        let Phase::Open(open) = &mut self.phase else { return };
        let (outcome, rest) = if stream {
            open.stream(direction, bytes, &oriented, output)
        } else {
            (open.datagram(direction, bytes, &oriented, output), Vec::new())
        };
        let rest = if rest.is_empty() { bytes } else { rest.as_slice() };
        self.conclude(outcome, direction, rest, context, output);
    }

    fn interrupt(
        &mut self,
        direction: Direction,
        input: Input<'_>,
        cut: &'static str,
        context: &Context,
        output: &mut Output,
    ) {
        let oriented = self.oriented(context);
        let Phase::Open(open) = &mut self.phase else { return };
        let (Some(rest), Some(want)) = (open.rest.get_mut(direction.index()), open.want.get_mut(direction.index()))
        else {
            return;
        };
        if *want == NOTHING {
            return;
        }
        if !rest.is_empty() {
            output.malformed.push(cut);
            *rest = Vec::new();
        }
        *want = if matches!(input, Input::End) { NOTHING } else { 1 };
        let outcome = match call(&mut open.session, direction, input, &oriented, output) {
            Some(Progress { need, .. }) => open.note(direction, need, 0),
            None => Outcome::Done,
        };
        self.conclude(outcome, direction, &[], context, output);
    }

    /// Acts on what the session said; `bytes` is the input it spoke of.
    fn conclude(
        &mut self,
        outcome: Outcome,
        direction: Direction,
        bytes: &[u8],
        context: &Context,
        output: &mut Output,
    ) {
        match outcome {
            Outcome::Goes => {}
            Outcome::Done => self.phase = Phase::Done,
            Outcome::NotMine(at) => {
                let Phase::Open(open) = std::mem::replace(&mut self.phase, Phase::Done) else { return };
                self.decided = None;
                self.revisions = self.revisions.saturating_add(1);
                if self.revisions > REVISIONS_LIMIT {
                    return;
                }
                let direction = self.translate(direction);
                self.reversed = false;
                self.phase = Phase::Probing(Box::new(Heads::refusing(open.candidate.bit())));
                self.payload(direction, bytes.get(at..).unwrap_or(&[]), context, output);
            }
        }
    }
}

impl Open {
    /// Feeds the next bytes. Answers the outcome and, where bytes were kept before, the whole input.
    fn stream(
        &mut self,
        direction: Direction,
        bytes: &[u8],
        context: &Context,
        output: &mut Output,
    ) -> (Outcome, Vec<u8>) {
        let at = direction.index();
        let (Some(rest), Some(want)) = (self.rest.get_mut(at), self.want.get(at)) else {
            return (Outcome::Done, Vec::new());
        };
        if *want == NOTHING {
            return (Outcome::Goes, Vec::new());
        }
        if rest.is_empty() {
            let (outcome, consumed) = self.drive(direction, bytes, context, output);
            if let (Outcome::Goes, Some(rest)) = (&outcome, self.rest.get_mut(at)) {
                rest.extend_from_slice(bytes.get(consumed..).unwrap_or(&[]));
            }
            return (outcome, Vec::new());
        }
        rest.extend_from_slice(bytes);
        if rest.len() < *want {
            return (Outcome::Goes, Vec::new());
        }
        let mut all = std::mem::take(rest);
        let (outcome, consumed) = self.drive(direction, &all, context, output);
        let Outcome::Goes = outcome else { return (outcome, all) };
        all.drain(..consumed.min(all.len()));
        if all.is_empty() && all.capacity() > KEEP {
            all = Vec::new();
        }
        if let Some(rest) = self.rest.get_mut(at) {
            *rest = all;
        }
        (Outcome::Goes, Vec::new())
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
            if view.len() < want {
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

    fn datagram(&mut self, direction: Direction, bytes: &[u8], context: &Context, output: &mut Output) -> Outcome {
        if self.want.get(direction.index()).is_none_or(|want| *want == NOTHING) {
            return Outcome::Goes;
        }
        match call(&mut self.session, direction, Input::Datagram(bytes), context, output) {
            Some(Progress { need, .. }) => self.note(direction, need, 0),
            None => Outcome::Done,
        }
    }

    fn note(&mut self, direction: Direction, need: Need, at: usize) -> Outcome {
        let Some(want) = self.want.get_mut(direction.index()) else { return Outcome::Done };
        match need {
            Need::Bytes(n) if n > MESSAGE_LIMIT => return Outcome::Done,
            Need::Bytes(n) if *want != NOTHING => *want = n.max(1),
            Need::Bytes(_) => {}
            Need::Nothing => *want = NOTHING,
            Need::Done => return Outcome::Done,
            Need::NotMine => return Outcome::NotMine(at),
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

fn guessed(choice: Option<Choice>) -> Option<Decided> {
    choice.map(|c| Decided { candidate: c.candidate, confidence: c.confidence, method: Method::Port })
}
