//! Who listens to the tables of shards: reads what is said in conversations, and writes the reports.
//!
//! One listens to all shards of a thread, so that what every message passes through stays near. What a shard has to have of its own
//! is kept by its place.

use super::ics::{self, Merge};
use super::level::{HEAD_BYTES, Level, Missed, SAMPLE};
use super::report::{Bound, Damage, Evidence, Report, Row, Said};
use super::{HashKey, Settings};
use picket_dissect::infer::Desk;
use picket_dissect::{Context, Conversation, Fact, Output, quic};
use picket_event::body::{self, Anomaly as AnomalyBody};
use picket_event::{
    AppDetail, Body, Direction, Endpoints, FlowEnd, FlowId, FlowRef, Ledger, Method, Protocol, Timestamp,
};
use picket_feature::{FlowDetail, FlowStats, Handshake, Polling, polling};
use picket_flow::{Anomaly, Flow, Handler, Packet, StreamItem};
use picket_packet::{Tunnel, VlanIds};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What is kept of a flow beside the table's own fields.
#[derive(Debug)]
pub(crate) struct Tracked {
    stats: FlowStats,
    /// Kept where a schema that needs it is read.
    detail: Option<Box<FlowDetail>>,
    /// Kept while nobody recognises the conversation.
    polling: Option<Box<Polling>>,
    conversation: Conversation,
    handshake: Option<Box<Handshake>>,
    /// What its messages say of it, where they are no events of their own.
    said: Option<Box<AppDetail>>,
    /// Place among its shard's merges, or [`NO_MERGE`].
    merge: u32,
    ended: bool,
    /// Whether it had a row already.
    continued: bool,
    /// Not read any further, by the level.
    cut: bool,
    /// Bytes given to the conversation.
    taken: u32,
}

const NO_MERGE: u32 = u32::MAX;

/// Messages that are merged, of the conversations of one shard.
#[derive(Debug, Default)]
struct Merges {
    all: Vec<Merge>,
    free: Vec<u32>,
}

/// Listens to tables: reads payloads, keeps statistics, writes reports.
#[derive(Debug)]
pub(crate) struct Listener {
    /// Whose turn it is, by its place among the thread's shards.
    shard: usize,
    /// What sessions may know of the flow that is spoken of.
    context: Context,
    /// Whose ends the context names.
    spoken_of: Option<FlowId>,
    output: Output,
    reports: Vec<Report>,
    /// By shard.
    merges: Vec<Merges>,
    malformed: BTreeMap<String, u64>,
    merge_capped: u64,
    key: HashKey,
    misbehaved: u64,
    /// Events that flows had no room for any more.
    unreported: u64,
    scoring: bool,
    detailed: bool,
    watch: Watch,
    level: Level,
    missed: Missed,
}

/// Of which conversations it is kept how their payload packets follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Watch {
    None,
    Unrecognised,
    All,
}

impl Watch {
    fn of(settings: &Settings) -> Self {
        if settings.observe || settings.only == Some(Method::Behaviour) {
            Self::All
        } else if settings.only.is_none() && settings.bundle.as_ref().is_some_and(|bundle| bundle.recognises()) {
            Self::Unrecognised
        } else {
            Self::None
        }
    }
}

impl Merges {
    /// The messages of a conversation, whose place is given, or found here for the first.
    #[inline]
    fn of(&mut self, place: &mut u32) -> Option<&mut Merge> {
        if *place == NO_MERGE {
            *place = self.free.pop().unwrap_or_else(|| {
                self.all.push(Merge::default());
                (self.all.len() - 1) as u32
            });
        }
        self.all.get_mut(*place as usize)
    }
}

impl Handler for Listener {
    type State = Tracked;

    fn admits(&mut self, hash: u64) -> bool {
        // The lowest and highest bits find places in tables, those from the middle on the shard; these are below it.
        let admitted = self.level < Level::Sampled || (hash >> 24).is_multiple_of(SAMPLE);
        self.missed.sampling += u64::from(!admitted);
        admitted
    }

    fn open(&mut self, flow: &Flow) -> Tracked {
        let endpoints = flow.endpoints();
        if self.scoring {
            self.reports.push(Report::Opened(FlowRef { id: flow.id(), endpoints }, flow.start()));
        }
        Tracked {
            stats: FlowStats::default(),
            detail: self.detailed.then(Box::default),
            polling: None,
            conversation: Conversation::new(&endpoints),
            handshake: None,
            said: None,
            merge: NO_MERGE,
            ended: false,
            continued: false,
            cut: false,
            taken: 0,
        }
    }

    #[inline]
    fn packet(&mut self, flow: &Flow, state: &mut Tracked, direction: Direction, packet: &Packet<'_>) {
        let (flags, window) = packet.tcp.map_or((0, 0), |tcp| (tcp.flags, tcp.window));
        let (wire, payload) = (packet.wire_len, packet.payload_wire);
        state.stats.packet(direction, packet.time, wire, payload, flags, window, packet.payload);
        if let Some(detail) = &mut state.detail {
            detail.packet(direction, packet.time, payload);
        }
        if payload > 0 && (self.watch == Watch::All || !state.conversation.is_recognised()) {
            self.follow(state, direction, packet);
        }
        if self.level != Level::Full {
            self.cut(state);
        }
        if packet.tcp.is_none() && !packet.payload.is_empty() && self.wants(state, direction) {
            if state.taken == 0
                && direction == Direction::ToServer
                && let Some(id) = quic::bound_for(packet.payload)
            {
                let (flow_ref, vlan) = (Self::name(flow, state), flow.vlan());
                self.reports.push(Report::Bound(Bound { flow: flow_ref, vlan, time: packet.time, id }));
            }
            state.taken = state.taken.saturating_add(packet.payload.len() as u32);
            self.speak_of(flow, packet.time);
            state.conversation.datagram(direction, packet.payload, &self.context, &mut self.output);
            self.say(flow, state, packet.time);
        }
    }

    #[inline]
    fn wants(&self, state: &Tracked, direction: Direction) -> bool {
        !state.ended && !state.cut && state.conversation.wants(direction)
    }

    fn stream(
        &mut self,
        flow: &Flow,
        state: &mut Tracked,
        direction: Direction,
        item: StreamItem<'_>,
        time: Timestamp,
    ) {
        if state.ended || state.cut {
            return;
        }
        if let StreamItem::Data(bytes) = &item {
            state.taken = state.taken.saturating_add(bytes.len() as u32);
        }
        self.speak_of(flow, time);
        let (context, output) = (&self.context, &mut self.output);
        match item {
            StreamItem::Data(bytes) => state.conversation.stream(direction, bytes, context, output),
            StreamItem::Gap(length) => state.conversation.gap(direction, length, context, output),
            StreamItem::End => state.conversation.end(direction, context, output),
        }
        self.say(flow, state, time);
    }

    #[cold]
    fn anomaly(&mut self, flow: &Flow, state: &mut Tracked, anomaly: &Anomaly, time: Timestamp) {
        let body = Body::Anomaly(AnomalyBody { kind: anomaly.name().to_owned(), detail: anomaly.detail() });
        let flow_ref = Self::name(flow, state);
        self.reports.push(Report::Event(Said { time, vlan: flow.vlan(), flow: Some(flow_ref), body }));
    }

    fn row(&mut self, flow: &Flow, state: &mut Tracked, reason: FlowEnd) {
        if reason != FlowEnd::Active && !state.ended {
            self.end(flow, state);
        }
        let packets = flow.packets();
        if packets.to_server + packets.to_client > 0 {
            let row = self.make_row(flow, state, reason);
            state.continued = true;
            self.reports.push(Report::Row(Box::new(row)));
        }
        state.stats = FlowStats::default();
    }
}

impl Listener {
    /// Who listens to so many shards.
    pub(crate) fn new(shards: usize, settings: &Settings) -> Self {
        let nobody = Endpoints::Link { src: None, dest: None, ether_type: None, link_type: 0 };
        let mut listener = Self {
            shard: 0,
            context: Context { time: Timestamp::EPOCH, endpoints: nobody, opener_seen: false },
            spoken_of: None,
            output: Output { unknown: Desk::new(settings.library.clone()), ..Output::default() },
            reports: Vec::new(),
            merges: (0..shards).map(|_| Merges::default()).collect(),
            malformed: BTreeMap::new(),
            merge_capped: 0,
            key: settings.key,
            misbehaved: 0,
            unreported: 0,
            scoring: false,
            detailed: false,
            watch: Watch::None,
            level: Level::default(),
            missed: Missed::default(),
        };
        listener.tune(settings);
        listener
    }

    /// From here on, the shard of this place speaks.
    #[inline]
    pub(crate) const fn turn_to(&mut self, shard: usize) {
        self.shard = shard;
        self.output.unknown.turn_to(shard);
    }

    pub(crate) const fn set_level(&mut self, level: Level) {
        self.level = level;
    }

    #[inline]
    pub(crate) const fn has_reports(&self) -> bool {
        !self.reports.is_empty()
    }

    /// What was found since the last call; to be drained.
    #[inline]
    pub(crate) const fn reports(&mut self) -> &mut Vec<Report> {
        &mut self.reports
    }

    /// A minute of the shard whose turn it is has passed.
    pub(crate) fn minute(&mut self) {
        let Self { merges, reports, shard, .. } = self;
        let merges = merges.get_mut(*shard).map(|merges| &mut merges.all);
        merges.into_iter().flatten().for_each(|merge| merge.flush(reports));
    }

    /// Adds what it counted to the books.
    pub(crate) fn account(&self, ledger: &mut Ledger) {
        let mut mine = Ledger { malformed: self.malformed.clone(), ..Ledger::default() };
        for (row, count) in [
            ("ics_merge", self.merge_capped),
            ("dissector_misbehaved", self.misbehaved),
            ("events_of_a_flow", self.unreported),
            ("unknown_conversations", self.output.unknown.capped()),
        ] {
            if count > 0 {
                mine.capped.insert(row.to_owned(), count);
            }
        }
        self.missed.account(&mut mine);
        ledger.add(&mine);
    }

    /// Keeps what these settings' bundle asks for. Conversations that were opened without it are scored without it.
    pub(crate) fn tune(&mut self, settings: &Settings) {
        let bundle = settings.bundle.as_ref();
        self.scoring = bundle.is_some() || settings.observe;
        self.detailed =
            settings.observe || bundle.is_some_and(|b| b.schemas().iter().any(|schema| schema.needs_detail()));
        self.output.all_records = self.detailed;
        self.watch = Watch::of(settings);
    }

    /// The flow's name in the direction judged now.
    fn name(flow: &Flow, state: &Tracked) -> FlowRef {
        let endpoints = flow.endpoints();
        let reversed = state.conversation.reversed();
        FlowRef { id: flow.id(), endpoints: if reversed { endpoints.swapped() } else { endpoints } }
    }

    /// The same of the flow that is spoken of.
    #[inline]
    fn named(&self, state: &Tracked, id: FlowId) -> FlowRef {
        let mut named = FlowRef { id, endpoints: self.context.endpoints };
        if state.conversation.reversed() {
            exchange(&mut named.endpoints);
        }
        named
    }

    /// From here on, sessions are told of this flow.
    #[inline]
    fn speak_of(&mut self, flow: &Flow, time: Timestamp) {
        self.context.time = time;
        // Mostly one conversation goes on. A number is one conversation's, whose ends stay.
        if self.spoken_of != Some(flow.id()) {
            self.spoken_of = Some(flow.id());
            self.context.opener_seen = flow.opener_seen();
            flow.write_endpoints(&mut self.context.endpoints);
        }
    }

    /// Keeps a payload packet of a conversation that nobody has recognised by now.
    #[cold]
    fn follow(&self, state: &mut Tracked, direction: Direction, packet: &Packet<'_>) {
        if self.watch != Watch::None && state.stats.payload_packets() > polling::PASSED_OVER {
            let begin = || Box::new(Polling::behind(&state.stats, direction, packet.payload_wire));
            let polling = state.polling.get_or_insert_with(begin);
            polling.packet(direction, packet.time, packet.payload_wire, packet.payload);
        }
    }

    /// Ends the reading of a conversation of which the level wants no more. What is left out once is left out to the
    /// end: a dissector cannot go on behind a hole that nobody told it of.
    #[cold]
    fn cut(&mut self, state: &mut Tracked) {
        if state.cut || state.ended {
            return;
        }
        let recognised = self.level >= Level::Recognition && state.conversation.is_recognised();
        if recognised || state.taken > HEAD_BYTES {
            state.cut = true;
            let row = if recognised { &mut self.missed.detail } else { &mut self.missed.reassembly };
            *row += 1;
        }
    }

    /// Tells what the conversation has put out.
    #[inline]
    fn say(&mut self, flow: &Flow, state: &mut Tracked, time: Timestamp) {
        let output = &self.output;
        if output.events.is_empty()
            && output.facts.is_empty()
            && output.malformed.is_empty()
            && output.misbehaved == 0
            && output.unreported == 0
        {
            return;
        }
        self.say_all(flow, state, time);
    }

    fn say_all(&mut self, flow: &Flow, state: &mut Tracked, time: Timestamp) {
        self.misbehaved += u64::from(std::mem::take(&mut self.output.misbehaved));
        self.unreported += std::mem::take(&mut self.output.unreported);
        let named = self.named(state, flow.id());
        let vlan = flow.vlan();
        if !self.output.malformed.is_empty() {
            self.note_damage(state.conversation.app().protocol, (named, vlan, time));
        }
        let mut ids = None;
        for fact in self.output.facts.drain(..) {
            match fact {
                Fact::ConnectionIds(chosen) => ids = Some(chosen),
                Fact::Detail(said) => {
                    state.said.get_or_insert_default().merge(&said);
                    if !said.identifiers.is_empty() {
                        self.reports.push(Report::Numbered(named, said));
                    }
                }
                Fact::Inferred(found) => self.reports.push(Report::Inferred(found)),
                fact if self.scoring => state.handshake.get_or_insert_default().learn(&fact),
                _ => {}
            }
        }
        let mut events = std::mem::take(&mut self.output.events);
        for body in events.drain(..) {
            match body {
                Body::Ics(message) => {
                    let Self { key, reports, merge_capped, .. } = self;
                    if let Some(merge) = self.merges.get_mut(self.shard).and_then(|merges| merges.of(&mut state.merge))
                    {
                        let said = ics::Context { flow: named, vlan, time };
                        if let Some(merged) = merge.take(message, &said, *key, reports, merge_capped) {
                            self.output.reuse(merged);
                        }
                    }
                }
                body => {
                    let is_quic = matches!(body, Body::Quic(_));
                    let said = Said { time, vlan, flow: Some(named), body };
                    self.reports.push(match ids.take_if(|_| is_quic) {
                        Some(ids) => Report::Connection(Box::new(said), ids),
                        None => Report::Event(said),
                    });
                }
            }
        }
        self.output.events = events;
    }

    /// Counts what contradicts itself; of plants' protocols the back hears too.
    #[cold]
    fn note_damage(&mut self, protocol: Protocol, (flow, vlan, time): (FlowRef, VlanIds, Timestamp)) {
        let count = self.output.malformed.len() as u64;
        match self.malformed.get_mut(protocol.name()) {
            Some(known) => *known += count,
            None => drop(self.malformed.insert(protocol.name().to_owned(), count)),
        }
        for reason in self.output.malformed.drain(..).filter(|_| protocol.is_industrial()) {
            let damage = Damage { time, vlan, flow, reason };
            self.reports.push(Report::Damage(Box::new(damage)));
        }
    }

    /// The conversation is over: what it still holds comes out.
    fn end(&mut self, flow: &Flow, state: &mut Tracked) {
        self.speak_of(flow, flow.end());
        for direction in [Direction::ToServer, Direction::ToClient] {
            state.conversation.end(direction, &self.context, &mut self.output);
        }
        self.say(flow, state, flow.end());
        state.ended = true;
        if let Some(merges) = self.merges.get_mut(self.shard)
            && let Some(merge) = merges.all.get_mut(state.merge as usize)
        {
            merge.flush(&mut self.reports);
            *merge = Merge::default();
            merges.free.push(std::mem::replace(&mut state.merge, NO_MERGE));
        }
    }

    fn make_row(&self, flow: &Flow, state: &mut Tracked, reason: FlowEnd) -> Row {
        let reversed = state.conversation.reversed();
        let (mut packets, mut bytes, mut tcp_flags) = (flow.packets(), flow.bytes(), flow.tcp_flags());
        if reversed {
            (packets, bytes, tcp_flags) = (packets.swapped(), bytes.swapped(), tcp_flags.swapped());
        }
        let app = state.conversation.app();
        let is_named = app.method.is_some_and(|method| method != Method::Port);
        let payload = match state.conversation.shape() {
            None if !is_named => state.stats.payload_shape(),
            shape => shape,
        };
        let mut polling = state.polling.take();
        let mut records = state.conversation.take_records();
        if reversed {
            records.iter_mut().for_each(|records| records.swap());
        }
        let evidence = self.scoring.then(|| {
            let mut detail = state.detail.as_deref_mut().map(|detail| Box::new(std::mem::take(detail)));
            let mut stats = std::mem::take(&mut state.stats);
            if reversed {
                stats.swap();
                detail.iter_mut().for_each(|detail| detail.swap());
                polling.iter_mut().for_each(|polling| polling.swap());
            }
            let handshake = state.handshake.as_deref().cloned();
            Box::new(Evidence { stats, detail, polling, handshake })
        });
        Row {
            flow: Self::name(flow, state),
            continued: state.continued,
            vlan: flow.vlan(),
            start: flow.start(),
            end: flow.end(),
            packets,
            bytes,
            tcp_flags,
            state: flow.state(),
            reason,
            app,
            tunnel: flow.tunnel().map(|tunnel| Box::new(told(tunnel))),
            payload,
            detail: state.said.clone(),
            records,
            evidence,
        }
    }
}

/// Few conversations need it, and the others would pay for it where it lay among what they do.
#[cold]
#[inline(never)]
const fn exchange(ends: &mut Endpoints) {
    *ends = ends.swapped();
}

/// A tunnel as events tell it.
const fn told(tunnel: &Tunnel) -> body::Tunnel {
    body::Tunnel {
        kind: Cow::Borrowed(tunnel.kind.name()),
        src: Some(tunnel.src),
        dest: Some(tunnel.dest),
        id: tunnel.id,
        depth: tunnel.depth,
    }
}
