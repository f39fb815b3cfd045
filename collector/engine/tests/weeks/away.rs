//! F13: a sensor that was away for days sends what it saw then.

use crate::plant::{self, at, config, host, judge};
use picket_engine::{Config, Engine, EntityDetail, Finding, Findings};
use picket_event::{AgentId, Envelope, Event, Operation, Protocol, Site, Timestamp};
use proptest::prelude::*;

/// When the second sensor is away, in seconds: what it sees meanwhile comes later.
type Away = std::ops::Range<i64>;

/// Three whole days; it is back at 06:00 of the day after the last.
fn days() -> Away {
    at(14, 0, 0)..at(17, 6, 0)
}

/// From 10:20 of a working day to the morning of the fourth.
fn outage() -> Away {
    at(14, 10, 1_200)..at(17, 6, 0)
}

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

/// Both sensors, in the order in which their events come. The backlog comes in order within so many seconds, and what is made then
/// goes ahead of it.
fn drained(own: Vec<Event>, cell: Vec<Event>, away: Away, drain: i64) -> Vec<Envelope> {
    let mut all = of("north-1", own);
    all.extend(of("south-1", cell));
    all.sort_by_key(|envelope| (comes(envelope, &away, drain), envelope.agent.as_str().to_owned()));
    all
}

/// When an event comes.
fn comes(envelope: &Envelope, away: &Away, drain: i64) -> i64 {
    let time = envelope.event.time.seconds();
    let late = envelope.agent.as_str() == "south-1" && away.contains(&time);
    if late { away.end + (time - away.start) * drain / (away.end - away.start) } else { time }
}

/// With a backlog that drains within an hour.
fn arrivals(own: Vec<Event>, cell: Vec<Event>, away: Away) -> Vec<Envelope> {
    drained(own, cell, away, 3_600)
}

fn detail(engine: &Engine, name: &str) -> Option<EntityDetail> {
    engine.entity(engine.find(plant::SITE, name)?)
}

fn calm(config: Config) -> Config {
    Config { liveness: false, ..config }
}

/// The baselines of these hosts are the same, to the last bit.
fn assert_same(one: &Engine, other: &Engine, names: &[&str]) {
    for name in names {
        let pair = detail(one, name).zip(detail(other, name));
        assert!(pair.is_some(), "{name} is not known");
        let Some((one, other)) = pair else { continue };
        assert!(one.summary.periods > 6.0, "{name}: {}", one.summary.periods);
        assert_eq!(one.summary.periods, other.summary.periods, "{name}");
        for (one, other) in one.matrices.iter().zip(&other.matrices) {
            assert_eq!((&one.rows, &one.columns), (&other.rows, &other.columns), "{name} {}", one.name);
            assert_eq!((&one.mean, &one.variance), (&other.mean, &other.variance), "{name} {}", one.name);
        }
    }
}

#[test]
fn f13_a_backlog_of_three_days_ends_in_the_same_baseline() {
    let (in_time, _) = judge(calm(config()), &arrivals(plant::weeks(3), cell(), 0..0), 512);
    let (late, _) = judge(calm(config()), &arrivals(plant::weeks(3), cell(), days()), 512);
    assert_eq!(late.counters().late, 0, "{:?}", late.counters());
    assert_same(&in_time, &late, &["10.0.40.1", "10.0.41.1"]);
    // Where days before the open one are not counted, they are counted as late and leave nothing.
    let none = Config { late_days: 0, ..calm(config()) };
    let (without, _) = judge(none, &arrivals(plant::weeks(3), cell(), days()), 512);
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
    let (_, found) = judge(calm(config()), &arrivals(plant::weeks(3), events, days()), 512);
    let mine = |f: &&Finding| f.entity.contains("10.0.40.1") || f.entity.contains("10.0.41.1");
    let writes = |f: &&Finding| f.cells.first().is_some_and(|cell| cell.relation.starts_with("modbus write"));
    let hit = found.iter().filter(mine).filter(writes).find(|f| f.alert).expect("an alert");
    assert_eq!(hit.time, Timestamp::from_parts(at(16, 0, 0), 0), "the end of the day it is about: {hit:?}");
}

/// Hosts that one of the sensors or both see.
const HOSTS: [&str; 5] = ["10.0.40.1", "10.0.41.1", "ws-01", "10.0.20.2", "hmi-01"];

/// What the second sensor sees where it also sees what hosts of the first do.
fn both() -> Vec<Event> {
    let asks = |n: i64| plant::flow(at(0, n / 2, n % 2 * 1_500 + 100), host(10, 1), host(20, 2), &Protocol::SMB, true);
    let reads = |n: i64| plant::ics(at(0, n, 900), host(100, 1), host(101, 1), Operation::Read, 7);
    let hours = plant::DAYS * 24;
    cell().into_iter().chain((0..2 * hours).map(asks)).chain((0..hours).map(reads)).collect()
}

/// Single operations, whose order counts: each hour a read and then a write.
fn steps() -> impl Iterator<Item = Event> {
    let step = |n: i64, second, operation| plant::ics(at(0, n, second), host(40, 1), host(41, 1), operation, 1);
    let hour = move |n| [step(n, 900, Operation::Read), step(n, 1_000, Operation::Write)];
    (0..plant::DAYS * 24).flat_map(hour)
}

#[test]
fn f13_the_day_on_which_an_outage_began_is_learnt_once_and_whole() {
    let there: Vec<Event> = both().into_iter().chain(steps()).collect();
    let (in_time, _) = judge(calm(config()), &arrivals(plant::weeks(3), there.clone(), 0..0), 512);
    for drain in [1, 3_600, 5 * 3_600, 20 * 3_600] {
        let (late, _) = judge(calm(config()), &drained(plant::weeks(3), there.clone(), outage(), drain), 512);
        assert_eq!(late.counters().late, 0, "{drain}: {:?}", late.counters());
        assert_eq!(late.counters().behaviours, in_time.counters().behaviours, "{drain}: nothing twice");
        assert_same(&in_time, &late, &HOSTS);
    }
}

/// Every host of a large site has a sensor of its own, and all ask one server: what is said of two sensors holds behind hundreds.
#[test]
fn f13_a_site_may_have_hundreds_of_sensors() {
    let asks = |n: u8, time| plant::flow(time, host(60, n), host(20, 1), &Protocol::SMB, true);
    let own = |n: u8| (0..plant::DAYS * 8).map(move |turn| asks(n, at(0, turn * 3, 1 + i64::from(n)))).collect();
    let crowd: Vec<Envelope> = (0..200).flat_map(|n| of(&format!("host-{n:03}"), own(n))).collect();
    let judged = |away: Away| {
        let mut events = drained(plant::weeks(3), both(), away.clone(), 3_600);
        events.extend(crowd.clone());
        events.sort_by_key(|envelope| (comes(envelope, &away, 3_600), envelope.agent.as_str().to_owned()));
        judge(calm(config()), &events, 512).0
    };
    let (in_time, late) = (judged(0..0), judged(outage()));
    assert_eq!((late.counters().refused, late.counters().late), (0, 0), "{:?}", late.counters());
    assert_same(&in_time, &late, &HOSTS);
    assert_same(&in_time, &late, &["10.0.60.0", "10.0.60.199", "10.0.20.1"]);
}

/// A sensor that is back shortly before midnight, and sends what it kept after it.
#[test]
fn f13_a_day_waits_for_a_sensor_that_has_just_come_back() {
    let away = at(14, 10, 1_200)..at(14, 23, 2_400);
    let (in_time, _) = judge(calm(config()), &arrivals(plant::weeks(3), both(), 0..0), 512);
    let mut events = drained(plant::weeks(3), both(), away.clone(), 1_200);
    let comes = |envelope: &Envelope| {
        let comes = comes(envelope, &away, 1_200);
        if comes > envelope.event.time.seconds() { comes + 2_400 } else { comes }
    };
    events.sort_by_key(|envelope| (comes(envelope), envelope.agent.as_str().to_owned()));
    let (late, _) = judge(calm(config()), &events, 512);
    assert_eq!(late.counters().late, 0, "{:?}", late.counters());
    assert_same(&in_time, &late, &HOSTS);
}

/// A site of one sensor, or a collector that was away: nothing says meanwhile that time passes.
#[test]
fn f13_the_only_sensor_of_a_site_may_be_away() {
    let (in_time, _) = judge(calm(config()), &arrivals(Vec::new(), both(), 0..0), 512);
    let (late, _) = judge(calm(config()), &arrivals(Vec::new(), both(), outage()), 512);
    assert_eq!(late.counters().late, 0, "{:?}", late.counters());
    assert_same(&in_time, &late, &["10.0.40.1", "10.0.41.1", "10.0.10.1"]);
}

/// An engine that follows the clock, every ten minutes, and is killed at a time: it is rebuilt from the log, in which each event has
/// the time at which it came.
fn followed(events: &[Envelope], killed: i64) -> Engine {
    let (mut engine, mut found) = (Engine::new(calm(config())), Findings::new());
    let mut clock = i64::MAX;
    for envelope in events {
        let now = comes(envelope, &outage(), 3_600);
        while clock < now && now > killed {
            engine.advance(Timestamp::from_parts(clock.max(killed), 0), &mut found);
            clock = clock.max(killed) + 600;
        }
        clock = now;
        engine.advance(Timestamp::from_parts(now, 0), &mut found);
        engine.apply(std::slice::from_ref(envelope), &mut found);
    }
    engine.advance(Timestamp::from_parts(at(plant::DAYS, 3, 0), 0), &mut found);
    engine
}

#[test]
fn f13_an_engine_rebuilt_during_an_outage_or_its_backlog_knows_the_same() {
    for own in [Vec::new(), plant::weeks(3)] {
        let (in_time, _) = judge(calm(config()), &arrivals(own.clone(), both(), 0..0), 512);
        let events = arrivals(own, both(), outage());
        let uninterrupted = followed(&events, 0);
        assert_eq!(uninterrupted.counters().late, 0, "{:?}", uninterrupted.counters());
        assert_same(&in_time, &uninterrupted, &["10.0.40.1", "10.0.41.1"]);
        for killed in [at(14, 11, 0), at(16, 12, 0), at(17, 6, 1_800), at(18, 0, 0), at(plant::DAYS, 2, 0)] {
            let rebuilt = followed(&events, killed);
            assert_eq!(rebuilt.counters(), uninterrupted.counters(), "{killed}");
            assert_eq!(rebuilt.entities(), uninterrupted.entities(), "{killed}");
        }
    }
}

/// What an outage leaves of a day waits for the sensor, and is learnt once when it has been waited for long enough.
#[test]
fn f13_the_day_of_a_sensor_that_stays_away_is_learnt_in_part_and_once() {
    let away = outage().start..i64::MAX;
    let there: Vec<Event> = both().into_iter().filter(|e| !away.contains(&e.time.seconds())).collect();
    let events = arrivals(plant::weeks(3), there, 0..0);
    let periods = |late_days, until: i64| {
        let config = Config { late_days, ..calm(config()) };
        let (mut engine, mut found) = (Engine::new(config), Findings::new());
        let until = events.partition_point(|e| e.event.time.seconds() < until);
        engine.apply(&events[..until], &mut found);
        HOSTS.map(|name| detail(&engine, name).unwrap().summary.periods)
    };
    let (before, waits) = (periods(2, at(14, 10, 0)), periods(2, at(16, 10, 0)));
    let at_once = periods(0, at(16, 10, 0));
    for (n, name) in HOSTS.iter().enumerate() {
        assert_eq!(before[n], waits[n], "{name} waits");
        assert!(at_once[n] > waits[n] + 0.5, "{name}: {} would be learnt", at_once[n]);
    }
    assert_eq!(periods(2, at(17, 12, 0)), periods(0, at(17, 12, 0)), "and then is, in order and once");
    assert_eq!(periods(2, at(18, 1, 0)), periods(0, at(18, 1, 0)), "and nothing waits for it any more");
}

/// What a sensor tells late of hosts that it never told of before: their days were learnt from another.
#[test]
fn f13_a_day_that_others_told_of_is_not_learnt_twice() {
    let days = outage().start..at(17, 0, 0);
    let others = plant::weeks(3).into_iter().filter(|e| days.contains(&e.time.seconds()));
    let (own, _) = judge(calm(config()), &arrivals(plant::weeks(3), cell(), 0..0), 512);
    let (both, _) =
        judge(calm(config()), &arrivals(plant::weeks(3), cell().into_iter().chain(others).collect(), outage()), 512);
    let periods = |engine: &Engine| detail(engine, "hmi-01").unwrap().summary.periods;
    assert_eq!(periods(&own), periods(&both));
    assert!(both.counters().late > 100, "{:?}", both.counters());
}

#[test]
fn f13_days_that_are_too_old_are_counted_as_late() {
    let config = Config { late_days: 2, ..calm(config()) };
    let (engine, _) = judge(config, &arrivals(plant::weeks(3), cell(), days()), 512);
    let first = cell().iter().filter(|e| (at(14, 0, 0)..at(15, 0, 0)).contains(&e.time.seconds())).count();
    assert_eq!(engine.counters().late, first as u64);
}

/// Memory is bounded: what finds no room is counted.
#[test]
fn f13_late_days_are_capped() {
    let capped = |late| {
        let mut config = calm(config());
        config.caps.late = late;
        judge(config, &arrivals(plant::weeks(3), both(), outage()), 512).0
    };
    let counted = |engine: &Engine| engine.counters().late;
    let (roomy, few, none) = (capped(20_000), capped(2), capped(0));
    assert!(counted(&roomy) == 0 && counted(&few) > 0 && counted(&none) > counted(&few), "{:?}", few.counters());
    // Without room the day is learnt at once, in part.
    let config = Config { late_days: 0, ..calm(config()) };
    let (without, _) = judge(config, &arrivals(plant::weeks(3), both(), outage()), 512);
    for name in HOSTS {
        let periods = |engine: &Engine| detail(engine, name).map(|detail| detail.summary.periods);
        assert_eq!(periods(&none), periods(&without), "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]

    /// However long it is away, however long its backlog takes, in any batches, as long as something of it comes every hour.
    #[test]
    fn f13_any_outage_ends_in_the_same_baseline(
        day in 7i64..16, second in 0i64..23 * 3_600, length in 3_600i64..4 * 86_400, percent in 1i64..150, batch in 1usize..3000
    ) {
        let start = at(day, 0, second);
        // Without a budget there is no alert that keeps a day out: scores of days judged later are not quite the same.
        let config = || Config { alarm_budget: 0.0, ..calm(config()) };
        let (in_time, _) = judge(config(), &arrivals(plant::weeks(4), both(), 0..0), 512);
        let events = drained(plant::weeks(4), both(), start..start + length, length * percent / 100);
        let (late, _) = judge(config(), &events, batch);
        prop_assert_eq!(late.counters().late, 0);
        prop_assert_eq!(late.counters().behaviours, in_time.counters().behaviours);
        assert_same(&in_time, &late, &HOSTS);
    }

    #[test]
    fn f13_batches_do_not_matter_to_what_is_late(batch in 1usize..3000) {
        let events: Vec<Event> = cell().into_iter().chain(intruder()).collect();
        let events = arrivals(plant::weeks(4), events, days());
        let (one, found) = judge(calm(config()), &events, 512);
        let (other, again) = judge(calm(config()), &events, batch);
        prop_assert_eq!(found, again);
        prop_assert_eq!(one.entities(), other.entities());
        prop_assert_eq!(one.counters(), other.counters());
    }
}
