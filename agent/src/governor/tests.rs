//! The governor's order, hysteresis and limits.

use super::*;
use proptest::prelude::*;

fn cpu(share: f64) -> Usage {
    Usage { cpu: Some(share), ..Usage::default() }
}

/// The changes that so many equal observations bring, with the observation each came at.
fn run(governor: &mut Governor, usage: Usage, observations: u32) -> Vec<(u32, Change)> {
    (0..observations).filter_map(|at| Some((at, governor.observe(&usage)?))).collect()
}

/// F14 and F15: the stated order, one step at a time, and back in the reverse order.
#[test]
fn f14_f15_steps_come_in_their_order_and_go_in_the_reverse() {
    let mut governor = Governor::default();
    let down = run(&mut governor, Usage { memory: Some(0.93), ..Usage::default() }, 100);
    let steps: Vec<_> = down.iter().map(|(_, change)| change.step()).collect();
    assert_eq!(steps, ["reassembly", "detail", "scoring", "sampling"]);
    assert_eq!(down.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [2, 5, 8, 11]);
    assert!(down.iter().all(|(_, change)| change.degrades() && change.reason == Reason::Memory(0.93)));
    let up = run(&mut governor, cpu(0.1), 200);
    let steps: Vec<_> = up.iter().map(|(_, change)| change.step()).collect();
    assert_eq!(steps, ["sampling", "scoring", "detail", "reassembly"]);
    assert!(up.iter().all(|(_, change)| !change.degrades() && change.reason == Reason::Calm));
    assert_eq!(governor.level(), Level::Full);
}

#[test]
fn a_short_peak_changes_nothing_and_between_the_marks_nothing_moves() {
    let mut governor = Governor::default();
    for _ in 0..100 {
        assert!(run(&mut governor, cpu(1.0), 2).is_empty());
        assert!(run(&mut governor, cpu(0.5), 1).is_empty());
    }
    assert_eq!(run(&mut governor, cpu(1.0), 3).len(), 1);
    assert!(run(&mut governor, cpu(0.8), 1000).is_empty(), "neither pressed nor calm");
    assert_eq!(governor.level(), Level::Heads);
}

#[test]
fn drops_press_where_nothing_limits() {
    let mut governor = Governor::default();
    let changes = run(&mut governor, Usage { dropped: 7, ..Usage::default() }, 3);
    assert_eq!(
        changes.first().map(|(_, change)| change.reason.to_string()).as_deref(),
        Some("7 frames were dropped within a second")
    );
}

/// A load that presses whenever a step is taken back is tried less and less often.
#[test]
fn a_load_on_the_edge_is_not_tried_ever_again() {
    let mut governor = Governor::default();
    let mut changes = 0;
    for _ in 0..3_600 {
        let usage = if governor.level() == Level::Full { cpu(1.0) } else { cpu(0.5) };
        changes += u32::from(governor.observe(&usage).is_some());
    }
    assert!((2..=40).contains(&changes), "{changes} changes in an hour");
}

proptest! {
    #[test]
    fn every_change_is_one_step(observations in proptest::collection::vec((0.0..1.5f64, 0.0..1.2f64, 0u64..2), 0..500)) {
        let mut governor = Governor::default();
        for (cpu, memory, dropped) in observations {
            let before = governor.level();
            match governor.observe(&Usage { cpu: Some(cpu), memory: Some(memory), dropped }) {
                Some(change) => {
                    prop_assert_eq!((change.from, change.to), (before, governor.level()));
                    prop_assert_eq!((change.from as i8 - change.to as i8).abs(), 1);
                }
                None => prop_assert_eq!(before, governor.level()),
            }
        }
    }
}
