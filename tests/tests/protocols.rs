//! The table of protocols in `docs/`, made from the registry, the signatures and the vocabulary.

use picket_dissect::{link, recognise, registry};
use picket_event::{Protocol, Transport};
use picket_tests::place::repository;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// What the line knows of one protocol.
#[derive(Default)]
struct Known {
    read: bool,
    by_port: bool,
    over: BTreeSet<String>,
    ports: BTreeSet<u16>,
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
    for registry::Entry { dissector, home } in registry::ALL {
        let known = all.entry(dissector.protocol().name().to_owned()).or_default();
        known.read = true;
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
    all
}

const HEAD: &str = "\
# Protocols

Made from the registry, the signatures and the vocabulary of the code; a test holds it current (`PICKET_BLESS=1` rewrites it).

* **read**: a dissector follows the conversation and makes events of its messages. **recognised**: flows carry the name, and
  nothing inside is read.
* Told by **structure**: the first bytes of both directions decide, on any port; a known port only adds to the confidence.
  Told by **structure and port**: protocols of one shape are told apart by the port. Below IP the type stands in the frame, and
  the bytes behind it have to fit.
* A port alone gives a guess of confidence 0.2, marked `port`, and never an industrial name.
* Ports are the registered and customary ones of servers.
";

fn table() -> String {
    let mut text = HEAD.to_owned();
    let all = known();
    for (title, industrial) in [("Office and infrastructure", false), ("Industrial", true)] {
        let _ = write!(text, "\n## {title}\n\n| protocol | depth | told by | over | ports |\n|---|---|---|---|---|\n");
        for (name, known) in all.iter().filter(|(name, _)| Protocol::from_name(name).is_industrial() == industrial) {
            let list = |items: Vec<String>| if items.is_empty() { "-".to_owned() } else { items.join(", ") };
            let depth = if known.read { "read" } else { "recognised" };
            let told = if known.by_port { "structure and port" } else { "structure" };
            let over = list(known.over.iter().cloned().collect());
            let ports = list(known.ports.iter().map(u16::to_string).collect());
            let _ = writeln!(text, "| {name} | {depth} | {told} | {over} | {ports} |");
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

/// Every name of the registry and the signatures is one of the vocabulary.
#[test]
fn what_is_told_has_a_name_in_the_vocabulary() {
    let names = names();
    let foreign: Vec<String> = known().into_keys().filter(|name| !names.contains(name)).collect();
    assert!(foreign.is_empty(), "{foreign:?}");
    assert!(known().len() > 50);
}
