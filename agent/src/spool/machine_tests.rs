//! Placing, losing, acknowledging, recovering; the books after every step.

use super::*;
use picket_event::wire::{FrameKind, Held};
use proptest::prelude::*;

fn limits(bytes: u64) -> Limits {
    Limits { bytes, segment_bytes: 1_000, frames: 1_000 }
}

/// A frame of ten events and 100 bytes.
fn header(machine: &Machine, class: Class) -> Header {
    Header { kind: FrameKind::Events, class, length: 72, first: machine.next(), count: 10 }
}

fn put(machine: &mut Machine, class: Class) -> (Vec<Action>, Vec<Loss>) {
    let done = machine.place(&header(machine, class));
    machine.synced();
    done
}

fn balanced(machine: &Machine) {
    let Books { events, acknowledged, spooled, lost } = machine.books();
    assert_eq!(events, acknowledged + spooled + lost.values().sum::<u64>(), "{machine:?}");
}

#[test]
fn nothing_is_sent_before_it_is_flushed() {
    let mut m = Machine::new(limits(10_000), 1);
    m.place(&header(&m, Class::Flow));
    assert_eq!(m.item(1), None);
    m.synced();
    assert!(matches!(m.item(1), Some(Item::Frame(Stored { first: 1, count: 10, offset: 16, .. }))));
    assert_eq!(m.item(11), None);
}

#[test]
fn f04_the_lowest_class_goes_first_and_the_oldest_of_it() {
    let mut m = Machine::new(limits(3_000), 1);
    for class in [Class::Detail, Class::Detail, Class::Flow, Class::Alert] {
        put(&mut m, class);
    }
    let mut lost = Vec::new();
    while m.books().lost.is_empty() {
        lost = put(&mut m, Class::Alert).1;
    }
    assert_eq!(lost.iter().map(|loss| loss.first).collect::<Vec<_>>(), [1, 11], "details first");
    balanced(&m);
    while !m.frames.values().all(|f| m.segments[&f.segment].class == Class::Alert) {
        put(&mut m, Class::Alert);
    }
    // Full of alerts: a detail finds no room, and is counted.
    while m.bytes() + 116 <= 3_000 {
        put(&mut m, Class::Alert);
    }
    let next = m.next();
    let (actions, lost) = put(&mut m, Class::Detail);
    assert_eq!((actions, lost[0].first, lost[0].count), (vec![], next, 10));
    balanced(&m);
}

#[test]
fn f04_a_disk_without_room_gives_up_what_counts_least() {
    let mut m = Machine::new(limits(10_000), 1);
    for class in [Class::Alert, Class::Flow, Class::Detail, Class::Flow] {
        put(&mut m, class);
    }
    let mut losses = Vec::new();
    let frame = header(&m, Class::Flow);
    m.place(&frame);
    assert!(matches!(m.give_way(&frame, &mut losses), Some(Action::Delete { class: Class::Detail, last: 30, .. })));
    assert_eq!((losses[0].first, losses[0].reason.as_str()), (21, "spool_full"));
    // What is left is in its own segment, or counts more.
    assert_eq!(m.give_way(&frame, &mut losses), None);
    balanced(&m);
}

#[test]
fn a_gap_that_nobody_was_told_of_was_delivered_when_it_is_acknowledged() {
    let mut m = Machine::new(limits(10_000), 1);
    m.acknowledge(&Held::new(0, &[]));
    put(&mut m, Class::Flow);
    put(&mut m, Class::Flow);
    m.failed(1, "corrupt");
    m.acknowledge(&Held::new(10, &[]));
    assert_eq!((m.books().acknowledged, m.books().lost.len()), (10, 0), "it had been sent, and arrived");
    m.failed(11, "corrupt");
    assert_eq!(m.item(11), Some(Item::Gap { first: 11, last: 20 }));
    m.declared(11, 20);
    m.acknowledge(&Held::new(20, &[]));
    assert_eq!((m.books().acknowledged, m.books().lost["corrupt"]), (10, 10));
    balanced(&m);
}

#[test]
fn a_collector_that_forgot_is_told_of_the_gap() {
    let mut m = Machine::new(limits(10_000), 1);
    put(&mut m, Class::Flow);
    m.acknowledge(&Held::new(10, &[]));
    put(&mut m, Class::Flow);
    assert_eq!(m.item(4), Some(Item::Gap { first: 4, last: 10 }));
    assert!(matches!(m.item(11), Some(Item::Frame(_))));
}

#[test]
fn a_collector_that_is_ahead_never_sees_a_number_twice() {
    let mut m = Machine::new(limits(10_000), 1);
    put(&mut m, Class::Flow);
    m.acknowledge(&Held::new(500, &[]));
    assert_eq!(m.next(), 501);
    assert_eq!(m.books().lost["sequence_clash"], 10);
    balanced(&m);
}

#[test]
fn f07_numbers_given_again_after_the_end_became_unreadable_are_counted() {
    let mut m = Machine::new(limits(10_000), 1);
    for _ in 0..3 {
        put(&mut m, Class::Flow);
    }
    let (mut state, mut files) = (m.state(), found(&m));
    (state.next, files[0].damaged) = (11, true);
    files[0].frames.truncate(2);
    let (mut m, losses, _) = Machine::recover(limits(10_000), state, files);
    assert_eq!((m.next(), losses), (21, vec![]), "nothing tells of the third frame");
    put(&mut m, Class::Flow);
    put(&mut m, Class::Alert);
    // It had been sent: the collector has 21 to 30, and half of what was given next never had a chance.
    m.acknowledge(&Held::new(30, &[]));
    let books = m.books();
    assert_eq!((books.events, books.acknowledged, books.spooled, books.lost["sequence_clash"]), (50, 30, 10, 10));
    assert!(matches!(m.item(31), Some(Item::Frame(Stored { first: 31, .. }))));
}

#[test]
fn f07_an_altered_frame_at_the_end_keeps_its_numbers() {
    let mut m = Machine::new(limits(10_000), 1);
    put(&mut m, Class::Flow);
    put(&mut m, Class::Flow);
    let mut files = found(&m);
    files[0].frames.truncate(1);
    (files[0].damaged, files[0].claims) = (true, vec![(11, 20)]);
    let state = State { next: 1, ..m.state() };
    let (m, losses, _) = Machine::recover(limits(10_000), state, files);
    assert_eq!((m.next(), losses.len(), losses[0].first, losses[0].count), (21, 1, 11, 10));
}

#[test]
fn f06_what_was_declared_lost_stays_lost_though_it_is_found() {
    let mut m = Machine::new(limits(10_000), 1);
    m.place(&header(&m, Class::Flow));
    let files = found(&m);
    assert_eq!(m.unflushed(1, "disk_error").len(), 1);
    m.synced();
    m.declared(1, 10);
    let (mut m, _, _) = Machine::recover(limits(10_000), m.state(), files);
    assert_eq!(m.item(1), Some(Item::Gap { first: 1, last: 10 }));
    m.acknowledge(&Held::new(10, &[]));
    assert_eq!((m.books().acknowledged, m.books().lost["disk_error"]), (0, 10));
}

#[test]
fn f13_what_is_there_ahead_frees_its_segments_and_counts_as_acknowledged() {
    let mut m = Machine::new(limits(10_000), 1);
    m.acknowledge(&Held::default());
    // Nine frames fill a segment.
    for _ in 0..30 {
        put(&mut m, Class::Flow);
    }
    m.failed(101, "corrupt");
    m.failed(111, "corrupt");
    m.declared(101, 110);
    let actions = m.acknowledge(&Held::new(0, &[(91, 200)]));
    assert!(matches!(actions[..], [Action::Delete { segment: 2, last: 180, .. }]), "{actions:?}");
    let books = m.books();
    assert_eq!((books.acknowledged, books.spooled, books.lost["corrupt"]), (100, 190, 10), "111 to 120 had been sent");
    balanced(&m);
    assert_eq!(m.item(200), Some(Item::Gap { first: 200, last: 200 }), "a collector that forgot it is told");
    m.declared(191, 200);
    assert_eq!(m.books(), books);
    let (mut after, losses, _) = Machine::recover(limits(10_000), m.state(), found(&m));
    assert_eq!((after.books(), losses), (books, vec![]));
    after.acknowledge(&Held::new(200, &[]));
    assert_eq!((after.books().acknowledged, after.books().spooled, after.gaps.len()), (190, 100, 0));
    balanced(&after);
}

#[test]
fn f13_numbers_given_again_below_what_is_there_ahead_are_counted() {
    let mut m = Machine::new(limits(10_000), 1);
    for _ in 0..3 {
        put(&mut m, Class::Flow);
    }
    // The collector has 21 to 40 of before, and this spool begins anew with 1 to 30.
    m.acknowledge(&Held::new(10, &[(21, 40), (61, 70)]));
    let books = m.books();
    assert_eq!((m.next(), books.events, books.spooled, books.acknowledged), (71, 90, 10, 40));
    assert_eq!((books.lost["sequence_clash"], books.lost["missing"]), (20, 20));
    balanced(&m);
    assert_eq!(m.item(41), Some(Item::Gap { first: 41, last: 60 }));
}

/// What a restart would find, all frames good.
fn found(machine: &Machine) -> Vec<Found> {
    let of = |n: &u64| machine.frames.values().filter(|f| f.segment == *n).copied().collect();
    let one = |(n, s): (&u64, &Segment)| Found {
        segment: *n,
        class: s.class,
        bytes: s.bytes,
        frames: of(n),
        damaged: false,
        claims: vec![],
    };
    machine.segments.iter().map(one).collect()
}

proptest! {
    /// Any run of appends, failures, losses, acknowledgements and restarts keeps the books, and sequences grow.
    #[test]
    fn books_balance_always(steps in proptest::collection::vec((0u8..8, 0u64..40), 1..200)) {
        let mut m = Machine::new(limits(2_500), 7);
        let (mut sent, mut ahead) = (0u64, (0u64, 0u64));
        for (what, which) in steps {
            let before = m.next();
            match what {
                0..=2 => { put(&mut m, Class::ALL[what as usize]); }
                3 => {
                    let frame = m.frames.keys().nth(which as usize).copied();
                    if let Some(first) = frame { m.failed(first, "disk_error"); }
                }
                4 => while let Some(item) = m.item(sent.max(m.acknowledged()) + 1) {
                    sent = match item {
                        Item::Frame(f) => f.last(),
                        Item::Gap { first, last } => { m.declared(first, last); last }
                    };
                },
                5 => { m.acknowledge(&Held::new(sent.min(m.next() - 1), &[])); }
                // A frame far ahead goes first, and the collector has it, with what follows it at once.
                6 => {
                    let frame = m.frames.values().filter(|f| f.first > sent).nth(which as usize).copied();
                    if let Some(frame) = frame && ahead.1 <= m.acknowledged() {
                        ahead = (frame.first, frame.last());
                    }
                    if ahead.1 > m.acknowledged() {
                        m.acknowledge(&Held::new(0, &[ahead]));
                    }
                }
                _ => {
                    let (events, old) = (m.books().events, m.clone());
                    let (new, losses, _) = Machine::recover(limits(2_500), m.state(), found(&m));
                    m = new;
                    prop_assert_eq!(losses, vec![]);
                    prop_assert_eq!(m.books().events, events);
                    prop_assert_eq!(m.books().spooled, old.books().spooled);
                    sent = m.acknowledged();
                }
            }
            prop_assert!(m.next() >= before);
            prop_assert!(m.bytes() <= 2_500);
            balanced(&m);
        }
    }
}
