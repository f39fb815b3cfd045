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

fn live(acknowledged: u64, window: Window) -> Machine {
    let mut m = Machine::new(1, 1, window);
    assert_eq!(m.poll(SECOND, &spool(0)), Action::Connect(0));
    m.opened(SECOND);
    assert_eq!(m.answered(&answer(acknowledged)), Some(acknowledged));
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
    assert_eq!(m.message(&Control::Refusal(refusal), 1), None);
    m.lost(Duration::ZERO);
    let Phase::Waiting { until } = *m.phase() else { panic!("waiting") };
    assert!(until >= REFUSED_WAIT / 2);
    assert!(m.refusal().is_some());
}

#[test]
fn the_window_holds_and_acknowledgements_open_it() {
    let spool = spool(5);
    let mut m = live(0, Window { frames: 2, bytes: 1 << 20 });
    assert!(matches!(m.poll(SECOND, &spool), Action::Frame(Stored { first: 1, .. })));
    assert!(matches!(m.poll(SECOND, &spool), Action::Frame(Stored { first: 11, .. })));
    assert_eq!(m.poll(SECOND, &spool), Action::Wait(None));
    assert_eq!(m.message(&Control::Ack { epoch: 2, acknowledged: 10 }, 1), None, "another epoch");
    assert_eq!(m.message(&Control::Ack { epoch: 1, acknowledged: 10 }, 1), Some(10));
    assert!(matches!(m.poll(SECOND, &spool), Action::Frame(Stored { first: 21, .. })));
    assert_eq!(m.message(&Control::Ack { epoch: 1, acknowledged: 50 }, 1), None, "it was never sent");
}

#[test]
fn goes_on_after_what_the_collector_has() {
    let spool = spool(5);
    let mut m = live(20, Window::default());
    assert!(matches!(m.poll(SECOND, &spool), Action::Frame(Stored { first: 21, .. })));
    m.unreadable(21);
    assert!(matches!(m.poll(SECOND, &spool), Action::Frame(Stored { first: 21, .. })));
}
