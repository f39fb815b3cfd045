//! What people and other tools read: EVE lines, the ledger in words, progress.

mod eve;
mod ledger;
mod progress;

pub use eve::{EveSink, Kinds};
pub use ledger::{ledger_json, ledger_text};
pub use progress::Progress;
