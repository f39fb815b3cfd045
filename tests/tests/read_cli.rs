//! `picket-agent` on the command line: what it prints, how it refuses, and how it leaves.

use picket_tests::make::{Capture, Host, udp};
use picket_tests::place::{program, repository, shared, tool};
use picket_tests::schema::validate;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

fn agent(arguments: &[&str]) -> Command {
    let mut command = Command::new(program("picket-agent"));
    command.args(arguments).stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    agent(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// DNS-like datagrams between many pairs, so that there are many conversations.
fn datagrams(count: u32) -> Capture {
    let mut capture = Capture::default();
    let server = Host::new(1, "10.9.0.1");
    for number in 0..count {
        let client = Host::new(2 + number, &format!("10.8.{}.{}", number / 250, 1 + number % 250));
        udp(&mut capture, i64::from(number) * 1_000_000, (&client, 40_000), (&server, 9999), &[7; 40]);
    }
    capture
}

fn write(directory: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = directory.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn help_of_every_verb_is_golden() {
    let verbs: &[&[&str]] = &[
        &[],
        &["read"],
        &["run"],
        &["enrol"],
        &["status"],
        &["top"],
        &["bundle"],
        &["bundle", "show"],
        &["bundle", "verify"],
        &["spool"],
        &["config"],
        &["config", "check"],
        &["config", "show"],
        &["doctor"],
    ];
    for verb in verbs {
        let output = run(&[verb, &["--help"][..]].concat());
        assert!(output.status.success(), "{verb:?}");
        let name = if verb.is_empty() { "agent".to_owned() } else { format!("agent-{}", verb.join("-")) };
        let path = repository().join(format!("tests/golden/help/{name}.txt"));
        let help = text(&output.stdout);
        if std::env::var_os("PICKET_BLESS").is_some() {
            std::fs::write(&path, &help).unwrap();
        }
        let golden = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(help, golden, "{} is old: PICKET_BLESS=1 rewrites it", path.display());
    }
}

#[test]
fn bad_inputs_are_named_and_the_others_are_read() {
    let directory = tempfile::tempdir().unwrap();
    let good = datagrams(5).to_pcap();
    let paths = [
        write(directory.path(), "empty.pcap", b""),
        write(directory.path(), "cut.pcap", &good[..good.len() - 10]),
        write(directory.path(), "foreign.pcap", b"PK\x03\x04 not a capture"),
        directory.path().join("missing.pcap"),
        write(directory.path(), "good.pcap", &good),
    ];
    let mut arguments = vec!["read", "--stats"];
    arguments.extend(paths.iter().map(|path| path.to_str().unwrap()));
    let output = run(&arguments);
    assert_eq!(output.status.code(), Some(3));
    let said = text(&output.stderr);
    for words in [
        "empty.pcap: offset 0: the file is empty",
        "cut.pcap: offset 416: cut at byte 504 inside packet 5: 88 of 98 bytes",
        "foreign.pcap: offset 0: neither pcap nor pcapng: it starts with 504b030420",
        "missing.pcap: No such file or directory (os error 2); is the name right",
        "4 of 5 inputs were bad",
        "frames    9 (",
    ] {
        assert!(said.contains(words), "{words:?} is not in\n{said}");
    }
    let events = text(&output.stdout);
    assert!(events.contains("good.pcap") && events.contains("cut.pcap"), "both gave events");
    assert_eq!(events.lines().filter(|line| line.contains("\"event_type\":\"flow\"")).count(), 9);
}

#[test]
fn directories_without_a_capture_are_told() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "notes.txt", b"a text");
    let output = run(&["read", directory.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0));
    let said = text(&output.stderr);
    assert!(said.contains("1 files in directories are no captures") && said.contains("nothing was read"), "{said}");
}

#[test]
fn a_file_gives_the_same_bytes_from_a_path_a_pipe_and_compressed() {
    let directory = tempfile::tempdir().unwrap();
    let bytes = datagrams(50).to_pcap();
    let plain = write(directory.path(), "x.pcap", &bytes);
    let expected = text(&run(&["read", plain.to_str().unwrap()]).stdout);
    assert_eq!(expected.lines().filter(|line| line.contains("\"event_type\":\"flow\"")).count(), 50);
    let zstd = write(directory.path(), "x.zst", &zstd::encode_all(&bytes[..], 1).unwrap());
    let of_zstd = text(&run(&["read", zstd.to_str().unwrap()]).stdout).replace("x.zst", "x.pcap");
    assert_eq!(of_zstd, expected);
    let mut child = agent(&["read", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let feeder = std::thread::spawn(move || stdin.write_all(&bytes).unwrap());
    let piped = child.wait_with_output().unwrap();
    feeder.join().unwrap();
    assert_eq!(text(&piped.stdout).replace("\"pcap_filename\":\"-\"", "\"pcap_filename\":\"x.pcap\""), expected);
}

#[test]
fn kinds_and_output_choose_what_is_printed() {
    let directory = tempfile::tempdir().unwrap();
    let file = write(directory.path(), "x.pcap", &datagrams(3).to_pcap());
    let file = file.to_str().unwrap();
    assert_eq!(run(&["read", "--kinds", "tls,ics", file]).stdout, b"");
    assert_eq!(text(&run(&["read", "--kinds", "flow", file]).stdout).lines().count(), 3);
    assert_eq!(run(&["read", "--output", "none", file]).stdout, b"");
    let wrong = run(&["read", "--kinds", "flows", file]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(text(&wrong.stderr).contains("\"flows\" is no event kind; there are flow, tls"));
    assert_eq!(run(&["read"]).status.code(), Some(2));
}

#[test]
fn a_closed_pipe_is_success() {
    let directory = tempfile::tempdir().unwrap();
    let file = write(directory.path(), "x.pcap", &datagrams(20_000).to_pcap());
    let mut child =
        agent(&["read", file.to_str().unwrap()]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = [0u8; 100];
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut first).unwrap();
    drop(stdout);
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""));
}

#[test]
fn features_say_what_read_says() {
    let directory = tempfile::tempdir().unwrap();
    let at = |path: &Path| path.to_str().unwrap().to_owned();
    let file = at(&write(directory.path(), "x.pcap", &datagrams(20_000).to_pcap()));
    let mut child =
        agent(&["features", "--kind", "flow", &file]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0u8; 100]).unwrap();
    drop(stdout);
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""));
    let foreign = at(&write(directory.path(), "x.zip", b"PK\x03\x04 not a capture"));
    let parquet = at(&directory.path().join("x.parquet.gz"));
    let cases: &[(&[&str], i32, &str)] = &[
        (&["--kind", "packet", "--headers", "ipx", &file], 2, "\"ipx\" is no header"),
        (&["--kind", "flow", "--resume", &file], 2, "--resume needs a file"),
        (&["--kind", "flow", "--format", "parquet", "--out", &parquet, &file], 2, "compressed within"),
        (&["--kind", "flow", "--format", "jsonl", &file], 2, "are not written as jsonl"),
        (&["--kind", "flow", &foreign], 3, "0 rows of 0 captures"),
    ];
    for (arguments, status, words) in cases {
        let output = run(&[&["features"], *arguments].concat());
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(*status), "{arguments:?}: {said}");
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
}

#[test]
fn what_is_no_capture_in_a_directory_is_passed_over() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "a-empty", b"");
    write(directory.path(), "b-short.txt", b"ab\n");
    write(directory.path(), "c.pcap", &datagrams(3).to_pcap());
    let output = run(&["read", "--kinds", "flow", directory.path().to_str().unwrap()]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("2 files in directories are no captures and were passed over"), "{said}");
    assert_eq!(text(&output.stdout).lines().count(), 3);
}

/// A file that belongs to somebody else. Root may read everything, so another user asks.
#[test]
fn what_may_not_be_read_is_refused_with_advice() {
    let Some(setpriv) = tool("read_cli::what_may_not_be_read_is_refused_with_advice", "setpriv") else { return };
    let directory = tempfile::tempdir().unwrap();
    let file = write(directory.path(), "x.pcap", &datagrams(3).to_pcap());
    let mode = |path: &Path, mode| {
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    };
    mode(directory.path(), 0o755);
    mode(&file, 0o000);
    // The program itself may lie where only its maker may go.
    let copy = directory.path().join("agent");
    std::fs::copy(program("picket-agent"), &copy).unwrap();
    let is_root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    let mut command = Command::new(if is_root { setpriv.as_path() } else { copy.as_path() });
    if is_root {
        command.args(["--reuid", "65534", "--clear-groups"]).arg(&copy);
    }
    let output = command.arg("read").arg(&file).stdin(Stdio::null()).output().unwrap();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(5), "{said}");
    assert!(said.contains("x.pcap: Permission denied (os error 13); read it as its owner or as root"), "{said}");
}

/// An endless capture on standard input, ended by an interrupt.
#[test]
fn an_interrupt_ends_cleanly_with_the_ledger() {
    let mut child = agent(&["read", "--stats", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let bytes = datagrams(40).to_pcap();
    stdin.write_all(&bytes).unwrap();
    let pid = child.id().to_string();
    std::thread::sleep(Duration::from_millis(300));
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    // Nothing more comes, and the pipe stays open: the end comes all the same.
    let began = Instant::now();
    let output = child.wait_with_output().unwrap();
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    drop(stdin);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("stopped by a signal") && said.contains("frames    "), "{said}");
    let events = text(&output.stdout);
    assert!(events.lines().count() >= 40 && events.ends_with('\n'), "what was read is printed whole");
}

/// Huge pages that the system hands out unasked are not taken: memory would grow by a sixth and more (proc(5), `THP_enabled`).
#[test]
fn huge_pages_are_not_taken() {
    let mut child = agent(&["read", "-"]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let taken = || std::fs::read_to_string(&status).unwrap().contains("THP_enabled:\t1");
    let began = Instant::now();
    while taken() && began.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(10));
    }
    let taken = taken();
    child.stdin.take().unwrap().write_all(&datagrams(1).to_pcap()).unwrap();
    assert!(child.wait().unwrap().success());
    assert!(!taken);
}

#[test]
fn configuration_is_shown_with_origins_and_refused_with_advice() {
    let directory = tempfile::tempdir().unwrap();
    let file = write(directory.path(), "agent.toml", b"[flow]\nudp = \"7s\"\n");
    let shown = run(&["config", "show", "--config", file.to_str().unwrap(), "--state", "/x"]);
    let shown = text(&shown.stdout);
    assert!(shown.contains(&format!("udp = \"7s\"  # {}:2\n", file.display())), "{shown}");
    assert!(shown.contains("state = \"/x\"  # option --state\n"), "{shown}");
    assert!(shown.contains("level = \"info\"  # default\n"), "{shown}");
    let again = write(directory.path(), "again.toml", shown.as_bytes());
    assert!(
        run(&["config", "check", "--config", again.to_str().unwrap()]).status.success(),
        "what is shown can be used"
    );
    let json = run(&["config", "show", "--json", "--config", file.to_str().unwrap()]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["flow.udp"]["value"], "7s");
    let wrong = write(directory.path(), "wrong.toml", b"[capture]\nfilters = \"x\"\n");
    for verb in [&["config", "check"][..], &["run"], &["status"]] {
        let output = run(&[verb, &["--config", wrong.to_str().unwrap()]].concat());
        assert_eq!(output.status.code(), Some(2), "{verb:?}");
        let said = text(&output.stderr);
        assert!(said.contains("wrong.toml:2: unknown key `capture.filters`; did you mean `capture.filter`?"), "{said}");
    }
}

#[test]
fn what_is_not_there_is_said_with_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().to_str().unwrap();
    let cases: &[(&[&str], i32, &str)] = &[
        (&["run", "-i", "nothing0", "--no-uplink", "--state", state], 2, "nothing0: no such interface; there are: "),
        (&["run", "--no-uplink", "--state", state], 2, "nothing to watch: name an interface with -i"),
        (&["run", "--file", "x.pcap", "--state", state], 1, "holds no identity: run `picket-agent enrol TOKEN` first"),
        (&["status", "--state", state], 4, "no agent answers at"),
        (&["read", "--protocols", "/nothing.toml", "x.pcap"], 2, "/nothing.toml: No such file"),
        (&["top", "--state", state], 4, "start one with `picket-agent run`"),
        (&["run", "-i", "lo", "--file", "x"], 2, "cannot be used with"),
        (&["bundle", "show", "/dev/null"], 5, "refused"),
        (&["bundle", "verify", "/dev/null", "--key", "zz"], 2, "\"zz\" is not 64 hexadecimal digits"),
        (&["enrol", "nonsense", "--state", state], 2, "token"),
    ];
    for (arguments, status, words) in cases {
        let output = run(arguments);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(*status), "{arguments:?}: {said}");
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
}

/// The whole corpus: every capture reads, one worker and two give the same bytes, each line fits the schema,
/// and the shared checker finds nothing.
#[test]
fn corpus_reads_the_same_with_any_number_of_workers_and_fits_the_contract() {
    let Some(folder) = shared("read_cli::corpus") else { return };
    let corpus = folder.join("corpus");
    let corpus = corpus.to_str().unwrap();
    let one = run(&["read", "--stats", "--threads", "1", corpus]);
    let said = text(&one.stderr);
    assert_eq!(one.status.code(), Some(0), "{said}");
    assert!(!said.contains("BALANCE"), "{said}");
    for _ in 0..2 {
        let two = run(&["read", "--threads", "2", corpus]);
        assert!(one.stdout == two.stdout, "two workers, or a second run, give other bytes");
    }
    let schema: serde_json::Value = serde_json::from_str(&picket_event::eve::schema()).unwrap();
    for (number, line) in text(&one.stdout).lines().enumerate() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        if let Err(problem) = validate(&schema, &value) {
            panic!("line {}: {problem}\n{line}", number + 1);
        }
    }
    let Some(python) = tool("read_cli::corpus", "python3") else { return };
    let mut checker = Command::new(python)
        .arg(folder.join("tools/check_eve.py"))
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = checker.stdin.take().unwrap();
    let feeder = std::thread::spawn(move || stdin.write_all(&one.stdout));
    let checked = checker.wait_with_output().unwrap();
    feeder.join().unwrap().unwrap();
    let words = text(&checked.stdout);
    assert!(checked.status.success() && words.contains(" 0 violations"), "{words}");
}
