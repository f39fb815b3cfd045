//! What lies on disk after damage, and what a restart makes of it.
#![allow(clippy::single_match, clippy::single_match_else, reason = "both outcomes are shown")]

use super::*;
use picket_event::body::Anomaly;
use picket_event::wire::{BatchWriter, Decoder};
use picket_event::{Body, Event, Source, Timestamp};
use std::path::PathBuf;

const NOW: i64 = 1_000;

fn frame(spool: &Spool, events: usize) -> Frame {
    let mut batch = BatchWriter::new(Class::Alert).unwrap();
    for n in 0..events {
        let body = Body::Anomaly(Anomaly { kind: "test".to_owned(), detail: format!("{n}") });
        let time = Timestamp::from_nanos(n as i64);
        let event = Event { time, source: Source::Agent, vlan: Vec::new(), flow: None, redacted: vec![], body };
        batch.push(&event).unwrap();
    }
    batch.finish(spool.machine().next()).unwrap()
}

fn filled(directory: &Path, frames: usize) -> Spool {
    let (mut spool, losses) = Spool::open(directory, Limits::default(), NOW).unwrap();
    assert_eq!(losses, []);
    for _ in 0..frames {
        let frame = frame(&spool, 5);
        assert_eq!(spool.append(&frame), []);
    }
    spool.sync();
    spool
}

fn segment(directory: &Path) -> PathBuf {
    let entries = std::fs::read_dir(directory).unwrap().map(|e| e.unwrap().path());
    entries.into_iter().find(|p| p.extension().is_some_and(|e| e == "spool")).unwrap()
}

/// Sequences that can still be sent, and gaps.
fn items(spool: &mut Spool) -> (Vec<u64>, Vec<(u64, u64)>) {
    let (mut frames, mut gaps, mut at) = (Vec::new(), Vec::new(), 1);
    while let Some(item) = spool.item(at) {
        match item {
            Item::Frame(stored) => match spool.read(&stored) {
                Ok(bytes) => {
                    assert_eq!(Decoder::new().unwrap().events(&bytes).unwrap().events.len(), 5);
                    frames.push(stored.first);
                    at = stored.last() + 1;
                }
                Err(_) => {}
            },
            Item::Gap { first, last } => {
                gaps.push((first, last));
                at = last + 1;
            }
        }
    }
    (frames, gaps)
}

#[test]
fn a_restart_finds_everything() {
    let place = tempfile::tempdir().unwrap();
    drop(filled(place.path(), 4));
    let (mut spool, losses) = Spool::open(place.path(), Limits::default(), NOW + 1).unwrap();
    assert_eq!(losses, []);
    assert_eq!(spool.machine().epoch(), NOW as u64, "the epoch is the first start's");
    assert_eq!(items(&mut spool), (vec![1, 6, 11, 16], vec![]));
    assert_eq!(spool.machine().next(), 21);
}

#[test]
fn f07_a_flipped_byte_costs_its_record_and_is_told() {
    let place = tempfile::tempdir().unwrap();
    drop(filled(place.path(), 4));
    let path = segment(place.path());
    let good = std::fs::read(&path).unwrap();
    let length = (good.len() - 16) / 4;
    // Every byte of the second record, one at a time.
    for at in 16 + length..16 + 2 * length {
        let mut bad = good.clone();
        bad[at] ^= 0x40;
        std::fs::write(&path, &bad).unwrap();
        let (mut spool, losses) = Spool::open(place.path(), Limits::default(), NOW).unwrap();
        let expected = Loss { reason: "corrupt".to_owned(), first: 6, last: 10, count: 5 };
        assert_eq!(losses, [expected], "byte {at}");
        assert_eq!(items(&mut spool), (vec![1, 11, 16], vec![(6, 10)]));
        drop(spool);
        // The state now knows of the gap; the next turn begins afresh.
        std::fs::remove_file(place.path().join("state.json")).unwrap();
        let state = State { epoch: NOW as u64, next: 1, ..State::default() };
        std::fs::write(place.path().join("state.json"), serde_json::to_vec(&state).unwrap()).unwrap();
    }
}

#[test]
fn f07_a_byte_flipped_while_running_is_found_before_sending() {
    let place = tempfile::tempdir().unwrap();
    let mut spool = filled(place.path(), 3);
    let path = segment(place.path());
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[50] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    assert_eq!(items(&mut spool), (vec![6, 11], vec![(1, 5)]));
    assert_eq!(spool.books().lost["corrupt"], 5);
}

#[test]
fn f08_a_tail_torn_anywhere_is_cut() {
    let place = tempfile::tempdir().unwrap();
    drop(filled(place.path(), 3));
    let path = segment(place.path());
    let good = std::fs::read(&path).unwrap();
    let length = (good.len() - 16) / 3;
    let state = std::fs::read(place.path().join("state.json")).unwrap();
    for cut in 0..length {
        std::fs::write(&path, &good[..16 + 2 * length + cut]).unwrap();
        std::fs::write(place.path().join("state.json"), &state).unwrap();
        let (mut spool, losses) = Spool::open(place.path(), Limits::default(), NOW).unwrap();
        assert_eq!(losses, []);
        assert_eq!(items(&mut spool), (vec![1, 6], vec![]), "cut after {cut} bytes");
        assert_eq!(spool.machine().next(), 11);
    }
}

#[test]
fn f08_foreign_empty_and_strange_files_are_set_aside_or_left() {
    let place = tempfile::tempdir().unwrap();
    drop(filled(place.path(), 2));
    let file = |name: &str, text: &[u8]| std::fs::write(place.path().join(name), text).unwrap();
    file("segment-0000000007-flow.spool", b"something else entirely");
    file("segment-0000000008-flow.spool", b"");
    file("segment-0000000009-flow.spool", b"pktspool\x63\0\0\0\x01\0\0\0");
    file("segment-x.spool", b"?");
    file("notes.txt", b"left alone");
    let (mut spool, losses) = Spool::open(place.path(), Limits::default(), NOW).unwrap();
    assert_eq!(losses, []);
    assert_eq!(items(&mut spool), (vec![1, 6], vec![]));
    for aside in ["segment-0000000007-flow.aside", "segment-0000000009-flow.aside", "segment-x.aside", "notes.txt"] {
        assert!(place.path().join(aside).exists(), "{aside}");
    }
}

#[test]
fn f08_a_missing_segment_is_a_counted_gap() {
    let place = tempfile::tempdir().unwrap();
    let limits = Limits { segment_bytes: 200, ..Limits::default() };
    let (mut spool, _) = Spool::open(place.path(), limits, NOW).unwrap();
    for _ in 0..6 {
        let frame = frame(&spool, 5);
        spool.append(&frame);
    }
    spool.sync();
    spool.save().unwrap();
    let gone = spool.item(11).unwrap();
    drop(spool);
    let Item::Frame(gone) = gone else { panic!("a frame") };
    std::fs::remove_file(place.path().join(segment_name(gone.segment, Class::Alert))).unwrap();
    let (spool, losses) = Spool::open(place.path(), limits, NOW).unwrap();
    assert!(!losses.is_empty() && losses.iter().all(|loss| loss.reason == "missing"), "{losses:?}");
    let books = spool.books();
    assert_eq!(books.events, 30);
    assert_eq!(books.spooled + books.lost["missing"], 30);
}

#[test]
fn f09_the_second_is_refused_and_the_first_named() {
    let place = tempfile::tempdir().unwrap();
    let _held = filled(place.path(), 1);
    let refused = Spool::open(place.path(), Limits::default(), NOW).unwrap_err();
    assert!(matches!(refused, SpoolError::InUse { pid, .. } if pid == std::process::id()), "{refused}");
}

#[test]
fn f04_a_disk_that_takes_nothing_is_counted_and_capture_goes_on() {
    let place = tempfile::tempdir().unwrap();
    let mut spool = filled(place.path(), 1);
    // The directory vanishes under it: files cannot be made, as on a full or broken disk.
    let path = segment(place.path());
    spool.machine_mut().failed(1, "disk_error");
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(place.path().join(segment_name(2, Class::Alert))).unwrap();
    let bad = frame(&spool, 5);
    let losses = spool.append(&bad);
    assert_eq!(losses.iter().map(|loss| loss.count).sum::<u64>(), 5);
    assert!(spool.trouble().is_some());
    std::fs::remove_dir(place.path().join(segment_name(2, Class::Alert))).unwrap();
    let good = frame(&spool, 5);
    assert_eq!(spool.append(&good), [], "it resumes without a restart");
    let books = spool.books();
    assert_eq!((books.events, books.spooled, books.lost["disk_error"]), (15, 5, 10));
}
