//! What an operator sets: sites, calendars, zones, the alarm budget, caps. Every default is stated at its field.

use crate::role::Role;
use picket_event::Timestamp;
use std::net::IpAddr;

/// How a cell's deviation from its baseline is measured (ALGORITHMS section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Deviation {
    /// `(x - mean)^2`.
    Plain,
    /// `(x - mean)^2 / (max(variance, mean) + prior)`.
    Standardised,
    /// `-ln` of the two-sided tail of the Gamma-Poisson predictive distribution.
    #[default]
    Predictive,
}

impl Deviation {
    /// From its name: `plain`, `standardised`, `predictive`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "plain" => Some(Self::Plain),
            "standardised" => Some(Self::Standardised),
            "predictive" => Some(Self::Predictive),
            _ => None,
        }
    }
}

/// Which counts make up the score. Everything but `Three` is there to be compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Shape {
    /// Time x space, time x relation, relation x space.
    #[default]
    Three,
    /// Hours alone.
    Time,
    /// Zones of the other side alone.
    Space,
    /// Peer group, service and operation alone.
    Relation,
    /// Every combination of the three.
    Cube,
}

impl Shape {
    /// From its name: `three`, `time`, `space`, `relation`, `cube`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "three" => Some(Self::Three),
            "time" => Some(Self::Time),
            "space" => Some(Self::Space),
            "relation" => Some(Self::Relation),
            "cube" => Some(Self::Cube),
            _ => None,
        }
    }
}

/// How past periods become a mean and a variance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Memory {
    /// Exponentially weighted, with this half-life in days.
    HalfLife(f64),
    /// The exact mean of this many periods (2 to 60).
    Periods(u8),
}

impl Default for Memory {
    fn default() -> Self {
        Self::HalfLife(14.0)
    }
}

/// A named part of a site's address space.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone {
    /// Its name, as people say it.
    pub name: String,
    /// First address of the prefix.
    pub network: IpAddr,
    /// Length of the prefix in bits.
    pub prefix: u8,
    /// Purdue level, 0 to 5.
    pub level: Option<u8>,
}

/// Work announced beforehand: what happens in the zone during it is expected.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedWork {
    /// The zone's name; empty means the whole site.
    pub zone: String,
    /// When it begins.
    pub start: Timestamp,
    /// When it ends.
    pub end: Timestamp,
    /// What is done.
    pub what: String,
}

/// One site.
#[derive(Clone, Debug, PartialEq)]
pub struct SiteConfig {
    /// Its name, as in events.
    pub name: String,
    /// Seconds east of UTC from an instant on, in order of time. Empty means UTC.
    pub offsets: Vec<(Timestamp, i32)>,
    /// Working days, 0 is Monday. Default Monday to Friday.
    pub workdays: Vec<u8>,
    /// Holidays, as days since 1970-01-01 of the local calendar: they count as weekend.
    pub holidays: Vec<i64>,
    /// Zones; the longest prefix that holds an address wins.
    pub zones: Vec<Zone>,
    /// Planned work.
    pub planned: Vec<PlannedWork>,
}

impl SiteConfig {
    /// A site in UTC with the usual working week and no zones.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            offsets: Vec::new(),
            workdays: vec![0, 1, 2, 3, 4],
            holidays: Vec::new(),
            zones: Vec::new(),
            planned: Vec::new(),
        }
    }
}

/// Caps of every table. Reaching one is counted in [`crate::Counters`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Caps {
    /// Sites. Events of further ones are counted and left out. Default 4,096.
    pub sites: usize,
    /// Entities a site that have a baseline. Default 20,000.
    pub entities: usize,
    /// Addresses a site that wait for admission. Default 20,000.
    pub candidates: usize,
    /// Behaviours after which a candidate becomes an entity. Default 3.
    pub admission: u32,
    /// Cells a matrix and entity. Default 4,096.
    pub cells: usize,
    /// Remembered conversation partners an entity. Default 2,048.
    pub partners: usize,
    /// Days of entities a site that are counted beside the open one. Default 20,000.
    pub late: usize,
    /// Different spaces a site. Default 1,024.
    pub spaces: usize,
    /// Different relations a site. Default 4,096.
    pub relations: usize,
    /// Events a site that wait to be put in order. Default 262,144.
    pub reorder: usize,
    /// Agents a site; of others nothing is judged. Default 4,096, and 65,536 at most.
    pub agents: usize,
    /// Findings without alert a site and day. Default 50.
    pub notes: u32,
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            sites: 4096,
            entities: 20_000,
            candidates: 20_000,
            admission: 3,
            cells: 4096,
            partners: 2048,
            late: 20_000,
            spaces: 1024,
            relations: 4096,
            reorder: 262_144,
            agents: 4096,
            notes: 50,
        }
    }
}

/// The engine's settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Known sites. Others are taken as [`SiteConfig::named`].
    pub sites: Vec<SiteConfig>,
    /// Alerts a site and day at most, on average. Default 1.
    pub alarm_budget: f64,
    /// Past periods. Default half-life of 14 days.
    pub memory: Memory,
    /// Default [`Deviation::Predictive`].
    pub deviation: Deviation,
    /// Default [`Shape::Three`].
    pub shape: Shape,
    /// Weights of time x space, time x relation, relation x space, where a role's own are not wanted.
    pub weights: Vec<(Role, [f64; 3])>,
    /// How long events are waited for to be put in order, seconds. Later ones count in arrival order. Default 900.
    pub lateness_seconds: u32,
    /// Days before the open one that are still counted, judged and learnt: what a sensor that was away sends. Default 7.
    pub late_days: u32,
    /// Silence of an agent that is a finding when it speaks again, seconds. Default 7,200.
    pub silence_seconds: u32,
    /// Silence of an agent that is a finding while it lasts, seconds. Default 21,600.
    pub unheard_seconds: u32,
    /// Whether silence of agents is judged. Default true.
    pub liveness: bool,
    /// Whether it is judged how much agents report, and of whom. Default true.
    pub conduct: bool,
    /// Whether verdicts of sensors make findings. Default true.
    pub verdicts: bool,
    /// Whether alerts that sensors raise themselves make findings. Default true.
    pub alerts: bool,
    /// Whether the baseline makes findings. Default true.
    pub baseline: bool,
    /// Half-life of an entity's risk after its last finding, days. Default 3.
    pub risk_half_life_days: f64,
    /// Caps.
    pub caps: Caps,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            sites: Vec::new(),
            alarm_budget: 1.0,
            memory: Memory::default(),
            deviation: Deviation::default(),
            shape: Shape::default(),
            weights: Vec::new(),
            lateness_seconds: 900,
            late_days: 7,
            silence_seconds: 7200,
            unheard_seconds: 21_600,
            liveness: true,
            conduct: true,
            verdicts: true,
            alerts: true,
            baseline: true,
            risk_half_life_days: 3.0,
            caps: Caps::default(),
        }
    }
}

impl Config {
    /// The weights of a role, summing to 1.
    #[must_use]
    pub fn weights(&self, role: Role) -> [f64; 3] {
        let own = self.weights.iter().find(|(r, _)| *r == role).map(|(_, w)| *w);
        let [a, b, c] = own.unwrap_or_else(|| role.weights());
        let sum = a + b + c;
        if sum.is_finite() && sum > 0.0 && a >= 0.0 && b >= 0.0 && c >= 0.0 {
            [a / sum, b / sum, c / sum]
        } else {
            role.weights()
        }
    }
}
