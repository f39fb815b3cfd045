//! From what the sensor saw to vectors with a schema.
//!
//! [`FlowStats`] runs with every packet; [`Handshake`] collects what dissectors say; [`PairMemory`] and
//! [`CertificateMemory`] remember across flows, bounded. At the end of a flow an [`Observation`] borrows all
//! of it and [`schema`] turns it into named numbers. [`FlowDetail`] holds what only some schemas need, [`beacon`] scores
//! the regularity of a pair, [`host`] sums up a window of a host, [`packet`] lays out the bits of one packet.
//!
//! ```
//! use picket_event::{Direction, Timestamp};
//! use picket_feature::FlowStats;
//! let mut stats = FlowStats::default();
//! stats.packet(Direction::ToServer, Timestamp::EPOCH, 60, 0, 0x02, 64240, &[]);
//! assert_eq!(stats.packets(), 1);
//! ```
#![forbid(unsafe_code)]
#![deny(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod beacon;
mod behaviour;
mod certificate;
mod certificates;
mod detail;
mod flow_stats;
mod handshake;
mod hello;
pub mod host;
mod layout;
mod lru;
pub mod names;
mod observation;
mod offer;
pub mod packet;
mod pair;
mod points;
pub mod polling;
mod regularity;
pub mod schema;
mod stack;
mod statistics;
mod tokens;

pub use certificates::{CertificateMemory, ServerKey};
pub use detail::FlowDetail;
pub use flow_stats::{FIRST_PACKETS, FlowStats, Summary};
pub use handshake::Handshake;
pub use lru::Lru;
pub use observation::{Absent, Observation};
pub use pair::{PairHistory, PairKey, PairMemory};
pub use points::{date_reason, sign_reasons};
pub use polling::Polling;
pub use regularity::Regularity;
pub use schema::Schema;
pub use stack::Stack;
pub use tokens::{HASH_BITS, tokens};
