//! The shell round the engine.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "the shell does I/O")]
#![forbid(unsafe_code)]
#![deny(
    clippy::print_stdout,
    reason = "a closed pipe would end the program with a panic: writeln! says it as an error"
)]

pub mod api;
pub mod backup;
pub mod cli;
pub mod config;
pub mod desk;
pub mod identity;
pub mod ingest;
pub mod judge;
pub mod metrics;
pub mod model;
pub mod page;
pub mod serve;
pub mod store;
