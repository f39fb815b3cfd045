//! The connection to the collector.
//!
//! [`Machine`] decides when to connect, what to send and what an answer means; [`Client`] makes QUIC connections;
//! `run` joins the two with the spool's files.

mod client;
mod machine;
mod run;

pub use client::{Client, ClientError};
pub use machine::{Action, Machine, Phase, Window};
pub(crate) use run::{Link, Settings, Shared, run};
