//! Order, duplicates, commits and aborts.

use super::*;
use picket_event::wire::{Class, MAX_AHEAD};

fn held(all: u64) -> Held {
    Held::new(all, &[])
}

fn header(kind: FrameKind, first: u64, count: u32) -> Header {
    Header { kind, class: Class::Flow, length: 0, first, count }
}

#[test]
fn takes_in_order_once_and_only_commits_count() {
    let (mut m, agent) = (Machine::new(), AgentId::new("a"));
    let events = |first| header(FrameKind::Events, first, 10);
    assert_eq!(m.offer(&agent, 1, &events(1)), Offer::OutOfOrder { expected: 0 }, "no hello came");
    m.load(&agent, 1, &held(10));
    assert_eq!(m.offer(&agent, 1, &events(1)), Offer::Duplicate);
    assert_eq!(m.offer(&agent, 1, &events(6)), Offer::OutOfOrder { expected: 11 }, "it overlaps");
    assert_eq!(m.offer(&agent, 1, &events(11)), Offer::Take);
    assert_eq!(m.offer(&agent, 1, &events(11)), Offer::Duplicate);
    assert_eq!(m.durable(&agent, 1), Some(&held(10)), "staged is not durable");
    m.forget(&agent, 1);
    assert_eq!(m.staged(), [Position { agent: agent.clone(), epoch: 1, held: held(20) }]);
    m.aborted();
    assert_eq!(m.offer(&agent, 1, &events(11)), Offer::Take, "what was aborted may come again");
    m.committed();
    assert_eq!(m.durable(&agent, 1), Some(&held(20)));
    assert_eq!(m.staged(), []);
    m.forget(&agent, 1);
    assert_eq!(m.durable(&agent, 1), None);
}

#[test]
fn gaps_may_have_grown_frames_may_not_overlap() {
    let (mut m, agent) = (Machine::new(), AgentId::new("a"));
    m.load(&agent, 1, &held(0));
    assert_eq!(m.offer(&agent, 1, &header(FrameKind::Gap, 1, 10)), Offer::Take);
    assert_eq!(m.offer(&agent, 1, &header(FrameKind::Gap, 5, 20)), Offer::Take);
    assert_eq!(m.offer(&agent, 1, &header(FrameKind::Events, 20, 10)), Offer::OutOfOrder { expected: 25 });
    assert_eq!(m.offer(&agent, 1, &header(FrameKind::Gap, 25, 5)), Offer::Take);
}

#[test]
fn epochs_and_agents_are_apart() {
    let (mut m, a, b) = (Machine::new(), AgentId::new("a"), AgentId::new("b"));
    for (agent, epoch) in [(&a, 1), (&a, 2), (&b, 1)] {
        m.load(agent, epoch, &held(0));
        assert_eq!(m.offer(agent, epoch, &header(FrameKind::Events, 1, 3)), Offer::Take);
    }
    assert_eq!(m.staged().len(), 3);
}

#[test]
fn f13_frames_ahead_are_taken_once_and_end_in_what_is_whole() {
    let (mut m, agent) = (Machine::new(), AgentId::new("a"));
    let events = |first| header(FrameKind::Events, first, 10);
    m.load(&agent, 1, &Held::new(10, &[(101, 110)]));
    assert_eq!(m.offer(&agent, 1, &events(201)), Offer::Take);
    assert_eq!(m.offer(&agent, 1, &events(101)), Offer::Duplicate);
    assert_eq!(m.offer(&agent, 1, &events(96)), Offer::OutOfOrder { expected: 11 }, "it overlaps");
    assert_eq!(m.offer(&agent, 1, &events(11)), Offer::Take);
    assert_eq!(m.offer(&agent, 1, &header(FrameKind::Gap, 21, 80)), Offer::Take);
    m.aborted();
    assert_eq!(m.durable(&agent, 1), Some(&Held::new(10, &[(101, 110)])));
    for first in (11..=91).step_by(10) {
        assert_eq!(m.offer(&agent, 1, &events(first)), Offer::Take);
    }
    m.committed();
    assert_eq!(m.durable(&agent, 1), Some(&held(110)));
    for number in 1..=MAX_AHEAD as u64 {
        assert_eq!(m.offer(&agent, 1, &events(110 + 20 * number)), Offer::Take);
    }
    assert_eq!(m.offer(&agent, 1, &events(5_000)), Offer::OutOfOrder { expected: 111 }, "a run too many");
}
