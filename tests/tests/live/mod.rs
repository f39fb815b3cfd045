//! Live capture over a pair of virtual interfaces in a network namespace of our own.
//!
//! Each test runs itself again inside `unshare --net`, so that nothing of the host is touched.

mod faults;
mod rig;
mod ring;

use picket_tests::namespace::{cable, ip, near, run_inside};
use picket_tests::place::{program, skip, tool};
use rig::{Agent, datagrams, sent_by};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

#[test]
fn every_frame_sent_is_received_or_counted_as_dropped() {
    run_inside("live::every_frame_sent_is_received_or_counted_as_dropped", || {
        cable();
        let frames = datagrams(2000);
        for (turn, backend) in [(1, "ring"), (2, "libpcap")] {
            let agent = Agent::start(&format!("[capture]\nbackend = \"{backend}\"\n"));
            let mut near = near();
            for _ in 0..10 {
                frames.iter().for_each(|frame| near.sendpacket(&frame[..]).unwrap());
            }
            let (received, kernel, interface, events) = agent.stop();
            assert_eq!(sent_by("near"), turn * 20_000);
            let all = received + kernel + interface;
            assert_eq!(all, 20_000, "{backend}: received {received}, kernel {kernel}, interface {interface}");
            let packets: u64 = events.iter().filter_map(|event| event["flow"]["pkts_toserver"].as_u64()).sum();
            assert_eq!(packets, received, "{backend}: the flows hold every frame");
            assert!(events.iter().all(|event| event["in_iface"] == "far"));
        }
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

/// The capability sets of a process or thread.
fn capabilities(status: &str) -> Vec<(&str, u64)> {
    let sets = status.lines().filter(|line| line.starts_with("Cap")).map(|line| {
        let (name, bits) = line.split_once(':').unwrap();
        (name, u64::from_str_radix(bits.trim(), 16).unwrap())
    });
    sets.collect()
}

const CAP_NET_RAW: u64 = 1 << 13;

/// F66: nothing is sent on the watched interface. F67 in part: what reads packets has no capability and can gain none;
/// the process that opens interfaces has one, and ends with the agent.
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
            let status = std::fs::read_to_string(task.unwrap().path().join("status")).unwrap();
            let sets = capabilities(&status);
            assert_eq!(sets.len(), 5, "{status}");
            assert!(sets.iter().all(|(_, bits)| *bits == 0), "{status}");
            assert!(status.contains("NoNewPrivs:\t1"), "{status}");
            threads += 1;
        }
        assert!(threads >= 3, "only {threads} threads were looked at");
        let opener = format!("/proc/{}", agent.opener().expect("a process opens interfaces"));
        let status = std::fs::read_to_string(format!("{opener}/status")).unwrap();
        assert!(capabilities(&status).iter().all(|(_, bits)| bits & !CAP_NET_RAW == 0), "{status}");
        assert!(capabilities(&status).contains(&("CapEff", CAP_NET_RAW)), "{status}");
        assert!(status.contains("NoNewPrivs:\t1") && status.contains("Threads:\t1"), "{status}");
        let open: Vec<_> = std::fs::read_dir(format!("{opener}/fd"))
            .unwrap()
            .map(|fd| std::fs::read_link(fd.unwrap().path()).unwrap().display().to_string())
            .collect();
        assert_eq!(
            open.iter().filter(|file| *file != "/dev/null").count(),
            1,
            "more than the line to the agent: {open:?}"
        );
        assert_eq!(agent.stop().0, 500);
        assert_eq!(sent_by("far"), 0);
        assert!(!Path::new(&opener).exists(), "the opener outlives its agent");
    });
}

/// The same with libpcap, whose handles cannot be handed over: one thread keeps the right.
#[test]
fn with_libpcap_one_thread_that_reads_no_packet_keeps_the_right_to_open() {
    run_inside("live::with_libpcap_one_thread_that_reads_no_packet_keeps_the_right_to_open", || {
        cable();
        let agent = Agent::start("[capture]\nbackend = \"libpcap\"\n");
        let mut near = near();
        datagrams(500).iter().for_each(|frame| near.sendpacket(&frame[..]).unwrap());
        agent.wait("receiving", |snapshot| snapshot.inputs.iter().any(|input| input.frames == 500));
        assert_eq!(agent.opener(), None);
        let mut openers = 0;
        for task in std::fs::read_dir(format!("/proc/{}/task", agent.child.id())).unwrap() {
            let task = task.unwrap().path();
            let name = std::fs::read_to_string(task.join("comm")).unwrap();
            let status = std::fs::read_to_string(task.join("status")).unwrap();
            let allowed = if name.trim() == "opener" { CAP_NET_RAW } else { 0 };
            openers += u32::from(allowed != 0);
            assert!(capabilities(&status).iter().all(|(_, bits)| bits & !allowed == 0), "{name} {status}");
        }
        assert_eq!(openers, 1);
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
        let text = "[capture]\nsnap_length = \"4KiB\"\n[flow]\nudp = \"9s\"\n[output]\nkinds = [\"tls\"]";
        reload(text, "output.kinds is now [\"tls\"]");
        assert!(agent.words().contains("flow.udp is now \"9s\""), "{}", agent.words());
        assert!(
            agent.words().contains("capture.snap_length = \"4KiB\" needs a restart; \"256KiB\" stays in force"),
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
