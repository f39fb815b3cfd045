//! JA3, JA3S, JA4 and server names of published captures, through the sensor.

use picket_event::body::Tls;
use picket_event::{Body, Endpoints};
use picket_tests::golden::events;
use picket_tests::place::shared;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;

type Ends = (IpAddr, u16, IpAddr, u16);

/// The handshakes of a capture by the ends of their flows.
fn handshakes(path: &Path) -> BTreeMap<Ends, Tls> {
    let mut found = BTreeMap::new();
    for event in events(path) {
        if let (Body::Tls(tls), Some(flow)) = (event.body, event.flow)
            && let Endpoints::Ip { src, src_port, dest, dest_port, .. } = flow.endpoints
        {
            found.entry((src, src_port, dest, dest_port)).or_insert(*tls);
        }
    }
    found
}

fn hex(bytes: Option<[u8; 16]>) -> Option<String> {
    Some(bytes?.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn problem(vector: &serde_json::Value, handshakes: &BTreeMap<Ends, Tls>) -> Option<String> {
    let text = |name: &str| vector[name].as_str().map(str::to_owned);
    let address = |name: &str| text(name).and_then(|ip| ip.parse::<IpAddr>().ok());
    let port = |name: &str| u16::try_from(vector[name].as_u64().unwrap_or(0)).unwrap_or(0);
    let ends = (address("src")?, port("sport"), address("dst")?, port("dport"));
    let name = format!("{} {ends:?}", vector["pcap"]);
    let Some(tls) = handshakes.get(&ends) else { return Some(format!("{name}: no handshake")) };
    let pairs = [("ja3", hex(tls.ja3)), ("ja3s", hex(tls.ja3s)), ("ja4", tls.ja4.clone()), ("sni", tls.sni.clone())];
    let wrong: Vec<String> = pairs
        .into_iter()
        .filter(|(field, said)| text(field).is_some_and(|wanted| Some(&wanted) != said.as_ref()))
        .map(|(field, said)| format!("{name}: {field} is {said:?}, {} is published", vector[field]))
        .collect();
    (!wrong.is_empty()).then(|| wrong.join("\n"))
}

/// Every published value of a handshake over TCP. Hellos inside SOCKS and HTTP CONNECT are not unwrapped.
#[test]
fn published_fingerprints_over_tcp() {
    let Some(shared) = shared("published_fingerprints_over_tcp") else { return };
    let text = std::fs::read_to_string(shared.join("vectors/fingerprints.json")).unwrap();
    let vectors: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut captures: BTreeMap<String, BTreeMap<Ends, Tls>> = BTreeMap::new();
    let (mut checked, mut tunnelled, mut problems) = (0, 0, Vec::new());
    for section in ["captures", "captures_more", "synthetic"] {
        for vector in vectors[section].as_array().unwrap() {
            if !vector["ja4"].as_str().is_some_and(|ja4| ja4.starts_with('t')) {
                continue;
            }
            if vector["note"].as_str().is_some_and(|note| note.contains("inside a proxy tunnel")) {
                tunnelled += 1;
                continue;
            }
            let name = vector["pcap"].as_str().unwrap();
            let handshakes =
                captures.entry(name.to_owned()).or_insert_with(|| handshakes(&shared.join("vectors").join(name)));
            problems.extend(problem(vector, handshakes));
            checked += 1;
        }
    }
    assert!(problems.is_empty(), "{} of {checked}:\n{}", problems.len(), problems.join("\n"));
    assert!(checked >= 80 && tunnelled <= 4, "{checked} checked, {tunnelled} in tunnels");
}
