//! The engine as others see it: one owner writes, readers take snapshots.

use crate::api::view::{CellView, EntityRow, EntityView, MatrixView, Partner, SiteRow};
use picket_engine::{Config, Counters, Engine, EntitySummary, Findings, Matrix, RollUp, risk};
use picket_event::{Envelope, Timestamp};
use std::sync::{Arc, PoisonError, RwLock};

/// The engine and the latest ranking.
pub struct Live {
    engine: RwLock<Engine>,
    ranking: RwLock<Arc<Ranking>>,
}

/// What lists are made of, renewed at the configured interval.
#[derive(Default)]
pub struct Ranking {
    /// Highest risk first.
    pub entities: Vec<EntityRow>,
    /// Every site, then the fleet.
    pub sites: Vec<SiteRow>,
    /// What the engine counted.
    pub counters: Counters,
}

impl Live {
    /// An engine that has seen nothing.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self { engine: RwLock::new(Engine::new(config)), ranking: RwLock::default() }
    }

    /// Takes events in order of arrival.
    pub fn apply(&self, batch: &[Envelope], findings: &mut Findings) {
        self.engine.write().unwrap_or_else(PoisonError::into_inner).apply(batch, findings);
    }

    /// Tells the engine the time.
    pub fn advance(&self, now: Timestamp, findings: &mut Findings) {
        self.engine.write().unwrap_or_else(PoisonError::into_inner).advance(now, findings);
    }

    /// Says that the input has paused for good: everything that waits is judged.
    pub fn finish(&self, findings: &mut Findings) {
        self.engine.write().unwrap_or_else(PoisonError::into_inner).finish(findings);
    }

    /// Renews the ranking.
    pub fn refresh(&self) {
        let engine = self.engine.read().unwrap_or_else(PoisonError::into_inner);
        let entities = engine.entities().into_iter().zip(1..).map(|(summary, rank)| row(summary, rank)).collect();
        let sites = engine.roll_up().into_iter().map(site).collect();
        let counters = engine.counters();
        drop(engine);
        let fresh = Arc::new(Ranking { entities, sites, counters });
        *self.ranking.write().unwrap_or_else(PoisonError::into_inner) = fresh;
    }

    /// The latest ranking.
    #[must_use]
    pub fn ranking(&self) -> Arc<Ranking> {
        Arc::clone(&self.ranking.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// One entity by site and any of its names, as it is now. An empty site means the first that has the name.
    #[must_use]
    pub fn entity(&self, site: &str, name: &str) -> Option<EntityView> {
        let ranking = self.ranking();
        let engine = self.engine.read().unwrap_or_else(PoisonError::into_inner);
        let id = if site.is_empty() {
            let sites = ranking.sites.iter().map(|site| site.name.as_str());
            sites.chain(std::iter::once("")).find_map(|site| engine.find(site, name))
        } else {
            engine.find(site, name)
        };
        let detail = engine.entity(id?)?;
        drop(engine);
        let place = |r: &&EntityRow| r.site == detail.summary.site && r.entity == detail.summary.name;
        let rank = ranking.entities.iter().find(place).map_or(0, |r| r.rank);
        Some(EntityView {
            summary: row(detail.summary, rank),
            matrices: detail.matrices.iter().map(matrix).collect(),
            partners: detail.partners.into_iter().map(|(entity, behaviours)| Partner { entity, behaviours }).collect(),
            findings: Vec::new(),
        })
    }
}

fn row(summary: EntitySummary, rank: u64) -> EntityRow {
    let terms = summary.terms;
    EntityRow {
        rank,
        entity: summary.name,
        aliases: summary.aliases,
        site: summary.site,
        zone: summary.zone,
        role: summary.role.name().to_owned(),
        risk: summary.risk,
        yesterday: risk::clamped(summary.yesterday),
        terms: [terms.severity, terms.asset_value, terms.impact_scope, terms.exploitability],
        alerts: summary.alerts,
        periods: summary.periods,
        score: summary.score,
        omega: summary.omega,
        last_seen: summary.last_seen.to_string(),
        reasons: summary.reasons,
    }
}

fn site(roll_up: RollUp) -> SiteRow {
    SiteRow {
        name: roll_up.name,
        risk: roll_up.risk,
        yesterday: roll_up.yesterday,
        entities: roll_up.entities as u64,
        high: roll_up.high as u64,
        alerts_per_day: roll_up.alerts_per_day,
        budget_held: roll_up.budget_held,
    }
}

fn matrix(matrix: &Matrix) -> MatrixView {
    let width = matrix.columns.len().max(1);
    let at = |values: &[f64], index: usize| values.get(index).copied().unwrap_or_default();
    let cells = (0..matrix.rows.len() * matrix.columns.len()).map(|index| CellView {
        row: index / width,
        column: index % width,
        seen: at(&matrix.current, index),
        expected: at(&matrix.mean, index),
        deviation: at(&matrix.deviation, index),
    });
    let held: Vec<CellView> = cells.filter(|c| c.seen != 0.0 || c.expected != 0.0 || c.deviation != 0.0).collect();
    MatrixView {
        name: matrix.name.to_owned(),
        rows: matrix.rows.clone(),
        columns: matrix.columns.clone(),
        sum: held.iter().map(|cell| cell.deviation).sum(),
        cells: held,
    }
}
