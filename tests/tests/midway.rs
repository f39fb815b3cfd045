//! Conversations of real stacks that are joined midway, at every packet: what is said of the rest contradicts nothing that
//! the whole says.

use crate::ics_stacks::STACKS;
use picket_agent::capture::{FileSource, Filled, FrameBatch, FrameSource};
use picket_event::{Body, Endpoints, MessageKind, Operation};
use picket_packet::{Upper, decode};
use picket_tests::golden::events;
use picket_tests::make::Capture;
use picket_tests::place::repository;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;

/// Packets with a payload that are enough to know a protocol by, where both ends sent some.
const ENOUGH: usize = 8;

/// What the line says of a capture.
#[derive(Debug, Default)]
struct Says {
    /// Names of flows, each with the server's end.
    flows: Vec<(String, (IpAddr, u16))>,
    /// Operations, anomalies and alerts.
    counts: BTreeMap<String, u32>,
    /// Messages that need no other to be understood: requests and reports.
    asked: u32,
}

fn says(file: &Path) -> Says {
    let mut says = Says::default();
    for event in events(file) {
        let (key, count) = match &event.body {
            Body::Flow(flow) => {
                let Some(Endpoints::Ip { dest, dest_port, .. }) = event.flow.map(|flow| flow.endpoints) else {
                    panic!("a flow below IP: {flow:?}");
                };
                says.flows.push((flow.app.protocol.name().to_owned(), (dest, dest_port)));
                continue;
            }
            Body::Ics(ics) => {
                let asks = matches!(ics.kind, MessageKind::Request | MessageKind::Unsolicited);
                says.asked += if asks { ics.count } else { 0 };
                let kind = if ics.kind == MessageKind::Exception { MessageKind::Response } else { ics.kind };
                // An answer alone does not say to what.
                if (ics.operation, kind) == (Operation::Other, MessageKind::Response) {
                    continue;
                }
                (format!("{}/{kind} of {}", ics.operation, ics.protocol.name()), ics.count)
            }
            Body::Anomaly(anomaly) => (format!("anomaly {}", anomaly.kind), 1),
            Body::Alert(alert) => (format!("alert {}", alert.kind), 1),
            _ => continue,
        };
        *says.counts.entry(key).or_default() += count;
    }
    says
}

/// Time and bytes of every frame, and the source port of those with a payload.
fn frames(file: &Path) -> Vec<(i64, Vec<u8>, Option<u16>)> {
    let mut source = FileSource::open(file).unwrap();
    let (mut batch, mut all) = (FrameBatch::new(), Vec::new());
    while let Ok(Filled::Frames) = source.fill(&mut batch) {
        for frame in batch.frames() {
            let packet = frame.packet();
            let decoded = decode(&packet);
            let port = match decoded.upper {
                Some(Upper::Tcp(tcp)) => Some(tcp.src_port),
                Some(Upper::Udp { src_port, .. }) => Some(src_port),
                _ => None,
            };
            all.push((frame.time.nanos(), frame.bytes.to_vec(), port.filter(|_| !decoded.payload.is_empty())));
        }
    }
    all
}

/// What a part of a capture says that the whole contradicts.
fn contradictions(name: &str, whole: &Says, rest: &Says, enough: bool) -> Vec<String> {
    let mut found = Vec::new();
    let server = whole.flows[0].1;
    for (named, end) in &rest.flows {
        if named != name && (enough || named != "unknown") {
            found.push(format!("named {named}"));
        }
        if named == name && *end != server {
            found.push(format!("server {end:?}"));
        }
    }
    for (what, count) in &rest.counts {
        let most = whole.counts.get(what).copied().unwrap_or(0);
        if *count > most {
            found.push(format!("{what}: {count}, of the whole {most}"));
        }
    }
    found
}

/// What is said of some frames, and whether they are enough to be named.
fn part(frames: &[(i64, Vec<u8>, Option<u16>)], file: &Path) -> (Says, bool) {
    let mut capture = Capture::default();
    frames.iter().for_each(|(time, bytes, _)| capture.push(*time, bytes.clone()));
    capture.write(file).unwrap();
    let ports: Vec<u16> = frames.iter().filter_map(|(_, _, port)| *port).collect();
    (says(file), ports.len() >= ENOUGH && ports.iter().any(|port| *port != ports[0]))
}

#[test]
fn what_is_joined_midway_contradicts_nothing_of_the_whole() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("part.pcap");
    let mut found = Vec::new();
    for (protocol, _, golden) in STACKS {
        let whole = repository().join("common/dissect/src").join(golden);
        let frames = frames(&whole);
        let whole = says(&whole);
        assert_eq!(whole.flows.len(), 1, "{golden}");
        for cut in 1..frames.len() {
            let ((head, named), (rest, enough)) = (part(&frames[..cut], &file), part(&frames[cut..], &file));
            let mut said = contradictions(protocol.name(), &whole, &rest, enough);
            // A message through which the cut goes is told by neither.
            if named && enough && !(whole.asked - 1..=whole.asked).contains(&(head.asked + rest.asked)) {
                said.push(format!("{} and {} asked, of the whole {}", head.asked, rest.asked, whole.asked));
            }
            found.extend(said.into_iter().map(|said| format!("{golden} from packet {cut}: {said}")));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}
