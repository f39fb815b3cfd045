//! Several workers give what one gives.

use super::*;
use crate::sensor::tests::{Owned, captures, frames_of};
use picket_event::Event;

/// Frames between two flushes: where rounds end must not matter.
const SHORT: usize = 1_777;

fn run(frames: &[Owned], workers: usize, flushes: usize) -> (Vec<Event>, Ledger) {
    let mut events = Vec::new();
    let mut pipeline = Pipeline::new(&Settings::file("x.pcap"), workers).unwrap();
    for (number, frame) in frames.iter().enumerate() {
        pipeline.frame(frame.borrow(), &mut events);
        if number % flushes == 0 {
            pipeline.flush(&mut events);
        }
    }
    let ledger = pipeline.finish(&mut events);
    (events, ledger)
}

/// The same with frames that are lent, in batches of several lengths.
fn run_batches(frames: &[Owned], workers: usize, flushes: usize) -> (Vec<Event>, Ledger) {
    let mut events = Vec::new();
    let mut pipeline = Pipeline::new(&Settings::file("x.pcap"), workers).unwrap();
    let mut batch = FrameBatch::new();
    for (number, frame) in frames.iter().enumerate() {
        let frame = frame.borrow();
        let time = Timestamp::from_nanos(frame.time_ns);
        batch.push(time, frame.link_type, 0, frame.wire_len.0, frame.data);
        if number % 113 == 0 || batch.is_full() {
            pipeline.batch(&mut batch, &mut events);
            assert!(batch.is_empty());
        }
        if number % flushes == 0 {
            pipeline.flush(&mut events);
        }
    }
    pipeline.batch(&mut batch, &mut events);
    let ledger = pipeline.finish(&mut events);
    (events, ledger)
}

/// Another bundle, and room for 64 conversations, in the middle of a capture.
#[test]
fn settings_that_change_on_the_way_change_the_same_with_any_workers() {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../common/dissect/src/tls/golden/alerts.pcap");
    let captures = captures("settings_that_change_on_the_way_change_the_same_with_any_workers");
    for path in captures.into_iter().take(3).chain([golden.into()]) {
        let frames = frames_of(&path);
        let tuned = |workers| {
            let mut events = Vec::new();
            let bundle = Some(Arc::new(picket_score::Bundle::built_in().unwrap()));
            let first = Settings { bundle, ..Settings::file("x.pcap") };
            let mut pipeline = Pipeline::new(&first, workers).unwrap();
            let mut second = first.clone();
            second.bundle = None;
            second.limits.flows = 64;
            for (number, frame) in frames.iter().enumerate() {
                if number == frames.len() / 3 {
                    pipeline.tune(&second, &mut events);
                    assert!(pipeline.ledger().flows_open <= 64 || workers > 1);
                }
                if number == frames.len() / 3 * 2 {
                    pipeline.tune(&first, &mut events);
                }
                pipeline.frame(frame.borrow(), &mut events);
            }
            (pipeline.finish(&mut events), events)
        };
        let (ledger, events) = tuned(1);
        assert_eq!(ledger.imbalance(), None);
        for workers in [2, 3] {
            let (books, others) = tuned(workers);
            assert!(events == others, "{}: {workers} workers differ", path.display());
            assert_eq!(ledger, books, "{}: {workers} workers", path.display());
        }
    }
}

/// One worker and several, frame by frame and in batches, give the same.
fn compare(name: &str, frames: &[Owned], flushes: usize) {
    let (events, ledger) = run(frames, 1, flushes);
    for workers in [2, 3] {
        for (how, (others, books)) in
            [("frame by frame", run(frames, workers, flushes)), ("in batches", run_batches(frames, workers, flushes))]
        {
            assert!(events == others, "{name}: {workers} workers differ, {how}");
            assert_eq!(ledger, books, "{name}: {workers} workers, {how}");
        }
    }
    let (others, books) = run_batches(frames, 1, flushes);
    assert!(events == others, "{name}: one worker differs in batches");
    assert_eq!(ledger, books, "{name}: one worker in batches");
}

#[test]
fn workers_do_not_change_the_output() {
    for path in captures("workers_do_not_change_the_output") {
        compare(&path.display().to_string(), &frames_of(&path), SHORT);
    }
}

/// Nothing makes a round end but that it is full, and several are under way.
#[test]
fn rounds_that_are_full_do_not_change_the_output() {
    let folder = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../common/dissect/src"));
    let goldens: Vec<Owned> = ["tls", "quic", "ssh", "modbus", "opcua", "mms", "dns", "goose"]
        .iter()
        .flat_map(|name| std::fs::read_dir(folder.join(name).join("golden")).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "pcap" || extension == "pcapng"))
        .flat_map(|path| frames_of(&path))
        .collect();
    let (mut frames, mut bytes) = (Vec::new(), 0);
    while bytes < ROUND_LENT * (ROUNDS_MAX + 3) {
        frames.extend(goldens.iter().cloned());
        bytes += goldens.iter().map(|frame| frame.borrow().data.len()).sum::<usize>();
    }
    compare("golden captures", &frames, usize::MAX);
}
