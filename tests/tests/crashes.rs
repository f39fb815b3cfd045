//! The real programs killed at random moments under load (SIGKILL). What was acknowledged is stored, once, and the books
//! balance over all lives of the agent. The short form is three kills; `PICKET_FULL_SCALE=1` is twenty.

use picket_collector::store::{Sqlite, Store};
use picket_event::AgentId;
use picket_tests::make::message::{dns_answer, dns_query};
use picket_tests::make::{Capture, Host, udp};
use picket_tests::programs::{Agent, Collector, Setting};
use picket_tests::random::Random;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Time for what is left once the killing is over.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Kills, name look-ups of the capture, and events stored at least.
fn scale() -> (u32, u32, u64) {
    if std::env::var_os("PICKET_FULL_SCALE").is_some() { (20, 30_000, 200_000) } else { (3, 15_000, 20_000) }
}

/// Moments from a seed that the test prints.
struct Moments(Random);

impl Moments {
    fn new(test: &str) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let seed = u64::from(since.subsec_nanos());
        println!("{test}: seed {seed}");
        Self(Random(seed | 1))
    }

    /// A place in so many events, from the first on; not so late that nothing is left while one looks.
    fn share_of(&mut self, events: u64) -> u64 {
        1 + self.0.below(events * 9 / 10)
    }
}

/// Events of the only agent that are stored, and so acknowledged.
fn taken(collector: &Collector) -> u64 {
    collector.list("agents").unwrap()[0]["events"].as_u64().unwrap()
}

/// Waits until so many events are stored; answers how many there are.
fn until(collector: &Collector, due: u64) -> u64 {
    let began = Instant::now();
    loop {
        let now = taken(collector);
        if now >= due {
            return now;
        }
        assert!(began.elapsed() < PATIENCE, "{now} events are stored, {due} are waited for");
    }
}

/// Name look-ups of 50 clients: an event for each question and each answer, and at the end a row for each client.
pub(crate) fn capture(folder: &Path, lookups: u32) -> PathBuf {
    let mut capture = Capture::default();
    let resolver = Host::new(1, "10.9.0.53");
    for number in 0..lookups {
        let client = Host::new(100 + number % 50, &format!("10.8.0.{}", 1 + number % 50));
        let (time, id) = (i64::from(number) * 1_000_000, number as u16);
        let name = format!("host{}.example.com", number % 300);
        udp(&mut capture, time, (&client, 40_000), (&resolver, 53), &dns_query(id, &name, 1));
        let answer = dns_answer(id, &name, Some([198, 51, 100, 10]));
        udp(&mut capture, time + 300_000, (&resolver, 53), (&client, 40_000), &answer);
    }
    let path = folder.join("lookups.pcap");
    capture.write(&path).unwrap();
    path
}

/// What the collector has of an agent: sequences by epoch, and the agent's books as it last told them.
fn check(collector: Collector, agent: &str, least: u64) {
    let agents = collector.list("agents").unwrap();
    let told = agents.iter().find(|row| row["name"] == agent).unwrap()["ledger"].clone();
    let state = collector.state();
    collector.stop();
    let store = Sqlite::open(&state).unwrap();
    let (mut stored, mut count, mut after) = (BTreeMap::<u64, BTreeSet<u64>>::new(), 0u64, 0);
    loop {
        let batches = store.replay(after, 256).unwrap();
        let Some(last) = batches.last() else { break };
        after = last.row;
        for event in batches.iter().flat_map(|batch| &batch.events) {
            assert!(stored.entry(event.epoch).or_default().insert(event.sequence), "stored twice: {}", event.sequence);
            count += 1;
        }
    }
    let number = |name: &str| told[name].as_u64().unwrap_or_else(|| panic!("no {name} in {told}"));
    let lost: u64 = told["events_lost"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
    assert_eq!(stored.len(), 1, "one spool, one epoch");
    for (epoch, sequences) in &stored {
        let acknowledged = store.held(&AgentId::new(agent), *epoch).unwrap().all();
        let missing = (1..=acknowledged).filter(|sequence| !sequences.contains(sequence)).count() as u64;
        assert!(missing <= lost, "{missing} acknowledged events are not stored, {lost} were declared lost");
        assert_eq!(sequences.last(), Some(&acknowledged), "what is stored is acknowledged");
    }
    assert_eq!(number("events_acknowledged"), count, "acknowledged is what is stored: {told}");
    assert_eq!(number("events"), count + lost, "{told}");
    assert_eq!((number("events_spooled"), &told["balanced"]), (0, &Value::Bool(true)), "{told}");
    assert!(count >= least, "only {count} events");
    println!("{count} events stored, each once; {lost} declared lost");
}

#[test]
fn f01_a_killed_agent_loses_nothing_that_was_acknowledged() {
    let (kills, lookups, least) = scale();
    let folder = tempfile::tempdir().unwrap();
    let file = capture(folder.path(), lookups);
    let collector = Collector::start(folder.path(), &Setting::default()).unwrap();
    collector.enrol("sensor", &collector.token("").unwrap()).unwrap();
    let state = collector.agent_state("sensor");
    let start = || Agent::start(&state, "", &["--file", file.to_str().unwrap()]).unwrap();
    let mut moments = Moments::new("f01");
    let (mut killed, began) = (0, Instant::now());
    while killed < kills {
        assert!(began.elapsed() < PATIENCE * 8, "only {killed} kills hit the agent at work");
        let before = taken(&collector);
        // Of what this life makes so much; what the life before left is sent first.
        let share = moments.share_of(u64::from(2 * lookups));
        let mut agent = start();
        let at = until(&collector, before + share);
        if agent.ended().unwrap().is_none() {
            agent.kill().unwrap();
            killed += 1;
            println!("f01: killed at {:.2} of a life, {at} events stored", share as f64 / f64::from(2 * lookups));
        }
    }
    start().finish(PATIENCE).unwrap();
    check(collector, "sensor", least);
}

#[test]
fn f02_a_killed_collector_loses_nothing_that_it_acknowledged() {
    let (kills, lookups, least) = scale();
    let folder = tempfile::tempdir().unwrap();
    let file = capture(folder.path(), lookups);
    let mut collector = Collector::start(folder.path(), &Setting::default()).unwrap();
    collector.enrol("sensor", &collector.token("").unwrap()).unwrap();
    let state = collector.agent_state("sensor");
    let start = || Agent::start(&state, "", &["--file", file.to_str().unwrap()]).unwrap();
    let mut moments = Moments::new("f02");
    let whole = u64::from(kills) * u64::from(2 * lookups);
    // One in each part of the load: once a collector is back, what waits comes at once.
    for _ in 0..kills {
        let (before, agent) = (taken(&collector), start());
        let at = until(&collector, before + moments.share_of(u64::from(2 * lookups)));
        println!("f02: killed at {:.3} of the events ({at} of {whole})", at as f64 / whole as f64);
        collector = collector.kill_and_restart().unwrap();
        agent.finish(PATIENCE).unwrap();
    }
    check(collector, "sensor", least);
}

/// Captures that follow each other in [`days`].
const PARTS: u32 = 3;

/// Five and a half days of name look-ups of 50 clients; on the last day one asks for 1,500 names of another server.
fn days(folder: &Path) -> Vec<PathBuf> {
    (0..PARTS).map(|part| part_of_days(folder, part)).collect()
}

fn part_of_days(folder: &Path, part: u32) -> PathBuf {
    const EVERY: i64 = 40_000_000_000;
    const LOOKUPS: u32 = 12_000 / PARTS;
    let mut capture = Capture::default();
    let mut ask = |time: i64, number: u32, client: u32, server: &str, name: &str| {
        let (client, server) = (Host::new(100 + client, &format!("10.8.0.{}", 1 + client)), Host::new(1, server));
        let id = number as u16;
        udp(&mut capture, time, (&client, 40_000), (&server, 53), &dns_query(id, name, 1));
        let answer = dns_answer(id, name, Some([198, 51, 100, 10]));
        udp(&mut capture, time + 300_000, (&server, 53), (&client, 40_000), &answer);
    };
    for number in part * LOOKUPS..(part + 1) * LOOKUPS {
        let (time, client) = (i64::from(number) * EVERY, number % 50);
        ask(time, number, client, "10.9.0.53", &format!("host{}.example.com", number % 300));
        if number >= 11_500 {
            for more in 1..=3u32 {
                let name = format!("x{number}-{more}.example.net");
                ask(time + i64::from(more) * 1_000_000_000, number + more, 7, "10.9.7.53", &name);
            }
        }
    }
    let path = folder.join(format!("days-{part}.pcap"));
    capture.write(&path).unwrap();
    path
}

/// Everything that the engine tells of what it has learnt and found, but for risks, which fall from second to second.
fn engine(collector: &Collector) -> Vec<(String, String)> {
    // What is not known yet is an answer too.
    let ask = |arguments: &[&str]| {
        let answer = collector.ask(arguments).unwrap_or_else(|error| error.to_string());
        let lasts = |line: &&str| !["\"risk", "\"yesterday\""].iter().any(|name| line.trim_start().starts_with(name));
        (arguments.join(" "), answer.lines().filter(lasts).collect::<Vec<_>>().join("\n"))
    };
    let mut all = vec![
        ask(&["entities", "--limit", "1000", "--json"]),
        ask(&["alerts", "--json"]),
        ask(&["entities", "10.8.0.8", "--json"]),
    ];
    let metrics = super::fleet::metrics(collector);
    let engine = metrics.lines().filter(|line| line.starts_with("picket_collector_engine_"));
    all.push(("metrics".to_owned(), engine.collect::<Vec<_>>().join("\n")));
    all
}

/// Waits until the engine has nothing left to do: what it tells stays the same.
fn settled(collector: &Collector) -> Vec<(String, String)> {
    let (mut before, began) = (engine(collector), Instant::now());
    loop {
        std::thread::sleep(Duration::from_millis(2_500));
        let now = engine(collector);
        if now == before && now[0].1.contains("10.8.0.8") {
            return now;
        }
        assert!(began.elapsed() < PATIENCE / 2, "the engine does not come to an end: {before:?}\n{now:?}");
        before = now;
    }
}

/// What the engine knows after its program was killed in the middle equals what it knows where nothing happened.
#[test]
fn f02_the_engines_state_after_kills_is_that_of_an_uninterrupted_run() {
    let (uninterrupted, cut) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let files = days(uninterrupted.path());
    let start = |folder: &Path| {
        let collector = Collector::start(folder, &Setting::default()).unwrap();
        collector.enrol("sensor", &collector.token("plant").unwrap()).unwrap();
        collector
    };
    let collector = start(uninterrupted.path());
    let mut sizes = vec![0];
    for file in &files {
        collector.run_agent("sensor", std::slice::from_ref(file)).unwrap();
        sizes.push(taken(&collector));
    }
    let expected = settled(&collector);
    drop(collector);

    let mut collector = start(cut.path());
    let state = collector.agent_state("sensor");
    let mut moments = Moments::new("f02 engine");
    let whole = sizes.last().copied().unwrap();
    // One in each part: once a collector is back, what waits comes at once.
    for (file, bounds) in files.iter().zip(sizes.windows(2)) {
        let (before, size) = (bounds[0], bounds[1] - bounds[0]);
        let agent = Agent::start(&state, "", &["--file", file.to_str().unwrap()]).unwrap();
        let at = until(&collector, before + moments.share_of(size));
        println!("f02 engine: killed at {:.3} of the events ({at} of {whole})", at as f64 / whole as f64);
        collector = collector.kill_and_restart().unwrap();
        agent.finish(PATIENCE).unwrap();
    }
    // Once more, when all is there: the whole state comes from the log alone.
    let followed = settled(&collector);
    let collector = collector.kill_and_restart().unwrap();
    let rebuilt = settled(&collector);
    for (((what, expected), (_, followed)), (_, rebuilt)) in expected.iter().zip(&followed).zip(&rebuilt) {
        assert!(expected == followed, "{what}: {expected}\nafter the kills: {followed}");
        assert!(expected == rebuilt, "{what}: {expected}\nrebuilt: {rebuilt}");
    }
    assert!(expected[1].1.contains("10.8.0.8"), "nothing was found: {}", expected[1].1);
}
