//! The shell round the sensor.

pub mod capture;
pub mod cli;
pub mod config;
pub mod enrol;
pub mod features_cmd;
pub mod forward;
pub mod metrics;
pub mod output;
pub mod pipeline;
pub mod sensor;
pub mod spool;
pub mod status;
pub mod uplink;
