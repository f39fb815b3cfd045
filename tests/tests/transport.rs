//! Agent to store over real QUIC on loopback.

use picket_agent::enrol::{EnrolError, enrol};
use picket_agent::forward::{Forward, Status};
use picket_agent::spool::SpoolError;
use picket_agent::uplink::Choice;
use picket_collector::store::{EntityKey, Store, StoreError};
use picket_event::{AgentId, Ledger, Timestamp};
use picket_tests::transport::{AgentAt, CollectorAt, Generator, Line, Mix, Relay};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

const START: i64 = 1_772_409_600_000_000_000;
const DAY: Duration = Duration::from_secs(86_400);
const PATIENCE: Duration = Duration::from_secs(20);

fn events(seed: u64) -> Generator {
    Generator::new(seed, START, 500, Mix::Mixed)
}

fn until(what: &str, mut is: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is() {
        assert!(begin.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn balanced(status: &Status) {
    let mut ledger = Ledger::default();
    status.fill(&mut ledger);
    assert_eq!(ledger.event_imbalance(), None, "{status:?}");
}

/// Everything stored once: sequences 1 to `count` without a repeat.
fn stored_once(collector: &CollectorAt, agent: &str, count: u64) {
    let all = collector.stored().unwrap();
    let mine: Vec<u64> = all.iter().filter(|(who, _)| who == agent).map(|(_, sequence)| *sequence).collect();
    assert_eq!(mine.len() as u64, count, "events stored");
    assert_eq!(mine.iter().copied().collect::<BTreeSet<_>>(), (1..=count).collect(), "each once");
}

fn drained(forward: &Forward) {
    assert!(forward.drain(PATIENCE), "not drained: {:?}", forward.status());
}

#[test]
fn events_arrive_once_and_can_be_asked_for() {
    let place = tempfile::tempdir().unwrap();
    let collector = CollectorAt::start(&place.path().join("collector")).unwrap();
    let token = collector.token("plant-a", 1, DAY).unwrap();
    let agent = AgentAt::enrol(&token, "sensor-1", place.path()).unwrap();
    assert_eq!(agent.identity.site, "plant-a");
    let forward = agent.start().unwrap();
    let sent = events(1).take(3_000);
    forward.send(sent.clone());
    forward.report(Ledger { frames: 7, decoded: 7, ..Ledger::default() });
    drained(&forward);
    let status = forward.status();
    assert!(status.connected);
    assert_eq!((status.events, status.acknowledged, status.spooled), (3_000, 3_000, 0));
    balanced(&status);
    stored_once(&collector, "sensor-1", 3_000);

    let got: Vec<_> = collector.engine.try_iter().flat_map(|batch| batch.events).collect();
    assert_eq!(got.len(), 3_000, "the engine gets each event once");
    assert!(got.iter().all(|e| e.site.as_str() == "plant-a" && e.agent.as_str() == "sensor-1"));

    let key: EntityKey = "10.1.1.5".parse().unwrap();
    let from = Timestamp::from_nanos(START);
    let found = collector.store.events(key, from, Timestamp::MAX, 100_000).unwrap();
    let expected = sent.iter().filter(|event| key.is_in(event)).count();
    assert!(expected > 100);
    assert_eq!(found.len(), expected);
    assert!(found.windows(2).all(|pair| pair[0].event.time >= pair[1].event.time), "newest first");
    until("the ledger is there", || collector.store.ledgers().unwrap().iter().any(|(_, _, l)| l.frames == 7));
    forward.stop();
    collector.stop();
}

#[test]
fn what_waited_while_the_collector_was_away_arrives_once() {
    let place = tempfile::tempdir().unwrap();
    let home = place.path().join("collector");
    let collector = CollectorAt::start(&home).unwrap();
    let port = collector.ingest.address();
    let token = collector.token("", 1, DAY).unwrap();
    let agent = AgentAt::enrol(&token, "sensor-1", place.path()).unwrap();
    let forward = agent.start().unwrap();
    let mut generator = events(2);
    forward.send(generator.take(1_000));
    drained(&forward);
    collector.stop();
    forward.send(generator.take(1_000));
    forward.flush();
    until("the loss is noticed", || !forward.status().connected);
    let status = forward.stop();
    assert_eq!(status.spooled, 1_000, "{status:?}");
    balanced(&status);

    let collector = CollectorAt::start_on(&home, port).unwrap();
    let forward = agent.start().unwrap();
    assert_eq!(forward.status().spooled, 1_000, "what was spooled is found again");
    forward.send(generator.take(1_000));
    drained(&forward);
    balanced(&forward.status());
    stored_once(&collector, "sensor-1", 3_000);
    forward.stop();
    collector.stop();
}

#[test]
fn f71_a_revoked_agent_is_cut_off_and_stays_out() {
    let place = tempfile::tempdir().unwrap();
    let collector = CollectorAt::start(&place.path().join("collector")).unwrap();
    let token = collector.token("", 1, DAY).unwrap();
    let agent = AgentAt::enrol(&token, "sensor-1", place.path()).unwrap();
    let forward = agent.start().unwrap();
    forward.send(events(3).take(10));
    drained(&forward);
    let id = AgentId::new("sensor-1");
    assert!(collector.store.revoke(&id).unwrap());
    let begin = Instant::now();
    collector.ingest.revoke(&id);
    until("the connection ends", || !forward.status().connected);
    assert!(begin.elapsed() < Duration::from_secs(5));
    until("the refusal is known", || forward.status().refused);
    assert!(forward.status().state.contains("revoked"), "{:?}", forward.status().state);
    forward.stop();
    // A new start, which could try to resume the session, is refused too.
    let forward = agent.start().unwrap();
    until("the refusal is known again", || forward.status().refused);
    assert!(!forward.status().connected);
    forward.stop();
    collector.stop();
}

#[test]
fn enrolment_refuses_with_the_reason() {
    let place = tempfile::tempdir().unwrap();
    let collector = CollectorAt::start(&place.path().join("collector")).unwrap();
    let other = CollectorAt::start(&place.path().join("other")).unwrap();
    let dir = |name: &str| place.path().join(name);

    let once = collector.token("", 1, DAY).unwrap();
    enrol(&once, Some("a"), &dir("a")).unwrap();
    let refused = enrol(&once, Some("b"), &dir("b")).unwrap_err();
    assert!(matches!(&refused, EnrolError::Refused(why) if why.contains("used up")), "{refused}");
    assert_eq!(refused.exit_status(), 5);
    assert!(!dir("b").exists(), "nothing is left of a refused enrolment");

    let late = collector.token("", 1, Duration::ZERO).unwrap();
    let refused = enrol(&late, Some("c"), &dir("c")).unwrap_err();
    assert!(matches!(&refused, EnrolError::Refused(why) if why.contains("expired")), "{refused}");

    let two = collector.token("", 2, DAY).unwrap();
    let refused = enrol(&two, Some("a"), &dir("d")).unwrap_err();
    assert!(matches!(&refused, EnrolError::Refused(why) if why.contains("enrolled already")), "{refused}");

    // A token of one authority shown to a collector of another.
    let mut wrong = picket_event::wire::EnrolmentToken::parse(&two).unwrap();
    wrong.addresses = vec![other.https.to_string()];
    let refused = enrol(&wrong.to_text(), Some("e"), &dir("e")).unwrap_err();
    assert!(matches!(refused, EnrolError::WrongAuthority { .. }), "{refused}");
    assert_eq!(refused.exit_status(), 5);

    wrong.addresses = vec!["127.0.0.1:9".to_owned()];
    let refused = enrol(&wrong.to_text(), Some("f"), &dir("f")).unwrap_err();
    assert_eq!(refused.exit_status(), 4, "{refused}");

    let refused = enrol(&two[..two.len() - 3], Some("g"), &dir("g")).unwrap_err();
    assert_eq!(refused.exit_status(), 2, "{refused}");
    collector.stop();
    other.stop();
}

#[test]
fn f09_one_process_a_spool_and_a_store() {
    let place = tempfile::tempdir().unwrap();
    let home = place.path().join("collector");
    let collector = CollectorAt::start(&home).unwrap();
    let second = picket_collector::store::Sqlite::open(&home).unwrap_err();
    let me = std::process::id();
    assert!(matches!(second, StoreError::InUse { pid, .. } if pid == me), "{second}");

    let token = collector.token("", 1, DAY).unwrap();
    let agent = AgentAt::enrol(&token, "sensor-1", place.path()).unwrap();
    let forward = agent.start().unwrap();
    let second = agent.start().unwrap_err();
    let spool = second.downcast_ref::<picket_agent::forward::ForwardError>();
    let text = second.to_string();
    assert!(
        matches!(spool, Some(picket_agent::forward::ForwardError::Spool(SpoolError::InUse { pid, .. })) if *pid == me),
        "{text}"
    );
    forward.stop();
    collector.stop();
}

#[test]
fn f70_a_single_use_token_has_one_winner() {
    let place = tempfile::tempdir().unwrap();
    let collector = CollectorAt::start(&place.path().join("collector")).unwrap();
    let token = collector.token("", 1, DAY).unwrap();
    let won = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..20)
            .map(|n| {
                let (token, dir) = (&token, place.path().join(format!("racer-{n}")));
                scope.spawn(move || enrol(token, Some(&format!("racer-{n}")), &dir).is_ok())
            })
            .collect();
        tries.into_iter().filter_map(|t| t.join().ok()).filter(|won| *won).count()
    });
    assert_eq!(won, 1);
    assert_eq!(collector.store.agents().unwrap().len(), 1);
    collector.stop();
}

#[test]
fn f05_full_disk_holds_acknowledgements_and_resumes() {
    let place = tempfile::tempdir().unwrap();
    let collector = CollectorAt::start(&place.path().join("collector")).unwrap();
    let token = collector.token("", 1, DAY).unwrap();
    let agent = AgentAt::enrol(&token, "sensor-1", place.path()).unwrap();
    let forward = agent.start().unwrap();
    let mut generator = events(5);
    forward.send(generator.take(500));
    drained(&forward);
    collector.store.limit_bytes(1).unwrap();
    forward.send(generator.take(4_000));
    until("it says so", || collector.ingest.health().stalled.is_some());
    assert!(!forward.drain(Duration::from_secs(1)), "nothing is acknowledged while the disk is full");
    balanced(&forward.status());
    collector.store.limit_bytes(0).unwrap();
    drained(&forward);
    assert_eq!(collector.ingest.health().stalled, None);
    stored_once(&collector, "sensor-1", 4_500);
    forward.stop();
    collector.stop();
}

#[test]
fn f54_a_certificate_is_renewed_in_time_without_a_gap() {
    let place = tempfile::tempdir().unwrap();
    let collector = CollectorAt::start(&place.path().join("collector")).unwrap();
    let token = collector.token("", 1, DAY).unwrap();
    let mut agent = AgentAt::enrol(&token, "sensor-1", place.path()).unwrap();
    let before = agent.identity.material().unwrap().certificate;
    // As if most of its life were over.
    agent.identity.issued_at -= 90 * 86_400;
    let forward = agent.start().unwrap();
    forward.send(events(6).take(10));
    drained(&forward);
    until("the certificate is another", || agent.identity.material().unwrap().certificate != before);
    forward.send(events(7).take(10));
    drained(&forward);
    forward.stop();
    let forward = agent.start().unwrap();
    until("the new certificate is taken", || forward.status().connected);
    forward.stop();
    collector.stop();
}

/// An agent that finds the collector behind a relay.
fn behind(relay: &Relay, collector: &CollectorAt, place: &std::path::Path) -> Forward {
    let token = collector.token("", 1, DAY).unwrap();
    let mut agent = AgentAt::enrol(&token, "sensor-1", place).unwrap();
    agent.identity.collectors = vec![relay.address.to_string()];
    agent.transport = Choice::Quic;
    agent.start().unwrap()
}

#[test]
fn f22_a_line_that_loses_repeats_delays_and_reorders_delivers_everything_once() {
    let place = tempfile::tempdir().unwrap();
    let collector = CollectorAt::start(&place.path().join("collector")).unwrap();
    let (delay, jitter) = (Duration::from_millis(150), Duration::from_millis(60));
    let line = Line { loss: 5, repeated: 2, delay, jitter, bits: 1_000_000 };
    let relay = Relay::start(collector.ingest.address(), line).unwrap();
    let forward = behind(&relay, &collector, place.path());
    forward.send(events(22).take(3_000));
    forward.flush();
    until("it is connected", || forward.status().connected);
    // What is not an event gets through beside them.
    let asked = Instant::now();
    forward.report(Ledger { frames: 7, decoded: 7, ..Ledger::default() });
    until("the ledger is there", || collector.store.ledgers().unwrap().iter().any(|(_, _, l)| l.frames == 7));
    let answered = asked.elapsed();
    assert!(forward.drain(Duration::from_secs(60)), "not drained: {:?}", forward.status());
    println!("3,000 events in {:?}; the ledger in {answered:?}", asked.elapsed());
    assert!(answered < Duration::from_secs(8), "the ledger took {answered:?}");
    balanced(&forward.status());
    stored_once(&collector, "sensor-1", 3_000);
    forward.stop();
    collector.stop();
}

#[test]
fn f23_a_connection_outlives_changes_of_address_and_repeats_nothing() {
    let place = tempfile::tempdir().unwrap();
    let collector = CollectorAt::start(&place.path().join("collector")).unwrap();
    let line = Line { delay: Duration::from_millis(5), ..Line::default() };
    let relay = Relay::start(collector.ingest.address(), line).unwrap();
    let forward = behind(&relay, &collector, place.path());
    until("it is connected", || forward.status().connected);
    let connections = collector.ingest.live().len();
    let mut generator = events(23);
    for _ in 0..5 {
        forward.send(generator.take(2_000));
        relay.rebind();
        forward.flush();
        assert!(forward.status().connected, "{:?}", forward.status());
    }
    drained(&forward);
    let status = forward.status();
    assert!(status.connected, "{status:?}");
    assert_eq!((connections, collector.ingest.live().len()), (1, 1), "the same connection");
    balanced(&status);
    stored_once(&collector, "sensor-1", 10_000);
    forward.stop();
    collector.stop();
}

#[test]
fn f26_a_fleet_that_comes_back_at_once_is_back_within_a_minute() {
    let count = if std::env::var_os("PICKET_FULL_SCALE").is_some() { 1_000 } else { 40 };
    let place = tempfile::tempdir().unwrap();
    let home = place.path().join("collector");
    let collector = CollectorAt::start(&home).unwrap();
    let port = collector.ingest.address();
    let token = collector.token("", count, DAY).unwrap();
    let enrol = |number| AgentAt::enrol(&token, &format!("sensor-{number}"), place.path()).unwrap();
    let agents: Vec<AgentAt> = (0..count).map(enrol).collect();
    let fleet: Vec<Forward> = agents.iter().map(|agent| agent.start().unwrap()).collect();
    let all_connected = || fleet.iter().all(|forward| forward.status().connected);
    let began = Instant::now();
    while !all_connected() {
        assert!(began.elapsed() < Duration::from_secs(120), "not all connected");
        std::thread::sleep(Duration::from_millis(20));
    }
    for (number, forward) in fleet.iter().enumerate() {
        forward.send(events(number as u64).take(10));
        forward.flush();
    }
    collector.stop();
    until("all have noticed", || fleet.iter().all(|forward| !forward.status().connected));
    let collector = CollectorAt::start_on(&home, port).unwrap();
    let began = Instant::now();
    while !all_connected() {
        assert!(began.elapsed() < Duration::from_secs(60), "not all are back");
        std::thread::sleep(Duration::from_millis(20));
    }
    println!("{count} agents are back after {:?}", began.elapsed());
    for (number, forward) in fleet.iter().enumerate() {
        forward.send(events(number as u64 + 7).take(10));
        drained(forward);
        balanced(&forward.status());
    }
    let all = collector.stored().unwrap();
    let unique: BTreeSet<_> = all.iter().collect();
    assert_eq!((all.len(), unique.len()), (count as usize * 20, count as usize * 20), "each event once");
    fleet.into_iter().for_each(|forward| drop(forward.stop()));
    collector.stop();
}
