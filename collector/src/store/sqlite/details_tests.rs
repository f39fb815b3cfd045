//! Requests for packets: what may follow what, pieces in order, what expires.

use crate::store::{Detail, DetailState, Details as _, Sqlite};
use picket_event::AgentId;
use std::time::Duration;

const DAY: i64 = 86_400_000_000_000;

fn asked(agent: &str) -> Detail {
    Detail {
        agent: AgentId::new(agent),
        host: "10.0.0.1".parse().unwrap(),
        reason: "beacons".to_owned(),
        from_at: 5,
        lasting: Duration::from_nanos(100),
        most: 10,
        asked_by: "anna".to_owned(),
        asked_at: 1_000,
        ..Detail::default()
    }
}

fn approve(store: &Sqlite, id: u64) -> Detail {
    let done = store.decide_detail(id, &[DetailState::Waiting], DetailState::Approved, "ben", 2_000).unwrap();
    done.unwrap()
}

#[test]
fn pieces_follow_each_other_and_end_with_the_answer() {
    let place = tempfile::tempdir().unwrap();
    let store = Sqlite::open(place.path()).unwrap();
    let agent = AgentId::new("sensor-1");
    let id = store.ask_detail(&asked("sensor-1")).unwrap();
    let put = |start, bytes: &[u8]| store.put_detail_part(&agent, id, start, bytes).unwrap();
    assert_eq!(put(0, b"abc"), None, "nobody approved it");
    assert!(store.open_details(&agent).unwrap().is_empty());
    let request = approve(&store, id).request();
    assert_eq!((request.until, request.by.as_str(), request.durable), (2_100, "anna, approved by ben", 0));
    assert_eq!(store.decide_detail(id, &[DetailState::Waiting], DetailState::Approved, "x", 3).unwrap(), None, "once");
    assert_eq!(store.put_detail_part(&AgentId::new("other"), id, 0, b"abc").unwrap(), None, "of another agent");
    assert_eq!([put(0, b"abc"), put(0, b"abc"), put(5, b"x"), put(3, b"defgh")], [Some(3), Some(3), Some(3), Some(8)]);
    assert_eq!(put(8, b"ijk"), Some(8), "over the cap");
    assert_eq!(store.open_details(&agent).unwrap()[0].request().durable, 8);
    assert_eq!(store.detail_bytes(id, 0).unwrap(), b"abcdefgh");
    assert_eq!(
        (store.detail_bytes(id, 4).unwrap(), store.detail_bytes(id, 8).unwrap()),
        (b"efgh".to_vec(), Vec::new())
    );
    assert!(store.answer_detail(&agent, id, DetailState::Complete, 3, "").unwrap());
    assert!(!store.answer_detail(&agent, id, DetailState::Refused, 0, "late").unwrap(), "it has ended");
    assert_eq!(put(8, b"i"), None);
    let kept = store.detail(id).unwrap().unwrap();
    assert_eq!((kept.state, kept.packets, kept.bytes, kept.kept), (DetailState::Complete, 3, 8, true));
    assert_eq!(store.expire_details(1_000 + 2 * DAY, Duration::from_secs(86_400)).unwrap(), 1);
    let kept = store.detail(id).unwrap().unwrap();
    assert_eq!((kept.bytes, kept.kept), (8, false), "the row stays");
    assert!(store.detail_bytes(id, 0).unwrap().is_empty());
}

/// F72: the file alone shows no packet, and what an earlier release stored in the clear is sealed when the store opens.
#[test]
fn f72_packets_cannot_be_read_without_the_key() {
    const SECRET: &[u8] = b"what was said on the wire";
    let place = tempfile::tempdir().unwrap();
    let agent = AgentId::new("sensor-1");
    let in_files = || {
        let files = std::fs::read_dir(place.path()).unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
        files.filter(|bytes| bytes.windows(SECRET.len()).any(|window| window == SECRET)).count()
    };
    let (id, old) = {
        let store = Sqlite::open(place.path()).unwrap();
        let asked = || Detail { most: 1_000, ..asked("sensor-1") };
        let (id, old) = (store.ask_detail(&asked()).unwrap(), store.ask_detail(&asked()).unwrap());
        approve(&store, id);
        assert_eq!(store.put_detail_part(&agent, id, 0, SECRET).unwrap(), Some(SECRET.len() as u64));
        assert_eq!(in_files(), 0);
        let clear = |db: &rusqlite::Transaction<'_>| {
            let piece = "INSERT INTO detail_parts (detail, start, bytes, sealed) VALUES (?1, 0, ?2, 0)";
            db.execute(piece, rusqlite::params![old.cast_signed(), SECRET])
        };
        store.write(clear).unwrap_or_else(|e: rusqlite::Error| panic!("{e}"));
        (id, old)
    };
    assert!(in_files() > 0, "in the clear");
    {
        let store = Sqlite::open(place.path()).unwrap();
        assert_eq!(in_files(), 0, "sealed at the start");
        assert_eq!([id, old].map(|id| store.detail_bytes(id, 0).unwrap()), [SECRET, SECRET]);
        assert_eq!(store.detail_bytes(id, 5).unwrap(), &SECRET[5..]);
    }
    std::fs::remove_file(place.path().join("evidence.key")).unwrap();
    let store = Sqlite::open(place.path()).unwrap();
    assert!(store.detail_bytes(id, 0).unwrap_err().to_string().contains("another key"));
    assert!(store.detail(id).unwrap().is_some(), "the rest is read as ever");
}

#[test]
fn what_nobody_decides_or_finishes_expires() {
    let place = tempfile::tempdir().unwrap();
    let store = Sqlite::open(place.path()).unwrap();
    let (waiting, approved) = (store.ask_detail(&asked("a")).unwrap(), store.ask_detail(&asked("a")).unwrap());
    approve(&store, approved);
    let keep = Duration::from_secs(30 * 86_400);
    assert_eq!(store.expire_details(DAY, keep).unwrap(), 0);
    assert_eq!(store.expire_details(3 * DAY, keep).unwrap(), 2);
    for id in [waiting, approved] {
        assert_eq!(store.detail(id).unwrap().unwrap().state, DetailState::Expired);
    }
    let ids: Vec<u64> = store.details().unwrap().iter().map(|detail| detail.id).collect();
    assert_eq!(ids, [approved, waiting], "newest first");
}

#[test]
fn bundles_are_kept_and_read_in_pieces() {
    let place = tempfile::tempdir().unwrap();
    let store = Sqlite::open(place.path()).unwrap();
    let record = |sha256: &str| crate::store::BundleRecord {
        sha256: sha256.to_owned(),
        name: "n".to_owned(),
        signer: "s".to_owned(),
        made_at: 1,
        made_by: "anna".to_owned(),
        bytes: 4,
    };
    assert!(store.put_bundle(&record("aa"), b"abcd").unwrap() && store.put_bundle(&record("aa"), b"other").unwrap());
    assert_eq!(store.bundle_part("aa", 1, 2).unwrap(), Some((4, b"bc".to_vec())));
    assert_eq!(store.bundle_part("aa", 4, 2).unwrap(), Some((4, Vec::new())));
    assert_eq!(store.bundle_part("bb", 0, 2).unwrap(), None);
    assert_eq!(store.bundles().unwrap(), [record("aa")]);
    for number in 1..64 {
        assert!(store.put_bundle(&record(&format!("{number}")), b"abcd").unwrap());
    }
    assert!(!store.put_bundle(&record("one more"), b"abcd").unwrap(), "64 are kept");
    assert!(store.remove_bundle("aa").unwrap() && !store.remove_bundle("aa").unwrap());
}
