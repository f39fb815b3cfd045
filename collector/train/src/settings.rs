//! What a training is told.

use crate::boosting::BoostingSettings;
use crate::forest::ForestSettings;
use crate::regression::RegressionSettings;
use crate::voting::VotingSettings;

/// Settings of one training.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The bundle's name.
    pub name: String,
    /// Its trust counter.
    pub trust_counter: u64,
    /// What it is trained on, in words.
    pub trained_on: String,
    /// SHA-256 of the feature rows, hexadecimal; that of made ones behind a space.
    pub data_sha256: String,
    /// Groups that were left out of the data.
    pub left_out: Vec<String>,
    /// Share of good flows of held-out sources that may be called malicious. Default 0.002.
    pub malicious_share: f64,
    /// Share of good flows of held-out sources that may be called suspicious or worse. Default 0.02.
    pub suspicious_share: f64,
    /// How strongly calibration is held to the raw output, see [`crate::platt::fit`]. Default 5.
    pub calibration_prior: f64,
    /// The forest of `certificate`.
    pub forest: ForestSettings,
    /// The boosting of `flow`.
    pub boosting: BoostingSettings,
    /// The regression of `handshake`.
    pub regression: RegressionSettings,
    /// The forest of `ics_behaviour`.
    pub voting: VotingSettings,
    /// By how much the share of the votes that names a protocol has to exceed what any other conversation of a held-out source
    /// had for it. Default 0.15.
    pub behaviour_margin: f32,
    /// As `calibration_prior`, for `ics_behaviour`. Default 0.
    pub behaviour_prior: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            name: "default".to_owned(),
            trust_counter: 1,
            trained_on: String::new(),
            data_sha256: String::new(),
            left_out: Vec::new(),
            malicious_share: 0.002,
            suspicious_share: 0.02,
            calibration_prior: 5.0,
            forest: ForestSettings::default(),
            boosting: BoostingSettings::default(),
            regression: RegressionSettings::default(),
            voting: VotingSettings::default(),
            behaviour_margin: 0.15,
            behaviour_prior: 0.0,
        }
    }
}
