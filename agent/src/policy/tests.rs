//! Versions, trials and texts.

use super::*;
use picket_event::wire::PolicyOutcome;

fn version(number: u64) -> Version {
    Version { group: "press".to_owned(), version: number, text: format!("# {number}\n") }
}

fn in_force(kept: &Kept) -> u64 {
    kept.current().map_or(0, |version| version.version)
}

#[test]
fn a_policy_that_is_applied_at_once_is_in_force() {
    let mut kept = Kept::default();
    assert_eq!(kept.take(version(1), Vec::new()).outcome, PolicyOutcome::Applied);
    assert_eq!((kept.start(), in_force(&kept)), (None, 1));
    assert_eq!(kept.works(), None, "nothing new to tell");
    assert_eq!(kept.roll_back(String::new()), None, "nothing is on trial");
    assert_eq!(kept.known("press", 1).unwrap().outcome, PolicyOutcome::Applied);
    assert_eq!((kept.known("press", 2), kept.known("other", 1)), (None, None));
    assert_eq!(kept.refuse(&version(2), "no".to_owned()).outcome, PolicyOutcome::Refused);
    assert_eq!(in_force(&kept), 1);
    kept.take(version(0), Vec::new());
    assert_eq!(in_force(&kept), 0);
}

#[test]
fn a_policy_on_trial_is_taken_back_when_the_agent_does_not_come_up() {
    let mut kept = Kept::default();
    kept.take(version(1), Vec::new());
    kept.works();
    assert_eq!(kept.take(version(2), vec!["a restart".to_owned()]).outcome, PolicyOutcome::Partly);
    assert_eq!(kept.works(), None, "what waits for a restart has proved nothing");
    // A third comes before the second was tried: the first is still what is known to work.
    kept.take(version(3), vec!["a restart".to_owned()]);
    assert_eq!((kept.start(), kept.start()), (None, None));
    assert_eq!(kept.start().map(|failed| failed.version), Some(3));
    assert_eq!(in_force(&kept), 1);
    let said = kept.known("press", 3).unwrap();
    assert_eq!(said.outcome, PolicyOutcome::RolledBack);
    assert!(said.words[0].contains("did not come up"), "{said:?}");
    assert_eq!((kept.start(), in_force(&kept)), (None, 1));
}

#[test]
fn a_policy_on_trial_stays_once_the_agent_works_with_it() {
    let mut kept = Kept::default();
    kept.take(version(2), vec!["a restart".to_owned()]);
    assert_eq!(kept.start(), None);
    assert_eq!(kept.works().unwrap().outcome, PolicyOutcome::Applied);
    assert_eq!(kept.known("press", 2).unwrap().outcome, PolicyOutcome::Applied);
    assert!((0..9).all(|_| kept.start().is_none()));
    assert_eq!(in_force(&kept), 2);
}

#[test]
fn a_policy_that_was_applied_at_once_and_ends_the_agent_is_taken_back() {
    let mut kept = Kept::default();
    kept.take(version(1), Vec::new());
    kept.works();
    kept.take(version(2), Vec::new());
    assert_eq!(kept.start(), None, "once may be by chance");
    assert_eq!(kept.start().map(|failed| failed.version), Some(2));
    assert_eq!(in_force(&kept), 1);
}

#[test]
fn texts_are_refused_with_the_reason() {
    let place = tempfile::tempdir().unwrap();
    let policy = Policy::open(place.path());
    let refused = |text: &str| policy.try_text(&Loaded::default(), text).unwrap_err();
    assert!(refused("[capture]\nfiltre = \"tcp\"\n").contains("did you mean `capture.filter`?"));
    assert!(refused("[agent]\nstate = \"/tmp\"\n").contains("a policy may not set `agent.state`"));
    assert!(refused("[flow]\nmax_flows = 1\n").contains("must be 64 to 67108864"));
    assert!(refused("[capture]\nfilter = \"tcp nonsense\"\n").contains("is no filter"));
    assert!(refused("[flow]\nmax_flows = true\n").contains("line 2"));
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0, "nothing is left behind");
    let good = policy.try_text(&Loaded::default(), "[output]\nkinds = [\"alert\"]\n").unwrap();
    assert_eq!(good.config.output.kinds, ["alert"]);
    assert!(policy.try_text(&Loaded::default(), "[output]\ndetail = \"heads\"\n").is_ok());
    assert!(refused("[output]\ndetail = \"little\"\n").contains("unknown variant `little`, expected one of"));
}

#[test]
fn what_is_in_force_lies_behind_the_configuration_and_outlives_a_restart() {
    let place = tempfile::tempdir().unwrap();
    let mut policy = Policy::open(place.path());
    let text = "[governor]\ncpu_percent = 7\n".to_owned();
    policy.kept.take(Version { text, ..version(4) }, Vec::new());
    policy.save().unwrap();
    assert_eq!(Policy::open(place.path()).kept, policy.kept);
    let loaded = overlay(Loaded::default(), place.path()).unwrap();
    assert_eq!(loaded.config.governor.cpu_percent, 7);
    assert!(loaded.origin("governor.cpu_percent").to_string().ends_with("policy.toml:2"));
    policy.kept.take(version(0), Vec::new());
    policy.save().unwrap();
    assert_eq!(overlay(Loaded::default(), place.path()).unwrap().config, Loaded::default().config);
    std::fs::write(place.path().join("policy.json"), "{").unwrap();
    assert_eq!(Policy::open(place.path()).kept, Kept::default(), "a damaged file is none");
}
