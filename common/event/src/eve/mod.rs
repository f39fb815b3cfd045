//! EVE JSON: one line an event, field names as Suricata's where the meaning is the same.
//!
//! [`row::Row`] is the one table of fields. [`write_line`] and [`parse_line`] go through it, and
//! [`schema`] prints it as a closed JSON schema, so that the three cannot drift apart.

mod detail;
mod parse;
pub mod row;
mod session;
mod suricata;
mod value;
mod write;

pub(crate) use parse::unhex;
pub use parse::{EveError, EveRow, parse_line};
pub(crate) use write::hex;
pub use write::write_line;

/// The closed JSON schema of every line the product writes (`docs/eve.schema.json`).
#[must_use]
pub fn schema() -> String {
    let schema = schemars::SchemaGenerator::default().into_root_schema_for::<row::Row<'static>>();
    serde_json::to_string_pretty(&schema).unwrap_or_default()
}

/// Longest text field of an EVE line that is kept when a line is read; longer ones are cut.
pub const MAX_TEXT: usize = 1024;

#[cfg(test)]
mod tests;
