//! Agents and frames for live tests.

use picket_agent::status::{Snapshot, ask};
use picket_tests::make::{Capture, Host, udp};
use picket_tests::place::program;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Packets an interface has sent, by the kernel's own count.
pub(super) fn sent_by(interface: &str) -> u64 {
    let output = Command::new("ip").args(["-j", "-s", "link", "show", interface]).output().unwrap();
    let links: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    links[0]["stats64"]["tx"]["packets"].as_u64().unwrap()
}

pub(super) struct Agent {
    pub(super) child: Child,
    pub(super) state: tempfile::TempDir,
}

impl Agent {
    /// Watches `far`, and waits until it says so.
    pub(super) fn start(configuration: &str) -> Self {
        Self::watching(&["far"], &["--no-uplink"], configuration, tempfile::tempdir().unwrap())
    }

    /// Watches these interfaces, with further options, and waits until it says that it captures on all.
    pub(super) fn watching(
        interfaces: &[&str],
        options: &[&str],
        configuration: &str,
        state: tempfile::TempDir,
    ) -> Self {
        let config = state.path().join("agent.toml");
        std::fs::write(&config, configuration).unwrap();
        let child = Command::new(program("picket-agent"))
            .args(["run", "--output", "eve", "--metrics", ""])
            .args(options)
            .arg("-i")
            .args(interfaces)
            .arg("--config")
            .arg(&config)
            .arg("--state")
            .arg(state.path())
            .stdin(Stdio::null())
            .stdout(std::fs::File::create(state.path().join("events")).unwrap())
            .stderr(std::fs::File::create(state.path().join("words")).unwrap())
            .spawn()
            .unwrap();
        let agent = Self { child, state };
        agent.wait("capturing", |snapshot| {
            snapshot.inputs.len() >= interfaces.len() && snapshot.inputs.iter().all(|input| input.state == "capturing")
        });
        agent
    }

    /// The process that opens interfaces for it.
    pub(super) fn opener(&self) -> Option<u32> {
        let children = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", self.child.id())).ok()?;
        let mut opener = children.split_whitespace().filter_map(|id| id.parse().ok()).filter(|id: &u32| {
            std::fs::read_to_string(format!("/proc/{id}/comm")).is_ok_and(|name| name.trim() == "picket-opener")
        });
        opener.next()
    }

    pub(super) fn snapshot(&self) -> Option<Snapshot> {
        ask(&self.state.path().join("agent.sock")).ok()
    }

    pub(super) fn wait(&self, what: &str, holds: impl Fn(&Snapshot) -> bool) -> Snapshot {
        let began = Instant::now();
        loop {
            match self.snapshot() {
                Some(snapshot) if holds(&snapshot) => return snapshot,
                last if began.elapsed() > Duration::from_secs(20) => {
                    panic!("never {what}: {last:?}\n{}", self.words());
                }
                _ => std::thread::sleep(Duration::from_millis(50)),
            }
        }
    }

    pub(super) fn words(&self) -> String {
        std::fs::read_to_string(self.state.path().join("words")).unwrap()
    }

    pub(super) fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap().success());
    }

    /// Ends it; frames received, dropped by the kernel, dropped by the interface, and the events.
    pub(super) fn stop(mut self) -> (u64, u64, u64, Vec<serde_json::Value>) {
        self.signal("-TERM");
        let status = self.child.wait().unwrap();
        let words = self.words();
        assert!(status.success(), "{words}");
        assert!(!words.contains("BALANCE"), "{words}");
        let number = |line: &str, at: usize| -> u64 {
            let line = words.lines().rev().find(|l| l.starts_with(line)).unwrap_or_default();
            line.split_whitespace().nth(at).and_then(|word| word.parse().ok()).unwrap_or_else(|| panic!("{words}"))
        };
        let events = std::fs::read_to_string(self.state.path().join("events")).unwrap();
        let events = events.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        (number("frames", 1), number("dropped", 1), number("dropped", 5), events)
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(super) fn datagrams(count: u32) -> Vec<Vec<u8>> {
    let mut capture = Capture::default();
    let server = Host::new(1, "10.9.0.1");
    for number in 0..count {
        let client = Host::new(2 + number % 200, &format!("10.8.0.{}", 1 + number % 200));
        udp(&mut capture, i64::from(number), (&client, 40_000), (&server, 9999), &[7; 200]);
    }
    capture.sorted().into_iter().map(|(_, frame)| frame.clone()).collect()
}
