//! Interfaces that fail, an opener that dies, what cannot be opened, and the agent's own traffic.

use super::rig::{Agent, datagrams};
use picket_tests::namespace::{cable, ip, near, run_inside};
use picket_tests::place::{program, tool};
use serde_json::Value;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Sends frames into the near end.
fn send(frames: &[Vec<u8>]) {
    let mut near = near();
    frames.iter().for_each(|frame| near.sendpacket(&frame[..]).unwrap());
}

/// F17: down and up again, and another name: the same socket goes on, and the ledger names what happened.
#[test]
fn f17_an_interface_that_was_down_or_got_another_name_is_watched_on() {
    run_inside("live::faults::f17_an_interface_that_was_down_or_got_another_name_is_watched_on", || {
        cable();
        let frames = datagrams(100);
        let agent = Agent::start("");
        let state = |what: &str, text: &str| {
            agent.wait(what, |snapshot| snapshot.inputs.iter().any(|input| input.state.starts_with(text)))
        };
        send(&frames);
        ip("link set far down");
        state("down", "down, waiting: the interface is down");
        ip("link set far up");
        let up = Instant::now();
        state("up", "capturing");
        send(&frames);
        agent.wait("receiving", |snapshot| snapshot.inputs.iter().any(|input| input.frames == 200));
        assert!(up.elapsed() < Duration::from_secs(5), "{:?}", up.elapsed());
        ip("link set far down");
        ip("link set far name wide");
        ip("link set wide up");
        state("renamed", "capturing; the interface is called wide now");
        send(&frames);
        agent.wait("receiving", |snapshot| snapshot.inputs.iter().any(|input| input.frames == 300));
        ip("link set wide down");
        ip("link set wide name far");
        ip("link set far up");
        let snapshot = agent.wait("back", |snapshot| snapshot.inputs.iter().any(|input| input.state == "capturing"));
        let capped = &snapshot.ledger["capped"];
        assert!(capped["interface_down far"].as_u64() >= Some(1), "{capped}");
        assert_eq!(capped["interface_renamed far"].as_u64(), Some(1), "{capped}");
        assert_eq!(agent.stop().0, 300);
    });
}

/// F17: an interface that is down when the agent starts is waited for as one that goes down later.
#[test]
fn f17_an_interface_that_is_down_at_the_start_is_waited_for() {
    run_inside("live::faults::f17_an_interface_that_is_down_at_the_start_is_waited_for", || {
        cable();
        ip("link set far down");
        let frames = datagrams(100);
        let agent = Agent::start("");
        let state = |what: &str, text: &str| {
            agent.wait(what, |snapshot| snapshot.inputs.iter().any(|input| input.state.starts_with(text)))
        };
        state("down", "down, waiting: the interface is down");
        assert!(agent.words().contains("far: the interface is down; its frames are taken once it is up"));
        ip("link set far up");
        state("up", "capturing");
        send(&frames);
        agent.wait("receiving", |snapshot| snapshot.inputs.iter().any(|input| input.frames == 100));
        assert_eq!(agent.stop().0, 100);
    });
}

/// Another interface under the watched name is the one that is watched then.
#[test]
fn f17_an_interface_that_takes_the_name_is_watched_instead() {
    run_inside("live::faults::f17_an_interface_that_takes_the_name_is_watched_instead", || {
        cable();
        let frames = datagrams(100);
        let agent = Agent::start("");
        ip("link set far down");
        ip("link set far name old");
        ip("link set near name before");
        cable();
        let mut near = near();
        let began = Instant::now();
        while agent.snapshot().is_none_or(|snapshot| snapshot.inputs.iter().all(|input| input.frames == 0)) {
            assert!(began.elapsed() < Duration::from_secs(5), "{}", agent.words());
            near.sendpacket(&frames[0][..]).unwrap();
            std::thread::sleep(Duration::from_millis(50));
        }
        assert!(agent.words().contains("another interface has its name now"), "{}", agent.words());
        agent.stop();
    });
}

/// Without the opener an interface that has gone never comes back: the agent ends and says so.
#[test]
fn an_agent_whose_opener_died_goes_on_and_ends_when_it_needs_it() {
    run_inside("live::faults::an_agent_whose_opener_died_goes_on_and_ends_when_it_needs_it", || {
        cable();
        let mut agent = Agent::start("");
        let opener = agent.opener().unwrap().to_string();
        assert!(Command::new("kill").args(["-KILL", &opener]).status().unwrap().success());
        send(&datagrams(100));
        agent.wait("receiving", |snapshot| snapshot.inputs.iter().any(|input| input.frames == 100));
        ip("link del near");
        let began = Instant::now();
        let status = loop {
            if let Some(status) = agent.child.try_wait().unwrap() {
                break status;
            }
            assert!(began.elapsed() < Duration::from_secs(10), "{}", agent.words());
            std::thread::sleep(Duration::from_millis(50));
        };
        let words = agent.words();
        assert_eq!(status.code(), Some(3), "{words}");
        assert!(words.contains("the process that opens interfaces does not answer"), "{words}");
        assert!(words.contains("start the agent again"), "{words}");
    });
}

/// One sentence, what to do, and a status that tells the cases apart; F16: too few descriptors.
#[test]
fn f16_what_cannot_be_opened_is_said_in_one_sentence() {
    run_inside("live::faults::f16_what_cannot_be_opened_is_said_in_one_sentence", || {
        cable();
        let state = tempfile::tempdir().unwrap();
        let agent = program("picket-agent").display().to_string();
        let run = |prefix: &str, arguments: &str| {
            let line = format!(
                "{prefix} exec {agent} run --no-uplink --metrics '' --state {} {arguments}",
                state.path().display()
            );
            let output = Command::new("sh").args(["-c", &line]).output().unwrap();
            (output.status.code(), String::from_utf8(output.stderr).unwrap())
        };
        for (prefix, arguments, status, expected) in [
            ("", "-i nothing0", 2, "nothing0: no such interface; there are: far, lo, near"),
            (
                "",
                "-i near --filter 'port foo bar'",
                2,
                "near: the filter \"port foo bar\" is refused: unknown port 'foo'",
            ),
            ("ulimit -n 20;", "-i near", 1, "the limit of open files is below 64; raise it"),
        ] {
            let (code, words) = run(prefix, arguments);
            assert_eq!(code, Some(status), "{prefix} {arguments}: {words}");
            assert!(words.contains(expected), "{prefix} {arguments}: {words}");
            assert_eq!(words.lines().count(), 1, "{prefix} {arguments}: {words}");
        }
    });
}

/// F14: less memory than the agent has. The governor takes its steps in their order, tells each, counts what it left out;
/// every frame is still received or counted as dropped.
#[test]
fn f14_too_little_memory_degrades_in_the_stated_order() {
    run_inside("live::faults::f14_too_little_memory_degrades_in_the_stated_order", || {
        cable();
        let agent = Agent::start("[governor]\nmemory = \"1MiB\"\n");
        let began = Instant::now();
        while !agent.words().contains("degraded: step 4 of 4, sampling, is given up: ") {
            assert!(began.elapsed() < Duration::from_secs(60), "{}", agent.words());
            std::thread::sleep(Duration::from_millis(100));
        }
        let words = agent.words();
        let at = |step: &str| words.find(&format!("{step}, is given up")).unwrap_or_else(|| panic!("{words}"));
        let steps = ["reassembly", "detail", "scoring", "sampling"].map(at);
        assert!(steps.is_sorted(), "{words}");
        assert!(words.contains(" % of its memory is used"), "{words}");
        // What is in hand when the step is taken is still read in full.
        std::thread::sleep(Duration::from_secs(1));
        send(&datagrams(2_000));
        let snapshot = agent.wait("sampling", |snapshot| {
            let sampled = snapshot.ledger["capped"]["degraded sampling"].as_u64();
            snapshot.inputs.iter().any(|input| input.frames == 2_000) && sampled.is_some()
        });
        assert_eq!(snapshot.ledger["flows_refused"], snapshot.ledger["capped"]["degraded sampling"]);
        let (received, kernel, interface, events) = agent.stop();
        assert_eq!(received + kernel + interface, 2_000, "{received} {kernel} {interface}");
        let kinds = |kind: &str| events.iter().filter(|event| event["anomaly"]["kind"] == kind).count();
        assert_eq!((kinds("sensor_degraded"), kinds("sensor_recovered")), (4, 0), "{words}");
    });
}

/// A program of the test's own, ended with it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn said(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A collector on loopback, and an agent's state directory that is enrolled with it.
fn enrolled(folder: &Path) -> (Running, tempfile::TempDir) {
    let config = folder.join("collector.toml");
    let directory = folder.join("collector");
    let any = "127.0.0.1:0";
    let text = format!(
        "[state]\ndirectory = {directory:?}\n[listen]\ningest = \"{any}\"\nhttps = \"{any}\"\nmetrics = \"{any}\"\n"
    );
    std::fs::write(&config, text).unwrap();
    let collector = || Command::new(program("picket-collector"));
    let child = collector()
        .args(["serve", "--config"])
        .arg(&config)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(folder.join("said")).unwrap())
        .spawn()
        .unwrap();
    let running = Running(child);
    let began = Instant::now();
    while !directory.join("run.json").exists() {
        assert!(began.elapsed() < Duration::from_secs(30), "{}", std::fs::read_to_string(folder.join("said")).unwrap());
        std::thread::sleep(Duration::from_millis(50));
    }
    let answer = said(collector().args(["token", "create", "--site", "plant", "--json", "--config"]).arg(&config));
    let token = serde_json::from_str::<Value>(&answer).unwrap()["token"].as_str().unwrap().to_owned();
    let state = tempfile::tempdir().unwrap();
    said(
        Command::new(program("picket-agent")).args(["enrol", "--name", "own", "--state"]).arg(state.path()).arg(token),
    );
    (running, state)
}

/// The agent watches the way its own events take: they are counted and not analysed, or they would breed more.
#[test]
fn own_traffic_is_counted_and_not_analysed() {
    let test = "live::faults::own_traffic_is_counted_and_not_analysed";
    run_inside(test, || {
        if tool(test, "ip").is_none() {
            return;
        }
        ip("link set lo up");
        let folder = tempfile::tempdir().unwrap();
        let (_collector, state) = enrolled(folder.path());
        let agent = Agent::watching(&["lo"], &[], "", state);
        let another = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        for _ in 0..10 {
            another.send_to(b"not the agent's", "127.0.0.1:9").unwrap();
        }
        agent.wait("sending", |snapshot| snapshot.uplink.as_ref().is_some_and(|uplink| uplink.connected));
        let snapshot = agent.wait("counting its own", |snapshot| snapshot.ledger["own_traffic"].as_u64() >= Some(4));
        assert!(snapshot.inputs[0].frames >= 20, "own frames are received frames: {:?}", snapshot.inputs);
        let (.., events) = agent.stop();
        let udp: Vec<&Value> = events.iter().filter(|event| event["proto"] == "UDP").collect();
        assert!(!udp.is_empty(), "the other traffic is analysed");
        assert!(udp.iter().all(|event| event["dest_port"] == 9), "own traffic was analysed: {udp:?}");
    });
}
