//! What messages say of a conversation, to rows and back.

use super::parse::list;
use super::write::texts;
use crate::AppDetail;
use crate::detail::{DETAIL_TEXTS_MAX, detail_fields};
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
