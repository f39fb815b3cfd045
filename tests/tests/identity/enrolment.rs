//! Tokens, approval, un-enrolment, and what keeps an identity.

use super::*;
use picket_agent::enrol::{EnrolError, Identity, enrol};
use picket_collector::store::AgentStatus;
use picket_event::AgentId;
use picket_tests::programs::{Collector, Setting};
use serde_json::Value;
use std::io::Write as _;
use std::process::{Command, Stdio};

#[test]
fn a_pending_agent_waits_for_a_person_and_loses_nothing() {
    let place = tempfile::tempdir().unwrap();
    let collector = CollectorAt::start(&place.path().join("collector")).unwrap();
    let token = collector.token_for(by_person()).unwrap();
    let enrolled = enrol(&token, Some("other"), &place.path().join("other")).unwrap();
    assert!(enrolled.pending);
    assert_eq!((enrolled.group.as_str(), enrolled.identity.site.as_str()), ("press", "plant"));
    let agent = AgentAt::enrol(&token, "sensor-1", place.path()).unwrap();
    let forward = agent.start().unwrap();
    forward.send(events(1).take(500));
    says(&forward, "waits for approval");
    let status = forward.status();
    assert!(!status.connected && !status.refused, "it is asked again soon: {status:?}");
    let (id, other) = (AgentId::new("sensor-1"), AgentId::new("other"));
    assert!(collector.store.turn(&id, &[AgentStatus::Pending], AgentStatus::Active).unwrap());
    assert!(collector.store.turn(&other, &[AgentStatus::Pending], AgentStatus::Rejected).unwrap());
    drained(&forward);
    stored_once(&collector, "sensor-1", 500);
    forward.stop();
    let rejected = AgentAt { identity: enrolled.identity, spool: place.path().join("spool"), ..agent };
    let forward = rejected.start().unwrap();
    says(&forward, "was rejected");
    assert!(forward.status().refused);
    forward.stop();
    // The name of a rejected agent is free again.
    enrol(&token, Some("other"), &place.path().join("another")).unwrap();
    collector.stop();
}

#[test]
fn enrolling_again_keeps_name_and_key_and_another_name_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let (collector, agent) = pair(place.path());
    let directory = agent.identity.directory.clone();
    let key = std::fs::read(directory.join("agent.key")).unwrap();
    let token = collector.token("", 5, DAY).unwrap();
    let again = enrol(&token, None, &directory).unwrap();
    assert_eq!(again.identity.agent, "sensor-1");
    assert_eq!(std::fs::read(directory.join("agent.key")).unwrap(), key, "the key is kept");
    assert_eq!(collector.store.agents().unwrap().len(), 1);
    let refused = enrol(&token, Some("sensor-2"), &directory).unwrap_err();
    assert!(matches!(&refused, EnrolError::Enrolled(name) if name == "sensor-1"), "{refused}");
    assert_eq!(refused.exit_status(), 2);
    assert!(collector.store.revoke(&AgentId::new("sensor-1")).unwrap());
    let refused = enrol(&token, None, &directory).unwrap_err();
    assert!(matches!(&refused, EnrolError::Refused(why) if why.contains("is revoked")), "{refused}");
    collector.stop();
}

/// Runs the agent's program; its status and everything it said.
fn agent(arguments: &[&str], state: &Path) -> (i32, String) {
    let mut command = Command::new(picket_tests::place::program("picket-agent"));
    let output = command.args(arguments).arg("--state").arg(state).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(said).unwrap())
}

fn shown(collector: &Collector, name: &str) -> Value {
    serde_json::from_str(&collector.ask(&["agents", "show", name, "--json"]).unwrap()).unwrap()
}

/// Many hosts behind one address enrol at the same time: all are taken, some of them on asking again,
/// and approved together.
#[test]
fn forty_hosts_behind_one_address_enrol_at_once() {
    let place = tempfile::tempdir().unwrap();
    let collector = Collector::start(place.path(), &Setting::default()).unwrap();
    let made = collector.ask(&["token", "create", "--uses", "40", "--approval", "person", "--json"]).unwrap();
    let token = serde_json::from_str::<Value>(&made).unwrap()["token"].as_str().unwrap().to_owned();
    let enrols = &|n: u32| agent(&["enrol", &token], &place.path().join(n.to_string()));
    std::thread::scope(|scope| {
        let hosts: Vec<_> = (0..40).map(|n| (n, scope.spawn(move || enrols(n)))).collect();
        for (n, host) in hosts {
            let (status, said) = host.join().unwrap();
            assert_eq!(status, 0, "{n}: {said}");
        }
    });
    let agents = collector.list("agents").unwrap();
    assert_eq!(agents.len(), 40);
    let first: Vec<&str> = agents.iter().filter_map(|agent| agent["name"].as_str()).take(2).collect();
    let approved = |arguments: &[&str]| collector.ask(&[&["agents", "approve"], arguments].concat());
    let some = approved(&[first[0], "nobody", first[1]]).unwrap_err().to_string();
    assert!(some.contains("1 of 3: nobody"), "{some}");
    assert_eq!(approved(&["--pending", "--group", "others"]).unwrap(), "no agent waits for approval\n");
    assert_eq!(approved(&["--pending"]).unwrap().lines().count(), 38);
    assert_eq!(approved(&["--pending"]).unwrap(), "no agent waits for approval\n");
}

/// The real programs: a person approves, the host un-enrols, and the name can be taken again.
#[test]
fn approval_and_un_enrolment_by_the_programs() {
    let place = tempfile::tempdir().unwrap();
    let collector = Collector::start(place.path(), &Setting::default()).unwrap();
    let made = collector
        .ask(&["token", "create", "--group", "press", "--approval", "person", "--uses", "3", "--json"])
        .unwrap();
    let token = serde_json::from_str::<Value>(&made).unwrap()["token"].as_str().unwrap().to_owned();
    let state = collector.agent_state("sensor-1");
    let (status, said) = agent(&["enrol", "-"], &state);
    assert!(status == 2 && said.contains("standard input holds no token"), "{status}: {said}");
    let mut command = Command::new(picket_tests::place::program("picket-agent"));
    command.args(["enrol", "-", "--name", "sensor-1", "--state"]).arg(&state);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(format!("{token}\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let (status, said) = (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap());
    assert!(status == 0 && said.contains("agents approve sensor-1"), "{said}");
    let pending = collector.ask(&["agents", "list", "--pending"]).unwrap();
    assert!(pending.contains("sensor-1") && pending.contains("waits for approval"), "{pending}");
    let listed = collector.ask(&["token", "list"]).unwrap();
    assert!(listed.contains("press") && listed.contains("person"), "{listed}");
    assert!(collector.ask(&["agents", "approve", "sensor-1"]).unwrap().contains("is approved"));
    let twice = collector.ask(&["agents", "approve", "sensor-1"]).unwrap_err().to_string();
    assert!(twice.contains("no such agent of this name that waits for approval"), "{twice}");
    assert_eq!(shown(&collector, "sensor-1")["status"], "active");

    let (status, said) = agent(&["unenrol"], &state);
    assert!(status == 0 && said.contains("sensor-1 gave its identity up"), "{said}");
    assert!(!state.join("agent.key").exists() && !state.join("agent.json").exists());
    assert_eq!(shown(&collector, "sensor-1")["status"], "left");
    let (status, said) = agent(&["unenrol"], &state);
    assert!(status == 1 && said.contains("picket-agent enrol"), "{said}");
    let (status, said) = agent(&["enrol", &token, "--name", "sensor-1"], &state);
    assert!(status == 0, "the name is free again: {said}");
    let removed = serde_json::from_str::<Value>(&collector.ask(&["token", "list", "--json"]).unwrap()).unwrap();
    let id = removed[0]["id"].as_str().unwrap().to_owned();
    assert!(collector.ask(&["token", "remove", &id]).unwrap().contains("removed"));
    let (status, said) = agent(&["enrol", &token, "--name", "sensor-9"], &collector.agent_state("sensor-9"));
    assert!(status == 5 && said.contains("knows no such token"), "{said}");
}

/// Nobody but the key's owner can give an identity up.
#[test]
fn an_identity_is_given_up_by_its_own_key_alone() {
    let place = tempfile::tempdir().unwrap();
    let collector = Collector::start(place.path(), &Setting::default()).unwrap();
    for name in ["victim", "thief"] {
        collector.enrol(name, &collector.token("").unwrap()).unwrap();
    }
    let mut thief = Identity::load(&collector.agent_state("thief")).unwrap();
    thief.agent = "victim".to_owned();
    let refused = picket_agent::enrol::leave(&thief).unwrap_err();
    assert!(matches!(&refused, EnrolError::Refused(why) if why.contains("no such agent with this key")), "{refused}");
    assert_eq!(shown(&collector, "victim")["status"], "active");
}
