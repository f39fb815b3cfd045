//! The model that tells an industrial protocol by how packets follow each other: trained on conversations that the
//! sensor recognised by their bytes.

use crate::voting::{self, Classed, VotingSettings};
use crate::{DataError, Settings, TrainError, Trained, platt, seal};
use picket_event::Protocol;
use picket_feature::{Schema, polling};
use picket_score::behaviour::{Choice, LEAST_SOURCES, OTHER, choose};
use picket_score::calibration::Calibration;
use picket_score::manifest::{Behaviour, BehaviourTest, Card, Certainty};
use picket_score::row::{FORMAT, Header, Row};
use picket_score::trees::Trees;
use std::collections::{BTreeMap, BTreeSet};

/// Stored inputs of the self-test.
const SELF_TESTS: usize = 8;
/// A name is never given below this probability.
const LEAST_LEVEL: f32 = 0.5;

/// Conversations with their classes.
#[derive(Clone, Debug)]
pub struct Conversations {
    rows: Vec<Conversation>,
}

#[derive(Clone, Debug)]
struct Conversation {
    class: String,
    group: String,
    vector: Vec<f32>,
}

impl Conversation {
    /// The same where its payload bytes tell nothing.
    fn without_bytes(&self) -> Self {
        let mut hidden = self.clone();
        hidden.vector.iter_mut().skip(polling::BYTES_TELL).for_each(|value| *value = f32::NAN);
        hidden
    }

    fn classed(&self, classes: &[String]) -> Classed<'_> {
        Classed { vector: &self.vector, class: number(classes, &self.class), group: &self.group }
    }
}

impl Conversations {
    /// Reads rows of kind `polling`. The class is the industrial protocol that was recognised, else `other`; what nobody
    /// recognised counts as `other` only where its capture has a label, and is else left out.
    ///
    /// # Errors
    /// [`DataError`] for another format, another schema, or a row of the wrong width.
    pub fn parse<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Self, DataError> {
        let mut lines = lines.enumerate().filter(|(_, line)| !line.trim().is_empty());
        let error = |line: usize, detail: String| DataError { line: line + 1, detail };
        let (at, first) = lines.next().ok_or_else(|| error(0, "there is none".to_owned()))?;
        let header: Header = serde_json::from_str(first).map_err(|e| error(at, e.to_string()))?;
        let known = Header::of(&[Schema::Polling]);
        if header.picket_features != FORMAT || header.names != known.names {
            return Err(error(at, format!("schemas {:?}, {:?} is needed", header.schemas, known.schemas)));
        }
        let mut rows = Vec::new();
        for (at, line) in lines {
            let row: Row = serde_json::from_str(line).map_err(|e| error(at, e.to_string()))?;
            if row.x.len() != header.names.len() {
                return Err(error(at, format!("{} values, {} were announced", row.x.len(), header.names.len())));
            }
            let protocol = Protocol::from_name(&row.app);
            if protocol == Protocol::UNKNOWN && row.label.is_empty() {
                continue;
            }
            let class = if protocol.is_industrial() { row.app } else { OTHER.to_owned() };
            let vector = row.x.iter().map(|value| value.unwrap_or(f32::NAN)).collect();
            rows.push(Conversation { class, group: row.group, vector });
        }
        Ok(Self { rows })
    }

    /// The sources, sorted.
    #[must_use]
    pub fn groups(&self) -> Vec<String> {
        let groups: BTreeSet<&String> = self.rows.iter().map(|row| &row.group).collect();
        groups.into_iter().cloned().collect()
    }

    /// Those of other sources than these.
    #[must_use]
    pub fn without(&self, groups: &[String]) -> Self {
        let rows = self.rows.iter().filter(|row| !groups.contains(&row.group)).cloned().collect();
        Self { rows }
    }

    /// How many conversations each class has.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<String, u32> {
        let mut counts = BTreeMap::new();
        for row in &self.rows {
            *counts.entry(row.class.clone()).or_default() += 1;
        }
        counts
    }

    /// From how many sources each class is.
    fn sources(&self, classes: &[String]) -> Vec<u32> {
        let groups = |class: &String| -> BTreeSet<&str> {
            self.rows.iter().filter(|row| row.class == *class).map(|row| row.group.as_str()).collect()
        };
        classes.iter().map(|class| groups(class).len() as u32).collect()
    }

    /// `other`, then the protocols in order.
    fn classes(&self) -> Vec<String> {
        let protocols: BTreeSet<&str> =
            self.rows.iter().map(|row| row.class.as_str()).filter(|c| *c != OTHER).collect();
        std::iter::once(OTHER).chain(protocols).map(str::to_owned).collect()
    }
}

/// A conversation with what was said of it.
type Said<'a> = (&'a Conversation, &'a Choice);

/// What the model said of each conversation when its source was held out: as it is, and with its bytes hidden.
struct HeldOut {
    told: Vec<Choice>,
    hidden: Vec<Choice>,
}

impl HeldOut {
    /// Every conversation whose bytes tell something, with what was said of it.
    fn with_bytes<'a>(&'a self, data: &'a Conversations) -> Vec<Said<'a>> {
        data.rows.iter().zip(&self.told).filter(|(row, _)| polling::bytes_tell(&row.vector)).collect()
    }

    /// Every conversation as if its bytes told nothing.
    fn without_bytes<'a>(&'a self, data: &'a Conversations) -> Vec<Said<'a>> {
        data.rows.iter().zip(&self.hidden).collect()
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
    if classes.len() < 2 || !data.rows.iter().any(|row| row.class == OTHER) || data.groups().len() < 2 {
        return Err(TrainError::TooFewConversations { classes: classes.len(), groups: data.groups().len() });
    }
    take_out(&mut onto);
    progress("behaviour: holding out each source");
    let held = hold_out(data, &classes, &settings.voting)?;
    progress("behaviour: fitting on all sources");
    let trees = fit(data, &classes, &settings.voting, None)?;
    let sources = data.sources(&classes);
    let certainty = |said: &[Said<'_>]| {
        let calibration = calibrate(data, &classes, said, settings);
        Certainty { calibration, level: level(said, &sources, calibration, settings.behaviour_share) }
    };
    let (with_bytes, without_bytes) = (certainty(&held.with_bytes(data)), certainty(&held.without_bytes(data)));
    let self_test = self_test(data, &classes, &trees, &mut onto.tensors);
    let tensor = seal::append(&mut onto.tensors, |into| trees.write(into));
    let card = Card {
        purpose: "Name the industrial protocol of conversations that nobody recognised, by sizes, order and times of \
                  their packets and by what stands where in them."
            .to_owned(),
        trained_on: settings.trained_on.clone(),
        data_sha256: settings.data_sha256.clone(),
        rows: data.counts(),
        settings: BTreeMap::from([("voting".to_owned(), format!("{:?}", settings.voting))]),
        sources_left_out: figures(data, (&classes, &sources), &held, (with_bytes, without_bytes)),
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

fn number(classes: &[String], class: &str) -> usize {
    classes.iter().position(|known| known == class).unwrap_or(0)
}

fn fit(
    data: &Conversations,
    classes: &[String],
    settings: &VotingSettings,
    left_out: Option<&str>,
) -> Result<Trees, TrainError> {
    let used = || data.rows.iter().filter(|row| left_out != Some(row.group.as_str()));
    // Each once more with its bytes hidden: where they tell nothing, sizes and times alone are to decide.
    let hidden: Vec<Conversation> = used().map(Conversation::without_bytes).collect();
    let rows: Vec<Classed<'_>> = used().chain(&hidden).map(|row| row.classed(classes)).collect();
    Ok(voting::grow(&rows, Some(polling::BYTES_TELL), settings)?)
}

fn hold_out(data: &Conversations, classes: &[String], settings: &VotingSettings) -> Result<HeldOut, TrainError> {
    let nothing = vec![Choice { class: 0, share: 0.0 }; data.rows.len()];
    let mut held = HeldOut { told: nothing.clone(), hidden: nothing };
    for group in data.groups() {
        let trees = fit(data, classes, settings, Some(&group))?;
        let choices = held.told.iter_mut().zip(&mut held.hidden);
        for (row, (told, hidden)) in data.rows.iter().zip(choices).filter(|(row, _)| row.group == group) {
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
    for row in &data.rows {
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

/// The least level at which no more than this share of the held-out conversations of class `other` is named.
fn level(said: &[Said<'_>], sources: &[u32], calibration: Calibration, share: f64) -> f32 {
    let others = || said.iter().filter(|(row, _)| row.class == OTHER);
    let named = others().filter(|(_, choice)| may_be_named(sources, choice));
    let mut named: Vec<f32> = named.map(|(_, choice)| calibration.apply(choice.share)).collect();
    named.sort_by(|a, b| b.total_cmp(a));
    let allowed = (others().count() as f64 * share) as usize;
    named.get(allowed).map_or(0.0, |value| value.next_up()).clamp(LEAST_LEVEL, 1.0)
}

/// Whether a choice gives a name where it is sure enough.
fn may_be_named(sources: &[u32], choice: &Choice) -> bool {
    choice.class > 0 && sources.get(choice.class).is_some_and(|sources| *sources >= LEAST_SOURCES)
}

/// Figures of the conversations as they are, and of the same with their bytes hidden.
fn figures(
    data: &Conversations,
    (classes, sources): (&[String], &[u32]),
    held: &HeldOut,
    (with_bytes, without_bytes): (Certainty, Certainty),
) -> BTreeMap<String, f64> {
    let several = sources.iter().skip(1).filter(|sources| **sources >= LEAST_SOURCES).count();
    let others = data.rows.iter().filter(|row| row.class == OTHER).count();
    let mut figures = BTreeMap::from([
        ("protocols_of_several_sources".to_owned(), several as f64),
        ("protocols_of_one_source".to_owned(), (classes.len() - 1 - several) as f64),
        ("others".to_owned(), others as f64),
    ]);
    for (choices, way) in [(&held.told, ""), (&held.hidden, "_without_bytes")] {
        let named = |row: &Conversation, choice: &Choice| {
            let told = way.is_empty() && polling::bytes_tell(&row.vector);
            let certainty = if told { with_bytes } else { without_bytes };
            may_be_named(sources, choice) && certainty.of(choice.share).is_some()
        };
        let (first, sure) = recalls(data, (classes, sources), choices, named);
        let rows = || data.rows.iter().zip(choices).filter(|(row, choice)| named(row, choice));
        let right = rows().filter(|(row, choice)| choice.class == number(classes, &row.class)).count();
        let others_named = rows().filter(|(row, _)| row.class == OTHER).count();
        for (name, value) in [
            ("macro_recall_of_the_first_choice", first),
            ("macro_recall_at_the_level", sure),
            ("precision_at_the_level", right as f64 / rows().count().max(1) as f64),
            ("others_named", others_named as f64),
        ] {
            figures.insert(format!("{name}{way}"), value);
        }
    }
    figures
}

/// Macro recall of protocols that several sources have: of the first choice, and of what is named.
fn recalls(
    data: &Conversations,
    (classes, sources): (&[String], &[u32]),
    choices: &[Choice],
    named: impl Fn(&Conversation, &Choice) -> bool,
) -> (f64, f64) {
    let (mut first, mut sure) = (Vec::new(), Vec::new());
    for (class, (name, sources)) in classes.iter().zip(sources).enumerate().skip(1) {
        if *sources < LEAST_SOURCES {
            continue;
        }
        let of_class = || data.rows.iter().zip(choices).filter(|(row, _)| row.class == *name);
        let share = |count: usize| count as f64 / of_class().count().max(1) as f64;
        first.push(share(of_class().filter(|(_, choice)| choice.class == class).count()));
        sure.push(share(of_class().filter(|(row, choice)| choice.class == class && named(row, choice)).count()));
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
    (mean(&first), mean(&sure))
}

fn self_test(data: &Conversations, classes: &[String], trees: &Trees, tensors: &mut Vec<u8>) -> Vec<BehaviourTest> {
    let step = data.rows.len().div_ceil(SELF_TESTS).max(1);
    let test = |row: &Conversation| {
        let choice = choose(trees, classes.len(), &row.vector);
        let vector = seal::append(tensors, |into| into.extend(row.vector.iter().flat_map(|v| v.to_le_bytes())));
        BehaviourTest { vector, class: choice.class as u16, share: choice.share }
    };
    data.rows.iter().step_by(step).map(test).collect()
}

const LIMITS: &[&str] = &[
    "Figures of this model on captures it was trained on say nothing; sources_left_out is measured by models that never \
     saw the source. Protocols of one source cannot be measured so: they are told apart, and never named.",
    "Most sources are laboratories and test captures; few conversations stand behind most protocols.",
    "A conversation of a protocol that is no class of this model gets the name of a similar one, or none.",
];
