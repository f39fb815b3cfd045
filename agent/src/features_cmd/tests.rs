//! Rows against published values, and outputs that survive interruptions.
#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "tests do I/O")]

use super::table::{Cells, Value};
use super::*;
use crate::sensor::tests::shared;
use picket_feature::beacon::{Connection, rita};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::process::Command;

/// Captures of the product's own making.
fn own_captures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../common/dissect/src");
    let inputs = Inputs::list(&[folder]);
    let files = inputs.files.into_iter().map(|given| given.path);
    files.filter(|path| path.extension().is_some_and(|ending| ending == "pcap")).collect()
}

fn vectors(test: &str, name: &str) -> Option<(PathBuf, Json)> {
    let folder = shared(test)?.join("vectors");
    let text = std::fs::read_to_string(folder.join(name)).unwrap();
    Some((folder, serde_json::from_str(&text).unwrap()))
}

fn args(kind: Kind, files: &[PathBuf], out: &Path) -> Args {
    Args { kind, files: files.to_vec(), out: out.to_owned(), ..Args::default() }
}

/// Rows of a CSV file by column.
fn read_csv(path: &Path) -> Vec<BTreeMap<String, String>> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let names: Vec<String> = lines.next().unwrap().split(',').map(str::to_owned).collect();
    let row = |line: &str| names.iter().cloned().zip(line.split(',').map(str::to_owned)).collect::<BTreeMap<_, _>>();
    lines.map(row).collect()
}

fn rows_of(kind: Kind, files: &[PathBuf]) -> Vec<BTreeMap<String, String>> {
    let work = tempfile::tempdir().unwrap();
    let out = work.path().join("rows.csv");
    let done = run(&args(kind, files, &out)).unwrap();
    assert!(done.bad.is_empty(), "{:?}", done.bad);
    let rows = read_csv(&out);
    assert_eq!(rows.len() as u64, done.rows);
    rows
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap()).collect()
}

/// A capture of Ethernet frames, microseconds.
fn pcap(path: &Path, frames: &[Vec<u8>]) {
    pcap_every(path, 1, frames);
}

/// The same with so many seconds between frames.
fn pcap_every(path: &Path, step: u32, frames: &[Vec<u8>]) {
    let mut bytes: Vec<u8> = Vec::new();
    for word in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65_535, 1] {
        bytes.extend(word.to_le_bytes());
    }
    for (number, frame) in frames.iter().enumerate() {
        for word in [number as u32 * step, 0, frame.len() as u32, frame.len() as u32] {
            bytes.extend(word.to_le_bytes());
        }
        bytes.extend(frame);
    }
    std::fs::write(path, bytes).unwrap();
}

/// nPrint 1.2.1's bits and column names, header by header, through the command.
#[test]
fn packet_rows_equal_nprint() {
    let Some((_, vectors)) = vectors("packet_rows_equal_nprint", "nprint.json") else { return };
    let work = tempfile::tempdir().unwrap();
    let (capture, out) = (work.path().join("six.pcap"), work.path().join("rows.csv"));
    let packets = vectors["packets"].as_array().unwrap();
    let frames: Vec<Vec<u8>> = packets.iter().map(|packet| unhex(packet["hex"].as_str().unwrap())).collect();
    pcap(&capture, &frames);
    let payload = u16::try_from(vectors["payload_bytes"].as_u64().unwrap()).unwrap();
    let headers = Header::ALL.iter().map(|header| header.name().to_owned()).collect();
    run(&Args { headers, payload, ..args(Kind::Packet, &[capture], &out) }).unwrap();
    let mut names = Vec::new();
    for part in vectors["fields"].as_array().unwrap() {
        for field in part[1].as_array().unwrap() {
            let (name, bits) = (field[0].as_str().unwrap(), field[1].as_u64().unwrap());
            names.extend((0..bits).map(|bit| format!("{name}_{bit}")));
        }
    }
    let text = std::fs::read_to_string(&out).unwrap();
    let columns: Vec<&str> = text.lines().next().unwrap().split(',').skip(11).collect();
    assert_eq!(columns, names);
    let lines: Vec<&str> = text.lines().skip(1).collect();
    assert_eq!(lines.len(), packets.len());
    for (packet, line) in packets.iter().zip(lines) {
        let order = vectors["order"].as_array().unwrap().iter().map(|part| part.as_str().unwrap());
        let wanted: String = order.map(|part| packet["bits"][part].as_str().unwrap()).collect();
        let found: String =
            line.split(',').skip(11).map(|bit| if bit == "-1" { 'x' } else { bit.chars().next().unwrap() }).collect();
        assert_eq!(found, wanted, "{}", packet["name"]);
    }
}

/// RITA's scores and what they are made of (version 5.1.1).
#[test]
fn pair_scores_equal_rita() {
    let Some((_, vectors)) = vectors("pair_scores_equal_rita", "rita_beacon.json") else { return };
    let at = |value: &Json| Timestamp::from_parts(value.as_i64().unwrap(), 0);
    for case in vectors["cases"].as_array().unwrap() {
        let bytes = case["bytes"].as_array().unwrap().iter().map(|bytes| bytes.as_f64().unwrap() as u64);
        let connections: Vec<Connection> = case["ts"]
            .as_array()
            .unwrap()
            .iter()
            .zip(bytes)
            .map(|(start, bytes)| Connection { start: at(start), bytes })
            .collect();
        let found = rita(&connections, at(&case["dataset_min"]), at(&case["dataset_max"])).unwrap();
        let wanted = |name: &str| case["expect"][name].as_f64().unwrap();
        for (name, value) in [
            ("score", found.score),
            ("ts_score", found.intervals.score),
            ("ts_skew", found.intervals.skew),
            ("ts_mad", found.intervals.mad),
            ("ds_score", found.sizes.score),
            ("ds_skew", found.sizes.skew),
            ("ds_mad", found.sizes.mad),
            ("hist_score", found.histogram),
            ("dur_score", found.duration),
        ] {
            assert!((value - wanted(name)).abs() < 1e-6, "{} {name}: {value}, not {}", case["name"], wanted(name));
        }
        let bins: Vec<u64> =
            case["expect"]["histogram"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).collect();
        assert_eq!(found.bins.map(u64::from).to_vec(), bins, "{}", case["name"]);
    }
}

/// NFStream 6.6.0's values: counts and sizes exactly, times within its whole milliseconds.
#[test]
fn flow_rows_equal_nfstream() {
    let Some((folder, vectors)) = vectors("flow_rows_equal_nfstream", "nfstream_flows.json") else { return };
    let mut compared = 0;
    for entry in vectors["flows"].as_array().unwrap() {
        let capture = folder.join(entry["pcap"].as_str().unwrap());
        let flow = entry["flow"].as_object().unwrap();
        let of = |row: &&BTreeMap<String, String>| {
            let port = |name: &str| {
                flow[name]
                    .as_u64()
                    .is_some_and(|port| port == 0 || row[name.replace("dst", "dest").as_str()] == port.to_string())
            };
            row["src_ip"] == flow["src_ip"].as_str().unwrap()
                && row["dest_ip"] == flow["dst_ip"].as_str().unwrap()
                && port("src_port")
                && port("dst_port")
        };
        let flows = rows_of(Kind::Flow, std::slice::from_ref(&capture));
        let row = flows.iter().find(of).unwrap_or_else(|| panic!("{} has no such flow", capture.display()));
        for (name, wanted) in flow {
            let (Some(found), Some(wanted)) = (row.get(name), wanted.as_f64()) else { continue };
            if name.ends_with("_port") {
                continue;
            }
            // Flags are absent where there is no TCP, and gaps where there are too few packets.
            let found: f64 = if found.is_empty() { 0.0 } else { found.parse().unwrap() };
            // Cutting two stamps to whole milliseconds moves their difference by less than one.
            let borne = if name.ends_with("_ms") { 1.0 } else { 1e-4 * wanted.abs().max(1.0) };
            assert!((found - wanted).abs() <= borne, "{}: {name}: {found}, not {wanted}", capture.display());
            compared += 1;
        }
        let sequences = rows_of(Kind::Sequence, &[capture]);
        let row = sequences.iter().find(of).unwrap();
        let list = |name: &str| flow[name].as_array().unwrap().iter().map(|n| n.as_i64().unwrap()).collect::<Vec<_>>();
        for (at, (size, direction)) in list("splt_ps").into_iter().zip(list("splt_direction")).enumerate() {
            let found = &row[&format!("length_{at}")];
            let wanted = match direction {
                -1 => String::new(),
                0 => size.to_string(),
                _ => (-size).to_string(),
            };
            assert_eq!(*found, wanted, "packet {at}");
            compared += 1;
        }
    }
    assert!(compared >= 5 * 60, "only {compared} values compared");
    println!("{compared} values compared");
}

/// Datagrams of one private host to another, a minute apart.
fn private_talk(work: &Path, count: u8) -> PathBuf {
    let datagram = |_| {
        let mut frame = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0];
        frame.extend([0x45, 0, 0, 33, 0, 9, 0x40, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
        frame.extend([0x13, 0x88, 0x27, 0x0f, 0, 13, 0, 0, b'h', b'e', b'l', b'l', b'o']);
        frame
    };
    let capture = work.join("private.pcap");
    pcap_every(&capture, 120, &(0..count).map(datagram).collect::<Vec<_>>());
    capture
}

/// Every kind writes rows that have the columns of its schema, and equal ones twice.
#[test]
fn every_kind_has_rows() {
    let work = tempfile::tempdir().unwrap();
    let captures: Vec<PathBuf> = own_captures().into_iter().chain([private_talk(work.path(), 30)]).collect();
    for kind in <Kind as clap::ValueEnum>::value_variants().iter().copied().filter(|kind| kind.trains().is_empty()) {
        let rows = rows_of(kind, &captures);
        assert!(!rows.is_empty(), "{} has no rows", kind.name());
        let columns = kind.columns(&Layout::default());
        assert!(rows.iter().all(|row| row.len() == columns.len()), "{}", kind.name());
        assert_eq!(rows, rows_of(kind, &captures), "{}", kind.name());
    }
}

/// A host's windows end at multiples of five minutes, and the last with the capture; a pair is told at its twentieth
/// connection and at the end.
#[test]
fn windows_and_pairs_of_a_capture() {
    let work = tempfile::tempdir().unwrap();
    let capture = private_talk(work.path(), 31);
    let hosts = rows_of(Kind::Host, std::slice::from_ref(&capture));
    let of_client: Vec<(&str, &str)> = hosts
        .iter()
        .filter(|row| row["src_ip"] == "10.0.0.1")
        .map(|row| (row["time"].as_str(), row["host_window_s"].as_str()))
        .collect();
    // The capture begins two minutes into its first window.
    assert_eq!(of_client.first(), Some(&("300", "180")));
    assert!(of_client.contains(&("3600", "300")), "{of_client:?}");
    // It ends with the first moment of the next one.
    assert_eq!(of_client.last(), Some(&("3600", "1")), "{of_client:?}");
    let pairs = rows_of(Kind::Pair, &[capture]);
    let told: Vec<(&str, &str)> =
        pairs.iter().map(|row| (row["pair_connections"].as_str(), row["pair_interval_median_s"].as_str())).collect();
    assert_eq!(told, [("20", "120"), ("31", "120")]);
}

#[test]
fn masked_rows_hold_no_address() {
    let work = tempfile::tempdir().unwrap();
    let out = work.path().join("rows.csv");
    run(&Args { masked: true, ..args(Kind::Packet, &own_captures(), &out) }).unwrap();
    let rows = read_csv(&out);
    assert!(rows.iter().all(|row| row["ipv4_src_0"] == "-1" && row["tcp_seq_31"] == "-1"));
    assert!(rows.iter().any(|row| row["ipv4_ver_1"] == "1"));
}

/// A run interrupted anywhere, torn at its end, and gone on with equals one that never was.
#[test]
fn an_interrupted_run_goes_on() {
    let captures = own_captures();
    let work = tempfile::tempdir().unwrap();
    for (name, kind) in
        [("a.csv", Kind::Flow), ("b.csv.zst", Kind::Flow), ("c.csv.gz", Kind::Packet), ("d.parquet", Kind::Sequence)]
    {
        let (whole, torn) = (work.path().join(format!("whole-{name}")), work.path().join(format!("torn-{name}")));
        let resumed = |out: &Path, files: &[PathBuf]| Args { resume: true, ..args(kind, files, out) };
        let all = run(&resumed(&whole, &captures)).unwrap();
        for cut in [0, 1, captures.len() / 2] {
            let _ = std::fs::remove_file(&torn);
            let _ = std::fs::remove_file(note::Note::path(&torn));
            run(&resumed(&torn, &captures[..cut])).unwrap();
            // The end of the file and of its note are torn, as a power cut leaves them.
            let append = |path: &Path, bytes: &[u8]| {
                let mut file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
                std::io::Write::write_all(&mut file, bytes).unwrap();
            };
            append(&torn, b"half a row");
            append(&note::Note::path(&torn), b"{\"input\":\"ha");
            let stopped = run_until(&resumed(&torn, &captures), &std::sync::Arc::new(AtomicBool::new(true))).unwrap();
            assert!(stopped.stopped && stopped.skipped == cut as u64);
            let done = run(&resumed(&torn, &captures)).unwrap();
            assert_eq!((done.skipped, done.rows), (cut as u64, all.rows), "{name}");
            assert_eq!(std::fs::read(&torn).unwrap(), std::fs::read(&whole).unwrap(), "{name} cut after {cut}");
        }
        let again = run(&resumed(&whole, &captures)).unwrap();
        assert_eq!((again.captures, again.skipped, again.rows), (0, captures.len() as u64, all.rows));
    }
}

#[test]
fn another_run_does_not_go_on() {
    let work = tempfile::tempdir().unwrap();
    let out = work.path().join("rows.csv");
    let resumed = |kind| Args { resume: true, ..args(kind, &own_captures(), &out) };
    run(&resumed(Kind::Flow)).unwrap();
    let refused = run(&resumed(Kind::Names)).unwrap_err().to_string();
    assert!(refused.contains("another run") && refused.contains("flow/2"), "{refused}");
    std::fs::write(&out, "").unwrap();
    let shorter = run(&resumed(Kind::Flow)).unwrap_err().to_string();
    assert!(shorter.contains("0 bytes, but its note says"), "{shorter}");
}

#[test]
fn options_that_do_not_fit_are_refused() {
    let out = Path::new("rows.csv");
    for (wrong, said) in [
        (Args { format: Some(Form::Csv), ..args(Kind::Training, &[], out) }, "training and polling rows are jsonl"),
        (Args { payload: 8, ..args(Kind::Flow, &[], out) }, "--kind packet"),
        (Args { headers: vec!["arp".to_owned()], ..args(Kind::Packet, &[], out) }, "\"arp\" is no header"),
        (Args { resume: true, ..args(Kind::Flow, &[], Path::new("-")) }, "--resume needs a file"),
    ] {
        let refused = run(&wrong).unwrap_err().to_string();
        assert!(refused.contains(said), "{refused}");
    }
}

/// DuckDB or PyArrow reads from Parquet exactly what stands in the CSV of the same rows.
#[test]
fn parquet_is_read_back_by_others() {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/venv/bin/python");
    let python = std::env::var_os("PICKET_PYTHON").map_or(target, PathBuf::from);
    let usable =
        Command::new(&python).args(["-c", "import duckdb"]).output().is_ok_and(|output| output.status.success());
    if !usable {
        println!("SKIPPED parquet_is_read_back_by_others: no Python with duckdb at {}", python.display());
        return;
    }
    let work = tempfile::tempdir().unwrap();
    let check = r"
import csv, math, struct, sys, duckdb
relation = duckdb.sql(f'select * from read_parquet({sys.argv[1]!r})')
with open(sys.argv[2], newline='') as file:
    lines = list(csv.reader(file))
assert relation.columns == lines[0], relation.columns
rows = relation.fetchall()
assert len(rows) == len(lines) - 1, len(rows)
single = lambda text: struct.unpack('f', struct.pack('f', float(text)))[0]
for row, line in zip(rows, lines[1:]):
    for name, kind, value, text in zip(lines[0], relation.types, row, line):
        wanted = text if str(kind) == 'VARCHAR' else None if text == '' else single(text) if str(kind) == 'FLOAT' else float(text)
        assert value == wanted, (name, value, text)
print(len(rows), len(lines[0]), *sorted(set(map(str, relation.types))))
";
    for kind in [Kind::Packet, Kind::Flow, Kind::Certificate, Kind::Host] {
        let (parquet, text) = (work.path().join("rows.parquet"), work.path().join("rows.csv"));
        let captures: Vec<PathBuf> = own_captures().into_iter().chain([private_talk(work.path(), 5)]).collect();
        run(&args(kind, &captures, &parquet)).unwrap();
        run(&args(kind, &captures, &text)).unwrap();
        let output = Command::new(&python).args(["-c", check]).arg(&parquet).arg(&text).output().unwrap();
        assert!(output.status.success(), "{}: {}", kind.name(), String::from_utf8_lossy(&output.stderr));
        print!("{}: {}", kind.name(), String::from_utf8_lossy(&output.stdout));
    }
}

/// A group boundary within the rows, absent values at its edges, and no rows at all.
#[test]
fn parquet_groups_by_hand() {
    let columns = vec![
        table::Column { name: "t".to_owned(), kind: table::Kind::Text },
        table::Column { name: "f".to_owned(), kind: table::Kind::Float },
    ];
    let mut out = Vec::new();
    let mut empty = parquet::Parquet::new(columns, "test/1");
    empty.begin(&mut out).unwrap();
    empty.finish(&mut out).unwrap();
    assert!(out.starts_with(b"PAR1") && out.ends_with(b"PAR1"));
    let length = u32::from_le_bytes(out[out.len() - 8..out.len() - 4].try_into().unwrap()) as usize;
    assert_eq!(out.len(), 4 + length + 8);
    let mut seen = Vec::new();
    Cells::Features(&[1.0, f32::NAN]).each(&mut |value| seen.push(matches!(value, Value::Float(n) if n.is_nan())));
    assert_eq!(seen, [false, true]);
}
