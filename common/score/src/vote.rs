//! From votes to a value.

use crate::bundle::{Bundle, Ready, ReadyModel};
use crate::calibration::logit;
use crate::manifest::VoteMethod;
use crate::trees::logistic;

/// One member's say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Say {
    /// A calibrated probability of malicious.
    Probability(f32),
    /// Input it needs is missing.
    Missing,
    /// Too much of its input lies outside of what it was trained on.
    OutOfRange,
}

impl Say {
    /// The probability; `None` for an abstention.
    #[must_use]
    pub const fn value(self) -> Option<f32> {
        match self {
            Self::Probability(value) => Some(value),
            Self::Missing | Self::OutOfRange => None,
        }
    }
}

/// What a bundle makes of one vector.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// Each member's say, in the manifest's order.
    pub votes: Vec<Say>,
    /// Their weights in this flow's traffic class.
    pub weights: Vec<f32>,
    /// The first rule that fired and may decide alone.
    pub rule: Option<usize>,
    /// 0 benign to 1 malicious.
    pub value: f32,
    /// Whether too few voted.
    pub abstained: bool,
}

/// Traffic class of flows whose server's certificate is known.
pub const WITH_CERTIFICATE: &str = "tls_certificate";
/// Traffic class of flows whose server's certificate is not known.
pub const WITHOUT_CERTIFICATE: &str = "tls_no_certificate";

/// Judges one vector with its sorted, distinct token buckets.
#[must_use]
pub fn judge(bundle: &Bundle, vector: &[f32], tokens: &[u32]) -> Judgement {
    let certificate = bundle.certificate_column.and_then(|at| vector.get(at)).is_some_and(|value| !value.is_nan());
    let class = if certificate { WITH_CERTIFICATE } else { WITHOUT_CERTIFICATE };
    let mut votes = Vec::with_capacity(bundle.members.len());
    let mut weights = Vec::with_capacity(bundle.members.len());
    for (ready, member) in bundle.members.iter().zip(&bundle.manifest.members) {
        votes.push(match raw(ready, vector, tokens, member.out_of_range) {
            Ok(raw) => Say::Probability(member.calibration.apply(raw)),
            Err(abstention) => abstention,
        });
        weights.push(member.weights.get(class).copied().unwrap_or(0.0));
    }
    let cast = votes.iter().filter(|say| say.value().is_some()).count();
    let abstained = cast < usize::from(bundle.manifest.vote.least_votes) || cast == 0;
    let value = if abstained {
        0.0
    } else {
        match bundle.manifest.vote.method {
            VoteMethod::Adaptive => adaptive(&votes, &weights),
            VoteMethod::Majority => majority(&votes),
        }
    };
    let fires = |rule: &crate::bundle::ReadyRule| {
        rule.decides
            && rule
                .conditions
                .iter()
                .all(|(column, least, most)| vector.get(*column).is_some_and(|value| value >= least && value <= most))
    };
    let rule = bundle.rules.iter().position(fires);
    Judgement { votes, weights, rule, value: if rule.is_some() { 1.0 } else { value }, abstained }
}

fn raw(ready: &Ready, vector: &[f32], tokens: &[u32], out_of_range: u16) -> Result<f32, Say> {
    let known = |column: &usize| vector.get(*column).is_some_and(|value| !value.is_nan());
    if !ready.needs.iter().all(known) {
        return Err(Say::Missing);
    }
    if let Some((low, high)) = &ready.range {
        let bounds = low.iter().zip(high);
        // Comparisons with NaN are false: an absent value is never outside, and a feature that training never
        // saw (its bounds are NaN) binds nothing.
        let outside = vector.iter().zip(bounds).filter(|(value, (low, high))| *value < low || *value > high).count();
        if outside > usize::from(out_of_range) {
            return Err(Say::OutOfRange);
        }
    }
    match &ready.model {
        ReadyModel::Trees(trees) => Ok(trees.predict(vector)),
        ReadyModel::Tokens(linear) => Ok(linear.predict(tokens)),
        ReadyModel::Feature(column) => vector.get(*column).copied().filter(|value| !value.is_nan()).ok_or(Say::Missing),
    }
}

/// Weighted mean of the log-odds, as a probability. Without any weight all count the same.
#[must_use]
pub fn adaptive(votes: &[Say], weights: &[f32]) -> f32 {
    let cast = votes.iter().zip(weights).filter_map(|(say, weight)| Some((logit(say.value()?), *weight)));
    let total: f32 = cast.clone().map(|(_, weight)| weight).sum();
    let plain = total <= 0.0;
    let (sum, count) = cast.fold((0.0, 0.0), |(sum, count), (odds, weight)| {
        let weight = if plain { 1.0 } else { weight };
        (sum + odds * weight, count + weight)
    });
    if count > 0.0 { logistic(sum / count) } else { 0.0 }
}

/// Share of those that did not abstain and say one half or more; at least two must have voted.
#[must_use]
pub fn majority(votes: &[Say]) -> f32 {
    let cast: Vec<f32> = votes.iter().filter_map(|say| say.value()).collect();
    let malicious = cast.iter().filter(|value| **value >= 0.5).count();
    if cast.len() < 2 { 0.0 } else { malicious as f32 / cast.len() as f32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abstentions_do_not_count() {
        let says = [Say::Probability(0.9), Say::Missing, Say::Probability(0.9), Say::OutOfRange];
        assert!((adaptive(&says, &[1.0, 1.0, 0.5, 1.0]) - 0.9).abs() < 1e-5);
        assert_eq!(majority(&says), 1.0);
        assert_eq!(majority(&says[..2]), 0.0, "one vote is no majority");
        assert_eq!(adaptive(&[Say::Missing], &[1.0]), 0.0);
    }

    #[test]
    fn weights_by_hand() {
        let says = [Say::Probability(0.8), Say::Probability(0.2)];
        assert!((adaptive(&says, &[0.5, 0.5]) - 0.5).abs() < 1e-5);
        let expected = logistic((logit(0.8) * 3.0 + logit(0.2)) / 4.0);
        assert!((adaptive(&says, &[0.75, 0.25]) - expected).abs() < 1e-5);
        assert!((adaptive(&says, &[0.0, 0.0]) - 0.5).abs() < 1e-5);
        assert_eq!(majority(&says), 0.5, "a tie is not more than half");
    }
}
