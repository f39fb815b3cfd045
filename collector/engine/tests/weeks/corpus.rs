//! The fleet simulator's data, where it is at hand: recall, budget and place on three seeds.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, clippy::expect_used)] // makes and reads the simulator's files

use picket_engine::{Config, Engine, Findings, PlannedWork, SiteConfig, Zone};
use picket_event::{AgentId, Envelope, Site, Timestamp, eve};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

fn corpus() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let dir = std::env::var("PICKET_CORPUS").map_or(beside, PathBuf::from);
    dir.join("tools/make_fleet.py").is_file().then_some(dir)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn time(value: &Value) -> Timestamp {
    Timestamp::parse(&text(value)).expect("a time")
}

fn site(row: &Value) -> SiteConfig {
    let list = |name: &str| row[name].as_array().cloned().unwrap_or_default();
    let mut config = SiteConfig::named(&text(&row["site"]));
    config.offsets =
        list("offsets").iter().map(|o| (time(&o["from"]), o["seconds"].as_i64().unwrap_or(0) as i32)).collect();
    config.workdays = list("workdays").iter().filter_map(|d| u8::try_from(d.as_u64()?).ok()).collect();
    let day = |d: &Value| time(&json!(format!("{}T00:00:00Z", text(d)))).seconds() / 86_400;
    config.holidays = list("holidays").iter().map(day).collect();
    config.zones = list("zones")
        .iter()
        .filter_map(|z| {
            let prefix = text(&z["prefix"]);
            let (network, length) = prefix.split_once('/')?;
            let level = z["level"].as_u64().and_then(|l| u8::try_from(l).ok());
            let (network, prefix) = (network.parse().ok()?, length.parse().ok()?);
            Some(Zone { name: text(&z["name"]), network, prefix, level })
        })
        .collect();
    config.planned = list("maintenance")
        .iter()
        .map(|m| PlannedWork {
            zone: text(&m["zone"]),
            start: time(&m["start"]),
            end: time(&m["end"]),
            what: text(&m["what"]),
        })
        .collect();
    config
}

fn findings(dir: &Path) -> Vec<Value> {
    let setting: Value =
        serde_json::from_str(&std::fs::read_to_string(dir.join("sites.json")).expect("sites")).expect("JSON");
    let sites: Vec<SiteConfig> = setting["sites"].as_array().expect("sites").iter().map(site).collect();
    let names: Vec<String> = sites.iter().map(|s| s.name.clone()).collect();
    let mut engine = Engine::new(Config { sites, liveness: false, verdicts: false, ..Config::default() });
    let mut out = Findings::new();
    for name in names {
        let lines = std::fs::read_to_string(dir.join(format!("{name}.jsonl"))).expect("events");
        let mut sequence = 0;
        for line in lines.lines() {
            let Ok(Some(row)) = eve::parse_line(line) else { continue };
            sequence += 1;
            let agent = row.agent.unwrap_or_else(|| AgentId::new("sensor"));
            let site = row.site.unwrap_or_else(|| Site::new(&name));
            engine.apply(&[Envelope { agent, site, epoch: 0, sequence, event: row.event }], &mut out);
        }
    }
    engine.finish(&mut out);
    let line = |f: &picket_engine::Finding| {
        let cells = f.cells.iter().map(|c| json!({"time": c.time, "space": c.space, "relation": c.relation}));
        json!({"time": f.time.to_string(), "entity": f.entity, "site": f.site, "kind": f.kind.name(),
               "p_value": f.p_value, "risk": f.risk, "alert": f.alert, "cells": cells.collect::<Vec<_>>()})
    };
    out.as_slice().iter().map(line).collect()
}

#[test]
fn the_simulated_fleet_is_judged_within_the_budget() {
    let Some(corpus) = corpus() else {
        println!("SKIPPED the_simulated_fleet_is_judged_within_the_budget: PICKET_CORPUS not found");
        return;
    };
    let (mut injected, mut detected, mut located, mut locatable) = (0, 0, 0, 0);
    for seed in ["11", "12", "13"] {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fleet-{seed}"));
        let made = Command::new("python3")
            .arg(corpus.join("tools/make_fleet.py"))
            .args(["--seed", seed, "--inject", "--scale", "small", "--compress", "none", "--out"])
            .arg(&dir)
            .output()
            .expect("python3 runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let lines: Vec<String> = findings(&dir).iter().map(ToString::to_string).collect();
        let found = dir.join("findings.jsonl");
        std::fs::write(&found, lines.join("\n")).expect("written");
        let scored = Command::new("python3")
            .arg(corpus.join("tools/score_fleet.py"))
            .args(["--learning", "14d", "--budget", "1", "--json", "--truth"])
            .arg(dir.join("truth.jsonl"))
            .arg("--findings")
            .arg(&found)
            .output()
            .expect("python3 runs");
        let score: Value = serde_json::from_slice(&scored.stdout).expect("a score");
        assert_eq!(score["budget_held"], json!(true), "seed {seed}: {}", score["false_per_site"]);
        for kind in score["kinds"].as_object().expect("kinds").values() {
            let n = |name: &str| kind[name].as_u64().unwrap_or(0);
            injected += n("injections");
            detected += n("detected");
            located += n("located");
            locatable += n("locatable");
        }
    }
    println!("fleet: detected {detected} of {injected}, located {located} of {locatable}");
    assert!(detected as f64 >= 0.28 * injected as f64, "detected {detected} of {injected}");
    assert!(located as f64 >= 0.6 * locatable as f64, "located {located} of {locatable}");
}
