//! What protocol a conversation speaks, and what was said in it.
//!
//! One folder a protocol, all of one shape: `mod.rs` (what it is, the standard, `impl Dissector`),
//! `parse.rs` (bytes to messages), `table.rs` (codes and names), `golden/` (captures of our own making
//! beside the events they must give). [`registry::ALL`] lists them; fuzz targets, benches and tests are
//! generated from it.
#![forbid(unsafe_code)]
#![deny(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod contract;

pub use contract::{Context, Dissector, Fact, Head, Input, Need, Output, Probe, Progress, Session, SessionBox};
