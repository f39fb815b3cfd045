//! The comparison: an hour that has ended against the baseline, the sums, the score.

use super::SiteState;
use super::alarm::Verdictless;
use crate::calendar::{self, TimeCell};
use crate::cells::{Look, Place, Sums};
use crate::config::{Config, Deviation};
use crate::deviation::Expectation;
use crate::entity::{Entity, Watched};
use crate::finding::Findings;
use crate::group::{Group, mean_variance};
use crate::role::Role;
use crate::view::Counters;
use picket_event::Timestamp;

/// Nats of a cell (a tail of 0.05) that are everyday noise: only what is beyond them counts.
const EVERYDAY: f64 = 3.0;
/// The same for cells of one hour (a tail of 0.001): there are many more of them, so more are off by chance.
const EVERYDAY_HOURLY: f64 = 7.0;
/// No single cell says more than this: beyond, sums would hang on one cell.
const CELL_MAX: f64 = 200.0;
/// What a sum usually is, at least: entities whose past is all calm do not shout at the first trifle.
const USUAL_MIN: f64 = 6.0;
/// Days that the peers' usual score counts for beside the entity's own.
const USUAL_DAYS: f64 = 4.0;
/// Deviation of what is missing in an hour that counts as missing.
const MISSING: f64 = 10.0;
/// Machines that may miss something in the same hour (an entity and its partner); more have a common cause.
const TOGETHER: usize = 2;
/// Closed days before anything is judged.
pub(super) const LEARNING_DAYS: u32 = 1;

/// A cell that is off.
#[derive(Clone, Copy, Debug)]
pub struct Off {
    /// Which look.
    pub look: Look,
    /// Its key.
    pub key: u32,
    /// Counted.
    pub seen: f64,
    /// Expected.
    pub expected: f64,
    /// Deviation.
    pub deviation: f64,
}

/// Periods of a kind of day from which it borrows nothing more from the other kind.
const OWN_PERIODS: f64 = 6.0;
/// Periods of a group behind a kind of day below which its word on the other kind is taken.
const GROUP_PERIODS: f64 = 1.0;

/// Periods lent to a kind of day with `own` periods by the other, which has `there`: one at first, fading with its own.
fn lent(own: f64, there: f64) -> f64 {
    if there <= 0.0 || own > OWN_PERIODS { 0.0 } else { (1.0 / ((1.0 + own) * (1.0 + own))).min(there) }
}

/// The same hour of the other kind of day, or the other kind itself.
fn other_kind(look: Look, key: u32) -> u32 {
    let place = Place::from_cube(key);
    let kinds = if look.hourly() { 24 } else { 1 };
    let time = if place.time >= kinds { place.time - kinds } else { place.time + kinds };
    Place { time, ..place }.cube()
}

/// How an entity's day of a kind is spread over its hours; a kind hardly seen borrows from the other.
fn profile(e: &Entity, class: u8) -> [f64; 24] {
    let other = 1 - class.min(1);
    let days = |class: u8| f64::from(e.days.get(usize::from(class)).copied().unwrap_or(0.0));
    let part = lent(days(class), days(other)) / days(other).max(f64::MIN_POSITIVE);
    let of = |class: u8, hour: usize| f64::from(e.activity.get(usize::from(class) * 24 + hour).copied().unwrap_or(0.0));
    std::array::from_fn(|hour| of(class, hour) + part * of(other, hour))
}

/// Part of an entity's usual day that has passed at the end of an hour, above 0.
pub fn share(e: &Entity, class: u8, hour: u8) -> f64 {
    let day = profile(e, class);
    let upto = usize::from(hour) + 1;
    let passed: f64 = day.iter().take(upto).sum();
    let whole: f64 = day.iter().sum();
    // A little of an even day, so that the first hours are not nothing.
    let even = (whole * 0.05).max(1.0);
    ((passed + even * upto as f64 / 24.0) / (whole + even)).clamp(0.01, 1.0)
}

/// Part of a relation's usual day that has passed at the end of an hour: cycles have another day than their entity.
fn relation_share(e: &Entity, key: u32, hour: u8) -> f64 {
    let Some(watched) = e.looks.iter().find(|w| w.look == Look::TimeRelation) else { return 0.0 };
    let place = Place::from_cube(key);
    let of = |h: u8| {
        let time = TimeCell::new(place.time, h).0;
        let own = watched.past.get(Place { time, space: 0, ..place }.cube());
        f64::from(borrow(e, watched, own).0.sum)
    };
    let (passed, whole) = (0..24).fold((0.0, 0.0), |(passed, whole), h| {
        let sum = of(h);
        (passed + if h <= hour { sum } else { 0.0 }, whole + sum)
    });
    if whole > 0.0 { passed / whole } else { 0.0 }
}

/// Whether a role's silence is judged: people stay away, machines do not.
fn steady(role: Role) -> bool {
    !matches!(role, Role::Workstation | Role::Agent)
}

/// A cell of a kind of day that was hardly seen yet borrows from the other kind.
fn borrow(e: &Entity, watched: &Watched, sums: Sums) -> (Sums, f64) {
    let own = e.periods_of(watched.look, sums.key);
    let other = other_kind(watched.look, sums.key);
    let there = e.periods_of(watched.look, other);
    let weight = lent(own, there);
    if weight <= 0.0 {
        return (sums, own);
    }
    let past = watched.past.get(other);
    let part = (weight / there) as f32;
    let sums = Sums { key: sums.key, sum: sums.sum + past.sum * part, squares: sums.squares + past.squares * part };
    (sums, own + weight)
}

/// What one cell is expected to hold.
pub fn expectation(e: &Entity, group: Option<&Group>, watched: &Watched, sums: Sums, share: f64) -> Expectation {
    let look = watched.look;
    let (sums, periods) = borrow(e, watched, sums);
    let prior = group.map_or(crate::group::Prior { mean: 0.01, rate: 0.3 }, |g| {
        let other = other_kind(look, sums.key);
        let unseen = g.periods_at(sums.key) < GROUP_PERIODS && g.periods_at(other) > g.periods_at(sums.key);
        g.prior(if unseen { other } else { sums.key })
    });
    let dispersion = group.map_or(0.5, |g| g.dispersion(look, sums, periods));
    let (_, variance) = mean_variance(sums, periods);
    Expectation { sum: f64::from(sums.sum), periods, variance, prior, dispersion, share }
}

/// Periods from which an entity's own baseline is trusted in full.
const TRUST_PERIODS: f64 = 4.0;

/// How far an entity's own baseline is trusted, 0 to 1: it grows with the periods behind it.
fn trust(e: &Entity, class: u8) -> f64 {
    let of = |class: u8| f64::from(e.days.get(usize::from(class)).copied().unwrap_or(0.0));
    ((of(class) + 0.5 * of(1 - class.min(1))) / TRUST_PERIODS).min(1.0)
}

/// What a deviation adds to its sum: for `predictive`, what is beyond everyday noise.
fn weigh(kind: Deviation, raw: f64, hourly: bool) -> f64 {
    match kind {
        Deviation::Predictive => (raw - if hourly { EVERYDAY_HOURLY } else { EVERYDAY }).clamp(0.0, CELL_MAX),
        Deviation::Plain | Deviation::Standardised => raw,
    }
}

/// Every cell of one leading part that is off.
#[allow(clippy::too_many_arguments)] // one comparison's context, handed over by its four callers
pub fn off_cells(
    e: &Entity,
    watched: &Watched,
    group: Option<&Group>,
    lead: u8,
    (hour, share): (u8, f64),
    low: bool,
    kind: Deviation,
    mut each: impl FnMut(Off),
) {
    let mut past = watched.past.leading(lead).iter().copied().peekable();
    let mut judge = |sums: Sums, seen: f32| {
        let mut expected = expectation(e, group, watched, sums, share);
        let of = |expected: &Expectation| weigh(kind, expected.deviation(kind, f64::from(seen)), watched.look.hourly());
        let mut deviation = of(&expected);
        // The relation's own day is long to find. More of it expected makes what is seen less deviating, not more.
        if deviation > 0.0 && watched.look == Look::RelationSpace && f64::from(seen) > expected.mean() {
            expected.share = expected.share.max(relation_share(e, sums.key, hour));
            deviation = of(&expected);
        }
        if deviation > 0.0 && (low || f64::from(seen) > expected.mean()) {
            let (seen, expected) = (f64::from(seen), expected.mean());
            each(Off { look: watched.look, key: sums.key, seen, expected, deviation });
        }
    };
    for (key, count) in watched.today.leading(lead) {
        while let Some(missing) = past.next_if(|s| s.key < *key) {
            if low {
                judge(missing, 0.0);
            }
        }
        let sums = past.next_if(|s| s.key == *key).unwrap_or(Sums { key: *key, ..Sums::default() });
        judge(sums, *count);
    }
    if low {
        for missing in past {
            judge(missing, 0.0);
        }
    }
}

impl SiteState {
    /// Judges the hour that has just ended.
    pub(super) fn judge(
        &mut self,
        begin: Timestamp,
        end: Timestamp,
        config: &Config,
        counters: &mut Counters,
        out: &mut Findings,
    ) {
        let (day, hour) = calendar::local(&self.site, begin);
        if self.day != Some(day) || self.closed < LEARNING_DAYS || !config.baseline {
            return;
        }
        let class = calendar::class(&self.site, day);
        self.excuse_common(class, hour, end, config);
        let cell = TimeCell::new(class, hour);
        let mut high: Vec<(f64, u32)> = Vec::new();
        for number in 0..self.entities.len() {
            let Some(e) = self.entities.get(number) else { continue };
            let asleep = e.dirty == 0 && !steady(e.role);
            if asleep || e.role == Role::Agent || (e.age == 0 && e.cube.as_slice().is_empty()) {
                continue;
            }
            high.extend(self.weigh(number, cell, config));
        }
        self.raise_all(high, day, cell, end, config, counters, out);
    }

    /// Brings an entity's score up to date; answers it on the common scale.
    pub(super) fn weigh(&mut self, number: usize, cell: TimeCell, config: &Config) -> Option<(f64, u32)> {
        let e = self.entities.get(number)?;
        let covered = self.heard_hours(&e.agents) & !e.unjudged();
        let (score, sums) = self.score(number, cell.class(), cell.hour(), covered, config)?;
        let e = self.entities.get_mut(number)?;
        e.score = score;
        e.sums = sums;
        let top = score * trust(e, cell.class());
        e.top = e.top.max(top);
        Some((top, u32::try_from(number).unwrap_or(u32::MAX)))
    }

    /// Raises what is high; the highest first, which has the better claim on the budget.
    #[allow(clippy::too_many_arguments)] // one judgement's context, handed over by its two callers
    pub(super) fn raise_all(
        &mut self,
        mut high: Vec<(f64, u32)>,
        day: i64,
        cell: TimeCell,
        end: Timestamp,
        config: &Config,
        counters: &mut Counters,
        out: &mut Findings,
    ) {
        high.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        for (top, entity) in high {
            self.raise(Verdictless { entity, top, day, cell, end }, config, counters, out);
        }
    }

    /// What was missing at several machines in one hour was missing to the sensor, or stood still together: nobody's
    /// own doing, so that hour's absences are neither judged nor learnt. The same holds while a sensor has not
    /// been heard since the hour's end, because the hour's last rows may still come.
    fn excuse_common(&mut self, class: u8, hour: u8, end: Timestamp, config: &Config) {
        let lead = TimeCell::new(class, hour).0;
        let mut missing = Vec::new();
        for (number, e) in self.entities.iter().enumerate().filter(|(_, e)| steady(e.role) && e.age > 0) {
            let groups = self.groups.get(&e.role);
            let Some(watched) = e.looks.iter().find(|w| w.look.hourly()) else { return };
            let mut low = 0.0;
            off_cells(e, watched, groups.and_then(|g| g.first()), lead, (hour, 1.0), true, config.deviation, |off| {
                if off.seen < off.expected {
                    low += off.deviation;
                }
            });
            let sensor = |number: &u16| self.agents.get(usize::from(*number));
            let waits = e.agents.each().iter().filter_map(sensor).any(|sensor| sensor.last < end);
            if low > MISSING {
                missing.push((number, waits));
            }
        }
        let together = missing.len() > TOGETHER;
        for (number, waits) in missing {
            if let Some(e) = self.entities.get_mut(number).filter(|_| together || waits) {
                e.absent |= 1 << hour;
            }
        }
    }

    /// What an entity's sums usually are: its own past, shrunk to its peers'.
    pub(super) fn usual_of(&self, number: usize) -> [f64; 3] {
        let Some(e) = self.entities.get(number) else { return [USUAL_MIN; 3] };
        let peers = self.usual.get(&e.role).copied().unwrap_or([0.0; 3]);
        let (sums, n) = e.past_sums;
        let mut usual = [USUAL_MIN; 3];
        for ((slot, peers), own) in usual.iter_mut().zip(peers).zip(sums) {
            *slot += (USUAL_DAYS * peers + own) / (USUAL_DAYS + n);
        }
        usual
    }

    /// Brings an entity's sums up to date; `None` when nothing changed.
    fn score(&mut self, number: usize, class: u8, hour: u8, covered: u32, config: &Config) -> Option<(f64, [f64; 3])> {
        let usual = self.usual_of(number);
        let e = self.entities.get(number)?;
        let groups = self.groups.get(&e.role);
        let passed = (1u32 << (u32::from(hour) + 1)) - 1;
        let dirty = (e.dirty | (1 << hour)) & passed;
        let share = share(e, class, hour);
        let steady = steady(e.role);
        let weights = config.weights(e.role);
        let mut found: Vec<(usize, Option<u8>, f64)> = Vec::new();
        for (at, watched) in e.looks.iter().enumerate() {
            let group = groups.and_then(|g| g.get(at));
            if watched.look.hourly() {
                for h in (0..24u8).filter(|h| dirty & (1 << h) != 0) {
                    let mut sum = 0.0;
                    let low = steady && covered & (1 << h) != 0;
                    let lead = TimeCell::new(class, h).0;
                    off_cells(e, watched, group, lead, (h, 1.0), low, config.deviation, |off| sum += off.deviation);
                    found.push((at, Some(h), sum));
                }
            } else {
                let mut sum = 0.0;
                off_cells(e, watched, group, class, (hour, share), false, config.deviation, |off| sum += off.deviation);
                found.push((at, None, sum));
            }
        }
        let e = self.entities.get_mut(number)?;
        e.dirty &= !passed;
        for (at, h, sum) in found {
            let Some(watched) = e.looks.get_mut(at) else { continue };
            match h.and_then(|h| watched.hours.get_mut(usize::from(h))) {
                Some(slot) => *slot = sum as f32,
                None => watched.whole = sum as f32,
            }
        }
        let mut sums = [0.0; 3];
        for (slot, watched) in sums.iter_mut().zip(&e.looks) {
            *slot = watched.sum();
        }
        let single = e.looks.len() == 1;
        let weights = if single { [1.0, 0.0, 0.0] } else { weights };
        let score = weights.iter().zip(sums).zip(usual).map(|((w, s), u)| w * s / u).sum();
        Some((score, sums))
    }

    /// Every cell of an entity's open day that is off, in all looks.
    pub(super) fn all_off(&self, number: usize, class: u8, hour: u8, config: &Config) -> Vec<Off> {
        let Some(e) = self.entities.get(number) else { return Vec::new() };
        let groups = self.groups.get(&e.role);
        let covered = self.heard_hours(&e.agents) & !e.unjudged();
        let mut all = Vec::new();
        for (at, watched) in e.looks.iter().enumerate() {
            let group = groups.and_then(|g| g.get(at));
            if watched.look.hourly() {
                for h in 0..=hour {
                    let low = steady(e.role) && covered & (1 << h) != 0;
                    let lead = TimeCell::new(class, h).0;
                    off_cells(e, watched, group, lead, (h, 1.0), low, config.deviation, |off| all.push(off));
                }
            } else {
                let share = share(e, class, hour);
                off_cells(e, watched, group, class, (hour, share), false, config.deviation, |off| all.push(off));
            }
        }
        all
    }

    /// The places behind the cells that are off, the most deviating first: (place, deviation, its worst cell).
    /// A place gathers the deviations of its cell in each look; what is missing altogether stands for itself.
    pub(super) fn places(&self, number: usize, off: &[Off]) -> Vec<(Place, f64, Off)> {
        let Some(e) = self.entities.get(number) else { return Vec::new() };
        let mut places: Vec<(Place, f64, Off)> = Vec::new();
        for (cube, _) in e.cube.as_slice() {
            let place = Place::from_cube(*cube);
            let mine = off.iter().filter(|o| o.key == o.look.key(place));
            let total: f64 = mine.clone().map(|o| o.deviation).sum();
            if let Some(worst) = mine.max_by(|a, b| a.deviation.total_cmp(&b.deviation)) {
                places.push((place, total, *worst));
            }
        }
        for o in off.iter().filter(|o| o.seen <= 0.0) {
            places.push((Place::from_cube(o.key), o.deviation, *o));
        }
        places.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        places
    }
}
