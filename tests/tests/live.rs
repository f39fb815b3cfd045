//! Live capture over a pair of virtual interfaces in a network namespace of our own.
//!
//! Each test runs itself again inside `unshare --net`, so that nothing of the host is touched.

use picket_agent::status::{Snapshot, ask};
use picket_tests::make::{Capture, Host, udp};
use picket_tests::namespace::{cable, ip, near, run_inside};
use picket_tests::place::{program, skip, tool};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Packets an interface has sent, by the kernel's own count.
fn sent_by(interface: &str) -> u64 {
    let output = Command::new("ip").args(["-j", "-s", "link", "show", interface]).output().unwrap();
    let links: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    links[0]["stats64"]["tx"]["packets"].as_u64().unwrap()
}

struct Agent {
    child: Child,
    state: tempfile::TempDir,
}

impl Agent {
    /// Watches `far`, and waits until it says so.
    fn start(configuration: &str) -> Self {
        let state = tempfile::tempdir().unwrap();
        let config = state.path().join("agent.toml");
        std::fs::write(&config, configuration).unwrap();
        let child = Command::new(program("picket-agent"))
            .args(["run", "-i", "far", "--no-uplink", "--output", "eve", "--metrics", "", "--config"])
            .arg(&config)
            .arg("--state")
            .arg(state.path())
            .stdin(Stdio::null())
            .stdout(std::fs::File::create(state.path().join("events")).unwrap())
            .stderr(std::fs::File::create(state.path().join("words")).unwrap())
            .spawn()
            .unwrap();
        let agent = Self { child, state };
        agent.wait("capturing", |snapshot| snapshot.inputs.first().is_some_and(|input| input.state == "capturing"));
        agent
    }

    fn snapshot(&self) -> Option<Snapshot> {
        ask(&self.state.path().join("agent.sock")).ok()
    }

    fn wait(&self, what: &str, holds: impl Fn(&Snapshot) -> bool) -> Snapshot {
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

    fn words(&self) -> String {
        std::fs::read_to_string(self.state.path().join("words")).unwrap()
    }

    fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap().success());
    }

    /// Ends it; frames received, dropped by the kernel, dropped by the interface, and the events.
    fn stop(mut self) -> (u64, u64, u64, Vec<serde_json::Value>) {
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

fn datagrams(count: u32) -> Vec<Vec<u8>> {
    let mut capture = Capture::default();
    let server = Host::new(1, "10.9.0.1");
    for number in 0..count {
        let client = Host::new(2 + number % 200, &format!("10.8.0.{}", 1 + number % 200));
        udp(&mut capture, i64::from(number), (&client, 40_000), (&server, 9999), &[7; 200]);
    }
    capture.sorted().into_iter().map(|(_, frame)| frame.clone()).collect()
}

#[test]
fn every_frame_sent_is_received_or_counted_as_dropped() {
    run_inside("live::every_frame_sent_is_received_or_counted_as_dropped", || {
        cable();
        let frames = datagrams(2000);
        let agent = Agent::start("");
        let mut near = near();
        for _ in 0..10 {
            frames.iter().for_each(|frame| near.sendpacket(&frame[..]).unwrap());
        }
        let (received, kernel, interface, events) = agent.stop();
        assert_eq!(sent_by("near"), 20_000);
        assert_eq!(
            received + kernel + interface,
            20_000,
            "received {received}, kernel {kernel}, interface {interface}"
        );
        let packets: u64 = events.iter().filter_map(|event| event["flow"]["pkts_toserver"].as_u64()).sum();
        assert_eq!(packets, received, "the flows hold every frame");
        assert!(events.iter().all(|event| event["in_iface"] == "far"));
    });
}

/// F15 in short: an agent that gets no time loses frames at the kernel, and counts them.
#[test]
fn f15_frames_dropped_at_the_kernel_are_counted_exactly() {
    run_inside("live::f15_frames_dropped_at_the_kernel_are_counted_exactly", || {
        cable();
        let frames = datagrams(2000);
        let agent = Agent::start("[capture]\nbuffer = \"1MiB\"\n");
        let mut near = near();
        agent.signal("-STOP");
        for _ in 0..10 {
            frames.iter().for_each(|frame| near.sendpacket(&frame[..]).unwrap());
        }
        agent.signal("-CONT");
        agent.wait("counting drops", |snapshot| snapshot.inputs.iter().any(|input| input.kernel_drops > 0));
        for frame in &frames {
            near.sendpacket(&frame[..]).unwrap();
        }
        let (received, kernel, interface, _) = agent.stop();
        assert!(kernel > 0 && received > 2000, "received {received}, kernel {kernel}");
        assert_eq!(
            received + kernel + interface,
            22_000,
            "received {received}, kernel {kernel}, interface {interface}"
        );
    });
}

/// F17: an interface that vanishes is named, and capture resumes within 5 s of its return, though every thread
/// that reads packets has dropped its capabilities.
#[test]
fn f17_an_interface_that_comes_back_is_watched_again() {
    run_inside("live::f17_an_interface_that_comes_back_is_watched_again", || {
        cable();
        let frames = datagrams(100);
        let agent = Agent::start("");
        let mut before = near();
        frames.iter().for_each(|frame| before.sendpacket(&frame[..]).unwrap());
        agent.wait("receiving", |snapshot| snapshot.inputs.iter().any(|input| input.frames == 100));
        drop(before);
        ip("link del near");
        agent.wait("gone", |snapshot| snapshot.inputs.iter().any(|input| input.state.starts_with("gone")));
        cable();
        let back = Instant::now();
        agent.wait("back", |snapshot| snapshot.inputs.iter().any(|input| input.state == "capturing"));
        assert!(back.elapsed() < Duration::from_secs(5), "{:?}", back.elapsed());
        let mut after = near();
        frames.iter().for_each(|frame| after.sendpacket(&frame[..]).unwrap());
        let snapshot = agent.wait("receiving", |snapshot| snapshot.inputs.iter().any(|input| input.frames == 200));
        assert!(snapshot.ledger["capped"]["interface_gone far"].as_u64() >= Some(1), "{}", snapshot.ledger);
        assert_eq!(agent.stop().0, 200);
    });
}

/// F66: nothing is sent on the watched interface. F67 in part: what reads packets has no capability.
#[test]
fn f66_the_sensor_is_silent_and_holds_no_capability() {
    run_inside("live::f66_the_sensor_is_silent_and_holds_no_capability", || {
        cable();
        let agent = Agent::start("");
        let mut near = near();
        datagrams(500).iter().for_each(|frame| near.sendpacket(&frame[..]).unwrap());
        agent.wait("receiving", |snapshot| snapshot.inputs.iter().any(|input| input.frames == 500));
        let mut threads = 0;
        for task in std::fs::read_dir(format!("/proc/{}/task", agent.child.id())).unwrap() {
            let task = task.unwrap().path();
            let name = std::fs::read_to_string(task.join("comm")).unwrap();
            let status = std::fs::read_to_string(task.join("status")).unwrap();
            for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
                let line = status.lines().find(|line| line.starts_with(set)).unwrap();
                let bits = u64::from_str_radix(line.split_whitespace().nth(1).unwrap(), 16).unwrap();
                // The opener reads no packet and keeps CAP_NET_RAW (13) alone.
                let allowed = if name.trim() == "opener" { 1 << 13 } else { 0 };
                assert_eq!(bits & !allowed, 0, "thread {name} {line}");
            }
            threads += 1;
        }
        assert!(threads >= 4, "only {threads} threads were looked at");
        assert_eq!(agent.stop().0, 500);
        assert_eq!(sent_by("far"), 0);
    });
}

/// A reload applies what it can, and one that is refused changes nothing.
#[test]
fn f51_a_reload_says_what_it_applies_and_what_it_refuses() {
    run_inside("live::f51_a_reload_says_what_it_applies_and_what_it_refuses", || {
        cable();
        let agent = Agent::start("");
        let config = agent.state.path().join("agent.toml");
        let reload = |text: &str, words: &str| {
            std::fs::write(&config, text).unwrap();
            agent.signal("-HUP");
            let began = Instant::now();
            while !agent.words().contains(words) {
                assert!(began.elapsed() < Duration::from_secs(10), "{words:?} is not in\n{}", agent.words());
                std::thread::sleep(Duration::from_millis(50));
            }
        };
        reload("[output]\nkind = []", "unknown key `output.kind`; did you mean `output.kinds`?");
        reload("[flow]\nudp = \"9s\"\n[output]\nkinds = [\"tls\"]", "output.kinds is now [\"tls\"]");
        assert!(
            agent.words().contains("flow.udp = \"9s\" needs a restart; \"1min\" stays in force"),
            "{}",
            agent.words()
        );
        let mut near = near();
        datagrams(50).iter().for_each(|frame| near.sendpacket(&frame[..]).unwrap());
        let (received, .., events) = agent.stop();
        assert_eq!((received, events.len()), (50, 0), "flows no longer leave");
    });
}

#[test]
fn without_permission_it_says_what_to_do() {
    let test = "live::without_permission_it_says_what_to_do";
    let agent = program("picket-agent");
    let arguments = ["run", "-i", "lo", "--no-uplink", "--state", "/tmp"];
    let output = if rustix::process::geteuid().is_root() {
        let Some(setpriv) = tool(test, "setpriv") else { return };
        let nobody =
            ["--reuid", "65534", "--regid", "65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"];
        Command::new(setpriv).args(nobody).arg(&agent).args(arguments).output().unwrap()
    } else {
        Command::new(&agent).args(arguments).output().unwrap()
    };
    let words = String::from_utf8(output.stderr).unwrap();
    if !Path::new("/proc/net/dev").exists() {
        return skip(test, "no network");
    }
    assert_eq!(output.status.code(), Some(5), "{words}");
    assert!(words.contains("lo: no permission to capture; run as root, or give the program the right"), "{words}");
}
