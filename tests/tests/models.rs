//! The models: trained by the product on the corpus with sources left out, and the built-in bundle at work.

use picket_agent::capture::{FileSource, Filled, FrameBatch, FrameSource as _};
use picket_agent::features_cmd;
use picket_agent::sensor::{Sensor, Settings};
use picket_event::{Body, Event, Method, Verdict};
use picket_packet::{Frame, WireLen};
use picket_score::vote::judge;
use picket_score::{Bundle, manifest};
use picket_tests::make::conversation;
use picket_tests::place::{files, shared};
use picket_train::{Conversations, Data, Trained, behaviour, train};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// Feature rows of the traffic corpus, written and read back by the product.
fn rows(shared: &Path) -> Data {
    let work = tempfile::tempdir().unwrap();
    let corpus = shared.join("corpus/traffic");
    let args = features_cmd::Args {
        files: vec![corpus.join("benign"), corpus.join("malicious")],
        labels: Some(corpus.join("labels.jsonl")),
        out: work.path().join("rows.jsonl"),
        ..features_cmd::Args::default()
    };
    let done = features_cmd::run(&args).unwrap();
    assert!(done.bad.is_empty(), "{:?}", done.bad);
    let text = std::fs::read_to_string(&args.out).unwrap();
    assert_eq!(text.lines().count() as u64, done.rows + 1);
    Data::parse(text.lines()).unwrap()
}

/// Every group of sources is held out once in training: the card's figures are of models that never saw the source.
#[test]
fn the_recipe_carries_over_to_sources_it_never_saw() {
    let Some(shared) = shared("the_recipe_carries_over_to_sources_it_never_saw") else { return };
    let data = rows(&shared);
    let trained = train(&data, &picket_train::Settings::default(), &mut |_| {}).unwrap();
    let figures = &trained.manifest.card.sources_left_out;
    assert!(figures["auc"] >= 0.90 && figures["auc_background"] >= 0.90, "{figures:?}");
    assert!(figures["recall_1pct"] >= 0.30, "{figures:?}");
    let built_in = Bundle::built_in().unwrap();
    assert_eq!(built_in.manifest().card.sources_left_out, *figures, "the shipped bundle is not of this recipe");
    let began = Instant::now();
    let sum: f32 = data.samples.iter().map(|sample| judge(&built_in, &sample.vector, &sample.tokens).value).sum();
    let each = began.elapsed() / u32::try_from(data.samples.len()).unwrap();
    println!("judging takes {each:?} a flow, mean value {}", sum / data.samples.len() as f32);
    assert!(each.as_micros() < 200, "judging takes {each:?} a flow");
}

/// What the model is taught beside captures is what it is called, and the same every time.
#[test]
fn conversations_of_encoders_are_of_their_protocol() {
    let work = tempfile::tempdir().unwrap();
    let (mut right, mut all) = (0, 0);
    for (made, again) in conversation::all().zip(conversation::all()) {
        let path = work.path().join(&made.file);
        let bytes = made.capture.to_pcap();
        assert!(bytes == again.capture.to_pcap(), "{}", made.file);
        std::fs::write(&path, bytes).unwrap();
        let flows = read(&path, &Settings::file("x")).into_iter().filter_map(|event| match event.body {
            Body::Flow(flow) => Some(flow.app.protocol),
            _ => None,
        });
        let named: Vec<_> = flows.collect();
        let own = named.iter().filter(|protocol| **protocol == made.protocol).count();
        assert!(own * 10 >= named.len() * 6, "{}: {own} of {}", made.file, named.len());
        (right, all) = (right + own, all + named.len());
    }
    assert!(all > 6_000 && right * 100 >= all * 98, "{right} of {all}");
}

/// Rows of polling of these captures.
fn polling(files: Vec<PathBuf>, labels: PathBuf, out: PathBuf) -> Conversations {
    let kind = features_cmd::Kind::Polling;
    let done = features_cmd::run(&features_cmd::Args {
        files,
        kind,
        labels: Some(labels),
        out: out.clone(),
        ..Default::default()
    });
    assert!(done.unwrap().bad.is_empty());
    Conversations::parse(std::fs::read_to_string(out).unwrap().lines()).unwrap()
}

/// The model of behaviour is of its recipe, too: captures of plants and of other traffic, and what the encoders make beside them.
#[test]
fn behaviour_is_of_its_recipe_and_carries_over() {
    let Some(shared) = shared("behaviour_is_of_its_recipe_and_carries_over") else { return };
    let (corpus, work) = (shared.join("corpus"), tempfile::tempdir().unwrap());
    let at = |name: &str| work.path().join(name);
    let read = |name: &str| std::fs::read_to_string(corpus.join(name)).unwrap();
    let mut labels = String::new();
    for line in read("ics/sources.jsonl").lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        // What nobody recognises in captures of plants is no example of anything.
        let (file, source) = (&row["file"], &row["source"]);
        labels += &format!(
            "{{\"file\":{file},\"class\":\"industrial\",\"family\":\"\",\"source\":{source},\"default_label\":\"\"}}\n"
        );
    }
    std::fs::write(at("labels.jsonl"), labels + &read("traffic/labels.jsonl")).unwrap();
    let captures = ["ics", "traffic/benign", "traffic/malicious"].map(|name| corpus.join(name)).to_vec();
    let captured = polling(captures, at("labels.jsonl"), at("captured.jsonl"));
    let made = at("made");
    conversation::write(&made).unwrap();
    let data = captured.beside(polling(vec![made.clone()], made.join("labels.jsonl"), at("made.jsonl")));

    let built_in = Bundle::built_in().unwrap();
    let onto = Trained { manifest: built_in.manifest().clone(), tensors: Vec::new() };
    let trained = behaviour::add(onto, &data, &picket_train::Settings::default(), &mut |_| {}).unwrap();
    // Written and read as in a bundle.
    let model = serde_json::to_string(&trained.manifest.behaviour).unwrap();
    let (model, shipped): (manifest::Behaviour, _) =
        (serde_json::from_str(&model).unwrap(), built_in.manifest().behaviour.clone().unwrap());
    let figures = &model.card.sources_left_out;
    assert_eq!(
        (
            &shipped.classes,
            &shipped.sources,
            &shipped.card.sources_left_out,
            &shipped.with_bytes,
            &shipped.without_bytes
        ),
        (&model.classes, &model.sources, figures, &model.with_bytes, &model.without_bytes),
        "the shipped bundle is not of this recipe"
    );
    assert!(figures["macro_recall_of_the_first_choice"] >= 0.75, "{figures:?}");
    assert!(figures["precision_at_the_level"] >= 0.95, "{figures:?}");
    assert!(figures["others_named"] <= 0.004 * figures["others"], "{figures:?}");
}

fn scored(capture: &Path, bundle: &Arc<Bundle>) -> Vec<Event> {
    read(capture, &Settings { bundle: Some(bundle.clone()), ..Settings::file("x") })
}

fn read(capture: &Path, settings: &Settings) -> Vec<Event> {
    let mut source = FileSource::open(capture).unwrap();
    let mut sensor = Sensor::new(settings);
    let mut batch = FrameBatch::new();
    let mut events = Vec::new();
    while let Ok(Filled::Frames) = source.fill(&mut batch) {
        for frame in batch.frames() {
            let (time_ns, link_type, wire_len) = (frame.time.nanos(), frame.link_type, WireLen(frame.wire));
            sensor.frame(Frame { time_ns, link_type, wire_len, data: frame.bytes }, &mut events);
        }
    }
    sensor.finish(&mut events);
    events
}

/// Reasons travel with verdicts, at least two classifiers stand behind one, and values stay in range.
#[test]
fn verdicts_carry_reasons() {
    let Some(shared) = shared("verdicts_carry_reasons") else { return };
    let bundle = Arc::new(Bundle::built_in().unwrap());
    let mut verdicts = 0;
    for capture in files(&shared.join("corpus/traffic/malicious"), &["pcap"]) {
        for event in scored(&capture, &bundle) {
            let Body::Flow(flow) = &event.body else { continue };
            let Some(score) = &flow.score else { continue };
            if score.verdict < Verdict::Suspicious {
                continue;
            }
            verdicts += 1;
            assert!(!score.reasons.is_empty() && score.votes.len() >= 2, "{score:?}");
            assert!(score.reasons.iter().all(|reason| !reason.to_string().contains("{}")), "{score:?}");
        }
    }
    assert!(verdicts > 100, "{verdicts} verdicts on captures the bundle was trained on");
}

/// The model of behaviour alone, with the built-in bundle: it names industrial conversations and nothing else. The bundle was trained on
/// these captures, so this holds the path together and says nothing of other captures.
#[test]
fn behaviour_names_industrial_conversations_and_nothing_else() {
    let Some(shared) = shared("behaviour_names_industrial_conversations_and_nothing_else") else { return };
    let bundle = Arc::new(Bundle::built_in().unwrap());
    let named = |capture: &Path, only: Option<Method>| {
        let settings = Settings { bundle: Some(bundle.clone()), only, ..Settings::file("x") };
        let flows = read(capture, &settings).into_iter().filter_map(|event| match event.body {
            Body::Flow(flow) if flow.app.method == Some(Method::Behaviour) => Some((event.flow, flow.app)),
            _ => None,
        });
        flows.collect::<Vec<_>>()
    };
    let industrial = std::fs::read_to_string(shared.join("corpus/traffic/industrial.jsonl")).unwrap();
    for capture in files(&shared.join("corpus/traffic"), &["pcap"]) {
        let name = capture.file_name().unwrap().to_str().unwrap();
        let wrong = named(&capture, None);
        assert!(wrong.is_empty() || industrial.contains(name), "{name}: {wrong:?}");
    }
    let mut right = 0;
    for capture in files(&shared.join("corpus/ics"), &["pcap", "pcapng", "cap"]) {
        for (_, app) in named(&capture, Some(Method::Behaviour)) {
            assert!(app.protocol.is_industrial() && app.confidence.get() >= 0.4, "{app:?}");
            right += 1;
        }
    }
    assert!(right > 200, "{right} conversations named");
}
