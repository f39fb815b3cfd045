//! Bodies on the wire: one compact struct a kind, apart from the types people work with.

use super::detail::{WireDns, WireIcs, WireTls};
use super::event::WireSpan;
use super::record;
use super::score::{WireReason, WireScore, from_u8, read_reasons, reasons, to_u8};
use super::session::{WireHttp, WireQuic, WireSsh};
use crate::body::{
    Alert, Anomaly, App, Asset, Body, Flow, Gap, Head as FirstBytes, Host, Pair, PayloadShape, TLS_RECORDS_MAX,
    TlsRecord, Tunnel,
};
use crate::eve::{hex, unhex};
use crate::{
    AppDetail, Both, DETAIL_TEXTS_MAX, Direction, FlowEnd, FlowState, Kind, Ledger, Loss, Mac, Method, Protocol,
    Timestamp,
};
use bincode::{Decode, Encode};
use std::net::IpAddr;
use std::sync::Arc;

/// What repeats from flow to flow stands first, beside what repeats in the head; the numbers stand last.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
struct WireFlow {
    /// From the flow's end to the event's time; nothing, where the last packet made the event.
    end: Option<WireSpan>,
    protocol: Protocol,
    confidence: u8,
    /// Method plus one; 0 where there is none.
    method: u8,
    /// State in the low, reason of the row in the high four bits.
    state: u8,
    tcp_flags: (u8, u8),
    /// Conversations of a merged row, and the mean and variation of their gaps.
    merged: Option<(u32, Option<(f64, f64)>)>,
    score: Option<WireScore>,
    packets: (u64, u64),
    bytes: (u64, u64),
    duration: WireSpan,
    /// Entropy in hundredths of a bit, printable share, first bytes each way.
    payload: Option<(u16, u8, Vec<u8>, Vec<u8>)>,
    /// Kind, sender, receiver, number, depth.
    tunnel: Option<WireTunnel>,
}

/// The lists of what messages say, in their order, empty ones at the end left out; stands behind a flow that has some.
type WireDetail = Vec<Vec<String>>;

type WireTunnel = (String, Option<IpAddr>, Option<IpAddr>, Option<u32>, u8);

impl WireFlow {
    fn new(flow: &Flow, time: Timestamp) -> Self {
        let gap = flow.gap.map(|gap| (gap.mean, gap.cv));
        Self {
            end: (flow.end.whole_micros() != time.whole_micros()).then(|| WireSpan::between(flow.end, time)),
            protocol: flow.app.protocol.clone(),
            confidence: to_u8(flow.app.confidence),
            method: flow.app.method.map_or(0, |method| method as u8 + 1),
            state: flow.state as u8 | (flow.reason as u8) << 4,
            tcp_flags: (flow.tcp_flags.to_server, flow.tcp_flags.to_client),
            merged: (flow.count != 1 || gap.is_some()).then_some((flow.count, gap)),
            score: flow.score.as_ref().map(WireScore::from),
            packets: (flow.packets.to_server, flow.packets.to_client),
            bytes: (flow.bytes.to_server, flow.bytes.to_client),
            duration: WireSpan::between(flow.start, flow.end),
            payload: flow.payload.as_ref().map(|shape| {
                let first = |head: &FirstBytes| head.bytes().to_vec();
                let entropy = (shape.entropy * 100.0).round() as u16;
                (entropy, to_u8(shape.printable), first(&shape.first.to_server), first(&shape.first.to_client))
            }),
            tunnel: flow.tunnel.as_ref().map(|t| (t.kind.clone().into_owned(), t.src, t.dest, t.id, t.depth)),
        }
    }

    fn flow(self, time: Timestamp) -> Option<Flow> {
        let end = self.end.map_or(time, |end| end.before(time));
        let score = match self.score {
            Some(score) => Some(score.score()?),
            None => None,
        };
        let (count, gap) = self.merged.unwrap_or((1, None));
        Some(Flow {
            start: self.duration.before(end),
            end,
            packets: Both { to_server: self.packets.0, to_client: self.packets.1 },
            bytes: Both { to_server: self.bytes.0, to_client: self.bytes.1 },
            tcp_flags: Both { to_server: self.tcp_flags.0, to_client: self.tcp_flags.1 },
            state: *FlowState::ALL.get(usize::from(self.state & 15))?,
            reason: *FlowEnd::ALL.get(usize::from(self.state >> 4))?,
            app: App { protocol: self.protocol, confidence: from_u8(self.confidence), method: method(self.method)? },
            count,
            gap: gap.map(|(mean, cv)| Gap { mean, cv }),
            score,
            payload: self.payload.map(|(entropy, printable, to_server, to_client)| PayloadShape {
                entropy: f32::from(entropy) / 100.0,
                printable: from_u8(printable),
                first: Both { to_server: FirstBytes::of(&to_server), to_client: FirstBytes::of(&to_client) },
            }),
            tunnel: self
                .tunnel
                .map(|(kind, src, dest, id, depth)| Box::new(Tunnel { kind: kind.into(), src, dest, id, depth })),
            detail: None,
            tls_records: Vec::new(),
        })
    }
}

/// The place among those lists of a list of one text, the digest of the bundle that scored the flow: far behind the lists of a
/// release that does not know it, which leaves it out.
const DIGEST_AT: usize = 31;

/// What stands behind a flow; empty where nothing does.
fn behind(flow: &Flow) -> WireDetail {
    let lists = flow.detail.as_deref().map(AppDetail::lists).unwrap_or_default();
    let used = lists.iter().rposition(|list| !list.is_empty()).map_or(0, |last| last + 1);
    let mut behind: WireDetail = lists.into_iter().take(used).cloned().collect();
    if let Some(digest) = flow.score.as_ref().and_then(|score| score.digest.as_deref()) {
        behind.resize(DIGEST_AT, Vec::new());
        behind.push(vec![hex(digest).into_owned()]);
    }
    behind
}

/// Records of TLS: type in the low, direction in the highest bit; lengths. Stands behind the lists of a flow that has some.
type WireRecords = (Vec<u8>, Vec<u16>);

/// The bit of a record's type that says to the client.
const TO_CLIENT: u8 = 0x80;

fn tls_records(records: &[TlsRecord]) -> WireRecords {
    let kind = |record: &TlsRecord| record.kind | if record.direction == Direction::ToClient { TO_CLIENT } else { 0 };
    (records.iter().map(kind).collect(), records.iter().map(|record| record.length).collect())
}

fn read_tls_records((kinds, lengths): WireRecords) -> Vec<TlsRecord> {
    let record = |(kind, length): (u8, u16)| TlsRecord {
        kind: kind & !TO_CLIENT,
        direction: if kind & TO_CLIENT == 0 { Direction::ToServer } else { Direction::ToClient },
        length,
    };
    kinds.into_iter().zip(lengths).take(TLS_RECORDS_MAX).map(record).collect()
}

/// A flow with what stands behind it.
type FlowParts = (Head, WireFlow, WireDetail, Vec<TlsRecord>);

fn flow_parts(payload: &[u8]) -> Option<FlowParts> {
    if let Some((head, wire)) = record::value::<(Head, WireFlow)>(payload) {
        return Some((head, wire, WireDetail::new(), Vec::new()));
    }
    if let Some((head, wire, lists)) = record::value::<(Head, WireFlow, WireDetail)>(payload) {
        return Some((head, wire, lists, Vec::new()));
    }
    let (head, wire, lists, records) = record::value::<(Head, WireFlow, WireDetail, WireRecords)>(payload)?;
    Some((head, wire, lists, read_tls_records(records)))
}

/// The digest of the bundle that scored the flow, where it stands behind it.
fn read_digest(lists: &WireDetail) -> Option<Arc<[u8; 32]>> {
    lists.get(DIGEST_AT)?.first().and_then(|text| unhex::<32>(text)).map(Arc::new)
}

/// What was said; lists that a newer release appended are left out.
fn read_detail(lists: WireDetail) -> Option<Box<AppDetail>> {
    let mut detail = AppDetail::default();
    for (to, from) in detail.lists_mut().into_iter().zip(lists) {
        *to = from.into_iter().take(DETAIL_TEXTS_MAX).collect();
    }
    (!detail.is_empty()).then(|| Box::new(detail))
}

fn method(number: u8) -> Option<Option<Method>> {
    match number.checked_sub(1) {
        None => Some(None),
        Some(index) => Method::ALL.get(usize::from(index)).copied().map(Some),
    }
}

#[derive(Clone, Debug, PartialEq, Encode, Decode)]
struct WireHost {
    ip: IpAddr,
    window_seconds: u32,
    flows: u32,
    failed: u32,
    peers: u32,
    ports: u32,
    bytes_out: u64,
    bytes_in: u64,
    score: Option<WireScore>,
    /// New peers, names, fingerprints.
    distinct: (u32, u32, u32),
}

#[derive(Clone, Debug, PartialEq, Encode, Decode)]
struct WirePair {
    connections: u32,
    interval: f64,
    size: f64,
    duration: f64,
    score: Option<WireScore>,
}

#[derive(Clone, Debug, PartialEq, Encode, Decode)]
struct WireAsset {
    ip: Option<IpAddr>,
    mac: Option<Mac>,
    /// Host name, vendor, model, firmware, operating system.
    texts: [Option<String>; 5],
    roles: Vec<String>,
    purdue_level: Option<u8>,
    source: String,
    names: Vec<String>,
    services: Vec<String>,
    /// First and last seen, nanoseconds.
    seen: (Option<i64>, Option<i64>),
    fingerprints: Vec<String>,
}

impl WireAsset {
    fn asset(self) -> Asset {
        let [hostname, vendor, model, firmware, os] = self.texts;
        let time = |nanos: Option<i64>| nanos.map(Timestamp::from_nanos);
        Asset {
            ip: self.ip,
            mac: self.mac,
            hostname,
            names: self.names,
            vendor,
            model,
            firmware,
            os,
            roles: self.roles,
            services: self.services,
            fingerprints: self.fingerprints,
            purdue_level: self.purdue_level,
            source: self.source,
            first_seen: time(self.seen.0),
            last_seen: time(self.seen.1),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Encode, Decode)]
struct WireAlert {
    kind: String,
    severity: u8,
    techniques: Vec<String>,
    reasons: Vec<WireReason>,
}

/// The ledger with its maps as sorted lists.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub(super) struct WireLedger {
    numbers: Vec<u64>,
    names: Vec<Vec<(String, u64)>>,
}

/// Names of one map of a ledger at most.
const MAX_NAMES: usize = 1_024;

impl From<&Ledger> for WireLedger {
    fn from(ledger: &Ledger) -> Self {
        let list = |map: &std::collections::BTreeMap<String, u64>| {
            map.iter().take(MAX_NAMES).map(|(name, count)| (name.clone(), *count)).collect()
        };
        Self { numbers: ledger.counts(), names: ledger.by_name().into_iter().map(list).collect() }
    }
}

impl WireLedger {
    /// The ledger; what a newer release appended is left out, what an older one lacks is 0.
    pub(super) fn ledger(self) -> Ledger {
        let mut ledger = Ledger::default();
        for (to, from) in ledger.counts_mut().into_iter().zip(self.numbers) {
            *to = from;
        }
        for (to, from) in ledger.by_name_mut().into_iter().zip(self.names) {
            *to = from.into_iter().take(MAX_NAMES).collect();
        }
        ledger
    }
}

/// Appends the record of one event; `false`, and nothing appended, when it is over the limit.
pub(super) fn append(out: &mut Vec<u8>, head: &super::event::Head, body: &Body, time: Timestamp) -> bool {
    let kind = body.kind() as u16;
    let optional = |score: &Option<crate::body::Score>| score.as_ref().map(WireScore::from);
    match body {
        Body::Flow(flow) => match (behind(flow), flow.tls_records.as_slice()) {
            (none, []) if none.is_empty() => record::append(out, kind, &(head, WireFlow::new(flow, time))),
            (lists, []) => record::append(out, kind, &(head, WireFlow::new(flow, time), lists)),
            (lists, records) => {
                record::append(out, kind, &(head, WireFlow::new(flow, time), lists, tls_records(records)))
            }
        },
        Body::Tls(tls) => record::append(out, kind, &(head, WireTls::from(&**tls))),
        Body::Quic(quic) => record::append(out, kind, &(head, WireQuic::from(&**quic))),
        Body::Ssh(ssh) => record::append(out, kind, &(head, WireSsh::from(&**ssh))),
        Body::Http(http) => record::append(out, kind, &(head, WireHttp::from(&**http))),
        Body::Dns(dns) => record::append(out, kind, &(head, WireDns::from(&**dns))),
        Body::Ics(ics) => record::append(out, kind, &(head, WireIcs::from(&**ics))),
        Body::Host(h) => {
            let wire = WireHost {
                ip: h.ip,
                window_seconds: h.window_seconds,
                flows: h.flows,
                failed: h.failed,
                peers: h.peers,
                ports: h.ports,
                bytes_out: h.bytes_out,
                bytes_in: h.bytes_in,
                score: optional(&h.score),
                distinct: (h.new_peers, h.names, h.fingerprints),
            };
            record::append(out, kind, &(head, wire))
        }
        Body::Pair(p) => {
            let (interval, size, duration) = (p.interval, p.size, p.duration);
            let wire = WirePair { connections: p.connections, interval, size, duration, score: optional(&p.score) };
            record::append(out, kind, &(head, wire))
        }
        Body::Asset(a) => {
            let texts = [&a.hostname, &a.vendor, &a.model, &a.firmware, &a.os].map(Clone::clone);
            let (roles, source) = (a.roles.clone(), a.source.clone());
            let nanos = |time: Option<Timestamp>| time.map(Timestamp::nanos);
            let wire = WireAsset {
                ip: a.ip,
                mac: a.mac,
                texts,
                roles,
                purdue_level: a.purdue_level,
                source,
                names: a.names.clone(),
                services: a.services.clone(),
                seen: (nanos(a.first_seen), nanos(a.last_seen)),
                fingerprints: a.fingerprints.clone(),
            };
            record::append(out, kind, &(head, wire))
        }
        Body::Anomaly(a) => record::append(out, kind, &(head, &a.kind, &a.detail)),
        Body::Alert(a) => {
            let (kind_name, techniques) = (a.kind.clone(), a.techniques.clone());
            let wire = WireAlert { kind: kind_name, severity: a.severity, techniques, reasons: reasons(&a.reasons) };
            record::append(out, kind, &(head, wire))
        }
        Body::Stats(ledger) => record::append(out, kind, &(head, WireLedger::from(&**ledger))),
        Body::Loss(loss) => record::append(out, kind, &(head, loss)),
    }
}

type Head = super::event::Head;

/// Reads the head of a record and then its body, which needs the time the head gives.
pub(super) fn read(
    kind: Kind,
    payload: &[u8],
    mut resolve: impl FnMut(Head) -> Option<Timestamp>,
) -> Result<Option<Body>, ()> {
    fn parts<T: Decode<()>>(payload: &[u8]) -> Result<(Head, T), ()> {
        record::value::<(Head, T)>(payload).ok_or(())
    }
    fn scored(score: Option<WireScore>) -> Result<Option<crate::body::Score>, ()> {
        score.map(|score| score.score().ok_or(())).transpose()
    }
    macro_rules! take {
        ($type:ty, |$wire:ident, $time:ident| $body:expr) => {{
            let (head, $wire) = parts::<$type>(payload)?;
            let $time = resolve(head).ok_or(())?;
            Ok(Some($body))
        }};
    }
    match kind {
        Kind::Flow => {
            let (head, wire, lists, tls_records) = flow_parts(payload).ok_or(())?;
            let mut flow = wire.flow(resolve(head).ok_or(())?).ok_or(())?;
            if let Some(score) = &mut flow.score {
                score.digest = read_digest(&lists);
            }
            Ok(Some(Body::Flow(Box::new(Flow { detail: read_detail(lists), tls_records, ..flow }))))
        }
        Kind::Tls => take!(WireTls, |wire, _time| Body::Tls(Box::new(wire.tls()))),
        Kind::Dns => take!(WireDns, |wire, _time| Body::Dns(Box::new(wire.dns()))),
        Kind::Ics => take!(WireIcs, |wire, _time| Body::Ics(Box::new(wire.ics().ok_or(())?))),
        Kind::Host => take!(WireHost, |w, _time| Body::Host(Box::new(Host {
            ip: w.ip,
            window_seconds: w.window_seconds,
            flows: w.flows,
            failed: w.failed,
            peers: w.peers,
            new_peers: w.distinct.0,
            ports: w.ports,
            names: w.distinct.1,
            fingerprints: w.distinct.2,
            bytes_out: w.bytes_out,
            bytes_in: w.bytes_in,
            score: scored(w.score)?,
        }))),
        Kind::Pair => take!(WirePair, |w, _time| Body::Pair(Box::new(Pair {
            connections: w.connections,
            interval: w.interval,
            size: w.size,
            duration: w.duration,
            score: scored(w.score)?,
        }))),
        Kind::Asset => take!(WireAsset, |w, _time| Body::Asset(Box::new(w.asset()))),
        Kind::Anomaly => take!((String, String), |w, _time| Body::Anomaly(Anomaly { kind: w.0, detail: w.1 })),
        Kind::Alert => take!(WireAlert, |w, _time| Body::Alert(Box::new(Alert {
            kind: w.kind,
            severity: w.severity,
            techniques: w.techniques,
            reasons: read_reasons(w.reasons).ok_or(())?,
        }))),
        Kind::Stats => take!(WireLedger, |w, _time| Body::Stats(Box::new(w.ledger()))),
        Kind::Loss => take!(Loss, |w, _time| Body::Loss(w)),
        Kind::Quic => take!(WireQuic, |wire, _time| Body::Quic(Box::new(wire.quic()))),
        Kind::Ssh => take!(WireSsh, |wire, _time| Body::Ssh(Box::new(wire.ssh()))),
        Kind::Http => take!(WireHttp, |wire, _time| Body::Http(Box::new(wire.http()))),
    }
}
