//! Community ids as published: corelight/community-id-spec, `baseline/` and `pcaps/`.

use picket_agent::capture::{FileSource, Filled, FrameBatch, FrameSource};
use picket_agent::sensor::{Sensor, Settings};
use picket_event::{Endpoints, Event, Kind, Transport, community_id};
use picket_tests::golden::{events, lines};
use picket_tests::place::shared;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

fn vectors(shared: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(shared.join("vectors/community_id.json")).unwrap()).unwrap()
}

#[test]
fn community_ids_of_tuples_are_the_published_ones() {
    let Some(shared) = shared("community_ids_of_tuples_are_the_published_ones") else { return };
    let vectors = vectors(&shared);
    let tuples = vectors["vectors"].as_array().unwrap();
    assert_eq!(tuples.len(), 46);
    for tuple in tuples {
        let number = |name: &str| tuple[name].as_u64().unwrap_or(0);
        let address = |name: &str| tuple[name].as_str().unwrap().parse().unwrap();
        let endpoints = Endpoints::Ip {
            src: address("saddr"),
            src_port: number("sport") as u16,
            dest: address("daddr"),
            dest_port: number("dport") as u16,
            transport: Transport(number("proto") as u8),
        };
        let id = community_id(&endpoints, number("seed") as u16);
        assert_eq!(id.as_deref(), tuple["communityid"].as_str(), "{tuple}");
    }
}

/// The ids in EVE lines.
fn ids(events: &[Event]) -> BTreeSet<String> {
    lines(events)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).unwrap()["community_id"].as_str().map(str::to_owned))
        .collect()
}

/// Every frame alone through the sensor, and the whole capture.
#[test]
fn community_ids_of_captures_are_the_published_ones() {
    let Some(shared) = shared("community_ids_of_captures_are_the_published_ones") else { return };
    let vectors = vectors(&shared);
    let captures = vectors["per_frame"].as_object().unwrap();
    assert_eq!(captures.len(), 8);
    for (name, expected) in captures {
        let path = shared.join("vectors").join(name);
        let expected: Vec<Option<&str>> = expected.as_array().unwrap().iter().map(Value::as_str).collect();
        let mut seen = Vec::new();
        let (mut source, mut batch) = (FileSource::open(&path).unwrap(), FrameBatch::new());
        while let Filled::Frames = source.fill(&mut batch).unwrap() {
            for frame in batch.frames() {
                let mut sensor = Sensor::new(&Settings::file("frame.pcap"));
                let mut events: Vec<Event> = Vec::new();
                sensor.frame(frame.packet(), &mut events);
                sensor.finish(&mut events);
                events.retain(|event| event.kind() == Kind::Flow);
                assert_eq!(events.len(), 1, "{name}: one row for one frame");
                seen.push(ids(&events).pop_first());
            }
        }
        assert_eq!(seen.iter().map(Option::as_deref).collect::<Vec<_>>(), expected, "{name}");
        let all: BTreeSet<String> = expected.iter().flatten().map(|id| (*id).to_owned()).collect();
        assert_eq!(ids(&events(&path)), all, "{name}");
    }
}
