//! How far a cell is from its baseline: the three formulas.

use crate::config::Deviation;
use crate::group::Prior;
use crate::tail;

/// A cell's past, as the formulas need it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expectation {
    /// Sum over past periods.
    pub sum: f64,
    /// Past periods.
    pub periods: f64,
    /// Variance over past periods.
    pub variance: f64,
    /// The peer group's word.
    pub prior: Prior,
    /// Over-dispersion: variance = mean + dispersion x mean^2.
    pub dispersion: f64,
    /// Part of the period that has passed, above 0, at most 1.
    pub share: f64,
}

impl Expectation {
    /// The mean expected so far: own past, shrunk to the prior.
    #[must_use]
    pub fn mean(&self) -> f64 {
        let (prior, n) = (self.prior, self.periods);
        self.share * (prior.mean * prior.rate + self.sum) / (prior.rate + n)
    }

    /// The deviation of `x` from it, at least 0 and finite.
    #[must_use]
    pub fn deviation(&self, kind: Deviation, x: f64) -> f64 {
        let value = match kind {
            Deviation::Plain => {
                let mean = if self.periods > 0.0 { self.share * self.sum / self.periods } else { 0.0 };
                (x - mean).powi(2)
            }
            Deviation::Standardised => {
                let mean = self.mean();
                let scatter = (self.variance * self.share * self.share).max(mean);
                (x - mean).powi(2) / (scatter + self.prior.mean * self.share + 1e-3)
            }
            Deviation::Predictive => self.predictive(x),
        };
        if value.is_finite() { value.max(0.0) } else { f64::MAX.sqrt() }
    }

    /// Negative binomial with the Gamma-Poisson mean, its parameter's uncertainty and the over-dispersion:
    /// 1 / size = 1 / shape + dispersion. Without over-dispersion it is the predictive distribution itself.
    fn predictive(&self, x: f64) -> f64 {
        let shape = self.prior.mean * self.prior.rate + self.sum;
        let mean = self.mean();
        let size = 1.0 / (1.0 / shape + self.dispersion);
        let rate = size / mean;
        let tail = if x >= mean {
            // Far from surprising: spare the tail.
            if x < mean * 1.2 && size > 0.5 {
                return 0.0;
            }
            tail::ln_upper(size, rate, x)
        } else {
            tail::ln_lower(size, rate, x)
        };
        -(tail + std::f64::consts::LN_2).min(0.0)
    }
}
