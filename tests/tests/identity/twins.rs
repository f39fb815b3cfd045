//! F63: identities that are used twice. Both sides are named, and revoking ends both.

use super::*;
use picket_agent::enrol::host_note;
use picket_collector::identity::Twins;
use picket_event::AgentId;
use picket_event::wire::HostNote;
use picket_tests::namespace::{ip, run_inside};
use picket_tests::programs::{Agent, Collector, Setting};

fn host(name: &str, machine: &str) -> Option<HostNote> {
    Some(HostNote { name: name.to_owned(), machine: machine.to_owned(), ..host_note() })
}

#[test]
fn f63_a_key_in_two_places_is_noticed_and_both_are_shut_out() {
    let place = tempfile::tempdir().unwrap();
    let (collector, agent) = pair(place.path());
    let original = AgentAt { host: host("press-1", "aaaa"), ..agent.clone() };
    let copy = AgentAt { host: host("elsewhere", "aaaa"), spool: place.path().join("copied-spool"), ..agent };
    let begin = Instant::now();
    let (one, two) = (original.start().unwrap(), copy.start().unwrap());
    let mut notices = Vec::new();
    until("it is noticed", || {
        notices.extend(collector.ingest.take_notices());
        notices.iter().any(|notice| notice.twins == Twins::Twice)
    });
    println!("a key in two places: noticed after {:.1} s", begin.elapsed().as_secs_f64());
    let notice = notices.iter().find(|notice| notice.twins == Twins::Twice).unwrap();
    let said = format!("{} {}", notice.one, notice.other);
    for name in ["press-1", "elsewhere", "127.0.0.1"] {
        assert!(said.contains(name), "{name} is named: {said}");
    }
    let notes = collector.store.doubles().unwrap();
    assert_eq!((notes[0].0.as_str(), notes[0].1.kind.as_str()), ("sensor-1", "identity_twice"));
    let id = AgentId::new("sensor-1");
    assert!(collector.store.revoke(&id).unwrap());
    collector.ingest.revoke(&id);
    for forward in [one, two] {
        until("it is shut out", || forward.status().refused);
        forward.stop();
    }
    collector.stop();
}

#[test]
fn f63_a_key_on_another_machine_is_noticed_and_a_restart_or_a_new_host_name_is_not() {
    let place = tempfile::tempdir().unwrap();
    let (collector, agent) = pair(place.path());
    let connect = |host: Option<HostNote>| {
        let forward = AgentAt { host, ..agent.clone() }.start().unwrap();
        until("it is connected", || forward.status().connected);
        forward.stop();
    };
    for name in ["press-1", "press-1", "renamed", "renamed"] {
        connect(host(name, "aaaa"));
    }
    assert_eq!(collector.store.doubles().unwrap(), []);
    let known = collector.store.agent(&AgentId::new("sensor-1")).unwrap().unwrap();
    assert_eq!((known.host.name.as_str(), known.transport.as_str()), ("renamed", "quic"));
    connect(host("renamed", "bbbb"));
    let notes = collector.store.doubles().unwrap();
    assert_eq!(notes[0].1.kind, "identity_moved");
    assert!(notes[0].1.one.contains("bbbb") && notes[0].1.other.contains("aaaa"), "{notes:?}");
    assert!(collector.store.settle(&AgentId::new("sensor-1")).unwrap());
    connect(host("renamed", "bbbb"));
    assert_eq!(collector.store.doubles().unwrap(), [], "the new machine is the known one now");
    collector.stop();
}

fn copied(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for name in ["agent.key", "agent.json"] {
        std::fs::copy(from.join(name), to.join(name)).unwrap();
    }
}

/// The real programs: the alert, the listing, and the way out.
#[test]
fn f63_a_copied_key_raises_an_alert_until_it_is_settled() {
    run_inside("identity::twins::f63_a_copied_key_raises_an_alert_until_it_is_settled", || {
        ip("link set lo up");
        let place = tempfile::tempdir().unwrap();
        let collector = Collector::start(place.path(), &Setting::default()).unwrap();
        collector.enrol("sensor-1", &collector.token("plant").unwrap()).unwrap();
        let (state, copy) = (collector.agent_state("sensor-1"), collector.agent_state("copy"));
        copied(&state, &copy);
        let agents = [&state, &copy].map(|state| Agent::start(state, "", &["-i", "lo"]).unwrap());
        let alerts = || collector.list("alerts").unwrap();
        until("an alert is raised", || alerts().iter().any(|alert| alert["kind"] == "identity_twice"));
        let alert = alerts().into_iter().find(|alert| alert["kind"] == "identity_twice").unwrap();
        assert_eq!((&alert["entity"], &alert["site"]), (&"sensor-1".into(), &"plant".into()));
        let reason = alert["reasons"][0].as_str().unwrap();
        assert_eq!(reason.matches(" at 127.0.0.1").count(), 2, "both sides are named: {reason}");
        let listed = collector.ask(&["agents"]).unwrap();
        assert!(listed.contains("identity seen twice"), "{listed}");
        let shown = collector.ask(&["agents", "show", "sensor-1"]).unwrap();
        assert!(shown.contains("identity_twice ("), "{shown}");
        assert!(collector.ask(&["explain", alert["id"].as_str().unwrap()]).unwrap().contains("in use twice"));
        drop(agents);
        assert!(collector.ask(&["agents", "settle", "sensor-1"]).unwrap().contains("is settled"));
        assert!(!collector.ask(&["agents"]).unwrap().contains("seen twice"));
        assert!(collector.ask(&["agents", "settle", "sensor-1"]).is_err());
    });
}
