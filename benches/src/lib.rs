//! Benches.

pub mod cost;
