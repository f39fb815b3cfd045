//! Training: rows in, bundle out. No I/O, no clock, no threads; chance comes from the settings' seed.
//!
//! [`Data::parse`] reads feature rows; [`train`] fits the classifiers, calibrates them and weighs their vote
//! on sources they did not see; `picket_score::bundle::seal` signs the result. [`metrics`] has the figures.
#![forbid(unsafe_code)]
#![deny(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod behaviour;
pub mod boosting;
mod conversations;
mod data;
mod error;
pub mod forest;
pub mod leakage;
mod members;
pub mod metrics;
pub mod platt;
pub mod random;
pub mod regression;
mod rule;
mod seal;
mod settings;
mod table;
mod train;
pub mod voting;

pub use conversations::Conversations;
pub use data::{Data, DataError, Label, MAX_ROWS, Sample};
pub use error::TrainError;
pub use members::{Fitted, Kind};
pub use settings::Settings;
pub use table::Table;
pub use train::{Trained, train};

#[cfg(test)]
mod tests;
