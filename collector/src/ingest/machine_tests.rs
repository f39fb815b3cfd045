//! Order, duplicates, commits and aborts.

use super::*;
use picket_event::wire::Class;

fn header(kind: FrameKind, first: u64, count: u32) -> Header {
    Header { kind, class: Class::Flow, length: 0, first, count }
}

#[test]
fn takes_in_order_once_and_only_commits_count() {
    let (mut m, agent) = (Machine::new(), AgentId::new("a"));
    let events = |first| header(FrameKind::Events, first, 10);
    assert_eq!(m.offer(&agent, 1, &events(1)), Offer::OutOfOrder { expected: 0 }, "no hello came");
    m.load(&agent, 1, 10);
    assert_eq!(m.offer(&agent, 1, &events(1)), Offer::Duplicate);
    assert_eq!(m.offer(&agent, 1, &events(21)), Offer::OutOfOrder { expected: 11 });
    assert_eq!(m.offer(&agent, 1, &events(11)), Offer::Take);
    assert_eq!(m.offer(&agent, 1, &events(11)), Offer::Duplicate);
    assert_eq!(m.durable(&agent, 1), Some(10), "staged is not durable");
    m.forget(&agent, 1);
    assert_eq!(m.staged(), [Position { agent: agent.clone(), epoch: 1, acknowledged: 20 }]);
    m.aborted();
    assert_eq!(m.offer(&agent, 1, &events(11)), Offer::Take, "what was aborted may come again");
    m.committed();
    assert_eq!(m.durable(&agent, 1), Some(20));
    assert_eq!(m.staged(), []);
    m.forget(&agent, 1);
    assert_eq!(m.durable(&agent, 1), None);
}

#[test]
fn gaps_may_have_grown_frames_may_not_overlap() {
    let (mut m, agent) = (Machine::new(), AgentId::new("a"));
    m.load(&agent, 1, 0);
    assert_eq!(m.offer(&agent, 1, &header(FrameKind::Gap, 1, 10)), Offer::Take);
    assert_eq!(m.offer(&agent, 1, &header(FrameKind::Gap, 5, 20)), Offer::Take);
    assert_eq!(m.offer(&agent, 1, &header(FrameKind::Events, 20, 10)), Offer::OutOfOrder { expected: 25 });
    assert_eq!(m.offer(&agent, 1, &header(FrameKind::Gap, 30, 1)), Offer::OutOfOrder { expected: 25 });
}

#[test]
fn epochs_and_agents_are_apart() {
    let (mut m, a, b) = (Machine::new(), AgentId::new("a"), AgentId::new("b"));
    for (agent, epoch) in [(&a, 1), (&a, 2), (&b, 1)] {
        m.load(agent, epoch, 0);
        assert_eq!(m.offer(agent, epoch, &header(FrameKind::Events, 1, 3)), Offer::Take);
    }
    assert_eq!(m.staged().len(), 3);
}
