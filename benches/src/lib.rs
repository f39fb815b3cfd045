//! Benches.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test or bench that cannot go on ends")]
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "benches measure")]

pub mod contest;
pub mod cost;
