//! What people see of a site: the ranking, one entity, reach and exposure for the risk.

use super::SiteState;
use super::alarm::of_plant;
use super::judge::{expectation, share};
use crate::calendar;
use crate::cells::{Look, Place, Sums};
use crate::config::Config;
use crate::entity::{Entity, Peer, Watched};
use crate::group::mean_variance;
use crate::names::Space;
use crate::risk;
use crate::role::Role;
use crate::view::{EntityDetail, EntityId, EntitySummary, Matrix, RollUp};
use picket_event::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Rows and columns of a heat map at most.
const SIDE: usize = 48;
/// Steps along the relation graph that count as reachable.
const STEPS: usize = 2;
/// Entities looked at for the reach; more are more than 10 anyway.
const REACH: usize = 600;
/// Partners listed.
const PARTNERS: usize = 50;

/// What makes an entity easy to take.
#[derive(Clone, Copy, Debug, Default)]
pub struct Exposure {
    /// Services it offers.
    pub services: usize,
    /// Whether it talks with the outside.
    pub outside: bool,
    /// Whether it speaks protocols without authentication.
    pub weak_protocol: bool,
    /// Whether credentials cross in clear.
    pub clear_credentials: bool,
}

impl SiteState {
    fn shown(e: &Entity) -> bool {
        e.named || e.age > 0 || e.last_seen > Timestamp::EPOCH
    }

    /// How many entities, zones and plant processes are reachable along who talks to whom.
    pub(super) fn reach(&self, from: u32) -> (usize, usize, usize) {
        let mut seen: BTreeSet<u32> = BTreeSet::from([from]);
        let mut edge = vec![from];
        for _ in 0..STEPS {
            let mut next = Vec::new();
            for entity in edge {
                for other in self.neighbours(entity) {
                    if seen.len() < REACH && seen.insert(other) {
                        next.push(other);
                    }
                }
            }
            edge = next;
        }
        seen.remove(&from);
        let reached = seen.iter().filter_map(|n| self.entities.get(*n as usize));
        let zones: BTreeSet<u16> = reached.clone().filter_map(|e| e.zone).collect();
        let processes: BTreeSet<u16> = reached.filter(|e| of_plant(e.role)).filter_map(|e| e.zone).collect();
        (seen.len(), zones.len(), processes.len())
    }

    fn neighbours(&self, entity: u32) -> Vec<u32> {
        let of = self.entities.get(entity as usize).map(|e| e.partners.as_slice()).unwrap_or_default();
        of.iter().map(|(other, _)| *other).collect()
    }

    /// What makes an entity easy to take.
    pub(super) fn exposure(&self, entity: u32) -> Exposure {
        let Some(e) = self.entities.get(entity as usize) else { return Exposure::default() };
        let mut services: BTreeSet<String> = BTreeSet::new();
        let mut exposure = Exposure::default();
        let past = e.looks.iter().filter(|w| matches!(w.look, Look::RelationSpace | Look::Relation | Look::Cube));
        let past = past.flat_map(|w| w.past.as_slice().iter().map(|s| s.key));
        for key in past.chain(e.cube.as_slice().iter().map(|(key, _)| *key)) {
            let place = Place::from_cube(key);
            let outside = matches!(self.spaces.key(place.space), Some(Space::Internet | Space::Rare));
            let Some(relation) = self.relation(place.relation) else { continue };
            exposure.outside |= outside;
            let name = relation.protocol.name();
            if relation.received {
                services.insert(name.to_owned());
                exposure.weak_protocol |= relation.protocol.is_industrial();
            }
            exposure.clear_credentials |= matches!(name, "ftp" | "telnet" | "pop3" | "imap" | "http");
        }
        exposure.services = services.len();
        exposure
    }

    fn summary(&self, number: u32, e: &Entity, config: &Config) -> EntitySummary {
        let risk = self.risk_at(e, self.newest, config);
        let mut aliases: Vec<String> = e.addresses.iter().rev().map(ToString::to_string).collect();
        aliases.extend(e.mac.map(|m| m.to_string()));
        aliases.retain(|a| *a != e.name);
        let zone = e.zone.and_then(|z| self.site.zones.get(usize::from(z)));
        EntitySummary {
            id: EntityId { site: self.number, entity: number },
            name: e.name.clone(),
            aliases,
            site: self.site.name.clone(),
            zone: zone.map(|z| z.name.clone()).unwrap_or_default(),
            role: e.role,
            risk: risk::clamped(risk),
            risk_unclamped: risk,
            terms: e.danger.terms,
            reasons: e.danger.reasons.iter().cloned().collect(),
            yesterday: e.yesterday,
            alerts: e.alerts,
            last_seen: e.last_seen,
            periods: f64::from(e.days.iter().sum::<f32>()),
            score: e.score,
            omega: Some(self.budget.level()).filter(|level| level.is_finite()),
        }
    }

    /// Every entity of the site.
    pub fn summaries(&self, config: &Config, out: &mut Vec<EntitySummary>) {
        let shown = self.entities.iter().enumerate().filter(|(_, e)| Self::shown(e));
        out.extend(shown.map(|(n, e)| self.summary(u32::try_from(n).unwrap_or(u32::MAX), e, config)));
    }

    /// One entity in full.
    pub fn detail(&self, number: u32, config: &Config) -> Option<EntityDetail> {
        let e = self.entities.get(number as usize).filter(|e| Self::shown(e))?;
        let mut matrices = [Matrix::default(), Matrix::default(), Matrix::default()];
        for (at, (slot, watched)) in matrices.iter_mut().zip(&e.looks).enumerate() {
            *slot = self.matrix(e, watched, at, config);
        }
        let partners = e.partners.iter().take(PARTNERS);
        let partners = partners.filter_map(|(n, c)| Some((self.entities.get(*n as usize)?.name.clone(), *c)));
        Some(EntityDetail { summary: self.summary(number, e, config), matrices, partners: partners.collect() })
    }

    /// One matrix with its labels: the rows and columns that hold most.
    fn matrix(&self, e: &Entity, watched: &Watched, at: usize, config: &Config) -> Matrix {
        let look = watched.look;
        let class = self.day.map_or(0, |day| calendar::class(&self.site, day));
        let cells = shown_cells(watched, class);
        let rows = heaviest(look, &cells, |(row, _)| row);
        let columns = heaviest(look, &cells, |(_, column)| column);
        let size = rows.len() * columns.len();
        let mut matrix = Matrix {
            name: name(look),
            rows: rows.iter().map(|r| self.row_label(look, *r)).collect(),
            columns: columns.iter().map(|c| self.column_label(look, *c)).collect(),
            mean: vec![0.0; size],
            variance: vec![0.0; size],
            current: vec![0.0; size],
            deviation: vec![0.0; size],
        };
        let group = self.groups.get(&e.role).and_then(|g| g.get(at));
        let hour = u8::try_from((self.next_hour - 1).rem_euclid(24)).unwrap_or(0);
        let part = if look.hourly() { 1.0 } else { share(e, class, hour) };
        for (key, (sums, count)) in &cells {
            let (row, column) = split(look, *key);
            let (Ok(i), Ok(j)) = (rows.binary_search(&row), columns.binary_search(&column)) else { continue };
            let index = i * columns.len() + j;
            let (mean, variance) = mean_variance(*sums, e.periods_of(look, *key));
            let today = !look.hourly() || (key >> 26) as u8 / 24 == class;
            let expected = expectation(e, group, watched, *sums, part);
            let judged = today && f64::from(*count) > 0.0;
            let deviation = if judged { expected.deviation(config.deviation, f64::from(*count)) } else { 0.0 };
            let put = |of: &mut Vec<f64>, value: f64| {
                if let Some(slot) = of.get_mut(index) {
                    *slot += value;
                }
            };
            put(&mut matrix.mean, mean);
            put(&mut matrix.variance, variance);
            put(&mut matrix.current, f64::from(*count));
            put(&mut matrix.deviation, deviation);
        }
        matrix
    }

    fn row_label(&self, look: Look, row: u16) -> String {
        match look {
            Look::RelationSpace => self.relation_label(row),
            _ => crate::calendar::TimeCell(u8::try_from(row).unwrap_or(0)).label(),
        }
    }

    fn column_label(&self, look: Look, column: u16) -> String {
        match look {
            Look::TimeSpace | Look::RelationSpace => self.space_label(column),
            _ => self.relation_label(column),
        }
    }

    /// The site's line.
    pub fn roll_up(&self, config: &Config) -> RollUp {
        let shown = || self.entities.iter().filter(|e| Self::shown(e) && e.role != Role::Agent);
        RollUp {
            name: self.site.name.clone(),
            risk: self.site_risk(self.newest, config),
            yesterday: self.yesterday,
            entities: shown().count(),
            high: shown().filter(|e| self.risk_at(e, self.newest, config) >= 5.0).count(),
            alerts_per_day: self.budget.rate(),
            budget_held: self.budget.held(),
        }
    }

    /// Looks an entity up by name, address or MAC.
    pub fn find(&self, text: &str) -> Option<EntityId> {
        self.look_up(text).map(|entity| EntityId { site: self.number, entity })
    }

    /// Bytes of an average entity.
    pub fn bytes_per_entity(&self) -> usize {
        self.entities.iter().map(Entity::bytes).sum::<usize>() / self.entities.len().max(1)
    }

    /// A partner's name.
    pub(super) fn peer_name(&self, peer: Peer) -> String {
        match peer {
            Peer::Entity(other) => self.entities.get(other as usize).map_or_else(String::new, |o| o.name.clone()),
            Peer::Address(address) => address.to_string(),
            Peer::Link(mac) => mac.to_string(),
        }
    }
}

/// A matrix' cells by key: what is kept of the past, and today's count.
type Cells = BTreeMap<u32, (Sums, f32)>;

/// What a look calls its matrix.
const fn name(look: Look) -> &'static str {
    match look {
        Look::TimeSpace => "time x space",
        Look::TimeRelation => "time x relation",
        Look::RelationSpace => "relation x space",
        Look::Time => "time",
        Look::Space => "space",
        Look::Relation => "relation",
        Look::Cube => "time x relation x space",
    }
}

/// Row and column of a cell.
fn split(look: Look, key: u32) -> (u16, u16) {
    let p = Place::from_cube(key);
    match look {
        Look::TimeSpace => (u16::from(p.time), p.space),
        Look::RelationSpace => (p.relation, p.space),
        _ => (u16::from(p.time), p.relation),
    }
}

/// Past and present of a look; where the hour does not count, of the open day's class alone.
fn shown_cells(watched: &Watched, class: u8) -> Cells {
    let mut cells = Cells::new();
    for sums in watched.past.as_slice() {
        cells.insert(sums.key, (*sums, 0.0));
    }
    for (key, count) in watched.today.as_slice() {
        cells.entry(*key).or_insert((Sums { key: *key, ..Sums::default() }, 0.0)).1 = *count;
    }
    cells.retain(|key, _| watched.look.hourly() || (key >> 26) as u8 == class);
    cells
}

/// The rows (or columns) that hold most, [`SIDE`] at most, in their own order.
fn heaviest(look: Look, cells: &Cells, side: fn((u16, u16)) -> u16) -> Vec<u16> {
    let mut sums: BTreeMap<u16, f32> = BTreeMap::new();
    for (key, (past, count)) in cells {
        *sums.entry(side(split(look, *key))).or_default() += past.sum + count;
    }
    let mut by: Vec<(u16, f32)> = sums.into_iter().collect();
    by.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let mut keep: Vec<u16> = by.into_iter().take(SIDE).map(|(k, _)| k).collect();
    keep.sort_unstable();
    keep
}
