//! The shell round the engine.
#![forbid(unsafe_code)]

pub mod judge;
