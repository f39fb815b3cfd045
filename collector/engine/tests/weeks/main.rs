//! The engine over generated weeks: silence without a change, the change when there is one, and its laws.

mod away;
mod corpus;
mod cyclic;
mod plant;

use picket_engine::{Config, Deviation, Finding, FindingKind, Memory, PlannedWork, Shape};
use picket_event::{Operation, Protocol, Timestamp, Verdict};
use plant::{at, config, envelopes, host, judge, weeks};
use proptest::prelude::*;
use std::net::{IpAddr, Ipv4Addr};

fn alerts(found: &[Finding]) -> Vec<&Finding> {
    found.iter().filter(|f| f.alert).collect()
}

/// Day 17 is a Thursday: a workstation writes to a controller.
fn writer() -> Vec<picket_event::Event> {
    (0..20).map(|i| plant::ics(at(17, 14, i * 30), host(10, 3), host(101, 1), Operation::Write, 1)).collect()
}

#[test]
fn calm_weeks_stay_within_the_budget() {
    for seed in 1..=5 {
        let (engine, found) = judge(config(), &envelopes(weeks(seed)), 512);
        let wrong = alerts(&found).len();
        assert!(wrong <= 5, "seed {seed}: {wrong} alerts in {} calm days: {:?}", plant::DAYS, alerts(&found));
        assert!(engine.entities().iter().any(|e| e.name == "ws-03" && e.periods > 5.0));
    }
}

#[test]
fn a_new_writer_is_found_and_placed() {
    for seed in 1..=5 {
        let mut events = weeks(seed);
        events.extend(writer());
        let (engine, found) = judge(config(), &envelopes(events), 512);
        let hit = found.iter().find(|f| f.alert && f.entity.contains("ws-03")).expect("an alert on ws-03");
        let cell = &hit.cells[0];
        assert_eq!(cell.time, "workday-14");
        assert!(cell.space.contains("cell") && cell.relation.starts_with("modbus write"), "{cell:?}");
        assert!(hit.reasons[0].contains("modbus write") && hit.risk > 1.0 && hit.risk_unclamped.is_finite());
        let from = Timestamp::from_parts(at(17, 14, 0), 0);
        assert!(hit.time >= from && hit.time <= Timestamp::from_parts(at(17, 15, 0), 0));
        // The first of the ranking is one of the two who took part.
        let top = &engine.entities()[0];
        assert!(hit.entity.contains(&top.name), "{} is not in {}", top.name, hit.entity);
    }
}

#[test]
fn the_same_writer_in_planned_work_is_expected() {
    let mut events = weeks(1);
    events.extend(writer());
    let mut config = config();
    config.sites[0].planned.push(PlannedWork {
        zone: "cell".to_owned(),
        start: Timestamp::from_parts(at(17, 12, 0), 0),
        end: Timestamp::from_parts(at(17, 18, 0), 0),
        what: "controllers are serviced".to_owned(),
    });
    let (_, found) = judge(config, &envelopes(events), 512);
    assert!(!found.iter().any(|f| f.alert && f.entity.contains("ws-03")), "{:?}", alerts(&found));
}

#[test]
fn a_score_is_recomputed_from_its_evidence() {
    let mut events = weeks(2);
    events.extend(writer());
    let (_, found) = judge(config(), &envelopes(events), 512);
    let baseline: Vec<_> = found.iter().filter(|f| f.kind == FindingKind::Baseline).collect();
    assert!(!baseline.is_empty());
    for f in baseline {
        let e = &f.evidence;
        let score: f64 = (0..3).map(|k| e.weights[k] * e.sums[k] / e.usual[k]).sum();
        assert!((score - e.score).abs() <= 1e-9 * score.max(1.0), "{score} is not {}", e.score);
        assert!(!f.alert || e.score >= e.omega * 0.99);
    }
}

#[test]
fn heat_maps_have_their_labels() {
    let (engine, _) = judge(config(), &envelopes(weeks(1)), 512);
    let id = engine.find(plant::SITE, "ws-01").expect("known");
    let detail = engine.entity(id).expect("there");
    for m in &detail.matrices {
        let size = m.rows.len() * m.columns.len();
        assert!(size > 0, "{}", m.name);
        for values in [&m.mean, &m.variance, &m.current, &m.deviation] {
            assert_eq!(values.len(), size);
            assert!(values.iter().all(|v| v.is_finite() && *v >= 0.0));
        }
    }
    assert!(detail.matrices[0].rows.contains(&"workday-09".to_owned()));
    assert!(detail.matrices[2].rows.iter().any(|r| r == "smb"));
    assert!(detail.matrices[2].columns.contains(&"servers".to_owned()));
    let roll = engine.roll_up();
    assert_eq!(roll.last().map(|r| r.name.as_str()), Some("fleet"));
}

#[test]
fn every_shape_deviation_and_memory_runs() {
    let mut events = weeks(3);
    events.extend(writer());
    let events = envelopes(events);
    for shape in [Shape::Three, Shape::Time, Shape::Space, Shape::Relation, Shape::Cube] {
        for deviation in [Deviation::Plain, Deviation::Standardised, Deviation::Predictive] {
            let (_, found) = judge(Config { shape, deviation, ..config() }, &events, 512);
            assert!(found.iter().all(|f| f.evidence.score.is_finite() && f.p_value.is_finite() && f.risk.is_finite()));
        }
    }
    let exact = Config { memory: Memory::Periods(10), ..config() };
    let (_, found) = judge(exact, &events, 512);
    assert!(found.iter().any(|f| f.alert && f.entity.contains("ws-03")));
}

#[test]
fn a_verdict_is_an_alert_at_once() {
    let mut events = weeks(1);
    let server = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 7));
    events.extend((0..300).map(|i| plant::judged(at(18, 11, i), host(10, 5), server, Verdict::Malicious)));
    let (_, found) = judge(config(), &envelopes(events), 64);
    let mine: Vec<_> = found.iter().filter(|f| f.kind == FindingKind::Verdict).collect();
    assert_eq!(mine.iter().filter(|f| f.alert).count(), 1, "one case, one alert");
    assert_eq!(mine[0].time, Timestamp::from_parts(at(18, 11, 0), 0));
    assert!(mine[0].reasons.iter().any(|r| r.contains("self-signed")), "{:?}", mine[0].reasons);
    assert!(mine.len() <= 10, "{} lines for one case", mine.len());
    assert_eq!(mine.last().map(|f| f.count), Some(256));
}

#[test]
fn what_a_sensor_tells_is_an_alert_at_once() {
    let mut events = weeks(1);
    let tell = |second, kind, severity| plant::told(at(18, 11, 0) + second, host(10, 5), host(10, 80), kind, severity);
    events.extend((0..5).map(|i| tell(i * 600, "controller_state", 8)));
    events.push(tell(60, "program_download", 8));
    events.push(plant::told(at(18, 11, 2), host(10, 5), host(10, 81), "controller_state", 8));
    events.push(tell(70, "device_interrogation", 2));
    let (_, found) = judge(config(), &envelopes(events), 64);
    let mine: Vec<_> = found.iter().filter(|f| f.kind == FindingKind::Sensor).collect();
    let cases: std::collections::BTreeSet<_> = mine.iter().map(|f| &f.case).collect();
    assert_eq!((mine.len(), cases.len()), (7, 3), "{cases:?}");
    assert_eq!(mine[0].time, Timestamp::from_parts(at(18, 11, 0), 0));
    assert_eq!(mine[0].label(), "sensor/controller_state");
    assert!(mine[0].alert && mine[0].techniques == ["T0858"] && mine[0].entity.contains(" > "), "{:?}", mine[0]);
    assert!(mine[0].reasons.iter().any(|r| r.contains("started or stopped")));
    let without = Config { alerts: false, ..config() };
    let mut events = weeks(1);
    events.push(tell(0, "controller_state", 8));
    let (_, found) = judge(without, &envelopes(events), 64);
    assert!(found.iter().all(|f| f.kind != FindingKind::Sensor));
}

#[test]
fn silence_of_a_sensor_is_one_finding() {
    let events = weeks(1).into_iter().filter(|e| {
        let s = e.time.seconds();
        s < at(16, 9, 0) || s > at(16, 15, 0)
    });
    let (_, found) = judge(config(), &envelopes(events.collect()), 512);
    let silent: Vec<_> = found.iter().filter(|f| f.kind == FindingKind::Silence).collect();
    assert_eq!(silent.len(), 1, "{silent:?}");
    assert_eq!(silent[0].entity, "north-1");
    let behind = found
        .iter()
        .filter(|f| f.alert && f.kind == FindingKind::Baseline && f.time.seconds() / 86_400 == at(16, 0, 0) / 86_400);
    assert_eq!(behind.count(), 0, "hosts behind a silent sensor are not missing");
}

#[test]
fn recorded_weeks_can_be_sent_today() {
    let mut events = weeks(1);
    events.extend(writer());
    let events = envelopes(events);
    let mut engine = picket_engine::Engine::new(config());
    let mut out = picket_engine::Findings::new();
    let mut now = at(260, 0, 0);
    for part in events.chunks(500) {
        now += 1;
        engine.advance(Timestamp::from_parts(now, 0), &mut out);
        engine.apply(part, &mut out);
    }
    assert_eq!(engine.counters().late, 0);
    assert!(out.as_slice().iter().any(|f| f.alert && f.entity.contains("ws-03")));
    // A day without a word: the sensor is missed, and the open day ends.
    out.take();
    engine.advance(Timestamp::from_parts(now + 86_400, 0), &mut out);
    let silent: Vec<_> = out.as_slice().iter().filter(|f| f.kind == FindingKind::Silence).collect();
    assert_eq!(silent.len(), 1);
}

/// F43, scaled: spoofed sources do not cost anybody's baseline.
#[test]
fn a_flood_of_addresses_keeps_baselines() {
    let mut events = weeks(4);
    for i in 0..60_000u32 {
        let spoofed = IpAddr::V4(Ipv4Addr::from(0x0a20_0000 + i));
        for k in 0..3 {
            events.push(plant::flow(at(15, 3, i64::from(i / 20) + k), spoofed, host(20, 2), &Protocol::SMB, true));
        }
    }
    events.extend(writer());
    let mut config = config();
    config.caps.entities = 500;
    config.caps.candidates = 500;
    let (engine, found) = judge(config, &envelopes(events), 512);
    assert!(engine.entities().len() <= 500);
    assert!(engine.counters().entities_evicted > 0, "{:?}", engine.counters());
    let station = engine.entities().into_iter().find(|e| e.name == "ws-03").expect("ws-03 is still there");
    assert!(station.periods > 5.0);
    assert!(found.iter().any(|f| f.alert && f.entity.contains("ws-03")));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// The same events in any batches give the same findings and the same ranking.
    #[test]
    fn batches_do_not_matter(seed in 0u64..1000, batch in 1usize..3000) {
        let mut events = weeks(seed);
        events.extend(writer());
        let events = envelopes(events);
        let (one, found) = judge(config(), &events, 512);
        let (other, again) = judge(config(), &events, batch);
        prop_assert_eq!(found, again);
        prop_assert_eq!(one.entities(), other.entities());
        prop_assert_eq!(one.counters(), other.counters());
    }

    /// Events that overtake each other by less than the lateness give the same findings.
    #[test]
    fn order_within_the_lateness_does_not_matter(seed in 0u64..1000, jitter in 1u64..280) {
        let mut events = weeks(seed);
        events.extend(writer());
        let events = envelopes(events);
        let mut dice = plant::Dice(seed);
        let mut late: Vec<(i64, usize)> = Vec::new();
        for (at, e) in events.iter().enumerate() {
            late.push((e.event.time.seconds() + dice.below(jitter) as i64, at));
        }
        late.sort_unstable();
        let shuffled: Vec<_> = late.iter().map(|(_, at)| events[*at].clone()).collect();
        let (_, found) = judge(config(), &events, 512);
        let (_, again) = judge(config(), &shuffled, 512);
        prop_assert_eq!(found, again);
    }
}

/// The same sensor, and another of the site that reports these events.
fn with_another(events: Vec<picket_event::Event>, other: Vec<picket_event::Event>) -> Vec<picket_event::Envelope> {
    let mut all = envelopes(events);
    let mut others = envelopes(other);
    others.iter_mut().for_each(|envelope| envelope.agent = picket_event::AgentId::new("south-1"));
    all.extend(others);
    all.sort_by_key(|envelope| envelope.event.time);
    all
}

fn conduct(found: &[Finding]) -> Vec<&Finding> {
    found.iter().filter(|f| f.kind == FindingKind::Conduct).collect()
}

/// Every machine has its own sensor, and each day two that never did before ask one server: its sensor is not told of every day.
#[test]
fn a_server_whose_sensor_meets_others_hosts_every_day_is_told_of_at_first() {
    let asks = |n: u8, server, time| plant::flow(time, host(60, n), host(20, server), &Protocol::TLS, true);
    let of = |n: u8| {
        // Its own server each hour, and from a day of its own on the other one.
        let usual = (0..20 * 24).map(move |turn| asks(n, 2, at(turn / 24, turn % 24, i64::from(n) * 10)));
        let new = (5 + i64::from(n) / 2..20).map(move |day| asks(n, 1, at(day, 9, 40 + i64::from(n) * 10)));
        (usual.collect::<Vec<_>>(), new.collect::<Vec<_>>())
    };
    let mut all = envelopes(weeks(1));
    let mut report = |agent: String, events| {
        let mut told = envelopes(events);
        told.iter_mut().for_each(|envelope| envelope.agent = picket_event::AgentId::new(&agent));
        all.extend(told);
    };
    for n in 0..28 {
        let (usual, new) = of(n);
        report(format!("host-{n}"), usual.into_iter().chain(new.clone()).collect());
        report("server-1".to_owned(), new);
    }
    all.sort_by_key(|envelope| envelope.event.time);
    let (_, found) = judge(config(), &all, 512);
    let told: Vec<_> = conduct(&found).into_iter().filter(|f| f.entity == "server-1").collect();
    assert!((1..=3).contains(&told.len()), "{told:?}");
}

/// An agent that reports a hundred times its usual volume is told once, and nobody learns from that day.
#[test]
fn f64_a_sensor_that_reports_far_too_much_is_capped_and_told() {
    let (calm, found) = judge(config(), &envelopes(weeks(1)), 512);
    assert_eq!((calm.counters().excess, conduct(&found).len()), (0, 0), "nothing in calm weeks: {:?}", conduct(&found));
    // Twenty rows an hour, and in one hour of the eighteenth day 30,000 in the name of others' hosts.
    let few = (0..20 * 24 * 20)
        .map(|i| plant::flow(at(i / 480, (i % 480) / 20, i % 20 * 60), host(30, 1), host(20, 1), &Protocol::TLS, true));
    let flood = (0..30_000u32).map(|i| {
        plant::flow(at(17, 14, i64::from(i % 3_600)), host(10, 1 + (i % 8) as u8), host(20, 1), &Protocol::TLS, true)
    });
    let other: Vec<_> = few.chain(flood).collect();
    let (engine, found) = judge(config(), &with_another(weeks(1), other), 512);
    let volume: Vec<_> = conduct(&found).into_iter().filter(|f| f.reasons[0].contains("100 times")).collect();
    assert_eq!(volume.len(), 1, "{volume:?}");
    assert!(volume[0].alert && volume[0].entity == "south-1", "{:?}", volume[0]);
    let excess = engine.counters().excess;
    assert!((20_000..30_000).contains(&excess), "{excess} rows are beyond");
    let periods = |engine: &picket_engine::Engine| {
        engine.entities().into_iter().find(|e| e.name == "ws-03").map(|e| e.periods).unwrap()
    };
    assert!(periods(&engine) < periods(&calm) - 0.4, "{} of {} days are learnt", periods(&engine), periods(&calm));
}

/// An agent that reports hosts which for weeks others alone have seen is told, and says which.
#[test]
fn f64_a_sensor_that_reports_others_hosts_is_told() {
    let own = (0..20 * 24).map(|i| plant::flow(at(i / 24, i % 24, 0), host(30, 1), host(20, 1), &Protocol::TLS, true));
    let made_up = (0..10).map(|i| plant::flow(at(17, 14, i * 30), host(10, 3), host(20, 1), &Protocol::TLS, true));
    let (_, found) = judge(config(), &with_another(weeks(1), own.chain(made_up).collect()), 512);
    let told = conduct(&found);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(!told[0].alert && told[0].entity == "south-1", "{:?}", told[0]);
    assert!(told[0].reasons[0].contains("ws-03, which until now north-1 alone saw"), "{:?}", told[0].reasons);
}
