//! Published vectors (FACTS section 7) and laws of the tails.
#![allow(clippy::disallowed_methods)] // reads the published vectors

use super::{SUMMED, ln_beta_regularised, ln_gamma, ln_lower, ln_upper, surprise};
use crate::group::moments;
use proptest::prelude::*;
use serde::Deserialize;

/// Shape and rate of the prior, past counts, new count, upper tail: the worked cases of FACTS section 7.
const CASES: &[(f64, f64, &[f64], f64, f64)] = &[
    (0.5, 0.0, &[3.0, 5.0, 4.0, 2.0, 6.0], 12.0, 0.003_293_812_868_394_141_4),
    (2.0, 0.5, &[0.0, 0.0, 0.0], 4.0, 0.010_025_571_982_590_726),
    (2.0, 0.5, &[], 7.0, 0.195_092_211_553_117_07),
    (1.5, 3.0, &[0.0, 1.0, 0.0, 0.0, 2.0, 0.0, 0.0], 3.0, 0.015_758_017_882_039_11),
    (10.0, 0.1, &[90.0, 110.0, 95.0], 150.0, 2.032_900_432_767_408_9e-5),
];

fn upper(prior_shape: f64, prior_rate: f64, counts: &[f64], x: f64) -> f64 {
    let (shape, rate) = (prior_shape + counts.iter().sum::<f64>(), prior_rate + counts.len() as f64);
    ln_upper(shape, rate, x).exp()
}

#[test]
fn worked_cases() {
    for (shape, rate, counts, x, expected) in CASES {
        let p = upper(*shape, *rate, counts, *x);
        assert!((p / expected - 1.0).abs() < 1e-9, "{p} is not {expected}");
    }
}

#[derive(Deserialize)]
struct Vectors {
    gamma_poisson: Vec<Case>,
    empirical_bayes_moments: Moments,
}

#[derive(Deserialize)]
struct Case {
    prior_shape: f64,
    prior_rate: f64,
    counts: Vec<f64>,
    x: f64,
    p_upper: f64,
}

#[derive(Deserialize)]
struct Moments {
    counts: Vec<f64>,
    exposure: Vec<f64>,
    pooled_mean: f64,
    shape: f64,
    rate: f64,
    shrunk: Vec<f64>,
}

#[test]
fn published_vectors() {
    let corpus = std::env::var("PICKET_CORPUS").map_or_else(
        |_| std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        std::path::PathBuf::from,
    );
    let Ok(text) = std::fs::read_to_string(corpus.join("vectors/baseline.json")) else {
        println!("SKIPPED published_vectors: PICKET_CORPUS not found");
        return;
    };
    let vectors: Vectors = serde_json::from_str(&text).unwrap();
    assert!(!vectors.gamma_poisson.is_empty());
    for case in &vectors.gamma_poisson {
        let p = upper(case.prior_shape, case.prior_rate, &case.counts, case.x);
        assert!((p / case.p_upper - 1.0).abs() < 1e-9, "{p} is not {}", case.p_upper);
    }
    let m = vectors.empirical_bayes_moments;
    let seen: Vec<(f64, f64)> = m.counts.iter().copied().zip(m.exposure.iter().copied()).collect();
    let prior = moments(&seen, m.exposure.iter().sum(), m.counts.len() as f64);
    let near = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 1e-9, "{a} is not {b}");
    near(prior.mean, m.pooled_mean);
    near(prior.rate, m.rate);
    near(prior.mean * prior.rate, m.shape);
    for ((count, n), shrunk) in seen.iter().zip(&m.shrunk) {
        near((m.shape + count) / (m.rate + n), *shrunk);
    }
}

#[test]
fn gamma_of_known_numbers() {
    for (x, expected) in [(1.0, 0.0), (2.0, 0.0), (0.5, 0.572_364_942_924_700_1), (10.0, 12.801_827_480_081_469)] {
        assert!((ln_gamma(x) - expected).abs() < 1e-11, "{x}");
    }
}

proptest! {
    /// Both tails hold the count itself, so they sum to at least 1; and no surprise is NaN, negative or infinite.
    #[test]
    fn tails_are_probabilities(shape in 1e-4f64..1e5, rate in 1e-3f64..1e4, x in 0u32..200_000) {
        let x = f64::from(x);
        let (up, low) = (ln_upper(shape, rate, x).exp(), ln_lower(shape, rate, x).exp());
        prop_assert!((0.0..=1.0).contains(&up) && (0.0..=1.0).contains(&low));
        prop_assert!(up + low > 0.99, "{up} + {low}");
        let s = surprise(shape, rate, x);
        prop_assert!(s >= 0.0 && !s.is_nan());
    }

    /// Small counts are summed by their terms, which is the same tail.
    #[test]
    fn summed_tails_are_those_of_the_beta_function(shape in 1e-3f64..1e4, mean in 1e-3f64..1e3, x in 0u32..=SUMMED as u32) {
        let (rate, x) = (shape / mean, f64::from(x));
        let (p, q) = (rate / (rate + 1.0), 1.0 / (rate + 1.0));
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * b.abs().max(1.0);
        if x > 0.0 {
            let (summed, beta) = (ln_upper(shape, rate, x), ln_beta_regularised(x, shape, q, p));
            prop_assert!(near(summed, beta), "{summed} is not {beta}");
        }
        let (summed, beta) = (ln_lower(shape, rate, x), ln_beta_regularised(shape, x + 1.0, p, q));
        // The other's digits are lost where it takes nearly everything from 1.
        prop_assert!(beta < -300.0 || near(summed, beta), "{summed} is not {beta}");
    }

    /// More is never less surprising from above.
    #[test]
    fn upper_tail_falls(shape in 0.01f64..1e3, rate in 0.01f64..100.0, x in 0u32..5_000) {
        let x = f64::from(x);
        prop_assert!(ln_upper(shape, rate, x + 1.0) <= ln_upper(shape, rate, x) + 1e-9);
    }
}
