//! One logical shard of the flow table: find, open, count, time out, evict.

use crate::anomaly::Anomaly;
use crate::clock::Clock;
use crate::direction::client_is_sender;
use crate::flow::{Flow, Packet, Phase};
use crate::list::List;
use crate::pending::Pool;
use crate::segment::Segment;
use crate::slab::{Slab, Slot};
use crate::stream::{Caps, StreamItem};
use crate::wheel::Wheel;
use hashbrown::HashTable;
use picket_event::{Both, Direction, Endpoints, FlowEnd, FlowId, Timestamp, Transport};
use picket_packet::TcpHeader;
use std::net::IpAddr;

/// An answered flow that spoke within this time is not evicted for a new one, nanoseconds.
const BUSY_NANOS: i64 = 10_000_000_000;
/// Flows looked at to find one to evict.
const LOOKS_MAX: u32 = 64;

/// Caps and time-outs of one shard.
#[derive(Clone, Debug)]
pub struct TableConfig {
    /// The shard's number, 0 to 63; part of its flow ids.
    pub shard: u8,
    /// Flows tracked at once.
    pub flows: u32,
    /// Out-of-order bytes held for one direction.
    pub flow_bytes: usize,
    /// Out-of-order bytes held in all.
    pub table_bytes: usize,
    /// Time-outs.
    pub timeouts: TableTimeouts,
}

/// Time-outs, nanoseconds of the clock.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)] // named as in the sensor's limits, which document them
pub struct TableTimeouts {
    pub tcp_established: i64,
    pub tcp_unestablished: i64,
    pub tcp_closed: i64,
    pub tcp_late: i64,
    pub udp: i64,
    pub other: i64,
    pub link: i64,
    pub active: i64,
}

/// The shard's share of the books. Totals, except `open`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Flows opened.
    pub opened: u64,
    /// Flows ended by protocol, time-out or shutdown.
    pub closed: u64,
    /// Flows ended because their place was needed.
    pub evicted: u64,
    /// Packets that found no place.
    pub refused: u64,
    /// Flows open now.
    pub open: u64,
    /// Times that held segments were given up because a cap was reached.
    pub reassembly_capped: u64,
    /// Streams that were picked up again at another sequence number.
    pub resynchronised: u64,
    /// Segments that differ from what came first for their place.
    pub overlaps: u64,
    /// Resets and FINs that were not believed, at once or when data went on behind them.
    pub ends_disbelieved: u64,
}

/// Who is told what happens in a table, and keeps a state for every flow.
pub trait Handler {
    /// What it keeps of a flow.
    type State;

    /// Whether a flow of this hash may open; asked only for packets of none that is known. Those refused are counted.
    fn admits(&mut self, _hash: u64) -> bool {
        true
    }

    /// A flow opens.
    fn open(&mut self, flow: &Flow) -> Self::State;

    /// A packet was counted. Payload of datagrams is read from here; that of TCP comes by `stream`.
    fn packet(&mut self, flow: &Flow, state: &mut Self::State, direction: Direction, packet: &Packet<'_>);

    /// Whether the bytes of a TCP direction are of any use.
    fn wants(&self, state: &Self::State, direction: Direction) -> bool;

    /// The next piece of a TCP direction.
    fn stream(
        &mut self,
        flow: &Flow,
        state: &mut Self::State,
        direction: Direction,
        item: StreamItem<'_>,
        time: Timestamp,
    );

    /// Something odd; at most once a flow and kind, overlaps a few times a row.
    fn anomaly(&mut self, flow: &Flow, state: &mut Self::State, anomaly: &Anomaly, time: Timestamp);

    /// A row is complete (it may count no packets: then nothing was seen since the last one). Unless the
    /// reason is [`FlowEnd::Active`], the conversation is over; late segments may still give another row.
    fn row(&mut self, flow: &Flow, state: &mut Self::State, reason: FlowEnd);
}

/// One shard.
#[derive(Debug)]
pub struct Table<T> {
    config: TableConfig,
    caps: Caps,
    index: HashTable<u32>,
    slab: Slab<T>,
    wheel: Wheel,
    /// Flows that nobody answered, oldest first.
    unanswered: List,
    /// The others, roughly the longest silent first.
    answered: List,
    pool: Pool,
    ids: u64,
    fired: Vec<u32>,
    counters: Counters,
}

impl<T> Table<T> {
    /// An empty shard.
    #[must_use]
    pub fn new(config: TableConfig) -> Self {
        let caps = Caps { flow_bytes: config.flow_bytes, table_bytes: config.table_bytes };
        Self {
            config,
            caps,
            index: HashTable::new(),
            slab: Slab::new(),
            wheel: Wheel::new(),
            unanswered: List::new(),
            answered: List::new(),
            pool: Pool::default(),
            ids: 0,
            fired: Vec::new(),
            counters: Counters::default(),
        }
    }

    /// From `now` on these caps and time-outs hold; the shard's number stays. Conversations beyond a smaller cap end at once, the oldest
    /// that nobody answered and the longest silent first; busy ones stay until they end. A deadline that is set already is looked at
    /// when it comes. Cost linear in the conversations that end.
    pub fn configure<H: Handler<State = T>>(&mut self, config: TableConfig, now: i64, handler: &mut H) {
        self.caps = Caps { flow_bytes: config.flow_bytes, table_bytes: config.table_bytes };
        self.config = TableConfig { shard: self.config.shard, ..config };
        while self.counters.open > u64::from(self.config.flows) && self.make_room(now, handler) {}
    }

    /// The shard's books.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    /// The tick before which [`Table::advance`] finds nothing to do: time need not be told before.
    #[must_use]
    #[inline]
    pub const fn due(&self) -> u64 {
        self.wheel.due()
    }

    /// Where it is kept what is known of a conversation with this hash, or, seldom, of another's whose hash is like it. To be fetched
    /// from memory, no more: nothing of it is read here.
    #[inline]
    pub fn place(&self, hash: u64) -> Option<&impl Sized> {
        self.index.find(hash, |_| true).and_then(|place| self.slab.get(*place))
    }

    /// Takes a packet.
    pub fn packet<H: Handler<State = T>>(&mut self, packet: &Packet<'_>, handler: &mut H) {
        let Some(place) = self.place_of(packet, handler) else { return };
        let Some(Slot { flow, tcp: halves, state: Some(state), .. }) = self.slab.get_mut(place) else { return };
        let direction = flow.direction(packet.from_low);
        let was_answered = flow.is_answered();
        flow.count(direction, packet);
        handler.packet(flow, state, direction, packet);
        let mut closed = false;
        if let Some(tcp) = &packet.tcp {
            let mut segment = Segment {
                caps: &self.caps,
                pool: &mut self.pool,
                counters: &mut self.counters,
                handler,
                direction,
                packet,
                tcp,
            };
            closed = segment.apply(flow, halves, state);
        }
        let answered = !was_answered && flow.is_answered();
        if closed {
            self.wheel.disarm(&mut self.slab, place);
            let due = packet.now.saturating_add(self.config.timeouts.tcp_closed);
            self.wheel.arm(&mut self.slab, place, due_tick(due));
        }
        if answered {
            self.unanswered.remove(&mut self.slab, place);
            self.stamp(place);
        }
    }

    /// The place of a packet's flow, opened where there is none; `None` when there is no room.
    #[inline]
    fn place_of<H: Handler<State = T>>(&mut self, packet: &Packet<'_>, handler: &mut H) -> Option<u32> {
        let slab = &self.slab;
        let found = self
            .index
            .find(packet.hash, |place| slab.get(*place).is_some_and(|slot| slot.flow.key == packet.key))
            .copied();
        match found {
            Some(place) if !self.is_reused(place, packet) && !self.is_revived(place, packet) => Some(place),
            Some(place) => {
                self.end(place, FlowEnd::Timeout, handler);
                self.open(packet, handler)
            }
            None => self.open(packet, handler),
        }
    }

    /// Whether a SYN begins another connection between the same ports.
    #[inline]
    fn is_reused(&self, place: u32, packet: &Packet<'_>) -> bool {
        let Some(tcp) = packet.tcp.filter(|tcp| tcp.flags & (TcpHeader::SYN | TcpHeader::ACK) == TcpHeader::SYN) else {
            return false;
        };
        let Some(slot) = self.slab.get(place) else { return false };
        let flow = &slot.flow;
        let half = if packet.from_low { &slot.tcp.low } else { &slot.tcp.high };
        let repeated = half.isn == Some(tcp.seq);
        // Long silence means that the ends forgot the old connection; before that, a SYN is an oddity.
        let idle = packet.now.saturating_sub(flow.last_seen) >= BUSY_NANOS;
        !repeated && (flow.is_closed() || idle || (!flow.is_answered() && half.isn.is_some()))
    }

    /// Whether data go on behind a reset of their own side whose row was written: its sender did not reset.
    #[inline]
    fn is_revived(&self, place: u32, packet: &Packet<'_>) -> bool {
        match self.slab.get(place) {
            Some(slot) => slot.flow.phase.is_late_reset(packet.from_low) && slot.tcp.goes_on(packet),
            None => false,
        }
    }

    fn open<H: Handler<State = T>>(&mut self, packet: &Packet<'_>, handler: &mut H) -> Option<u32> {
        let full = self.counters.open >= u64::from(self.config.flows);
        if !handler.admits(packet.hash) || (full && !self.make_room(packet.now, handler)) {
            self.counters.refused += 1;
            return None;
        }
        let flow = Flow {
            key: packet.key,
            hash: packet.hash,
            id: self.next_id(packet.hash),
            client_low: sender_is_client(packet) == packet.from_low,
            phase: Phase::Open,
            anomalies: 0,
            overlaps: 0,
            tunnel: packet.tunnel.map(|tunnel| Box::new(*tunnel)),
            vlan: (!packet.vlan.is_empty()).then(|| Box::new(packet.vlan)),
            tcp_flags: Both::default(),
            start: packet.time,
            end: packet.time,
            last_seen: packet.now,
            row_began: packet.now,
            closed_at: 0,
            packets: Both::default(),
            bytes: Both::default(),
            heard: Both::default(),
            opener_seen: packet.tcp.is_some_and(|tcp| tcp.has(TcpHeader::SYN)),
        };
        let due = due_tick(self.deadline(&flow));
        let place = self.slab.insert(flow, |flow| handler.open(flow));
        let slab = &self.slab;
        self.index.insert_unique(packet.hash, place, |place| slab.get(*place).map_or(0, |slot| slot.flow.hash));
        self.wheel.arm(&mut self.slab, place, due);
        self.unanswered.push(&mut self.slab, place);
        self.counters.opened += 1;
        self.counters.open += 1;
        Some(place)
    }

    /// Unique among the shards of a sensor, and below 2^53 so that every JSON reader keeps it whole.
    const fn next_id(&mut self, hash: u64) -> FlowId {
        self.ids += 1;
        let counter = self.ids & 0xffff_ffff;
        FlowId((hash >> 49) << 38 | counter << 6 | self.config.shard as u64)
    }

    /// Lets time pass: rows and ends of whatever is due.
    pub fn advance<H: Handler<State = T>>(&mut self, now: i64, handler: &mut H) {
        let mut fired = std::mem::take(&mut self.fired);
        self.wheel.advance(&mut self.slab, Clock::tick_of(now), &mut fired);
        for place in fired.drain(..) {
            self.fire(place, now, handler);
        }
        self.fired = fired;
    }

    fn fire<H: Handler<State = T>>(&mut self, place: u32, now: i64, handler: &mut H) {
        let Some(slot) = self.slab.get(place) else { return };
        let (flow, deadline) = (&slot.flow, self.deadline(&slot.flow));
        if deadline > now {
            self.wheel.arm(&mut self.slab, place, due_tick(deadline));
            return;
        }
        match flow.phase {
            Phase::Closed(ended) => {
                self.row(place, ended.reason(), handler);
                if let Some(slot) = self.slab.get_mut(place) {
                    slot.flow.phase = Phase::Late(ended);
                }
                self.renew(place, now);
            }
            Phase::Open if now < flow.last_seen.saturating_add(self.idle(flow)) => {
                self.row(place, FlowEnd::Active, handler);
                self.renew(place, now);
            }
            Phase::Open | Phase::Late(_) => self.end(place, FlowEnd::Timeout, handler),
        }
    }

    /// Begins the next row of a flow that stays.
    fn renew(&mut self, place: u32, now: i64) {
        let Some(hash) = self.slab.get(place).map(|slot| slot.flow.hash) else { return };
        let id = self.next_id(hash);
        let Some(slot) = self.slab.get_mut(place) else { return };
        slot.flow.begin_row(id, now);
        let due = match self.slab.get(place) {
            Some(slot) => due_tick(self.deadline(&slot.flow)),
            None => return,
        };
        self.wheel.arm(&mut self.slab, place, due);
    }

    /// When a flow has to be looked at next.
    fn deadline(&self, flow: &Flow) -> i64 {
        let timeouts = &self.config.timeouts;
        match flow.phase {
            Phase::Closed(_) => flow.closed_at.saturating_add(timeouts.tcp_closed),
            Phase::Late(_) => flow.closed_at.saturating_add(timeouts.tcp_late),
            Phase::Open => {
                let idle = flow.last_seen.saturating_add(self.idle(flow));
                idle.min(flow.row_began.saturating_add(timeouts.active))
            }
        }
    }

    fn idle(&self, flow: &Flow) -> i64 {
        let timeouts = &self.config.timeouts;
        match flow.key.transport() {
            Some(Transport::TCP) if flow.is_answered() => timeouts.tcp_established,
            Some(Transport::TCP) => timeouts.tcp_unestablished,
            Some(Transport::UDP) => timeouts.udp,
            Some(_) => timeouts.other,
            None => timeouts.link,
        }
    }

    /// Makes room for one flow: the oldest that nobody answered, else the longest silent. `false` when all
    /// are busy.
    fn make_room<H: Handler<State = T>>(&mut self, now: i64, handler: &mut H) -> bool {
        if let Some(place) = self.unanswered.first() {
            self.evict(place, handler);
            return true;
        }
        for _ in 0..LOOKS_MAX {
            let Some(place) = self.answered.first() else { return false };
            let Some(slot) = self.slab.get(place) else { return false };
            if slot.flow.last_seen != slot.stamp {
                self.answered.remove(&mut self.slab, place);
                self.stamp(place);
            } else if slot.flow.is_closed() || now.saturating_sub(slot.stamp) >= BUSY_NANOS {
                self.evict(place, handler);
                return true;
            } else {
                return false;
            }
        }
        false
    }

    /// Puts a flow that is in no list behind all answered ones.
    fn stamp(&mut self, place: u32) {
        if let Some(slot) = self.slab.get_mut(place) {
            slot.stamp = slot.flow.last_seen;
            slot.answered = true;
        }
        self.answered.push(&mut self.slab, place);
    }

    fn evict<H: Handler<State = T>>(&mut self, place: u32, handler: &mut H) {
        self.end(place, FlowEnd::Evicted, handler);
        self.counters.closed -= 1;
        self.counters.evicted += 1;
    }

    /// Gives a row. What a stream still holds comes out before it.
    fn row<H: Handler<State = T>>(&mut self, place: u32, reason: FlowEnd, handler: &mut H) {
        let Some(Slot { flow, tcp, state: Some(state), .. }) = self.slab.get_mut(place) else { return };
        if reason != FlowEnd::Active {
            for from_low in [true, false] {
                let (direction, time) = (flow.direction(from_low), flow.end);
                let (half, _) = tcp.sides(from_low);
                half.flush(&mut self.pool, &mut |item| handler.stream(flow, state, direction, item, time));
            }
        }
        if let Some(merged) = flow.take_untold() {
            handler.anomaly(flow, state, &merged, flow.end);
        }
        handler.row(flow, state, reason);
    }

    /// Gives the last row of a flow and forgets it.
    fn end<H: Handler<State = T>>(&mut self, place: u32, reason: FlowEnd, handler: &mut H) {
        let Some(slot) = self.slab.get(place) else { return };
        let (hash, answered) = (slot.flow.hash, slot.answered);
        let reason = match slot.flow.phase {
            Phase::Closed(ended) | Phase::Late(ended) => ended.reason(),
            Phase::Open => reason,
        };
        self.row(place, reason, handler);
        self.wheel.disarm(&mut self.slab, place);
        let list = if answered { &mut self.answered } else { &mut self.unanswered };
        list.remove(&mut self.slab, place);
        if let Ok(entry) = self.index.find_entry(hash, |other| *other == place) {
            entry.remove();
        }
        self.slab.free(place);
        self.counters.open -= 1;
        self.counters.closed += 1;
    }

    /// Ends every flow, in the order of their places.
    pub fn finish<H: Handler<State = T>>(&mut self, handler: &mut H) {
        for place in 0..self.slab.len() {
            if self.slab.get(place).is_some_and(|slot| slot.state.is_some()) {
                self.end(place, FlowEnd::Shutdown, handler);
            }
        }
    }
}

/// The first tick at which an instant has passed.
const fn due_tick(nanos: i64) -> u64 {
    Clock::tick_of(nanos) + 1
}

/// Whether the sender of a flow's first packet is the client: SYN tells, then the kind of address, then ports.
fn sender_is_client(packet: &Packet<'_>) -> bool {
    if let Some(tcp) = &packet.tcp {
        if tcp.has(TcpHeader::SYN) {
            return !tcp.has(TcpHeader::ACK);
        }
        return client_is_sender(tcp.src_port, tcp.dest_port);
    }
    let ends = packet.key.endpoints(packet.from_low);
    match ends {
        Endpoints::Ip { dest, .. } if is_group(&dest) => true,
        Endpoints::Ip { src_port, dest_port, transport, .. } if transport.has_ports() => {
            client_is_sender(src_port, dest_port)
        }
        _ => packet.from_client,
    }
}

fn is_group(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_multicast() || v4.is_broadcast(),
        IpAddr::V6(v6) => v6.is_multicast(),
    }
}
