//! Prometheus text over HTTP, on loopback by default.

use crate::status::Snapshot;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// Nobody is waited for longer than this.
const PATIENCE: Duration = Duration::from_secs(2);
/// Bytes of a request's head at most.
const REQUEST_MAX: usize = 8 * 1024;

/// Serves `/metrics` on a thread; gives the address it has.
///
/// # Errors
/// When the port is taken or the thread refused.
pub fn serve(listen: SocketAddr, snapshot: impl Fn() -> Snapshot + Send + 'static) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(listen)?;
    let address = listener.local_addr()?;
    std::thread::Builder::new().name("metrics".to_owned()).spawn(move || {
        for mut stream in listener.incoming().flatten() {
            // One asker at a time, each for a moment only.
            let _ = answer(&mut stream, &snapshot);
        }
    })?;
    Ok(address)
}

fn answer(stream: &mut TcpStream, snapshot: &impl Fn() -> Snapshot) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut head = Vec::new();
    let mut piece = [0u8; 1024];
    while head.len() < REQUEST_MAX && !head.windows(4).any(|four| four == b"\r\n\r\n") {
        let count = stream.read(&mut piece)?;
        if count == 0 {
            break;
        }
        head.extend_from_slice(piece.get(..count).unwrap_or_default());
    }
    let (status, body) = match head.get(..13) {
        Some(b"GET /metrics " | b"GET /metrics?") => ("200 OK", text(&snapshot())),
        _ if head.starts_with(b"GET ") => ("404 Not Found", "the metrics are at /metrics\n".to_owned()),
        _ => ("405 Method Not Allowed", "only GET is answered\n".to_owned()),
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

type Label = [(&'static str, String); 1];

/// The metrics of a snapshot as OpenMetrics text.
#[must_use]
pub fn text(snapshot: &Snapshot) -> String {
    let mut registry = Registry::with_prefix("picket_agent");
    let number = |name: &str| snapshot.ledger.get(name).and_then(serde_json::Value::as_u64).unwrap_or(0);
    for (name, help) in LEDGER {
        registry.register(*name, *help, counter(number(name)));
    }
    registry.register_with_unit("sent", "Sent to the collector", Unit::Bytes, counter(number("wire_bytes")));
    registry.register("flows_open", "Conversations open now", gauge(number("flows_open")));
    registry.register("events_spooled", "Events waiting for the collector", gauge(number("events_spooled")));
    registry.register_with_unit("uptime", "Since the start", Unit::Seconds, gauge(snapshot.uptime_seconds));
    for (name, label, help) in MAPS {
        let map: BTreeMap<String, u64> =
            snapshot.ledger.get(name).and_then(|v| serde_json::from_value(v.clone()).ok()).unwrap_or_default();
        registry.register(*name, *help, family(label, &map));
    }
    registry.register("flows_by_protocol", "Conversations that ended", family("protocol", &snapshot.protocols));
    registry.register("events_by_kind", "Events made", family("kind", &snapshot.kinds));
    registry.register("flows_by_verdict", "Conversations judged", family("verdict", &snapshot.verdicts));
    if let Some(uplink) = &snapshot.uplink {
        registry.register("connected", "1 while the collector answers", gauge(u64::from(uplink.connected)));
        registry.register_with_unit("spool", "Spool on disk", Unit::Bytes, gauge(uplink.spool_bytes));
    }
    let mut out = String::new();
    if encode(&mut out, &registry).is_err() {
        out.clear();
    }
    out
}

/// Counters of the ledger by their name there.
const LEDGER: &[(&str, &str)] = &[
    ("frames", "Frames received"),
    ("decoded", "Frames whose headers were read"),
    ("kernel_drops", "Frames the kernel dropped"),
    ("interface_drops", "Frames the interface dropped"),
    ("own_traffic", "Frames of the agent's own, left out"),
    ("flows_opened", "Conversations opened"),
    ("flows_closed", "Conversations closed"),
    ("flows_evicted", "Conversations closed because their place was needed"),
    ("flows_refused", "Packets that found no place for a conversation"),
    ("events", "Events made"),
    ("events_acknowledged", "Events the collector has acknowledged"),
];

/// Counters by name of the ledger, with the label that carries the name.
const MAPS: &[(&str, &str, &str)] = &[
    ("undecodable", "reason", "Frames whose headers were not read"),
    ("unread_bytes", "reason", "Bytes that were not read"),
    ("capped", "name", "Tables and buffers that reached their cap"),
    ("malformed", "protocol", "Malformed application messages"),
    ("abstained", "classifier", "Classifiers that abstained"),
    ("events_lost", "reason", "Events lost"),
];

fn counter(value: u64) -> Counter {
    let counter = Counter::default();
    counter.inc_by(value);
    counter
}

fn gauge(value: u64) -> Gauge {
    let gauge = Gauge::default();
    gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
    gauge
}

fn family(label: &'static str, map: &BTreeMap<String, u64>) -> Family<Label, Counter> {
    let family = Family::<Label, Counter>::default();
    for (name, count) in map {
        family.get_or_create(&[(label, name.clone())]).inc_by(*count);
    }
    family
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(address: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn metrics_are_served_and_nothing_else() {
        let mut snapshot = Snapshot { uptime_seconds: 7, ..Snapshot::default() };
        snapshot.ledger = serde_json::json!({"frames": 12, "undecodable": {"link_type": 3}});
        snapshot.protocols.insert("odd\"name\n".into(), 1);
        let address = serve(SocketAddr::from(([127, 0, 0, 1], 0)), move || snapshot.clone()).unwrap();
        let answer = get(address, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
        for line in [
            "HTTP/1.1 200 OK",
            "picket_agent_frames_total 12",
            "picket_agent_undecodable_total{reason=\"link_type\"} 3",
            "picket_agent_uptime_seconds 7",
            "picket_agent_flows_by_protocol_total{protocol=\"odd\\\"name\\n\"} 1",
        ] {
            assert!(answer.contains(line), "{line} is not in\n{answer}");
        }
        assert!(get(address, "GET / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404"));
        assert!(get(address, "POST /metrics HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 405"));
        let taken = serve(address, Snapshot::default).unwrap_err();
        assert_eq!(taken.kind(), io::ErrorKind::AddrInUse);
    }
}
