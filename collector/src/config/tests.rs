//! What a configuration file may and may not say.

use super::*;
use std::fs;

const SAMPLE: &str = include_str!("../../../packaging/collector.toml");

fn load_text(text: &str) -> Result<Loaded, ConfigError> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("collector.toml");
    fs::write(&path, text).unwrap();
    load(Some(&path))
}

/// The commented-out keys of the sample, with the comment signs taken away.
fn uncommented() -> String {
    SAMPLE
        .lines()
        .map(|line| line.strip_prefix("#").filter(|l| !l.starts_with(' ')).unwrap_or(line))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn the_sample_says_the_defaults() {
    assert_eq!(load_text(SAMPLE).unwrap().config, Config::default());
    let all = load_text(&uncommented()).unwrap();
    let expected = Engine { sites: Some("/etc/picket/sites.json".into()), ..Engine::default() };
    assert_eq!(all.config, Config { engine: expected, ..Config::default() });
    for (section, keys) in load::known_keys() {
        for key in keys {
            assert!(all.origins.contains_key(&format!("{section}.{key}")), "the sample lacks {section}.{key}");
        }
    }
}

#[test]
fn every_default_is_a_known_key() {
    let table = toml::Table::try_from(Config::default()).unwrap();
    for (section, values) in &table {
        let keys = load::known_keys().into_iter().find(|(s, _)| s == section).unwrap().1;
        assert!(values.as_table().unwrap().keys().all(|k| keys.contains(&k.as_str())), "{section}");
    }
}

#[test]
fn unknown_keys_name_the_nearest() {
    let error = load_text("[listen]\n\nhttpz = \"0.0.0.0:1\"\n").unwrap_err().to_string();
    assert!(
        error.contains("line 3") && error.contains("`listen.httpz`") && error.contains("`listen.https`"),
        "{error}"
    );
    let error = load_text("[retension]\nevents = \"1d\"\n").unwrap_err().to_string();
    assert!(error.contains("`[retention]`"), "{error}");
    let error = load_text("https = 1\n").unwrap_err().to_string();
    assert!(error.contains("unknown key `https`"), "{error}");
}

#[test]
fn wrong_values_name_their_line() {
    for (text, line, word) in [
        ("[retention]\nevents = \"soon\"\n", "line 2", "no duration"),
        ("[retention]\nevents = 5\n", "line 2", "invalid type"),
        ("[listen]\nhttps = \"here\"\n", "line 2", "socket address"),
        ("[listen\n", "line 1", ""),
        ("[limits]\nconnections = -1\n", "line 2", ""),
    ] {
        let error = load_text(text).unwrap_err().to_string();
        assert!(error.contains(line) && error.contains(word), "{text}: {error}");
    }
}

#[test]
fn impossible_values_are_refused() {
    let error = load_text("[access]\nlogin_attempts = 0\n").unwrap_err().to_string();
    assert!(error.contains("access.login_attempts") && error.contains("nobody can log in"), "{error}");
}

#[test]
fn fragments_are_merged_in_order_and_named() {
    let directory = tempfile::tempdir().unwrap();
    let main = directory.path().join("collector.toml");
    fs::write(&main, "[retention]\nevents = \"2d\"\ndisk = \"1GiB\"\n").unwrap();
    fs::create_dir(directory.path().join("conf.d")).unwrap();
    fs::write(directory.path().join("conf.d/20.toml"), "[retention]\nevents = \"4d\"\n").unwrap();
    fs::write(directory.path().join("conf.d/10.toml"), "[retention]\nevents = \"3d\"\n").unwrap();
    fs::write(directory.path().join("conf.d/30.ignored"), "nonsense").unwrap();
    let loaded = load(Some(&main)).unwrap();
    assert_eq!(loaded.config.retention.events.to_string(), "4d");
    assert_eq!(loaded.config.retention.disk, Size(1 << 30));
    assert!(loaded.origins["retention.events"].ends_with("20.toml"));
    assert!(loaded.origins["retention.disk"].ends_with("collector.toml"));
    assert_eq!(loaded.files.len(), 3);
}

#[test]
fn a_named_file_must_exist() {
    let error = load(Some(std::path::Path::new("/nonexistent/collector.toml"))).unwrap_err().to_string();
    assert!(error.contains("/nonexistent/collector.toml") && error.contains("--config"), "{error}");
}
