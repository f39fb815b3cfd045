//! Who puts segments between the ends: what is believed, what is told, and what it may cost.

use crate::tests::{Bench, SECOND};
use crate::{Anomaly, FlowKey, StreamItem};
use picket_event::FlowEnd;
use picket_packet::{Network, TcpHeader, Upper};
use proptest::prelude::*;
use std::net::IpAddr;

const CLIENT: u16 = 40_000;
const FIN_ACK: u8 = TcpHeader::FIN | TcpHeader::ACK;

#[test]
fn f39_data_behind_a_reset_of_their_own_side_reopen_the_connection() {
    let mut bench = Bench::new();
    bench.handshake(CLIENT);
    bench.data(100, b"one");
    bench.segment(true, CLIENT, TcpHeader::RST, 103, 0, b"");
    // What the other side still sends is in flight and shows nothing; nor does a retransmission.
    bench.segment(false, CLIENT, TcpHeader::ACK, 1_000, 103, b"late");
    bench.data(100, b"one");
    assert!(bench.notes.anomalies.is_empty());
    bench.data(103, b"two");
    assert_eq!(bench.notes.anomalies, [Anomaly::TcpDataAfterReset]);
    assert_eq!(bench.to_server(), b"onetwo");
    bench.pass(SECOND);
    assert!(bench.notes.rows.is_empty(), "it goes on");
    assert_eq!(bench.table.counters().ends_disbelieved, 1);
    bench.finish();
}

#[test]
fn f39_data_long_behind_a_reset_begin_another_flow() {
    let mut bench = Bench::new();
    bench.handshake(CLIENT);
    bench.data(100, b"one");
    bench.segment(true, CLIENT, TcpHeader::RST, 103, 0, b"");
    bench.pass(SECOND);
    assert_eq!(bench.notes.rows[0].4, FlowEnd::Reset);
    bench.data(103, b"two");
    assert_eq!((bench.to_server(), bench.table.counters().opened), (b"onetwo".as_slice(), 2));
    bench.finish();
}

#[test]
fn f39_a_fin_counts_when_it_is_acknowledged() {
    let mut bench = Bench::new();
    bench.handshake(CLIENT);
    bench.data(100, b"one");
    bench.segment(true, CLIENT, FIN_ACK, 103, 1_000, b"");
    assert_eq!(bench.notes.ends, 0, "the other side may never have seen it");
    bench.data(103, b"two");
    assert_eq!((bench.to_server(), bench.notes.ends), (b"onetwo".as_slice(), 0));
    assert_eq!(bench.notes.anomalies, [Anomaly::TcpDataAfterFin]);
    bench.segment(true, CLIENT, FIN_ACK, 106, 1_000, b"");
    bench.segment(false, CLIENT, TcpHeader::ACK, 1_000, 107, b"");
    assert_eq!(bench.notes.ends, 1);
    bench.data(106, b"never");
    assert_eq!(bench.to_server(), b"onetwo", "behind an acknowledged FIN nothing is taken");
    bench.finish();
}

#[test]
fn f39_a_fin_out_of_the_window_is_ignored_and_told() {
    let mut bench = Bench::new();
    bench.handshake(CLIENT);
    bench.segment(true, CLIENT, FIN_ACK, 0x4000_0000, 1_000, b"");
    bench.data(100, b"goes on");
    assert_eq!(bench.to_server(), b"goes on");
    assert_eq!(bench.notes.anomalies, [Anomaly::TcpFinOutOfWindow]);
    bench.finish();
}

#[test]
fn a_fin_acknowledged_behind_a_hole_ends_with_a_gap() {
    let mut bench = Bench::new();
    bench.handshake(CLIENT);
    bench.segment(true, CLIENT, FIN_ACK, 150, 1_000, b"");
    bench.segment(false, CLIENT, TcpHeader::ACK, 1_000, 151, b"");
    assert_eq!((bench.notes.gaps.as_slice(), bench.notes.ends), ([50].as_slice(), 1));
}

#[test]
fn f39_low_times_to_live_are_told_where_the_views_differ() {
    let mut bench = Bench::new();
    bench.handshake(CLIENT);
    bench.ttl = 3;
    bench.data(100, b"junk junk");
    bench.ttl = 64;
    bench.data(100, b"real data");
    let [anomaly] = bench.notes.anomalies[..] else { panic!("{:?}", bench.notes.anomalies) };
    assert_eq!(anomaly.name(), "tcp_overlap_low_ttl");
    assert!(anomaly.detail().ends_with("; times to live 3 and 64"), "{}", anomaly.detail());
    // A low one alone shows nothing: it may be the way.
    bench.ttl = 2;
    bench.data(109, b"more");
    assert_eq!(bench.notes.anomalies.len(), 1);
}

#[test]
fn f34_overlaps_of_one_flow_are_told_a_few_times_and_then_together() {
    let mut bench = Bench::new();
    bench.handshake(CLIENT);
    bench.data(100, b"good");
    for i in 0..10_000u32 {
        bench.data(100, &i.to_be_bytes());
    }
    bench.finish();
    assert_eq!(bench.notes.overlaps().len(), 8);
    assert_eq!(bench.notes.anomalies.last(), Some(&Anomaly::TcpOverlapsMerged(10_000 - 8)));
    assert_eq!(bench.table.counters().overlaps, 10_000);
}

#[test]
fn forged_acknowledgements_do_not_move_the_stream() {
    let mut bench = Bench::new();
    bench.handshake(CLIENT);
    bench.segment(false, CLIENT, TcpHeader::ACK, 1_000, 0x6000_0000, b"");
    bench.data(105, b"world");
    bench.data(100, b"hello");
    assert_eq!(bench.to_server(), b"helloworld");
    assert!(bench.notes.gaps.is_empty());
}

#[test]
fn urgent_data_stay_in_line() {
    const URG: u8 = 0x20;
    let mut bench = Bench::new();
    bench.handshake(CLIENT);
    bench.segment(true, CLIENT, TcpHeader::ACK | URG, 100, 1_000, b"ab");
    bench.data(102, b"c");
    assert_eq!(bench.to_server(), b"abc");
}

#[test]
fn f40_a_gap_of_4_gib_and_streams_half_seen() {
    let mut bench = Bench::new();
    // One direction, from the middle, over the whole sequence space in strides that no buffer bridges.
    let mut seq = 7u32;
    for _ in 0..9 {
        bench.data(seq, b"aaaa");
        bench.data(seq.wrapping_add(4), b"bbbb");
        seq = seq.wrapping_add(0x2000_0000);
    }
    // The first segment behind each leap is a stray until the second goes on from it.
    assert_eq!(bench.to_server(), [b"aaaa".as_slice(), &b"bbbb".repeat(9)].concat());
    assert_eq!(bench.table.counters().resynchronised, 8);
    assert!(bench.notes.gaps.iter().all(|gap| *gap < 1 << 32));
    bench.finish();
    assert_eq!(bench.notes.rows.len(), 1);
}

#[test]
fn f38_keys_that_collide_without_the_key_cost_what_others_cost() {
    // Half of the flows differ in the bits a plain hash would fold away, half at random: the table looks at as many
    // places for either, since buckets are chosen by a keyed hash.
    let spread = |step: fn(u32) -> u32| {
        let mut seen = std::collections::BTreeMap::new();
        for i in 0..20_000u32 {
            let network = Network {
                src: IpAddr::V4(step(i).into()),
                dest: [9, 9, 9, 9].into(),
                protocol: 6,
                ttl: 1,
                dont_fragment: false,
            };
            let tcp = TcpHeader { src_port: 1, dest_port: 2, seq: 0, ack: 0, flags: 2, window: 0 };
            let hash = FlowKey::ip(&network, &Upper::Tcp(tcp)).key.hash([3, 4]);
            *seen.entry(hash & 0x3fff).or_insert(0u32) += 1;
        }
        seen.into_values().max().unwrap()
    };
    assert!(spread(|i| i << 12) <= 12 && spread(|i| i.wrapping_mul(0x9e37_79b9)) <= 12);
}

proptest! {
    /// Whatever an attacker adds to a conversation out of the window, the true bytes come out whole.
    #[test]
    fn strays_do_not_hide_the_stream(strays in proptest::collection::vec((any::<u32>(), any::<u8>(), 0usize..40), 0..40)) {
        let mut bench = Bench::new();
        bench.handshake(CLIENT);
        for (i, (seq, flags, length)) in strays.into_iter().enumerate() {
            // Far from the stream, and never two that go on from each other.
            let seq = 0x2000_0000u32.wrapping_add(seq >> 2).wrapping_add(i as u32 * 64);
            bench.segment(true, CLIENT, flags & !TcpHeader::SYN, seq, 1_000, &vec![b'!'; length]);
            bench.data(100 + i as u32 * 2, b"ok");
        }
        prop_assert!(bench.to_server().iter().all(|byte| b"ok".contains(byte)));
        prop_assert!(bench.notes.gaps.is_empty());
    }
}

#[test]
fn stream_items_are_small() {
    assert!(size_of::<StreamItem<'_>>() <= 24);
}
