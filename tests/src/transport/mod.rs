//! Agent and collector in one process, over real QUIC, and traffic to send.

mod generate;
mod raw;
mod relay;
mod rig;
mod thin;

pub use generate::{Generator, Mix};
pub use raw::say;
pub use relay::{Line, Relay};
pub use rig::{AgentAt, CollectorAt};
pub use thin::thin;
