//! Scores, votes and reasons in few bytes.

use crate::body::{Score, Vote};
use crate::reason::MAX_ARGS;
use crate::{Classifier, Reason, ReasonArg, Unit, Verdict};
use bincode::{Decode, Encode};

/// Votes of one score at most.
const MAX_VOTES: usize = 32;
/// Reasons of one score at most.
const MAX_REASONS: usize = 32;

/// Who votes with which weight repeats from flow to flow, what they say does not: kept apart, the first compresses to
/// nothing.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub(super) struct WireScore {
    verdict: u8,
    classifiers: Vec<u8>,
    weights: Vec<u8>,
    reasons: Vec<WireReason>,
    value: u16,
    votes: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub(super) struct WireReason {
    template: u16,
    args: Vec<WireArg>,
}

#[derive(Clone, Debug, PartialEq, Encode, Decode)]
enum WireArg {
    /// Whole numbers are the usual case, and cost one byte as such.
    Whole(i32),
    Number(f32),
    Text(String),
}

/// The nearest of 256 steps.
pub(super) fn to_u8(unit: Unit) -> u8 {
    (unit.get() * 255.0).round() as u8
}

pub(super) fn from_u8(step: u8) -> Unit {
    Unit::new(f32::from(step) / 255.0)
}

fn argument(arg: &ReasonArg) -> WireArg {
    match arg {
        ReasonArg::Number(n) if n.fract() == 0.0 && n.abs() < 16_777_216.0 && !(*n == 0.0 && n.is_sign_negative()) => {
            WireArg::Whole(*n as i32)
        }
        ReasonArg::Number(n) => WireArg::Number(*n),
        ReasonArg::Text(text) => WireArg::Text(text.clone()),
    }
}

impl From<&Reason> for WireReason {
    fn from(reason: &Reason) -> Self {
        Self { template: reason.template, args: reason.args.iter().take(MAX_ARGS).map(argument).collect() }
    }
}

impl WireReason {
    pub(super) fn reason(self) -> Option<Reason> {
        if self.args.len() > MAX_ARGS {
            return None;
        }
        let args = self.args.into_iter().map(|arg| match arg {
            WireArg::Whole(n) => ReasonArg::Number(n as f32),
            WireArg::Number(n) => ReasonArg::Number(n),
            WireArg::Text(text) => ReasonArg::Text(text),
        });
        Some(Reason { template: self.template, args: args.collect() })
    }
}

pub(super) fn reasons(from: &[Reason]) -> Vec<WireReason> {
    from.iter().take(MAX_REASONS).map(WireReason::from).collect()
}

pub(super) fn read_reasons(from: Vec<WireReason>) -> Option<Vec<Reason>> {
    if from.len() > MAX_REASONS {
        return None;
    }
    from.into_iter().map(WireReason::reason).collect()
}

impl From<&Score> for WireScore {
    fn from(score: &Score) -> Self {
        let votes = || score.votes.iter().take(MAX_VOTES);
        Self {
            verdict: score.verdict as u8,
            classifiers: votes().map(|vote| vote.classifier as u8).collect(),
            weights: votes().map(|vote| to_u8(vote.weight)).collect(),
            reasons: reasons(&score.reasons),
            value: (score.value.get() * 65_535.0).round() as u16,
            votes: votes().map(|vote| to_u8(vote.value)).collect(),
        }
    }
}

impl WireScore {
    pub(super) fn score(self) -> Option<Score> {
        let length = self.votes.len();
        if length > MAX_VOTES || self.classifiers.len() != length || self.weights.len() != length {
            return None;
        }
        let vote = |((classifier, weight), value): ((u8, u8), u8)| {
            // A classifier of a newer release is left out; its weight is in the verdict already.
            let classifier = *Classifier::ALL.get(usize::from(classifier))?;
            Some(Vote { classifier, value: from_u8(value), weight: from_u8(weight) })
        };
        Some(Score {
            verdict: *Verdict::ALL.get(usize::from(self.verdict))?,
            value: Unit::new(f32::from(self.value) / 65_535.0),
            votes: self.classifiers.into_iter().zip(self.weights).zip(self.votes).filter_map(vote).collect(),
            reasons: read_reasons(self.reasons)?,
            digest: None,
        })
    }
}
