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
    std::fs::write(&eve, &text).unwrap();
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

/// Protocols of which every flow of the corpus is known, on any port, and nothing else is taken for them.
const ALWAYS: &[&str] =
    &["enip", "cip_io", "bacnet", "opcua", "hart_ip", "knxip", "mqtt", "rtps", "someip", "ff_hse", "cnp_ip", "hislip"];

fn check(score: &serde_json::Value) {
    for name in ALWAYS {
        let found = &score["protocols"][name];
        assert_eq!((found["recall"].as_f64(), found["precision"].as_f64()), (Some(1.0), Some(1.0)), "{name}: {found}");
    }
    let modbus = &score["protocols"]["modbus"];
    let number = |name: &str| modbus[name].as_f64().unwrap();
    assert!(number("recall") >= 0.998, "{modbus}");
    assert!(number("precision") >= 1.0, "{modbus}");
    assert!(number("exact") / number("cells") >= 0.998, "{modbus}");
    // Four flows to port 17500 are labelled dropbox by that port and speak CoAP: they put to /r/Bus17Cmd, and their
    // option Uri-Port says 17500.
    assert!(score["summary"]["negatives_called_industrial"].as_u64().is_some_and(|called| called <= 4), "{score}");
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
    // One process for all: starting one for each capture takes minutes.
    let script = "import sys, json, os\n\
        sys.path.insert(0, sys.argv[1] + '/tools')\n\
        import port_shift\n\
        base, out, shifts = sys.argv[1] + '/corpus/ics/', sys.argv[2], {}\n\
        for file in sorted({json.loads(line)['file'] for line in open(base + 'labels.jsonl') if line.strip()}):\n    \
            name = os.path.basename(file)\n    \
            shifts[name] = port_shift.shift_file(base + file, os.path.join(out, name), 7)\n\
        json.dump(shifts, open(os.path.join(out, 'map.json'), 'w'))\n";
    let done = Command::new(&python).args(["-c", script]).args([&shared, &work.path().to_path_buf()]).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    if let Some(score) = score(test, &shared, work.path(), &["--shift", map.to_str().unwrap()]) {
        check(&score);
    }
}
