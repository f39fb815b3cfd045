//! Agent and collector in one process, over real QUIC, and traffic to send.

mod generate;
mod raw;
mod rig;

pub use generate::{Generator, Mix};
pub use raw::say;
pub use rig::{AgentAt, CollectorAt};
