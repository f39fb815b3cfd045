//! What the configuration refuses, and how it says so.

use super::*;
use std::path::{Path, PathBuf};

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../packaging/agent.toml");

fn load(files: &[(&str, &str)]) -> Result<Loaded, String> {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let prefix = format!("{}/", directory.path().display());
    Loaded::read(&directory.path().join("agent.toml"), true).map_err(|error| error.to_string().replace(&prefix, ""))
}

#[test]
fn f51_what_is_refused_names_file_line_key_and_the_nearest_key() {
    let cases = [
        (
            "[capture]\n\npromiscous = true",
            "agent.toml:3: unknown key `capture.promiscous`; did you mean `capture.promiscuous`?",
        ),
        ("site = \"x\"", "agent.toml:1: unknown key `site`; did you mean `agent.site`?"),
        ("[captures]\nfilter = \"\"", "agent.toml:1: unknown key `captures`; did you mean `capture`?"),
        ("[spool]\nsegment.size = 3", "agent.toml:2: `spool.segment`: invalid type: map"),
        (
            "[capture]\npromiscuous = \"yes\"",
            "agent.toml:2: `capture.promiscuous`: invalid type: string \"yes\", expected a boolean",
        ),
        ("[flow]\nudp = 60", "agent.toml:2: `flow.udp`: invalid type: integer `60`, expected a string"),
        (
            "[agent]\n[flow]\nudp = \"60\"",
            "agent.toml:3: `flow.udp`: \"60\" is not a whole number with a unit (ms, s, min, h, d), such as \"5s\"",
        ),
        ("[agent]\nthreads = -1", "agent.toml:2: `agent.threads`: invalid value"),
        ("[agent]\nthreads = 100", "agent.toml:2: `agent.threads` = 100 must be 0 to 64"),
        ("[spool]\nsize = \"1MiB\"", "agent.toml:2: `spool.size` = \"1MiB\" must be at least twice spool.segment"),
        (
            "[output]\nkinds = [\"flow\", \"flows\"]",
            "agent.toml:2: `output.kinds` = [\"flow\", \"flows\"] \"flows\" is no event kind",
        ),
        ("[log]\nlevel = \"loud\"", "agent.toml:2: `log.level` = \"loud\" must be one of error"),
        ("[capture]\nrings = 0", "agent.toml:2: `capture.rings` = 0 must be 1 to 64"),
        (
            "[capture]\nrings = 2\nbackend = \"libpcap\"",
            "agent.toml:2: `capture.rings` = 2 must be 1 where capture.backend is libpcap",
        ),
        (
            "[capture]\nbackend = \"xdp\"",
            "agent.toml:2: `capture.backend`: unknown variant `xdp`, expected `ring` or `libpcap`",
        ),
        (
            "[capture]\nnames = {eth0 = \"\"}",
            "agent.toml:2: `capture.names` = { eth0 = \"\" } \"\" must be 1 to 64 bytes",
        ),
        ("[agent\n", "agent.toml:1: "),
        ("[agent]\nsite = 'a'\nsite = 'b'", "agent.toml:3: "),
    ];
    for (text, expected) in cases {
        let message = load(&[("agent.toml", text)]).unwrap_err();
        assert!(message.starts_with(expected), "{text:?}: {message}");
    }
}

#[test]
fn a_section_that_no_value_can_be_is_refused() {
    let message = load(&[("agent.toml", "agent = 3")]).unwrap_err();
    assert!(message.starts_with("agent.toml:1: "), "{message}");
}

#[test]
fn conf_d_is_merged_in_order_key_by_key() {
    let loaded = load(&[
        ("agent.toml", "[agent]\nsite = \"one\"\nthreads = 3\n[flow]\nudp = \"10s\""),
        ("conf.d/20-b.toml", "[agent]\nsite = \"three\""),
        ("conf.d/10-a.toml", "# first\n[agent]\nsite = \"two\"\n[log]\nlevel = \"warn\""),
        ("conf.d/30.collector.toml", "[serve]\nport = 1"),
        ("conf.d/README", "not TOML"),
    ])
    .unwrap();
    let config = &loaded.config;
    assert_eq!((config.agent.site.as_str(), config.agent.threads, config.log.level.as_str()), ("three", 3, "warn"));
    assert_eq!(config.flow.udp, Span::seconds(10));
    assert_eq!(config.flow.other, Config::default().flow.other);
    let end = |key: &str| match loaded.origin(key) {
        Origin::File(path, line) => format!("{}:{line}", path.file_name().unwrap().to_string_lossy()),
        other => other.to_string(),
    };
    assert_eq!(
        [end("agent.site"), end("agent.threads"), end("log.level"), end("log.format")],
        ["20-b.toml:2", "agent.toml:3", "10-a.toml:5", "default"]
    );
    let message = load(&[("agent.toml", ""), ("conf.d/x.toml", "\n[agent]\nsites = 1")]).unwrap_err();
    assert!(message.starts_with("conf.d/x.toml:3: unknown key `agent.sites`; did you mean `agent.site`?"), "{message}");
}

#[test]
fn a_named_file_must_exist_and_the_default_one_need_not() {
    let nowhere = Path::new("/nonexistent/agent.toml");
    assert!(Loaded::read(nowhere, true).unwrap_err().to_string().contains("/nonexistent/agent.toml"));
    assert_eq!(Loaded::read(nowhere, false).unwrap().config, Config::default());
}

#[test]
fn the_sample_states_every_key_with_its_default() {
    let loaded = Loaded::read(&PathBuf::from(SAMPLE), true).unwrap();
    assert_eq!(loaded.config, Config::default());
    for (key, _) in loaded.values() {
        assert_ne!(loaded.origin(&key), Origin::Default, "packaging/agent.toml lacks `{key}`");
    }
}

#[test]
fn the_document_names_every_key() {
    let document = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/agent.md")).unwrap();
    for (key, _) in Loaded::default().values() {
        assert!(document.contains(&format!("`{key}`")), "docs/agent.md lacks `{key}`");
    }
}

#[test]
fn limits_carry_every_value_of_the_flow_section() {
    let flow = Flow { max_flows: 77, udp: Span::seconds(3), fragment_total: Size(5), ..Flow::default() };
    let limits = flow.limits();
    assert_eq!((limits.flows, limits.fragment_bytes, limits.timeouts.udp.as_secs()), (77, 5, 3));
    assert_eq!(Flow::default().limits(), crate::sensor::Limits::default());
}
