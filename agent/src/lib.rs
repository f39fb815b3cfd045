//! The shell round the sensor.

pub mod capture;
pub mod enrol;
pub mod forward;
pub mod pipeline;
pub mod sensor;
pub mod spool;
pub mod uplink;
