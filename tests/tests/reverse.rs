//! Structure inference on captures, with the readers of known protocols hidden in turn.

use picket_agent::sensor::{Settings, Sink};
use picket_dissect::infer::{Clusters, Inferred, Library};
use picket_event::{Body, Event, Method, Protocol};
use picket_tests::golden::read;
use picket_tests::place::{files, program, repository, shared};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

/// Protocols that are hidden, with the places of their function codes in requests and responses.
const HIDDEN: &[(&str, u8, u8)] = &[("modbus", 7, 7), ("s7comm", 17, 19), ("dnp3", 12, 12), ("iec104", 6, 6)];

/// The events of a capture, and what was inferred.
#[derive(Default)]
struct Seen {
    events: Vec<Event>,
    clusters: Clusters,
}

impl Sink for Seen {
    fn event(&mut self, event: Event) {
        self.events.push(event);
    }

    fn inferred(&mut self, found: Inferred) {
        self.clusters.add(found);
    }
}

/// A capture's base name and two ends.
type Ends = (String, BTreeSet<String>);

/// What the labels accept for each flow.
fn labels(corpus: &Path) -> BTreeMap<Ends, BTreeSet<String>> {
    let text = std::fs::read_to_string(corpus.join("labels.jsonl")).unwrap();
    let rows = text.lines().filter(|line| !line.trim().is_empty());
    rows.map(|line| {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let word = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let file = word(&row["file"]).rsplit('/').next().unwrap_or_default().to_owned();
        let also = row["also"].as_array().into_iter().flatten().map(word);
        let names = also.chain([word(&row["app_proto"])]).collect();
        ((file, [word(&row["client"]), word(&row["server"])].into()), names)
    })
    .collect()
}

/// The two ends of an event, as labels write them.
fn ends(event: &Event) -> Option<BTreeSet<String>> {
    let picket_event::Endpoints::Ip { src, dest, src_port, dest_port, .. } = event.flow?.endpoints else { return None };
    let end = |ip: IpAddr, port: u16| if ip.is_ipv6() { format!("[{ip}]:{port}") } else { format!("{ip}:{port}") };
    Some([end(src, src_port), end(dest, dest_port)].into())
}

/// Named flows by the name and then by what they are, with the clusters of all captures.
fn with_hidden(corpus: &Path, hidden: &str) -> (BTreeMap<String, BTreeMap<String, usize>>, Clusters) {
    let labels = labels(corpus);
    let mut library = Library::default();
    assert!(library.hide(&Protocol::from_name(hidden)));
    let plain = Arc::new(library.clone());
    library.explain();
    let explaining = Arc::new(library);
    let mut named: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
    let mut seen = Seen::default();
    for capture in files(corpus, &["pcap", "pcapng", "cap"]) {
        let base = capture.file_name().unwrap().to_str().unwrap().to_owned();
        let settings = |library: &Arc<Library>| Settings { library: Some(library.clone()), ..Settings::file(&base) };
        read(&capture, &settings(&explaining), &mut seen);
        seen.events.clear();
        read(&capture, &settings(&plain), &mut seen);
        for event in seen.events.drain(..) {
            let Body::Flow(flow) = &event.body else { continue };
            let Some(ends) = ends(&event).filter(|_| flow.app.method == Some(Method::Reverse)) else { continue };
            let is = labels.get(&(base.clone(), ends));
            let is = match is {
                Some(names) if names.contains(hidden) => hidden.to_owned(),
                Some(names) => names.first().cloned().unwrap_or_default(),
                None => "not labelled".to_owned(),
            };
            *named.entry(flow.app.protocol.name().to_owned()).or_default().entry(is).or_default() += 1;
        }
    }
    (named, seen.clusters)
}

#[test]
fn hidden_protocols_are_told_apart_and_their_operation_is_found() {
    let Some(shared) = shared("hidden_protocols_are_told_apart_and_their_operation_is_found") else { return };
    let corpus = shared.join("corpus/ics");
    let mut found = 0;
    for (hidden, request, response) in HIDDEN {
        let (named, clusters) = with_hidden(&corpus, hidden);
        let all: usize = named.values().flat_map(BTreeMap::values).sum();
        let pure: usize = named.values().filter_map(|is| is.values().max()).sum();
        assert!(all >= 8 && pure * 100 >= all * 95, "{hidden}: {pure} of {all}: {named:?}");
        let flows = |name: &str| named.get(name).and_then(|is| is.get(*hidden)).copied().unwrap_or(0);
        let largest = clusters.iter().max_by_key(|cluster| flows(cluster.format.protocol().name())).unwrap();
        let (most, of_it): (usize, usize) =
            (flows(largest.format.protocol().name()), named.keys().map(|name| flows(name)).sum());
        assert!(most * 10 >= of_it * 8, "{hidden}: {most} of {of_it} have one name: {named:?}");
        let field = largest.common().operation;
        let right = field.is_some_and(|field| (field.request_at, field.response_at) == (*request, *response));
        println!("{hidden}: {of_it} flows named, {most} alike, {pure} of {all} pure, operation {field:?}");
        found += usize::from(right);
    }
    assert!(found >= 3, "the operation byte of {found} protocols");
}

/// A description that a site has written names the flows and their operations.
#[test]
fn a_described_protocol_is_named() {
    let work = tempfile::tempdir().unwrap();
    let file = work.path().join("mine.toml");
    let capture = repository().join("common/dissect/src/modbus/golden/functions.pcap");
    let text = "name = \"mine\"\ntransport = \"tcp\"\n[[constant]]\nat = 2\nvalue = 0\n[length]\nat = 4\nwidth = 2\n\
        plus = 6\n[operation]\nrequest = 7\nresponse = 7\n[[code]]\nvalue = 3\noperation = \"read\"\nname = \"Get\"\n";
    std::fs::write(&file, text).unwrap();
    let run = || {
        let mut agent = Command::new(program("picket-agent"));
        agent.args(["read", "--hide", "modbus,umas", "--protocols"]).arg(&file).arg(&capture).output().unwrap()
    };
    let lines = String::from_utf8(run().stdout).unwrap();
    assert!(lines.contains("\"app_proto\":\"mine\"") && lines.contains("\"app_method\":\"fingerprint\""), "{lines}");
    std::fs::write(&file, text.replace("plus", "minus")).unwrap();
    let refused = run();
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success() && said.contains("mine.toml") && said.contains("minus"), "{said}");
}
