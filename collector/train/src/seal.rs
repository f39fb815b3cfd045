//! Puts a manifest and its tensors together.

use crate::data::Data;
use crate::members::{Fitted, POINTS};
use crate::metrics::Scored;
use crate::train::{Learnt, Trained, thresholds};
use crate::{Settings, TrainError};
use picket_score::Bundle;
use picket_score::manifest::{Card, Manifest, Member, Model, Rule, SelfTest, Span, Vote, VoteMethod};
use picket_score::vote::judge;
use std::collections::BTreeMap;

/// Stored inputs of the self-test.
const SELF_TESTS: usize = 8;
/// Features outside of the trained range that a member bears before it abstains.
const OUT_OF_RANGE: u16 = 6;

/// What was found out on held-out sources.
pub(crate) struct Found<'a> {
    pub(crate) rows: &'a [usize],
    pub(crate) scored: &'a [Scored<'a>],
    pub(crate) figures: BTreeMap<String, f64>,
    pub(crate) leakage: BTreeMap<String, f64>,
    pub(crate) rules: Vec<Rule>,
}

pub(crate) fn assemble(
    data: &Data,
    learnt: &[Learnt],
    found: &Found<'_>,
    settings: &Settings,
) -> Result<Trained, TrainError> {
    let mut tensors = Vec::new();
    let range = append(&mut tensors, |into| write_range(data, found.rows, into));
    let members = learnt.iter().map(|member| describe(member, range, &mut tensors)).collect();
    let (suspicious, malicious) = thresholds(found.scored, settings);
    let mut manifest = Manifest {
        name: settings.name.clone(),
        trust_counter: settings.trust_counter,
        schemas: data.schemas.clone(),
        members,
        vote: Vote { method: VoteMethod::Adaptive, least_votes: 2, suspicious, malicious },
        rules: found.rules.clone(),
        behaviour: None,
        self_test: Vec::new(),
        card: card(data, found, settings),
    };
    let chosen = self_test_rows(found);
    let spans: Vec<(usize, Span)> = chosen
        .iter()
        .filter_map(|row| data.samples.get(*row).map(|sample| (*row, sample)))
        .map(|(row, sample)| {
            (row, append(&mut tensors, |into| into.extend(sample.vector.iter().flat_map(|v| v.to_le_bytes()))))
        })
        .collect();
    let bundle = Bundle::unsealed(manifest.clone(), &tensors)?;
    for (row, vector) in spans {
        let Some(sample) = data.samples.get(row) else { continue };
        let judged = judge(&bundle, &sample.vector, &sample.tokens);
        let votes = judged.votes.iter().map(|say| say.value()).collect();
        manifest.self_test.push(SelfTest { vector, tokens: sample.tokens.clone(), votes, value: judged.value });
    }
    Ok(Trained { manifest, tensors })
}

/// Appends numbers on a four-byte boundary; answers where they stand.
pub(crate) fn append(tensors: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) -> Span {
    tensors.resize(tensors.len().next_multiple_of(4), 0);
    let offset = tensors.len();
    write(tensors);
    Span { offset: offset as u32, length: (tensors.len() - offset) as u32 }
}

fn describe(member: &Learnt, range: Span, tensors: &mut Vec<u8>) -> Member {
    let model = match &member.fitted {
        Fitted::Forest(trees) => {
            Model::Forest { tensor: append(tensors, |into| trees.write(into)), trees: trees.trees() as u32 }
        }
        Fitted::Boosting(trees) => Model::Boosting {
            tensor: append(tensors, |into| trees.write(into)),
            trees: trees.trees() as u32,
            base: trees.base(),
        },
        Fitted::Tokens(linear) => {
            Model::Tokens { tensor: append(tensors, |into| linear.write(into)), bias: linear.bias() }
        }
        Fitted::Feature(_) => Model::Feature { name: POINTS.to_owned() },
    };
    Member {
        classifier: member.kind.classifier().name().to_owned(),
        reads: member.kind.reads().iter().map(|schema| schema.id().to_owned()).collect(),
        needs: member.kind.needs().iter().map(|name| (*name).to_owned()).collect(),
        range: matches!(model, Model::Forest { .. } | Model::Boosting { .. }).then_some(range),
        model,
        calibration: member.calibration,
        out_of_range: OUT_OF_RANGE,
        weights: member.weights.clone(),
        figures: member.figures.clone(),
    }
}

/// Two rows: lowest and highest value of each feature, widened by the distance between them; absent where training
/// never saw the feature.
fn write_range(data: &Data, rows: &[usize], into: &mut Vec<u8>) {
    let mut bounds = vec![(f32::NAN, f32::NAN); data.names.len()];
    for sample in rows.iter().filter_map(|row| data.samples.get(*row)) {
        for (value, (low, high)) in sample.vector.iter().zip(&mut bounds) {
            // `min` and `max` give the other side where one is NaN.
            *low = low.min(*value);
            *high = high.max(*value);
        }
    }
    let widened = bounds.iter().map(|(low, high)| (low - (high - low), high + (high - low)));
    let (low, high): (Vec<f32>, Vec<f32>) = widened.unzip();
    into.extend(low.iter().chain(&high).flat_map(|value| value.to_le_bytes()));
}

/// Rows spread over the whole range of values.
fn self_test_rows(found: &Found<'_>) -> Vec<usize> {
    let mut ranked: Vec<(f32, usize)> =
        found.scored.iter().zip(found.rows).map(|(scored, row)| (scored.value, *row)).collect();
    ranked.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let last = ranked.len().saturating_sub(1);
    (0..SELF_TESTS).filter_map(|i| ranked.get(last * i / (SELF_TESTS - 1)).map(|(_, row)| *row)).collect()
}

fn card(data: &Data, found: &Found<'_>, settings: &Settings) -> Card {
    let text = |value: &dyn std::fmt::Debug| format!("{value:?}");
    let told = [
        ("forest", text(&settings.forest)),
        ("boosting", text(&settings.boosting)),
        ("regression", text(&settings.regression)),
        ("left_out", settings.left_out.join(", ")),
    ];
    Card {
        purpose: "Tell malicious from other TLS flows by hello, certificate, repetition, sizes and times.".to_owned(),
        trained_on: settings.trained_on.clone(),
        data_sha256: settings.data_sha256.clone(),
        rows: data.counts(),
        settings: told.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        sources_left_out: found.figures.clone(),
        leakage: found.leakage.clone(),
        limits: LIMITS.iter().map(|limit| (*limit).to_owned()).collect(),
    }
}

const LIMITS: &[&str] = &[
    "The benign side is mostly protocol test captures: false-positive rates do not carry over to a site.",
    "Few infected hosts, years 2016 to 2024; three tools hold most malicious flows.",
    "Figures of this bundle on captures it was trained on say nothing; sources_left_out is measured by models that \
     never saw the source, with calibration and weights fitted on the same held-out outputs.",
];
