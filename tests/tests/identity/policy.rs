//! A group's policy, from the collector's verb to the running agent and back.

use super::*;
use picket_tests::make::message::dns_query;
use picket_tests::make::{Capture, Host, udp};
use picket_tests::namespace::{cable, ip, near, run_inside};
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
        self.watching(&["lo"])
    }

    pub(super) fn watching(&self, interfaces: &[&str]) -> Agent {
        let arguments = [&["-i"], interfaces].concat();
        Agent::start(&self.collector.agent_state("sensor-1"), "", &arguments).unwrap()
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
        site.set("[capture]\nsnap_length = \"4KiB\"\n[governor]\ncpu_percent = 60\n");
        site.answers(3, "partly: capture.snap_length = \"4KiB\" needs a restart");
        drop(agent);
        let agent = site.agent();
        site.answers(3, "applied");
        let (value, origin) = site.effective("capture.snap_length");
        assert!(value.contains("4KiB") && origin.contains("policy.toml:2"), "{value} from {origin}");
        site.set("[capture]\nsnap_length = \"8KiB\"\n");
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
        assert!(site.effective("capture.snap_length").0.contains("4KiB"));
        let listed = site.collector.ask(&["policy"]).unwrap();
        assert!(listed.contains("press"), "{listed}");
        site.collector.ask(&["policy", "set", "press", "--version", "3"]).unwrap();
        site.answers(5, "applied");
        site.collector.ask(&["policy", "clear", "press"]).unwrap();
        site.answers(6, "partly: capture.snap_length");
        site.collector.ask(&["agents", "group", "sensor-1", "other"]).unwrap();
        until("it is of no policy", || site.agent_view()["policy_version"] == 0);
        drop(last);
    });
}

/// Puts so many datagrams on the cable, each of a conversation of its own, from this client port on.
fn datagrams(first: u16, count: u16, port: u16) {
    let (server, client, mut capture) = (Host::new(1, "10.9.0.1"), Host::new(2, "10.8.0.1"), Capture::default());
    (first..first + count).for_each(|number| udp(&mut capture, 0, (&client, number), (&server, port), b"whatever"));
    let mut near = near();
    capture.in_order().for_each(|frame| near.sendpacket(frame).unwrap());
}

fn number(agent: &Agent, of: &str) -> u64 {
    agent.snapshot().map_or(0, |snapshot| snapshot.ledger[of].as_u64().unwrap_or(0))
}

/// Filter, table and detail of a running agent follow the policy within seconds, and a filter that one of its interfaces cannot
/// have leaves all as they were.
#[test]
fn a_policy_changes_what_a_running_agent_does() {
    run_inside("identity::policy::a_policy_changes_what_a_running_agent_does", || {
        let site = Site::new();
        cable();
        let mut next = 0;
        for backend in ["ring", "libpcap"] {
            let arguments = ["-i", "far"];
            let config = format!("[capture]\nbackend = \"{backend}\"\n");
            let agent = Agent::start(&site.collector.agent_state("sensor-1"), &config, &arguments).unwrap();
            let up = |s: &picket_agent::status::Snapshot| {
                s.uplink.as_ref().is_some_and(|uplink| uplink.connected)
                    && s.inputs.iter().any(|i| i.state == "capturing")
            };
            agent.wait_for("up", PATIENCE, up).unwrap();
            next = filters(&site, &agent, next);
        }
        let agent = site.watching(&["far"]);
        agent.wait_for("up", PATIENCE, |s| s.inputs.iter().any(|i| i.state == "capturing")).unwrap();
        datagrams(1000, 1000, 9999);
        until("a thousand conversations are open", || number(&agent, "flows_open") == 1000);
        next += 1;
        site.set("[flow]\nmax_flows = 64\n[output]\ndetail = \"recognition\"\n");
        site.answers(next, "applied");
        until("the table is small", || number(&agent, "flows_open") <= 64);
        assert!(number(&agent, "flows_evicted") >= 936);
        let (server, client, mut capture) = (Host::new(1, "10.9.0.1"), Host::new(2, "10.8.0.2"), Capture::default());
        for id in 0..50 {
            udp(&mut capture, 0, (&client, 4000), (&server, 53), &dns_query(id, "host.example.com", 1));
        }
        let mut cable = near();
        capture.in_order().for_each(|frame| cable.sendpacket(frame).unwrap());
        until("reading ends behind recognition", || {
            agent.snapshot().is_some_and(|s| s.ledger["capped"]["degraded detail"] == 1)
        });
    });
}

/// A filter, another, one that is none, and none again, behind this version of the policy; the last version.
fn filters(site: &Site, agent: &Agent, mut next: u64) -> u64 {
    let mut passes = |filter: &str, answer: &str, expected: [bool; 2]| {
        next += 1;
        site.set(&format!("[capture]\nfilter = \"{filter}\"\n"));
        site.answers(next, answer);
        let before = number(agent, "frames");
        // What must not pass comes first: once the other is counted, it would be too.
        let ports = [(53, expected[0]), (9999, expected[1])];
        let send = |those: bool| {
            let sent = ports.into_iter().filter(|(_, passes)| *passes == those);
            sent.map(|(port, _)| datagrams(1000, 20, port)).count() as u64 * 20
        };
        send(false);
        let wanted = before + send(true);
        until(&format!("{filter}: {wanted} frames"), || number(agent, "frames") >= wanted);
        assert_eq!(number(agent, "frames"), wanted, "{filter}");
    };
    passes("udp port 53", "applied", [true, false]);
    passes("udp port 9999", "applied", [false, true]);
    passes("udp port nonsense", "refused: `capture.filter`", [false, true]);
    passes("", "applied", [true, true]);
    next += 1;
    site.collector.ask(&["policy", "clear", "press"]).unwrap();
    site.answers(next, "applied");
    next
}

#[test]
fn a_filter_that_one_interface_cannot_have_is_refused_for_all() {
    run_inside("identity::policy::a_filter_that_one_interface_cannot_have_is_refused_for_all", || {
        let site = Site::new();
        cable();
        let agent = site.watching(&["any", "far"]);
        let both = |s: &picket_agent::status::Snapshot| {
            s.inputs.len() == 2 && s.inputs.iter().all(|input| input.state == "capturing")
        };
        agent.wait_for("up", PATIENCE, both).unwrap();
        // Frames of all interfaces at once come without the header that this looks at.
        site.set("[capture]\nfilter = \"link[2:2] = 1\"\n[flow]\nmax_flows = 64\n");
        site.answers(1, "refused: `capture.filter` could not be applied: any");
        datagrams(1000, 1000, 9999);
        until("both take everything, in a table as large as before", || number(&agent, "flows_open") >= 2000);
        assert!(agent.snapshot().unwrap().inputs.iter().all(|input| input.state == "capturing"));
    });
}
