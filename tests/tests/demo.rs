//! The demonstration keeps what it promises, and each alert vanishes when its cause is taken away.

use picket_tests::demo::{Demo, Outcome, Scenario};

fn outcome(name: &str, scenario: &Scenario) -> Outcome {
    let folder = tempfile::Builder::new().prefix(name).tempdir().unwrap();
    let mut demo = Demo::start(folder.path(), &mut |_| ()).unwrap();
    demo.send(scenario, &mut |_| ()).unwrap()
}

#[test]
fn both_alerts_come_from_the_full_scenario() {
    let outcome = outcome("full", &Scenario::full());
    if let Err(error) = outcome.check() {
        panic!("{error:#}\nalerts: {:#?}", outcome.alerts);
    }
}

#[test]
fn without_the_night_writer_its_alert_vanishes() {
    let outcome = outcome("calm-night", &Scenario { night_writer: false, ..Scenario::full() });
    assert!(!outcome.has_baseline_alert(), "{:#?}", outcome.alerts);
    assert!(outcome.has_verdict_alert(), "{:#?}", outcome.alerts);
}

#[test]
fn without_the_beacon_its_alert_vanishes() {
    let outcome = outcome("no-beacon", &Scenario { beacon: false, ..Scenario::full() });
    assert!(!outcome.has_verdict_alert(), "{:#?}", outcome.alerts);
    assert!(outcome.has_baseline_alert(), "{:#?}", outcome.alerts);
}
