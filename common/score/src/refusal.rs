//! Why a bundle is refused.

use std::fmt;

/// Why a bundle is not taken. The one in force stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Longer than the cap, shorter than its header, or not as long as it says.
    Size(String),
    /// It does not begin as a bundle does, or has a format this release cannot read.
    Format(String),
    /// The signature is not that of its bytes by the key it names.
    Signature,
    /// The signature is good, but nobody told this sensor to trust its key.
    Stranger(String),
    /// Its trust counter is below the one last accepted.
    Older {
        /// The bundle's.
        counter: u64,
        /// The least accepted.
        least: u64,
    },
    /// The manifest cannot be read or contradicts itself.
    Manifest(String),
    /// A model reads a schema this release does not extract.
    Schema {
        /// What the bundle wants.
        wanted: String,
        /// What this release has.
        known: String,
    },
    /// A model's numbers cannot be right.
    Model {
        /// Which part.
        part: String,
        /// What is wrong with it.
        detail: String,
    },
    /// It does not give its own self-test's values.
    SelfTest(String),
}

impl Refusal {
    pub(crate) fn model(part: &str, detail: String) -> Self {
        Self::Model { part: part.to_owned(), detail }
    }

    /// A short name for counters and logs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Size(_) => "size",
            Self::Format(_) => "format",
            Self::Signature => "signature",
            Self::Stranger(_) => "stranger",
            Self::Older { .. } => "older",
            Self::Manifest(_) => "manifest",
            Self::Schema { .. } => "schema",
            Self::Model { .. } => "model",
            Self::SelfTest(_) => "self_test",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size(detail) => write!(f, "bundle has the wrong size: {detail}; fetch it again"),
            Self::Format(detail) => write!(f, "not a bundle this release can read: {detail}"),
            Self::Signature => f.write_str("bundle was cut or altered: its signature does not fit; fetch it again"),
            Self::Stranger(key) => {
                write!(f, "bundle is signed by {key}, whom this sensor does not trust; enrol, or sign it anew")
            }
            Self::Older { counter, least } => {
                write!(f, "bundle has trust counter {counter}, at least {least} is needed; train or sign it anew")
            }
            Self::Manifest(detail) => write!(f, "bundle's manifest: {detail}"),
            Self::Schema { wanted, known } => {
                write!(f, "bundle reads schema {wanted}, this release extracts {known}; use a bundle of this release")
            }
            Self::Model { part, detail } => write!(f, "bundle's {part}: {detail}"),
            Self::SelfTest(detail) => write!(f, "bundle fails its self-test: {detail}"),
        }
    }
}

impl std::error::Error for Refusal {}
