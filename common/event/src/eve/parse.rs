//! EVE lines to events: the product's own, merged rows of other sensors, and Suricata's as far as they go.

use super::row::{self, Row};
use super::session::Said;
use super::{MAX_TEXT, detail, session, suricata};
use crate::body::{self, Body};
use crate::{
    AgentId, Both, Classifier, Endpoints, Event, FlowEnd, FlowId, FlowRef, FlowState, INTERFACE_TAGS_MAX, Kind, Loss,
    MessageKind, Method, Operation, Protocol, Reason, Site, Source, Timestamp, Transport, Unit, VLAN_IDS_MAX, Verdict,
};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// One line read.
#[derive(Clone, Debug, PartialEq)]
pub struct EveRow {
    /// The sensor, where the line names it.
    pub agent: Option<AgentId>,
    /// The site, where the line names it.
    pub site: Option<Site>,
    /// The event.
    pub event: Event,
}

/// Why a line is no event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EveError {
    /// Not JSON, or a field of another type.
    Json(String),
    /// A field that this kind needs is missing or has no meaning.
    Field(&'static str),
}

impl fmt::Display for EveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(why) => write!(f, "no EVE line: {why}"),
            Self::Field(field) => write!(f, "field {field} is missing or has no meaning"),
        }
    }
}

impl std::error::Error for EveError {}

/// Reads one line. `None` where the line is well formed and its kind is not one that is read (other tools' own kinds).
///
/// Fields that are not known are passed over; texts are cut at [`MAX_TEXT`] bytes.
///
/// # Errors
/// [`EveError`] when the line is not JSON or lacks what its kind needs.
pub fn parse_line(line: &str) -> Result<Option<EveRow>, EveError> {
    let row: Row<'_> = serde_json::from_str(line).map_err(|error| EveError::Json(error.to_string()))?;
    let body = match Kind::from_name(&row.event_type) {
        Some(kind) => body_of(&row, kind)?,
        None => suricata::body(&row, line)?,
    };
    let Some(body) = body else { return Ok(None) };
    let endpoints = endpoints(&row)?;
    let needs_ends =
        !matches!(body.kind(), Kind::Host | Kind::Asset | Kind::Anomaly | Kind::Alert | Kind::Stats | Kind::Loss);
    if endpoints.is_none() && needs_ends {
        return Err(EveError::Field("src_ip"));
    }
    let source = match (&row.pcap_filename, &row.in_iface) {
        (Some(name), _) => Source::File(Arc::from(cut(name))),
        (None, Some(name)) => {
            let tags = row.tags.iter().take(INTERFACE_TAGS_MAX).map(|tag| cut(tag).to_owned()).collect();
            Source::tagged(cut(name), tags)
        }
        (None, None) => Source::Agent,
    };
    Ok(Some(EveRow {
        agent: row.agent.as_deref().map(|name| AgentId::new(cut(name))),
        site: row.site.as_deref().map(|name| Site::new(cut(name))),
        event: Event {
            time: row.timestamp.0,
            source,
            vlan: row.vlan.iter().take(VLAN_IDS_MAX).copied().collect(),
            flow: endpoints.map(|endpoints| FlowRef { id: FlowId(row.flow_id.unwrap_or(0)), endpoints }),
            redacted: row.redacted.clone(),
            body,
        },
    }))
}

/// A text cut to the cap, at a character's boundary.
pub(super) fn cut(text: &str) -> &str {
    if text.len() <= MAX_TEXT { text } else { text.get(..text.floor_char_boundary(MAX_TEXT)).unwrap_or_default() }
}

pub(super) fn owned(text: Option<&Cow<'_, str>>) -> String {
    text.map(|t| cut(t).to_owned()).unwrap_or_default()
}

pub(super) fn some(text: Option<&Cow<'_, str>>) -> Option<String> {
    text.map(|t| cut(t).to_owned())
}

pub(super) fn list(texts: Option<&Vec<Cow<'_, str>>>) -> Vec<String> {
    texts.map(|texts| texts.iter().take(64).map(|t| cut(t).to_owned()).collect()).unwrap_or_default()
}

fn endpoints(row: &Row<'_>) -> Result<Option<Endpoints>, EveError> {
    if let (Some(src), Some(dest)) = (row.src_ip, row.dest_ip) {
        let transport = row.proto.as_deref().and_then(Transport::from_name).ok_or(EveError::Field("proto"))?;
        let (src_port, dest_port) = if transport.has_ports() {
            (row.src_port.unwrap_or(0), row.dest_port.unwrap_or(0))
        } else {
            (row.icmp_type.unwrap_or(0), row.icmp_code.unwrap_or(0))
        };
        return Ok(Some(Endpoints::Ip { src, src_port, dest, dest_port, transport }));
    }
    if row.src_mac.is_none() && row.link_type.is_none() {
        return Ok(None);
    }
    let mac = |text: &Option<Cow<'_, str>>, field| match text {
        Some(text) => text.parse().map(Some).map_err(|_| EveError::Field(field)),
        None => Ok(None),
    };
    Ok(Some(Endpoints::Link {
        src: mac(&row.src_mac, "src_mac")?,
        dest: mac(&row.dest_mac, "dest_mac")?,
        ether_type: row.ether_type,
        link_type: row.link_type.unwrap_or(1),
    }))
}

/// The body of one of the product's kinds; `None` where the kind's body is not read.
fn body_of(row: &Row<'_>, kind: Kind) -> Result<Option<Body>, EveError> {
    Ok(Some(match kind {
        Kind::Flow => Body::Flow(Box::new(flow(row)?)),
        Kind::Tls => Body::Tls(Box::new(tls(row.tls.as_ref().ok_or(EveError::Field("tls"))?))),
        Kind::Dns => match suricata::dns(row.dns.as_ref().ok_or(EveError::Field("dns"))?) {
            Some(dns) => Body::Dns(Box::new(dns)),
            None => return Ok(None),
        },
        Kind::Ics => Body::Ics(Box::new(ics(row)?)),
        Kind::Host => Body::Host(Box::new(host(row)?)),
        Kind::Pair => Body::Pair(Box::new(pair(row)?)),
        Kind::Asset => Body::Asset(Box::new(asset(row.asset.as_ref().ok_or(EveError::Field("asset"))?)?)),
        Kind::Anomaly => {
            let anomaly = row.anomaly.as_ref().ok_or(EveError::Field("anomaly"))?;
            Body::Anomaly(body::Anomaly { kind: owned(anomaly.kind.as_ref()), detail: owned(anomaly.detail.as_ref()) })
        }
        Kind::Alert => match alert(row.alert.as_ref().ok_or(EveError::Field("alert"))?) {
            Some(alert) => Body::Alert(Box::new(alert)),
            None => return Ok(None),
        },
        Kind::Stats => Body::Stats(Box::new(row.stats.clone().ok_or(EveError::Field("stats"))?.into())),
        Kind::Loss => {
            let loss = row.loss.as_ref().ok_or(EveError::Field("loss"))?;
            Body::Loss(Loss {
                reason: owned(loss.reason.as_ref()),
                first: loss.first.unwrap_or(0),
                last: loss.last.unwrap_or(0),
                count: loss.count.unwrap_or(0),
            })
        }
        Kind::Quic => Body::Quic(Box::new(session::quic(row.quic.as_ref().ok_or(EveError::Field("quic"))?))),
        Kind::Ssh => Body::Ssh(Box::new(session::ssh(row.ssh.as_ref().ok_or(EveError::Field("ssh"))?))),
        Kind::Http => Body::Http(Box::new(session::http(row.http.as_ref().ok_or(EveError::Field("http"))?))),
    }))
}

fn flow(row: &Row<'_>) -> Result<body::Flow, EveError> {
    let flow = row.flow.as_ref().ok_or(EveError::Field("flow"))?;
    let end = flow.end.map_or(row.timestamp.0, |time| time.0);
    let protocol = row.app_proto.as_deref().map_or(Protocol::UNKNOWN, suricata::protocol);
    let confidence = Unit::new(row.app_confidence.unwrap_or(1.0));
    let method = row.app_method.as_deref().and_then(Method::from_name).unwrap_or(Method::Fingerprint);
    let app = if protocol.is_unknown() {
        body::App::unknown()
    } else {
        body::App { protocol, confidence, method: Some(method) }
    };
    let flags = |text: Option<&Cow<'_, str>>| text.and_then(|t| u8::from_str_radix(t, 16).ok()).unwrap_or(0);
    Ok(body::Flow {
        start: flow.start.map_or(end, |time| time.0),
        end,
        packets: Both { to_server: flow.pkts_toserver.unwrap_or(0), to_client: flow.pkts_toclient.unwrap_or(0) },
        bytes: Both { to_server: flow.bytes_toserver.unwrap_or(0), to_client: flow.bytes_toclient.unwrap_or(0) },
        tcp_flags: row.tcp.as_ref().map_or_else(Both::default, |tcp| Both {
            to_server: flags(tcp.tcp_flags_ts.as_ref()),
            to_client: flags(tcp.tcp_flags_tc.as_ref()),
        }),
        state: flow.state.as_deref().and_then(FlowState::from_name).unwrap_or(FlowState::Established),
        reason: flow.reason.as_deref().and_then(FlowEnd::from_name).unwrap_or(FlowEnd::Timeout),
        app,
        count: flow.count.unwrap_or(1).max(1),
        gap: flow.gap.as_ref().and_then(|gap| Some(body::Gap { mean: gap.mean?, cv: gap.cv? })),
        score: row.score.as_ref().and_then(score),
        payload: flow.payload.as_ref().map(payload),
        tunnel: row.tunnel.as_ref().map(|tunnel| Box::new(self::tunnel(tunnel))),
        detail: flow.app.as_ref().map(|row| Box::new(detail::value(row))),
        tls_records: flow.tls_records.as_ref().map(detail::records).unwrap_or_default(),
    })
}

fn payload(row: &row::Payload<'_>) -> body::PayloadShape {
    let first = |text: Option<&Cow<'_, str>>| {
        let bytes: Vec<u8> = nibble_pairs(text.map_or("", |t| cut(t))).take(8).map_while(|byte| byte).collect();
        body::Head::of(&bytes)
    };
    body::PayloadShape {
        entropy: row.entropy.unwrap_or(0.0) as f32,
        printable: Unit::new(row.printable.unwrap_or(0.0)),
        first: Both { to_server: first(row.first_toserver.as_ref()), to_client: first(row.first_toclient.as_ref()) },
    }
}

fn tunnel(row: &row::Tunnel<'_>) -> body::Tunnel {
    body::Tunnel {
        kind: owned(row.kind.as_ref()).into(),
        src: row.src_ip,
        dest: row.dest_ip,
        id: row.id,
        depth: row.depth.unwrap_or(1),
    }
}

fn score(score: &row::Score<'_>) -> Option<body::Score> {
    let votes = score.votes.iter().flatten().take(32).filter_map(|vote| {
        Some(body::Vote {
            classifier: Classifier::from_name(vote.classifier.as_deref()?)?,
            value: Unit::new(vote.value?),
            weight: Unit::new(vote.weight.unwrap_or(1.0)),
        })
    });
    Some(body::Score {
        verdict: Verdict::from_name(score.verdict.as_deref()?)?,
        value: Unit::new(score.value.unwrap_or(0.0)),
        votes: votes.collect(),
        reasons: reasons(score.reasons.as_ref()),
        digest: score.digest.as_deref().and_then(unhex::<32>).map(Arc::new),
    })
}

fn reasons(texts: Option<&Vec<Cow<'_, str>>>) -> Vec<Reason> {
    list(texts).iter().map(|text| Reason::literal(text)).collect()
}

fn tls(tls: &row::Tls<'_>) -> body::Tls {
    let hash = |h: Option<&row::Hash<'_>>| h.and_then(|h| h.hash.as_deref()).and_then(unhex::<16>);
    let certificate = tls.subject.is_some().then(|| body::Certificate {
        sha256: tls.certificate_sha256.as_deref().and_then(unhex::<32>).unwrap_or_default(),
        subject: owned(tls.subject.as_ref()),
        issuer: owned(tls.issuerdn.as_ref()),
        serial: serial(tls.serial.as_deref().unwrap_or_default()),
        not_before: tls.notbefore.map_or(Timestamp::EPOCH, |time| time.0),
        not_after: tls.notafter.map_or(Timestamp::EPOCH, |time| time.0),
        names: list(tls.subjectaltname.as_ref()),
        self_signed: tls.self_signed.unwrap_or(tls.subject == tls.issuerdn),
        fingerprint: owned(tls.certificate_fingerprint.as_ref()),
    });
    body::Tls {
        version: suricata::tls_version(tls.version.as_deref().unwrap_or_default()),
        sni: some(tls.sni.as_ref()),
        alpn: list(tls.client_alpns.as_ref()),
        cipher: tls.cipher_suite,
        ja3: hash(tls.ja3.as_ref()),
        ja3s: hash(tls.ja3s.as_ref()),
        ja4: some(tls.ja4.as_ref()),
        client: some(tls.client.as_ref()).map(Cow::Owned),
        resumed: tls.session_resumed.unwrap_or(false),
        certificate,
        chain_length: tls.chain_length.unwrap_or(0),
        hellos: session::hellos(&Said {
            ech: tls.ech.as_deref(),
            grease: tls.grease,
            alpns: tls.server_alpns.as_ref(),
            fingerprint: tls.server_fingerprint.as_ref(),
            alert: tls.alert.as_ref(),
        }),
    }
}

fn nibble_pairs(text: &str) -> impl Iterator<Item = Option<u8>> {
    let digits: Vec<u32> = text.chars().filter(|c| *c != ':').map(|c| c.to_digit(16).unwrap_or(16)).collect();
    let pairs: Vec<Option<u8>> = digits
        .chunks(2)
        .map(|pair| match pair {
            [high, low] if *high < 16 && *low < 16 => u8::try_from(high * 16 + low).ok(),
            _ => None,
        })
        .collect();
    pairs.into_iter()
}

pub(crate) fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let bytes: Option<Vec<u8>> = nibble_pairs(text).take(N + 1).collect();
    bytes?.try_into().ok()
}

fn serial(text: &str) -> Vec<u8> {
    nibble_pairs(text).take(20).map_while(|byte| byte).collect()
}

fn ics(row: &Row<'_>) -> Result<body::Ics, EveError> {
    let ics = row.ics.as_ref().ok_or(EveError::Field("ics"))?;
    let operation = ics.operation.as_deref().and_then(Operation::from_name);
    let kind = ics.kind.as_deref().and_then(MessageKind::from_name);
    Ok(body::Ics {
        protocol: row.app_proto.as_deref().map_or(Protocol::UNKNOWN, Protocol::from_name),
        operation: operation.ok_or(EveError::Field("ics.operation"))?,
        previous: ics.previous.as_deref().and_then(Operation::from_name),
        kind: kind.ok_or(EveError::Field("ics.kind"))?,
        function: ics.function.unwrap_or(0),
        function_name: owned(ics.function_name.as_ref()).into(),
        unit: ics.unit,
        object: some(ics.object.as_ref()).map(Into::into),
        range: ics.range.map(|[first, last]| (first, last)),
        value: ics.value.map(|number| number.0).filter(|value| value.is_finite()),
        count: ics.count.unwrap_or(1).max(1),
    })
}

fn host(row: &Row<'_>) -> Result<body::Host, EveError> {
    let host = row.host.as_ref().ok_or(EveError::Field("host"))?;
    Ok(body::Host {
        ip: host.ip.ok_or(EveError::Field("host.ip"))?,
        window_seconds: host.window_seconds.unwrap_or(300),
        flows: host.flows.unwrap_or(0),
        failed: host.failed.unwrap_or(0),
        peers: host.peers.unwrap_or(0),
        new_peers: host.new_peers.unwrap_or(0),
        ports: host.ports.unwrap_or(0),
        names: host.names.unwrap_or(0),
        fingerprints: host.fingerprints.unwrap_or(0),
        bytes_out: host.bytes_out.unwrap_or(0),
        bytes_in: host.bytes_in.unwrap_or(0),
        score: row.score.as_ref().and_then(score),
    })
}

fn pair(row: &Row<'_>) -> Result<body::Pair, EveError> {
    let pair = row.pair.as_ref().ok_or(EveError::Field("pair"))?;
    Ok(body::Pair {
        connections: pair.connections.unwrap_or(0),
        interval: pair.interval.unwrap_or(0.0),
        size: pair.size.unwrap_or(0.0),
        duration: pair.duration.unwrap_or(0.0),
        score: row.score.as_ref().and_then(score),
    })
}

fn asset(asset: &row::Asset<'_>) -> Result<body::Asset, EveError> {
    let mac = match asset.mac.as_deref() {
        Some(text) => Some(text.parse().map_err(|_| EveError::Field("asset.mac"))?),
        None => None,
    };
    if asset.ip.is_none() && mac.is_none() {
        return Err(EveError::Field("asset.ip"));
    }
    Ok(body::Asset {
        ip: asset.ip,
        mac,
        hostname: some(asset.hostname.as_ref()),
        names: list(asset.names.as_ref()),
        vendor: some(asset.vendor.as_ref()),
        model: some(asset.model.as_ref()),
        firmware: some(asset.firmware.as_ref()),
        os: some(asset.os.as_ref()),
        roles: list(asset.roles.as_ref()),
        services: list(asset.services.as_ref()),
        fingerprints: list(asset.fingerprints.as_ref()),
        purdue_level: asset.purdue_level,
        source: owned(asset.source.as_ref()),
        first_seen: asset.first_seen.map(|time| time.0),
        last_seen: asset.last_seen.map(|time| time.0),
    })
}

/// An alert of the product; Suricata's alerts (signatures) have no `kind` and are passed over.
fn alert(alert: &row::Alert<'_>) -> Option<body::Alert> {
    Some(body::Alert {
        kind: some(alert.kind.as_ref())?,
        severity: alert.severity.unwrap_or(1),
        techniques: list(alert.techniques.as_ref()),
        reasons: reasons(alert.reasons.as_ref()),
    })
}
