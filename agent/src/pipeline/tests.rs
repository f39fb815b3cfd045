//! Several workers give what one gives.

use super::*;
use crate::sensor::tests::{captures, frames_of};
use picket_event::Event;

fn run(frames: &[crate::sensor::tests::Owned], workers: usize) -> (Vec<Event>, Ledger) {
    let mut events = Vec::new();
    let mut pipeline = Pipeline::new(&Settings::file("x.pcap"), workers).unwrap();
    for (number, frame) in frames.iter().enumerate() {
        pipeline.frame(frame.borrow(), &mut events);
        // Where rounds end must not matter.
        if number % 1_777 == 0 {
            pipeline.flush(&mut events);
        }
    }
    let ledger = pipeline.finish(&mut events);
    (events, ledger)
}

#[test]
fn workers_do_not_change_the_output() {
    for path in captures("workers_do_not_change_the_output") {
        let frames = frames_of(&path);
        let (events, ledger) = run(&frames, 1);
        for workers in [2, 3] {
            let (others, books) = run(&frames, workers);
            assert!(events == others, "{}: {workers} workers differ", path.display());
            assert_eq!(ledger, books, "{}: {workers} workers", path.display());
        }
    }
}
