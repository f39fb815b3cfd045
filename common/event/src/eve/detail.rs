//! What messages say of a conversation, to rows and back.

use super::parse::list;
use super::row::TlsRecords;
use super::write::texts;
use crate::body::{TLS_RECORDS_MAX, TlsRecord};
use crate::detail::{DETAIL_TEXTS_MAX, detail_fields};
use crate::{AppDetail, Direction};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

macro_rules! row {
    ($({$name:ident $doc:literal})*) => {
        /// What the messages of a conversation say of it.
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[schemars(deny_unknown_fields)]
        #[serde(default)]
        pub struct Detail<'a> {
            $(#[doc = $doc]
            #[serde(skip_serializing_if = "Option::is_none")]
            pub $name: Option<Vec<Cow<'a, str>>>,)*
        }

        pub(super) fn row(detail: &AppDetail) -> Detail<'_> {
            Detail { $($name: texts(&detail.$name),)* }
        }

        pub(super) fn value(row: &Detail<'_>) -> AppDetail {
            let mut detail = AppDetail { $($name: list(row.$name.as_ref()),)* };
            detail.lists_mut().into_iter().for_each(|list| list.truncate(DETAIL_TEXTS_MAX));
            detail
        }
    };
}

detail_fields!(row);

/// Records of TLS as a row tells them; none are left out.
pub(super) fn records_row(records: &[TlsRecord]) -> Option<TlsRecords<'static>> {
    let signed = |record: &TlsRecord| match record.direction {
        Direction::ToServer => i32::from(record.length),
        Direction::ToClient => -i32::from(record.length),
    };
    (!records.is_empty()).then(|| TlsRecords {
        types: Some(records.iter().map(|record| record.kind).collect()),
        lengths: Some(records.iter().map(signed).collect()),
        ..Default::default()
    })
}

/// The records of a row. An empty one went to the server.
pub(super) fn records(row: &TlsRecords<'_>) -> Vec<TlsRecord> {
    let pairs = row.types.iter().flatten().zip(row.lengths.iter().flatten());
    let record = |(kind, length): (&u8, &i32)| TlsRecord {
        kind: *kind,
        direction: if *length < 0 { Direction::ToClient } else { Direction::ToServer },
        length: u16::try_from(length.unsigned_abs()).unwrap_or(u16::MAX),
    };
    pairs.take(TLS_RECORDS_MAX).map(record).collect()
}
