//! From rows to a bundle: fit, hold sources out, calibrate, weigh, set thresholds, measure.

use crate::data::{Data, Label, Sample};
use crate::members::{Fitted, Kind};
use crate::metrics::{self, Scored};
use crate::{Settings, TrainError, leakage, platt, rule, seal};
use picket_score::Manifest;
use picket_score::calibration::Calibration;
use picket_score::vote::{Say, WITH_CERTIFICATE, WITHOUT_CERTIFICATE, adaptive};
use std::collections::BTreeMap;

/// A trained bundle, not sealed yet.
#[derive(Clone, Debug)]
pub struct Trained {
    /// What it says of itself.
    pub manifest: Manifest,
    /// Its numbers.
    pub tensors: Vec<u8>,
}

/// A member with what was learnt about it on sources it did not see.
#[derive(Debug)]
pub(crate) struct Learnt {
    pub(crate) kind: Kind,
    pub(crate) fitted: Fitted,
    pub(crate) calibration: Calibration,
    pub(crate) weights: BTreeMap<String, f32>,
    pub(crate) figures: BTreeMap<String, f64>,
}

/// Rows of the data set that can be learnt from, and the outputs for them of models that never saw their group.
struct HeldOut {
    rows: Vec<usize>,
    /// Raw outputs by member; `None` where it abstains.
    raw: Vec<Vec<Option<f32>>>,
}

/// Trains every classifier of the vote. `progress` is told what is being done.
///
/// # Errors
/// [`TrainError`] where the data cannot support a model, or the leakage gate refuses it.
pub fn train(data: &Data, settings: &Settings, progress: &mut dyn FnMut(&str)) -> Result<Trained, TrainError> {
    leakage::check_names(data)?;
    let rows = usable(data);
    let groups = check(data, &rows)?;
    let mut held = HeldOut { raw: vec![vec![None; rows.len()]; Kind::ALL.len()], rows };
    for (number, group) in groups.iter().enumerate() {
        progress(&format!("holding out {group} ({} of {})", number + 1, groups.len()));
        hold_out(data, group, settings, &mut held)?;
    }
    progress("fitting on all sources");
    let weights = data.weights(&held.rows);
    let learnt: Vec<Learnt> = Kind::ALL
        .iter()
        .zip(&held.raw)
        .map(|(kind, raw)| learn(data, *kind, raw, &held.rows, &weights, settings))
        .collect::<Result<_, TrainError>>()?;
    let values = vote_values(data, &learnt, &held);
    let scored = scored(data, &held.rows, &values);
    let figures = metrics::figures(&scored);
    let leakage = leakage::gate(data, &held.rows, &figures, settings)?;
    let rules = rule::measured(data, &held.rows);
    seal::assemble(data, &learnt, &seal::Found { rows: &held.rows, scored: &scored, figures, leakage, rules }, settings)
}

/// Rows whose client hello was seen: the others say nothing of what the members read.
fn usable(data: &Data) -> Vec<usize> {
    let hello = data.column("client_extensions");
    let known = |sample: &Sample| hello.and_then(|at| sample.vector.get(at)).is_some_and(|value| !value.is_nan());
    (0..data.samples.len()).filter(|row| data.samples.get(*row).is_some_and(known)).collect()
}

/// The groups of these rows; refuses what nothing can be learnt or measured from.
fn check(data: &Data, rows: &[usize]) -> Result<Vec<String>, TrainError> {
    let samples = || rows.iter().filter_map(|row| data.samples.get(*row));
    let groups_of = |malicious: bool| {
        let mut groups: Vec<String> =
            samples().filter(|s| s.malicious() == malicious).map(|s| s.group.clone()).collect();
        groups.sort();
        groups.dedup();
        groups
    };
    let (malicious, good) = (groups_of(true), groups_of(false));
    if malicious.len() < 2 || good.len() < 2 {
        let (m, g) = (malicious.len(), good.len());
        return Err(TrainError::TooFewSources { malicious: m, good: g });
    }
    let mut all: Vec<String> = malicious.into_iter().chain(good).collect();
    all.sort();
    all.dedup();
    Ok(all)
}

fn hold_out(data: &Data, group: &str, settings: &Settings, held: &mut HeldOut) -> Result<(), TrainError> {
    let of_group = |row: &usize| data.samples.get(*row).is_some_and(|sample| sample.group == group);
    let training: Vec<usize> = held.rows.iter().copied().filter(|row| !of_group(row)).collect();
    for (kind, raw) in Kind::ALL.iter().zip(&mut held.raw) {
        let model = kind.fit(data, &training, settings)?;
        for (row, slot) in held.rows.iter().zip(raw.iter_mut()).filter(|(row, _)| of_group(row)) {
            *slot = data.samples.get(*row).filter(|sample| can_say(data, *kind, sample)).map(|s| model.raw(s));
        }
    }
    Ok(())
}

fn can_say(data: &Data, kind: Kind, sample: &Sample) -> bool {
    let known = |name: &&str| data.column(name).and_then(|at| sample.vector.get(at)).is_some_and(|v| !v.is_nan());
    kind.needs().iter().all(known)
}

fn learn(
    data: &Data,
    kind: Kind,
    raw: &[Option<f32>],
    rows: &[usize],
    weights: &[f32],
    settings: &Settings,
) -> Result<Learnt, TrainError> {
    let samples = || rows.iter().filter_map(|row| data.samples.get(*row));
    let outputs: Vec<platt::HeldOut> = samples()
        .zip(raw)
        .zip(weights)
        .filter_map(|((sample, raw), weight)| Some(((*raw)?, sample.malicious(), *weight)))
        .collect();
    let calibration = platt::fit(&outputs, settings.calibration_prior);
    let scored: Vec<Scored<'_>> = samples()
        .zip(raw)
        .filter_map(|(s, raw)| Some(Scored { value: calibration.apply((*raw)?), label: s.label, family: &s.family }))
        .collect();
    let mut adaptive_weights = BTreeMap::new();
    for class in [WITH_CERTIFICATE, WITHOUT_CERTIFICATE] {
        let certificate = data.column("certificate_self_signed");
        let known = |s: &Sample| certificate.and_then(|at| s.vector.get(at)).is_some_and(|v| !v.is_nan());
        let errors = samples().zip(raw).zip(weights).filter_map(|((sample, raw), weight)| {
            let truth = if sample.malicious() { 1.0 } else { 0.0 };
            let error = (calibration.apply((*raw)?) - truth).powi(2);
            (known(sample) == (class == WITH_CERTIFICATE)).then_some((error * weight, *weight))
        });
        let (error, weight) = errors.fold((0.0f32, 0.0f32), |sum, next| (sum.0 + next.0, sum.1 + next.1));
        // Inverse error: a member that knows nothing has a Brier score of 0.25 at best, and weight 4.
        let inverse = if weight > 0.0 { 1.0 / (error / weight).max(0.01) } else { 0.0 };
        adaptive_weights.insert(class.to_owned(), (inverse / 100.0).clamp(0.0, 1.0));
    }
    Ok(Learnt {
        kind,
        fitted: kind.fit(data, rows, settings)?,
        calibration,
        weights: adaptive_weights,
        figures: metrics::figures(&scored),
    })
}

/// The vote's value for each row, by members that never saw its group.
fn vote_values(data: &Data, learnt: &[Learnt], held: &HeldOut) -> Vec<f32> {
    let certificate = data.column("certificate_self_signed");
    let value = |(place, row): (usize, &usize)| {
        let known = data.samples.get(*row).and_then(|s| s.vector.get(certificate?)).is_some_and(|v| !v.is_nan());
        let class = if known { WITH_CERTIFICATE } else { WITHOUT_CERTIFICATE };
        let say = |(member, raw): (&Learnt, &Vec<Option<f32>>)| {
            let raw = raw.get(place).copied().flatten();
            raw.map_or(Say::Missing, |raw| Say::Probability(member.calibration.apply(raw)))
        };
        let says: Vec<Say> = learnt.iter().zip(&held.raw).map(say).collect();
        let weights: Vec<f32> = learnt.iter().map(|m| m.weights.get(class).copied().unwrap_or(0.0)).collect();
        adaptive(&says, &weights)
    };
    held.rows.iter().enumerate().map(value).collect()
}

fn scored<'a>(data: &'a Data, rows: &[usize], values: &[f32]) -> Vec<Scored<'a>> {
    let samples = rows.iter().filter_map(|row| data.samples.get(*row));
    samples.zip(values).map(|(s, value)| Scored { value: *value, label: s.label, family: &s.family }).collect()
}

/// Thresholds from benign flows of sources that were held out: see [`Settings`] for the shares.
pub(crate) fn thresholds(scored: &[Scored<'_>], settings: &Settings) -> (f32, f32) {
    let benign: Vec<f32> = scored.iter().filter(|s| s.label != Label::Malicious).map(|s| s.value).collect();
    let at = |rate: f64, least: f32| metrics::threshold(&benign, rate).unwrap_or(1.0).next_up().clamp(least, 0.999);
    let suspicious = at(settings.suspicious_share, 0.5);
    (suspicious, at(settings.malicious_share, suspicious))
}
