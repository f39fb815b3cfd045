//! From a model's raw output to a probability.

use crate::refusal::Refusal;
use crate::trees::logistic;
use serde::{Deserialize, Serialize};

/// Platt's sigmoid over the log-odds of the raw output: `1 / (1 + e^-(slope x logit(raw) + offset))`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// Slope; not negative, so that order is kept.
    pub slope: f32,
    /// Offset.
    pub offset: f32,
}

impl Calibration {
    /// Leaves the raw output as it is.
    pub const IDENTITY: Self = Self { slope: 1.0, offset: 0.0 };

    /// The calibrated probability.
    #[must_use]
    pub fn apply(&self, raw: f32) -> f32 {
        logistic(self.slope * logit(raw) + self.offset)
    }

    /// The raw output that this probability comes of; above 1 where none does, as with a slope of 0.
    #[must_use]
    pub fn raw(&self, probability: f32) -> f32 {
        if self.slope > 0.0 { logistic((logit(probability) - self.offset) / self.slope) } else { 2.0 }
    }

    pub(crate) fn check(&self) -> Result<(), Refusal> {
        if self.slope.is_finite() && self.slope >= 0.0 && self.offset.is_finite() {
            Ok(())
        } else {
            Err(Refusal::model("calibration", format!("slope {} offset {}", self.slope, self.offset)))
        }
    }
}

/// Log-odds of a probability, kept off 0 and 1.
#[must_use]
pub fn logit(p: f32) -> f32 {
    let p = if p.is_nan() { 0.5 } else { p.clamp(1e-4, 1.0 - 1e-4) };
    (p / (1.0 - p)).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_and_order() {
        for p in [0.01, 0.3, 0.5, 0.9] {
            assert!((Calibration::IDENTITY.apply(p) - p).abs() < 1e-4);
        }
        let steep = Calibration { slope: 3.0, offset: -1.0 };
        assert!(steep.apply(0.2) < steep.apply(0.3));
        assert!((steep.apply(steep.raw(0.9)) - 0.9).abs() < 1e-4);
        assert!(Calibration { slope: 0.0, offset: 9.0 }.raw(0.9) > 1.0);
        assert!(Calibration { slope: -1.0, offset: 0.0 }.check().is_err());
        assert!(Calibration { slope: 1.0, offset: f32::NAN }.check().is_err());
    }
}
