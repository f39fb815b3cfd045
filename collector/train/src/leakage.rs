//! The leakage gate: does a model stand on what names the capture and not the behaviour?

use crate::data::{Data, Label, Sample};
use crate::forest::{self, ForestSettings};
use crate::members::Kind;
use crate::metrics;
use crate::random::Random;
use crate::table::Table;
use crate::{Settings, TrainError};
use picket_feature::schema::FORBIDDEN;
use std::collections::BTreeMap;

/// Least area under the curve on sources left out that a model must reach to be given out.
pub const LEAST_AUC: f64 = 0.75;

/// Refuses features whose names say that they name the capture.
pub(crate) fn check_names(data: &Data) -> Result<(), TrainError> {
    let forbidden = data.names.iter().find(|name| FORBIDDEN.iter().any(|part| name.contains(part)));
    forbidden.map_or(Ok(()), |name| Err(TrainError::ForbiddenFeature(name.clone())))
}

/// Measures what a random split would claim and how well the source of benign flows can be told from the vector;
/// refuses a model that does not carry over to sources it never saw.
pub(crate) fn gate(
    data: &Data,
    rows: &[usize],
    figures: &BTreeMap<String, f64>,
    settings: &Settings,
) -> Result<BTreeMap<String, f64>, TrainError> {
    let auc = figures.get("auc").copied().unwrap_or(0.0);
    if auc < LEAST_AUC {
        return Err(TrainError::DoesNotCarryOver { auc });
    }
    let mut found = BTreeMap::from([("auc_sources_left_out".to_owned(), auc)]);
    let settings = ForestSettings { trees: 50, ..settings.forest.clone() };
    let class = |sample: &Sample| sample.malicious();
    if let Some(random) = split_auc(data, rows, class, &settings) {
        found.insert("auc_random_split_certificate".to_owned(), random);
    }
    let benign: Vec<usize> =
        rows.iter().copied().filter(|row| data.samples.get(*row).is_some_and(|s| s.label == Label::Benign)).collect();
    for group in largest_groups(data, &benign) {
        let is_group = |sample: &Sample| sample.group == group;
        if let Some(told) = split_auc(data, &benign, is_group, &settings) {
            found.insert(format!("auc_source_told_{group}"), told);
        }
    }
    Ok(found)
}

/// The two groups with most benign flows.
fn largest_groups(data: &Data, rows: &[usize]) -> Vec<String> {
    let mut sizes: BTreeMap<&str, u32> = BTreeMap::new();
    for sample in rows.iter().filter_map(|row| data.samples.get(*row)) {
        *sizes.entry(&sample.group).or_default() += 1;
    }
    let mut ranked: Vec<(&str, u32)> = sizes.into_iter().collect();
    ranked.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    ranked.into_iter().take(2).map(|(group, _)| group.to_owned()).collect()
}

/// How well a forest tells a class on the other half of a random split of flows.
fn split_auc(data: &Data, rows: &[usize], class: impl Fn(&Sample) -> bool, settings: &ForestSettings) -> Option<f64> {
    let mut random = Random::new(settings.seed);
    let (mut training, mut test) = (Vec::new(), Vec::new());
    for sample in rows.iter().filter_map(|row| data.samples.get(*row)) {
        if random.below(2) == 0 { training.push(sample) } else { test.push(sample) }
    }
    let vectors: Vec<&[f32]> = training.iter().map(|sample| sample.vector.as_slice()).collect();
    let classes: Vec<bool> = training.iter().map(|sample| class(sample)).collect();
    let weights = vec![1.0; classes.len()];
    let table = Table::new(&vectors, &classes, &weights);
    let model = forest::grow(&table, &Kind::Certificate.columns(data), settings).ok()?;
    let values = |wanted: bool| -> Vec<f32> {
        test.iter().filter(|s| class(s) == wanted).map(|s| model.predict(&s.vector)).collect()
    };
    metrics::auc(&values(true), &values(false))
}
