//! The shell round the sensor.

pub mod capture;
pub mod pipeline;
pub mod sensor;
