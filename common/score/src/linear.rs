//! Logistic regression over hashed tokens.

use crate::refusal::Refusal;
use crate::trees::logistic;

/// Buckets at most.
pub const MAX_BUCKETS: usize = 1 << 16;

/// A weight a bucket and a bias. Each token counts once; the sum is divided by the square root of the
/// number of distinct tokens, so that long hellos do not shout.
#[derive(Clone, Debug, PartialEq)]
pub struct Linear {
    weights: Vec<f32>,
    bias: f32,
}

impl Linear {
    /// Checks and wraps the weights.
    ///
    /// # Errors
    /// [`Refusal::Model`] where their number is no power of two up to [`MAX_BUCKETS`], or one is not finite.
    pub fn new(weights: Vec<f32>, bias: f32) -> Result<Self, Refusal> {
        if !weights.len().is_power_of_two() || weights.len() > MAX_BUCKETS {
            return Err(Refusal::model("linear", format!("{} buckets", weights.len())));
        }
        if !bias.is_finite() || weights.iter().any(|weight| !weight.is_finite()) {
            return Err(Refusal::model("linear", "a weight is not finite".to_owned()));
        }
        Ok(Self { weights, bias })
    }

    /// The probability for sorted, distinct buckets.
    #[must_use]
    pub fn predict(&self, buckets: &[u32]) -> f32 {
        let sum: f32 = buckets.iter().map(|bucket| self.weight(*bucket)).sum();
        logistic(sum * scale(buckets.len()) + self.bias)
    }

    /// The weight of one bucket; 0 outside.
    #[must_use]
    pub fn weight(&self, bucket: u32) -> f32 {
        self.weights.get(bucket as usize).copied().unwrap_or(0.0)
    }

    /// How many buckets.
    #[must_use]
    pub fn buckets(&self) -> usize {
        self.weights.len()
    }

    /// The bias.
    #[must_use]
    pub const fn bias(&self) -> f32 {
        self.bias
    }

    /// Appends the tensor form: little-endian 32-bit numbers.
    pub fn write(&self, into: &mut Vec<u8>) {
        into.extend(self.weights.iter().flat_map(|weight| weight.to_le_bytes()));
    }

    /// Reads the tensor form.
    ///
    /// # Errors
    /// As [`Linear::new`], and where the bytes are no whole numbers.
    pub fn read(bytes: &[u8], bias: f32) -> Result<Self, Refusal> {
        if !bytes.len().is_multiple_of(4) || bytes.len() > MAX_BUCKETS * 4 {
            return Err(Refusal::model("linear", format!("{} bytes", bytes.len())));
        }
        let weights = bytes.chunks_exact(4).filter_map(|four| four.try_into().ok().map(f32::from_le_bytes)).collect();
        Self::new(weights, bias)
    }
}

/// What a sum over so many distinct tokens is multiplied with.
#[must_use]
pub fn scale(tokens: usize) -> f32 {
    1.0 / (tokens.max(1) as f32).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand_and_back() {
        let model = Linear::new(vec![1.0, -2.0, 0.0, 4.0], 0.5).unwrap();
        assert!((model.predict(&[0, 3]) - logistic(5.0 / 2f32.sqrt() + 0.5)).abs() < 1e-6);
        assert!((model.predict(&[]) - logistic(0.5)).abs() < 1e-6);
        let mut bytes = Vec::new();
        model.write(&mut bytes);
        assert_eq!(Linear::read(&bytes, 0.5).unwrap(), model);
    }

    #[test]
    fn refusals() {
        assert!(Linear::new(vec![0.0; 3], 0.0).is_err());
        assert!(Linear::new(vec![0.0; MAX_BUCKETS * 2], 0.0).is_err());
        assert!(Linear::new(vec![f32::NAN, 0.0], 0.0).is_err());
        assert!(Linear::new(vec![0.0; 2], f32::INFINITY).is_err());
        assert!(Linear::read(&[0; 7], 0.0).is_err());
    }
}
