//! The table of protocols in `docs/`, made from the registry, the signatures, the vocabulary, the golden captures and the
//! tables that the tests themselves go by.

use crate::{ics_stacks, recognition, stacks};
use picket_dissect::standard::{self, standard};
use picket_dissect::{link, recognise, registry};
use picket_event::{Protocol, Transport};
use picket_tests::encoders::ENCODERS;
use picket_tests::peers::claims::What;
use picket_tests::place::{files, repository};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// How far messages are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Depth {
    #[default]
    Recognised,
    Header,
    Operation,
    Object,
    Value,
}

impl Depth {
    const fn name(self) -> &'static str {
        match self {
            Self::Recognised => "recognised",
            Self::Header => "header",
            Self::Operation => "operation",
            Self::Object => "object",
            Self::Value => "value",
        }
    }
}

/// What the line knows of one protocol.
#[derive(Default)]
struct Known {
    depth: Depth,
    by_port: bool,
    over: BTreeSet<String>,
    ports: BTreeSet<u16>,
    /// Golden captures whose events name it.
    goldens: usize,
}

fn over(known: &mut Known, transports: &[Transport], ports: &[u16]) {
    known.over.extend(transports.iter().map(|transport| transport.to_string()));
    known.ports.extend(ports);
}

fn below_ip(known: &mut Known, types: &[u16]) {
    known.over.extend(types.iter().map(|number| match number {
        0x0600.. => format!("EtherType 0x{number:04x}"),
        0x0100.. => format!("SNAP 0x{number:04x}"),
        _ => format!("SAP 0x{number:02x}"),
    }));
}

/// Every name of the vocabulary.
fn names() -> Vec<String> {
    let name = |number| Protocol::Known(number).name().to_owned();
    (1..u16::MAX).map(name).take_while(|name| name != "unknown").collect()
}

fn known() -> BTreeMap<String, Known> {
    let mut all: BTreeMap<String, Known> = BTreeMap::new();
    for registry::Entry { dissector, home, .. } in registry::ALL {
        let known = all.entry(dissector.protocol().name().to_owned()).or_default();
        known.depth = Depth::Header;
        known.by_port |= home.needs_port;
        over(known, home.transports, home.ports);
        below_ip(known, home.ether_types);
    }
    for signature in recognise::ALL {
        let known = all.entry(signature.protocol.name().to_owned()).or_default();
        known.by_port |= signature.needs_port;
        over(known, signature.transports, signature.ports);
    }
    for signature in link::ALL {
        below_ip(all.entry(signature.protocol.name().to_owned()).or_default(), signature.ether_types);
    }
    for (name, told) in golden() {
        if let Some(known) = all.get_mut(&name) {
            known.goldens = told.captures;
            known.depth = known.depth.max(told.depth);
        }
    }
    all
}

/// What the golden captures show of a protocol.
#[derive(Default)]
struct Told {
    captures: usize,
    depth: Depth,
}

/// The deepest that an event goes: its value, its object or range, or no more than its operation.
fn depth(ics: &serde_json::Value) -> Depth {
    match ics {
        serde_json::Value::Object(fields) if fields.contains_key("value") => Depth::Value,
        serde_json::Value::Object(fields) if fields.contains_key("object") || fields.contains_key("range") => {
            Depth::Object
        }
        serde_json::Value::Object(_) => Depth::Operation,
        _ => Depth::Recognised,
    }
}

/// Every protocol that an event of a golden capture names.
fn golden() -> BTreeMap<String, Told> {
    let mut all: BTreeMap<String, Told> = BTreeMap::new();
    for path in files(&repository().join("common/dissect/src"), &["jsonl"]) {
        let text = std::fs::read_to_string(&path).unwrap();
        let mut named = BTreeSet::new();
        for line in text.lines() {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            let Some(name) = row["app_proto"].as_str() else { continue };
            let told = all.entry(name.to_owned()).or_default();
            told.depth = told.depth.max(depth(&row["ics"]));
            named.insert(name.to_owned());
        }
        for name in named {
            all.entry(name).or_default().captures += 1;
        }
    }
    all
}

/// What a protocol is tested against: each word stands for a test that goes by the table asked here.
fn tested(name: &str, known: &Known) -> String {
    let mut against = Vec::new();
    if known.goldens > 0 {
        against.push(format!("{} captures", known.goldens));
    }
    if ENCODERS.iter().any(|encoder| encoder.protocol.name() == name) {
        against.push("encoder".to_owned());
    }
    let stacks: BTreeSet<&str> = ics_stacks::STACKS
        .iter()
        .filter(|(protocol, ..)| protocol.name() == name)
        .map(|(_, stack, _)| *stack)
        .collect();
    against.extend(stacks.into_iter().map(str::to_owned));
    if name == Protocol::TLS.name() {
        let clients: BTreeSet<&str> = stacks::CLIENTS.iter().map(|(_, client)| *client).collect();
        against.extend(clients.into_iter().map(str::to_owned));
    }
    if What::ALL.iter().any(|what| what.protocol().name() == name) {
        against.push("tshark".to_owned());
    }
    if recognition::LABELLED.contains(&name) {
        against.push("corpus".to_owned());
    }
    if against.is_empty() { "-".to_owned() } else { against.join(", ") }
}

const HEAD: &str = "\
# Protocols

Made from the registry, the signatures and the vocabulary of the code, the golden captures, and the tables that the tests go
by; a test holds it current (`PICKET_BLESS=1` rewrites it).

* Depth. **recognised**: flows carry the name, and nothing inside is read. **header**: a dissector follows the conversation and
  reads handshakes, heads or names. **operation**: every message is an event that says what it does; **object**: and to what;
  **value**: and the value, where there is a single one. As deep as the events of the golden captures go.
* Told by **structure**: the first bytes of both directions decide, on any port; a known port only adds to the confidence.
  Told by **structure and port**: protocols of one shape are told apart by the port. Below IP the type stands in the frame, and
  the bytes behind it have to fit.
* A port alone gives a guess of confidence 0.2, marked `port`, and never an industrial name.
* Ports are the registered and customary ones of servers.
* Tested against. **captures**: golden captures beside the code, with the events they must give. **encoder**: a thousand random
  messages of an encoder that knows nothing of the dissector, each named, none taken for another protocol's. **corpus**: labelled
  captures of others. **tshark**: what it says of the same captures. Other names are stacks whose conversations are recorded and
  compared when they are installed. What has a dash is tested by its first bytes, in the unit tests of its signature.
";

const COLUMNS: &str = "\
| protocol | depth | told by | over | ports | standard | tested against |
|---|---|---|---|---|---|---|";

fn table() -> String {
    let mut text = HEAD.to_owned();
    let all = known();
    for (title, industrial) in [("Office and infrastructure", false), ("Industrial", true)] {
        let _ = write!(text, "\n## {title}\n\n{COLUMNS}\n");
        for (name, known) in all.iter().filter(|(name, _)| Protocol::from_name(name).is_industrial() == industrial) {
            let list = |items: Vec<String>| if items.is_empty() { "-".to_owned() } else { items.join(", ") };
            let depth = known.depth.name();
            let told = if known.by_port { "structure and port" } else { "structure" };
            let over = list(known.over.iter().cloned().collect());
            let ports = list(known.ports.iter().map(u16::to_string).collect());
            let (standard, tested) = (standard(&Protocol::from_name(name)), tested(name, known));
            let _ = writeln!(text, "| {name} | {depth} | {told} | {over} | {ports} | {standard} | {tested} |");
        }
    }
    let rest: Vec<String> = names().into_iter().filter(|name| !all.contains_key(name)).collect();
    if !rest.is_empty() {
        let _ = write!(
            text,
            "\n## Named in the vocabulary, told by other means or not yet\n\nEvents of other sources may carry these names: {}.\n",
            rest.join(", ")
        );
    }
    text
}

#[test]
fn the_table_of_protocols_is_current() {
    let path = repository().join("docs/protocols.md");
    let table = table();
    if std::env::var_os("PICKET_BLESS").is_some() {
        std::fs::write(&path, &table).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, table, "docs/protocols.md is old: PICKET_BLESS=1 rewrites it");
}

/// Every protocol that is told cites its specification, once.
#[test]
fn what_is_told_cites_its_specification() {
    let uncited: Vec<String> =
        known().into_keys().filter(|name| standard(&Protocol::from_name(name)).is_empty()).collect();
    assert!(uncited.is_empty(), "{uncited:?}");
    let cited: BTreeSet<&str> = standard::ALL.iter().map(|(protocol, _)| protocol.name()).collect();
    assert_eq!(cited.len(), standard::ALL.len());
}

/// Every name of the registry and the signatures is one of the vocabulary.
#[test]
fn what_is_told_has_a_name_in_the_vocabulary() {
    let names = names();
    let foreign: Vec<String> = known().into_keys().filter(|name| !names.contains(name)).collect();
    assert!(foreign.is_empty(), "{foreign:?}");
    assert!(known().len() > 50);
}
