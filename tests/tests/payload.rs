//! Nothing is passed over in silence: a conversation that nobody could name is described by its first payload bytes.

use picket_agent::sensor::{Settings, Sink};
use picket_event::body::App;
use picket_event::{Body, Event, FlowRef, Method};
use picket_feature::Observation;
use picket_tests::golden::read;
use picket_tests::place::{files, repository, shared};
use std::path::Path;

/// Rows that are neither named by what was said nor described.
#[derive(Debug, Default)]
struct Silent {
    /// Whether payload was captured of the row that comes next.
    has_payload: bool,
    rows: usize,
    described: usize,
    silent: Vec<String>,
}

impl Sink for Silent {
    fn event(&mut self, event: Event) {
        let Body::Flow(flow) = &event.body else { return };
        let named = flow.app.method.is_some_and(|method| method != Method::Port);
        self.rows += 1;
        self.described += usize::from(flow.payload.is_some());
        if self.has_payload && !named && flow.payload.is_none() {
            let name = flow.app.protocol.name();
            self.silent.push(format!("{name} {:?} {:?}", event.flow, flow.packets));
        }
    }

    fn observed(&mut self, _flow: &FlowRef, _app: &App, seen: &Observation<'_>) {
        self.has_payload = seen.stats.has_payload();
    }
}

fn look(captures: &[std::path::PathBuf], base: &Path) -> Silent {
    let mut all = Silent::default();
    for capture in captures {
        let mut silent = Silent::default();
        let settings = Settings { observe: true, ..Settings::file("capture") };
        read(capture, &settings, &mut silent);
        all.rows += silent.rows;
        all.described += silent.described;
        let name = capture.strip_prefix(base).unwrap_or(capture).display();
        all.silent.extend(silent.silent.into_iter().map(|row| format!("{name}: {row}")));
    }
    all
}

#[test]
fn golden_conversations_are_named_or_described() {
    let base = repository().join("common/dissect/src");
    let seen = look(&files(&base, &["pcap", "pcapng"]), &base);
    assert!(seen.silent.is_empty(), "{} rows:\n{}", seen.silent.len(), seen.silent.join("\n"));
}

#[test]
fn every_conversation_of_the_corpus_is_named_or_described() {
    let Some(shared) = shared("every_conversation_of_the_corpus_is_named_or_described") else { return };
    let seen = look(&files(&shared.join("corpus"), &["pcap", "pcapng", "cap"]), &shared);
    eprintln!("{} rows, {} described, {} silent", seen.rows, seen.described, seen.silent.len());
    assert!(seen.rows > 10_000 && seen.described > 100, "{} rows, {} described", seen.rows, seen.described);
    assert!(seen.silent.is_empty(), "{} rows:\n{}", seen.silent.len(), seen.silent.join("\n"));
}
