//! The manifest of a bundle: what stands beside the tensors, as JSON.

use crate::behaviour::Choice;
use crate::calibration::Calibration;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a bundle says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// A name people use.
    pub name: String,
    /// Rises with every bundle a signer gives out; an older one is refused.
    pub trust_counter: u64,
    /// Schemas whose vectors, end to end, are the models' input.
    pub schemas: Vec<String>,
    /// The classifiers.
    pub members: Vec<Member>,
    /// How they vote.
    pub vote: Vote,
    /// Rules on single features.
    pub rules: Vec<Rule>,
    /// What names conversations that nobody recognised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behaviour: Option<Behaviour>,
    /// What the bundle must give for stored inputs, checked before it is taken.
    pub self_test: Vec<SelfTest>,
    /// The model card.
    pub card: Card,
}

/// One classifier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Its name in votes.
    pub classifier: String,
    /// Schemas it reads, for people; its trees address the whole vector.
    pub reads: Vec<String>,
    /// Features without which it abstains.
    pub needs: Vec<String>,
    /// Its model.
    pub model: Model,
    /// From raw output to probability.
    pub calibration: Calibration,
    /// Lowest and highest value of each feature in training (two rows of the vector's length); a vector with more
    /// than `out_of_range` features outside makes it abstain.
    pub range: Option<Span>,
    /// See `range`.
    pub out_of_range: u16,
    /// Weight in the adaptive vote, by traffic class.
    pub weights: BTreeMap<String, f32>,
    /// Measured figures, sources left out.
    pub figures: BTreeMap<String, f64>,
}

/// A model family and where its numbers stand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "family", rename_all = "snake_case", deny_unknown_fields)]
pub enum Model {
    /// Extra trees or random forest: the mean of the leaves.
    Forest {
        /// Where.
        tensor: Span,
        /// How many trees.
        trees: u32,
    },
    /// Gradient boosting: the logistic function of base plus the sum of the leaves.
    Boosting {
        /// Where.
        tensor: Span,
        /// How many trees.
        trees: u32,
        /// What is added.
        base: f32,
    },
    /// Logistic regression over hashed hello tokens.
    Tokens {
        /// Where.
        tensor: Span,
        /// The bias.
        bias: f32,
    },
    /// A feature that is a probability already.
    Feature {
        /// Its name.
        name: String,
    },
}

/// Bytes of the tensor part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Span {
    /// First byte.
    pub offset: u32,
    /// How many.
    pub length: u32,
}

/// The model that tells an industrial protocol by how packets follow each other: trees whose leaves are numbers of classes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Behaviour {
    /// The schema of its vector.
    pub reads: String,
    /// Where its trees stand.
    pub tensor: Span,
    /// How many trees.
    pub trees: u32,
    /// Names of the classes: `other`, then industrial protocols.
    pub classes: Vec<String>,
    /// From how many sources each class was learnt; whatever was made and not captured is one.
    pub sources: Vec<u32>,
    /// Where bytes of the payload tell something.
    pub with_bytes: Certainty,
    /// Where they do not, as in encrypted payload.
    pub without_bytes: Certainty,
    /// Stored inputs and what must come of them.
    pub self_test: Vec<BehaviourTest>,
    /// Its card.
    pub card: Card,
}

/// How sure a choice of [`Behaviour`] is, and how sure it has to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certainty {
    /// From the share of the votes to the probability that the class is right.
    pub calibration: Calibration,
    /// The share of the votes from which each class is named, in order of the classes; above 1 for one that never is.
    pub from: Vec<f32>,
}

impl Certainty {
    /// The probability that a choice is right, where its share of the votes names the class.
    #[must_use]
    pub fn of(&self, choice: &Choice) -> Option<f32> {
        let from = *self.from.get(choice.class)?;
        (choice.share >= from).then(|| self.calibration.apply(choice.share))
    }
}

/// A stored input of [`Behaviour`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BehaviourTest {
    /// The vector, as in [`SelfTest`].
    pub vector: Span,
    /// The class with the most votes.
    pub class: u16,
    /// Its share of them.
    pub share: f32,
}

/// How votes become a verdict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vote {
    /// `adaptive` or `majority`.
    pub method: VoteMethod,
    /// Votes needed for a verdict; with fewer the flow is left unjudged.
    pub least_votes: u8,
    /// From this value on: suspicious.
    pub suspicious: f32,
    /// From this value on: malicious.
    pub malicious: f32,
}

/// How votes are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VoteMethod {
    /// The mean of the log-odds, weighted by the weights of the traffic class.
    Adaptive,
    /// The share of votes of one half and more; ties count as not.
    Majority,
}

/// A rule: all conditions hold, then it fires.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// A name people use.
    pub name: String,
    /// What must hold.
    pub conditions: Vec<Condition>,
    /// Flows it fired on where it was measured.
    pub hits: u32,
    /// How many of them were malicious.
    pub right: u32,
    /// Independent sources those came from.
    pub sources: u32,
}

/// A range of one feature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// The feature.
    pub feature: String,
    /// Least value.
    pub least: f32,
    /// Largest value.
    pub most: f32,
}

/// A stored input and what the bundle must make of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SelfTest {
    /// The vector, little-endian 32-bit numbers, absent ones as `NaN`.
    pub vector: Span,
    /// Hello tokens' buckets, sorted.
    pub tokens: Vec<u32>,
    /// Each member's calibrated probability; `null` where it abstains.
    pub votes: Vec<Option<f32>>,
    /// The vote's value.
    pub value: f32,
}

/// What people should know before they trust it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// What it is for.
    pub purpose: String,
    /// What it was trained on.
    pub trained_on: String,
    /// SHA-256 of the feature rows, hexadecimal; that of made ones behind a space.
    pub data_sha256: String,
    /// Rows, by label.
    pub rows: BTreeMap<String, u32>,
    /// Settings of the training, the seed among them.
    pub settings: BTreeMap<String, String>,
    /// Figures with whole sources left out: no model saw a capture of the source it was measured on.
    pub sources_left_out: BTreeMap<String, f64>,
    /// What the leakage gate found.
    pub leakage: BTreeMap<String, f64>,
    /// What it must not be used for, and what limits its figures.
    pub limits: Vec<String>,
}

impl Rule {
    /// 95 % lower bound of its precision (Wilson's interval).
    #[must_use]
    pub fn precision_lower_bound(&self) -> f64 {
        wilson_lower_bound(self.right.min(self.hits), self.hits)
    }

    /// Whether it may decide alone: the bound is at least 0.97 on at least 300 hits or three independent sources.
    #[must_use]
    pub fn may_decide(&self) -> bool {
        self.precision_lower_bound() >= 0.97 && (self.hits >= 300 || self.sources >= 3)
    }
}

/// Lower end of Wilson's two-sided 95 % interval of a share.
#[must_use]
pub fn wilson_lower_bound(right: u32, of: u32) -> f64 {
    if of == 0 {
        return 0.0;
    }
    const Z: f64 = 1.959_963_985;
    let (n, p) = (f64::from(of), f64::from(right) / f64::from(of));
    let spread = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    ((p + Z * Z / (2.0 * n) - spread) / (1.0 + Z * Z / n)).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_decides_alone_only_on_enough_evidence() {
        let rule = |hits, right, sources| Rule { name: "r".into(), conditions: vec![], hits, right, sources };
        assert!((wilson_lower_bound(9, 10) - 0.5958).abs() < 1e-3);
        assert!(rule(400, 399, 1).may_decide());
        assert!(!rule(100, 100, 5).may_decide(), "bound is {}", rule(100, 100, 5).precision_lower_bound());
        assert!(rule(150, 150, 3).may_decide());
        assert!(!rule(150, 150, 2).may_decide());
        assert!(!rule(0, 0, 9).may_decide());
    }
}
