//! Figures of a model on labelled flows.

use crate::data::Label;
use std::collections::BTreeMap;

/// One scored flow.
#[derive(Clone, Copy, Debug)]
pub struct Scored<'a> {
    /// The model's value.
    pub value: f32,
    /// The truth.
    pub label: Label,
    /// Malware family or application.
    pub family: &'a str,
}

/// The chance that a positive lies above a negative, ties half. `None` without either.
#[must_use]
pub fn auc(positive: &[f32], negative: &[f32]) -> Option<f64> {
    if positive.is_empty() || negative.is_empty() {
        return None;
    }
    let mut sorted = negative.to_vec();
    sorted.sort_by(f32::total_cmp);
    let below = |value: f32| {
        let (low, high) = (sorted.partition_point(|n| *n < value), sorted.partition_point(|n| *n <= value));
        (low + high) as f64 / 2.0
    };
    let sum: f64 = positive.iter().map(|value| below(*value)).sum();
    Some(sum / (positive.len() as f64 * sorted.len() as f64))
}

/// The value that at most `rate` of the negatives exceed.
#[must_use]
pub fn threshold(negative: &[f32], rate: f64) -> Option<f32> {
    let mut sorted = negative.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let allowed = (sorted.len() as f64 * rate) as usize;
    sorted.get(allowed.min(sorted.len().saturating_sub(1))).copied()
}

/// Figures by name: `auc`, `auc_background`, `recall_1pct` and `recall_0.1pct` (mean over families, at that share of
/// benign flows above the threshold), `brier` (mean squared error, both classes counting the same).
#[must_use]
pub fn figures(scored: &[Scored<'_>]) -> BTreeMap<String, f64> {
    let of = |label: Label| -> Vec<f32> { scored.iter().filter(|s| s.label == label).map(|s| s.value).collect() };
    let (malicious, benign, background) = (of(Label::Malicious), of(Label::Benign), of(Label::Background));
    let mut found = BTreeMap::new();
    let mut note = |name: &str, value: Option<f64>| {
        if let Some(value) = value {
            found.insert(name.to_owned(), (value * 10_000.0).round() / 10_000.0);
        }
    };
    note("auc", auc(&malicious, &benign));
    note("auc_background", auc(&malicious, &background));
    note("recall_1pct", macro_recall(scored, threshold(&benign, 0.01)));
    note("recall_0.1pct", macro_recall(scored, threshold(&benign, 0.001)));
    note("brier", brier(&malicious, &benign));
    found
}

/// Mean over families of the share of malicious flows above a threshold.
fn macro_recall(scored: &[Scored<'_>], threshold: Option<f32>) -> Option<f64> {
    let threshold = threshold?;
    let mut families: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    for flow in scored.iter().filter(|flow| flow.label == Label::Malicious) {
        let (found, all) = families.entry(flow.family).or_default();
        *all += 1;
        *found += u32::from(flow.value > threshold);
    }
    let shares = families.values().map(|(found, all)| f64::from(*found) / f64::from(*all));
    (!families.is_empty()).then(|| shares.sum::<f64>() / families.len() as f64)
}

fn brier(malicious: &[f32], benign: &[f32]) -> Option<f64> {
    let mean = |values: &[f32], truth: f64| {
        let sum: f64 = values.iter().map(|value| (f64::from(*value) - truth).powi(2)).sum();
        (!values.is_empty()).then(|| sum / values.len() as f64)
    };
    Some((mean(malicious, 1.0)? + mean(benign, 0.0)?) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        assert_eq!(auc(&[0.9, 0.5], &[0.1, 0.5]), Some(3.5 / 4.0));
        assert_eq!(auc(&[], &[0.1]), None);
        let negative: Vec<f32> = (0..100).map(|i| i as f32 / 100.0).collect();
        assert_eq!(threshold(&negative, 0.01), Some(0.98));
        let flow = |value, label, family| Scored { value, label, family };
        let scored = [
            flow(0.9, Label::Malicious, "a"),
            flow(0.1, Label::Malicious, "a"),
            flow(0.9, Label::Malicious, "b"),
            flow(0.2, Label::Benign, ""),
            flow(0.3, Label::Background, ""),
        ];
        let found = figures(&scored);
        assert_eq!(found["recall_1pct"], 0.75);
        assert_eq!(found["auc"], 0.6667);
        assert_eq!(found["auc_background"], 0.6667);
    }
}
