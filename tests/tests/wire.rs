//! What events cost on their way to the collector.

use picket_agent::sensor::{Settings, Sink};
use picket_event::wire::{BatchWriter, Class};
use picket_event::{Body, Event, Source, Timestamp};
use picket_score::Bundle;
use picket_tests::golden::read;
use picket_tests::place::{files, shared};
use std::sync::Arc;

/// Rows of a frame: a second's, at [`STEP`].
const BATCH: usize = 200;
const STEP: i64 = 5_000_000;

/// Flow rows, as a live interface would give them: one after the other, with times down to the nanosecond.
#[derive(Default)]
struct Rows(Vec<Event>);

impl Sink for Rows {
    fn event(&mut self, mut event: Event) {
        let now = 1_772_409_600_000_000_000 + self.0.len() as i64 * STEP + event.time.nanos() % STEP;
        let (noise, shift) = ((self.0.len() as i64 * 7_919) % 1_000, now - event.time.nanos());
        let moved = |time: Timestamp, by: i64| Timestamp::from_nanos(time.nanos() + shift + by);
        let Body::Flow(flow) = &mut event.body else { return };
        (flow.start, flow.end) = (moved(flow.start, 0), moved(flow.end, noise));
        event.time = moved(event.time, noise);
        event.source = Source::interface("eth0");
        self.0.push(event);
    }
}

/// Bytes a row in frames of [`BATCH`].
fn cost(rows: &[Event]) -> f64 {
    let bytes = |rows: &[Event]| {
        let mut batch = BatchWriter::new(Class::Flow).unwrap();
        rows.iter().for_each(|row| batch.push(row).unwrap());
        batch.finish(1).unwrap().bytes.len()
    };
    rows.chunks(BATCH).map(bytes).sum::<usize>() as f64 / rows.len() as f64
}

#[test]
fn a_flow_row_of_mixed_traffic_takes_at_most_40_bytes() {
    let Some(shared) = shared("wire::a_flow_row_of_mixed_traffic_takes_at_most_40_bytes") else { return };
    let mut rows = Rows::default();
    for capture in files(&shared.join("corpus/traffic/benign"), &["pcap", "pcapng"]) {
        let bundle = Some(Arc::new(Bundle::built_in().unwrap()));
        read(&capture, &Settings { bundle, ..Settings::file("x") }, &mut rows);
    }
    let under_tls: Vec<Event> = rows.0.iter().filter(|event| records(event) > 0).cloned().collect();
    let (all, tls) = (cost(&rows.0), cost(&under_tls));
    let each = under_tls.iter().map(records).sum::<usize>() as f64 / under_tls.len() as f64;
    println!(
        "{} rows: {all:.1} bytes each; {} of TLS: {tls:.1}, {each:.1} records each",
        rows.0.len(),
        under_tls.len()
    );
    assert!(all <= 40.0, "{all} bytes a row");
    assert!(under_tls.len() * 4 > rows.0.len(), "a quarter of the rows tells TLS records");
}

/// TLS records that a row tells.
fn records(event: &Event) -> usize {
    if let Body::Flow(flow) = &event.body { flow.tls_records.len() } else { 0 }
}
