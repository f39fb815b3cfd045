//! What people see of the engine's state: ranked entities, one entity's matrices, roll-ups, counters.

use crate::role::Role;
use picket_event::Timestamp;

/// The number of an entity: stable while the engine lives, unique over all sites.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntityId {
    /// The site's number.
    pub site: u32,
    /// The entity's number within the site.
    pub entity: u32,
}

/// One line of the ranking.
#[derive(Clone, Debug, PartialEq)]
pub struct EntitySummary {
    /// The entity.
    pub id: EntityId,
    /// Host name, else the address.
    pub name: String,
    /// Its other names: addresses held, MAC.
    pub aliases: Vec<String>,
    /// The site.
    pub site: String,
    /// Its zone, or empty.
    pub zone: String,
    /// The peer group.
    pub role: Role,
    /// 1 to 10.
    pub risk: f64,
    /// Not clamped: what ranks.
    pub risk_unclamped: f64,
    /// The four terms of the risk: severity, asset value, impact scope, exploitability.
    pub terms: crate::risk::Terms,
    /// Why, in words; the latest first. Empty while nothing was found.
    pub reasons: Vec<String>,
    /// Risk one day ago, unclamped.
    pub yesterday: f64,
    /// Alerts so far.
    pub alerts: u32,
    /// Last behaviour.
    pub last_seen: Timestamp,
    /// Periods behind its baseline.
    pub periods: f64,
    /// Today's score.
    pub score: f64,
    /// The level at which it becomes abnormal; none while the site is too young to have one.
    pub omega: Option<f64>,
}

/// One of an entity's three matrices, for a heat map. Vectors are row by row: `rows.len() * columns.len()` long.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matrix {
    /// `time x space`, `time x relation` or `relation x space`.
    pub name: &'static str,
    /// Labels of the rows.
    pub rows: Vec<String>,
    /// Labels of the columns.
    pub columns: Vec<String>,
    /// Mean of past periods.
    pub mean: Vec<f64>,
    /// Variance of past periods.
    pub variance: Vec<f64>,
    /// Counts of the open period.
    pub current: Vec<f64>,
    /// Deviation of the open period so far.
    pub deviation: Vec<f64>,
}

/// One entity in full.
#[derive(Clone, Debug, PartialEq)]
pub struct EntityDetail {
    /// The line of the ranking.
    pub summary: EntitySummary,
    /// Time x space, time x relation, relation x space.
    pub matrices: [Matrix; 3],
    /// Entities it talked to, the most first, at most 50: name and behaviours.
    pub partners: Vec<(String, u64)>,
}

/// Risk of a site or of the fleet.
#[derive(Clone, Debug, PartialEq)]
pub struct RollUp {
    /// The site, or `fleet`.
    pub name: String,
    /// 1 to 10: the highest entity's, raised a little by how many others are high.
    pub risk: f64,
    /// The same one day ago.
    pub yesterday: f64,
    /// Entities.
    pub entities: usize,
    /// Entities at risk 5 or more.
    pub high: usize,
    /// Alerts of the last seven days, a day.
    pub alerts_per_day: f64,
    /// Whether the alarm budget holds; `false` says that drift breaks its assumption.
    pub budget_held: bool,
}

/// What the engine counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Events applied.
    pub events: u64,
    /// Behaviours counted into a baseline.
    pub behaviours: u64,
    /// Events that came when the baseline had learnt their day, or after it can be counted at all.
    pub late: u64,
    /// Rows beyond 100 times what their agent usually reports in an hour, and 1,000: judged, and not learnt.
    pub excess: u64,
    /// Events put in order early because the buffer was full.
    pub reorder_overflow: u64,
    /// Events dated after the time given to `advance`, taken as of that time.
    pub clock_ahead: u64,
    /// Addresses forgotten before they were admitted.
    pub candidates_forgotten: u64,
    /// Entities forgotten for want of room.
    pub entities_evicted: u64,
    /// Cells left out for want of room.
    pub cells_dropped: u64,
    /// Names of spaces or relations beyond their cap, counted as `other`.
    pub names_merged: u64,
    /// Events of sites or agents beyond their cap.
    pub refused: u64,
    /// Alerts withheld because the budget was used up.
    pub alerts_withheld: u64,
}
