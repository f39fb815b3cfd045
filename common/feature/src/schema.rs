//! Schemas: named features with an id and a version.
//!
//! A model names the schemas it reads; its input is their vectors laid end to end. A feature that is not
//! known is `NaN` in the vector, never 0. A change of meaning, order or number of features is a new version.

use crate::observation::Observation;
use crate::{behaviour, certificate, hello, offer, points};

/// One family of features.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Schema {
    /// Sizes, times, flags and payload heads of the flow (`flow/1`).
    Flow,
    /// Signed lengths and log gaps of the first packets (`sequence/1`).
    Sequence,
    /// Shape of the client's and server's hello (`handshake/1`).
    Handshake,
    /// Which values the client offers, one feature each (`offer/1`).
    Offer,
    /// The server's certificate (`certificate/1`).
    Certificate,
    /// Repetition between the flows of the pair (`pair/1`).
    Pair,
    /// Yes-or-no signs and their untrained sum (`points/1`).
    Points,
}

impl Schema {
    /// Every schema.
    pub const ALL: &'static [Self] =
        &[Self::Flow, Self::Sequence, Self::Handshake, Self::Offer, Self::Certificate, Self::Pair, Self::Points];

    /// Name and version, `flow/1`.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Flow => "flow/1",
            Self::Sequence => "sequence/1",
            Self::Handshake => "handshake/1",
            Self::Offer => "offer/1",
            Self::Certificate => "certificate/1",
            Self::Pair => "pair/1",
            Self::Points => "points/1",
        }
    }

    /// The schema of an id.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|schema| schema.id() == id)
    }

    /// Names of its features, in the vector's order.
    #[must_use]
    pub fn names(self) -> Vec<String> {
        let fixed = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        match self {
            Self::Flow => fixed(behaviour::FLOW_NAMES),
            Self::Sequence => behaviour::sequence_names(),
            Self::Handshake => fixed(hello::NAMES),
            Self::Offer => offer::names(),
            Self::Certificate => fixed(certificate::NAMES),
            Self::Pair => fixed(behaviour::PAIR_NAMES),
            Self::Points => fixed(points::NAMES),
        }
    }

    /// How many features it has.
    #[must_use]
    pub const fn len(self) -> usize {
        match self {
            Self::Flow => behaviour::FLOW_NAMES.len(),
            Self::Sequence => behaviour::SEQUENCE_LEN,
            Self::Handshake => hello::NAMES.len(),
            Self::Offer => offer::LEN,
            Self::Certificate => certificate::NAMES.len(),
            Self::Pair => behaviour::PAIR_NAMES.len(),
            Self::Points => points::NAMES.len(),
        }
    }

    /// Whether the schema has no feature: never.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Appends the features of one flow: exactly [`Schema::len`] values.
    pub fn extract(self, seen: &Observation<'_>, into: &mut Vec<f32>) {
        match self {
            Self::Flow => behaviour::flow(seen, into),
            Self::Sequence => behaviour::sequence(seen, into),
            Self::Handshake => hello::extract(seen, into),
            Self::Offer => offer::extract(seen, into),
            Self::Certificate => certificate::extract(seen, into),
            Self::Pair => behaviour::pair(seen, into),
            Self::Points => points::extract(seen, into),
        }
    }
}

/// Parts of feature names that name the capture and not the behaviour: no schema may carry them, and the
/// trainer refuses columns that do.
pub const FORBIDDEN: &[&str] = &[
    "address",
    "src_ip",
    "dest_ip",
    "src_port",
    "client_port",
    "ttl",
    "ip_id",
    "mac_",
    "timestamp",
    "epoch",
    "snap",
    "capture",
    "file",
    "first_seen",
    "last_seen",
];

/// Defines a schema's names and its extraction in one place, so that they cannot disagree.
macro_rules! features {
    ($(#[$doc:meta])* $names:ident, $extract:ident, |$seen:ident| { $($prepare:tt)* } $($name:literal => $value:expr,)*) => {
        /// Names of the features, in the vector's order.
        pub(crate) const $names: &[&str] = &[$($name,)*];

        $(#[$doc])*
        pub(crate) fn $extract($seen: &crate::Observation<'_>, into: &mut Vec<f32>) {
            $($prepare)*
            into.extend_from_slice(&[$($value,)*]);
        }
    };
}
pub(crate) use features;

/// A yes or no as a number.
pub(crate) const fn flag(yes: bool) -> f32 {
    if yes { 1.0 } else { 0.0 }
}

/// An optional number, absent as `NaN`.
pub(crate) fn maybe(value: Option<f32>) -> f32 {
    value.unwrap_or(f32::NAN)
}

/// `ln(1 + x)`: for quantities that span many powers of ten.
pub(crate) fn log(value: f32) -> f32 {
    value.max(0.0).ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FlowStats, Handshake};
    use picket_dissect::fact::{ClientHello, ServerHello};
    use picket_event::{Protocol, Timestamp, Transport};

    fn vector(schema: Schema, handshake: Option<&Handshake>) -> Vec<f32> {
        let stats = FlowStats::default();
        let seen = Observation {
            stats: &stats,
            transport: Transport::TCP,
            server_port: 443,
            app: &Protocol::TLS,
            handshake,
            pair: None,
            start: Timestamp::EPOCH,
        };
        let mut vector = Vec::new();
        schema.extract(&seen, &mut vector);
        vector
    }

    #[test]
    fn names_and_values_agree_in_number() {
        let handshake = Handshake {
            client: Some(Box::new(ClientHello::default())),
            server: Some(Box::new(ServerHello::default())),
            ..Handshake::default()
        };
        for schema in Schema::ALL {
            assert_eq!(schema.names().len(), schema.len(), "{}", schema.id());
            assert_eq!(vector(*schema, None).len(), schema.len(), "{}", schema.id());
            assert_eq!(vector(*schema, Some(&handshake)).len(), schema.len(), "{}", schema.id());
            assert_eq!(Schema::from_id(schema.id()), Some(*schema));
        }
    }

    #[test]
    fn no_feature_names_the_capture() {
        for name in Schema::ALL.iter().flat_map(|schema| schema.names()) {
            assert!(!FORBIDDEN.iter().any(|part| name.contains(part)), "{name}");
        }
    }

    /// What is not known is absent and not 0: a flow without packets and hello has no sizes and no offer.
    #[test]
    fn the_unknown_is_absent() {
        for schema in [Schema::Offer, Schema::Points, Schema::Sequence] {
            assert!(vector(schema, None).iter().all(|value| value.is_nan()), "{}", schema.id());
        }
        let known: Vec<String> = Schema::Flow.names();
        let flow = vector(Schema::Flow, None);
        let at = known.iter().position(|name| name == "bidirectional_mean_ps").unwrap();
        assert!(flow[at].is_nan());
    }
}
