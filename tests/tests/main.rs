//! Every end-to-end test, in one program.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test or bench that cannot go on ends")]
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "tests do I/O")]

mod backlog;
mod backup;
mod community;
mod crashes;
mod demo;
mod detail;
mod encoders;
mod findings;
mod fingerprints;
mod fleet;
mod flood;
mod fuzz;
mod golden;
mod hostile;
mod ics_stacks;
mod identity;
mod journal;
mod latency;
mod live;
mod midway;
mod models;
mod openings;
mod packaging;
mod page;
mod payload;
mod protocols;
mod read_cli;
mod recognition;
mod releases;
mod reverse;
mod schema;
mod simulation;
mod ssh;
mod stacks;
mod tidy;
mod transport;
mod tshark;
mod tunnels;
mod wire;
