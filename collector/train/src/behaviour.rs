//! The model that tells an industrial protocol by how packets follow each other: trained on conversations that the
//! sensor recognised by their bytes.

use crate::conversations::{Conversation, Conversations, number};
use crate::voting::{self, Classed, VotingSettings};
use crate::{Settings, TrainError, Trained, platt, seal};
use picket_feature::{Schema, polling};
use picket_score::behaviour::{Choice, OTHER, choose};
use picket_score::calibration::Calibration;
use picket_score::manifest::{Behaviour, BehaviourTest, Card, Certainty};
use picket_score::trees::Trees;
use std::collections::{BTreeMap, BTreeSet};

/// Stored inputs of the self-test.
const SELF_TESTS: usize = 8;
/// Sources that a class must be learnt from to be named; whatever was made is one.
const LEAST_SOURCES: u32 = 2;
/// The least probability of a name to be right.
const LEAST_CONFIDENCE: f32 = 0.9;
/// A share of the votes that none has.
const NEVER: f32 = 2.0;

/// A conversation with what was said of it.
type Said<'a> = (&'a Conversation, &'a Choice);

/// A conversation, the class with the most votes, and whether it gets that name.
#[derive(Clone, Copy)]
struct Judged<'a> {
    row: &'a Conversation,
    class: usize,
    named: bool,
}

/// What the model said of each conversation when its source was held out: as it is, and with its bytes hidden.
struct HeldOut {
    told: Vec<Choice>,
    hidden: Vec<Choice>,
}

impl HeldOut {
    /// Every conversation whose bytes tell something, with what was said of it.
    fn with_bytes<'a>(&'a self, data: &'a Conversations) -> Vec<Said<'a>> {
        data.captured().iter().zip(&self.told).filter(|(row, _)| polling::bytes_tell(&row.vector)).collect()
    }

    /// Every conversation as if its bytes told nothing.
    fn without_bytes<'a>(&'a self, data: &'a Conversations) -> Vec<Said<'a>> {
        data.captured().iter().zip(&self.hidden).collect()
    }
}

/// Trains the model and puts it into a bundle, in place of the one it may have. Everything else of the bundle stays, but for
/// its name and trust counter.
///
/// # Errors
/// [`TrainError`] where the data cannot support a model.
pub fn add(
    mut onto: Trained,
    data: &Conversations,
    settings: &Settings,
    progress: &mut dyn FnMut(&str),
) -> Result<Trained, TrainError> {
    let classes = data.classes();
    if classes.len() < 2 || !data.captured().iter().any(|row| row.class == OTHER) || data.groups().len() < 2 {
        return Err(TrainError::TooFewConversations { classes: classes.len(), groups: data.groups().len() });
    }
    take_out(&mut onto);
    progress("behaviour: holding out each source");
    let held = hold_out(data, &classes, &settings.voting)?;
    progress("behaviour: fitting on all sources");
    let trees = fit(data, &classes, &settings.voting, None)?;
    let sources = data.sources(&classes);
    let (with_said, without_said) = (held.with_bytes(data), held.without_bytes(data));
    let certainty = |said| certainty(data, (&classes, &sources), said, settings);
    let ((with_bytes, mut as_they_are), (without_bytes, hidden)) = (certainty(&with_said), certainty(&without_said));
    as_they_are.extend(hidden.iter().filter(|told| !polling::bytes_tell(&told.row.vector)).copied());
    let self_test = self_test(data, &classes, &trees, &mut onto.tensors);
    let tensor = seal::append(&mut onto.tensors, |into| trees.write(into));
    let card = Card {
        purpose: "Name the industrial protocol of conversations that nobody recognised, by sizes, order and times of \
                  their packets and by what stands where in them."
            .to_owned(),
        trained_on: settings.trained_on.clone(),
        data_sha256: settings.data_sha256.clone(),
        rows: data.counts(),
        settings: BTreeMap::from([
            ("voting".to_owned(), format!("{:?}", settings.voting)),
            ("margin".to_owned(), settings.behaviour_margin.to_string()),
            ("made".to_owned(), data.made().to_string()),
        ]),
        sources_left_out: figures(data, (&classes, &sources), [&as_they_are, &hidden]),
        leakage: BTreeMap::new(),
        limits: LIMITS.iter().map(|limit| (*limit).to_owned()).collect(),
    };
    let reads = Schema::Polling.id().to_owned();
    let trees = trees.trees() as u32;
    onto.manifest.behaviour =
        Some(Behaviour { reads, tensor, trees, classes, sources, with_bytes, without_bytes, self_test, card });
    onto.manifest.name.clone_from(&settings.name);
    onto.manifest.trust_counter = settings.trust_counter;
    Ok(onto)
}

/// Takes the model out of a bundle with its numbers, which stand last.
fn take_out(bundle: &mut Trained) {
    if let Some(old) = bundle.manifest.behaviour.take() {
        let begins = old.self_test.iter().map(|test| test.vector.offset).chain([old.tensor.offset]).min();
        bundle.tensors.truncate(begins.map_or(0, |begins| begins as usize));
    }
}

fn fit(
    data: &Conversations,
    classes: &[String],
    settings: &VotingSettings,
    left_out: Option<&str>,
) -> Result<Trees, TrainError> {
    let used = || data.learnt_from().filter(|row| left_out != Some(row.group.as_str()));
    // Each once more with its bytes hidden: where they tell nothing, sizes and times alone are to decide.
    let hidden: Vec<Conversation> = used().map(Conversation::without_bytes).collect();
    let rows: Vec<Classed<'_>> = used().chain(&hidden).map(|row| row.classed(classes)).collect();
    Ok(voting::grow(&rows, Some(polling::BYTES_TELL), settings)?)
}

fn hold_out(data: &Conversations, classes: &[String], settings: &VotingSettings) -> Result<HeldOut, TrainError> {
    let nothing = vec![Choice { class: 0, share: 0.0 }; data.captured().len()];
    let mut held = HeldOut { told: nothing.clone(), hidden: nothing };
    for group in data.groups() {
        let trees = fit(data, classes, settings, Some(&group))?;
        let choices = held.told.iter_mut().zip(&mut held.hidden);
        for (row, (told, hidden)) in data.captured().iter().zip(choices).filter(|(row, _)| row.group == group) {
            *told = choose(&trees, classes.len(), &row.vector);
            *hidden = choose(&trees, classes.len(), &row.without_bytes().vector);
        }
    }
    Ok(held)
}

/// Calibrates the share of the votes where an industrial protocol has most of them. A protocol that no other source
/// has is wrong by necessity, as one is that the model was never shown.
fn calibrate(data: &Conversations, classes: &[String], said: &[Said<'_>], settings: &Settings) -> Calibration {
    let mut sizes: BTreeMap<(&str, &str), f32> = BTreeMap::new();
    for row in data.captured() {
        *sizes.entry((&row.class, &row.group)).or_default() += 1.0;
    }
    let output = |(row, choice): &Said<'_>| {
        let size = sizes.get(&(row.class.as_str(), row.group.as_str())).copied().unwrap_or(1.0);
        let right = choice.class == number(classes, &row.class);
        (choice.class > 0).then(|| (choice.share, right, 1.0 / size.sqrt()))
    };
    let outputs: Vec<platt::HeldOut> = said.iter().filter_map(output).collect();
    platt::fit(&outputs, settings.behaviour_prior)
}

/// How sure a choice is and has to be, and which of the conversations it was found by get a name.
fn certainty<'a>(
    data: &Conversations,
    (classes, sources): (&[String], &[u32]),
    said: &[Said<'a>],
    settings: &Settings,
) -> (Certainty, Vec<Judged<'a>>) {
    let calibration = calibrate(data, classes, said, settings);
    let least = Least { sources, share: calibration.raw(LEAST_CONFIDENCE), margin: settings.behaviour_margin };
    (Certainty { calibration, from: least.named_from(said, None) }, judged(said, least))
}

/// What a name has to have at least.
#[derive(Clone, Copy)]
struct Least<'a> {
    /// Of each class.
    sources: &'a [u32],
    /// Of the votes.
    share: f32,
    /// More than any other conversation had for the class.
    margin: f32,
}

impl Least<'_> {
    /// The share of the votes from which each class is named. Conversations of one source may be left out, so that their own
    /// names can be measured.
    fn named_from(self, said: &[Said<'_>], left_out: Option<&str>) -> Vec<f32> {
        let share = self.share.max(self.margin);
        let least = |sources: &u32| if *sources < LEAST_SOURCES { NEVER } else { share };
        let mut from: Vec<f32> = self.sources.iter().map(least).collect();
        let others = said.iter().filter(|(row, _)| row.class == OTHER && left_out != Some(row.group.as_str()));
        for (_, choice) in others {
            if let Some(from) = from.get_mut(choice.class) {
                *from = from.max(choice.share + self.margin);
            }
        }
        from.iter().enumerate().map(|(class, from)| if class == 0 { NEVER } else { *from }).collect()
    }
}

/// What was said of each conversation, and whether it is named when the shares that name are set without its source.
fn judged<'a>(said: &[Said<'a>], least: Least<'_>) -> Vec<Judged<'a>> {
    let groups: BTreeSet<&str> = said.iter().map(|(row, _)| row.group.as_str()).collect();
    let from: BTreeMap<&str, Vec<f32>> =
        groups.into_iter().map(|group| (group, least.named_from(said, Some(group)))).collect();
    let told = |(row, choice): &Said<'a>| {
        let from = from.get(row.group.as_str()).and_then(|from| from.get(choice.class));
        Judged { row, class: choice.class, named: from.is_some_and(|from| choice.share >= *from) }
    };
    said.iter().map(told).collect()
}

/// Figures of the conversations as they are, and of the same with their bytes hidden.
fn figures(
    data: &Conversations,
    (classes, sources): (&[String], &[u32]),
    told: [&[Judged<'_>]; 2],
) -> BTreeMap<String, f64> {
    let several = sources.iter().skip(1).filter(|sources| **sources >= LEAST_SOURCES).count();
    let others = data.captured().iter().filter(|row| row.class == OTHER).count();
    let mut figures = BTreeMap::from([
        ("protocols_of_several_sources".to_owned(), several as f64),
        ("protocols_of_one_source".to_owned(), (classes.len() - 1 - several) as f64),
        ("others".to_owned(), others as f64),
    ]);
    for (told, way) in told.into_iter().zip(["", "_without_bytes"]) {
        let (first, sure) = recalls((classes, sources), told);
        let named = || told.iter().filter(|told| told.named);
        let right = named().filter(|told| told.class == number(classes, &told.row.class)).count();
        let others_named = named().filter(|told| told.row.class == OTHER).count();
        for (name, value) in [
            ("macro_recall_of_the_first_choice", first),
            ("macro_recall_at_the_level", sure),
            ("precision_at_the_level", right as f64 / named().count().max(1) as f64),
            ("others_named", others_named as f64),
        ] {
            figures.insert(format!("{name}{way}"), value);
        }
    }
    figures
}

/// Macro recall of protocols that several sources have: of the first choice, and of what is named.
fn recalls((classes, sources): (&[String], &[u32]), told: &[Judged<'_>]) -> (f64, f64) {
    let (mut first, mut sure) = (Vec::new(), Vec::new());
    for (class, (name, sources)) in classes.iter().zip(sources).enumerate().skip(1) {
        if *sources < LEAST_SOURCES {
            continue;
        }
        let of_class = || told.iter().filter(|told| told.row.class == *name);
        let share = |count: usize| count as f64 / of_class().count().max(1) as f64;
        first.push(share(of_class().filter(|told| told.class == class).count()));
        sure.push(share(of_class().filter(|told| told.class == class && told.named).count()));
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
    (mean(&first), mean(&sure))
}

fn self_test(data: &Conversations, classes: &[String], trees: &Trees, tensors: &mut Vec<u8>) -> Vec<BehaviourTest> {
    let step = data.captured().len().div_ceil(SELF_TESTS).max(1);
    let test = |row: &Conversation| {
        let choice = choose(trees, classes.len(), &row.vector);
        let vector = seal::append(tensors, |into| into.extend(row.vector.iter().flat_map(|v| v.to_le_bytes())));
        BehaviourTest { vector, class: choice.class as u16, share: choice.share }
    };
    data.captured().iter().step_by(step).map(test).collect()
}

const LIMITS: &[&str] = &[
    "Figures of this model on captures it was trained on say nothing; sources_left_out is measured by models, and by shares of \
     the votes that name, that never saw the source. What one source alone has is told apart, and never named.",
    "Conversations that were made beside the captured ones follow the published formats, on schedules and with contents of \
     chance; protocols that one capture's source has beside them are named by what was made alone where that source is left out.",
    "Most sources are laboratories and test captures; few conversations stand behind most protocols.",
    "A conversation of a protocol that is no class of this model gets the name of a similar one, or none.",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_more_votes_than_other_conversations_of_other_sources() {
        let row = |class: &str, group: &str| Conversation { class: class.into(), group: group.into(), vector: vec![] };
        let (taken, mine) = (row(OTHER, "a"), row("modbus", "b"));
        let (often, seldom) = (Choice { class: 1, share: 0.4 }, Choice { class: 1, share: 0.35 });
        let said = [(&taken, &often), (&taken, &seldom), (&mine, &often)];
        let least = Least { sources: &[9, 2, 1], share: 0.3, margin: 0.15 };
        assert_eq!(least.named_from(&said, None), [NEVER, 0.4 + 0.15, NEVER], "the third class has one source");
        assert_eq!(least.named_from(&said, Some("a")), [NEVER, 0.3, NEVER]);
        // Measured without the own source: what set the share is named itself, and the protocol is not.
        let named: Vec<bool> = judged(&said, least).iter().map(|told| told.named).collect();
        assert_eq!(named, [true, true, false]);
    }
}
