//! The running collector from outside: a store filled with generated weeks, then HTTPS as a browser or a program sends it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test or bench that cannot go on ends")]
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "tests do I/O")]

mod agents;
mod api;
mod https;
mod page;
mod site;
