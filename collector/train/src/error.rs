//! Why a training gives no bundle.

use picket_score::Refusal;
use std::fmt;

/// Why no model was made.
#[derive(Clone, Debug, PartialEq)]
pub enum TrainError {
    /// Sources cannot be held out.
    TooFewSources {
        /// Groups with malicious flows.
        malicious: usize,
        /// Groups with good flows.
        good: usize,
    },
    /// Conversations of too few kinds or sources.
    TooFewConversations {
        /// Classes, `other` included.
        classes: usize,
        /// Sources.
        groups: usize,
    },
    /// A feature names the capture and not the behaviour.
    ForbiddenFeature(String),
    /// On sources it never saw the model is hardly better than chance.
    DoesNotCarryOver {
        /// Area under the curve there.
        auc: f64,
    },
    /// The bundle would be refused by a sensor.
    Bundle(Refusal),
}

impl From<Refusal> for TrainError {
    fn from(refusal: Refusal) -> Self {
        Self::Bundle(refusal)
    }
}

impl fmt::Display for TrainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooFewSources { malicious, good } => write!(
                f,
                "training needs malicious and good flows from at least two groups each, there are {malicious} and {good}; \
                 add captures and labels"
            ),
            Self::TooFewConversations { classes, groups } => write!(
                f,
                "rows of polling need industrial conversations, others, and at least two groups; there are {classes} classes \
                 and {groups} groups"
            ),
            Self::ForbiddenFeature(name) => {
                write!(f, "feature {name} names the capture and not the behaviour; take it out of the rows")
            }
            Self::DoesNotCarryOver { auc } => write!(
                f,
                "on sources left out the model reaches an area of {auc:.3} under the curve, {} is the least given out; \
                 it knows its captures and not the behaviour",
                crate::leakage::LEAST_AUC
            ),
            Self::Bundle(refusal) => write!(f, "{refusal}"),
        }
    }
}

impl std::error::Error for TrainError {}
