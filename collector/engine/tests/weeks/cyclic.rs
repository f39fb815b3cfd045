//! Machines that poll day and night, weekends like working days, and sensors that replay files.

use crate::plant::{at, envelopes, host, ics, judge};
use picket_engine::{Config, Finding, FindingKind, SiteConfig, Zone};
use picket_event::{Event, Operation, Source};

/// A site that is only a plant.
fn config() -> Config {
    let zone = |name: &str, number: u8, level: u8| Zone {
        name: name.to_owned(),
        network: host(number, 0),
        prefix: 24,
        level: Some(level),
    };
    let zones = vec![zone("office", 10, 4), zone("control", 100, 2), zone("cell", 101, 1)];
    Config { sites: vec![SiteConfig { zones, ..SiteConfig::named(crate::plant::SITE) }], ..Config::default() }
}

/// Three weeks and two days of 18 reads an hour; the first row is a merged one, whose middle lies on the Sunday before.
fn polls() -> Vec<Event> {
    let mut events = vec![ics(at(0, 0, 20), host(100, 1), host(101, 1), Operation::Read, 3)];
    for hour in 0..23 * 24 {
        for turn in 0..18i64 {
            let controller = 1 + (turn % 3) as u8;
            events.push(ics(at(0, hour, 30 + turn * 190), host(100, 1), host(101, controller), Operation::Read, 1));
        }
    }
    events
}

/// An office host writes at night, on a day.
fn night_writer(day: i64) -> Vec<Event> {
    (0..30).map(|i| ics(at(day, 3, 720 + i * 2), host(10, 23), host(101, 2), Operation::Write, 1)).collect()
}

fn baseline(found: &[Finding]) -> Vec<&Finding> {
    found.iter().filter(|f| f.kind == FindingKind::Baseline).collect()
}

#[test]
fn weekends_of_a_cyclic_plant_are_like_its_working_days() {
    let (_, found) = judge(config(), &envelopes(polls()), 512);
    assert!(baseline(&found).is_empty(), "{:?}", baseline(&found));
}

#[test]
fn a_change_in_a_cyclic_plant_is_found_on_any_day() {
    // A working day, a Saturday of the second week and a Sunday of the third.
    for day in [16, 12, 20] {
        let mut events = polls();
        events.extend(night_writer(day));
        let (_, found) = judge(config(), &envelopes(events), 512);
        let alerts: Vec<_> = baseline(&found).into_iter().filter(|f| f.alert).collect();
        assert_eq!(alerts.len(), 1, "day {day}: {alerts:?}");
        let lowest = baseline(&found).into_iter().min_by(|a, b| a.p_value.total_cmp(&b.p_value)).expect("a finding");
        assert!(lowest.alert, "day {day}: the alert is not the first of the ranking");
        assert!(lowest.entity.contains("10.0.10.23") || lowest.entity.contains("10.0.101.2"), "{}", lowest.entity);
        assert!(lowest.cells[0].time.ends_with("-03") && lowest.cells[0].relation.starts_with("modbus write"));
    }
}

/// Many more reads on a Saturday than any day had.
#[test]
fn a_burst_of_reads_on_a_weekend_is_found() {
    let mut events = polls();
    for i in 0..1500 {
        events.push(ics(at(19, 9, i * 2), host(100, 1), host(101, 1), Operation::Read, 1));
    }
    let (_, found) = judge(config(), &envelopes(events), 512);
    let hit = baseline(&found).into_iter().find(|f| f.alert).expect("an alert");
    assert!(hit.cells[0].time.starts_with("weekend"), "{:?}", hit.cells);
}

fn silences(source: &Source) -> usize {
    let mut events = polls();
    events.retain(|e| e.time.seconds() < at(15, 9, 0) || e.time.seconds() > at(15, 15, 0));
    // A capture of another year follows.
    events.push(ics(at(250, 9, 0), host(100, 1), host(101, 1), Operation::Read, 1));
    for event in &mut events {
        event.source = source.clone();
    }
    let (_, found) = judge(config(), &envelopes(events), 512);
    found.iter().filter(|f| f.kind == FindingKind::Silence).count()
}

#[test]
fn files_have_no_liveness() {
    assert_eq!(silences(&Source::File("weeks.pcap".into())), 0);
    assert!(silences(&Source::interface("eth0")) >= 1);
    assert!(silences(&Source::Agent) >= 1);
}

#[test]
fn the_ledger_of_a_replay_is_no_liveness() {
    let mut events = polls();
    for (at, event) in events.iter_mut().enumerate() {
        event.source = if at % 2 == 0 { Source::File("weeks.pcap".into()) } else { Source::Agent };
    }
    events.retain(|e| e.time.seconds() < at(15, 9, 0) || e.time.seconds() > at(15, 15, 0));
    let (_, found) = judge(config(), &envelopes(events), 512);
    assert_eq!(found.iter().filter(|f| f.kind == FindingKind::Silence).count(), 0);
}
