//! The shell round the engine.
#![forbid(unsafe_code)]

pub mod cli;
pub mod config;
pub mod identity;
pub mod ingest;
pub mod judge;
pub mod store;
