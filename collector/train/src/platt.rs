//! Platt's calibration: a sigmoid over log-odds, fitted on outputs for rows the model did not see.

use picket_score::calibration::{Calibration, logit};

/// One held-out output with its truth and weight.
pub type HeldOut = (f32, bool, f32);

/// Fits slope and offset by Newton's method with Platt's smoothed targets ("Probabilistic outputs for support vector
/// machines", 1999). A slope below 0 (the model is worse than chance) becomes 0: it then says nothing.
///
/// `prior` pulls towards leaving the output as it is, in units of the rows' total weight: with few independent sources
/// the sigmoid of one laboratory is not that of the next, and a model trained on balanced classes is near the truth.
#[must_use]
pub fn fit(outputs: &[HeldOut], prior: f64) -> Calibration {
    let weigh = |class: bool| -> f64 { outputs.iter().filter(|o| o.1 == class).map(|o| f64::from(o.2)).sum() };
    let (positive, negative) = (weigh(true), weigh(false));
    let targets = ((positive + 1.0) / (positive + 2.0), 1.0 / (negative + 2.0));
    let pull = prior * (positive + negative) + RIDGE;
    let (mut slope, mut offset) = (1.0f64, 0.0f64);
    for _ in 0..STEPS {
        let (mut g, mut h) = ([pull * (slope - 1.0), pull * offset], [pull, 0.0, pull]);
        for (raw, class, weight) in outputs {
            let x = f64::from(logit(*raw));
            let p = 1.0 / (1.0 + (-(slope * x + offset)).exp());
            let target = if *class { targets.0 } else { targets.1 };
            let (error, curve) = (f64::from(*weight) * (p - target), f64::from(*weight) * p * (1.0 - p));
            g = [g[0] + error * x, g[1] + error];
            h = [h[0] + curve * x * x, h[1] + curve * x, h[2] + curve];
        }
        let determinant = h[0] * h[2] - h[1] * h[1];
        if determinant.abs() < 1e-12 {
            break;
        }
        let step = [(h[2] * g[0] - h[1] * g[1]) / determinant, (h[0] * g[1] - h[1] * g[0]) / determinant];
        // Steps are cut, so that a start far off does not overshoot.
        slope -= step[0].clamp(-1.0, 1.0);
        offset -= step[1].clamp(-1.0, 1.0);
        if step[0].abs() + step[1].abs() < 1e-9 {
            break;
        }
    }
    if slope <= 0.0 {
        return Calibration { slope: 0.0, offset: 0.0 };
    }
    Calibration { slope: slope as f32, offset: offset as f32 }
}

const STEPS: usize = 100;
const RIDGE: f64 = 1e-6;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn finds_the_distortion_of_true_probabilities() {
        let mut random = Random::new(5);
        let outputs: Vec<HeldOut> = (0..20_000)
            .map(|_| {
                let truth = random.unit().clamp(0.01, 0.99);
                // The model halves the log-odds and shifts them by one.
                let shown = picket_score::trees::logistic(logit(truth) / 2.0 + 1.0);
                (shown, random.unit() < truth, 1.0)
            })
            .collect();
        let found = fit(&outputs, 0.0);
        let held = fit(&outputs, 100.0);
        assert!((held.slope - 1.0).abs() < 0.05 && held.offset.abs() < 0.05, "{held:?}");
        assert!((found.slope - 2.0).abs() < 0.1 && (found.offset + 2.0).abs() < 0.1, "{found:?}");
    }

    #[test]
    fn a_model_worse_than_chance_is_silenced() {
        let outputs: Vec<HeldOut> = (0..100).map(|i| (if i % 2 == 0 { 0.1 } else { 0.9 }, i % 2 == 0, 1.0)).collect();
        assert_eq!(fit(&outputs, 0.0).slope, 0.0);
        assert!((fit(&outputs, 0.0).apply(0.9) - 0.5).abs() < 1e-6);
    }
}
