//! Agent and collector in one process, over real QUIC, and traffic to send.

mod generate;
mod rig;

pub use generate::{Generator, Mix};
pub use rig::{AgentAt, CollectorAt};
