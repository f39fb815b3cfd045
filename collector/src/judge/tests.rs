//! Reading: packed files, several files, bad lines; and the settings file.

use super::input::Input;
use super::{Args, config, sites};
use std::io::Write;
use std::path::{Path, PathBuf};

const FLOW: &str = concat!(
    r#"{"timestamp":"2026-03-02T00:00:0SEC.000000Z","event_type":"flow","site":"s","agent":"a","flow_id":1,"#,
    r#""src_ip":"10.0.0.1","src_port":1,"dest_ip":"10.0.0.2","dest_port":443,"proto":"TCP","app_proto":"tls","#,
    r#""flow":{"pkts_toserver":1,"pkts_toclient":1,"bytes_toserver":60,"bytes_toclient":60,"#,
    r#""start":"2026-03-02T00:00:00.000000Z","end":"2026-03-02T00:00:01.000000Z","state":"closed"}}"#
);

fn line(second: u8) -> String {
    FLOW.replace("SEC", &second.to_string()) + "\n"
}

fn gz(path: &Path, text: &str) {
    let mut out = flate2::write::GzEncoder::new(std::fs::File::create(path).unwrap(), flate2::Compression::fast());
    out.write_all(text.as_bytes()).unwrap();
    out.finish().unwrap();
}

fn args(files: &[PathBuf]) -> Args {
    Args {
        files: files.to_vec(),
        sites: None,
        site_default: "site".to_owned(),
        budget: 1.0,
        baseline: "three".to_owned(),
        deviation: "predictive".to_owned(),
        without: Vec::new(),
    }
}

#[test]
fn files_are_merged_by_time_and_bad_lines_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let (plain, packed, zst) = (dir.path().join("a.jsonl"), dir.path().join("b.jsonl.gz"), dir.path().join("c.zst"));
    std::fs::write(&plain, line(1) + "not JSON\n\n" + &line(4)).unwrap();
    gz(&packed, &(line(2) + &line(3)));
    std::fs::write(&zst, zstd::encode_all(line(5).as_bytes(), 1).unwrap()).unwrap();
    let missing = dir.path().join("none.jsonl");
    let mut input = Input::open(&[plain, packed, zst, missing], "site");
    let mut seconds = Vec::new();
    while let Some(envelope) = input.next() {
        assert_eq!(envelope.site.as_str(), "s");
        seconds.push(envelope.event.time.seconds() % 60);
    }
    assert_eq!(seconds, [1, 2, 3, 4, 5]);
    assert_eq!(input.bad.count, 2);
    assert!(input.bad.first.iter().any(|b| b.contains("a.jsonl:2:")), "{:?}", input.bad.first);
    assert!(input.bad.first.iter().any(|b| b.contains("none.jsonl")), "{:?}", input.bad.first);
}

#[test]
fn a_cut_gzip_file_gives_what_it_holds() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("cut.gz");
    let text: String = (0..9).map(line).collect::<String>().repeat(2000);
    gz(&path, &text);
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 20]).unwrap();
    let mut input = Input::open(&[path], "site");
    let mut read = 0;
    while input.next().is_some() {
        read += 1;
    }
    assert!(read > 1000, "{read}");
    assert_eq!(input.bad.count, 1);
}

#[test]
fn settings_are_checked() {
    let with = |change: fn(&mut Args)| {
        let mut args = args(&[]);
        change(&mut args);
        config(&args).map_err(|e| format!("{e:#}"))
    };
    assert!(with(|_| {}).is_ok());
    assert!(with(|a| a.baseline = "four".to_owned()).unwrap_err().contains("three, time, space"));
    assert!(with(|a| a.deviation = "odd".to_owned()).unwrap_err().contains("predictive"));
    assert!(with(|a| a.without = vec!["noise".to_owned()]).unwrap_err().contains("agent_silence"));
    assert!(with(|a| a.budget = f64::NAN).is_err());
    assert!(!with(|a| a.without = vec!["verdict".to_owned()]).unwrap().verdicts);
}

#[test]
fn sites_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sites.json");
    let text = r#"{"sites":[{"site":"s01","offsets":[{"from":"1970-01-01T00:00:00Z","seconds":3600}],"workdays":[6,0],
        "holidays":["2026-03-04"],"zones":[{"name":"office","prefix":"10.1.10.0/24","level":4}],
        "maintenance":[{"zone":"office","start":"2026-03-09T08:00:00Z","end":"2026-03-09T14:00:00Z","what":"w"}]}]}"#;
    std::fs::write(&path, text).unwrap();
    let site = &sites::read(&path).unwrap()[0];
    assert_eq!((site.name.as_str(), site.workdays.as_slice(), site.offsets[0].1), ("s01", &[6u8, 0][..], 3600));
    assert_eq!((site.zones[0].prefix, site.zones[0].level, site.holidays[0]), (24, Some(4), 20_516));
    assert_eq!(site.planned[0].zone, "office");
    std::fs::write(&path, text.replace("+3600", "").replace("[6,0]", "[9]")).unwrap();
    assert!(format!("{:#}", sites::read(&path).unwrap_err()).contains("s01"));
}
