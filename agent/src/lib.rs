//! The shell round the sensor.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "the shell does I/O")]
#![deny(
    clippy::print_stdout,
    reason = "a closed pipe would end the program with a panic: writeln! says it as an error"
)]

pub mod capture;
pub mod cli;
pub mod config;
pub mod confine;
pub mod detail;
pub mod enrol;
pub mod features_cmd;
pub mod forward;
pub mod governor;
pub mod metrics;
pub mod output;
pub mod pipeline;
pub mod policy;
pub mod sensor;
pub mod spool;
pub mod status;
pub mod uplink;
