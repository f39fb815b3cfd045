//! Recognition and reading of industrial captures against their labels, by the corpus' own scorer.

use picket_event::{Body, Method};
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
    for capture in files(captures, &["pcap", "pcapng", "cap"]) {
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

/// Rows that are not called what the labels say, with the reason.
const EXCEPTED: &[(&str, &str)] = &[
    (
        "coap",
        "four flows to port 17500 are labelled dropbox by that port and speak CoAP: their option Uri-Port says 17500",
    ),
    ("fins", "two flows are datagrams without a byte of payload"),
    ("modbus", "one flow is a stream of damaged bytes in both directions"),
];

/// The protocols of which the corpus has labelled conversations.
pub(crate) const LABELLED: &[&str] = &[
    "ads",
    "atg",
    "bacnet",
    "bsap",
    "c1222",
    "cip_io",
    "cnp_ip",
    "coap",
    "codesys",
    "crimson",
    "dlms",
    "dnp3",
    "egd",
    "enip",
    "ethercat",
    "ethersbus",
    "ethersio",
    "ff_hse",
    "fins",
    "fox",
    "ge_srtp",
    "genisys",
    "goose",
    "hart_ip",
    "hislip",
    "iec104",
    "knxip",
    "melsec",
    "mms",
    "modbus",
    "mqtt",
    "opcua",
    "pcworx",
    "powerlink",
    "proconos",
    "profinet_cm",
    "profinet_dcp",
    "profinet_rt",
    "roc_plus",
    "rtps",
    "s7comm",
    "s7comm_plus",
    "someip",
    "sv",
    "synchrophasor",
    "umas",
];

/// What the labels of the corpus hold the sensor to; the same on any port.
fn check(score: &serde_json::Value) {
    let number = |at: &serde_json::Value, name: &str| at[name].as_f64().unwrap_or_else(|| panic!("{name}: {at}"));
    let protocols = score["protocols"].as_object().unwrap();
    let labelled: Vec<&str> =
        protocols.iter().filter(|(_, found)| number(found, "rows") > 0.0).map(|(name, _)| name.as_str()).collect();
    assert_eq!(labelled, LABELLED);
    for (name, found) in protocols {
        let excepted = EXCEPTED.iter().any(|(known, _)| known == name);
        let (recall, precision) = (number(found, "recall"), number(found, "precision"));
        assert!(excepted || (recall, precision) == (1.0, 1.0), "{name}: {found}");
    }
    assert!(number(&protocols["modbus"], "recall") >= 0.998, "{}", protocols["modbus"]);
    assert!(number(&protocols["fins"], "recall") >= 0.75, "{}", protocols["fins"]);
    let summary = &score["summary"];
    assert!(number(summary, "macro_recall") >= 0.99, "{summary}");
    assert!(number(summary, "macro_precision") >= 0.99, "{summary}");
    assert!(number(summary, "ops_exact") >= 0.99, "{summary}");
    assert!(number(summary, "ops_exact_macro") >= 0.98, "{summary}");
    assert!(number(summary, "negatives_called_industrial") <= 4.0, "{summary}");
}

#[test]
fn industrial_protocols_are_recognised_and_counted() {
    let test = "industrial_protocols_are_recognised_and_counted";
    let Some(shared) = shared(test) else { return };
    let captures = shared.join("corpus/ics");
    if let Some(score) = score(test, &shared, &captures, &[]) {
        check(&score);
    }
}

/// The same with every server port moved somewhere else: the structure alone tells.
#[test]
fn industrial_protocols_are_recognised_on_any_port() {
    let test = "industrial_protocols_are_recognised_on_any_port";
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

fn rows(path: &Path) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().filter(|line| !line.trim().is_empty()).map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What one message shows is a finding, with one of the techniques that the labels name.
#[test]
fn suspicious_operations_are_findings() {
    let Some(shared) = shared("suspicious_operations_are_findings") else { return };
    let corpus = shared.join("corpus/ics");
    let is_doubtful = |row: &serde_json::Value| row["doubtful"].as_bool() == Some(true);
    let wanted: Vec<_> = rows(&corpus.join("attacks.jsonl"))
        .into_iter()
        .filter(|row| row["class"] == "suspicious operation" && !is_doubtful(row))
        .collect();
    assert!(wanted.len() >= 8, "{} rows", wanted.len());
    for row in wanted {
        let techniques: Vec<&str> = row["techniques"].as_array().unwrap().iter().filter_map(|t| t.as_str()).collect();
        let found = events(&corpus.join(row["file"].as_str().unwrap()));
        let alerts: Vec<_> = found
            .iter()
            .filter_map(|event| if let Body::Alert(alert) = &event.body { Some(alert) } else { None })
            .collect();
        let named = alerts.iter().any(|alert| alert.techniques.iter().any(|t| techniques.contains(&t.as_str())));
        assert!(named, "{}: {techniques:?} wanted, {alerts:?}", row["file"]);
        assert!(alerts.iter().all(|alert| !alert.reasons.is_empty()), "{}", row["file"]);
    }
}

/// Nothing that is not known to be industrial gets an industrial name.
#[test]
fn ordinary_traffic_has_no_industrial_names() {
    let Some(shared) = shared("ordinary_traffic_has_no_industrial_names") else { return };
    let corpus = shared.join("corpus/traffic");
    let known: Vec<(String, String)> = rows(&corpus.join("industrial.jsonl"))
        .iter()
        .map(|row| (row["file"].as_str().unwrap().to_owned(), row["app_proto"].as_str().unwrap().to_owned()))
        .collect();
    let mut read = 0;
    for capture in files(&corpus, &["pcap", "pcapng", "cap"]) {
        let file = capture.strip_prefix(&corpus).unwrap().display().to_string();
        for event in events(&capture) {
            let Body::Flow(flow) = &event.body else { continue };
            read += 1;
            let name = flow.app.protocol.name();
            let expected = known.iter().any(|(known, protocol)| *known == file && protocol == name);
            let guessed = flow.app.method == Some(Method::Reverse);
            assert!(!guessed || known.iter().any(|(known, _)| *known == file), "{file}: {name} {:?}", event.flow);
            assert!(!flow.app.protocol.is_industrial() || expected, "{file}: {name} {:?}", event.flow);
        }
    }
    assert!(read > 5_000, "{read} flows");
}
