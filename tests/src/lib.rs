//! End-to-end tests and the makers of their captures.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test or bench that cannot go on ends")]
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "tests do I/O")]

pub mod browser;
pub mod demo;
pub mod disk;
pub mod encoders;
pub mod fuzz;
pub mod golden;
pub mod latency;
pub mod make;
pub mod namespace;
pub mod packaging;
pub mod peers;
pub mod place;
pub mod programs;
pub mod random;
pub mod schema;
pub mod seeds;
pub mod transport;
