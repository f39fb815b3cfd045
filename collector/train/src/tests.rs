//! The whole training on made data.

use crate::{Conversations, behaviour};
use crate::{Data, Settings, TrainError, train};
use picket_event::Classifier;
use picket_score::behaviour::Choice;
use picket_score::bundle::seal;
use picket_score::row::{Header, Row};
use picket_score::vote::judge;
use picket_score::{Bundle, Trust};
use ring::signature::{Ed25519KeyPair, KeyPair as _};

/// Four groups; malicious flows have a self-signed certificate, few extensions and a token of their own.
fn made(shifted: bool) -> Data {
    let header = Header::of_release();
    let mut lines = vec![serde_json::to_string(&header).unwrap()];
    let mut random = crate::random::Random::new(9);
    for number in 0..240usize {
        let malicious = number % 3 == 0;
        let group = format!("g{}", number % 4);
        // Where shifted, what tells the classes apart is turned round in every group.
        let tells = if shifted { number % 4 < 2 } else { true } == malicious;
        let mut x: Vec<Option<f32>> = header.names.iter().map(|_| Some(random.unit())).collect();
        let mut set = |name: &str, value: Option<f32>| {
            let at = header.names.iter().position(|known| known == name).unwrap();
            x[at] = value;
        };
        set("client_extensions", Some(if tells { 4.0 } else { 12.0 } + random.unit()));
        set("certificate_self_signed", (number % 5 > 0).then_some(f32::from(u8::from(tells))));
        set("src2dst_bytes", Some(if tells { 500.0 } else { 900.0 } + 500.0 * random.unit()));
        set("points", Some(if tells { 0.7 } else { 0.2 }));
        let row = Row {
            file: "x.pcap".into(),
            group,
            label: if malicious { "malicious" } else { "benign" }.into(),
            family: "f".into(),
            src_ip: String::new(),
            src_port: 0,
            dest_ip: String::new(),
            dest_port: 443,
            proto: "TCP".into(),
            start: 0.0,
            app: "tls".into(),
            x,
            t: if tells { vec![3, 9] } else { vec![4, 9] },
        };
        lines.push(serde_json::to_string(&row).unwrap());
    }
    Data::parse(lines.iter().map(String::as_str)).unwrap()
}

fn small() -> Settings {
    let mut settings = Settings::default();
    settings.forest.trees = 20;
    settings.boosting.trees = 20;
    settings.regression.steps = 50;
    settings
}

#[test]
fn what_is_trained_is_loaded_and_judges() {
    let data = made(false);
    let trained = train(&data, &small(), &mut |_| {}).unwrap();
    let again = train(&data, &small(), &mut |_| {}).unwrap();
    assert_eq!((&trained.manifest, &trained.tensors), (&again.manifest, &again.tensors), "not deterministic");
    let key = Ed25519KeyPair::from_seed_unchecked(&[1; 32]).unwrap();
    let bytes = seal(&trained.manifest, &trained.tensors, &key).unwrap();
    let keys = vec![key.public_key().as_ref().try_into().unwrap()];
    let bundle = Bundle::load(&bytes, &Trust { keys, ..Trust::default() }).unwrap();
    let right = data.samples.iter().filter(|s| (judge(&bundle, &s.vector, &s.tokens).value > 0.5) == s.malicious());
    assert!(right.count() > 230);
    let classifiers: Vec<&str> = bundle.manifest().members.iter().map(|m| m.classifier.as_str()).collect();
    assert!(classifiers.contains(&Classifier::Handshake.name()) && classifiers.len() == 4);
    assert!(bundle.manifest().card.sources_left_out["auc"] > 0.95);
}

#[test]
fn what_does_not_carry_over_is_not_given_out() {
    let refused = train(&made(true), &small(), &mut |_| {}).unwrap_err();
    assert!(matches!(refused, TrainError::DoesNotCarryOver { .. }), "{refused}");
}

#[test]
fn a_single_source_is_not_enough() {
    let mut data = made(false);
    data.samples.retain(|sample| sample.group == "g0");
    assert!(matches!(train(&data, &small(), &mut |_| {}), Err(TrainError::TooFewSources { .. })));
}

#[test]
fn a_feature_that_names_the_capture_is_refused() {
    let mut data = made(false);
    data.names[0] = "ip_ttl".to_owned();
    assert!(matches!(train(&data, &small(), &mut |_| {}), Err(TrainError::ForbiddenFeature(_))));
}

#[test]
fn rows_of_another_release_are_refused() {
    let line = r#"{"picket_features":1,"schemas":["flow/9"],"names":["x"]}"#;
    assert!(Data::parse([line].into_iter()).unwrap_err().to_string().contains("flow/9"));
}

/// Rows of polling of four sources: a protocol polled with 12 bytes each second, and traffic without order. Of what nobody recognised
/// and nobody labelled nothing is learnt.
fn polled() -> Conversations {
    polled_by(["modbus", "http", "unknown", "unknown"], &["g0", "g1", "g2", "g3"])
}

/// The same of other protocols and sources.
fn polled_by(apps: [&str; 4], groups: &[&str]) -> Conversations {
    let header = Header::of(&[picket_feature::Schema::Polling]);
    let mut lines = vec![serde_json::to_string(&header).unwrap()];
    let mut random = crate::random::Random::new(3);
    for number in 0..160usize {
        let app = apps[number % 4];
        let label = if number % 4 == 2 { "benign" } else { "" };
        let mut x: Vec<Option<f32>> = header.names.iter().map(|_| Some(random.unit())).collect();
        let mut set = |name: &str, value: f32| {
            let at = header.names.iter().position(|known| known == name).unwrap();
            x[at] = Some(value);
        };
        let industrial = ["modbus", "dnp3"].contains(&app);
        for (name, least) in
            [("polling_src2dst_commonest", 12.0), ("polling_src2dst_median", 12.0), ("polling_period_log", 7.0)]
        {
            set(name, if industrial { least } else { 40.0 + 500.0 * random.unit() });
        }
        let row = Row {
            file: "x.pcap".into(),
            group: groups[number / 4 % groups.len()].to_owned(),
            label: label.into(),
            family: String::new(),
            src_ip: String::new(),
            src_port: 0,
            dest_ip: String::new(),
            dest_port: 0,
            proto: "TCP".into(),
            start: 0.0,
            app: app.into(),
            x,
            t: vec![],
        };
        lines.push(serde_json::to_string(&row).unwrap());
    }
    Conversations::parse(lines.iter().map(String::as_str)).unwrap()
}

#[test]
fn a_model_of_behaviour_is_put_into_a_bundle_and_nothing_else_changes() {
    let vote = train(&made(false), &small(), &mut |_| {}).unwrap();
    let rows = polled();
    assert_eq!(rows.counts(), [("modbus".to_owned(), 40), ("other".to_owned(), 80)].into());
    let mut settings = small();
    settings.voting.trees = 20;
    let with = behaviour::add(vote.clone(), &rows, &settings, &mut |_| {}).unwrap();
    let model = with.manifest.behaviour.clone().unwrap();
    assert_eq!(model.classes, ["other", "modbus"]);
    assert!(model.card.sources_left_out["macro_recall_at_the_level"] > 0.9, "{:?}", model.card.sources_left_out);
    assert_eq!((&with.manifest.members, &with.manifest.vote), (&vote.manifest.members, &vote.manifest.vote));
    assert_eq!(with.tensors[..vote.tensors.len()], vote.tensors);
    let again = behaviour::add(with.clone(), &rows, &settings, &mut |_| {}).unwrap();
    assert_eq!(
        (again.manifest, again.tensors),
        (with.manifest.clone(), with.tensors.clone()),
        "put in place of the old one"
    );
    let key = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let signer: [u8; 32] = key.public_key().as_ref().try_into().unwrap();
    let bytes = seal(&with.manifest, &with.tensors, &key).unwrap();
    let trust = Trust { keys: vec![signer], ..Trust::default() };
    assert!(Bundle::load(&bytes, &trust).unwrap().recognises());
    let spoilt: [fn(&mut picket_score::manifest::Behaviour); 7] = [
        |model| model.classes[1] = "tls".to_owned(),
        |model| model.classes.swap(0, 1),
        |model| model.with_bytes.from[1] = 0.0,
        |model| model.without_bytes.from.truncate(1),
        |model| model.reads = "flow/1".to_owned(),
        |model| model.tensor.length += 1,
        |model| model.self_test[0].share += 0.5,
    ];
    for spoil in spoilt {
        let mut manifest = with.manifest.clone();
        spoil(manifest.behaviour.as_mut().unwrap());
        assert!(Bundle::load(&seal(&manifest, &with.tensors, &key).unwrap(), &trust).is_err());
    }
}

#[test]
fn what_was_made_is_learnt_from_and_not_measured() {
    let one_source = polled_by(["modbus", "http", "unknown", "unknown"], &["g0", "g0", "g0", "g0"]);
    let others = polled_by(["http", "http", "http", "http"], &["g1", "g2"]);
    let captured = || one_source.clone().and(&others);
    let mut settings = small();
    settings.voting.trees = 20;
    let vote = train(&made(false), &settings, &mut |_| {}).unwrap();
    let trained = |data: &Conversations| {
        let manifest = behaviour::add(vote.clone(), data, &settings, &mut |_| {}).unwrap().manifest;
        manifest.behaviour.unwrap()
    };
    let alone = trained(&captured());
    assert_eq!((alone.classes.len(), &alone.sources[1..]), (2, &[1][..]));
    assert!(alone.with_bytes.from[1] > 1.0 && alone.without_bytes.from[1] > 1.0, "what one source has is never named");
    assert_eq!(alone.card.sources_left_out["protocols_of_one_source"], 1.0);

    // Of dnp3 nothing was captured, and of what nobody recognised nothing is known.
    let encoded = polled_by(["modbus", "dnp3", "unknown", "http"], &["encoders"]);
    let data = captured().beside(encoded);
    let beside = trained(&data);
    assert_eq!((&beside.classes, &beside.sources[1..]), (&alone.classes, &[2][..]));
    assert_eq!((data.counts(), data.groups()), (captured().counts(), captured().groups()), "nothing else is counted");
    assert_eq!(beside.card.settings["made"], "40");
    assert!(beside.with_bytes.from[1] <= 1.0, "{:?}", beside.with_bytes);
    // The one source is told by what was made alone.
    assert!(beside.card.sources_left_out["macro_recall_of_the_first_choice"] > 0.9, "{:?}", beside.card);
    assert!(data.without(&["g0".to_owned()]).counts().keys().eq(["other"]), "and without it there is nothing to name");
}

#[test]
fn a_name_needs_more_votes_than_any_other_conversation_had() {
    let rows = polled();
    let mut settings = small();
    settings.voting.trees = 20;
    let vote = train(&made(false), &settings, &mut |_| {}).unwrap();
    let mut from = |margin: f32| {
        settings.behaviour_margin = margin;
        behaviour::add(vote.clone(), &rows, &settings, &mut |_| {}).unwrap().manifest.behaviour.unwrap().with_bytes
    };
    let (little, much) = (from(0.01), from(0.9));
    assert_eq!(little.from[0], much.from[0], "other is never named");
    assert!(little.from[1] >= little.calibration.raw(0.9) && much.from[1] >= 0.9, "{little:?} {much:?}");
    assert!(little.of(&Choice { class: 1, share: little.from[1] }).is_some());
    assert!(little.of(&Choice { class: 1, share: little.from[1] - 0.01 }).is_none());
    assert!(
        little.of(&Choice { class: 0, share: 1.0 }).is_none() && little.of(&Choice { class: 9, share: 1.0 }).is_none()
    );
}
