//! The shell round the sensor.

pub mod capture;
