//! The connection to the collector.
//!
//! [`Machine`] decides when to connect, what to send and what an answer means, [`Path`] over which transport;
//! [`Client`] makes connections, over QUIC or TCP; `run` joins them with the spool's files.

mod client;
mod lane;
mod machine;
mod pace;
mod path;
mod run;
mod session;
mod shared;
mod stream;
mod trust;

pub use client::{Client, ClientError};
pub use machine::{Action, Machine, Phase, Window};
pub use path::{Choice, Path, Transport};
pub(crate) use run::{Settings, run};
pub(crate) use shared::{DETAIL_MAX, Shared};
