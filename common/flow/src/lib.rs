//! Conversations: table, timers, direction, stream reassembly, fragments.
//!
//! A [`Table`] is one logical shard. It owns the flows and their timers; what is remembered of a flow
//! beyond that belongs to the [`Handler`], which is told of packets, stream bytes and rows. Capture time
//! alone drives it, through [`Clock`].
//!
//! Stated policies
//! * TCP overlap: the bytes received first win; a later segment that differs is reported once a flow.
//! * A reset whose sequence number is out of the window is reported and otherwise ignored.
//! * Checksums are not verified (captures on hosts with offload hold wrong ones); an insertion by wrong
//!   checksum or low TTL shows as a conflicting overlap when the true bytes follow.
//! * VLAN ids are not part of a flow's identity: mirrored trunks often tag one direction alone.
#![forbid(unsafe_code)]
#![deny(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod clock;
mod direction;
mod flow;
mod fragments;
mod key;
mod list;
mod pending;
mod slab;
mod stream;
mod table;
mod wheel;

#[cfg(test)]
mod tests;

pub use clock::{Clock, TICK_NANOS};
pub use direction::client_is_sender;
pub use flow::{Anomaly, Flow, Packet};
pub use fragments::{Fragments, FragmentsConfig, Overdue, Piece, Whole};
pub use key::{FlowKey, Keyed};
pub use stream::StreamItem;
pub use table::{Counters, Handler, Table, TableConfig, TableTimeouts};
