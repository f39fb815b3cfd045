//! Logistic regression over hashed tokens with an L2 penalty.

use picket_score::Refusal;
use picket_score::linear::{Linear, scale};
use picket_score::trees::logistic;

/// Settings of the regression.
#[derive(Clone, Debug, PartialEq)]
pub struct RegressionSettings {
    /// Buckets: a power of two.
    pub buckets: usize,
    /// Inverse of the penalty, as scikit-learn's `C`.
    pub c: f32,
    /// Steps of descent.
    pub steps: usize,
}

impl Default for RegressionSettings {
    fn default() -> Self {
        Self { buckets: 1 << picket_feature::HASH_BITS, c: 1.0, steps: 300 }
    }
}

/// One row: sorted, distinct buckets, class, weight.
pub type TokenRow<'a> = (&'a [u32], bool, f32);

/// Fits by accelerated gradient descent (Nesterov) over all rows at once: deterministic, without a step to choose.
/// The loss is the weighted log-loss plus half the squared weights over `c`; the bias is not penalised.
///
/// # Errors
/// [`Refusal::Model`] where the settings are over a bundle's caps.
pub fn fit(rows: &[TokenRow<'_>], settings: &RegressionSettings) -> Result<Linear, Refusal> {
    let total: f32 = rows.iter().map(|(_, _, weight)| weight).sum();
    // Each row's tokens have length 1 together, so the curvature of the loss is at most (1 + 1) / 4 a unit of weight.
    let rate = 1.0 / (total * 0.5 + 1.0 / settings.c);
    let mut weights = vec![0.0f32; settings.buckets];
    let (mut bias, mut before_bias) = (0.0f32, 0.0f32);
    let mut before = weights.clone();
    for step in 0..settings.steps {
        let push = step as f32 / (step as f32 + 3.0);
        let ahead: Vec<f32> = weights.iter().zip(&before).map(|(w, b)| w + push * (w - b)).collect();
        let ahead_bias = bias + push * (bias - before_bias);
        let mut slope: Vec<f32> = ahead.iter().map(|weight| weight / settings.c).collect();
        let mut slope_bias = 0.0;
        for (buckets, positive, weight) in rows {
            let size = scale(buckets.len());
            let at = |bucket: &u32| ahead.get(*bucket as usize).copied().unwrap_or(0.0);
            let p = logistic(buckets.iter().map(at).sum::<f32>() * size + ahead_bias);
            let error = weight * (p - if *positive { 1.0 } else { 0.0 });
            slope_bias += error;
            for bucket in *buckets {
                if let Some(slot) = slope.get_mut(*bucket as usize) {
                    *slot += error * size;
                }
            }
        }
        before = std::mem::replace(&mut weights, ahead.iter().zip(&slope).map(|(w, s)| w - rate * s).collect());
        before_bias = std::mem::replace(&mut bias, ahead_bias - rate * slope_bias);
    }
    Linear::new(weights, bias)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_that_tell_get_weight() {
        let rows: Vec<(Vec<u32>, bool)> = (0..200)
            .map(|i| if i % 2 == 0 { (vec![1, 5, i % 7 + 8], true) } else { (vec![2, 5, i % 7 + 8], false) })
            .collect();
        let given: Vec<TokenRow<'_>> = rows.iter().map(|(buckets, class)| (buckets.as_slice(), *class, 1.0)).collect();
        let model = fit(&given, &RegressionSettings { buckets: 16, ..RegressionSettings::default() }).unwrap();
        assert!(model.weight(1) > 1.0 && model.weight(2) < -1.0);
        assert!(model.weight(5).abs() < 0.2 && model.weight(7).abs() < 1e-6);
        assert!(model.predict(&[1, 5, 9]) > 0.8 && model.predict(&[2, 5, 9]) < 0.2);
    }

    /// At the optimum the slope is zero: checked for the bias alone, where the answer is the log-odds.
    #[test]
    fn without_tokens_the_bias_is_the_log_odds() {
        let rows: Vec<TokenRow<'_>> = (0..100).map(|i| (&[][..], i < 20, 1.0)).collect();
        let model = fit(&rows, &RegressionSettings { buckets: 2, ..RegressionSettings::default() }).unwrap();
        assert!((model.predict(&[]) - 0.2).abs() < 1e-3, "{}", model.predict(&[]));
    }
}
