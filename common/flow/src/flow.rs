//! What the table knows of one conversation.

use crate::anomaly::Anomaly;
use crate::key::FlowKey;
use crate::stream::Half;
use picket_event::{Both, Direction, Endpoints, FlowEnd, FlowId, FlowState, Timestamp};
use picket_packet::{TcpHeader, Tunnel, VlanIds};

/// One packet as the table takes it.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// Capture time.
    pub time: Timestamp,
    /// The clock's time (see [`crate::Clock`]), nanoseconds.
    pub now: i64,
    /// The conversation.
    pub key: FlowKey,
    /// The key's keyed hash.
    pub hash: u64,
    /// Whether the sender is the key's first end.
    pub from_low: bool,
    /// Whether the sender is the client, as far as one packet tells.
    pub from_client: bool,
    /// Frames it came in: 1, or the fragments of a datagram.
    pub frames: u32,
    /// Their length on the wire, link headers included.
    pub wire_len: u32,
    /// VLAN ids.
    pub vlan: VlanIds,
    /// The TCP header.
    pub tcp: Option<TcpHeader>,
    /// The transport's payload as captured (above layer 2: everything behind the type).
    pub payload: &'a [u8],
    /// The payload's length as the headers tell it.
    pub payload_wire: u32,
    /// Time to live or hop limit; 0 below IP.
    pub ttl: u8,
    /// The innermost tunnel it came in.
    pub tunnel: Option<&'a Tunnel>,
}

/// Where a TCP connection stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Open, or no TCP.
    Open,
    /// Ended; its row waits for the last segments.
    Closed(Ended),
    /// Its row was written; late segments still belong to it.
    Late(Ended),
}

/// How a TCP connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Finished,
    Reset { by_low: bool },
}

impl Phase {
    /// Whether this side's reset ended the connection, and the row of that was written.
    #[inline]
    pub(crate) const fn is_late_reset(self, from_low: bool) -> bool {
        matches!(self, Self::Late(Ended::Reset { by_low }) if by_low == from_low)
    }
}

impl Ended {
    /// What its row says.
    pub(crate) const fn reason(self) -> FlowEnd {
        match self {
            Self::Finished => FlowEnd::Finished,
            Self::Reset { .. } => FlowEnd::Reset,
        }
    }
}

/// Both halves of a TCP connection, by the key's ends.
#[derive(Debug, Default)]
pub(crate) struct Tcp {
    pub(crate) low: Half,
    pub(crate) high: Half,
}

impl Tcp {
    /// The half of the sender, and the other.
    #[inline]
    pub(crate) const fn sides(&mut self, from_low: bool) -> (&mut Half, &mut Half) {
        if from_low { (&mut self.low, &mut self.high) } else { (&mut self.high, &mut self.low) }
    }

    /// Whether a packet brings new bytes of its side.
    pub(crate) const fn goes_on(&self, packet: &Packet<'_>) -> bool {
        let half = if packet.from_low { &self.low } else { &self.high };
        match packet.tcp {
            Some(tcp) => packet.payload_wire > 0 && half.is_fresh(tcp.seq.wrapping_add(packet.payload_wire)),
            None => false,
        }
    }

    pub(crate) fn drop_pending(&mut self) {
        self.low.pending = None;
        self.high.pending = None;
    }
}

/// One conversation. Directions are those judged at its start and stay; who finds out later that the ends
/// are exchanged keeps that beside it.
#[derive(Debug)]
pub struct Flow {
    pub(crate) key: FlowKey,
    pub(crate) hash: u64,
    pub(crate) id: FlowId,
    pub(crate) client_low: bool,
    pub(crate) phase: Phase,
    pub(crate) anomalies: u8,
    /// Conflicting overlaps of the row.
    pub(crate) overlaps: u32,
    /// Apart, since most have none.
    pub(crate) vlan: Option<Box<VlanIds>>,
    pub(crate) tunnel: Option<Box<Tunnel>>,
    pub(crate) tcp_flags: Both<u8>,
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
    /// Clock time of the last packet.
    pub(crate) last_seen: i64,
    /// Clock time at which the present row began.
    pub(crate) row_began: i64,
    /// Clock time at which the connection ended.
    pub(crate) closed_at: i64,
    pub(crate) packets: Both<u64>,
    pub(crate) bytes: Both<u64>,
    /// Whether each side was ever heard, over all rows.
    pub(crate) heard: Both<bool>,
    /// Whether the first packet was a SYN or its answer.
    pub(crate) opener_seen: bool,
}

impl Flow {
    /// The id of the present row.
    #[must_use]
    pub const fn id(&self) -> FlowId {
        self.id
    }

    /// The two ends, the client first.
    #[must_use]
    pub fn endpoints(&self) -> Endpoints {
        self.key.endpoints(self.client_low)
    }

    /// Writes the two ends, the client first, to where they are read: see [`FlowKey::write_endpoints`].
    pub fn write_endpoints(&self, to: &mut Endpoints) {
        self.key.write_endpoints(self.client_low, to);
    }

    /// Whether the packet that opened the connection was seen, or its answer; where not, who is the client is a guess from the
    /// ports. Of TCP alone.
    #[must_use]
    pub const fn opener_seen(&self) -> bool {
        self.opener_seen
    }

    /// The conversation.
    #[must_use]
    pub const fn key(&self) -> &FlowKey {
        &self.key
    }

    /// VLAN ids of the first frame.
    #[must_use]
    pub fn vlan(&self) -> VlanIds {
        self.vlan.as_deref().copied().unwrap_or_default()
    }

    /// The innermost tunnel of the packet that opened it.
    #[must_use]
    pub fn tunnel(&self) -> Option<&Tunnel> {
        self.tunnel.as_deref()
    }

    /// Time of the row's first packet.
    #[must_use]
    pub const fn start(&self) -> Timestamp {
        self.start
    }

    /// Time of the row's last packet, not before the first.
    #[must_use]
    pub const fn end(&self) -> Timestamp {
        self.end
    }

    /// Packets of the row.
    #[must_use]
    pub const fn packets(&self) -> Both<u64> {
        self.packets
    }

    /// Bytes on the wire of the row.
    #[must_use]
    pub const fn bytes(&self) -> Both<u64> {
        self.bytes
    }

    /// Union of the row's TCP flags.
    #[must_use]
    pub const fn tcp_flags(&self) -> Both<u8> {
        self.tcp_flags
    }

    /// Whether it is ended by its protocol.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        !matches!(self.phase, Phase::Open)
    }

    /// Where it stands.
    #[must_use]
    pub const fn state(&self) -> FlowState {
        match self.phase {
            Phase::Open if self.is_answered() => FlowState::Established,
            Phase::Open => FlowState::New,
            _ => FlowState::Closed,
        }
    }

    /// Whether both sides spoke.
    #[must_use]
    #[inline]
    pub const fn is_answered(&self) -> bool {
        self.heard.to_server && self.heard.to_client
    }

    /// The direction of a packet from the key's first end.
    #[must_use]
    #[inline]
    pub const fn direction(&self, from_low: bool) -> Direction {
        if from_low == self.client_low { Direction::ToServer } else { Direction::ToClient }
    }

    /// Counts a packet.
    #[inline]
    pub(crate) fn count(&mut self, direction: Direction, packet: &Packet<'_>) {
        if self.packets.to_server + self.packets.to_client == 0 {
            self.start = packet.time;
            self.end = packet.time;
        }
        self.end = self.end.max(packet.time);
        self.last_seen = packet.now;
        *self.packets.get_mut(direction) += u64::from(packet.frames);
        *self.bytes.get_mut(direction) += u64::from(packet.wire_len);
        *self.heard.get_mut(direction) = true;
        if let Some(tcp) = &packet.tcp {
            *self.tcp_flags.get_mut(direction) |= tcp.flags;
        }
    }

    /// Begins another row of the same conversation.
    pub(crate) fn begin_row(&mut self, id: FlowId, now: i64) {
        self.id = id;
        self.row_began = now;
        self.packets = Both::default();
        self.bytes = Both::default();
        self.tcp_flags = Both::default();
    }

    /// Notes an anomaly; answers whether it is to be told: once a flow and kind, some more overlaps.
    pub(crate) const fn note(&mut self, anomaly: &Anomaly) -> bool {
        if let Anomaly::TcpOverlap(_) = anomaly {
            self.overlaps = self.overlaps.saturating_add(1);
            return self.overlaps <= OVERLAPS_TOLD;
        }
        let bit = anomaly.bit();
        let first = self.anomalies & bit == 0;
        self.anomalies |= bit;
        first
    }

    /// Overlaps of the row that were noted and not told.
    pub(crate) fn take_untold(&mut self) -> Option<Anomaly> {
        let untold = std::mem::take(&mut self.overlaps).saturating_sub(OVERLAPS_TOLD);
        (untold > 0).then_some(Anomaly::TcpOverlapsMerged(untold))
    }
}

/// Overlaps told one by one in a row of a flow; the others are told together at its end.
const OVERLAPS_TOLD: u32 = 8;
