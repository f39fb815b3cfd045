//! Agents, a network and a collector in one process, from a seed, under crashes, power cuts, failing disks, loss, delay,
//! reordering and clocks that step.
//!
//! After every run holds: what was acknowledged is stored, once; what was flushed and is not stored was declared lost; the agents'
//! books say the same. A seed that fails is printed; `PICKET_SIMULATION_SEED` runs it alone, exactly as it was.

mod agent;
mod collector;
mod log;
mod world;

use log::{Plain, Sql};
use picket_tests::disk::Disk;
use std::collections::BTreeMap;
use std::time::Instant;
use world::{Bug, EVENTS, FAULTS, Outcome, World};

/// The agents of a world.
const AGENTS: [&str; 2] = ["agent0", "agent1"];

fn run(seed: u64, bug: Option<Bug>) -> Result<Outcome, String> {
    let store = Disk::new(seed.wrapping_add(77));
    let log = Box::new(Plain::new(&store));
    world(seed, bug, store, log)
}

fn world(seed: u64, bug: Option<Bug>, store: Disk, log: Box<dyn log::Log>) -> Result<Outcome, String> {
    let run = std::panic::AssertUnwindSafe(|| World::new(seed, bug, store, log).run());
    std::panic::catch_unwind(run).unwrap_or_else(|_| Err("a panic".to_owned()))
}

fn seeds() -> std::ops::RangeInclusive<u64> {
    match std::env::var("PICKET_SIMULATION_SEED") {
        Ok(seed) => {
            let seed = seed.parse().expect("PICKET_SIMULATION_SEED is a number");
            seed..=seed
        }
        Err(_) if std::env::var_os("PICKET_FULL_SCALE").is_some() => 1..=10_000,
        Err(_) => 1..=500,
    }
}

#[test]
fn f01_f02_f03_f06_crashes_lose_nothing_that_was_acknowledged_and_store_nothing_twice() {
    let began = Instant::now();
    let (mut events, mut lost, mut ahead, mut struck) = (0, 0, 0, BTreeMap::<&str, u64>::new());
    for seed in seeds() {
        let outcome = run(seed, None).unwrap_or_else(|why| panic!("seed {seed}: {why}"));
        assert!(outcome.events >= EVENTS && outcome.struck.values().sum::<u64>() >= FAULTS, "seed {seed}: {outcome:?}");
        (events, lost, ahead) = (events + outcome.events, lost + outcome.lost, ahead + outcome.ahead);
        for (what, count) in outcome.struck {
            *struck.entry(what).or_default() += count;
        }
    }
    let (count, seconds) = (seeds().count(), began.elapsed().as_secs_f64());
    println!("{count} seeds in {seconds:.1} s: {events} events, {lost} of them declared lost, the others stored once");
    struck.iter().for_each(|(what, count)| println!("{count:>8} {what}"));
    println!("{ahead:>8} acknowledgements of what went ahead of a backlog");
    assert!(count == 1 || ahead > 0, "nothing went ahead of a backlog");
}

/// The collector's own store in place of the plain log: SQLite over the same failing disk.
#[test]
fn f02_f03_f06_the_store_loses_nothing_that_it_took_and_takes_nothing_twice() {
    let last = *seeds().end();
    let seeds = if seeds().count() == 1 { seeds() } else { 1..=last / 10 };
    let (began, mut struck) = (Instant::now(), BTreeMap::<&str, u64>::new());
    for seed in seeds.clone() {
        let store = Disk::new(seed.wrapping_add(77));
        let log = Box::new(Sql::new(&store));
        let outcome = world(seed, None, store, log).unwrap_or_else(|why| panic!("seed {seed}: {why}"));
        outcome.struck.into_iter().for_each(|(what, count)| *struck.entry(what).or_default() += count);
    }
    println!("{} seeds in {:.1} s", seeds.count(), began.elapsed().as_secs_f64());
    struck.iter().for_each(|(what, count)| println!("{count:>8} {what}"));
}

#[test]
fn a_seed_runs_the_same_again() {
    assert_eq!(run(7, None), run(7, None));
}

#[test]
fn bugs_put_in_on_purpose_are_found() {
    let bugs = [
        Bug::AcknowledgesUnflushed,
        Bug::ForgetsWatermark,
        Bug::ForgetsAhead,
        Bug::DropsUncounted,
        Bug::SendsUnflushed,
    ];
    for bug in bugs {
        let found = (1..=1_000).find_map(|seed| run(seed, Some(bug)).err().map(|why| (seed, why)));
        let (seed, why) = found.unwrap_or_else(|| panic!("{bug:?} was not found in 1,000 seeds"));
        println!("{bug:?}: found by seed {seed}: {why}");
    }
}
