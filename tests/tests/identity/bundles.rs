//! A bundle that a policy names: published, fetched, checked, in force from the next start on, refused where it is not right.

use super::policy::Site;
use super::*;
use picket_score::{Bundle, DEFAULT_BUNDLE, bundle};
use picket_tests::namespace::run_inside;
use ring::rand::SystemRandom;
use ring::signature::Ed25519KeyPair;
use serde_json::Value;

/// The built-in bundle under another name, signed by a key of nobody's.
fn bundle_file(place: &Path, name: &str) -> String {
    let der = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let key = Ed25519KeyPair::from_pkcs8(der.as_ref()).unwrap();
    let mut manifest = Bundle::built_in().unwrap().manifest().clone();
    name.clone_into(&mut manifest.name);
    let path = place.join(format!("{name}.bundle"));
    std::fs::write(&path, bundle::seal(&manifest, bundle::tensors(DEFAULT_BUNDLE), &key).unwrap()).unwrap();
    path.display().to_string()
}

fn publish(site: &Site, name: &str) -> String {
    let file = bundle_file(site.place.path(), name);
    let made: Value =
        serde_json::from_str(&site.collector.ask(&["model", "publish", &file, "--json"]).unwrap()).unwrap();
    made["sha256"].as_str().unwrap().to_owned()
}

#[test]
fn a_policy_gives_its_group_a_bundle() {
    run_inside("identity::bundles::a_policy_gives_its_group_a_bundle", || {
        let site = Site::new();
        let agent = site.agent();
        let first = publish(&site, "press-1");
        let digest = |sha256: &str| format!("[score]\ndigest = \"{sha256}\"\n");
        site.set(&digest(&first));
        site.answers(1, "applied");
        until("the collector knows", || site.agent_view()["bundle"] == *first);
        drop(agent);
        let agent = site.agent();
        until("it is back with it", || site.agent_view()["connected"] == true && site.agent_view()["bundle"] == *first);
        // One that nobody published.
        site.set(&digest(&"0".repeat(64)));
        site.answers(2, "refused: the collector has no bundle");
        site.set("[score]\ndigest = \"x\"\n");
        site.answers(3, "refused");
        // One that was published, and an agent that knows another key.
        let second = publish(&site, "press-2");
        let state = site.collector.agent_state("sensor-1").join("agent.json");
        let right = std::fs::read_to_string(&state).unwrap();
        let mut json: Value = serde_json::from_str(&right).unwrap();
        json["signer"] = Value::from("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
        std::fs::write(&state, json.to_string()).unwrap();
        site.set(&digest(&second));
        site.answers(4, "refused: bundle");
        assert!(site.answer().1.contains("does not trust"), "{:?}", site.answer());
        std::fs::write(&state, right).unwrap();
        drop(agent);
        let _agent = site.agent();
        until("it is back", || site.agent_view()["connected"] == true);
        assert_eq!(site.agent_view()["bundle"], *first, "the last good one is in force");
        let listed = site.collector.ask(&["model", "published"]).unwrap();
        assert!(listed.contains("press-1") && listed.contains("press-2"), "{listed}");
        site.collector.ask(&["model", "withdraw", &second]).unwrap();
        assert!(!site.collector.ask(&["model", "published"]).unwrap().contains("press-2"));
        let damaged = site.place.path().join("damaged.bundle");
        std::fs::write(&damaged, DEFAULT_BUNDLE.get(..50_000).unwrap()).unwrap();
        let refused = site.collector.ask(&["model", "publish", &damaged.display().to_string()]).unwrap_err();
        assert!(refused.to_string().contains("wrong size"), "{refused}");
    });
}
