//! The table as a whole: laws of reassembly, policies, time, caps.

use super::*;
use picket_event::{Direction, Endpoints, FlowEnd, FlowState, Timestamp};
use picket_packet::{Frame, Network, TcpHeader, Upper, VlanIds, WireLen};
use proptest::prelude::*;
use std::net::IpAddr;

pub(crate) const SECOND: i64 = 1_000_000_000;

/// Writes down everything it is told.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(crate) rows: Vec<(Endpoints, u64, u64, FlowState, FlowEnd)>,
    pub(crate) bytes: [Vec<u8>; 2],
    pub(crate) gaps: Vec<u64>,
    pub(crate) ends: usize,
    pub(crate) anomalies: Vec<Anomaly>,
    pub(crate) deaf: bool,
}

impl Notes {
    pub(crate) fn overlaps(&self) -> Vec<Overlap> {
        let overlap =
            |anomaly: &Anomaly| if let Anomaly::TcpOverlap(overlap) = anomaly { Some(*overlap) } else { None };
        self.anomalies.iter().filter_map(overlap).collect()
    }
}

impl Handler for Notes {
    type State = ();

    fn open(&mut self, _flow: &Flow) {}

    fn packet(&mut self, _: &Flow, (): &mut (), _: Direction, _: &Packet<'_>) {}

    fn wants(&self, (): &(), _: Direction) -> bool {
        !self.deaf
    }

    fn stream(&mut self, _: &Flow, (): &mut (), direction: Direction, item: StreamItem<'_>, _: Timestamp) {
        match item {
            StreamItem::Data(bytes) => self.bytes[direction.index()].extend_from_slice(bytes),
            StreamItem::Gap(length) => self.gaps.push(length),
            StreamItem::End => self.ends += 1,
        }
    }

    fn anomaly(&mut self, _: &Flow, (): &mut (), anomaly: &Anomaly, _: Timestamp) {
        self.anomalies.push(*anomaly);
    }

    fn row(&mut self, flow: &Flow, (): &mut (), reason: FlowEnd) {
        let packets = flow.packets();
        if packets.to_server + packets.to_client > 0 {
            self.rows.push((flow.endpoints(), packets.to_server, packets.to_client, flow.state(), reason));
        }
    }
}

fn config(flows: u32) -> TableConfig {
    TableConfig {
        shard: 5,
        flows,
        flow_bytes: 64 << 10,
        table_bytes: 1 << 20,
        timeouts: TableTimeouts {
            tcp_established: 300 * SECOND,
            tcp_unestablished: 30 * SECOND,
            tcp_closed: SECOND / 3,
            tcp_late: 10 * SECOND,
            udp: 60 * SECOND,
            other: 60 * SECOND,
            link: 300 * SECOND,
            active: 1_800 * SECOND,
        },
    }
}

/// One side of a conversation, and what to send from it.
pub(crate) struct Bench {
    pub(crate) table: Table<()>,
    pub(crate) notes: Notes,
    pub(crate) now: i64,
    pub(crate) ttl: u8,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with(1_000)
    }

    pub(crate) fn with(flows: u32) -> Self {
        Self { table: Table::new(config(flows)), notes: Notes::default(), now: 0, ttl: 64 }
    }

    /// Sends a segment between client port `client` and server port 502.
    pub(crate) fn segment(&mut self, from_client: bool, client: u16, flags: u8, seq: u32, ack: u32, payload: &[u8]) {
        let (a, b) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let (src, dest, src_port, dest_port) = if from_client { (a, b, client, 502) } else { (b, a, 502, client) };
        let tcp = TcpHeader { src_port, dest_port, seq, ack, flags, window: 100 };
        self.send(src, dest, 6, Upper::Tcp(tcp), payload);
    }

    pub(crate) fn send(&mut self, src: IpAddr, dest: IpAddr, protocol: u8, upper: Upper, payload: &[u8]) {
        let network = Network { src, dest, protocol, ttl: 64, dont_fragment: false };
        let Keyed { key, from_low, from_client } = FlowKey::ip(&network, &upper);
        let packet = Packet {
            time: Timestamp::from_nanos(self.now),
            now: self.now,
            key,
            hash: key.hash([1, 2]),
            from_low,
            from_client,
            frames: 1,
            wire_len: 60,
            vlan: VlanIds::NONE,
            tcp: if let Upper::Tcp(tcp) = upper { Some(tcp) } else { None },
            payload,
            payload_wire: payload.len() as u32,
            ttl: self.ttl,
            tunnel: None,
        };
        self.table.packet(&packet, &mut self.notes);
    }

    pub(crate) fn handshake(&mut self, client: u16) {
        self.segment(true, client, TcpHeader::SYN, 99, 0, b"");
        self.segment(false, client, TcpHeader::SYN | TcpHeader::ACK, 999, 100, b"");
        self.segment(true, client, TcpHeader::ACK, 100, 1_000, b"");
    }

    pub(crate) fn data(&mut self, seq: u32, payload: &[u8]) {
        self.segment(true, 40_000, TcpHeader::ACK, seq, 1_000, payload);
    }

    pub(crate) fn pass(&mut self, nanos: i64) {
        self.now += nanos;
        self.table.advance(self.now, &mut self.notes);
    }

    pub(crate) fn finish(&mut self) {
        self.table.finish(&mut self.notes);
        let counters = self.table.counters();
        assert_eq!(counters.opened, counters.closed + counters.evicted + counters.open, "the books balance");
        assert_eq!(counters.open, 0);
    }

    pub(crate) fn to_server(&self) -> &[u8] {
        &self.notes.bytes[0]
    }
}

#[test]
fn a_connection_ends_when_both_fins_are_acknowledged() {
    let mut bench = Bench::new();
    bench.handshake(40_000);
    bench.data(100, b"hello");
    let fin = TcpHeader::FIN | TcpHeader::ACK;
    bench.segment(false, 40_000, fin, 1_000, 105, b"");
    bench.segment(true, 40_000, fin, 105, 1_001, b"");
    bench.pass(SECOND);
    assert!(bench.notes.rows.is_empty(), "the last acknowledgement is missing");
    bench.segment(false, 40_000, TcpHeader::ACK, 1_001, 106, b"");
    bench.pass(SECOND);
    let (ends, up, down, state, reason) = bench.notes.rows[0];
    assert_eq!((up, down, state, reason), (4, 3, FlowState::Closed, FlowEnd::Finished));
    assert!(matches!(ends, Endpoints::Ip { src_port: 40_000, dest_port: 502, .. }));
    assert_eq!((bench.to_server(), bench.notes.ends), (b"hello".as_slice(), 2));
    // A late segment belongs to the ended connection; a new SYN does not.
    bench.segment(false, 40_000, TcpHeader::ACK, 1_001, 106, b"");
    bench.segment(true, 40_000, TcpHeader::SYN, 5_000, 0, b"");
    assert_eq!(bench.notes.rows.len(), 2);
    assert_eq!(bench.table.counters().opened, 2);
    bench.finish();
}

#[test]
fn out_of_order_bytes_wait_and_come_in_order() {
    let mut bench = Bench::new();
    bench.handshake(40_000);
    bench.data(105, b"world");
    bench.data(110, b"!");
    assert_eq!(bench.to_server(), b"");
    bench.data(100, b"hello");
    assert_eq!(bench.to_server(), b"helloworld!");
    assert!(bench.notes.gaps.is_empty());
}

#[test]
fn a_hole_the_other_side_acknowledged_is_a_gap() {
    let mut bench = Bench::new();
    bench.handshake(40_000);
    bench.data(100, b"aa");
    bench.data(107, b"bb");
    bench.segment(false, 40_000, TcpHeader::ACK, 1_000, 109, b"");
    assert_eq!((bench.to_server(), bench.notes.gaps.as_slice()), (b"aabb".as_slice(), [5].as_slice()));
}

#[test]
fn an_endless_hole_is_given_up_at_the_cap() {
    let mut bench = Bench::new();
    bench.handshake(40_000);
    for i in 0..200u32 {
        bench.data(200 + i * 1_000, &[7; 1_000]);
    }
    assert_eq!(bench.notes.gaps, [100]);
    assert!(bench.table.counters().reassembly_capped >= 1);
}

#[test]
fn f39_conflicting_overlap_keeps_the_first_and_tells_both_views() {
    let mut bench = Bench::new();
    bench.handshake(40_000);
    bench.data(100, b"good");
    bench.data(100, b"good");
    assert!(bench.notes.anomalies.is_empty(), "a retransmission is no anomaly");
    bench.data(100, b"evil");
    bench.data(106, b"yy");
    bench.data(104, b"zzzz");
    assert_eq!(bench.to_server(), b"goodzzyy");
    bench.data(100, b"more");
    let told: Vec<_> = bench.notes.anomalies.iter().map(Anomaly::detail).collect();
    assert_eq!(bench.notes.overlaps().len(), 3, "{told:?}");
    assert_eq!(told[0], "a later segment differs at sequence number 100: first 676f6f64 (kept), then 6576696c");
    assert!(told[1].ends_with("sequence number 106: first 7979 (kept), then 7a7a"), "{}", told[1]);
}

#[test]
fn f39_held_bytes_win_over_later_ones() {
    let mut bench = Bench::new();
    bench.handshake(40_000);
    bench.data(102, b"held");
    bench.data(101, b"xEVILx");
    bench.data(100, b"a");
    assert_eq!(bench.to_server(), b"axheldx");
    let [overlap] = bench.notes.overlaps()[..] else { panic!("{:?}", bench.notes.anomalies) };
    assert_eq!(
        (overlap.seq, overlap.first.bytes(), overlap.later.bytes()),
        (102, b"held".as_slice(), b"EVILx".as_slice())
    );
}

#[test]
fn f39_a_reset_out_of_the_window_is_ignored_and_told() {
    let mut bench = Bench::new();
    bench.handshake(40_000);
    bench.segment(false, 40_000, TcpHeader::RST, 0x7000_0000, 0, b"");
    bench.data(100, b"still here");
    assert_eq!(bench.to_server(), b"still here");
    assert_eq!(bench.notes.anomalies, [Anomaly::TcpResetOutOfWindow]);
    bench.segment(false, 40_000, TcpHeader::RST, 1_000, 0, b"");
    bench.pass(SECOND);
    assert_eq!(bench.notes.rows[0].4, FlowEnd::Reset);
}

#[test]
fn f40_sequence_numbers_wrap() {
    let mut bench = Bench::new();
    bench.segment(true, 40_000, TcpHeader::SYN, u32::MAX - 3, 0, b"");
    bench.data(u32::MAX - 2, b"abc");
    bench.data(2, b"fg");
    bench.data(0, b"de");
    assert_eq!(bench.to_server(), b"abcdefg");
}

#[test]
fn f40_a_stream_goes_on_after_a_jump_and_from_the_middle() {
    let mut bench = Bench::new();
    bench.data(1_000_000, b"mid");
    bench.data(2_000_000_000, b"far");
    bench.data(2_000_000_003, b"away");
    assert_eq!(bench.to_server(), b"midaway");
    assert_eq!(bench.notes.gaps.len(), 1);
    assert_eq!(bench.table.counters().resynchronised, 1);
}

#[test]
fn a_keep_alive_before_the_first_bytes_is_none_of_them() {
    let mut bench = Bench::new();
    bench.data(999, &[0]);
    bench.data(1_000, b"mid");
    bench.data(1_002, &[0]);
    bench.data(1_003, b"stream");
    assert_eq!(bench.to_server(), b"midstream");
    assert!(bench.notes.gaps.is_empty());
}

#[test]
fn unwanted_directions_are_skipped() {
    let mut bench = Bench::new();
    bench.handshake(40_000);
    bench.notes.deaf = true;
    bench.data(100, b"hidden");
    bench.notes.deaf = false;
    bench.data(106, b"seen");
    assert_eq!(bench.to_server(), b"seen");
    assert!(bench.notes.gaps.is_empty());
}

#[test]
fn f39_conflicts_are_told_where_nobody_reads_on() {
    let mut bench = Bench::new();
    bench.handshake(40_000);
    bench.notes.deaf = true;
    for at in 0..20 {
        bench.data(100 + at * 1_000, &[at as u8; 1_000]);
    }
    bench.data(100 + 19 * 1_000, &[19; 1_000]);
    bench.data(99 + 20 * 1_000, &[0]);
    assert!(bench.notes.anomalies.is_empty(), "a retransmission and a keep-alive are no anomalies");
    bench.data(100 + 19 * 1_000, &[77; 1_000]);
    bench.data(100 + 3 * 1_000, &[78; 1_200]);
    let seqs: Vec<u32> = bench.notes.overlaps().iter().map(|overlap| overlap.seq).collect();
    assert_eq!(seqs, [100 + 19 * 1_000, 100 + 3 * 1_000]);
}

#[test]
fn the_client_is_who_sent_syn_or_has_the_higher_port() {
    let mut bench = Bench::new();
    bench.segment(false, 40_000, TcpHeader::SYN | TcpHeader::ACK, 1, 1, b"");
    bench.segment(false, 40_001, TcpHeader::ACK, 1, 1, b"x");
    bench.finish();
    for (ends, up, down, ..) in &bench.notes.rows {
        assert!(matches!(ends, Endpoints::Ip { dest_port: 502, .. }), "{ends:?}");
        assert_eq!((*up, *down), (0, 1));
    }
}

#[test]
fn idle_and_active_timeouts() {
    let mut bench = Bench::new();
    let (a, b) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
    let udp = Upper::Udp { src_port: 5_000, dest_port: 53 };
    for _ in 0..41 {
        bench.send(a, b, 17, udp, b"q");
        bench.pass(45 * SECOND);
    }
    assert_eq!(bench.notes.rows.len(), 1, "one row after the active time-out");
    assert_eq!(bench.notes.rows[0].4, FlowEnd::Active);
    bench.pass(20 * SECOND);
    assert_eq!(bench.notes.rows[1].4, FlowEnd::Timeout);
    assert_eq!(bench.notes.rows.iter().map(|row| row.1).sum::<u64>(), 41);
    bench.finish();
}

#[test]
fn f12_a_leap_of_years_closes_flows_once() {
    let mut bench = Bench::new();
    bench.handshake(40_000);
    bench.pass(20 * 365 * 86_400 * SECOND);
    assert_eq!(bench.notes.rows.len(), 1);
    let mut clock = Clock::default();
    let at = Timestamp::from_parts;
    clock.observe(at(1_000, 0));
    assert_eq!(clock.observe(at(1_005, 0)), 5 * SECOND);
    assert_eq!(clock.observe(at(1_004, 0)), 5 * SECOND, "reordering");
    assert_eq!(clock.observe(at(10, 0)), 5 * SECOND, "a clock set back");
    assert_eq!(clock.observe(at(12, 0)), 7 * SECOND, "goes on from there");
    assert_eq!(clock.steps_back(), 1);
    clock.observe(Timestamp::from_nanos(i64::MIN));
    clock.observe(Timestamp::MAX);
    assert!(clock.now() > 0);
}

#[test]
fn f35_a_syn_flood_leaves_established_flows_alone() {
    let mut bench = Bench::with(1_000);
    for client in 0..500 {
        bench.handshake(20_000 + client);
    }
    let server = IpAddr::from([10, 0, 0, 2]);
    for i in 0..100_000u32 {
        bench.now += 1_000;
        let tcp = TcpHeader { src_port: i as u16, dest_port: 502, seq: i, ack: 0, flags: TcpHeader::SYN, window: 1 };
        bench.send(IpAddr::V4((0x0b00_0000 + i).into()), server, 6, Upper::Tcp(tcp), b"");
        assert!(bench.table.counters().open <= 1_000);
    }
    let counters = bench.table.counters();
    assert_eq!((counters.evicted, counters.refused), (100_000 - 500, 0));
    bench.now += SECOND;
    for client in 0..500 {
        bench.segment(true, 20_000 + client, TcpHeader::ACK, 100, 1_000, b"x");
    }
    assert_eq!(bench.table.counters().opened, counters.opened, "all 500 were still there");
    assert!(bench.notes.rows.iter().all(|row| row.4 == FlowEnd::Evicted && row.3 == FlowState::New));
    bench.finish();
}

#[test]
fn f35_a_table_full_of_busy_flows_refuses_and_counts() {
    let mut bench = Bench::with(100);
    for client in 0..100 {
        bench.handshake(20_000 + client);
    }
    bench.segment(true, 30_000, TcpHeader::SYN, 1, 0, b"");
    assert_eq!(bench.table.counters().refused, 1);
    bench.now += 60 * SECOND;
    bench.segment(true, 30_001, TcpHeader::SYN, 1, 0, b"");
    assert_eq!((bench.table.counters().evicted, bench.table.counters().open), (1, 100));
    bench.finish();
}

#[test]
fn icmp_requests_and_answers_are_one_conversation() {
    let mut bench = Bench::new();
    let (a, b) = (IpAddr::from([10, 0, 0, 9]), IpAddr::from([10, 0, 0, 2]));
    bench.send(a, b, 1, Upper::Icmp { kind: 0, code: 0 }, b"");
    bench.send(b, a, 1, Upper::Icmp { kind: 8, code: 0 }, b"");
    bench.send(a, b, 1, Upper::Icmp { kind: 3, code: 1 }, b"");
    bench.finish();
    assert_eq!(bench.notes.rows.len(), 2);
    let (ends, up, down, ..) = bench.notes.rows[0];
    assert!(matches!(ends, Endpoints::Ip { src, src_port: 8, dest_port: 0, .. } if src == b), "{ends:?}");
    assert_eq!((up, down), (1, 1));
    assert!(matches!(bench.notes.rows[1].0, Endpoints::Ip { src, src_port: 3, dest_port: 1, .. } if src == a));
}

fn piece(id: u32, offset: u32, more: bool, data: &[u8], now: i64) -> Piece<'_> {
    Piece {
        network: Network {
            src: [1, 1, 1, 1].into(),
            dest: [2, 2, 2, 2].into(),
            protocol: 17,
            ttl: 1,
            dont_fragment: false,
        },
        fragment: picket_packet::Fragment { id, offset, more, of: picket_packet::Divided::Ip },
        data,
        wire: data.len() as u32,
        frames: 1,
        frame_wire: 34 + data.len() as u32,
        time: Timestamp::from_nanos(now),
        now,
    }
}

#[test]
fn f37_fragments_are_joined_bounded_and_overlaps_told() {
    let mut fragments = Fragments::new(FragmentsConfig { datagrams: 10, bytes: 10_000, timeout: 30 * SECOND });
    let mut lost = Vec::new();
    assert!(fragments.push(&piece(1, 8, false, b"tail", 0), &mut |o| lost.push(o)).is_none());
    let whole = fragments.push(&piece(1, 0, true, b"12345678", 0), &mut |o| lost.push(o)).unwrap();
    assert_eq!((whole.payload.as_slice(), whole.frames, whole.overlap), (b"12345678tail".as_slice(), 2, false));
    fragments.push(&piece(2, 0, true, b"AAAAAAAA", 0), &mut |o| lost.push(o));
    fragments.push(&piece(2, 0, true, b"BBBBBBBB", 0), &mut |o| lost.push(o));
    let whole = fragments.push(&piece(2, 8, false, b"x", 0), &mut |o| lost.push(o)).unwrap();
    assert_eq!((whole.payload.as_slice(), whole.overlap), (b"AAAAAAAAx".as_slice(), true));
    assert!(lost.is_empty() && fragments.is_empty());
    for id in 0..1_000 {
        fragments.push(&piece(id, 0, true, &[0; 100], i64::from(id)), &mut |o| lost.push(o));
        assert!(fragments.len() <= 10);
    }
    assert_eq!((lost.len(), fragments.capped()), (990, 990));
    fragments.advance(40 * SECOND, &mut |o| lost.push(o));
    assert_eq!((lost.len(), fragments.len(), fragments.overdue()), (1_000, 0, 10));
}

#[test]
fn f38_crowded_keys_do_not_crowd_the_hash() {
    // Keys that differ in a few low bits only, as an attacker without the key would choose them.
    let mut buckets = [0u32; 64];
    for i in 0..6_400u32 {
        let network = Network {
            src: IpAddr::V4((i << 16).into()),
            dest: [9, 9, 9, 9].into(),
            protocol: 6,
            ttl: 1,
            dont_fragment: false,
        };
        let tcp = TcpHeader { src_port: 0, dest_port: 0, seq: 0, ack: 0, flags: 2, window: 0 };
        let keyed = FlowKey::ip(&network, &Upper::Tcp(tcp));
        buckets[(keyed.key.hash([3, 4]) >> 32) as usize % 64] += 1;
    }
    assert!(buckets.iter().all(|count| (50..160).contains(count)), "{buckets:?}");
}

#[test]
fn link_layer_conversations_have_both_directions() {
    let frame = |from: u8, to: u8| {
        let mut bytes = [[to; 6], [from; 6]].concat();
        bytes.extend_from_slice(&[0x88, 0x92, 1, 2, 3]);
        bytes
    };
    let (there, back) = (frame(4, 2), frame(2, 4));
    let keyed = |data: &[u8]| {
        let wire_len = WireLen(data.len() as u32);
        FlowKey::of(&picket_packet::decode(&Frame { time_ns: 0, link_type: 1, wire_len, data }), 1).unwrap()
    };
    let (there, back) = (keyed(&there), keyed(&back));
    assert_eq!(there.key, back.key);
    assert_ne!(there.from_low, back.from_low);
    let Endpoints::Link { src, ether_type, .. } = there.key.endpoints(there.from_low) else { panic!() };
    assert_eq!((src.unwrap().0, ether_type), ([4; 6], Some(0x8892)));
}

proptest! {
    /// However a stream is cut, repeated and reordered within the caps, its bytes come out whole.
    #[test]
    fn any_order_gives_the_same_bytes(stream in proptest::collection::vec(any::<u8>(), 1..2_000),
                                      cuts in proptest::collection::vec((0usize..2_000, 1usize..300), 0..60),
                                      isn: u32) {
        let mut bench = Bench::new();
        bench.segment(true, 40_000, TcpHeader::SYN, isn, 0, b"");
        for (at, length) in cuts {
            let from = at % stream.len();
            let to = (from + length).min(stream.len());
            bench.data(isn.wrapping_add(1).wrapping_add(from as u32), &stream[from..to]);
        }
        for (i, chunk) in stream.chunks(100).enumerate() {
            bench.data(isn.wrapping_add(1).wrapping_add(i as u32 * 100), chunk);
        }
        prop_assert_eq!(bench.to_server(), stream.as_slice());
        prop_assert!(bench.notes.gaps.is_empty() && bench.notes.anomalies.is_empty());
    }

    /// Any segments at any numbers: no panic, and what comes out is no more than went in.
    #[test]
    fn any_segments_are_survived(segments in proptest::collection::vec(
        (any::<bool>(), any::<u8>(), any::<u32>(), any::<u32>(), 0usize..50, 0i64..20), 0..100)) {
        let mut bench = Bench::with(3);
        let mut sent = 0;
        for (from_client, flags, seq, ack, length, wait) in segments {
            let port = 40_000 + u16::from(flags >> 6);
            bench.segment(from_client, port, flags, seq, ack, &vec![flags; length]);
            bench.pass(wait * SECOND);
            sent += length;
        }
        bench.finish();
        prop_assert!(bench.notes.bytes.iter().map(Vec::len).sum::<usize>() <= sent);
    }
}

#[test]
fn a_fragment_without_bytes_makes_no_datagram_longer() {
    let mut fragments = Fragments::new(FragmentsConfig { datagrams: 4, bytes: 4_096, timeout: SECOND });
    let network =
        Network { src: [10, 0, 0, 1].into(), dest: [10, 0, 0, 2].into(), protocol: 17, ttl: 64, dont_fragment: false };
    let mut give = |offset: u32, more: bool, data: &[u8]| {
        let fragment = picket_packet::Fragment { id: 1, offset, more, of: picket_packet::Divided::Ip };
        let (wire, time) = (data.len() as u32, Timestamp::from_nanos(0));
        fragments.push(&Piece { network, fragment, data, wire, frames: 1, frame_wire: wire, time, now: 0 }, &mut |_| {})
    };
    assert!(give(512, true, b"").is_none() && give(0, true, &[1; 64]).is_none());
    assert_eq!(give(64, false, &[1; 8]).unwrap().payload, [1; 72]);
}
