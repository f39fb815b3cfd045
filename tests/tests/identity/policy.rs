//! A group's policy, from the collector's verb to the running agent and back.

use super::*;
use picket_tests::namespace::{ip, run_inside};
use picket_tests::place::program;
use picket_tests::programs::{Agent, Collector, Setting};
use serde_json::Value;
use std::process::Command;

pub(super) struct Site {
    pub(super) collector: Collector,
    pub(super) place: tempfile::TempDir,
}

impl Site {
    /// A collector, and an agent of the group `press`.
    pub(super) fn new() -> Self {
        ip("link set lo up");
        let place = tempfile::tempdir().unwrap();
        let collector = Collector::start(place.path(), &Setting::default()).unwrap();
        let made = collector.ask(&["token", "create", "--group", "press", "--json"]).unwrap();
        let made: Value = serde_json::from_str(&made).unwrap();
        collector.enrol("sensor-1", made["token"].as_str().unwrap()).unwrap();
        Self { collector, place }
    }

    pub(super) fn agent(&self) -> Agent {
        Agent::start(&self.collector.agent_state("sensor-1"), "", &["-i", "lo"]).unwrap()
    }

    pub(super) fn set(&self, text: &str) {
        self.collector.set_policy("press", text).unwrap();
    }

    /// What the agent answered to the policy in force.
    pub(super) fn answer(&self) -> (u64, String) {
        let shown = self.collector.ask(&["policy", "show", "press", "--json"]).unwrap();
        let shown: Value = serde_json::from_str(&shown).unwrap();
        let agent = &shown["agents"][0];
        (agent["version"].as_u64().unwrap(), agent["state"].as_str().unwrap().to_owned())
    }

    pub(super) fn answers(&self, version: u64, words: &str) {
        until(&format!("version {version} is answered with {words}: {:?}", self.answer()), || {
            let (at, state) = self.answer();
            at == version && state.starts_with(words)
        });
    }

    pub(super) fn agent_view(&self) -> Value {
        let shown = self.collector.ask(&["agents", "show", "sensor-1", "--json"]).unwrap();
        serde_json::from_str(&shown).unwrap()
    }

    /// The effective value of a key, and where it came from.
    fn effective(&self, key: &str) -> (String, String) {
        let state = self.collector.agent_state("sensor-1");
        let mut command = Command::new(program("picket-agent"));
        command.args(["config", "show", "--json", "--config"]).arg(state.join("agent.toml")).arg("--state").arg(state);
        let shown: Value = serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
        (shown[key]["value"].to_string(), shown[key]["origin"].to_string())
    }
}

#[test]
fn a_policy_is_applied_and_answered_and_taken_back_when_it_fails() {
    run_inside("identity::policy::a_policy_is_applied_and_answered_and_taken_back_when_it_fails", || {
        let site = Site::new();
        let agent = site.agent();
        site.set("[output]\nkinds = [\"flow\", \"alert\", \"stats\"]\n[governor]\ncpu_percent = 50\n");
        site.answers(1, "applied");
        site.set("[output]\nkindz = []\n");
        site.answers(2, "refused: line 2: unknown key `output.kindz`; did you mean `output.kinds`?");
        assert_eq!(site.effective("governor.cpu_percent").0.trim_matches('"'), "50", "what was in force still is");
        site.set("[flow]\nmax_flows = 4096\n[governor]\ncpu_percent = 60\n");
        site.answers(3, "partly: flow.max_flows = 4096 needs a restart");
        drop(agent);
        let agent = site.agent();
        site.answers(3, "applied");
        let (value, origin) = site.effective("flow.max_flows");
        assert!(value.contains("4096") && origin.contains("policy.toml:2"), "{value} from {origin}");
        site.set("[flow]\nmax_flows = 8192\n");
        site.answers(4, "partly");
        // The agent does not live with it.
        let mut agent = Some(agent);
        for _ in 0..2 {
            agent.take().unwrap().kill().unwrap();
            agent = Some(site.agent());
            agent.as_ref().unwrap().wait_for("up", PATIENCE, |snapshot| snapshot.pid > 0).unwrap();
        }
        agent.take().unwrap().kill().unwrap();
        let last = site.agent();
        site.answers(4, "rolled back: the agent did not come up with it in 2 starts");
        assert!(site.effective("flow.max_flows").0.contains("4096"));
        let listed = site.collector.ask(&["policy"]).unwrap();
        assert!(listed.contains("press"), "{listed}");
        site.collector.ask(&["policy", "set", "press", "--version", "3"]).unwrap();
        site.answers(5, "applied");
        site.collector.ask(&["policy", "clear", "press"]).unwrap();
        site.answers(6, "partly: flow.max_flows");
        site.collector.ask(&["agents", "group", "sensor-1", "other"]).unwrap();
        until("it is of no policy", || site.agent_view()["policy_version"] == 0);
        drop(last);
    });
}
