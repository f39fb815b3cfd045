//! Entries of the journal: what both programs send to its socket while they are confined, by a socket that stands for the journal's.

use picket_tests::namespace::{cable, ip, run_inside};
use picket_tests::place::program;
use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);

/// A socket where a program finds the journal's, in a `/run` of its own, and the program.
struct Journal {
    socket: UnixDatagram,
    child: Child,
    place: tempfile::TempDir,
}

impl Journal {
    /// Starts a program whose standard error is a file; it takes that for the journal's where `told`.
    fn start(name: &str, told: bool, arguments: impl Fn(&Path) -> Vec<String>) -> Self {
        let place = tempfile::tempdir().unwrap();
        let run = place.path().join("run");
        std::fs::create_dir_all(run.join("systemd/journal")).unwrap();
        let socket = UnixDatagram::bind(run.join("systemd/journal/socket")).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let words = File::create(place.path().join("words")).unwrap();
        let is = words.metadata().unwrap();
        let stream = format!("{}:{}", is.dev(), is.ino() + u64::from(!told));
        let child = Command::new("unshare")
            .args(["--mount", "sh", "-c", "mount --bind \"$0\" /run && exec \"$@\""])
            .arg(&run)
            .arg(program(name))
            .args(arguments(place.path()))
            .env("JOURNAL_STREAM", stream)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(words)
            .spawn()
            .unwrap();
        Self { socket, child, place }
    }

    fn words(&self) -> String {
        std::fs::read_to_string(self.place.path().join("words")).unwrap()
    }

    /// The next entry whose message holds these words.
    fn entry(&self, words: &str) -> BTreeMap<String, String> {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            let mut datagram = vec![0; 64 << 10];
            let Ok(length) = self.socket.recv(&mut datagram) else { break };
            let entry = fields(&datagram[..length]);
            if entry.get("MESSAGE").is_some_and(|message| message.contains(words)) {
                return entry;
            }
        }
        panic!("no entry says `{words}`:\n{}", self.words());
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The fields of an entry: `NAME=value`, or the name, the length of the value in eight bytes, and the value, each ended by a line
/// feed (systemd.io/JOURNAL_NATIVE_PROTOCOL).
fn fields(mut entry: &[u8]) -> BTreeMap<String, String> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let mut fields = BTreeMap::new();
    while let Some(end) = entry.iter().position(|byte| *byte == b'\n') {
        let (line, rest) = (&entry[..end], &entry[end + 1..]);
        match line.iter().position(|byte| *byte == b'=') {
            Some(at) => {
                fields.insert(text(&line[..at]), text(&line[at + 1..]));
                entry = rest;
            }
            None => {
                let (length, rest) = rest.split_first_chunk::<8>().unwrap();
                let length = u64::from_le_bytes(*length) as usize;
                fields.insert(text(line), text(&rest[..length]));
                entry = &rest[length + 1..];
            }
        }
    }
    fields
}

fn watching(place: &Path) -> Vec<String> {
    let config = place.join("agent.toml");
    std::fs::write(&config, "[metrics]\nlisten = \"\"\n").unwrap();
    let [config, state] = [config, place.join("state")].map(|path| path.display().to_string());
    ["run", "-i", "far", "--no-uplink", "--config", &config, "--state", &state].map(str::to_owned).to_vec()
}

#[test]
fn entries_of_the_agent_carry_their_fields_from_where_it_is_confined() {
    run_inside("journal::entries_of_the_agent_carry_their_fields_from_where_it_is_confined", || {
        cable();
        let journal = Journal::start("picket-agent", true, watching);
        let entry = journal.entry("status and top ask at");
        assert_eq!(entry["PRIORITY"], "6", "{entry:?}");
        assert_eq!(entry["SYSLOG_IDENTIFIER"], "picket-agent");
        ip("link set far down");
        let entry = journal.entry("the interface is down");
        assert_eq!((entry["PRIORITY"].as_str(), entry["PICKET_INTERFACE"].as_str()), ("4", "far"), "{entry:?}");
        assert!(entry["TARGET"].starts_with("picket_agent::"), "{entry:?}");
        assert_eq!(journal.words(), "", "and nothing is said twice");
    });
}

#[test]
fn entries_of_the_collector_carry_their_fields() {
    run_inside("journal::entries_of_the_collector_carry_their_fields", || {
        ip("link set lo up");
        let journal = Journal::start("picket-collector", true, |place| {
            let config = place.join("collector.toml");
            let listen = ["ingest", "https", "metrics"].map(|name| format!("{name} = \"127.0.0.1:0\"\n")).concat();
            let state = place.join("collector");
            std::fs::write(&config, format!("[state]\ndirectory = {state:?}\n[listen]\n{listen}")).unwrap();
            ["serve", "--config", &config.display().to_string()].map(str::to_owned).to_vec()
        });
        let config = journal.place.path().join("collector.toml").display().to_string();
        let began = Instant::now();
        while !journal.place.path().join("collector/run.json").exists() {
            assert!(began.elapsed() < PATIENCE, "{}", journal.words());
            std::thread::sleep(Duration::from_millis(20));
        }
        let said = |name: &str, arguments: &[&str]| {
            let output = Command::new(program(name)).args(arguments).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap()
        };
        let made = said("picket-collector", &["token", "create", "--json", "--config", &config]);
        let made: serde_json::Value = serde_json::from_str(&made).unwrap();
        let state = journal.place.path().join("sensor").display().to_string();
        said("picket-agent", &["enrol", "--name", "sensor-1", "--state", &state, made["token"].as_str().unwrap()]);
        let entry = journal.entry("enrolled");
        assert_eq!((entry["PRIORITY"].as_str(), entry["SYSLOG_IDENTIFIER"].as_str()), ("6", "picket-collector"));
        assert_eq!(
            (entry["PICKET_AGENT"].as_str(), entry["PICKET_STATUS"].as_str()),
            ("sensor-1", "active"),
            "{entry:?}"
        );
        assert!(entry["TARGET"].starts_with("picket_collector::"), "{entry:?}");
    });
}

#[test]
fn lines_go_where_standard_error_goes_when_that_is_not_the_journal() {
    run_inside("journal::lines_go_where_standard_error_goes_when_that_is_not_the_journal", || {
        cable();
        let journal = Journal::start("picket-agent", false, watching);
        let began = Instant::now();
        while !journal.words().contains("INFO status and top ask at") {
            assert!(began.elapsed() < PATIENCE, "{}", journal.words());
            std::thread::sleep(Duration::from_millis(20));
        }
        journal.socket.set_nonblocking(true).unwrap();
        assert!(journal.socket.recv(&mut [0; 16]).is_err());
    });
}
