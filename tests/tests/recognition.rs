//! Recognition and reading of industrial captures against their labels, by the corpus' own scorer.

use picket_tests::golden::{events, lines};
use picket_tests::place::{files, shared, tool};
use std::path::Path;
use std::process::Command;

/// Runs the scorer on EVE lines of the captures of a folder; answers its JSON.
fn score(test: &str, shared: &Path, captures: &Path, more: &[&str]) -> Option<serde_json::Value> {
    let python = tool(test, "python3")?;
    let work = tempfile::tempdir().unwrap();
    let eve = work.path().join("eve.jsonl");
    let mut text = String::new();
    for capture in files(captures, &["pcap", "pcapng"]) {
        text.push_str(&lines(&events(&capture)));
    }
    std::fs::write(&eve, text).unwrap();
    let done = Command::new(python)
        .arg(shared.join("tools/score_ics.py"))
        .arg("--json")
        .arg("--labels")
        .arg(shared.join("corpus/ics/labels.jsonl"))
        .arg("--eve")
        .arg(&eve)
        .args(more)
        .output()
        .unwrap();
    Some(
        serde_json::from_slice(&done.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&done.stderr))),
    )
}

fn check(score: &serde_json::Value) {
    let modbus = &score["protocols"]["modbus"];
    let number = |name: &str| modbus[name].as_f64().unwrap();
    assert!(number("recall") >= 0.998, "{modbus}");
    assert!(number("precision") >= 1.0, "{modbus}");
    assert!(number("exact") / number("cells") >= 0.998, "{modbus}");
    assert_eq!(score["summary"]["negatives_called_industrial"], 0, "{score}");
}

#[test]
fn modbus_is_recognised_and_counted() {
    let test = "modbus_is_recognised_and_counted";
    let Some(shared) = shared(test) else { return };
    let captures = shared.join("corpus/ics");
    if let Some(score) = score(test, &shared, &captures, &[]) {
        check(&score);
    }
}

/// The same with every server port moved somewhere else: the structure alone tells.
#[test]
fn modbus_is_recognised_on_any_port() {
    let test = "modbus_is_recognised_on_any_port";
    let Some(shared) = shared(test) else { return };
    let Some(python) = tool(test, "python3") else { return };
    let work = tempfile::tempdir().unwrap();
    let map = work.path().join("map.json");
    let labels = std::fs::read_to_string(shared.join("corpus/ics/labels.jsonl")).unwrap();
    let named: std::collections::BTreeSet<String> = labels
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok()?["file"].as_str().map(str::to_owned))
        .collect();
    for file in named {
        let path = shared.join("corpus/ics").join(&file);
        let out = work.path().join(path.file_name().unwrap()).with_extension("pcap");
        let base = path.file_name().unwrap();
        let done = Command::new(&python)
            .arg(shared.join("tools/port_shift.py"))
            .args([&path, &out])
            .args(["--seed", "7", "--map"])
            .arg(&map)
            .arg("--name")
            .arg(base)
            .output()
            .unwrap();
        assert!(done.status.success(), "{file}: {}", String::from_utf8_lossy(&done.stderr));
        if out.file_name() != Some(base) {
            std::fs::rename(&out, work.path().join(base)).unwrap();
        }
    }
    if let Some(score) = score(test, &shared, work.path(), &["--shift", map.to_str().unwrap()]) {
        check(&score);
    }
}
