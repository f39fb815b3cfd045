//! Classifiers, their vote, and the bundle that carries them to a sensor.
//!
//! A [`Bundle`] is loaded once and shared; every worker has its own [`Scorer`], which turns an
//! observation into a verdict with its reasons.
//!
//! ```
//! use picket_score::{Bundle, Refusal, Trust};
//! let refusal = Bundle::load(b"not a bundle", &Trust::default()).unwrap_err();
//! assert!(matches!(refusal, Refusal::Size(_)));
//! ```
#![forbid(unsafe_code)]
#![deny(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod behaviour;
mod builtin;
pub mod bundle;
pub mod calibration;
pub mod linear;
pub mod manifest;
mod reasons;
mod refusal;
pub mod row;
mod scorer;
pub mod trees;
pub mod vote;

pub use builtin::{DEFAULT_BUNDLE, DEFAULT_SHA256};
pub use bundle::{Bundle, Trust};
pub use manifest::Manifest;
pub use refusal::Refusal;
pub use scorer::{Scorer, buckets};
