//! Schemas: named features with an id and a version.
//!
//! A model names the schemas it reads; its input is their vectors laid end to end. A feature that is not
//! known is `NaN` in the vector, never 0. A change of meaning, order or number of features is a new version.

use crate::observation::Observation;
use crate::{behaviour, certificate, hello, host, names, offer, points, polling, regularity, statistics};
use std::borrow::Cow;

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
    /// About a hundred statistics of the flow (`flow/2`).
    Flow2,
    /// Lengths, gaps, their transitions and TLS record lengths (`sequence/2`).
    Sequence2,
    /// The server name's shape and characters (`names/1`).
    Names,
    /// How payload packets follow each other (`polling/2`).
    Polling,
}

/// One column of a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: Cow<'static, str>,
    /// Its unit, or its range where it has none.
    pub unit: &'static str,
    /// What it says, where the name does not.
    pub meaning: &'static str,
}

impl Schema {
    /// Every schema of flows; later ones behind.
    pub const ALL: &'static [Self] = &[
        Self::Flow,
        Self::Sequence,
        Self::Handshake,
        Self::Offer,
        Self::Certificate,
        Self::Pair,
        Self::Points,
        Self::Flow2,
        Self::Sequence2,
        Self::Names,
        Self::Polling,
    ];

    /// Those that rows for training hold: what the classifiers of this release are made of.
    pub const TRAINING: &'static [Self] =
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
            Self::Flow2 => "flow/2",
            Self::Sequence2 => "sequence/2",
            Self::Names => "names/1",
            Self::Polling => "polling/2",
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
            Self::Flow2 => fixed(statistics::FLOW_NAMES),
            Self::Sequence2 => statistics::sequence_names(),
            Self::Names => {
                let shapes = names::COLUMNS.iter().map(|(name, _, _)| (*name).to_owned());
                shapes.chain(names::bucket_names()).collect()
            }
            Self::Polling => {
                let told = polling::COLUMNS.iter().map(|(name, _, _)| (*name).to_owned());
                told.chain(polling::more_names()).collect()
            }
        }
    }

    /// Whether it needs what [`crate::FlowDetail`] keeps.
    #[must_use]
    pub const fn needs_detail(self) -> bool {
        matches!(self, Self::Flow2 | Self::Sequence2)
    }

    /// What it is about.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            Self::Flow => "Sizes, times, flags and payload heads of a flow. The built-in bundle was trained on it.",
            Self::Sequence => "Signed wire lengths and log gaps of the first 20 packets.",
            Self::Handshake => "Shape of the client's and the server's hello.",
            Self::Offer => "Which values the client offers, one flag each, and how many are outside the lists.",
            Self::Certificate => "The server's certificate, of the flow or remembered of the same server.",
            Self::Pair => "Repetition between the flows of the pair, as known at the flow's end.",
            Self::Points => "Yes-or-no signs and their untrained sum.",
            Self::Flow2 => "Statistics of a flow, named as NFStream and CICFlowMeter users know them.",
            Self::Sequence2 => {
                "`sequence/1`, with the steps between bins of length and of gaps, and TLS record lengths."
            }
            Self::Names => "The server name's shape, and hashed pairs and triples of its characters.",
            Self::Polling => {
                "How the first 66 packets with payload follow each other and what stands where in them, in conversations with 8 or more."
            }
        }
    }

    /// Its columns with units and meanings.
    #[must_use]
    pub fn columns(self) -> Vec<Column> {
        let described = match self {
            Self::Names => names::COLUMNS,
            Self::Polling => polling::COLUMNS,
            _ => &[],
        };
        let named = self.names().into_iter().enumerate();
        named
            .map(|(at, name)| match described.get(at) {
                Some((_, unit, meaning)) => Column { name: name.into(), unit, meaning },
                None => Column { unit: unit(&name), name: name.into(), meaning: "" },
            })
            .collect()
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
            Self::Flow2 => statistics::FLOW_NAMES.len(),
            Self::Sequence2 => statistics::SEQUENCE_LEN,
            Self::Names => names::LEN,
            Self::Polling => polling::LEN,
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
            Self::Flow2 => statistics::flow(seen, into),
            Self::Sequence2 => statistics::sequence(seen, into),
            Self::Names => {
                let client = seen.handshake.and_then(|handshake| handshake.client.as_deref());
                names::extract(client.and_then(|client| client.sni.as_deref()), into);
            }
            Self::Polling => polling::extract(seen, into),
        }
    }
}

/// Id of the schema of a pair over all its connections; its values come from [`crate::Regularity`].
pub const PAIR_ID: &str = "pair/2";

/// The columns of `pair/2`.
#[must_use]
pub fn pair_columns() -> Vec<Column> {
    described(regularity::COLUMNS)
}

/// The columns of `host/1`.
#[must_use]
pub fn host_columns() -> Vec<Column> {
    described(host::COLUMNS)
}

fn described(columns: &'static [(&'static str, &'static str, &'static str)]) -> Vec<Column> {
    columns.iter().map(|(name, unit, meaning)| Column { name: (*name).into(), unit, meaning }).collect()
}

/// The unit that a name tells.
fn unit(name: &str) -> &'static str {
    const TOLD: &[(&str, &str)] = &[
        ("_per_s", "1/s"),
        ("_ms", "ms"),
        ("_ps", "bytes"),
        ("_payload", "bytes"),
        ("_bytes", "bytes"),
        ("_packets", "count"),
        ("_share", "0..1"),
        ("_ratio", "ratio"),
        ("_entropy", "0..1"),
        ("_printable", "0..1"),
        ("_cv", "ratio"),
        ("_log", "ln(1+x)"),
        ("_bits", "bits"),
        ("_version", "code"),
        ("_length", "bytes"),
        ("_days", "days"),
    ];
    const BEGINNINGS: &[(&str, &str)] = &[
        ("length_step", "0..1"),
        ("gap_step", "0..1"),
        ("length_", "bytes"),
        ("record_", "bytes"),
        ("log_gap", "8 log2(1+us)"),
        ("cipher_", "flag"),
        ("extension_", "flag"),
        ("group_", "flag"),
        ("signature_", "flag"),
        ("alpn_", "flag"),
        ("sign_", "flag"),
        ("points", "0..1"),
        ("polling_src2dst_size_", "0..1"),
        ("polling_dst2src_size_", "0..1"),
        ("name_pair", "0..1"),
        ("name_triple", "0..1"),
        ("client_ciphers_", "0..1"),
        ("server_name_digits", "0..1"),
        ("subflows", "count"),
        ("turns", "count"),
        ("offer_unknown", "count"),
    ];
    const COUNTS: &[&str] = &[
        "client_ciphers",
        "client_extensions",
        "client_groups",
        "client_signature_schemes",
        "client_key_shares",
        "client_point_formats",
        "client_compression",
        "client_alpn",
        "server_name_labels",
        "server_extensions",
        "certificate_names",
        "certificate_extensions",
        "certificate_subject_attributes",
        "certificate_issuer_attributes",
    ];
    match name {
        "server_name_entropy" => return "bits/byte",
        "certificate_chain_length" => return "count",
        _ => {}
    }
    let beginning = BEGINNINGS.iter().find(|(start, _)| name.starts_with(start)).map(|(_, unit)| *unit);
    let count = COUNTS.contains(&name).then_some("count");
    let told = || TOLD.iter().find(|(end, _)| name.ends_with(end)).map(|(_, unit)| *unit);
    count.or(beginning).or_else(told).unwrap_or("flag")
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
            detail: None,
            records: None,
            polling: None,
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

    /// What was published stays: a bundle names schemas by id.
    #[test]
    fn lengths_of_published_schemas_stay() {
        let lengths: Vec<(&str, usize)> = Schema::ALL.iter().map(|schema| (schema.id(), schema.len())).collect();
        let published = [
            ("flow/1", 47),
            ("sequence/1", 40),
            ("handshake/1", 35),
            ("offer/1", 236),
            ("certificate/1", 22),
            ("pair/1", 9),
            ("points/1", 14),
            ("flow/2", 107),
            ("sequence/2", 260),
            ("names/1", 212),
            ("polling/2", 165),
        ];
        assert_eq!(lengths, published);
        assert_eq!((pair_columns().len(), host_columns().len()), (25, 30));
    }

    #[test]
    fn columns_are_the_names() {
        for schema in Schema::ALL {
            let columns: Vec<String> = schema.columns().into_iter().map(|column| column.name.into_owned()).collect();
            assert_eq!(columns, schema.names(), "{}", schema.id());
        }
    }

    #[test]
    fn no_feature_names_the_capture() {
        let others = pair_columns().into_iter().chain(host_columns()).map(|column| column.name.into_owned());
        for name in Schema::ALL.iter().flat_map(|schema| schema.names()).chain(others) {
            assert!(!FORBIDDEN.iter().any(|part| name.contains(part)), "{name}");
        }
    }

    /// What is not known is absent and not 0: a flow without packets and hello has no sizes and no offer.
    #[test]
    fn the_unknown_is_absent() {
        for schema in
            [Schema::Offer, Schema::Points, Schema::Sequence, Schema::Sequence2, Schema::Names, Schema::Polling]
        {
            assert!(vector(schema, None).iter().all(|value| value.is_nan()), "{}", schema.id());
        }
        let known: Vec<String> = Schema::Flow.names();
        let flow = vector(Schema::Flow, None);
        let at = known.iter().position(|name| name == "bidirectional_mean_ps").unwrap();
        assert!(flow[at].is_nan());
    }
}
