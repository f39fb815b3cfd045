//! JA3, JA3S, JA4 and server names of published captures, through the sensor.

use picket_event::body::{Quic, Tls};
use picket_event::{Body, Endpoints};
use picket_tests::golden::events;
use picket_tests::make::{Capture, Host, udp};
use picket_tests::place::shared;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;

type Ends = (IpAddr, u16, IpAddr, u16);

/// The handshakes of a capture by the ends of their flows, over TCP or QUIC.
fn handshakes(path: &Path) -> BTreeMap<Ends, Tls> {
    let mut found = BTreeMap::new();
    for event in events(path) {
        let tls = match event.body {
            Body::Tls(tls) => *tls,
            Body::Quic(quic) => {
                let Quic { sni, ja3, ja3s, ja4, .. } = *quic;
                Tls { sni, ja3, ja3s, ja4, ..Tls::default() }
            }
            _ => continue,
        };
        if let Some(flow) = event.flow
            && let Endpoints::Ip { src, src_port, dest, dest_port, .. } = flow.endpoints
        {
            found.entry((src, src_port, dest, dest_port)).or_insert(tls);
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

/// Holds what is said of captures against their published values, those whose JA4 begins with this letter.
/// Answers how many were checked and how many of them lie in tunnels.
fn check(shared: &Path, letter: char) -> (usize, usize) {
    let text = std::fs::read_to_string(shared.join("vectors/fingerprints.json")).unwrap();
    let vectors: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut captures: BTreeMap<String, BTreeMap<Ends, Tls>> = BTreeMap::new();
    let (mut checked, mut tunnelled, mut problems) = (0, 0, Vec::new());
    for section in ["captures", "captures_more", "synthetic"] {
        for vector in vectors[section].as_array().unwrap() {
            if !vector["ja4"].as_str().is_some_and(|ja4| ja4.starts_with(letter)) {
                continue;
            }
            if vector["note"].as_str().is_some_and(|note| note.contains("inside a proxy tunnel")) {
                tunnelled += 1;
            }
            let name = vector["pcap"].as_str().unwrap();
            let handshakes =
                captures.entry(name.to_owned()).or_insert_with(|| handshakes(&shared.join("vectors").join(name)));
            problems.extend(problem(vector, handshakes));
            checked += 1;
        }
    }
    assert!(problems.is_empty(), "{} of {checked}:\n{}", problems.len(), problems.join("\n"));
    (checked, tunnelled)
}

/// Every published value of a handshake over TCP, four of them inside SOCKS and HTTP CONNECT.
#[test]
fn published_fingerprints_over_tcp() {
    let Some(shared) = shared("published_fingerprints_over_tcp") else { return };
    let (checked, tunnelled) = check(&shared, 't');
    assert!(checked >= 80 && tunnelled == 4, "{checked} checked, {tunnelled} in tunnels");
}

/// Every published value of a handshake over QUIC: versions 1, 2 and draft 29, hellos in up to three packets
/// and fifteen frames, and one behind a Retry.
#[test]
fn published_fingerprints_over_quic() {
    let Some(shared) = shared("published_fingerprints_over_quic") else { return };
    let (checked, _) = check(&shared, 'q');
    assert!(checked >= 29, "{checked} checked");
}

fn unhex(value: &serde_json::Value) -> Vec<u8> {
    let digits: Vec<u32> = value.as_str().unwrap().chars().filter_map(|c| c.to_digit(16)).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
}

/// The packets of RFC 9001 appendix A and RFC 9369 appendix A: the client's, then the server's.
#[test]
fn published_quic_packets_give_both_hellos() {
    let Some(shared) = shared("published_quic_packets_give_both_hellos") else { return };
    let text = std::fs::read_to_string(shared.join("vectors/quic_initial.json")).unwrap();
    let vectors: serde_json::Value = serde_json::from_str(&text).unwrap();
    for version in ["v1", "v2"] {
        let vector = &vectors[version];
        let (client, server) = (Host::new(1, "192.0.2.1"), Host::new(2, "192.0.2.2"));
        let mut capture = Capture::default();
        udp(&mut capture, 1_000_000, (&client, 50_000), (&server, 443), &unhex(&vector["client"]["protected"]));
        udp(&mut capture, 2_000_000, (&server, 443), (&client, 50_000), &unhex(&vector["server"]["protected"]));
        let work = tempfile::tempdir().unwrap();
        let path = work.path().join("packets.pcap");
        capture.write(&path).unwrap();
        let said = events(&path);
        let quic = said.iter().find_map(|event| if let Body::Quic(quic) = &event.body { Some(quic) } else { None });
        let quic = quic.unwrap_or_else(|| panic!("no event for the packets of {version}"));
        let hello = &vector["client_hello"];
        assert_eq!(quic.sni.as_deref(), hello["sni"].as_str());
        assert_eq!(hex(quic.ja3).as_deref(), hello["ja3"].as_str());
        assert_eq!(quic.ja4.as_deref(), hello["ja4"].as_str());
        assert_eq!((quic.cipher, quic.ja3s.is_some()), (Some(0x1301), true), "{version}");
    }
}
