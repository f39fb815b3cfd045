//! Round trip, and every way to be refused.
#![allow(clippy::disallowed_methods, reason = "a refusal is timed")]

use super::*;
use crate::calibration::Calibration;
use crate::manifest::{Card, Condition, Member, Model, Rule, SelfTest, Vote, VoteMethod};
use crate::trees::Node;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

fn key(seed: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()
}

fn public(key: &Ed25519KeyPair) -> [u8; 32] {
    key.public_key().as_ref().try_into().unwrap()
}

fn trust() -> Trust {
    Trust { keys: vec![public(&key(7))], ..Trust::default() }
}

/// One tree on the certificate, the untrained points beside it, and two stored inputs.
fn made() -> (Manifest, Vec<u8>) {
    let names: Vec<String> = [Schema::Certificate, Schema::Points].iter().flat_map(|s| s.names()).collect();
    let column = |name: &str| names.iter().position(|known| known == name).unwrap() as u16;
    let nodes = vec![Node::split(column("certificate_self_signed"), 0.5, true, 1), Node::leaf(0.1), Node::leaf(0.9)];
    let mut tensors = Vec::new();
    Trees::new(nodes, vec![0], Combine::Mean, 0.0, names.len()).unwrap().write(&mut tensors);
    let tree = Span { offset: 0, length: tensors.len() as u32 };
    let member = |classifier: &str, needs: &str, model| Member {
        classifier: classifier.to_owned(),
        reads: vec![],
        needs: vec![needs.to_owned()],
        model,
        calibration: Calibration::IDENTITY,
        range: None,
        out_of_range: 0,
        weights: BTreeMap::from([(crate::vote::WITH_CERTIFICATE.to_owned(), 0.5)]),
        figures: BTreeMap::new(),
    };
    let mut manifest = Manifest {
        name: "made".to_owned(),
        trust_counter: 5,
        schemas: vec!["certificate/1".to_owned(), "points/1".to_owned()],
        members: vec![
            member("certificate", "certificate_self_signed", Model::Forest { tensor: tree, trees: 1 }),
            member("signs", "points", Model::Feature { name: "points".to_owned() }),
        ],
        vote: Vote { method: VoteMethod::Adaptive, least_votes: 1, suspicious: 0.5, malicious: 0.8 },
        rules: vec![Rule {
            name: "r".to_owned(),
            conditions: vec![Condition { feature: "sign_self_signed".to_owned(), least: 1.0, most: 1.0 }],
            hits: 400,
            right: 400,
            sources: 3,
        }],
        behaviour: None,
        self_test: vec![],
        card: Card::default(),
    };
    for self_signed in [0.0, 1.0] {
        let mut vector = vec![f32::NAN; names.len()];
        vector[usize::from(column("certificate_self_signed"))] = self_signed;
        vector[usize::from(column("points"))] = 0.25;
        let span = Span { offset: tensors.len() as u32, length: vector.len() as u32 * 4 };
        tensors.extend(vector.iter().flat_map(|value| value.to_le_bytes()));
        let bundle = Bundle::unsealed(manifest.clone(), &tensors).unwrap();
        let judged = crate::vote::judge(&bundle, &vector, &[]);
        let votes = judged.votes.iter().map(|say| say.value()).collect();
        manifest.self_test.push(SelfTest { vector: span, tokens: vec![], votes, value: judged.value });
    }
    (manifest, tensors)
}

/// A bundle changed before it was signed.
fn sealed(change: impl FnOnce(&mut Manifest, &mut Vec<u8>)) -> Vec<u8> {
    let (mut manifest, mut tensors) = made();
    change(&mut manifest, &mut tensors);
    seal(&manifest, &tensors, &key(7)).unwrap()
}

/// Refused, and within the second.
fn refusal(bytes: &[u8]) -> Refusal {
    let began = Instant::now();
    let refusal = Bundle::load(bytes, &trust()).unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(1), "took {:?}", began.elapsed());
    assert!(!refusal.to_string().is_empty());
    refusal
}

#[test]
fn what_was_sealed_is_loaded() {
    let bytes = sealed(|_, _| {});
    let bundle = Bundle::load(&bytes, &trust()).unwrap();
    assert_eq!(bundle.manifest(), &made_with_self_test());
    assert_eq!(bundle.signer(), &public(&key(7)));
    let pinned = Trust { pinned: vec![Sha256::digest(&bytes).into()], least_counter: 99, ..Trust::default() };
    assert!(Bundle::load(&bytes, &pinned).is_ok(), "a pinned bundle needs no known signer and no counter");
}

fn made_with_self_test() -> Manifest {
    made().0
}

#[test]
fn f57_cut_anywhere() {
    let bytes = sealed(|_, _| {});
    for length in (0..bytes.len()).step_by(37).chain([0, HEADER - 1, HEADER, bytes.len() - 1]) {
        let refusal = refusal(&bytes[..length]);
        assert!(matches!(refusal, Refusal::Size(_)), "{length}: {refusal}");
    }
    assert!(matches!(refusal(&[bytes.as_slice(), &[0]].concat()), Refusal::Size(_)), "one byte too many");
}

#[test]
fn f57_altered_anywhere() {
    let bytes = sealed(|_, _| {});
    for at in (0..bytes.len()).step_by(29) {
        let mut altered = bytes.clone();
        altered[at] ^= 1;
        assert!(matches!(refusal(&altered).name(), "signature" | "format" | "size"), "byte {at}");
    }
}

#[test]
fn f57_unsigned_strange_old() {
    let mut unsigned = sealed(|_, _| {});
    unsigned[SIGNATURE_AT..HEADER].fill(0);
    assert_eq!(refusal(&unsigned), Refusal::Signature);
    let (manifest, tensors) = made();
    let strange = seal(&manifest, &tensors, &key(8)).unwrap();
    assert!(matches!(refusal(&strange), Refusal::Stranger(_)));
    let newer = Trust { least_counter: 6, ..trust() };
    let old = Bundle::load(&sealed(|_, _| {}), &newer).unwrap_err();
    assert_eq!(old, Refusal::Older { counter: 5, least: 6 });
}

#[test]
fn f56_schema_of_another_release() {
    let refusal = refusal(&sealed(|manifest, _| manifest.schemas[1] = "points/9".to_owned()));
    let words = refusal.to_string();
    assert!(words.contains("points/9") && words.contains("points/1"), "{words}");
    assert!(matches!(refusal, Refusal::Schema { .. }));
}

#[test]
fn f58_dimensions_cycles_numbers() {
    let with_model = |model: Model| refusal(&sealed(|manifest, _| manifest.members[0].model = model));
    let huge = Span { offset: 0, length: u32::MAX };
    assert!(matches!(with_model(Model::Forest { tensor: huge, trees: 1 }), Refusal::Model { .. }));
    let far = Span { offset: u32::MAX, length: 16 };
    assert!(matches!(with_model(Model::Tokens { tensor: far, bias: 0.0 }), Refusal::Model { .. }));
    let tree = made().0.members[0].model.clone();
    let Model::Forest { tensor, .. } = tree else { panic!("a forest was made") };
    assert!(matches!(with_model(Model::Forest { tensor, trees: u32::MAX }), Refusal::Model { .. }));
    // The root's left child (bytes 8 to 12 of the node behind the root list) becomes the root: a cycle.
    let cycle = sealed(|_, tensors| tensors[12..16].fill(0));
    assert!(matches!(refusal(&cycle), Refusal::Model { .. }));
    let not_a_number = sealed(|_, tensors| tensors[8..12].copy_from_slice(&f32::NAN.to_le_bytes()));
    assert!(matches!(refusal(&not_a_number), Refusal::Model { .. }));
}

#[test]
fn f58_self_test() {
    let wrong = sealed(|manifest, _| manifest.self_test[1].value = 0.5);
    assert!(matches!(refusal(&wrong), Refusal::SelfTest(_)));
    let vote = sealed(|manifest, _| manifest.self_test[0].votes[1] = None);
    assert!(matches!(refusal(&vote), Refusal::SelfTest(_)));
    assert!(matches!(refusal(&sealed(|manifest, _| manifest.self_test.clear())), Refusal::SelfTest(_)));
}

#[test]
fn manifests_that_contradict_themselves() {
    let refused = |change: fn(&mut Manifest)| refusal(&sealed(|manifest, _| change(manifest))).name();
    assert_eq!(refused(|m| m.members.clear()), "manifest");
    assert_eq!(refused(|m| m.members = vec![m.members[0].clone(); 99]), "manifest");
    assert_eq!(refused(|m| m.vote.suspicious = 0.9), "manifest");
    assert_eq!(refused(|m| m.members[0].classifier = "oracle".to_owned()), "manifest");
    assert_eq!(refused(|m| m.members[0].needs = vec!["ttl".to_owned()]), "manifest");
    assert_eq!(refused(|m| m.members[0].calibration.slope = -1.0), "model");
    assert_eq!(refused(|m| m.rules[0].right = 401), "manifest");
    assert_eq!(refused(|m| m.rules[0].conditions.clear()), "manifest");
    assert_eq!(refused(|m| m.schemas = vec![m.schemas[0].clone(), m.schemas[0].clone()]), "schema");
    let weight = |m: &mut Manifest| m.members[0].weights.extend([("tls_certificate".to_owned(), 7.0)]);
    assert_eq!(refusal(&sealed(|m, _| weight(m))).name(), "manifest");
}
