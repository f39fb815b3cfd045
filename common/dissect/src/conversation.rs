//! One conversation: what it speaks, and the sessions that read it.
//!
//! The caller gives the bytes of a flow in its own sense of direction and keeps to that sense to the
//! end; when the bytes show that client and server were exchanged, [`Conversation::reversed`] says so
//! and the conversation translates. Nothing is held for a flow without payload, a few kilobytes until
//! the protocol is known, then the session and at most one unfinished message each way.
//!
//! A session may hand over to another protocol on the way ([`crate::Need::Switch`]), each direction at a place of its own:
//! bytes go to the outermost session that still has their direction, and to what is inside when none has.
//! The two directions are never waited for: what a session needs to know stands in the direction itself.

use crate::candidates::Candidates;
use crate::handover::{Carriers, oriented, turned};
use crate::heads::{Beginning, Heads};
use crate::identify::{self, Candidate, Choice, Decided, LEAST, LIKELY, Ports, SURE};
use crate::infer::Unknown;
use crate::late::{self, Late, Watch};
use crate::open::{Open, Outcome};
use crate::tls::Records;
use crate::tls::records::{FirstRecords, RECORDS_BYTES};
use crate::{Context, Input, Next, Output};
use picket_event::body::{App, PayloadShape};
use picket_event::{Direction, Endpoints, Method, Protocol, Transport, Unit};

/// How often a decision may be revised.
const REVISIONS_LIMIT: u8 = 2;

/// One flow's conversation. Small while nothing is open.
#[derive(Debug)]
pub struct Conversation {
    phase: Phase,
    /// What the flow is called.
    decided: Option<Decided>,
    ports: Ports,
    /// Client and server of the flow were exchanged.
    reversed: bool,
    /// The same for the session that reads: inside a tunnel they may differ.
    flipped: bool,
    revisions: u8,
    ended: [bool; 2],
    carriers: Option<Box<Carriers>>,
    /// The first records of TLS, wherever it begins.
    records: FirstRecords,
}

/// What reads the innermost bytes.
#[derive(Debug)]
enum Phase {
    /// No payload yet.
    Idle,
    /// Payload of an unknown kind.
    Probing(Box<Heads>),
    /// A session reads.
    Open(Box<Open>),
    /// Nobody's protocol.
    Unnamed(Box<Unnamed>),
    /// Named by its port, or by the tunnel it lies in, and read by nobody.
    Watched(Watch),
    /// Nothing more is wanted.
    Done,
}

/// What is kept of nobody's protocol.
#[derive(Debug)]
struct Unnamed {
    /// Describes it.
    heads: Heads,
    /// Looks for its format.
    unknown: Unknown,
    /// Looks for the hello of TLS, over TCP.
    watch: Option<Watch>,
}

impl Conversation {
    /// A conversation of which nothing was seen yet.
    #[must_use]
    pub fn new(endpoints: &Endpoints) -> Self {
        let (ports, phase) = (Ports::of(endpoints), Phase::Idle);
        let (reversed, flipped, revisions, ended) = (false, false, 0, [false; 2]);
        let (carriers, records) = (None, FirstRecords::None);
        Self { phase, decided: None, ports, reversed, flipped, revisions, ended, carriers, records }
    }

    /// A conversation whose protocol is known from elsewhere, so that nothing is to be identified; `None` where no
    /// dissector reads it. The decision can still be revised by what the session meets.
    #[must_use]
    pub fn known(protocol: &Protocol, context: &Context) -> Option<Self> {
        let candidate = Candidate::reading(protocol, &context.endpoints)?;
        let mut conversation = Self::new(&context.endpoints);
        conversation.open(Choice { candidate, confidence: Unit::ONE, reversed: false }, None, context);
        Some(conversation)
    }

    /// What it speaks, as far as it is known: behind STARTTLS the service, in a proxy's tunnel what is inside. A flow
    /// without payload gives a guess from the port.
    #[must_use]
    pub fn app(&self) -> App {
        match self.decided.or_else(|| self.without_payload()) {
            Some(decided) => decided.app(),
            None => self.inferred().cloned().unwrap_or_else(App::unknown),
        }
    }

    /// Whether its protocol was recognised by what was said.
    #[must_use]
    pub fn is_recognised(&self) -> bool {
        self.decided.is_some() || self.inferred().is_some()
    }

    /// What the structure of nobody's protocol makes of it.
    fn inferred(&self) -> Option<&App> {
        if let Phase::Unnamed(unnamed) = &self.phase { unnamed.unknown.app() } else { None }
    }

    /// Whether the bytes showed that client and server were exchanged.
    #[must_use]
    pub const fn reversed(&self) -> bool {
        self.reversed
    }

    /// What the payload looks like, where nobody knows what it is, or its port alone guesses, and some was seen.
    #[must_use]
    pub fn shape(&self) -> Option<PayloadShape> {
        match &self.phase {
            _ if self.decided.is_some_and(|decided| !decided.is_guess()) => None,
            Phase::Probing(heads) => heads.shape(),
            // What a site has named is known.
            Phase::Unnamed(unnamed) if self.inferred().is_none_or(|app| app.method == Some(Method::Reverse)) => {
                unnamed.heads.shape()
            }
            _ => None,
        }
    }

    /// Whether bytes of this direction are of any use; where not, reassembly can stop.
    #[must_use]
    pub fn wants(&self, direction: Direction) -> bool {
        if let Some(layer) = self.carriers.as_ref().and_then(|c| c.get(c.layer(direction)?)) {
            return layer.open.wants(turned(direction, layer.flipped))
                || (self.records.wants(direction) && self.records.settled(direction));
        }
        let is_read = match &self.phase {
            Phase::Idle | Phase::Probing(_) => true,
            Phase::Open(open) => open.wants(turned(direction, self.flipped)),
            Phase::Unnamed(unnamed) => {
                unnamed.unknown.wants()
                    || !unnamed.heads.describes(direction)
                    || unnamed.watch.is_some_and(Watch::goes_on)
            }
            Phase::Watched(watch) => watch.goes_on(),
            Phase::Done => false,
        };
        is_read || self.records.wants(direction)
    }

    /// The next bytes of a stream, in order.
    pub fn stream(&mut self, direction: Direction, bytes: &[u8], context: &Context, output: &mut Output) {
        if self.records.settled(direction) {
            self.records.feed(direction, bytes, records_limit(output));
        }
        self.payload(direction, bytes, context, output);
        self.records.settle();
    }

    /// The first TLS records of the conversation, in the caller's sense of direction; none are looked for behind them.
    pub fn take_records(&mut self) -> Option<Box<Records>> {
        self.records.take()
    }

    /// One datagram's payload.
    pub fn datagram(&mut self, direction: Direction, bytes: &[u8], context: &Context, output: &mut Output) {
        self.payload(direction, bytes, context, output);
    }

    /// So many bytes of a stream are missing here.
    pub fn gap(&mut self, direction: Direction, length: u64, context: &Context, output: &mut Output) {
        if self.records.settled(direction) || self.carriers.as_ref().is_none_or(|c| c.layer(direction).is_none()) {
            self.records.gap(direction, length, records_limit(output));
        }
        if self.interrupt(direction, Input::Gap(length), context, output) {
            return;
        }
        match &mut self.phase {
            Phase::Probing(heads) => heads.forget(direction),
            Phase::Unnamed(unnamed) => unnamed.unknown.gap(direction),
            _ => {}
        }
    }

    /// One direction ended, or the flow did (then both are to be ended). Says twice the same.
    pub fn end(&mut self, direction: Direction, context: &Context, output: &mut Output) {
        let Some(ended) = self.ended.get_mut(direction.index()) else { return };
        if std::mem::replace(ended, true) {
            return;
        }
        let both = self.ended == [true; 2];
        self.interrupt(direction, Input::End, context, output);
        if both {
            self.finish(context, output);
        }
    }

    /// Whoever still reads is told of the end; a decision may have fallen only now.
    fn finish(&mut self, context: &Context, output: &mut Output) {
        self.decide(true, context, output);
        if let Some(carriers) = &mut self.carriers {
            carriers.end(context, output);
        }
        for direction in [Direction::ToServer, Direction::ToClient] {
            self.interrupt(direction, Input::End, context, output);
        }
        // A reader may have given up only now.
        self.decide(true, context, output);
        self.decided = self.decided.or_else(|| self.without_payload());
        match &mut self.phase {
            Phase::Unnamed(unnamed) => unnamed.unknown.finish(output),
            phase => *phase = Phase::Done,
        }
    }

    fn without_payload(&self) -> Option<Decided> {
        let Phase::Idle = self.phase else { return None };
        identify::guess(self.ports, Candidates::NONE)
    }

    fn payload(&mut self, direction: Direction, bytes: &[u8], context: &Context, output: &mut Output) {
        if bytes.is_empty() {
            return;
        }
        if let Some(at) = self.carriers.as_ref().and_then(|carriers| carriers.layer(direction)) {
            return self.carry(at, direction, bytes, context, output);
        }
        if self.is_unread() && self.late(direction, bytes, context, output) {
            return;
        }
        match &mut self.phase {
            Phase::Open(_) => self.read(direction, bytes, context, output),
            Phase::Probing(heads) => {
                heads.push(direction, bytes, context.time);
                if heads.asks() {
                    self.decide(false, context, output);
                }
            }
            Phase::Idle => self.first(direction, bytes, context, output),
            Phase::Unnamed(unnamed) => {
                unnamed.heads.describe(direction, bytes);
                unnamed.unknown.take(direction, bytes, context.time, output);
                if let Some(watch) = &mut unnamed.watch {
                    watch.pass(bytes);
                }
            }
            Phase::Watched(watch) => watch.pass(bytes),
            Phase::Done => self.note_records(direction, bytes, output),
        }
    }

    /// Whether the flow's sense of direction, as far as it is known, is opposite to the caller's.
    fn base(&self) -> bool {
        self.carriers.as_ref().is_some_and(|carriers| carriers.flipped)
    }

    /// The first payload: mostly it decides, and is read where it lies.
    fn first(&mut self, direction: Direction, bytes: &[u8], context: &Context, output: &mut Output) {
        let transport = self.ports.transport;
        let head = match turned(direction, self.base()) {
            Direction::ToServer => crate::Head { transport, to_server: bytes, to_client: &[] },
            Direction::ToClient => crate::Head { transport, to_server: &[], to_client: bytes },
        };
        let mut refused = output.unknown.hidden();
        let judgement = identify::judge(&head, self.ports, &mut refused);
        match judgement.best.filter(|best| best.confidence.get() >= SURE) {
            Some(choice) => {
                if self.open(choice, None, context) {
                    self.read(direction, bytes, context, output);
                }
            }
            None => {
                let mut heads = Heads::again(refused, None);
                heads.push(direction, bytes, context.time);
                self.phase = Phase::Probing(Box::new(heads));
                self.settle(judgement, false, context, output);
            }
        }
    }

    fn decide(&mut self, last: bool, context: &Context, output: &mut Output) {
        let base = self.base();
        let Phase::Probing(heads) = &mut self.phase else { return };
        let mut refused = heads.refused;
        let judgement = identify::judge(&heads.view(self.ports.transport, base), self.ports, &mut refused);
        heads.refused = refused;
        self.settle(judgement, last, context, output);
    }

    /// Takes the decision if it can be taken, and replays what was kept.
    fn settle(&mut self, judgement: identify::Judgement, last: bool, context: &Context, output: &mut Output) {
        let Phase::Probing(heads) = &self.phase else { return };
        let both = !heads.lacks(Direction::ToServer) && !heads.lacks(Direction::ToClient);
        let confidence = judgement.best.map_or(0.0, |best| best.confidence.get());
        let last = last || heads.full(self.ports.transport) || (judgement.best.is_none() && !judgement.pending);
        if !(confidence >= SURE || (both && !judgement.pending && confidence >= LIKELY) || last) {
            return;
        }
        let Phase::Probing(mut heads) = std::mem::replace(&mut self.phase, Phase::Done) else { return };
        match judgement.best.filter(|best| best.confidence.get() >= LEAST) {
            Some(choice) => {
                if self.open(choice, heads.begun.take(), context) {
                    self.replay(&heads, context, output);
                }
            }
            // Inside a tunnel the flow keeps the tunnel's name.
            None if self.carriers.is_some() => self.watch(),
            None => {
                self.decided = identify::guess(self.ports, heads.refused);
                self.unname(*heads, output);
            }
        }
    }

    /// Nobody reads it; TLS may begin in it.
    fn watch(&mut self) {
        if self.ports.transport == Transport::TCP {
            self.phase = Phase::Watched(Watch::default());
        }
    }

    /// Whether nobody reads it so far, and TLS may begin in it.
    fn is_unread(&self) -> bool {
        match &self.phase {
            Phase::Probing(_) => self.ports.transport == Transport::TCP,
            Phase::Unnamed(unnamed) => unnamed.watch.is_some_and(Watch::goes_on) && unnamed.unknown.app().is_none(),
            Phase::Watched(watch) => watch.goes_on(),
            Phase::Idle | Phase::Open(_) | Phase::Done => false,
        }
    }

    /// Reads on as TLS where a hello begins in what is undecided or belongs to nobody, see [`late`]. Answers whether it took
    /// the bytes.
    fn late(&mut self, direction: Direction, bytes: &[u8], context: &Context, output: &mut Output) -> bool {
        let Some(client) = late::client_of_hello(direction, bytes) else { return false };
        // Nothing that came before will become clearer.
        self.decide(true, context, output);
        let begun = match std::mem::replace(&mut self.phase, Phase::Done) {
            Phase::Unnamed(mut unnamed) => {
                unnamed.unknown.abandon(output);
                unnamed.heads.beginning()
            }
            Phase::Watched(_) => None,
            phase => {
                self.phase = phase;
                self.payload(direction, bytes, context, output);
                return true;
            }
        };
        let Some(candidate) = Candidate::reading(&Protocol::TLS, &context.endpoints) else { return false };
        self.decided = Some(Decided::told(&Protocol::TLS));
        self.flipped = client == Direction::ToClient;
        if self.carriers.is_none() {
            self.reversed = self.flipped;
        }
        self.records.begin_late(records_limit(output));
        let session = Late::open(&oriented(context, self.flipped));
        self.phase = Phase::Open(Box::new(Open::new(session, candidate, begun)));
        self.read(direction, bytes, context, output);
        true
    }

    /// Nobody knows it: its structure may tell, where no port does.
    fn unname(&mut self, mut heads: Heads, output: &mut Output) {
        let mut unknown = Unknown::done(self.ports.transport);
        if self.decided.is_none() {
            let spoken = [Direction::ToServer, Direction::ToClient].map(|direction| !heads.lacks(direction));
            unknown = Unknown::new(self.ports.transport, spoken, output);
            heads.pieces(|direction, bytes, time| unknown.take(direction, bytes, time, output));
        }
        heads.shrink();
        let watch = (self.ports.transport == Transport::TCP).then(Watch::default);
        self.phase = Phase::Unnamed(Box::new(Unnamed { heads, unknown, watch }));
    }

    /// Notes the decision; answers whether a session was opened. `begun` is what came before.
    fn open(&mut self, choice: Choice, begun: Option<Box<Beginning>>, context: &Context) -> bool {
        self.decided = Some(Decided::of(choice));
        self.flipped = self.base() ^ choice.reversed;
        if self.carriers.is_none() {
            self.reversed = self.flipped;
        }
        self.session(choice.candidate, begun, context)
    }

    /// Opens a candidate's session, where it has one.
    fn session(&mut self, candidate: Candidate, begun: Option<Box<Beginning>>, context: &Context) -> bool {
        if candidate.protocol() == Protocol::TLS {
            self.records.begin();
        }
        let session = match candidate.dissector() {
            Some(dissector) => dissector.open(&oriented(context, self.flipped)),
            None => {
                self.phase = Phase::Done;
                return false;
            }
        };
        self.phase = Phase::Open(Box::new(Open::new(session, candidate, begun)));
        true
    }

    fn replay(&mut self, heads: &Heads, context: &Context, output: &mut Output) {
        // Not `read`: after a revision in the middle, what follows goes to the new decision.
        heads.pieces(|direction, bytes, time| {
            self.payload(direction, bytes, &Context { time, ..*context }, output);
        });
    }

    /// Gives bytes to the session inside.
    fn read(&mut self, direction: Direction, bytes: &[u8], context: &Context, output: &mut Output) {
        let (turned, oriented) = (turned(direction, self.flipped), oriented(context, self.flipped));
        let stream = self.ports.transport == Transport::TCP;
        if self.reads_tls() {
            self.note_records(direction, bytes, output);
        }
        let Phase::Open(open) = &mut self.phase else { return };
        let outcome = if stream {
            open.stream(turned, bytes, &oriented, output)
        } else {
            open.datagram(turned, bytes, &oriented, output)
        };
        open.remember(direction, bytes, output);
        if let Some(protocol) = output.named.take()
            && !self.carriers.as_ref().is_some_and(|carriers| carriers.protected)
        {
            self.decided = self.decided.map(|decided| decided.called(protocol));
        }
        if std::mem::take(&mut output.exchanged) && self.carriers.is_none() {
            self.reversed = !self.reversed;
        }
        if let Outcome::Goes = outcome {
            return;
        }
        let Phase::Open(open) = &mut self.phase else { return };
        let input = open.take_input(turned);
        self.conclude(outcome, direction, input.as_deref().unwrap_or(bytes), context, output);
    }

    /// Whether the session inside reads TLS of which records are told.
    fn reads_tls(&self) -> bool {
        !self.records.is_none()
            && matches!(&self.phase, Phase::Open(open) if open.candidate.protocol() == Protocol::TLS)
    }

    /// Takes bytes of TLS that did not begin in an earlier piece; those are taken where they come in.
    fn note_records(&mut self, direction: Direction, bytes: &[u8], output: &Output) {
        if !self.records.settled(direction) {
            self.records.feed(direction, bytes, records_limit(output));
        }
    }

    /// Gives bytes to a session that has handed the other direction over.
    fn carry(&mut self, at: usize, direction: Direction, bytes: &[u8], context: &Context, output: &mut Output) {
        let Some(layer) = self.carriers.as_mut().and_then(|carriers| carriers.get_mut(at)) else { return };
        let (turned, oriented) = (turned(direction, layer.flipped), oriented(context, layer.flipped));
        let outcome = layer.open.stream(turned, bytes, &oriented, output);
        // What a layer says of the whole conversation counts no more.
        (output.exchanged, output.named) = (false, None);
        if let Outcome::Goes = outcome {
            return;
        }
        let input = layer.open.take_input(turned);
        self.layer_said(at, outcome, direction, input.as_deref().unwrap_or(bytes), context, output);
    }

    /// Acts on what a layer said.
    fn layer_said(
        &mut self,
        at: usize,
        outcome: Outcome,
        direction: Direction,
        bytes: &[u8],
        context: &Context,
        output: &mut Output,
    ) {
        let Some(carriers) = &mut self.carriers else { return };
        match outcome {
            Outcome::Goes => {}
            // It keeps the direction and reads nothing of it.
            Outcome::Done | Outcome::NotMine(_) => {
                if let Some(layer) = carriers.get_mut(at) {
                    layer.open.stop();
                }
            }
            Outcome::Switch(from, _) => {
                carriers.close(at);
                self.payload(direction, bytes.get(from..).unwrap_or(&[]), context, output);
            }
        }
    }

    /// Tells whoever reads a direction of a gap or an end; answers whether there was a session.
    fn interrupt(&mut self, direction: Direction, input: Input<'_>, context: &Context, output: &mut Output) -> bool {
        let at = self.carriers.as_ref().and_then(|carriers| carriers.layer(direction));
        if let Some(at) = at
            && let Some(layer) = self.carriers.as_mut().and_then(|carriers| carriers.get_mut(at))
        {
            let (turned, oriented) = (turned(direction, layer.flipped), oriented(context, layer.flipped));
            let outcome = layer.open.interrupt(turned, input, &oriented, output);
            self.layer_said(at, outcome, direction, &[], context, output);
            return true;
        }
        let (turned, oriented) = (turned(direction, self.flipped), oriented(context, self.flipped));
        let Phase::Open(open) = &mut self.phase else { return false };
        let outcome = open.interrupt(turned, input, &oriented, output);
        self.conclude(outcome, direction, &[], context, output);
        true
    }

    /// Acts on what the session inside said; `bytes` is the input it spoke of.
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
                if self.reads_tls() {
                    self.records = FirstRecords::None;
                }
                let Phase::Open(open) = std::mem::replace(&mut self.phase, Phase::Done) else { return };
                // What protects a service is TLS or nothing that is known.
                if self.carriers.as_ref().is_some_and(|carriers| carriers.protected) {
                    return;
                }
                self.decided = self.carriers.as_ref().and_then(|carriers| carriers.name);
                self.revisions = self.revisions.saturating_add(1);
                let refused = open.candidate.alone().or(output.unknown.hidden());
                let heads = Heads::again(refused, open.beginning(direction, bytes));
                if self.revisions > REVISIONS_LIMIT {
                    let (unknown, watch) = (Unknown::done(self.ports.transport), None);
                    self.phase = Phase::Unnamed(Box::new(Unnamed { heads, unknown, watch }));
                    return;
                }
                self.flipped = self.base();
                self.reversed &= self.carriers.is_some();
                self.phase = Phase::Probing(Box::new(heads));
                self.payload(direction, bytes.get(at..).unwrap_or(&[]), context, output);
            }
            Outcome::Switch(at, next) => {
                let Phase::Open(open) = std::mem::replace(&mut self.phase, Phase::Done) else { return };
                self.hand_over(open, direction, next, context);
                self.payload(direction, bytes.get(at..).unwrap_or(&[]), context, output);
            }
        }
    }

    /// Makes the session a layer round what comes next.
    fn hand_over(&mut self, open: Box<Open>, direction: Direction, next: Next, context: &Context) {
        let mut carriers = self.carriers.take().unwrap_or_default();
        let goes = carriers.push(open, self.flipped, direction);
        carriers.name = self.decided;
        carriers.protected = next == Next::Protected;
        self.carriers = Some(carriers);
        match next {
            _ if !goes => {}
            Next::Protected => {
                if let Some(candidate) = Candidate::reading(&Protocol::TLS, &context.endpoints) {
                    self.session(candidate, None, context);
                }
            }
            Next::Protocol(protocol) => {
                self.decided = Some(Decided::told(protocol));
                if let Some(candidate) = Candidate::reading(protocol, &context.endpoints) {
                    self.session(candidate, None, context);
                }
            }
            Next::Tunnel { port } => {
                self.ports = Ports { client: 0, server: port, ..self.ports };
                self.phase = Phase::Idle;
            }
        }
    }
}

/// Bytes of each direction in which TLS records are looked for.
const fn records_limit(output: &Output) -> u32 {
    if output.all_records { u32::MAX } else { RECORDS_BYTES }
}
