//! Classifiers, their vote, and the bundle that carries them to a sensor.
//!
//! A [`Bundle`] is loaded once and shared; every worker has its own [`Scorer`], which turns an
//! observation into a verdict with its reasons.
#![forbid(unsafe_code)]
#![deny(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use picket_event::body::Score;
use picket_feature::Observation;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Models, calibration and thresholds, checked and immutable.
#[derive(Debug)]
pub struct Bundle {}

/// Scores flows by one bundle. One a worker; holds scratch space and counters.
#[derive(Debug)]
pub struct Scorer {
    bundle: Arc<Bundle>,
    abstained: BTreeMap<String, u64>,
}

impl Scorer {
    /// Scores by `bundle`.
    #[must_use]
    pub fn new(bundle: Arc<Bundle>) -> Self {
        Self { bundle, abstained: BTreeMap::new() }
    }

    /// The verdict on a flow; `None` for flows that no classifier of the bundle is made for (counted nowhere).
    pub fn score(&mut self, _observation: &Observation<'_>) -> Option<Score> {
        None
    }

    /// How often each classifier abstained, by its name (`abstained` in the ledger).
    #[must_use]
    pub fn abstained(&self) -> &BTreeMap<String, u64> {
        &self.abstained
    }

    /// The bundle in use.
    #[must_use]
    pub fn bundle(&self) -> &Arc<Bundle> {
        &self.bundle
    }
}
