//! What protocol a conversation speaks, told by how its packets follow each other: trees that vote for a class.

use crate::bundle::{bytes, floats};
use crate::manifest::{self, Certainty};
use crate::refusal::Refusal;
use crate::trees::{Combine, Trees};
use picket_event::{Protocol, Unit};
use picket_feature::{Observation, Schema, polling};

/// Name of the class of everything that is not industrial; always the first.
pub const OTHER: &str = "other";
/// Classes at most.
pub const MAX_CLASSES: usize = 128;

/// The model, checked.
#[derive(Debug)]
pub(crate) struct Behaviour {
    trees: Trees,
    /// The protocols of classes 1 and on.
    protocols: Vec<Protocol>,
    with_bytes: Certainty,
    without_bytes: Certainty,
}

/// What the trees say of one vector.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// The class with the most votes, the first of equals.
    pub class: usize,
    /// Its share of the votes.
    pub share: f32,
}

/// Lets trees whose leaves hold the number of a class vote; numbers outside count for nobody.
#[must_use]
pub fn choose(trees: &Trees, classes: usize, vector: &[f32]) -> Choice {
    let mut votes = vec![0u32; classes];
    trees.leaves(vector, |leaf| {
        if let Some(count) = votes.get_mut(leaf as usize) {
            *count += 1;
        }
    });
    let best = votes.iter().enumerate().rev().max_by_key(|(_, count)| **count);
    let (class, count) = best.map_or((0, 0), |(class, count)| (class, *count));
    Choice { class, share: count as f32 / trees.trees().max(1) as f32 }
}

impl Behaviour {
    pub(crate) fn read(told: &manifest::Behaviour, tensors: &[u8]) -> Result<Self, Refusal> {
        let wrong = |what: &str| Refusal::model("behaviour", what.to_owned());
        if told.reads != Schema::Polling.id() {
            return Err(Refusal::Schema {
                wanted: told.reads.chars().take(64).collect(),
                known: Schema::Polling.id().to_owned(),
            });
        }
        let classes = told.classes.len();
        if told.classes.first().is_none_or(|class| class != OTHER) || !(2..=MAX_CLASSES).contains(&classes) {
            return Err(wrong("its first class must be \"other\", and 1 to 127 others follow"));
        }
        if told.sources.len() != classes {
            return Err(wrong("it does not tell the sources of each class"));
        }
        for certainty in [&told.with_bytes, &told.without_bytes] {
            if certainty.from.len() != classes || !certainty.from.iter().all(|share| *share > 0.0) {
                return Err(wrong("it must tell for each class from which share of the votes it is named, over 0"));
            }
            certainty.calibration.check()?;
        }
        let protocols: Vec<Protocol> = told.classes.iter().skip(1).map(|name| Protocol::from_name(name)).collect();
        if let Some(stranger) = protocols.iter().find(|protocol| !protocol.is_industrial()) {
            return Err(wrong(&format!("{:.64} is no industrial protocol", stranger.name())));
        }
        let features = Schema::Polling.len();
        let trees = Trees::read(bytes(tensors, told.tensor)?, told.trees as usize, Combine::Mean, 0.0, features)?;
        let (with_bytes, without_bytes) = (told.with_bytes.clone(), told.without_bytes.clone());
        let behaviour = Self { trees, protocols, with_bytes, without_bytes };
        for (number, test) in told.self_test.iter().enumerate() {
            let got = behaviour.choose(&floats(tensors, test.vector, features)?);
            if got.class != usize::from(test.class) || (got.share - test.share).abs() > 1e-4 {
                return Err(Refusal::SelfTest(format!("behaviour {number} gives {got:?}")));
            }
        }
        Ok(behaviour)
    }

    fn choose(&self, vector: &[f32]) -> Choice {
        choose(&self.trees, self.protocols.len() + 1, vector)
    }

    /// The protocol and how sure that is; `None` for a conversation that is too short, is none of them, or is not sure enough.
    pub(crate) fn recognise(&self, seen: &Observation<'_>) -> Option<(Protocol, Unit)> {
        if seen.stats.payload_packets() < polling::LEAST || !seen.polling.is_some_and(polling::Polling::describes) {
            return None;
        }
        let mut vector = Vec::with_capacity(Schema::Polling.len());
        Schema::Polling.extract(seen, &mut vector);
        let choice = self.choose(&vector);
        let protocol = self.protocols.get(choice.class.checked_sub(1)?)?;
        let certainty = if polling::bytes_tell(&vector) { &self.with_bytes } else { &self.without_bytes };
        certainty.of(&choice).map(|confidence| (protocol.clone(), Unit::new(confidence)))
    }
}
