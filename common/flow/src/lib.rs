//! Conversations: table, timers, direction, stream reassembly, fragments.
//!
//! A [`Table`] is one logical shard. It owns the flows and their timers; what is remembered of a flow
//! beyond that belongs to the [`Handler`], which is told of packets, stream bytes and rows. Capture time
//! alone drives it, through [`Clock`].
//!
//! Stated policies
//! * TCP overlap: the bytes received first win. A later segment that differs is reported with both views, as long as
//!   the shard remembers the first (the last 512 segments and 32 KiB that its streams were given; of a direction that nobody reads on, the first 64
//!   bytes of each segment).
//! * A reset or FIN whose sequence number is more than 1 MiB from the expected is ignored. A FIN ends a direction when
//!   the other side acknowledged it; where data go on behind a FIN or reset of their own side, it was not its sender's.
//! * Urgent data stay in line (RFC 6093 section 6).
//! * Checksums are looked at where that was asked for (captures on hosts with offload hold wrong ones); otherwise an
//!   insertion by wrong checksum shows as a conflicting overlap when the true bytes follow, as one by low TTL does.
//! * VLAN ids are not part of a flow's identity: mirrored trunks often tag one direction alone.
#![forbid(unsafe_code)]
#![deny(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod anomaly;
mod clock;
mod direction;
mod flow;
mod fragments;
mod history;
mod key;
mod list;
mod pending;
mod segment;
mod sip;
mod slab;
mod stream;
mod table;
mod wheel;

#[cfg(test)]
mod injection_tests;
#[cfg(test)]
mod tests;

pub use anomaly::Anomaly;
pub use clock::{Clock, TICK_NANOS};
pub use direction::client_is_sender;
pub use flow::{Flow, Packet};
pub use fragments::{Fragments, FragmentsConfig, Overdue, Piece, Whole};
pub use history::{Excerpt, Overlap};
pub use key::{FlowKey, Keyed};
pub use stream::StreamItem;
pub use table::{Counters, Handler, Table, TableConfig, TableTimeouts};
