//! The first piece of the line: decode, join fragments, choose a shard, let time pass.

use super::report::{Report, Said};
use super::{SHARDS, Settings};
use picket_event::body::Anomaly;
use picket_event::{Body, Ledger, Timestamp};
use picket_flow::{Clock, FlowKey, Fragments, FragmentsConfig, Keyed, Overdue, Packet, Piece, Whole};
use picket_packet::{Decoded, Frame, Stop, Upper, WireLen, decode, upper};
use std::collections::BTreeMap;

/// What goes before the shards. One a sensor.
#[derive(Debug)]
pub(crate) struct Front {
    clock: Clock,
    tick: u64,
    key: [u64; 2],
    fragments: Fragments,
    /// The datagram last joined; packets borrow from it.
    whole: Vec<u8>,
    reports: Vec<Report>,
    frames: u64,
    bytes: u64,
    decoded: u64,
    undecodable: BTreeMap<(&'static str, u16), u64>,
    /// Datagrams given up since the last tick, and the first of them.
    overdue: Option<(Overdue, u32)>,
}

impl Front {
    pub(crate) fn new(settings: &Settings) -> Self {
        let limits = &settings.limits;
        let config = FragmentsConfig {
            datagrams: limits.fragment_datagrams as usize,
            bytes: limits.fragment_bytes as usize,
            timeout: i64::try_from(limits.timeouts.fragment.as_nanos()).unwrap_or(i64::MAX),
        };
        Self {
            clock: Clock::default(),
            tick: 0,
            key: settings.key.0,
            fragments: Fragments::new(config),
            whole: Vec::new(),
            reports: Vec::new(),
            frames: 0,
            bytes: 0,
            decoded: 0,
            undecodable: BTreeMap::new(),
            overdue: None,
        }
    }

    /// Notes the time; the clock's time when a tick has passed, so that the shards must be told.
    #[inline]
    pub(crate) fn observe(&mut self, time: Timestamp) -> Option<i64> {
        let now = self.clock.observe(time);
        let tick = Clock::tick_of(now);
        if tick == self.tick {
            return None;
        }
        self.tick = tick;
        Some(now)
    }

    /// Lets time pass for what waits here.
    pub(crate) fn expire(&mut self, now: i64) {
        let overdue = &mut self.overdue;
        self.fragments.advance(now, &mut |given_up| note(overdue, given_up));
        self.report_overdue();
    }

    /// The input is over.
    pub(crate) fn finish(&mut self) {
        let overdue = &mut self.overdue;
        self.fragments.finish(&mut |given_up| note(overdue, given_up));
        self.report_overdue();
    }

    /// At most one event a tick, however many datagrams are given up.
    fn report_overdue(&mut self) {
        let Some((first, count)) = self.overdue.take() else { return };
        let detail = format!(
            "{count} fragmented datagram(s) never completed, first from {} to {}, protocol {}, {} fragment(s)",
            first.src, first.dest, first.protocol, first.frames
        );
        self.anomaly("fragment_incomplete", detail, first.time);
    }

    fn anomaly(&mut self, kind: &str, detail: String, time: Timestamp) {
        let body = Body::Anomaly(Anomaly { kind: kind.to_owned(), detail });
        self.reports.push(Report::Event(Box::new(Said { time, vlan: None, flow: None, body })));
    }

    /// Decodes a frame. Its shard and packet, unless it is undecodable or a fragment that waits.
    #[inline]
    pub(crate) fn route<'a>(&'a mut self, frame: Frame<'a>) -> Option<(usize, Packet<'a>)> {
        self.frames += 1;
        self.bytes += frame.data.len() as u64;
        let decoded = decode(frame);
        if let Some(stop) = decoded.stop {
            self.refuse(stop);
            return None;
        }
        self.decoded += 1;
        if decoded.fragment.is_some() {
            return self.fragment(&frame, &decoded);
        }
        let keyed = FlowKey::of(&decoded, frame.link_type)?;
        let wire_len = frame.wire_len.0.max(frame.captured_len().0);
        let payload = (decoded.payload, decoded.payload_wire);
        Some(self.packet(keyed, &frame, decoded.link.vlan, decoded.upper.as_ref(), payload, (1, wire_len)))
    }

    fn refuse(&mut self, stop: Stop) {
        let number = if let Stop::LinkType(number) = stop { number } else { 0 };
        *self.undecodable.entry((stop.name(), number)).or_default() += 1;
    }

    #[inline]
    fn packet<'a>(
        &self,
        keyed: Keyed,
        frame: &Frame<'_>,
        vlan: Option<u16>,
        upper: Option<&Upper>,
        (payload, payload_wire): (&'a [u8], WireLen),
        (frames, wire_len): (u32, u32),
    ) -> (usize, Packet<'a>) {
        let hash = keyed.key.hash(self.key);
        let packet = Packet {
            time: Timestamp::from_nanos(frame.time_ns),
            now: self.clock.now(),
            key: keyed.key,
            hash,
            from_low: keyed.from_low,
            from_client: keyed.from_client,
            frames,
            wire_len,
            vlan,
            tcp: match upper {
                Some(Upper::Tcp(tcp)) => Some(*tcp),
                _ => None,
            },
            payload,
            payload_wire: payload_wire.0,
        };
        // The table's index uses the lowest and the highest bits; these are between.
        ((hash >> 32) as usize % SHARDS, packet)
    }

    #[cold]
    fn fragment<'a>(&'a mut self, frame: &Frame<'a>, decoded: &Decoded<'a>) -> Option<(usize, Packet<'a>)> {
        let (Some(network), Some(fragment)) = (decoded.network, decoded.fragment) else { return None };
        let time = Timestamp::from_nanos(frame.time_ns);
        let piece = Piece {
            network,
            fragment,
            data: decoded.payload,
            wire: decoded.payload_wire.0,
            frame_wire: frame.wire_len.0.max(frame.captured_len().0),
            time,
            now: self.clock.now(),
        };
        let overdue = &mut self.overdue;
        let Whole { payload, frames, wire_len, overlap } =
            self.fragments.push(&piece, &mut |given_up| note(overdue, given_up))?;
        if overlap {
            let detail = format!(
                "fragments of a datagram from {} to {}, protocol {}, overlap; the bytes received first were kept",
                network.src, network.dest, network.protocol
            );
            self.anomaly("fragment_overlap", detail, time);
        }
        self.whole = payload;
        let wire = WireLen(u32::try_from(self.whole.len()).unwrap_or(u32::MAX));
        let (upper, payload, payload_wire, stop) = upper(network.protocol, &self.whole, wire);
        if let Some(stop) = stop {
            self.decoded -= 1;
            *self.undecodable.entry((stop.name(), 0)).or_default() += 1;
            return None;
        }
        let keyed = FlowKey::ip(&network, upper.as_ref()?);
        Some(self.packet(keyed, frame, decoded.link.vlan, upper.as_ref(), (payload, payload_wire), (frames, wire_len)))
    }

    #[inline]
    pub(crate) const fn has_reports(&self) -> bool {
        !self.reports.is_empty()
    }

    /// What was found since the last call; to be drained.
    pub(crate) const fn reports(&mut self) -> &mut Vec<Report> {
        &mut self.reports
    }

    /// The front's share of the books.
    pub(crate) fn ledger(&self) -> Ledger {
        let name = |(name, number): &(&str, u16)| match *name {
            "link_type" => format!("link_type_{number}"),
            other => other.to_owned(),
        };
        let mut ledger = Ledger {
            frames: self.frames,
            bytes: self.bytes,
            decoded: self.decoded,
            undecodable: self.undecodable.iter().map(|(key, count)| (name(key), *count)).collect(),
            ..Ledger::default()
        };
        for (row, count) in [
            ("fragments", self.fragments.capped()),
            ("fragment_timeout", self.fragments.overdue()),
            ("time_stepped_back", self.clock.steps_back()),
        ] {
            if count > 0 {
                ledger.capped.insert(row.to_owned(), count);
            }
        }
        ledger
    }
}

fn note(overdue: &mut Option<(Overdue, u32)>, given_up: Overdue) {
    let (_, count) = overdue.get_or_insert((given_up, 0));
    *count = count.saturating_add(1);
}
