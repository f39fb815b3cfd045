//! Kinds of rows and the forms they are written in.

use super::table::{Column, Head, Kind as Type};
use picket_feature::packet::{self, Layout};
use picket_feature::{Schema, host, schema};
use std::path::Path;

/// What a row stands for, and which schema fills it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// A TLS or QUIC flow with every schema the trainer reads (JSON Lines only)
    #[default]
    Training,
    /// A conversation with 8 payload packets or more: how they follow each other (polling/2, JSON Lines only)
    Polling,
    /// A packet: nPrint's bits (packet/1)
    Packet,
    /// A flow: statistics (flow/2)
    Flow,
    /// A flow: lengths, gaps, transitions, TLS records (sequence/2)
    Sequence,
    /// A flow with a hello: its shape (handshake/1)
    Handshake,
    /// A flow with a hello: the values offered (offer/1)
    Offer,
    /// A flow with a certificate (certificate/1)
    Certificate,
    /// A server name or DNS query (names/1)
    Names,
    /// A client, server and port: regularity (pair/2)
    Pair,
    /// A local host over five minutes (host/1)
    Host,
}

impl Kind {
    /// Its name in options.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Training => "training",
            Self::Polling => "polling",
            Self::Packet => "packet",
            Self::Flow => "flow",
            Self::Sequence => "sequence",
            Self::Handshake => "handshake",
            Self::Offer => "offer",
            Self::Certificate => "certificate",
            Self::Names => "names",
            Self::Pair => "pair",
            Self::Host => "host",
        }
    }

    /// The schema of flows that fills it; `None` where it is no flow's.
    #[must_use]
    pub const fn of_flows(self) -> Option<Schema> {
        match self {
            Self::Flow => Some(Schema::Flow2),
            Self::Sequence => Some(Schema::Sequence2),
            Self::Handshake => Some(Schema::Handshake),
            Self::Offer => Some(Schema::Offer),
            Self::Certificate => Some(Schema::Certificate),
            Self::Names => Some(Schema::Names),
            Self::Training | Self::Polling | Self::Packet | Self::Pair | Self::Host => None,
        }
    }

    /// The schemas of the rows the trainer reads; none where it reads no such rows.
    #[must_use]
    pub const fn trains(self) -> &'static [Schema] {
        match self {
            Self::Training => Schema::TRAINING,
            Self::Polling => &[Schema::Polling],
            _ => &[],
        }
    }

    /// Id of its schema.
    #[must_use]
    pub fn schema(self) -> &'static str {
        match self {
            Self::Training => "training",
            Self::Polling => Schema::Polling.id(),
            Self::Packet => packet::ID,
            Self::Pair => schema::PAIR_ID,
            Self::Host => host::ID,
            _ => self.of_flows().map_or("", Schema::id),
        }
    }

    /// Its columns, the leading ones included.
    #[must_use]
    pub fn columns(self, layout: &Layout) -> Vec<Column> {
        let features = |names: Vec<String>, kind| names.into_iter().map(move |name| Column { name, kind });
        let described = |columns: Vec<schema::Column>| {
            features(columns.into_iter().map(|column| column.name.into_owned()).collect(), Type::Float)
        };
        let mut columns = Head::columns();
        match self {
            Self::Packet => columns.extend(features(layout.names(), Type::Bit)),
            Self::Pair => columns.extend(described(schema::pair_columns())),
            Self::Host => columns.extend(described(schema::host_columns())),
            _ => columns.extend(features(self.of_flows().map(Schema::names).unwrap_or_default(), Type::Float)),
        }
        columns
    }
}

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    /// JSON Lines, as the trainer reads them
    Jsonl,
    /// Comma-separated values with a line of names
    Csv,
    /// Parquet, compressed by column
    Parquet,
}

impl Form {
    /// Its name in options.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }

    /// What the file's name tells, a compression's ending left aside; else what fits the kind.
    #[must_use]
    pub fn of(kind: Kind, path: &Path) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(&name);
        if name.ends_with(".parquet") {
            Self::Parquet
        } else if name.ends_with(".csv") || kind.trains().is_empty() {
            Self::Csv
        } else {
            Self::Jsonl
        }
    }
}
