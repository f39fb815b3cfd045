//! F13: a sensor that was away for days sends what it saw then.

use crate::plant::{self, at, config, host, judge};
use picket_engine::{Config, Engine, EntityDetail, Finding};
use picket_event::{AgentId, Envelope, Event, Operation, Protocol, Site, Timestamp};
use proptest::prelude::*;

/// Days of the second sensor's backlog, and when it is back: at 06:00 of the day after the last.
const AWAY: std::ops::Range<i64> = 14..17;

/// What the second sensor alone sees: a machine that reads in a cycle and now and then asks a server of the other side. Rows of
/// several messages, because the order of operations is not known over the end of a late day.
fn cell() -> Vec<Event> {
    let mut events = Vec::new();
    for day in 0..plant::DAYS {
        for hour in 0..24 {
            let reads =
                (0..4).map(|n| plant::ics(at(day, hour, 600 + n * 700), host(40, 1), host(41, 1), Operation::Read, 5));
            events.extend(reads);
            if (day + hour) % 3 == 0 {
                events.push(plant::flow(at(day, hour, 300), host(40, 1), host(20, 2), &Protocol::SMB, true));
            }
        }
    }
    events
}

fn of(agent: &str, events: Vec<Event>) -> Vec<Envelope> {
    let mut all = plant::envelopes(events);
    all.iter_mut().for_each(|envelope| (envelope.agent, envelope.site) = (AgentId::new(agent), Site::new(plant::SITE)));
    all
}

/// Both sensors, in the order in which their events come. The backlog comes `mixed` among the live events, or all at once.
fn arrivals(own: Vec<Event>, cell: Vec<Event>, away: std::ops::Range<i64>) -> Vec<Envelope> {
    let back = at(away.end, 6, 0);
    let comes = |envelope: &Envelope| {
        let time = envelope.event.time.seconds();
        let late = envelope.agent.as_str() == "south-1" && (at(away.start, 0, 0)..at(away.end, 0, 0)).contains(&time);
        // The backlog drains within an hour, in order.
        if late { back + (time - at(away.start, 0, 0)) * 3_600 / (86_400 * (away.end - away.start)) } else { time }
    };
    let mut all = of("north-1", own);
    all.extend(of("south-1", cell));
    all.sort_by_key(|envelope| (comes(envelope), envelope.agent.as_str().to_owned()));
    all
}

fn detail(engine: &Engine, name: &str) -> Option<EntityDetail> {
    engine.entity(engine.find(plant::SITE, name)?)
}

fn calm(config: Config) -> Config {
    Config { liveness: false, ..config }
}

#[test]
fn f13_a_backlog_of_three_days_ends_in_the_same_baseline() {
    let (in_time, _) = judge(calm(config()), &arrivals(plant::weeks(3), cell(), 0..0), 512);
    let (late, _) = judge(calm(config()), &arrivals(plant::weeks(3), cell(), AWAY), 512);
    assert_eq!(late.counters().late, 0, "{:?}", late.counters());
    for name in ["10.0.40.1", "10.0.41.1"] {
        let (one, other) = (detail(&in_time, name).unwrap(), detail(&late, name).unwrap());
        assert!(one.summary.periods > 10.0, "{}", one.summary.periods);
        assert_eq!(one.summary.periods, other.summary.periods, "{name}");
        for (one, other) in one.matrices.iter().zip(&other.matrices) {
            assert_eq!((&one.rows, &one.columns), (&other.rows, &other.columns), "{name}");
            assert_eq!((&one.mean, &one.variance), (&other.mean, &other.variance), "{name} {}", one.name);
        }
    }
    // Where days before the open one are not counted, they are counted as late and leave nothing.
    let none = Config { late_days: 0, ..calm(config()) };
    let (without, _) = judge(none, &arrivals(plant::weeks(3), cell(), AWAY), 512);
    let counted = cell().iter().filter(|e| (at(14, 0, 0)..at(17, 0, 0)).contains(&e.time.seconds())).count();
    assert_eq!(without.counters().late, counted as u64);
    assert!(
        detail(&without, "10.0.40.1").unwrap().summary.periods
            < detail(&late, "10.0.40.1").unwrap().summary.periods - 1.0
    );
}

/// On the second day of the backlog the machine that reads writes too.
fn intruder() -> Vec<Event> {
    let write = |i: i64| plant::ics(at(15, 14, i * 30), host(40, 1), host(41, 1), Operation::Write, 1);
    (0..40).map(write).collect()
}

#[test]
fn f13_what_a_backlog_shows_is_found_with_its_own_time() {
    let events: Vec<Event> = cell().into_iter().chain(intruder()).collect();
    let (_, found) = judge(calm(config()), &arrivals(plant::weeks(3), events, AWAY), 512);
    let mine = |f: &&Finding| f.entity.contains("10.0.40.1") || f.entity.contains("10.0.41.1");
    let writes = |f: &&Finding| f.cells.first().is_some_and(|cell| cell.relation.starts_with("modbus write"));
    let hit = found.iter().filter(mine).filter(writes).find(|f| f.alert).expect("an alert");
    assert_eq!(hit.time, Timestamp::from_parts(at(16, 0, 0), 0), "the end of the day it is about: {hit:?}");
}

#[test]
fn f13_a_day_that_others_told_of_is_not_learnt_twice() {
    // The second sensor sees what the first does too, and is away for three days.
    let (own, _) = judge(calm(config()), &arrivals(plant::weeks(3), Vec::new(), 0..0), 512);
    let (both, _) = judge(calm(config()), &arrivals(plant::weeks(3), plant::weeks(3), AWAY), 512);
    let periods = |engine: &Engine| detail(engine, "hmi-01").unwrap().summary.periods;
    assert_eq!(periods(&own), periods(&both));
    assert!(both.counters().late > 100, "{:?}", both.counters());
}

#[test]
fn f13_days_that_are_too_old_are_counted_as_late() {
    let config = Config { late_days: 2, ..calm(config()) };
    let (engine, _) = judge(config, &arrivals(plant::weeks(3), cell(), AWAY), 512);
    let first = cell().iter().filter(|e| (at(14, 0, 0)..at(15, 0, 0)).contains(&e.time.seconds())).count();
    assert_eq!(engine.counters().late, first as u64);
}

/// Memory is bounded: what finds no room is counted.
#[test]
fn f13_late_days_are_capped() {
    let mut config = calm(config());
    config.caps.late = 2;
    let (engine, _) = judge(config, &arrivals(plant::weeks(3), cell(), AWAY), 512);
    assert!(engine.counters().late > 0, "{:?}", engine.counters());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]

    #[test]
    fn f13_batches_do_not_matter_to_what_is_late(batch in 1usize..3000) {
        let events: Vec<Event> = cell().into_iter().chain(intruder()).collect();
        let events = arrivals(plant::weeks(4), events, AWAY);
        let (one, found) = judge(calm(config()), &events, 512);
        let (other, again) = judge(calm(config()), &events, batch);
        prop_assert_eq!(found, again);
        prop_assert_eq!(one.entities(), other.entities());
        prop_assert_eq!(one.counters(), other.counters());
    }
}
