//! Structure inference: the message format of a conversation that no dissector knows.
//!
//! What is kept of such a conversation ([`Talk`]: how its first pieces begin) is looked at place by place. A length field
//! leads from message to message; a counter changes with each request and comes back in the response; the operation
//! byte takes few values, is tied between request and response, and tells how long messages are. The result is a
//! [`Format`] with a stable number. Only what behaves like the traffic of a plant gets one (`plausible`).
//!
//! Everything is linear in what is kept, which is bounded, and the same for the same bytes.

mod clusters;
mod columns;
mod format;
mod length;
mod library;
mod meaning;
mod operation;
mod pairs;
mod plausible;
mod reader;
mod talk;
#[cfg(test)]
mod tests;
mod unknown;
mod words;

pub use clusters::{Cluster, Clusters, Code, Role};
pub use format::{Format, infer, infer_all};
pub use length::{Counts, LengthField, Order, split};
pub use library::{Constant, Desk, Library, SiteProtocol};
pub use operation::{OperationField, Relation};
pub use pairs::Counter;
pub use talk::{Message, PIECE_BYTES, PIECES_MAX, Talk};
pub use unknown::Inferred;
pub(crate) use unknown::Unknown;
