//! The engine: entities, their behaviour baselines, findings within an alarm budget, risk.
//!
//! Events go in, findings come out; time is the events' own. Nothing here reads a clock, a file or a
//! random number, so the same events give the same findings, in whatever batches they come.
#![forbid(unsafe_code)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod config;
mod finding;
pub mod risk;
mod role;
mod view;

pub use config::{Caps, Config, Deviation, Memory, PlannedWork, Shape, SiteConfig, Zone};
pub use finding::{Evidence, Finding, FindingCell, FindingKind, Findings};
pub use role::Role;
pub use view::{Counters, EntityDetail, EntityId, EntitySummary, Matrix, RollUp};

use picket_event::{Envelope, Timestamp};

/// The engine. One owner; `apply` and `advance` are its whole input.
#[derive(Debug)]
pub struct Engine {
    config: Config,
    counters: Counters,
}

impl Engine {
    /// An engine that has seen nothing.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self { config, counters: Counters::default() }
    }

    /// Takes events in order of arrival.
    pub fn apply(&mut self, batch: &[Envelope], _findings: &mut Findings) {
        self.counters.events += batch.len() as u64;
    }

    /// Says that `now` is the time, so that periods end although nothing arrives.
    pub fn advance(&mut self, _now: Timestamp, _findings: &mut Findings) {}

    /// Ends the input: everything that waits is judged.
    pub fn finish(&mut self, _findings: &mut Findings) {}

    /// Every entity, highest unclamped risk first.
    #[must_use]
    pub fn entities(&self) -> Vec<EntitySummary> {
        Vec::new()
    }

    /// One entity with its three matrices.
    #[must_use]
    pub fn entity(&self, _id: EntityId) -> Option<EntityDetail> {
        None
    }

    /// Looks an entity up by site and name, address or MAC.
    #[must_use]
    pub fn find(&self, _site: &str, _name: &str) -> Option<EntityId> {
        None
    }

    /// Every site, then the fleet.
    #[must_use]
    pub fn roll_up(&self) -> Vec<RollUp> {
        Vec::new()
    }

    /// What was counted.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    /// The settings.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }
}
