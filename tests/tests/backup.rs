//! `picket-collector backup` and `restore`, with the real programs and under load.

use crate::crashes::{PATIENCE, capture};
use picket_collector::store::{Sqlite, Store};
use picket_event::AgentId;
use picket_tests::place::program;
use picket_tests::programs::{Agent, Collector, Setting};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

/// Runs `picket-collector` over a state directory.
fn run(state: &Path, arguments: &[&str]) -> Output {
    let config = state.with_extension("toml");
    std::fs::write(&config, format!("[state]\ndirectory = {state:?}\n")).unwrap();
    let mut command = Command::new(program("picket-collector"));
    command.args(arguments).arg("--config").arg(config).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), output.stderr.as_slice()].concat()).into_owned()
}

/// What a stopped collector has stored of the agent, each once; and how far it acknowledged.
fn stored(state: &Path) -> (BTreeSet<u64>, u64) {
    let store = Sqlite::open(state).unwrap();
    let mut sequences = BTreeSet::new();
    let batches = store.replay(0, u32::MAX).unwrap();
    let epoch = batches.first().map_or(0, |batch| batch.events[0].epoch);
    for event in batches.iter().flat_map(|batch| &batch.events) {
        assert!(event.epoch == epoch && sequences.insert(event.sequence), "{} is stored twice", event.sequence);
    }
    (sequences, store.held(&AgentId::new("sensor"), epoch).unwrap().all())
}

#[test]
fn f10_a_backup_under_load_is_one_moment_and_agents_go_on_from_it() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let file = capture(folder.path(), 30_000);
    let collector = Collector::start(folder.path(), &Setting::default()).unwrap();
    collector.enrol("sensor", &collector.token("").unwrap()).unwrap();
    let state = collector.agent_state("sensor");
    let start = || Agent::start(&state, "", &["--file", file.to_str().unwrap()]).unwrap();
    // Taken while events come in: the agent is still at it when the copy is made.
    let (mut agent, mut copy, mut moment) = (start(), at("copy0"), 0);
    for number in 1..100 {
        let answer = collector.ask(&["backup", copy.to_str().unwrap(), "--json"]).unwrap();
        let manifest: Value = serde_json::from_str(&answer).unwrap();
        moment = manifest["store"]["positions"][0][2].as_u64().unwrap_or(0);
        if agent.ended().unwrap().is_some() {
            agent = start();
        } else if moment > 0 {
            break;
        }
        copy = at(&format!("copy{number}"));
    }
    // The machine is lost, and another takes its place.
    let ports = collector.kill().unwrap();
    let second = Collector::restore(&at("second"), &copy, ports).unwrap();
    agent.finish(PATIENCE).unwrap();
    let rows = second.list("agents").unwrap();
    let ledger = rows.iter().find(|row| row["name"] == "sensor").unwrap()["ledger"].clone();
    second.stop();
    let (sequences, acknowledged) = stored(&at("second/collector"));
    assert!(
        moment > 0 && (1..=moment).all(|sequence| sequences.contains(&sequence)),
        "everything up to the backup is there"
    );
    let missing: Vec<u64> = (1..=acknowledged).filter(|sequence| !sequences.contains(sequence)).collect();
    // What the first one acknowledged after the backup is gone with it: one stretch, right behind the backup.
    if let (Some(first), Some(last)) = (missing.first(), missing.last()) {
        assert_eq!((*first, last - first + 1), (moment + 1, missing.len() as u64), "more than that is missing");
    }
    assert_eq!(ledger["events_acknowledged"], acknowledged, "{ledger}");
    assert_eq!((ledger["events_spooled"].as_u64(), &ledger["balanced"]), (Some(0), &Value::Bool(true)), "{ledger}");
    println!(
        "backup at event {moment}; {} events of the lost machine are gaps; {} stored",
        missing.len(),
        sequences.len()
    );
    // A move in order: nothing is lost at all.
    let output = run(&at("second/collector"), &["backup", at("third").to_str().unwrap()]);
    assert!(output.status.success(), "{}", said(&output));
    let fourth = Collector::restore(&at("fourth"), &at("third"), ports).unwrap();
    start().finish(PATIENCE).unwrap();
    fourth.stop();
    let (after, acknowledged) = stored(&at("fourth/collector"));
    assert!(after.is_superset(&sequences) && after.len() > sequences.len());
    assert_eq!((1..=acknowledged).filter(|sequence| !after.contains(sequence)).collect::<Vec<_>>(), missing);
}

#[test]
fn backups_that_are_not_whole_and_places_that_are_taken_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let text = |name: &str| at(name).to_str().unwrap().to_owned();
    let refused = |state: &str, arguments: &[&str], status: i32, words: &str| {
        let output = run(&at(state), arguments);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {}", said(&output));
        assert!(said(&output).contains(words), "{arguments:?}: {}", said(&output));
    };
    refused("none", &["backup", &text("copy")], 1, "there is no store in");
    assert!(run(&at("state"), &["init"]).status.success());
    std::fs::write(at("state").join("signing.key"), "by which agents trust bundles").unwrap();
    let output = run(&at("state"), &["backup", &text("copy")]);
    assert!(output.status.success() && said(&output).contains("is made, and whole"), "{}", said(&output));
    assert!(run(&at("state"), &["backup", &text("copy"), "--check"]).status.success());
    refused("state", &["backup", &text("copy")], 1, "is not empty");
    refused("state", &["restore", &text("copy")], 1, "holds a collector's picket.db already");
    refused("new", &["restore", &text("state")], 1, "is no backup");
    let output = run(&at("state"), &["restore", &text("copy"), "--replace"]);
    assert!(output.status.success(), "{}", said(&output));
    let aside = std::fs::read_dir(at("state")).unwrap().filter_map(|e| e.unwrap().file_name().into_string().ok());
    assert_eq!(aside.filter(|name| name.starts_with("replaced-")).count(), 1);
    // In use.
    let held = Sqlite::open(&at("state")).unwrap();
    refused("state", &["restore", &text("copy"), "--replace"], 5, "in use by process");
    drop(held);
    // One byte anywhere.
    for name in ["picket.db", "desk.db", "authority.key"] {
        let path = at("copy").join(name);
        let good = std::fs::read(&path).unwrap();
        let mut bad = good.clone();
        let middle = bad.len() / 2;
        bad[middle] ^= 1;
        std::fs::write(&path, bad).unwrap();
        refused("new", &["restore", &text("copy")], 1, "was changed since the backup");
        refused("new", &["backup", &text("copy"), "--check"], 1, "was changed since the backup");
        std::fs::write(&path, good).unwrap();
    }
    assert!(run(&at("new"), &["restore", &text("copy")]).status.success());
    let same =
        |name: &str| std::fs::read(at("new").join(name)).unwrap() == std::fs::read(at("copy").join(name)).unwrap();
    assert!(["picket.db", "desk.db", "authority.pem", "authority.key", "signing.key"].into_iter().all(same));
}
