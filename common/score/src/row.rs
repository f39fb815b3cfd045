//! Feature rows: what `picket-agent features` writes and `picket-collector model train` reads.
//!
//! JSON Lines. The first line is a [`Header`], every other line a [`Row`]. Numbers stand in the order of the
//! header's names; an absent feature is `null`.

use picket_feature::{Observation, Schema};
use serde::{Deserialize, Serialize};

/// Version of the format.
pub const FORMAT: u32 = 1;

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// [`FORMAT`].
    pub picket_features: u32,
    /// Ids of the schemas, in order.
    pub schemas: Vec<String>,
    /// Names of the features.
    pub names: Vec<String>,
}

/// One flow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Base name of the capture.
    pub file: String,
    /// Unit that must be left out as a whole: sources that share captures or a laboratory.
    pub group: String,
    /// `malicious`, `benign`, `background` (known good traffic of an infected host) or `unsure`; empty without labels.
    pub label: String,
    /// Malware family or application.
    pub family: String,
    /// The client's address. For joining with other data, never a feature; the same holds for the next five.
    pub src_ip: String,
    /// The client's port.
    pub src_port: u16,
    /// The server's address.
    pub dest_ip: String,
    /// The server's port.
    pub dest_port: u16,
    /// Transport, as EVE names it.
    pub proto: String,
    /// Start, seconds since 1970.
    pub start: f64,
    /// The protocol as identified.
    pub app: String,
    /// The features.
    pub x: Vec<Option<f32>>,
    /// Sorted, distinct buckets of the hello's tokens.
    pub t: Vec<u32>,
}

impl Header {
    /// The header of rows with the schemas rows for training hold.
    #[must_use]
    pub fn of_release() -> Self {
        Self::of(Schema::TRAINING)
    }

    /// The header of rows with these schemas.
    #[must_use]
    pub fn of(schemas: &[Schema]) -> Self {
        Self {
            picket_features: FORMAT,
            schemas: schemas.iter().map(|schema| schema.id().to_owned()).collect(),
            names: schemas.iter().flat_map(|schema| schema.names()).collect(),
        }
    }
}

/// The features of one flow by these schemas, and its token buckets.
#[must_use]
pub fn features(seen: &Observation<'_>, schemas: &[Schema]) -> (Vec<Option<f32>>, Vec<u32>) {
    let mut vector = Vec::new();
    for schema in schemas {
        schema.extract(seen, &mut vector);
    }
    let mut tokens = Vec::new();
    if let Some(handshake) = seen.handshake {
        crate::buckets(handshake, &mut tokens);
    }
    (vector.into_iter().map(|value| value.is_finite().then_some(value)).collect(), tokens)
}
