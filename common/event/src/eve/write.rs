//! Events to EVE lines.

use super::detail;
use super::row::{self, Number, Row, Time};
use super::session::{self, http_row, quic_row, ssh_row};
use crate::{AgentId, Body, Endpoints, Event, FlowRef, Reason, Site, Source, Transport, body, community_id};
use std::borrow::Cow;
use std::fmt::Write as _;

/// Appends one line with its newline. `agent` and `site` are left out where they are not known.
pub fn write_line(out: &mut Vec<u8>, event: &Event, agent: Option<&AgentId>, site: Option<&Site>) {
    let mut row = row_of(event);
    row.agent = agent.map(|a| Cow::Borrowed(a.as_str()));
    row.site = site.map(|s| Cow::Borrowed(s.as_str()));
    let start = out.len();
    // Every number of a row is finite by construction, so this cannot fail; should it, no half line stays.
    if serde_json::to_writer(&mut *out, &row).is_err() {
        out.truncate(start);
        return;
    }
    out.push(b'\n');
}

/// The row of an event.
fn row_of(event: &Event) -> Row<'_> {
    let mut row = Row::new(event.time, event.kind().name());
    match &event.source {
        Source::File(name) => row.pcap_filename = Some(Cow::Borrowed(name)),
        Source::Interface(interface) => {
            row.in_iface = Some(Cow::Borrowed(&interface.name));
            row.tags.extend(interface.tags.iter().map(|tag| Cow::Borrowed(tag.as_str())));
        }
        Source::Agent => {}
    }
    row.vlan.clone_from(&event.vlan);
    row.redacted.clone_from(&event.redacted);
    if let Some(flow) = &event.flow {
        ends(&mut row, flow);
    }
    fill_body(&mut row, &event.body);
    row
}

fn ends(row: &mut Row<'_>, flow: &FlowRef) {
    row.flow_id = Some(flow.id.0);
    match flow.endpoints {
        Endpoints::Ip { src, src_port, dest, dest_port, transport } => {
            row.src_ip = Some(src);
            row.dest_ip = Some(dest);
            row.proto = Some(Cow::Owned(transport.to_string()));
            if transport.has_ports() {
                row.src_port = Some(src_port);
                row.dest_port = Some(dest_port);
            } else if matches!(transport, Transport::ICMP | Transport::ICMP6) {
                row.icmp_type = Some(src_port);
                row.icmp_code = Some(dest_port);
            }
            row.community_id = community_id(&flow.endpoints, 0).map(Cow::Owned);
        }
        Endpoints::Link { src, dest, ether_type, link_type } => {
            row.src_mac = src.map(|mac| Cow::Owned(mac.to_string()));
            row.dest_mac = dest.map(|mac| Cow::Owned(mac.to_string()));
            row.ether_type = ether_type;
            row.link_type = (src.is_none() || ether_type.is_none()).then_some(link_type);
        }
    }
}

fn fill_body<'a>(row: &mut Row<'a>, body: &'a Body) {
    match body {
        Body::Flow(flow) => flow_row(row, flow),
        Body::Tls(tls) => {
            row.app_proto = Some(Cow::Borrowed(if over_datagrams(tls) { "dtls" } else { "tls" }));
            row.tls = Some(tls_row(tls));
        }
        Body::Quic(quic) => {
            row.app_proto = Some(Cow::Borrowed("quic"));
            row.quic = Some(quic_row(quic));
        }
        Body::Ssh(ssh) => {
            row.app_proto = Some(Cow::Borrowed("ssh"));
            row.ssh = Some(ssh_row(ssh));
        }
        Body::Http(http) => {
            row.app_proto = Some(Cow::Borrowed("http"));
            row.http = Some(http_row(http));
        }
        Body::Dns(dns) => {
            row.app_proto = Some(Cow::Borrowed("dns"));
            row.dns = Some(dns_row(dns));
        }
        Body::Ics(ics) => {
            row.app_proto = Some(Cow::Borrowed(ics.protocol.name()));
            row.ics = Some(ics_row(ics));
        }
        Body::Host(host) => {
            row.score = host.score.as_ref().map(score_row);
            row.host = Some(host_row(host));
        }
        Body::Pair(pair) => {
            // Many conversations: no one client port, id or community id.
            (row.flow_id, row.src_port, row.community_id) = (None, None, None);
            row.score = pair.score.as_ref().map(score_row);
            row.pair = Some(pair_row(pair));
        }
        Body::Asset(asset) => row.asset = Some(asset_row(asset)),
        Body::Anomaly(anomaly) => {
            row.anomaly =
                Some(row::Anomaly { kind: text(&anomaly.kind), detail: text(&anomaly.detail), ..Default::default() });
        }
        Body::Alert(alert) => row.alert = Some(alert_row(alert)),
        Body::Stats(ledger) => row.stats = Some(row::Stats::from((**ledger).clone())),
        Body::Loss(loss) => {
            row.loss = Some(row::Loss {
                reason: text(&loss.reason),
                first: Some(loss.first),
                last: Some(loss.last),
                count: Some(loss.count),
                ..Default::default()
            });
        }
    }
}

/// A text, absent when empty.
pub(super) fn text(value: &str) -> Option<Cow<'_, str>> {
    (!value.is_empty()).then_some(Cow::Borrowed(value))
}

pub(super) fn optional(value: Option<&String>) -> Option<Cow<'_, str>> {
    value.and_then(|v| text(v))
}

pub(super) fn texts(values: &[String]) -> Option<Vec<Cow<'_, str>>> {
    (!values.is_empty()).then(|| values.iter().map(|v| Cow::Borrowed(v.as_str())).collect())
}

pub(crate) fn hex(bytes: &[u8]) -> Cow<'static, str> {
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(out, "{byte:02x}");
    }
    Cow::Owned(out)
}

/// Three decimals are what a score means.
fn rounded(value: crate::Unit) -> f32 {
    (value.get() * 1000.0).round() / 1000.0
}

fn finite(value: f64) -> f64 {
    if value.is_finite() { (value * 1e6).round() / 1e6 } else { 0.0 }
}

fn words(reasons: &[Reason]) -> Vec<Cow<'static, str>> {
    reasons.iter().map(|reason| Cow::Owned(reason.to_string())).collect()
}

fn score_row(score: &body::Score) -> row::Score<'_> {
    let votes = score.votes.iter().map(|vote| row::Vote {
        classifier: Some(Cow::Borrowed(vote.classifier.name())),
        value: Some(rounded(vote.value)),
        weight: Some(rounded(vote.weight)),
        ..Default::default()
    });
    row::Score {
        verdict: Some(Cow::Borrowed(score.verdict.name())),
        value: Some(rounded(score.value)),
        votes: Some(votes.collect()),
        reasons: Some(words(&score.reasons)),
        digest: score.digest.as_deref().map(|digest| hex(digest)),
        ..Default::default()
    }
}

fn flow_row<'a>(row: &mut Row<'a>, flow: &'a body::Flow) {
    row.app_proto = Some(Cow::Borrowed(flow.app.protocol.name()));
    if let Some(method) = flow.app.method {
        row.app_confidence = Some(rounded(flow.app.confidence));
        row.app_method = Some(Cow::Borrowed(method.name()));
    }
    row.score = flow.score.as_ref().map(score_row);
    row.flow = Some(row::Flow {
        pkts_toserver: Some(flow.packets.to_server),
        pkts_toclient: Some(flow.packets.to_client),
        bytes_toserver: Some(flow.bytes.to_server),
        bytes_toclient: Some(flow.bytes.to_client),
        start: Some(Time(flow.start)),
        end: Some(Time(flow.end)),
        age: Some(flow.end.since(flow.start).as_secs()),
        state: Some(Cow::Borrowed(flow.state.name())),
        reason: Some(Cow::Borrowed(flow.reason.name())),
        count: (flow.count > 1).then_some(flow.count),
        gap: flow.gap.map(|gap| row::Gap {
            mean: Some(finite(gap.mean)),
            cv: Some(finite(gap.cv)),
            ..Default::default()
        }),
        payload: flow.payload.as_ref().map(payload_row),
        app: flow.detail.as_deref().map(detail::row),
        tls_records: detail::records_row(&flow.tls_records),
        ..Default::default()
    });
    row.tunnel = flow.tunnel.as_deref().map(tunnel_row);
    let flags = flow.tcp_flags;
    if flags.to_server | flags.to_client != 0 {
        row.tcp = Some(row::Tcp {
            tcp_flags: Some(hex(&[flags.to_server | flags.to_client])),
            tcp_flags_ts: Some(hex(&[flags.to_server])),
            tcp_flags_tc: Some(hex(&[flags.to_client])),
            ..Default::default()
        });
    }
}

fn payload_row(shape: &body::PayloadShape) -> row::Payload<'static> {
    let first = |head: &body::Head| (!head.bytes().is_empty()).then(|| hex(head.bytes()));
    row::Payload {
        entropy: Some((f64::from(shape.entropy) * 1000.0).round() / 1000.0),
        printable: Some(rounded(shape.printable)),
        first_toserver: first(&shape.first.to_server),
        first_toclient: first(&shape.first.to_client),
        ..Default::default()
    }
}

fn tunnel_row(tunnel: &body::Tunnel) -> row::Tunnel<'_> {
    row::Tunnel {
        kind: text(&tunnel.kind),
        src_ip: tunnel.src,
        dest_ip: tunnel.dest,
        id: tunnel.id,
        depth: Some(tunnel.depth),
        ..Default::default()
    }
}

/// A version number in Suricata's words.
/// Whether a handshake was one of DTLS: by the version chosen, or by the letter of JA4 where nobody answered.
fn over_datagrams(tls: &body::Tls) -> bool {
    tls.version >> 8 == 0xfe || tls.ja4.as_ref().is_some_and(|ja4| ja4.starts_with('d'))
}

fn tls_version(version: u16) -> Option<Cow<'static, str>> {
    Some(match version {
        0 => return None,
        0x0002 => Cow::Borrowed("SSLv2"),
        0x0300 => Cow::Borrowed("SSLv3"),
        0x0301 => Cow::Borrowed("TLS 1.0"),
        0x0302 => Cow::Borrowed("TLS 1.1"),
        0x0303 => Cow::Borrowed("TLS 1.2"),
        0x0304 => Cow::Borrowed("TLS 1.3"),
        0xfeff => Cow::Borrowed("DTLS 1.0"),
        0xfefd => Cow::Borrowed("DTLS 1.2"),
        0xfefc => Cow::Borrowed("DTLS 1.3"),
        other => Cow::Owned(format!("0x{other:04x}")),
    })
}

fn tls_row(tls: &body::Tls) -> row::Tls<'_> {
    let hash = |h: &Option<[u8; 16]>| h.map(|h| row::Hash { hash: Some(hex(&h)), ..Default::default() });
    let certificate = tls.certificate.as_ref();
    row::Tls {
        version: tls_version(tls.version),
        sni: optional(tls.sni.as_ref()),
        client_alpns: texts(&tls.alpn),
        cipher_suite: tls.cipher,
        ja3: hash(&tls.ja3),
        ja3s: hash(&tls.ja3s),
        ja4: optional(tls.ja4.as_ref()),
        client: tls.client.as_deref().and_then(text),
        session_resumed: tls.resumed.then_some(true),
        subject: certificate.and_then(|c| text(&c.subject)),
        issuerdn: certificate.and_then(|c| text(&c.issuer)),
        serial: certificate.filter(|c| !c.serial.is_empty()).map(|c| hex(&c.serial)),
        certificate_sha256: certificate.filter(|c| c.sha256 != [0; 32]).map(|c| hex(&c.sha256)),
        notbefore: certificate.map(|c| Time(c.not_before)),
        notafter: certificate.map(|c| Time(c.not_after)),
        subjectaltname: certificate.and_then(|c| texts(&c.names)),
        self_signed: certificate.map(|c| c.self_signed),
        chain_length: (tls.chain_length > 0).then_some(tls.chain_length),
        certificate_fingerprint: certificate.and_then(|c| text(&c.fingerprint)),
        server_alpns: session::server_alpns(&tls.hellos),
        ech: session::ech(&tls.hellos),
        grease: tls.hellos.grease.then_some(true),
        server_fingerprint: optional(tls.hellos.server_fingerprint.as_ref()),
        alert: session::alert_row(&tls.hellos),
        ..Default::default()
    }
}

fn dns_row(dns: &body::Dns) -> row::Dns<'_> {
    let answers: Vec<_> = dns
        .answers
        .iter()
        .map(|record| row::DnsAnswer {
            rrname: Some(Cow::Borrowed(&record.name)),
            rrtype: Some(record_type(record.record_type)),
            ttl: Some(record.ttl),
            rdata: text(&record.data),
            ..Default::default()
        })
        .collect();
    row::Dns {
        r#type: Some(Cow::Borrowed(if dns.answer { "answer" } else { "query" })),
        id: Some(dns.id),
        rrname: Some(Cow::Borrowed(&dns.name)),
        rrtype: Some(record_type(dns.record_type)),
        rcode: dns.answer.then(|| rcode(dns.rcode)),
        answers: (!answers.is_empty()).then_some(answers),
        ..Default::default()
    }
}

/// Names of the IANA DNS parameters registry; others as RFC 3597 writes them.
pub(super) const RECORD_TYPES: &[(u16, &str)] = &[
    (1, "A"),
    (2, "NS"),
    (5, "CNAME"),
    (6, "SOA"),
    (12, "PTR"),
    (13, "HINFO"),
    (15, "MX"),
    (16, "TXT"),
    (28, "AAAA"),
    (29, "LOC"),
    (33, "SRV"),
    (35, "NAPTR"),
    (39, "DNAME"),
    (41, "OPT"),
    (43, "DS"),
    (44, "SSHFP"),
    (46, "RRSIG"),
    (47, "NSEC"),
    (48, "DNSKEY"),
    (50, "NSEC3"),
    (51, "NSEC3PARAM"),
    (52, "TLSA"),
    (64, "SVCB"),
    (65, "HTTPS"),
    (99, "SPF"),
    (250, "TSIG"),
    (251, "IXFR"),
    (252, "AXFR"),
    (255, "ANY"),
    (256, "URI"),
    (257, "CAA"),
    (10, "NULL"),
];

/// Response codes of RFC 1035 and 2136.
pub(super) const RCODES: &[&str] = &[
    "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH",
    "NOTZONE",
];

fn record_type(number: u16) -> Cow<'static, str> {
    match RECORD_TYPES.iter().find(|(known, _)| *known == number) {
        Some((_, name)) => Cow::Borrowed(name),
        None => Cow::Owned(format!("TYPE{number}")),
    }
}

fn rcode(number: u8) -> Cow<'static, str> {
    RCODES.get(usize::from(number)).map_or_else(|| Cow::Owned(format!("RCODE{number}")), |name| Cow::Borrowed(*name))
}

fn ics_row(ics: &body::Ics) -> row::Ics<'_> {
    row::Ics {
        operation: Some(Cow::Borrowed(ics.operation.name())),
        previous: ics.previous.map(|operation| Cow::Borrowed(operation.name())),
        kind: Some(Cow::Borrowed(ics.kind.name())),
        function: Some(ics.function),
        function_name: text(&ics.function_name),
        unit: ics.unit,
        object: ics.object.as_deref().and_then(text),
        range: ics.range.map(|(first, last)| [first, last]),
        value: ics.value.filter(|v| v.is_finite()).map(Number),
        count: (ics.count > 1).then_some(ics.count),
        ..Default::default()
    }
}

fn host_row(host: &body::Host) -> row::Host<'_> {
    row::Host {
        ip: Some(host.ip),
        window_seconds: Some(host.window_seconds.max(1)),
        flows: Some(host.flows),
        failed: Some(host.failed),
        peers: Some(host.peers),
        new_peers: Some(host.new_peers),
        ports: Some(host.ports),
        names: Some(host.names),
        fingerprints: Some(host.fingerprints),
        bytes_out: Some(host.bytes_out),
        bytes_in: Some(host.bytes_in),
        ..Default::default()
    }
}

fn pair_row(pair: &body::Pair) -> row::Pair<'_> {
    row::Pair {
        connections: Some(pair.connections),
        interval: Some(finite(pair.interval)),
        size: Some(finite(pair.size)),
        duration: Some(finite(pair.duration)),
        ..Default::default()
    }
}

fn asset_row(asset: &body::Asset) -> row::Asset<'_> {
    row::Asset {
        ip: asset.ip,
        mac: asset.mac.map(|mac| Cow::Owned(mac.to_string())),
        hostname: optional(asset.hostname.as_ref()),
        names: texts(&asset.names),
        vendor: optional(asset.vendor.as_ref()),
        model: optional(asset.model.as_ref()),
        firmware: optional(asset.firmware.as_ref()),
        os: optional(asset.os.as_ref()),
        roles: texts(&asset.roles),
        services: texts(&asset.services),
        fingerprints: texts(&asset.fingerprints),
        purdue_level: asset.purdue_level,
        source: text(&asset.source),
        first_seen: asset.first_seen.map(Time),
        last_seen: asset.last_seen.map(Time),
        ..Default::default()
    }
}

fn alert_row(alert: &body::Alert) -> row::Alert<'_> {
    row::Alert {
        kind: text(&alert.kind),
        severity: Some(alert.severity),
        techniques: texts(&alert.techniques),
        reasons: Some(words(&alert.reasons)),
        ..Default::default()
    }
}
