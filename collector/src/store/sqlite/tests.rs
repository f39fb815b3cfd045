//! Commits, queries, retention, migration.

use super::*;
use crate::store::postings;
use picket_event::body::Anomaly;
use picket_event::wire::{BatchWriter, Class, Held};
use picket_event::{Body, Endpoints, Event, FlowId, FlowRef, Site, Source, Transport};

const SECOND: i64 = 1_000_000_000;

fn event(time: i64, host: u8) -> Event {
    let endpoints = Endpoints::Ip {
        src: [10, 0, 0, host].into(),
        src_port: 1,
        dest: [10, 0, 1, 1].into(),
        dest_port: 502,
        transport: Transport::TCP,
    };
    Event {
        time: Timestamp::from_nanos(time),
        source: Source::Agent,
        vlan: Vec::new(),
        flow: Some(FlowRef { id: FlowId(1), endpoints }),
        redacted: Vec::new(),
        body: Body::Anomaly(Anomaly { kind: "k".to_owned(), detail: format!("{time}") }),
    }
}

fn key(host: u8) -> EntityKey {
    EntityKey::Ip([10, 0, 0, host].into())
}

/// A frame of one event a host of `hosts`, at `time`, received then too.
fn frame(agent: &AgentId, class: Class, first: u64, time: i64, hosts: &[u8]) -> AcceptedFrame {
    let events: Vec<Event> = hosts.iter().map(|host| event(time, *host)).collect();
    let mut batch = BatchWriter::new(class).unwrap();
    events.iter().for_each(|event| batch.push(event).unwrap());
    let frame = batch.finish(first).unwrap();
    AcceptedFrame {
        agent: agent.clone(),
        epoch: 5,
        first,
        count: frame.header.count,
        class,
        received: Timestamp::from_nanos(time),
        bytes: frame.bytes,
        postings: postings(events.iter()),
    }
}

fn position(agent: &AgentId, acknowledged: u64) -> Position {
    Position { agent: agent.clone(), epoch: 5, held: Held::new(acknowledged, &[]) }
}

fn enrolled(directory: &Path) -> (Sqlite, AgentId) {
    let store = Sqlite::open(directory).unwrap();
    let agent = AgentId::new("sensor");
    let token = TokenRecord {
        id: "t".to_owned(),
        digest: vec![1; 32],
        site: Site::new("plant"),
        group: "press".to_owned(),
        by_person: false,
        created_at: 0,
        expires_at: 100,
        uses_left: 2,
    };
    store.add_token(&token).unwrap();
    let right = |stored: &[u8]| stored == [1; 32];
    let applicant = Applicant { agent: &agent, key: &[7; 32], address: "", certificate_until: 999, now: 50 };
    let (used, admission) = store.use_token("t", &right, &applicant).unwrap();
    assert_eq!((used, admission.site.as_str(), admission.group.as_str()), (TokenUse::Taken, "plant", "press"));
    (store, agent)
}

#[test]
fn what_is_committed_is_replayed_and_found_after_a_restart() {
    let place = tempfile::tempdir().unwrap();
    let (store, agent) = enrolled(place.path());
    let frames = [frame(&agent, Class::Flow, 1, SECOND, &[1, 2]), frame(&agent, Class::Flow, 3, 2 * SECOND, &[2])];
    let rows = store.commit(&frames, &[position(&agent, 3)]).unwrap();
    drop(store);
    let store = Sqlite::open(place.path()).unwrap();
    assert_eq!(store.held(&agent, 5).unwrap().all(), 3);
    assert_eq!(store.held(&agent, 6).unwrap().all(), 0);
    let batches = store.replay(0, 10).unwrap();
    assert_eq!(batches.iter().map(|batch| batch.row).collect::<Vec<_>>(), rows);
    let first = &batches[0].events[0];
    assert_eq!((first.agent.as_str(), first.site.as_str(), first.epoch, first.sequence), ("sensor", "plant", 5, 1));
    assert_eq!(store.replay(rows[0], 10).unwrap().len(), 1);
    let times = |key, from: i64, to: i64| -> Vec<i64> {
        let (from, to) = (Timestamp::from_nanos(from), Timestamp::from_nanos(to));
        store.events(key, from, to, 10).unwrap().iter().map(|e| e.event.time.nanos() / SECOND).collect()
    };
    assert_eq!(times(key(2), 0, i64::MAX), [2, 1]);
    assert_eq!(times(key(2), 2 * SECOND, i64::MAX), [2]);
    assert_eq!(times(key(1), 0, i64::MAX), [1]);
    assert_eq!(times(key(9), 0, i64::MAX), [0; 0]);
    let stored = store.agent(&agent).unwrap().unwrap();
    assert_eq!((stored.events, stored.status), (3, AgentStatus::Active));
}

#[test]
fn a_commit_is_all_or_nothing() {
    let place = tempfile::tempdir().unwrap();
    let (store, agent) = enrolled(place.path());
    let stranger = AgentId::new("stranger");
    let frames = [frame(&agent, Class::Flow, 1, SECOND, &[1]), frame(&stranger, Class::Flow, 1, SECOND, &[1])];
    store.commit(&frames, &[position(&agent, 1)]).unwrap_err();
    assert_eq!(store.replay(0, 10).unwrap(), []);
    assert_eq!(store.held(&agent, 5).unwrap().all(), 0);
}

#[test]
fn f05_a_full_store_keeps_nothing_of_the_commit_and_takes_it_later() {
    let place = tempfile::tempdir().unwrap();
    let (store, agent) = enrolled(place.path());
    store.limit_bytes(1).unwrap();
    let mut first = 1;
    let full = loop {
        let big = frame(&agent, Class::Flow, first, SECOND, &(0..=255).collect::<Vec<u8>>());
        match store.commit(std::slice::from_ref(&big), &[position(&agent, first + 255)]) {
            Ok(_) => first += 256,
            Err(e) => break e,
        }
    };
    assert!(matches!(full, StoreError::Full(_)) && full.is_passing(), "{full}");
    assert_eq!(store.held(&agent, 5).unwrap().all(), first - 1);
    store.limit_bytes(0).unwrap();
    store.commit(&[frame(&agent, Class::Flow, first, SECOND, &[1])], &[position(&agent, first)]).unwrap();
}

#[test]
fn tokens_refuse_by_reason() {
    let place = tempfile::tempdir().unwrap();
    let (store, agent) = enrolled(place.path());
    let (right, wrong) = (|stored: &[u8]| stored == [1; 32], |_: &[u8]| false);
    let take = |id: &str, matches: &dyn Fn(&[u8]) -> bool, name: &str, now| {
        let agent = AgentId::new(name);
        let applicant = Applicant { agent: &agent, key: &[0; 32], address: "", certificate_until: 0, now };
        store.use_token(id, matches, &applicant).unwrap().0
    };
    assert_eq!(take("t", &wrong, "b", 50), TokenUse::Unknown);
    assert_eq!(take("u", &right, "b", 50), TokenUse::Unknown);
    assert_eq!(take("t", &right, "b", 100), TokenUse::Expired);
    assert_eq!(take("t", &right, agent.as_str(), 50), TokenUse::NameTaken);
    assert_eq!(take("t", &right, "b", 50), TokenUse::Taken);
    assert_eq!(take("t", &right, "c", 50), TokenUse::UsedUp);
    assert!(store.revoke(&agent).unwrap());
    assert!(!store.revoke(&agent).unwrap());
}

#[test]
fn names_of_agents_that_left_are_free_and_those_of_revoked_ones_are_not() {
    let place = tempfile::tempdir().unwrap();
    let (store, agent) = enrolled(place.path());
    let token = TokenRecord {
        id: "p".to_owned(),
        digest: vec![2; 32],
        site: Site::new("other"),
        group: String::new(),
        by_person: true,
        created_at: 0,
        expires_at: 100,
        uses_left: 9,
    };
    store.add_token(&token).unwrap();
    let take = |key: &[u8; 32]| {
        let applicant = Applicant { agent: &agent, key, address: "", certificate_until: 0, now: 1 };
        store.use_token("p", &|_| true, &applicant).unwrap()
    };
    let (used, admission) = take(&[7; 32]);
    assert_eq!((used, admission.status, admission.site.as_str()), (TokenUse::Taken, AgentStatus::Active, "plant"));
    assert_eq!(take(&[8; 32]).0, TokenUse::NameTaken);
    assert!(store.turn(&agent, &[AgentStatus::Active], AgentStatus::Left).unwrap());
    let (used, admission) = take(&[8; 32]);
    assert_eq!((used, admission.status, admission.site.as_str()), (TokenUse::Taken, AgentStatus::Pending, "other"));
    assert!(!store.turn(&agent, &[AgentStatus::Active], AgentStatus::Left).unwrap());
    assert!(store.turn(&agent, &[AgentStatus::Pending], AgentStatus::Active).unwrap());
    assert!(store.revoke(&agent).unwrap());
    assert_eq!(take(&[8; 32]).0, TokenUse::Revoked);
}

#[test]
fn policies_grow_by_version_and_notes_are_counted() {
    let place = tempfile::tempdir().unwrap();
    let (store, agent) = enrolled(place.path());
    for version in 1..=150 {
        assert_eq!(store.put_policy("press", "", "a", version).unwrap(), version.cast_unsigned());
    }
    assert_eq!(store.policies().unwrap().len(), 100, "old versions go");
    assert_eq!(store.policy("press").unwrap().unwrap().version, 150);
    assert_eq!(store.policy("").unwrap(), None);
    let (one, other) = ("a".to_owned(), "b".to_owned());
    let note = Double { kind: "k".to_owned(), first_at: 5, last_at: 5, count: 1, one, other };
    store.note_double(&agent, &note).unwrap();
    store.note_double(&agent, &Double { first_at: 9, last_at: 9, ..note }).unwrap();
    let notes = store.doubles().unwrap();
    assert_eq!((notes[0].1.first_at, notes[0].1.last_at, notes[0].1.count), (5, 9, 2));
    assert!(store.settle(&agent).unwrap() && !store.settle(&agent).unwrap());
}

/// A store of the schema before this one keeps its agents, revoked ones as such.
#[test]
fn an_older_store_is_migrated_with_its_agents() {
    let place = tempfile::tempdir().unwrap();
    let old = Connection::open(place.path().join("picket.db")).unwrap();
    old.execute_batch(include_str!("spine.sql")).unwrap();
    old.execute_batch(
        "PRAGMA user_version = 1;
         INSERT INTO agents (id, site, revoked, enrolled_at, certificate_until, key) VALUES ('a', 's', 0, 1, 2, x'07');
         INSERT INTO agents (id, site, revoked, enrolled_at, certificate_until, key) VALUES ('b', 's', 1, 1, 2, x'07');",
    )
    .unwrap();
    drop(old);
    let store = Sqlite::open(place.path()).unwrap();
    let states: Vec<AgentStatus> = store.agents().unwrap().iter().map(|agent| agent.status).collect();
    assert_eq!(states, [AgentStatus::Active, AgentStatus::Revoked]);
}

#[test]
fn retention_takes_the_aged_and_then_the_lowest_class() {
    let place = tempfile::tempdir().unwrap();
    let (store, agent) = enrolled(place.path());
    let mut first = 1;
    let mut put = |class, time: i64| {
        store.commit(&[frame(&agent, class, first, time, &[1])], &[position(&agent, first)]).unwrap();
        first += 1;
    };
    for (class, time) in
        [(Class::Detail, 1), (Class::Flow, 1), (Class::Detail, 90), (Class::Flow, 90), (Class::Alert, 1)]
    {
        put(class, time * SECOND);
    }
    let day = std::time::Duration::from_secs(86_400);
    let mut retention = Retention { age: [std::time::Duration::from_secs(50), day, day], bytes: 0 };
    let now = Timestamp::from_nanos(100 * SECOND);
    assert_eq!(store.expire(&retention, now).unwrap(), Expired { by_age: 1, by_size: 0 });
    assert_eq!(store.expire(&retention, now).unwrap(), Expired::default());
    retention.bytes = 1;
    let left = || store.replay(0, 10).unwrap().iter().map(|b| b.events[0].sequence).collect::<Vec<_>>();
    assert_eq!(left(), [2, 3, 4, 5]);
    store.expire(&retention, now).unwrap();
    assert_eq!(left(), [2, 4, 5], "details before flows");
    store.expire(&retention, now).unwrap();
    assert_eq!(left(), [5], "alerts last");
    // What is gone is not found, and its postings go with the last of their bucket.
    let found = store.events(key(1), Timestamp::EPOCH, Timestamp::MAX, 10).unwrap();
    assert_eq!(found.len(), 1);
    store.expire(&retention, now).unwrap();
    let postings: i64 = store
        .read(|db| db.query_row("SELECT count(*) FROM postings", [], |r| r.get(0)))
        .unwrap_or_else(|e: rusqlite::Error| panic!("{e}"));
    assert_eq!(postings, 0);
}

#[test]
fn f52_a_store_of_a_newer_release_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let (store, _) = enrolled(place.path());
    store.write(|db| db.pragma_update(None, "user_version", 1_000)).unwrap_or_else(|e: rusqlite::Error| panic!("{e}"));
    drop(store);
    assert!(matches!(Sqlite::open(place.path()), Err(StoreError::Newer { found: 1_000, .. })));
}

#[test]
fn f07_a_flipped_byte_in_the_log_costs_its_frame_and_says_which_events() {
    let place = tempfile::tempdir().unwrap();
    let (store, agent) = enrolled(place.path());
    let frames = [1, 4, 6].map(|first| frame(&agent, Class::Flow, first, SECOND, &[1, 2]));
    // Three numbers were declared lost before the second frame, none after it.
    store.commit(&frames, &[position(&agent, 7)]).unwrap();
    for (byte, expected) in [(0, (1, 3)), (30, (1, 3)), (12, (1, 3))] {
        let bytes = &mut frames[0].bytes.clone();
        bytes[byte] ^= 0x10;
        let put = |bytes: &[u8]| {
            store
                .write(|db| db.execute("UPDATE frames SET frame = ?1 WHERE row = 1", [bytes]))
                .unwrap_or_else(|e: rusqlite::Error| panic!("{e}"))
        };
        put(bytes);
        let batches = store.replay(0, 10).unwrap();
        let lost = batches[0].unreadable.clone().unwrap();
        assert_eq!((lost.agent.as_str(), lost.epoch, (lost.first, lost.last)), ("sensor", 5, expected));
        let read: Vec<u64> = batches.iter().flat_map(|b| b.events.iter().map(|e| e.sequence)).collect();
        assert_eq!(read, [4, 5, 6, 7], "everything else is delivered");
        put(&frames[0].bytes);
    }
    assert!(store.replay(0, 10).unwrap().iter().all(|batch| batch.unreadable.is_none()));
}

/// A backlog and what goes ahead of it lie mixed in the log.
#[test]
fn f13_ranges_ahead_are_kept_with_the_frames_and_a_damaged_one_is_named() {
    let place = tempfile::tempdir().unwrap();
    let (store, agent) = enrolled(&place.path().join("a"));
    let frames = [1, 101, 3, 103, 5].map(|first| frame(&agent, Class::Flow, first, SECOND, &[1, 2]));
    let held = Held::new(6, &[(101, 104)]);
    store.commit(&frames, &[Position { agent: agent.clone(), epoch: 5, held: held.clone() }]).unwrap();
    drop(store);
    let store = Sqlite::open(&place.path().join("a")).unwrap();
    assert_eq!(store.held(&agent, 5).unwrap(), held);
    for (row, expected) in [(1i64, (1, 2)), (2, (101, 102)), (3, (3, 4)), (4, (103, 104)), (5, (5, 6))] {
        let put = |bytes: &[u8]| {
            store
                .write(|db| db.execute("UPDATE frames SET frame = ?1 WHERE row = ?2", rusqlite::params![bytes, row]))
                .unwrap_or_else(|e: rusqlite::Error| panic!("{e}"))
        };
        put(&[0; 40]);
        let lost = store.replay(0, 10).unwrap().into_iter().find_map(|batch| batch.unreadable).unwrap();
        assert_eq!((lost.first, lost.last), expected, "row {row}");
        put(&frames[row as usize - 1].bytes);
    }
    let copied = |name: &str| {
        let copy = place.path().join(name);
        Sqlite::copy(&place.path().join("a/picket.db"), &copy).unwrap();
        examine(&copy)
    };
    assert_eq!(copied("good").unwrap().positions, [("sensor".to_owned(), 5, 6)]);
    // A frame ahead of what its position knows, and one that is there twice.
    store.commit(&[frame(&agent, Class::Flow, 201, SECOND, &[1])], &[]).unwrap();
    assert!(copied("beyond").unwrap_err().to_string().contains("beyond 6 were never acknowledged"));
    store.commit(&[frame(&agent, Class::Flow, 4, SECOND, &[1])], &[]).unwrap();
    assert!(copied("twice").unwrap_err().to_string().contains("events from 4 on are stored twice"));
}

#[test]
fn f53_a_migration_that_was_cut_short_is_done_again() {
    let place = tempfile::tempdir().unwrap();
    let old = Connection::open(place.path().join("picket.db")).unwrap();
    old.execute_batch(include_str!("spine.sql")).unwrap();
    old.pragma_update(None, "user_version", 1).unwrap();
    // As a killed process leaves it: the next schema half made in a transaction that was never ended.
    let half: String = include_str!("identity.sql").split_inclusive(';').take(2).collect();
    old.execute_batch(&format!("BEGIN EXCLUSIVE; {half}")).unwrap();
    drop(old);
    let store = Sqlite::open(place.path()).unwrap();
    assert_eq!(store.agents().unwrap(), []);
    assert_eq!(
        store
            .read(|db| db.query_row("PRAGMA user_version", [], |r| r.get::<_, u32>(0)))
            .unwrap_or_else(|e: rusqlite::Error| panic!("{e}")),
        5
    );
}

#[test]
fn a_backup_is_a_store() {
    let place = tempfile::tempdir().unwrap();
    let (store, agent) = enrolled(&place.path().join("a"));
    store.commit(&[frame(&agent, Class::Flow, 1, SECOND, &[1])], &[position(&agent, 1)]).unwrap();
    let copy = place.path().join("b");
    std::fs::create_dir(&copy).unwrap();
    Sqlite::copy(&place.path().join("a/picket.db"), &copy.join("picket.db")).unwrap();
    let contents = examine(&copy.join("picket.db")).unwrap();
    assert_eq!((contents.frames, contents.events, contents.unreadable), (1, 1, 0));
    assert_eq!(contents.positions, [("sensor".to_owned(), 5, 1)]);
    let copy = Sqlite::open(&copy).unwrap();
    assert_eq!(copy.replay(0, 10).unwrap(), store.replay(0, 10).unwrap());
}

#[test]
fn keys_round_trip() {
    for text in ["10.0.0.1", "2001:db8::1", "00:11:22:33:44:55"] {
        let key: EntityKey = text.parse().unwrap();
        assert_eq!(key.to_string(), text);
        assert_eq!(EntityKey::from_bytes(&key.bytes()), Some(key));
    }
}
