//! The first piece of the line: decode, join fragments, choose a shard, let time pass.

use super::assets::is_inside;
use super::hosts::WINDOW_SECONDS;
use super::report::{Report, Said};
use super::{Limits, SHARDS, Settings};
use picket_event::body::{Anomaly, Asset};
use picket_event::{Body, Ledger, Timestamp};
use picket_feature::Stack;
use picket_flow::{Clock, FlowKey, Fragments, FragmentsConfig, Keyed, Overdue, Packet, Piece, Whole};
use picket_packet::{
    Checksums, Decoded, Divided, Fragment, Frame, Link, MAX_TUNNEL_DEPTH, Network, Plain, Rejoined, Stop, TcpHeader,
    Tunnel, TunnelKind, Upper, VlanIds, decode, decode_checked, plain, resume,
};
use std::collections::BTreeMap;

/// A packet with the number of its shard, where a frame gave one.
pub(crate) type Routed<'a> = Option<(usize, Packet<'a>)>;

/// What goes before the shards. One a sensor.
#[derive(Debug)]
pub(crate) struct Front {
    clock: Clock,
    tick: u64,
    /// Capture time of the last frame or tick.
    time: Timestamp,
    /// Number of the present window of hosts; `None` before the first frame.
    window: Option<i64>,
    key: [u64; 2],
    fragments: Fragments,
    /// The datagram last joined; packets borrow from it.
    whole: Vec<u8>,
    reports: Vec<Report>,
    frames: u64,
    bytes: u64,
    decoded: u64,
    /// Frames that were not decoded, and their bytes, by reason.
    undecodable: BTreeMap<(&'static str, u16), (u64, u64)>,
    unread_bytes: UnreadBytes,
    /// Datagrams given up since the last tick, and the first of them.
    overdue: Option<(Overdue, u32)>,
    checksums: Checksums,
    /// Packets with wrong checksums that were not reported yet, and the first of them.
    wrong: Option<(Wrong, u32)>,
    /// When they were reported last, clock time.
    wrong_told: Option<i64>,
    /// Tunnels whose inside could not be read, by kind.
    unread: [u64; TunnelKind::ALL.len()],
    /// The tunnel of the last packet that came in one; packets borrow it.
    tunnel: Option<Tunnel>,
    /// Fingerprints told, each at the place its number gives.
    stacks: Vec<u64>,
}

/// Fingerprints of TCP that are known to be told.
const STACKS: usize = 4_096;

/// A packet with a wrong checksum.
#[derive(Clone, Copy, Debug)]
struct Wrong {
    stop: Stop,
    time: Timestamp,
    network: Option<Network>,
}

/// Wrong checksums give an event this often at most, nanoseconds.
const WRONG_NANOS: i64 = 60_000_000_000;

fn fragments(limits: &Limits) -> FragmentsConfig {
    FragmentsConfig {
        datagrams: limits.fragment_datagrams as usize,
        bytes: limits.fragment_bytes as usize,
        timeout: i64::try_from(limits.timeouts.fragment.as_nanos()).unwrap_or(i64::MAX),
    }
}

impl Front {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            clock: Clock::default(),
            tick: 0,
            time: Timestamp::EPOCH,
            window: None,
            key: settings.key.0,
            fragments: Fragments::new(fragments(&settings.limits)),
            whole: Vec::new(),
            reports: Vec::new(),
            frames: 0,
            bytes: 0,
            decoded: 0,
            undecodable: BTreeMap::new(),
            unread_bytes: UnreadBytes::default(),
            overdue: None,
            checksums: settings.checksums,
            wrong: None,
            wrong_told: None,
            unread: [0; TunnelKind::ALL.len()],
            tunnel: None,
            stacks: vec![0; STACKS],
        }
    }

    /// From the next frame on, these caps and this look at checksums hold.
    pub(crate) fn tune(&mut self, settings: &Settings) {
        self.fragments.configure(fragments(&settings.limits));
        self.checksums = settings.checksums;
    }

    /// The clock's time.
    pub(crate) const fn now(&self) -> i64 {
        self.clock.now()
    }

    /// Notes the time; the clock's time when a tick has passed, so that the shards must be told.
    #[inline]
    pub(crate) fn observe(&mut self, time: Timestamp) -> Option<i64> {
        self.time = time;
        let now = self.clock.observe(time);
        let tick = Clock::tick_of(now);
        if tick == self.tick {
            return None;
        }
        self.tick = tick;
        Some(now)
    }

    /// Capture time of the last frame or tick.
    pub(crate) const fn time(&self) -> Timestamp {
        self.time
    }

    /// Says when a window of hosts is over: where capture time enters another one.
    fn turn_window(&mut self) {
        let length = i64::from(WINDOW_SECONDS);
        let window = self.time.seconds().div_euclid(length);
        match self.window.replace(window) {
            None => self.reports.push(Report::Began(self.time)),
            Some(before) if before != window => {
                self.reports.push(Report::Window(Timestamp::from_parts(window * length, 0)));
            }
            Some(_) => {}
        }
    }

    /// Lets time pass for what waits here.
    pub(crate) fn expire(&mut self, now: i64) {
        self.turn_window();
        let overdue = &mut self.overdue;
        self.fragments.advance(now, &mut |given_up| note(overdue, given_up));
        self.report_overdue();
        if self.wrong.is_some() && self.wrong_told.is_none_or(|told| now.saturating_sub(told) >= WRONG_NANOS) {
            self.wrong_told = Some(now);
            self.report_wrong();
        }
    }

    /// The input is over.
    pub(crate) fn finish(&mut self) {
        let overdue = &mut self.overdue;
        self.fragments.finish(&mut |given_up| note(overdue, given_up));
        self.report_overdue();
        self.report_wrong();
    }

    #[cold]
    fn report_wrong(&mut self) {
        let Some((Wrong { stop, time, network }, count)) = self.wrong.take() else { return };
        let ends = network.map_or_else(String::new, |network| format!(" from {} to {}", network.src, network.dest));
        let detail = format!("{count} packet(s) with wrong checksums were left out, first {}{ends}", stop.name());
        self.anomaly("checksum_wrong", detail, time);
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
        self.reports.push(Report::Event(Said { time, vlan: VlanIds::NONE, flow: None, body }));
    }

    /// Writes the shard and packet of a frame as most are, read in one go; whether it was one. Tells nothing beside it.
    #[inline]
    pub(crate) fn route_plain<'a>(&mut self, frame: &Frame<'a>, place: &mut Routed<'a>) -> bool {
        *place = None;
        if self.checksums != Checksums::Ignore {
            return false;
        }
        let Some(plain) = plain(frame).filter(is_all) else { return false };
        self.count_plain(frame, &plain);
        let keyed = FlowKey::plain(&plain);
        put_packet(&plain, &keyed, frame, (keyed.key.hash(self.key), self.clock.now()), place);
        true
    }

    /// The hash of a frame as most are, counted as [`Front::route_plain`] does: [`plain_packet`] gives its packet.
    #[inline]
    pub(crate) fn hash_plain(&mut self, frame: &Frame<'_>) -> Option<u64> {
        if self.checksums != Checksums::Ignore {
            return None;
        }
        let plain = plain(frame).filter(is_all)?;
        self.count_plain(frame, &plain);
        Some(FlowKey::plain(&plain).key.hash(self.key))
    }

    #[inline]
    fn count_plain(&mut self, frame: &Frame<'_>, plain: &Plain<'_>) {
        self.frames += 1;
        self.bytes += frame.data.len() as u64;
        self.decoded += 1;
        self.unread_bytes.note(frame, plain.behind);
    }

    /// Decodes a frame. Its shard and packet, unless it is undecodable or a fragment that waits.
    #[inline]
    pub(crate) fn route<'a>(&'a mut self, frame: &Frame<'a>) -> Routed<'a> {
        // Not in an `Option`: what was just written piece by piece would be copied, and that stalls.
        let decoded = match self.checksums {
            Checksums::Ignore => decode(frame),
            Checksums::Check => decode_checked(frame),
        };
        if !self.note(frame, &decoded) {
            return None;
        }
        if decoded.fragment.is_some() {
            return self.fragment(frame, &decoded);
        }
        if decoded.tunnel.is_some() {
            self.tunnel = decoded.tunnel;
        }
        self.packet(&decoded, frame, (1, wire_len(frame)))
    }

    /// Counts a frame, and tells what its headers tell; whether it was decoded.
    #[inline]
    fn note(&mut self, frame: &Frame<'_>, decoded: &Decoded<'_>) -> bool {
        self.frames += 1;
        self.bytes += frame.data.len() as u64;
        self.unread_bytes.count(frame, decoded);
        if let Some(stop) = decoded.stop {
            self.refuse(stop, frame, decoded.network);
            return false;
        }
        self.decoded += 1;
        if let Some(kind) = decoded.unread {
            self.note_unread(kind);
        }
        if let Some(Upper::Tcp(tcp)) = &decoded.upper
            && tcp.has(TcpHeader::SYN)
        {
            self.note_stack(decoded, tcp, Timestamp::from_nanos(frame.time_ns));
        }
        true
    }

    fn refuse(&mut self, stop: Stop, frame: &Frame<'_>, network: Option<Network>) {
        let number = if let Stop::LinkType(number) = stop { number } else { 0 };
        let (frames, bytes) = self.undecodable.entry((stop.name(), number)).or_default();
        (*frames, *bytes) = (*frames + 1, *bytes + frame.data.len() as u64);
        if stop.is_checksum() {
            let first = Wrong { stop, time: Timestamp::from_nanos(frame.time_ns), network };
            let (_, count) = self.wrong.get_or_insert((first, 0));
            *count = count.saturating_add(1);
        }
    }

    /// Tells the fingerprint of a host's TCP, again only where its place was taken by another's.
    #[cold]
    fn note_stack(&mut self, decoded: &Decoded<'_>, tcp: &TcpHeader, time: Timestamp) {
        let Some(network) = decoded.network.filter(|network| is_inside(network.src)) else { return };
        let Some(stack) = Stack::read(&network, tcp, decoded.segment) else { return };
        let digest = stack.digest(network.src);
        let Some(place) = self.stacks.get_mut(digest as usize % STACKS) else { return };
        if std::mem::replace(place, digest) == digest {
            return;
        }
        let body = Body::Asset(Box::new(Asset {
            ip: Some(network.src),
            os: stack.system().map(str::to_owned),
            fingerprints: vec![stack.to_string()],
            source: "tcp".to_owned(),
            ..Asset::default()
        }));
        self.reports.push(Report::Event(Said { time, vlan: VlanIds::NONE, flow: None, body }));
    }

    /// The packet of a decoded frame, or of several.
    #[inline]
    fn packet<'a>(&'a self, decoded: &Decoded<'a>, frame: &Frame<'_>, (frames, wire_len): (u32, u32)) -> Routed<'a> {
        let keyed = FlowKey::of(decoded, frame.link_type)?;
        let hash = keyed.key.hash(self.key);
        // Made where it goes to, with a TCP header and without apart: what is put together from parts is read while they are
        // still on their way to memory.
        let packet = |tcp| Packet {
            time: Timestamp::from_nanos(frame.time_ns),
            now: self.clock.now(),
            key: keyed.key,
            hash,
            from_low: keyed.from_low,
            from_client: keyed.from_client,
            frames,
            wire_len,
            vlan: decoded.link.vlan,
            tcp,
            payload: decoded.payload,
            payload_wire: decoded.payload_wire.0,
            ttl: decoded.network.map_or(0, |network| network.ttl),
            tunnel: if decoded.tunnel.is_some() { self.tunnel.as_ref() } else { None },
        };
        let shard = shard_of(hash);
        match decoded.upper {
            Some(Upper::Tcp(tcp)) => Some((shard, packet(Some(tcp)))),
            _ => Some((shard, packet(None))),
        }
    }

    #[cold]
    fn note_unread(&mut self, kind: TunnelKind) {
        if let Some(count) = self.unread.get_mut(kind as usize) {
            *count += 1;
        }
    }

    /// Takes a fragment. A datagram that is whole may hold a tunnel's packet, and that may be a fragment again.
    #[cold]
    fn fragment<'a>(&'a mut self, frame: &Frame<'a>, decoded: &Decoded<'a>) -> Routed<'a> {
        let mut around = Around::of(decoded)?;
        let mut whole = self.join(frame, decoded, (1, wire_len(frame)))?;
        let mut stop = Some(Stop::TunnelDepth);
        self.tunnel = None;
        for _ in 0..MAX_TUNNEL_DEPTH {
            let inner = resume(around.rejoined(frame, &whole.payload), self.checksums);
            if inner.stop.is_some() || inner.fragment.is_none() {
                stop = inner.stop;
                self.tunnel = inner.tunnel;
                if let Some(kind) = inner.unread {
                    self.note_unread(kind);
                }
                break;
            }
            around = Around::of(&inner)?;
            whole = self.join(frame, &inner, (whole.frames, whole.wire_len))?;
        }
        if let Some(stop) = stop {
            self.decoded -= 1;
            self.refuse(stop, frame, Some(around.network));
            return None;
        }
        let counted = (whole.frames, whole.wire_len);
        self.whole = whole.payload;
        let line = &*self;
        line.packet(&resume(around.rejoined(frame, &line.whole), line.checksums), frame, counted)
    }

    /// The datagram, when this was its last piece. `counted` are the frames the piece came in and their length.
    fn join(&mut self, frame: &Frame<'_>, decoded: &Decoded<'_>, counted: (u32, u32)) -> Option<Whole> {
        let (Some(network), Some(fragment)) = (decoded.network, decoded.fragment) else { return None };
        let time = Timestamp::from_nanos(frame.time_ns);
        let piece = Piece {
            network,
            fragment,
            data: decoded.payload,
            wire: decoded.payload_wire.0,
            frames: counted.0,
            frame_wire: counted.1,
            time,
            now: self.clock.now(),
        };
        let overdue = &mut self.overdue;
        let whole = self.fragments.push(&piece, &mut |given_up| note(overdue, given_up))?;
        if whole.overlap {
            let detail = format!(
                "fragments of a datagram from {} to {}, protocol {}, overlap; the bytes received first were kept",
                network.src, network.dest, network.protocol
            );
            self.anomaly("fragment_overlap", detail, time);
        }
        Some(whole)
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
            undecodable: self.undecodable.iter().map(|(key, (frames, _))| (name(key), *frames)).collect(),
            unread_bytes: self.undecodable.iter().map(|(key, (_, bytes))| (name(key), *bytes)).collect(),
            frames_cut: self.unread_bytes.frames_cut,
            ..Ledger::default()
        };
        let UnreadBytes { not_captured, behind_packet, .. } = self.unread_bytes;
        for (reason, bytes) in [("not_captured", not_captured), ("behind_packet", behind_packet)] {
            if bytes > 0 {
                ledger.unread_bytes.insert(reason.to_owned(), bytes);
            }
        }
        for (kind, count) in TunnelKind::ALL.iter().zip(self.unread).filter(|(_, count)| *count > 0) {
            ledger.malformed.insert(kind.name().to_owned(), count);
        }
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

/// Bytes beside those of undecodable frames that nobody reads.
#[derive(Clone, Copy, Debug, Default)]
struct UnreadBytes {
    frames_cut: u64,
    not_captured: u64,
    behind_packet: u64,
}

impl UnreadBytes {
    #[inline]
    fn count(&mut self, frame: &Frame<'_>, decoded: &Decoded<'_>) {
        let mut behind = 0;
        // A payload is part of its frame; an empty one may lie elsewhere.
        if decoded.stop.is_none() && decoded.network.is_some() {
            let end = |bytes: &[u8]| bytes.as_ptr_range().end.addr();
            behind = end(frame.data).wrapping_sub(end(decoded.payload));
            behind = if behind < frame.data.len() { behind } else { 0 };
        }
        self.note(frame, behind);
    }

    /// Counts what of a frame was not captured, and the bytes behind its packet.
    #[inline]
    fn note(&mut self, frame: &Frame<'_>, behind: usize) {
        let missing = u64::from(frame.wire_len.0).saturating_sub(frame.data.len() as u64);
        self.frames_cut += u64::from(missing > 0);
        self.not_captured += missing;
        self.behind_packet += behind as u64;
    }
}

/// What is around a datagram while its fragments are joined.
#[derive(Clone, Copy, Debug)]
struct Around {
    link: Link,
    network: Network,
    tunnel: Option<Tunnel>,
    of: Divided,
}

impl Around {
    const fn of(decoded: &Decoded<'_>) -> Option<Self> {
        match (decoded.network, decoded.fragment) {
            (Some(network), Some(Fragment { of, .. })) => {
                Some(Self { link: decoded.link, network, tunnel: decoded.tunnel, of })
            }
            _ => None,
        }
    }

    const fn rejoined<'a>(&self, frame: &Frame<'_>, payload: &'a [u8]) -> Rejoined<'a> {
        let Self { link, network, tunnel, of } = *self;
        Rejoined { time_ns: frame.time_ns, link, network, tunnel, of, payload }
    }
}

/// Whether a plain frame's packet is all that it tells.
#[inline]
fn is_all(plain: &Plain<'_>) -> bool {
    // What opens a connection tells of its host's system.
    !matches!(plain.upper, Upper::Tcp(tcp) if tcp.has(TcpHeader::SYN))
}

/// Writes the shard and packet of a frame whose hash [`Front::hash_plain`] gave, at `now` of the clock.
#[inline]
pub(crate) fn plain_packet<'a>(frame: &Frame<'a>, hash: u64, now: i64, place: &mut Routed<'a>) {
    *place = None;
    if let Some(plain) = plain(frame) {
        put_packet(&plain, &FlowKey::plain(&plain), frame, (hash, now), place);
    }
}

#[inline]
fn put_packet<'a>(
    plain: &Plain<'a>,
    keyed: &Keyed,
    frame: &Frame<'_>,
    (hash, now): (u64, i64),
    place: &mut Routed<'a>,
) {
    let tcp = if let Upper::Tcp(tcp) = plain.upper { Some(tcp) } else { None };
    // Written where it stays: copied so soon, it would stall the processor.
    *place = Some((
        shard_of(hash),
        Packet {
            time: Timestamp::from_nanos(frame.time_ns),
            now,
            key: keyed.key,
            hash,
            from_low: keyed.from_low,
            from_client: keyed.from_client,
            frames: 1,
            wire_len: wire_len(frame),
            vlan: VlanIds::NONE,
            tcp,
            payload: plain.payload,
            payload_wire: plain.payload.len() as u32,
            ttl: plain.ttl,
            tunnel: None,
        },
    ));
}

/// The shard of a conversation. The table's index uses the lowest and the highest bits of its hash; these are between.
#[inline]
pub(crate) const fn shard_of(hash: u64) -> usize {
    (hash >> 32) as usize % SHARDS
}

/// A frame's length on the wire, bytes.
#[inline]
fn wire_len(frame: &Frame<'_>) -> u32 {
    frame.wire_len.0.max(frame.captured_len().0)
}

fn note(overdue: &mut Option<(Overdue, u32)>, given_up: Overdue) {
    let (_, count) = overdue.get_or_insert((given_up, 0));
    *count = count.saturating_add(1);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sensor::tests::{captures, frames_of};

    /// What is read in one go is what the layers one by one give, in the books too; most frames are read so.
    #[test]
    fn plain_packets_are_those_that_decoding_gives() {
        let (mut plain, mut all) = (0, 0);
        for path in captures("plain_packets_are_those_that_decoding_gives") {
            let settings = Settings::file("x.pcap");
            let (mut one, mut other, mut twice) = (Front::new(&settings), Front::new(&settings), Front::new(&settings));
            for frame in &frames_of(&path) {
                let frame = frame.borrow();
                for front in [&mut one, &mut other, &mut twice] {
                    front.observe(Timestamp::from_nanos(frame.time_ns));
                }
                let whole = format!("{:?}", one.route(&frame));
                let mut routed = None;
                let short = other.route_plain(&frame, &mut routed).then(|| format!("{routed:?}"));
                plain += u32::from(short.is_some());
                all += 1;
                // Read again elsewhere, it is the same.
                match twice.hash_plain(&frame) {
                    Some(hash) => plain_packet(&frame, hash, twice.now(), &mut routed),
                    None => routed = None,
                }
                let again = routed.is_some().then(|| format!("{routed:?}"));
                assert_eq!(again, short, "{}", path.display());
                if again.is_none() {
                    let _ = twice.route(&frame);
                }
                let given = short.unwrap_or_else(|| format!("{:?}", other.route(&frame)));
                assert_eq!(given, whole, "{}", path.display());
            }
            assert_eq!(one.ledger(), other.ledger(), "{}", path.display());
            assert_eq!(one.ledger(), twice.ledger(), "{}", path.display());
        }
        assert!(plain * 2 > all, "{plain} of {all}");
    }
}
