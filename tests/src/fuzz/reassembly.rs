//! Any order of segments and fragments: the table of flows and its streams, and datagrams put together.
//!
//! The bytes at a place are given by the place, so that what comes out can be held against what went in. Input: a choice, then
//! steps of four bytes: what, an offset (two bytes), a length.

use picket_event::{Direction, FlowEnd, Timestamp};
use picket_flow::{
    Anomaly, Flow, FlowKey, Fragments, FragmentsConfig, Handler, Keyed, Packet, Piece, StreamItem, Table, TableConfig,
    TableTimeouts,
};
use picket_packet::{Divided, Fragment, Network, TcpHeader, Upper};
use std::net::IpAddr;

const SECOND: i64 = 1_000_000_000;
const FIRST: u32 = u32::MAX - 20_000;

/// The byte at a place of a stream or datagram.
const fn byte(at: u32) -> u8 {
    (at ^ at >> 8).wrapping_mul(31) as u8
}

fn bytes(at: u32, length: u32) -> Vec<u8> {
    (at..at.saturating_add(length)).map(byte).collect()
}

/// Follows what a table says.
#[derive(Default)]
struct Reader {
    /// Place of each direction.
    at: [u64; 2],
    /// Nothing was forged, closed or left out: what comes out must be what went in.
    strict: bool,
}

impl Handler for Reader {
    type State = ();

    fn open(&mut self, _: &Flow) {}

    fn packet(&mut self, _: &Flow, (): &mut (), _: Direction, _: &Packet<'_>) {}

    fn wants(&self, (): &(), _: Direction) -> bool {
        true
    }

    fn stream(&mut self, _: &Flow, (): &mut (), direction: Direction, item: StreamItem<'_>, _: Timestamp) {
        let Some(at) = self.at.get_mut(direction.index()) else { return };
        match item {
            StreamItem::Data(data) => {
                if self.strict {
                    assert!(
                        data.iter().zip(*at..).all(|(got, place)| *got == byte(place as u32)),
                        "other bytes at {at}"
                    );
                }
                *at += data.len() as u64;
            }
            StreamItem::Gap(length) => *at += length,
            StreamItem::End => {}
        }
    }

    fn anomaly(&mut self, _: &Flow, (): &mut (), anomaly: &Anomaly, _: Timestamp) {
        assert!(!(self.strict && matches!(anomaly, Anomaly::TcpOverlap(_))), "equal bytes are no conflict");
    }

    fn row(&mut self, _: &Flow, (): &mut (), _: FlowEnd) {}
}

fn table() -> Table<()> {
    let timeouts = TableTimeouts {
        tcp_established: 300 * SECOND,
        tcp_unestablished: 30 * SECOND,
        tcp_closed: SECOND / 3,
        tcp_late: 10 * SECOND,
        udp: 60 * SECOND,
        other: 60 * SECOND,
        link: 300 * SECOND,
        active: 1_800 * SECOND,
    };
    Table::new(TableConfig { shard: 0, flows: 4, flow_bytes: 2 << 10, table_bytes: 3 << 10, timeouts })
}

/// One segment on its way.
struct Segment<'a> {
    from_client: bool,
    flags: u8,
    seq: u32,
    ack: u32,
    payload: &'a [u8],
}

fn send(table: &mut Table<()>, reader: &mut Reader, now: i64, segment: &Segment<'_>) {
    let Segment { from_client, flags, seq, ack, payload } = *segment;
    let (a, b) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
    let (src, dest, src_port, dest_port) = if from_client { (a, b, 40_000, 502) } else { (b, a, 502, 40_000) };
    let tcp = TcpHeader { src_port, dest_port, seq, ack, flags, window: 100 };
    let network = Network { src, dest, protocol: 6, ttl: 64, dont_fragment: false };
    let Keyed { key, from_low, from_client } = FlowKey::ip(&network, &Upper::Tcp(tcp));
    let length = u32::try_from(payload.len()).unwrap_or(0);
    let packet = Packet {
        time: Timestamp::from_nanos(now),
        now,
        key,
        hash: key.hash([1, 2]),
        from_low,
        from_client,
        frames: 1,
        wire_len: length + 60,
        vlan: picket_packet::VlanIds::NONE,
        tcp: Some(tcp),
        payload,
        payload_wire: length,
        ttl: 64,
        tunnel: None,
    };
    table.packet(&packet, reader);
}

fn streams(mut steps: &[u8]) {
    let (mut table, mut reader, mut now) = (table(), Reader { strict: true, ..Reader::default() }, SECOND);
    for (from_client, flags) in [(true, TcpHeader::SYN), (false, TcpHeader::SYN | TcpHeader::ACK)] {
        let segment = Segment { from_client, flags, seq: FIRST.wrapping_sub(1), ack: FIRST, payload: &[] };
        send(&mut table, &mut reader, now, &segment);
    }
    while let Some(([what, low, high, length], rest)) = steps.split_first_chunk::<4>() {
        steps = rest;
        let (offset, length) = (u32::from(u16::from_le_bytes([*low, *high])), u32::from(*length));
        let (from_client, seq) = (what & 1 == 0, FIRST.wrapping_add(offset));
        let mut payload = bytes(offset, length * u32::from(what >> 6));
        let mut flags = TcpHeader::ACK;
        // The other side's acknowledgements: of nothing, or of what is missing here.
        let ack = if what & 0x20 == 0 { FIRST } else { seq };
        match (what >> 1) & 0xf {
            0 => flags = TcpHeader::ACK | TcpHeader::FIN,
            1 => flags = TcpHeader::RST,
            2 => flags = TcpHeader::SYN,
            3 => {
                payload.iter_mut().for_each(|byte| *byte ^= 0x5a);
            }
            4 => {
                now += i64::from(offset) * SECOND / 64;
                table.advance(now, &mut reader);
            }
            _ => {}
        }
        reader.strict &= (what >> 1) & 0xf > 4;
        now += 1_000;
        send(&mut table, &mut reader, now, &Segment { from_client, flags, seq, ack, payload: &payload });
    }
    table.finish(&mut reader);
    let counters = table.counters();
    assert_eq!((counters.open, counters.opened), (0, counters.closed + counters.evicted));
}

fn datagrams(mut steps: &[u8]) {
    let config = FragmentsConfig { datagrams: 3, bytes: 8 << 10, timeout: SECOND };
    let (mut fragments, mut now, mut honest) = (Fragments::new(config), SECOND, true);
    while let Some(([what, low, high, length], rest)) = steps.split_first_chunk::<4>() {
        steps = rest;
        let offset = u32::from(u16::from_le_bytes([*low, *high]) & 0x1fff) * 8;
        let mut data = bytes(offset, u32::from(*length) * 8);
        if what & 0x0c == 0x0c {
            data.iter_mut().for_each(|byte| *byte ^= 0x5a);
            honest = false;
        }
        let (src, dest) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        now += i64::from(what >> 4) * SECOND / 100;
        let wire = u32::try_from(data.len()).unwrap_or(0);
        let piece = Piece {
            network: Network { src, dest, protocol: 17, ttl: 64, dont_fragment: false },
            fragment: Fragment { id: u32::from(what & 1), offset, more: what & 2 == 0, of: Divided::Ip },
            data: &data,
            wire,
            frames: 1,
            frame_wire: wire + 34,
            time: Timestamp::from_nanos(now),
            now,
        };
        if let Some(whole) = fragments.push(&piece, &mut |_| {}) {
            let wanted = bytes(0, u32::try_from(whole.payload.len()).unwrap_or(0));
            assert!(!honest || whole.payload == wanted, "a datagram of other bytes");
        }
        assert!(fragments.len() <= config.datagrams, "the cap holds");
        fragments.advance(now, &mut |_| {});
    }
    fragments.finish(&mut |_| {});
    assert!(fragments.is_empty());
}

/// Streams or datagrams, by the first byte.
pub(super) fn run(data: &[u8]) {
    match data.split_first() {
        Some((choice, steps)) if choice & 1 == 0 => streams(steps),
        Some((_, steps)) => datagrams(steps),
        None => {}
    }
}
