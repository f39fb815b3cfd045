//! Packets of a host on request: from the collector's verb to the agent's memory, back, over restarts of both, into a file.

use picket_tests::make::message::dns_query;
use picket_tests::make::{Capture, Host, udp};
use picket_tests::namespace::{cable, ip, near, run_inside};
use picket_tests::programs::{Agent, Collector, Setting};
use serde_json::Value;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// A collector that was killed says no goodbye: the agent notices after 30 s of silence.
const PATIENCE: Duration = Duration::from_secs(75);

struct Site {
    collector: Collector,
    place: tempfile::TempDir,
}

impl Site {
    fn new() -> Self {
        ip("link set lo up");
        cable();
        let place = tempfile::tempdir().unwrap();
        let collector = Collector::start(place.path(), &Setting::default()).unwrap();
        collector.enrol("sensor-1", &collector.token("plant").unwrap()).unwrap();
        Self { collector, place }
    }

    fn agent(&self, config: &str) -> Agent {
        let agent = Agent::start(&self.collector.agent_state("sensor-1"), config, &["-i", "far"]).unwrap();
        let up = |s: &picket_agent::status::Snapshot| s.uplink.as_ref().is_some_and(|uplink| uplink.connected);
        agent.wait_for("connected", PATIENCE, up).unwrap();
        agent
    }

    fn detail(&self, words: &[&str]) -> Value {
        let told = self.collector.ask(&[&["detail"], words, &["--json"]].concat()).unwrap();
        serde_json::from_str(&told).unwrap_or(Value::Null)
    }

    fn request(&self, minutes: &str) -> String {
        let asked = ["request", "sensor-1", "10.8.0.1", "--minutes", minutes, "--before", "5", "--reason", "beacons"];
        let id = self.detail(&asked)["id"].to_string();
        self.as_another("approve", &id);
        id
    }

    /// Does what needs another person: over HTTPS with a token.
    fn as_another(&self, verb: &str, id: &str) {
        let made =
            self.collector.ask(&["token", "api", "--label", "second", "--role", "security_admin", "--json"]).unwrap();
        let made: Value = serde_json::from_str(&made).unwrap();
        let (url, authority) =
            (self.collector.address("https").unwrap().to_string(), self.collector.state().join("authority.pem"));
        let (token, authority) = (made["token"].as_str().unwrap(), authority.display().to_string());
        let arguments = ["detail", verb, id, "--url", &url, "--token", token, "--authority", &authority];
        self.collector.ask(&arguments).unwrap();
    }

    fn waits_for(&self, id: &str, state: &str) -> Value {
        let begin = Instant::now();
        loop {
            let shown = self.detail(&["show", id]);
            if shown["state"] == state {
                return shown;
            }
            assert!(begin.elapsed() < PATIENCE, "never {state}: {shown}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// Puts twenty name look-ups of 10.8.0.1 and of another host on the cable, numbered from here on.
fn speak(first: u16) {
    let (resolver, mut capture) = (Host::new(1, "10.9.0.53"), Capture::default());
    for number in first..first + 20 {
        for client in ["10.8.0.1", "10.8.0.2"] {
            let asked = dns_query(number, "host.example.com", 1);
            udp(&mut capture, 0, (&Host::new(9, client), 40_000 + number), (&resolver, 53), &asked);
        }
    }
    let mut near = near();
    capture.in_order().for_each(|frame| near.sendpacket(frame).unwrap());
}

/// Addresses that speak in a capture, as the agent reads it.
fn clients(file: &Path) -> Vec<String> {
    let read = Command::new(picket_tests::place::program("picket-agent")).arg("read").arg(file).output().unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    let rows = String::from_utf8(read.stdout).unwrap();
    let rows = rows.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    rows.filter(|row| row["event_type"] == "dns").map(|row| row["src_ip"].as_str().unwrap().to_owned()).collect()
}

const ALLOWED: &str = "[detail]\nallow = true\nmemory = \"4MiB\"\n";

#[test]
fn packets_of_a_host_arrive_once_over_restarts_of_both_sides() {
    run_inside("detail::packets_of_a_host_arrive_once_over_restarts_of_both_sides", || {
        let mut site = Site::new();
        let agent = site.agent(ALLOWED);
        speak(0);
        std::thread::sleep(Duration::from_secs(1));
        // What was seen before the request is in it.
        let id = site.request("1");
        let until = Instant::now() + Duration::from_secs(60);
        site.waits_for(&id, "keeping");
        agent.kill().unwrap();
        let agent = site.agent(ALLOWED);
        speak(20);
        std::thread::sleep(Duration::from_secs(2));
        // At full scale without warning; the agent then needs half a minute to notice.
        let full = std::env::var_os("PICKET_FULL_SCALE").is_some();
        site.collector = if full { site.collector.kill_and_restart() } else { site.collector.restart() }.unwrap();
        speak(40);
        std::thread::sleep(Duration::from_secs(2));
        // The short form does not wait for the rest of the minute.
        if full {
            std::thread::sleep(until.saturating_duration_since(Instant::now()));
            assert_eq!(site.waits_for(&id, "complete")["packets"], 60);
        }
        let begin = Instant::now();
        let seen = loop {
            let file = site.place.path().join(format!("{}.pcapng", begin.elapsed().as_nanos()));
            let fetched = site.collector.ask(&["detail", "fetch", &id, &file.display().to_string()]);
            let seen = fetched.map(|_| clients(&file)).unwrap_or_default();
            if seen.len() >= 60 || begin.elapsed() >= PATIENCE {
                break seen;
            }
            std::thread::sleep(Duration::from_millis(300));
        };
        assert_eq!(seen.len(), 60, "each packet once");
        assert!(seen.iter().all(|client| client == "10.8.0.1"), "and of this host alone");
        books(&site, &agent, &id);
        site.detail(&["end", &id]);
        let sealed = site.collector.agent_state("sensor-1").join("detail");
        let begin = Instant::now();
        while std::fs::read_dir(&sealed).unwrap().count() > 0 {
            assert!(begin.elapsed() < PATIENCE, "the agent keeps what is over");
            std::thread::sleep(Duration::from_millis(100));
        }
        assert_eq!(site.detail(&["show", &id])["kept"], false);
    });
}

/// Both sides say what was uploaded, for whom and why, and the audit log who did what.
fn books(site: &Site, agent: &Agent, id: &str) {
    let ledger = agent.snapshot().unwrap().ledger;
    let (words, bytes) = ledger["detail_uploaded"].as_object().unwrap().iter().next().unwrap();
    assert!(
        words.contains("10.8.0.1 for local administrator, approved by token") && words.ends_with("beacons"),
        "{words}"
    );
    let begin = Instant::now();
    let received = site.detail(&["show", id])["bytes"].as_u64().unwrap();
    // The agent began anew to count when it was started again.
    assert!(bytes.as_u64().unwrap() <= received && bytes.as_u64() > Some(0));
    while site.collector.list("agents").unwrap()[0]["ledger"]["detail_uploaded"].get(words).is_none() {
        assert!(begin.elapsed() < PATIENCE, "the ledger never came");
        std::thread::sleep(Duration::from_millis(200));
    }
    let audit = std::fs::read(site.collector.state().join("desk.db-wal")).unwrap_or_default();
    let main = std::fs::read(site.collector.state().join("desk.db")).unwrap();
    let all = [main, audit].concat();
    for action in ["detail.request", "detail.approve", "detail.fetch"] {
        assert!(all.windows(action.len()).any(|part| part == action.as_bytes()), "{action} is not audited");
    }
}

#[test]
fn a_host_that_does_not_allow_it_refuses_and_one_person_alone_cannot_approve() {
    run_inside("detail::a_host_that_does_not_allow_it_refuses_and_one_person_alone_cannot_approve", || {
        let site = Site::new();
        let _agent = site.agent("");
        let id = site.request("1");
        let shown = site.waits_for(&id, "refused");
        assert!(shown["words"].as_str().unwrap().contains("detail.allow is false"), "{shown}");
        let asked = ["request", "sensor-1", "10.8.0.1", "--reason", "beacons"];
        let id = site.detail(&asked)["id"].to_string();
        let refused = site.collector.ask(&["detail", "approve", &id]).unwrap_err().to_string();
        assert!(refused.contains("another person"), "{refused}");
        site.as_another("reject", &id);
        assert_eq!(site.detail(&["show", &id])["state"], "rejected");
        let refused = site.collector.ask(&["detail", "request", "sensor-9", "10.8.0.1", "--reason", "x"]).unwrap_err();
        assert!(refused.to_string().contains("no such active agent"), "{refused}");
    });
}

/// The page lists requests, decides them and hands out the same file as the verb, to those whom the verb obeys.
#[test]
fn the_page_decides_and_hands_out_as_the_verb_does() {
    run_inside("detail::the_page_decides_and_hands_out_as_the_verb_does", || {
        let site = Site::new();
        let agent = site.agent(ALLOWED);
        speak(0);
        std::thread::sleep(Duration::from_secs(1));
        let cookie = super::page::log_in(&site.collector);
        let mut https = site.collector.https().unwrap();
        let origin = site.collector.page();
        let headers = format!("Cookie: {cookie}\r\nOrigin: {}\r\n", origin.trim_end_matches('/'));
        let mut page = |method: &str, path: &str, headers: &str| https.send(method, path, headers, "").unwrap();
        let text = |body: Vec<u8>| String::from_utf8(body).unwrap();
        assert!(text(page("GET", "/details", &headers).2).contains("Nobody has asked for packets"));
        for (host, reason) in [("10.8.0.1", "beacons"), ("10.8.0.2", "<b>nothing</b>")] {
            site.detail(&["request", "sensor-1", host, "--minutes", "1", "--before", "5", "--reason", reason]);
        }
        let listed = text(page("GET", "/details", &headers).2);
        assert!(listed.contains("/details/1/approve") && listed.contains("local administrator"), "{listed}");
        assert!(!listed.contains("<b>nothing") && !listed.contains("Download"), "{listed}");
        assert_eq!(page("GET", "/details/1/packets", &headers).0, 404, "nothing came");
        let stranger = format!("Cookie: {cookie}\r\nOrigin: https://elsewhere\r\n");
        assert_eq!(page("POST", "/details/1/approve", &stranger).0, 403);
        assert_eq!(page("POST", "/details/1/approve", "").0, 403);
        assert_eq!(page("POST", "/details/1/perhaps", &headers).0, 404);
        assert_eq!(
            [1, 2].map(|id| page("POST", &format!("/details/{id}/{}", ["approve", "reject"][id - 1]), &headers).0),
            [303; 2]
        );
        assert_eq!(page("POST", "/details/2/approve", &headers).0, 404, "it was rejected");
        assert_eq!(
            (site.detail(&["show", "2"])["state"].as_str(), site.detail(&["show", "1"])["decided_by"].as_str()),
            (Some("rejected"), Some("admin"))
        );
        let begin = Instant::now();
        while site.detail(&["show", "1"])["packets"] != 20 || site.detail(&["show", "1"])["bytes"].as_u64() < Some(1500)
        {
            assert!(begin.elapsed() < PATIENCE, "{}", site.detail(&["show", "1"]));
            std::thread::sleep(Duration::from_millis(100));
        }
        let (status, head, body) = page("GET", "/details/1/packets", &headers);
        assert_eq!(status, 200, "{head}");
        assert!(head.contains("request-1.pcapng"), "{head}");
        let file = site.place.path().join("page.pcapng");
        std::fs::write(&file, body).unwrap();
        let seen = clients(&file);
        assert!(!seen.is_empty() && seen.iter().all(|client| client == "10.8.0.1"), "{seen:?}");
        assert_eq!(page("GET", "/details/1/packets", "").0, 303, "to the log-in");
        assert_eq!(page("POST", "/details/1/end", &headers).0, 303);
        assert_eq!(site.detail(&["show", "1"])["kept"], false);
        drop(agent);
    });
}
