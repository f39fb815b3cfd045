//! From what the sensor saw to vectors with a schema.
//!
//! [`FlowStats`] runs with every packet; [`Handshake`] collects what dissectors say; [`PairMemory`] and
//! [`CertificateMemory`] remember across flows, bounded. At the end of a flow an [`Observation`] borrows all
//! of it and [`schema`] turns it into named numbers.
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

mod behaviour;
mod certificate;
mod certificates;
mod flow_stats;
mod handshake;
mod hello;
mod lru;
mod observation;
mod offer;
mod pair;
mod points;
pub mod schema;
mod stack;
mod tokens;

pub use certificates::{CertificateMemory, ServerKey};
pub use flow_stats::{FIRST_PACKETS, FlowStats, Summary};
pub use handshake::Handshake;
pub use observation::{Absent, Observation};
pub use pair::{PairHistory, PairKey, PairMemory};
pub use points::{date_reason, sign_reasons};
pub use schema::Schema;
pub use stack::Stack;
pub use tokens::{HASH_BITS, tokens};
