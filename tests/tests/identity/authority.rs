//! F55: the collector's authority is changed under running agents; a corporate one is taken.

use super::*;
use picket_agent::enrol::enrol;
use picket_collector::identity::{Authority, Import};
use picket_tests::programs::{Collector, Setting};
use serde_json::Value;

const OVERLAP: Duration = Duration::from_secs(30 * 86_400);

#[test]
fn f55_the_authority_is_changed_without_a_gap() {
    let place = tempfile::tempdir().unwrap();
    let (collector, agent) = pair(place.path());
    let enrolled = |name: &str| AgentAt::enrol(&collector.token("", 1, DAY).unwrap(), name, place.path()).unwrap();
    let (away, gone) = (enrolled("away"), enrolled("gone"));
    let forward = agent.start().unwrap();
    let mut generator = events(1);
    forward.send(generator.take(100));
    drained(&forward);

    let rotation = collector.authority.rotate(None, now(), OVERLAP).unwrap();
    assert!(collector.authority.rotate(None, now(), OVERLAP).is_err(), "one change at a time");
    let before = agent.identity.material().unwrap();
    let begin = Instant::now();
    collector.ingest.tell_authorities();
    let material = |agent: &AgentAt| agent.identity.material().unwrap();
    until("both are trusted", || material(&agent).authorities.len() == 2);
    until("the certificate is renewed", || material(&agent).certificate != before.certificate);
    println!("authority changed: a connected agent renewed after {:.3} s", begin.elapsed().as_secs_f64());
    assert!(!collector.authority.is_ending(&material(&agent).certificate));
    assert!(forward.status().connected, "the connection stood all the time");
    forward.send(generator.take(100));
    drained(&forward);
    // One that was away comes back with its old certificate; one that enrols now trusts both.
    let other = away.start().unwrap();
    until("the one that was away renews too", || material(&away).authorities.len() == 2);
    until("it does", || !collector.authority.is_ending(&material(&away).certificate));
    other.stop();
    assert_eq!(material(&enrolled("new")).authorities.len(), 2);
    forward.stop();
    let port = collector.ingest.address();
    collector.stop();

    // The change outlives a restart.
    let collector = CollectorAt::start_on(&place.path().join("collector"), port).unwrap();
    assert_eq!(collector.authority.rotation(), Some(rotation.clone()));
    let forward = agent.start().unwrap();
    forward.send(generator.take(100));
    drained(&forward);
    assert!(collector.authority.finish(now()).unwrap());
    assert_eq!(collector.authority.fingerprint(), rotation.fingerprint);
    collector.ingest.tell_authorities();
    until("the old one is forgotten", || material(&agent).authorities.len() == 1);
    assert!(!agent.identity.directory.join("authorities.pem").exists());
    forward.stop();
    let forward = agent.start().unwrap();
    forward.send(generator.take(100));
    drained(&forward);
    stored_once(&collector, "sensor-1", 400);
    forward.stop();
    let other = away.start().unwrap();
    until("the one that was away is in", || other.status().connected);
    other.stop();
    // One that was away all the time enrols again and keeps its name.
    let late = gone.start().unwrap();
    says(&late, "enrol again with a new token");
    late.stop();
    let token = collector.token("", 1, DAY).unwrap();
    assert_eq!(enrol(&token, None, &gone.identity.directory).unwrap().identity.agent, "gone");
    collector.stop();
}

#[test]
fn f55_a_change_ends_by_itself_when_its_overlap_is_over() {
    let place = tempfile::tempdir().unwrap();
    let authority = Authority::open(place.path(), &[], now()).unwrap();
    let rotation = authority.rotate(None, now(), OVERLAP).unwrap();
    assert!(!authority.tick(rotation.until - 1).unwrap());
    assert!(authority.tick(rotation.until).unwrap());
    assert_eq!((authority.fingerprint(), authority.rotation()), (rotation.fingerprint, None));
    assert!(!authority.tick(rotation.until).unwrap());
}

/// Over one connection that lasts, a certificate is renewed as often as it takes.
#[test]
fn f54_f55_a_long_connection_renews_more_than_once() {
    let place = tempfile::tempdir().unwrap();
    let (collector, agent) = pair(place.path());
    let forward = agent.start().unwrap();
    until("it is connected", || forward.status().connected && !collector.ingest.live().is_empty());
    let connected = collector.ingest.live()[0].clone();
    for _ in 0..3 {
        collector.authority.rotate(None, now(), OVERLAP).unwrap();
        collector.ingest.tell_authorities();
        let renewed = || !collector.authority.is_ending(&agent.identity.material().unwrap().certificate);
        until("the certificate is of the next authority", renewed);
        assert!(collector.authority.finish(now()).unwrap());
        collector.ingest.tell_authorities();
        until("the old one is forgotten", || agent.identity.material().unwrap().authorities.len() == 1);
    }
    assert_eq!(collector.ingest.live(), [connected], "all over the same connection");
    forward.stop();
    collector.stop();
}

/// A crash between the two renames of the end is mended at the next start.
#[test]
fn f55_a_change_that_was_cut_short_is_ended_at_the_next_start() {
    let place = tempfile::tempdir().unwrap();
    let authority = Authority::open(place.path(), &[], now()).unwrap();
    let rotation = authority.rotate(None, now(), OVERLAP).unwrap();
    std::fs::rename(place.path().join("authority-next.key"), place.path().join("authority.key")).unwrap();
    let authority = Authority::open(place.path(), &[], now()).unwrap();
    assert_eq!((authority.fingerprint(), authority.rotation()), (rotation.fingerprint, None));
}

/// A corporate authority: its certificate and key.
fn corporate() -> (String, String) {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(rcgen::DnType::CommonName, "Example issuing authority");
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Constrained(0));
    params.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign];
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

#[test]
fn a_corporate_authority_is_taken_and_what_is_none_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let (certificate, key) = corporate();
    let home = place.path().join("collector");
    let import = Import { certificate, key, path: place.path().join("ca.pem") };
    Authority::import(&home, &import).unwrap();
    let (collector, agent) = pair(place.path());
    assert_eq!(collector.authority.pem(), import.certificate);
    let forward = agent.start().unwrap();
    forward.send(events(2).take(50));
    drained(&forward);
    forward.stop();
    collector.stop();

    let refused = |import: &Import| Authority::import(&place.path().join("x"), import).unwrap_err().to_string();
    let (_, other) = corporate();
    let said = refused(&Import { key: other, ..import.clone() });
    assert!(said.contains("the private key belongs to another certificate"), "{said}");
    let leaf_key = rcgen::KeyPair::generate().unwrap();
    let leaf = rcgen::CertificateParams::new(vec!["a".to_owned()]).unwrap().self_signed(&leaf_key).unwrap().pem();
    let said = refused(&Import { certificate: leaf, key: leaf_key.serialize_pem(), ..import });
    assert!(said.contains("may not sign certificates"), "{said}");
}

/// The verbs, on a running collector.
#[test]
fn the_authority_is_shown_and_changed_by_its_verb() {
    let place = tempfile::tempdir().unwrap();
    let collector = Collector::start(place.path(), &Setting::default()).unwrap();
    collector.enrol("sensor-1", &collector.token("").unwrap()).unwrap();
    let show = |arguments: &[&str]| -> Value {
        let all = [&["authority"], arguments, &["--json"]].concat();
        serde_json::from_str(&collector.ask(&all).unwrap()).unwrap()
    };
    let first = show(&["show"]);
    assert_eq!(first["next"], Value::Null);
    // The agent's certificate is of the same second as the change, or of an earlier one.
    std::thread::sleep(Duration::from_millis(1_100));
    let changing = show(&["rotate", "--overlap", "7d"]);
    assert_eq!((&changing["fingerprint"], &changing["waiting"][0]), (&first["fingerprint"], &Value::from("sensor-1")));
    let held = collector.ask(&["authority", "finish"]).unwrap_err().to_string();
    assert!(held.contains("sensor-1 would have to enrol again"), "{held}");
    let done = show(&["finish", "--now"]);
    assert_eq!((&done["fingerprint"], &done["next"]), (&changing["next"], &Value::Null));
}
