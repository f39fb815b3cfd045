//! The configuration: TOML files merged in order, read once, refused where a key is not known.

mod load;
mod settings;
mod units;

#[cfg(test)]
mod tests;

pub use load::{ConfigError, Loaded, Origin};
pub use settings::{
    Agent, Capture, Config, Flow, Governor, Log, Metrics, Output, Score, Spool, Status, Uplink, Verification, kinds,
};
pub use units::{Size, Span};

/// Where the state is kept where nothing else is said.
pub const DEFAULT_STATE: &str = "/var/lib/picket-agent";
/// Where the configuration stands where no other file is named.
pub const DEFAULT_PATH: &str = "/etc/picket/agent.toml";
