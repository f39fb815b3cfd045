//! The shell round the sensor.
