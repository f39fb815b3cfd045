//! One TCP segment on its way through a flow: what opens, fills and ends a connection.
//!
//! Ends are believed with care, since whoever sees a connection can put a FIN or RST between its ends that only the
//! sensor takes: one with a number out of the window is ignored, a FIN counts when the other side acknowledged it,
//! and where data go on behind either, the connection goes on. Each is counted and told.

use crate::anomaly::Anomaly;
use crate::flow::{Ended, Flow, Packet, Phase, Tcp};
use crate::pending::Pool;
use crate::stream::{Arrived, BehindFin, Caps, StreamItem};
use crate::table::{Counters, Handler};
use picket_event::Direction;
use picket_packet::TcpHeader;

/// A segment with what it may touch.
pub(crate) struct Segment<'s, 'p, H> {
    pub(crate) caps: &'s Caps,
    pub(crate) pool: &'s mut Pool,
    pub(crate) counters: &'s mut Counters,
    pub(crate) handler: &'s mut H,
    pub(crate) direction: Direction,
    pub(crate) packet: &'s Packet<'p>,
    pub(crate) tcp: &'s TcpHeader,
}

impl<H: Handler> Segment<'_, '_, H> {
    /// Takes it; answers whether it ended the connection.
    #[inline]
    pub(crate) fn apply(&mut self, flow: &mut Flow, halves: &mut Tcp, state: &mut H::State) -> bool {
        if flow.is_closed() && !self.reopens(flow, halves, state) {
            return false;
        }
        let (packet, tcp) = (self.packet, self.tcp);
        let mut seq = tcp.seq;
        if tcp.has(TcpHeader::SYN) {
            self.syn(flow, halves, state);
            seq = seq.wrapping_add(1);
        }
        if packet.payload_wire > 0 {
            self.payload(flow, halves, state, seq);
        }
        if tcp.has(TcpHeader::FIN) {
            self.fin(flow, halves, state, seq);
        }
        let (half, other) = halves.sides(packet.from_low);
        if tcp.has(TcpHeader::ACK) {
            other.acknowledge(tcp.ack);
            if other.pending.is_some() || other.is_ending() {
                let (handler, direction) = (&mut *self.handler, self.direction.opposite());
                let give = &mut |item: StreamItem<'_>| handler.stream(flow, state, direction, item, packet.time);
                other.settle(self.pool, give);
                other.end_if_due(give);
            }
        }
        if half.is_ending() {
            let (handler, direction) = (&mut *self.handler, self.direction);
            half.end_if_due(&mut |item| handler.stream(flow, state, direction, item, packet.time));
        }
        if tcp.has(TcpHeader::RST) {
            return self.reset(flow, halves, state);
        }
        if halves.low.is_finished() && halves.high.is_finished() {
            flow.phase = Phase::Closed(Ended::Finished);
            flow.closed_at = packet.now;
            return true;
        }
        false
    }

    #[cold]
    fn tell(&mut self, flow: &mut Flow, state: &mut H::State, anomaly: &Anomaly) {
        match anomaly {
            Anomaly::TcpOverlap(_) => self.counters.overlaps += 1,
            Anomaly::TcpSynInEstablished | Anomaly::TcpOverlapsMerged(_) => {}
            Anomaly::TcpResetOutOfWindow
            | Anomaly::TcpDataAfterReset
            | Anomaly::TcpFinOutOfWindow
            | Anomaly::TcpDataAfterFin => self.counters.ends_disbelieved += 1,
        }
        if flow.note(anomaly) {
            self.handler.anomaly(flow, state, anomaly, self.packet.time);
        }
    }

    /// Whether it shows that the reset of its own side was another's: then the connection goes on.
    fn reopens(&mut self, flow: &mut Flow, halves: &Tcp, state: &mut H::State) -> bool {
        let own = matches!(flow.phase, Phase::Closed(Ended::Reset { by_low }) if by_low == self.packet.from_low);
        if !own || !halves.goes_on(self.packet) {
            return false;
        }
        flow.phase = Phase::Open;
        self.tell(flow, state, &Anomaly::TcpDataAfterReset);
        true
    }

    fn syn(&mut self, flow: &mut Flow, halves: &mut Tcp, state: &mut H::State) {
        let (half, _) = halves.sides(self.packet.from_low);
        let odd = half.isn.is_some_and(|isn| isn != self.tcp.seq) && flow.is_answered();
        if odd {
            self.tell(flow, state, &Anomaly::TcpSynInEstablished);
        } else {
            half.syn(self.tcp.seq);
        }
    }

    fn fin(&mut self, flow: &mut Flow, halves: &mut Tcp, state: &mut H::State, seq: u32) {
        let (half, _) = halves.sides(self.packet.from_low);
        if half.believes(seq) {
            half.fin(seq, self.packet.payload_wire);
        } else {
            self.tell(flow, state, &Anomaly::TcpFinOutOfWindow);
        }
    }

    #[inline]
    fn payload(&mut self, flow: &mut Flow, halves: &mut Tcp, state: &mut H::State, seq: u32) {
        let packet = self.packet;
        let (half, _) = halves.sides(packet.from_low);
        if half.has_fin() {
            let behind = half.behind_fin(seq.wrapping_add(packet.payload_wire));
            if behind != BehindFin::No {
                self.tell(flow, state, &Anomaly::TcpDataAfterFin);
            }
            if behind == BehindFin::Refused {
                return;
            }
        }
        let pushed = self.tcp.has(TcpHeader::PSH);
        let arrived = Arrived { seq, data: packet.payload, length: packet.payload_wire, ttl: packet.ttl, pushed };
        if !self.handler.wants(state, self.direction) {
            if let Some(overlap) = half.skip(&arrived, self.pool) {
                self.tell(flow, state, &Anomaly::TcpOverlap(overlap));
            }
            return;
        }
        let (handler, direction) = (&mut *self.handler, self.direction);
        let give = &mut |item: StreamItem<'_>| handler.stream(flow, state, direction, item, packet.time);
        let seen = half.segment(&arrived, self.caps, self.pool, give);
        self.counters.reassembly_capped += u64::from(seen.capped);
        self.counters.resynchronised += u64::from(seen.resynchronised);
        if let Some(overlap) = seen.conflict {
            self.tell(flow, state, &Anomaly::TcpOverlap(overlap));
        }
    }

    fn reset(&mut self, flow: &mut Flow, halves: &mut Tcp, state: &mut H::State) -> bool {
        let (half, _) = halves.sides(self.packet.from_low);
        if !half.believes(self.tcp.seq) {
            self.tell(flow, state, &Anomaly::TcpResetOutOfWindow);
            return false;
        }
        flow.phase = Phase::Closed(Ended::Reset { by_low: self.packet.from_low });
        flow.closed_at = self.packet.now;
        true
    }
}
