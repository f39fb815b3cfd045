//! Connecting, waiting, refusals, windows.

use super::*;
use crate::spool::Limits;
use picket_event::wire::{Class, FrameKind, Header, RefusalCode, VERSION};

const SECOND: Duration = Duration::from_secs(1);

fn spool(frames: u64) -> Spool {
    let mut spool = Spool::new(Limits::default(), 1);
    for _ in 0..frames {
        spool.place(&Header {
            kind: FrameKind::Events,
            class: Class::Flow,
            length: 72,
            first: spool.next(),
            count: 10,
        });
    }
    spool.synced();
    spool
}

fn answer(acknowledged: u64) -> HelloAnswer {
    HelloAnswer { version: VERSION, acknowledged, site: String::new(), clock: 0 }
}

fn held(all: u64) -> Held {
    Held::new(all, &[])
}

fn live(acknowledged: u64, window: Window) -> Machine {
    let mut m = Machine::new(1, 1, window);
    assert_eq!(m.poll(SECOND, &spool(0)), Action::Connect(0));
    m.opened(SECOND);
    assert_eq!(m.answered(&answer(acknowledged)), Some(held(acknowledged)));
    m
}

#[test]
fn counts_as_connected_only_once_the_hello_is_answered() {
    let (mut m, spool) = (Machine::new(2, 1, Window::default()), spool(1));
    assert_eq!(m.poll(SECOND, &spool), Action::Connect(0));
    assert_eq!(m.answered(&answer(0)), None, "an answer to nothing");
    m.opened(SECOND);
    assert!(!m.is_live());
    assert_eq!(m.poll(2 * SECOND, &spool), Action::Wait(Some(11 * SECOND)), "no event before the answer");
    assert_eq!(m.poll(11 * SECOND, &spool), Action::GiveUp);
    m.lost(11 * SECOND);
    assert_eq!(m.current(), 1, "the next collector is tried");
}

#[test]
fn waits_longer_each_time_and_never_all_alike() {
    let waits = |seed| {
        let mut m = Machine::new(1, seed, Window::default());
        let wait = |m: &mut Machine| {
            m.lost(Duration::ZERO);
            let Phase::Waiting { until } = *m.phase() else { panic!("waiting") };
            until
        };
        (0..12).map(|_| wait(&mut m)).collect::<Vec<_>>()
    };
    let (one, two) = (waits(1), waits(2));
    assert_ne!(one, two);
    assert!(one[0] <= FIRST_WAIT && one[0] >= FIRST_WAIT / 2);
    assert!(one[11] <= LONGEST_WAIT && one[11] >= LONGEST_WAIT / 2);
}

#[test]
fn a_final_refusal_is_tried_again_slowly() {
    let mut m = live(0, Window::default());
    let refusal = Refusal { code: RefusalCode::Revoked, reason: "revoked".to_owned(), sequence: 0 };
    assert_eq!(m.message(SECOND, &Control::Refusal(refusal), 1), None);
    m.lost(Duration::ZERO);
    let Phase::Waiting { until } = *m.phase() else { panic!("waiting") };
    assert!(until >= REFUSED_WAIT / 2);
    assert!(m.refusal().is_some());
}

#[test]
fn the_window_holds_and_acknowledgements_open_it() {
    let spool = spool(5);
    let mut m = live(0, Window { frames: 2, bytes: 1 << 20, backlog: 0 });
    assert!(matches!(m.poll(SECOND, &spool), Action::Frame(Stored { first: 1, .. })));
    assert!(matches!(m.poll(SECOND, &spool), Action::Frame(Stored { first: 11, .. })));
    assert_eq!(m.poll(SECOND, &spool), Action::Wait(None));
    assert_eq!(m.message(SECOND, &Control::Ack { epoch: 2, acknowledged: 10 }, 1), None, "another epoch");
    assert_eq!(m.message(SECOND, &Control::Ack { epoch: 1, acknowledged: 10 }, 1), Some(held(10)));
    assert!(matches!(m.poll(SECOND, &spool), Action::Frame(Stored { first: 21, .. })));
    assert_eq!(m.message(SECOND, &Control::Ack { epoch: 1, acknowledged: 50 }, 1), None, "it was never sent");
}

#[test]
fn goes_on_after_what_the_collector_has() {
    let spool = spool(5);
    let mut m = live(20, Window::default());
    assert!(matches!(m.poll(SECOND, &spool), Action::Frame(Stored { first: 21, .. })));
    m.unreadable(21);
    assert!(matches!(m.poll(SECOND, &spool), Action::Frame(Stored { first: 21, .. })));
}

/// A connection that begins with much waiting, to a collector that has these sequences.
fn behind(spool: &Spool, held: &Held, window: Window) -> Machine {
    let mut m = Machine::new(1, 1, window);
    assert_eq!(m.poll(SECOND, spool), Action::Connect(0));
    m.opened(SECOND);
    assert_eq!(m.message(SECOND, &Control::Ahead { epoch: 1, ranges: held.ahead().to_vec() }, 1), None);
    assert_eq!(m.answered(&answer(held.all())).as_ref(), Some(held));
    m
}

fn first(m: &mut Machine, spool: &Spool) -> Option<u64> {
    match m.poll(SECOND, spool) {
        Action::Frame(stored) => Some(stored.first),
        _ => None,
    }
}

fn put(spool: &mut Spool) {
    let first = spool.next();
    spool.place(&Header { kind: FrameKind::Events, class: Class::Flow, length: 72, first, count: 10 });
    spool.synced();
}

const SMALL: Window = Window { frames: 3, bytes: 1 << 20, backlog: 150 };

#[test]
fn f13_what_is_made_now_goes_ahead_of_a_backlog() {
    let mut spool = spool(6);
    let mut m = behind(&spool, &held(0), SMALL);
    assert_eq!(first(&mut m, &spool), Some(1), "while nothing new is there, the backlog goes");
    put(&mut spool);
    let sent: Vec<_> = std::iter::from_fn(|| first(&mut m, &spool)).collect();
    assert_eq!(sent, [61, 11, 21], "what was made since goes first, and the backlog fills its window alone");
    put(&mut spool);
    assert_eq!(first(&mut m, &spool), Some(71), "a full window of the backlog holds nothing else up");
    let ahead = |ranges: &[(u64, u64)]| Control::Ahead { epoch: 1, ranges: ranges.to_vec() };
    assert_eq!(m.message(SECOND, &ahead(&[(61, 90)]), 1), Some(Held::new(0, &[(61, 80)])), "no more than was sent");
    assert_eq!(m.message(SECOND, &ahead(&[(31, 40)]), 1), None, "it was never sent");
    assert_eq!(m.message(SECOND, &Control::Ack { epoch: 1, acknowledged: 30 }, 1), Some(held(30)));
    let sent: Vec<_> = std::iter::from_fn(|| first(&mut m, &spool)).collect();
    assert_eq!(sent, [31, 41, 51], "the backlog ends where what was made since begins");
    assert_eq!(m.message(SECOND, &Control::Ack { epoch: 1, acknowledged: 90 }, 1), None, "it was never sent");
    assert_eq!(m.message(SECOND, &Control::Ack { epoch: 1, acknowledged: 80 }, 1), Some(held(80)));
    put(&mut spool);
    assert_eq!(first(&mut m, &spool), Some(81));
}

#[test]
fn f13_after_another_connection_what_the_collector_has_ahead_is_stepped_over() {
    let mut spool = spool(9);
    let mut m = behind(&spool, &Held::new(10, &[(31, 40)]), SMALL);
    assert_eq!(first(&mut m, &spool), Some(11));
    put(&mut spool);
    let sent: Vec<_> = std::iter::from_fn(|| first(&mut m, &spool)).collect();
    assert_eq!(sent, [91, 21, 41]);
    // Little waits behind what it has: what is made now goes on there.
    let mut m = behind(&spool, &Held::new(10, &[(31, 90)]), SMALL);
    let sent: Vec<_> = std::iter::from_fn(|| first(&mut m, &spool)).collect();
    assert_eq!(sent, [91, 11, 21]);
}

#[test]
fn f13_gaps_are_told_on_either_side_and_never_of_what_the_collector_has() {
    let mut spool = spool(8);
    let mut m = behind(&spool, &Held::new(10, &[(41, 50)]), SMALL);
    assert_eq!(first(&mut m, &spool), Some(11));
    put(&mut spool);
    for first in [21, 31, 41, 81] {
        spool.failed(first, "corrupt");
    }
    assert_eq!(m.poll(SECOND, &spool), Action::Gap { first: 81, count: 10 });
    assert_eq!(m.poll(SECOND, &spool), Action::Gap { first: 21, count: 20 });
    assert!(matches!(m.poll(SECOND, &spool), Action::Frame(Stored { first: 51, .. })));
    m.unreadable(51);
    assert!(matches!(m.poll(SECOND, &spool), Action::Frame(Stored { first: 51, .. })));
}

#[test]
fn f13_ranges_are_never_too_many_and_an_older_collector_gets_everything_in_order() {
    let mut spool = spool(60);
    let ranges: Vec<(u64, u64)> = (1..=MAX_AHEAD as u64).map(|n| (40 * n + 1, 40 * n + 10)).collect();
    let mut m = behind(&spool, &Held::new(10, &ranges), SMALL);
    put(&mut spool);
    assert_eq!(first(&mut m, &spool), Some(331), "behind the last range");
    let mut m = live(10, SMALL);
    put(&mut spool);
    assert_eq!(first(&mut m, &spool), Some(11));
}
