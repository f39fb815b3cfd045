//! Blocks, the past, answers on disk, and the keeper over a simulated connection.

use super::*;
use crate::capture::{FileSource, Filled, FrameBatch, FrameSource};
use picket_event::wire::{Control, DetailDurable, DetailOutcome, DetailRequest};
use picket_packet::{Frame, WireLen};
use std::path::Path;
use std::time::Duration;

const SECOND: i64 = 1_000_000_000;
const NOW: i64 = 1_772_409_600 * SECOND;

/// An Ethernet frame with an empty UDP datagram between two hosts of 10.0.0.0/24.
fn packet(from: u8, to: u8, pad: usize) -> Vec<u8> {
    let mut bytes = vec![2, 0, 0, 0, 0, to, 2, 0, 0, 0, 0, from, 8, 0];
    let length = u16::try_from(28 + pad).unwrap().to_be_bytes();
    bytes.extend([0x45, 0, length[0], length[1], 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, from, 10, 0, 0, to]);
    bytes.extend([0, 1, 0, 2, 0, 8, 0, 0]);
    bytes.extend(vec![0xaa; pad]);
    bytes
}

fn frame(time: i64, data: &[u8]) -> Frame<'_> {
    Frame { time_ns: time, link_type: 1, wire_len: WireLen(data.len() as u32 + 4), data }
}

fn block(packets: &[(i64, Vec<u8>)]) -> Block {
    let mut block = Block::default();
    packets.iter().for_each(|(time, data)| block.push(&frame(*time, data)));
    block
}

const SETTINGS: Settings = Settings { memory: 1 << 20, span: Duration::from_secs(600), answer: 1 << 20, rate: 1 << 20 };

fn keeper(place: &Path, settings: Settings) -> Keeper {
    Keeper::open(&place.join("detail"), settings, vec!["eth0".to_owned(), "eth1".to_owned()]).unwrap()
}

fn asked(id: u64) -> DetailRequest {
    DetailRequest {
        id,
        host: "10.0.0.1".parse().unwrap(),
        from: NOW - 60 * SECOND,
        until: NOW + 60 * SECOND,
        bytes: 1 << 30,
        by: "anna, approved by ben".to_owned(),
        reason: "beacons".to_owned(),
        durable: 0,
    }
}

/// A collector that takes pieces and says so.
#[derive(Default)]
struct Far {
    bytes: Vec<u8>,
    said: Vec<(DetailOutcome, u64, String)>,
}

impl Far {
    fn hear(&mut self, keeper: &mut Keeper, messages: Vec<Control>) {
        for message in messages {
            match message {
                Control::DetailPart(part) => {
                    assert_eq!(part.offset, self.bytes.len() as u64, "pieces come in order");
                    self.bytes.extend(part.bytes);
                    keeper.durable(DetailDurable { id: part.id, bytes: self.bytes.len() as u64 });
                }
                Control::DetailAnswer(answer) => self.said.push((answer.outcome, answer.packets, answer.words)),
                other => panic!("{other:?}"),
            }
        }
    }

    /// The times of the packets that came, read as a capture.
    fn times(&self, place: &Path) -> Vec<i64> {
        let path = place.join("answer.pcapng");
        std::fs::write(&path, &self.bytes).unwrap();
        let mut source = FileSource::open(&path).unwrap();
        let (mut batch, mut times) = (FrameBatch::new(), Vec::new());
        while source.fill(&mut batch).unwrap() == Filled::Frames {
            times.extend(batch.frames().map(|frame| frame.time.nanos()));
        }
        times
    }
}

#[test]
fn packets_of_the_host_from_before_and_after_are_sent_as_a_capture() {
    let place = tempfile::tempdir().unwrap();
    let mut keeper = keeper(place.path(), SETTINGS);
    let old = NOW - 30 * SECOND;
    let too_old = NOW - 61 * SECOND;
    keeper.block(0, &block(&[(too_old, packet(1, 2, 9)), (old, packet(1, 2, 9)), (old + 1, packet(3, 2, 9))]));
    keeper.ask(&asked(7));
    keeper.block(1, &block(&[(NOW + 1, packet(2, 1, 3)), (NOW + 60 * SECOND, packet(2, 1, 3))]));
    let mut far = Far::default();
    for second in 1..70 {
        let messages = keeper.turn(NOW + second * SECOND, true, 8);
        far.hear(&mut keeper, messages);
    }
    assert_eq!(far.times(place.path()), [old, NOW + 1]);
    let outcomes: Vec<_> = far.said.iter().map(|(outcome, packets, _)| (*outcome, *packets)).collect();
    assert_eq!(outcomes, [(DetailOutcome::Keeping, 2), (DetailOutcome::Complete, 2)]);
    let bytes = far.bytes.len() as u64;
    assert_eq!(
        keeper.uploaded().iter().next(),
        Some((&"7 10.0.0.1 for anna, approved by ben: beacons".to_owned(), &bytes))
    );
    keeper.durable(DetailDurable { id: 7, bytes: DetailDurable::OVER });
    assert_eq!(std::fs::read_dir(place.path().join("detail")).unwrap().count(), 0, "nothing is left");
}

#[test]
fn an_answer_outlives_a_restart_and_goes_on_where_the_collector_has_it() {
    let place = tempfile::tempdir().unwrap();
    let mut first = keeper(place.path(), SETTINGS);
    first.ask(&asked(3));
    first.block(0, &block(&[(NOW, packet(1, 2, 200))]));
    let mut far = Far::default();
    let messages = first.turn(NOW + SECOND, true, 8);
    far.hear(&mut first, messages);
    assert!(!far.bytes.is_empty());
    first.block(0, &block(&[(NOW + 1, packet(1, 2, 200))]));
    first.turn(NOW + 3 * SECOND, false, 8);
    drop(first);
    // A crash tore the last piece.
    let file = place.path().join("detail/3.sealed");
    let mut torn = std::fs::read(&file).unwrap();
    assert!(!torn.windows(4).any(|four| four == [0xaa; 4]), "what is on disk is sealed");
    torn.extend([9, 0, 0, 0, 1, 2]);
    std::fs::write(&file, torn).unwrap();
    let mut second = keeper(place.path(), SETTINGS);
    second.ask(&DetailRequest { durable: far.bytes.len() as u64, ..asked(3) });
    second.block(0, &block(&[(NOW + 4 * SECOND, packet(1, 2, 200))]));
    for turn in 4..70 {
        let messages = second.turn(NOW + turn * SECOND, true, 8);
        far.hear(&mut second, messages);
    }
    assert_eq!(far.times(place.path()), [NOW, NOW + 1, NOW + 4 * SECOND]);
    assert_eq!(far.said.last().unwrap().0, DetailOutcome::Complete);
}

#[test]
fn every_bound_holds() {
    let place = tempfile::tempdir().unwrap();
    let settings = Settings { memory: 40_000, span: Duration::from_secs(10), answer: 30_000, rate: 4_000 };
    let mut keeper = keeper(place.path(), settings);
    for second in 0..40 {
        keeper.block(0, &block(&[(NOW + second * SECOND, packet(1, 2, 3_000))]));
        assert!(keeper.memory() <= 40_000, "{}", keeper.memory());
    }
    assert!(keeper.memory() > 25_000);
    let now = NOW + 40 * SECOND;
    keeper.turn(now + 9 * SECOND, false, 8);
    assert!(keeper.memory() < 8_000, "what is too old is forgotten: {}", keeper.memory());
    // The answer has a cap, and is sent no faster than it may.
    keeper.ask(&asked(1));
    for _ in 0..20 {
        keeper.block(0, &block(&[(now, packet(1, 2, 3_000))]));
    }
    let mut far = Far::default();
    let mut at_most = 48 << 10;
    for second in 1..30 {
        let messages = keeper.turn(now + second * SECOND, true, 8);
        far.hear(&mut keeper, messages);
        at_most += 4_000;
        assert!(far.bytes.len() <= at_most);
    }
    assert!((20_000..=30_000).contains(&far.bytes.len()), "{}", far.bytes.len());
    assert_eq!(far.said.last().unwrap().0, DetailOutcome::Complete, "an answer without room for more is complete");
    // Requests have a number.
    let other = "10.9.9.9".parse().unwrap();
    (10..14).for_each(|id| keeper.ask(&DetailRequest { host: other, ..asked(id) }));
    let messages = keeper.turn(now + 31 * SECOND, true, 8);
    far.hear(&mut keeper, messages);
    assert!(
        far.said.iter().any(|(outcome, _, words)| *outcome == DetailOutcome::Refused && words.contains("too many"))
    );
    let messages = keeper.turn(now + 100_000 * SECOND, true, 8);
    far.hear(&mut keeper, messages);
    assert_eq!(keeper.given_up(), 4, "the collector never took them");
}

#[test]
fn what_the_collector_has_and_the_agent_lost_is_said() {
    let place = tempfile::tempdir().unwrap();
    let mut keeper = keeper(place.path(), SETTINGS);
    keeper.ask(&DetailRequest { durable: 5, ..asked(1) });
    let mut far = Far::default();
    let messages = keeper.turn(NOW, true, 8);
    far.hear(&mut keeper, messages);
    assert!(far.said[0].2.contains("is gone"), "{:?}", far.said);
}

#[test]
fn a_recorder_passes_blocks_on_and_counts_what_finds_no_room() {
    let (blocks, kept) = channel();
    let (_spare, empty) = std::sync::mpsc::sync_channel(1);
    let missed = Missed::default();
    let mut recorder = Recorder::new(4, blocks, empty, missed.clone());
    let data = packet(1, 2, 60_000);
    for _ in 0..40 * 5 {
        recorder.frame(&frame(NOW, &data));
    }
    drop(recorder);
    let passed: u64 = kept.try_iter().map(|passed| passed.block.packets()).sum();
    let missed = missed.load(std::sync::atomic::Ordering::Relaxed);
    assert_eq!(passed + missed, 200);
    assert!(missed > 0 && passed >= 150, "{passed} passed, {missed} missed");
}

#[test]
fn arp_is_of_the_hosts_it_names() {
    let place = tempfile::tempdir().unwrap();
    let mut keeper = keeper(place.path(), SETTINGS);
    keeper.ask(&asked(1));
    let mut arp = vec![0xff; 12];
    arp.extend([8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 9, 10, 0, 0, 9, 0, 0, 0, 0, 0, 0, 10, 0, 0, 1]);
    keeper.block(0, &block(&[(NOW, arp), (NOW, packet(8, 9, 0)), (NOW, vec![1, 2, 3])]));
    let mut far = Far::default();
    let messages = keeper.turn(NOW + 2 * SECOND, true, 8);
    far.hear(&mut keeper, messages);
    assert_eq!(far.said[0].1, 1);
}
