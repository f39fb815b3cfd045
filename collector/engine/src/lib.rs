//! The engine: entities, their behaviour baselines, findings within an alarm budget, risk.
//!
//! Events go in, findings come out; time is the events' own. Nothing here reads a clock, a file or a
//! random number, so the same events give the same findings, in whatever batches they come.
#![forbid(unsafe_code)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod aside;
mod calendar;
mod cells;
mod config;
mod deviation;
mod entity;
mod finding;
mod group;
mod names;
pub mod risk;
mod role;
mod site;
mod tail;
mod view;
mod watchers;

pub use config::{Caps, Config, Deviation, Memory, PlannedWork, Shape, SiteConfig, Zone};
pub use finding::{Evidence, Finding, FindingCell, FindingKind, Findings};
pub use role::Role;
pub use view::{Counters, EntityDetail, EntityId, EntitySummary, Matrix, RollUp};

use picket_event::{Envelope, Site, Timestamp};
use site::SiteState;
use std::collections::BTreeMap;
use std::time::Duration;

/// The engine. One owner; `apply` and `advance` are its whole input.
#[derive(Debug)]
pub struct Engine {
    config: Config,
    counters: Counters,
    sites: Vec<SiteState>,
    numbers: BTreeMap<Site, u32>,
    now: Option<Timestamp>,
}

/// An event dated so far after the time given to `advance` is taken as of that time.
const AHEAD: Duration = Duration::from_secs(3600);

impl Engine {
    /// An engine that has seen nothing.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self { config, counters: Counters::default(), sites: Vec::new(), numbers: BTreeMap::new(), now: None }
    }

    fn site(&mut self, name: &Site) -> Option<u32> {
        if let Some(number) = self.numbers.get(name) {
            return Some(*number);
        }
        if self.sites.len() >= self.config.caps.sites {
            return None;
        }
        let number = u32::try_from(self.sites.len()).ok()?;
        let known = self.config.sites.iter().find(|s| s.name == name.as_str());
        let site = known.cloned().unwrap_or_else(|| SiteConfig::named(name.as_str()));
        self.sites.push(SiteState::new(number, site, &self.config));
        self.numbers.insert(name.clone(), number);
        Some(number)
    }

    /// Takes events in order of arrival. Findings come in order of the time they were made for each site.
    pub fn apply(&mut self, batch: &[Envelope], findings: &mut Findings) {
        for envelope in batch {
            self.counters.events += 1;
            let number = self.site(&envelope.site);
            let Some(site) = number.and_then(|n| self.sites.get_mut(n as usize)) else {
                self.counters.refused += 1;
                continue;
            };
            match self.now.filter(|now| envelope.event.time > now.plus(AHEAD)) {
                Some(now) => {
                    self.counters.clock_ahead += 1;
                    let mut dated = envelope.clone();
                    dated.event.time = now;
                    site.apply(&dated, self.now, &self.config, &mut self.counters, findings);
                }
                None => site.apply(envelope, self.now, &self.config, &mut self.counters, findings),
            }
        }
    }

    /// Says that `now` is the time, so that periods end although nothing arrives. Never goes back. A site's event
    /// time moves on by what has passed since its latest event arrived, so recorded weeks can be sent today.
    pub fn advance(&mut self, now: Timestamp, findings: &mut Findings) {
        let now = self.now.map_or(now, |before| before.max(now));
        self.now = Some(now);
        for site in &mut self.sites {
            site.advance(now, &self.config, &mut self.counters, findings);
        }
    }

    /// Ends the input: everything that waits is taken and the open hour judged.
    pub fn finish(&mut self, findings: &mut Findings) {
        for site in &mut self.sites {
            site.finish(&self.config, &mut self.counters, findings);
        }
    }

    /// Every entity, highest unclamped risk first, then by site and name.
    #[must_use]
    pub fn entities(&self) -> Vec<EntitySummary> {
        let mut all = Vec::new();
        for site in &self.sites {
            site.summaries(&self.config, &mut all);
        }
        all.sort_by(|a, b| {
            let risk = b.risk_unclamped.total_cmp(&a.risk_unclamped);
            risk.then_with(|| a.site.cmp(&b.site)).then_with(|| a.name.cmp(&b.name))
        });
        all
    }

    /// One entity with its three matrices.
    #[must_use]
    pub fn entity(&self, id: EntityId) -> Option<EntityDetail> {
        self.sites.get(id.site as usize)?.detail(id.entity, &self.config)
    }

    /// Looks an entity up by site and name, address or MAC.
    #[must_use]
    pub fn find(&self, site: &str, name: &str) -> Option<EntityId> {
        let number = self.numbers.get(&Site::new(site))?;
        self.sites.get(*number as usize)?.find(name)
    }

    /// Every site by name, then the fleet.
    #[must_use]
    pub fn roll_up(&self) -> Vec<RollUp> {
        let mut all: Vec<RollUp> = self.sites.iter().map(|s| s.roll_up(&self.config)).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        let risks: Vec<f64> = all.iter().map(|r| r.risk).collect();
        let before: Vec<f64> = all.iter().map(|r| r.yesterday).collect();
        all.push(RollUp {
            name: "fleet".to_owned(),
            risk: risk::roll_up(&risks),
            yesterday: risk::roll_up(&before),
            entities: all.iter().map(|r| r.entities).sum(),
            high: all.iter().map(|r| r.high).sum(),
            alerts_per_day: all.iter().map(|r| r.alerts_per_day).sum(),
            budget_held: all.iter().all(|r| r.budget_held),
        });
        all
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

    /// Bytes of an average entity, over all sites.
    #[must_use]
    pub fn bytes_per_entity(&self) -> usize {
        self.sites.iter().map(SiteState::bytes_per_entity).sum::<usize>() / self.sites.len().max(1)
    }
}
