//! The end of a day: what was seen becomes baseline, groups learn, the budget moves on.

use super::SiteState;
use crate::calendar;
use crate::config::{Config, Memory};
use crate::entity::{CASE_DAYS, Entity, KeptDay};
use crate::finding::Findings;
use crate::group::{Group, Member};
use crate::role::Role;
use crate::view::Counters;
use crate::watchers::Watchers;

/// Days of a kind in a row that alerts may keep out of learning, working days and free days; after them the change is
/// the new habit. They are counted by kind: the working days between two weekends say nothing about weekends.
const UNLEARNT_DAYS: [u32; 2] = [3, 1];
/// Learnt days of a kind before alerts keep any out of learning: a kind of day that is not known yet is learnt first.
const KNOWN_DAYS: f32 = 2.0;
/// A day's sums count for at most this many times the usual: one bad day makes nobody insensitive.
const OUTLIER: f64 = 4.0;
/// Days of an entity before its sums tell what is usual.
const MATURE_DAYS: u32 = 4;
/// Share of an entity's day in its role's evidence: plant traffic decides once it is this large.
const PLANT_SHARE: f64 = 0.3;

/// Conversations answered before a host is taken for a server.
const SERVED: f64 = 60.0;

/// The role an entity's behaviour shows.
fn role_of(e: &Entity, level: Option<u8>) -> Role {
    let [plant_server, plant_client, server, client] = e.evidence.map(f64::from);
    let all = (plant_server + plant_client + server + client).max(1.0);
    if plant_server > plant_client && plant_server / all > PLANT_SHARE {
        return Role::Controller;
    }
    if (plant_client / all > PLANT_SHARE || level == Some(3)) && plant_client >= plant_server {
        return Role::Supervision;
    }
    if level.is_some_and(|l| l <= 2) {
        return Role::Controller;
    }
    // Once a server, a host stays one until it hardly serves.
    let enough = if e.role == Role::Server { 0.05 } else { 0.5 };
    if server > SERVED && server > client * enough {
        return Role::Server;
    }
    Role::Workstation
}

impl SiteState {
    /// Closes a day.
    pub(super) fn close(&mut self, day: i64, config: &Config, counters: &mut Counters, out: &mut Findings) {
        self.yesterday = self.site_risk(self.newest, config);
        self.keep_closed(day, config, counters, out);
        for number in 0..self.entities.len() {
            self.close_entity(number, day, config, counters);
        }
        self.learn_groups();
        self.closed += 1;
        self.budget.close();
        self.topics.clear();
        self.named.clear();
        for agent in &mut self.agents {
            agent.conduct.close(agent.hours.count_ones());
            agent.hours = 0;
            agent.touch.close();
        }
        if self.outside.len() >= 60_000 {
            self.outside.retain(|_, o| day - o.last_day < 14);
        }
        counters.candidates_forgotten += std::mem::take(&mut self.registry.forgotten);
        counters.entities_evicted += std::mem::take(&mut self.registry.evicted);
    }

    /// Hours in which the sensors of an entity were heard.
    pub(super) fn heard_hours(&self, sensors: &Watchers) -> u32 {
        sensors.heard(|agent| self.agents.get(usize::from(agent)).map_or(0, |agent| agent.hours))
    }

    /// Part of a day that the site was watched: a first day that began late is no whole period.
    fn watched_part(&self, day: i64) -> f32 {
        match self.first {
            Some((first, hour)) if first == day => f32::from(24 - hour.min(23)) / 24.0,
            _ => 1.0,
        }
    }

    fn close_entity(&mut self, number: usize, day: i64, config: &Config, counters: &mut Counters) {
        let Some(e) = self.entities.get(number) else { return };
        let risk = self.risk_at(e, self.newest, config);
        let Some(e) = self.entities.get_mut(number) else { return };
        e.yesterday = risk;
        e.danger.frequency *= 0.8;
        e.cases.retain(|c| day - c.last_day < CASE_DAYS);
        if !e.cube.as_slice().is_empty() {
            self.learn(number, day, config, counters);
        }
        self.entities.get_mut(number).into_iter().for_each(Entity::begin_day);
    }

    /// What an entity showed on the day that stands in the place of the open one becomes baseline, unless an alert keeps it out.
    pub(super) fn learn(&mut self, number: usize, day: i64, config: &Config, counters: &mut Counters) {
        let class = calendar::class(&self.site, day);
        let Some(e) = self.entities.get(number) else { return };
        let level = self.level_of(e);
        let covered = self.heard_hours(&e.agents) & !e.unjudged();
        let part = self.watched_part(day);
        let usual = self.usual_of(number);
        let Some(e) = self.entities.get_mut(number) else { return };
        self.budget.note(e.top);
        let keep = keep(config.memory);
        let learn = !e.flooded && (!e.alerted || e.age < MATURE_DAYS || overdue(e, class));
        if let Some(unlearnt) = e.unlearnt.get_mut(usize::from(class)) {
            *unlearnt = if learn { 0 } else { *unlearnt + 1 };
        }
        if learn {
            counters.cells_dropped += learn_day(e, class, part, covered, config) as u64;
            // Sums against a baseline of few days say more about the baseline than about the entity.
            if e.age >= MATURE_DAYS {
                for ((past, sum), usual) in e.past_sums.0.iter_mut().zip(e.sums).zip(usual) {
                    *past = *past * keep + sum.min(OUTLIER * usual);
                }
                e.past_sums.1 = e.past_sums.1 * keep + 1.0;
            }
        }
        let age = e.age;
        e.age += 1;
        if e.role != Role::Agent {
            e.role = role_of(e, level);
            for evidence in &mut e.evidence {
                *evidence -= *evidence / 8;
            }
        }
        self.aged(u32::try_from(number).unwrap_or(u32::MAX), age, age + 1);
    }

    /// Rebuilds the peer groups' priors.
    fn learn_groups(&mut self) {
        self.groups.clear();
        self.usual.clear();
        for role in Role::ALL.iter().copied().filter(|r| *r != Role::Agent) {
            let members: Vec<&Entity> = self.entities.iter().filter(|e| e.role == role && e.age > 0).collect();
            let Some(first) = members.first() else { continue };
            let groups = first.looks.iter().enumerate().map(|(at, watched)| {
                let pasts: Vec<Member<'_>> = members
                    .iter()
                    .filter_map(|e| {
                        let past = &e.looks.get(at)?.past;
                        Some(Member { past, periods: e.periods_by(watched.look) })
                    })
                    .collect();
                Group::of(watched.look, &pasts)
            });
            self.groups.insert(role, groups.collect());
            let mut usual = [0.0; 3];
            for (at, slot) in usual.iter_mut().enumerate() {
                let judged = members.iter().filter(|e| e.past_sums.1 > 0.0);
                let mut means: Vec<f64> =
                    judged.map(|e| e.past_sums.0.get(at).copied().unwrap_or(0.0) / e.past_sums.1).collect();
                means.sort_by(f64::total_cmp);
                *slot = means.get(means.len() / 2).copied().unwrap_or(0.0);
            }
            self.usual.insert(role, usual);
        }
    }
}

/// Whether a day is learnt although it was alerted: its kind is not known yet, or was left out often enough.
fn overdue(e: &Entity, class: u8) -> bool {
    let class = usize::from(class);
    let known = e.days.get(class).copied().unwrap_or(0.0);
    let limit = UNLEARNT_DAYS.get(class).copied().unwrap_or(0);
    known < KNOWN_DAYS || e.unlearnt.get(class).is_some_and(|unlearnt| *unlearnt >= limit)
}

/// What a period's weight becomes after one day.
fn keep(memory: Memory) -> f64 {
    match memory {
        Memory::HalfLife(days) => (-1.0 / days.clamp(0.5, 3650.0)).exp2(),
        Memory::Periods(_) => 1.0,
    }
}

/// Adds the open day to an entity's past; answers how many cells found no room.
fn learn_day(e: &mut Entity, class: u8, part: f32, covered: u32, config: &Config) -> usize {
    let keep = keep(config.memory) as f32;
    for (cell, periods) in e.periods.iter_mut().enumerate() {
        *periods *= keep;
        if cell / 24 == usize::from(class) && covered & (1 << (cell % 24)) != 0 {
            *periods += 1.0;
        }
    }
    for days in &mut e.days {
        *days *= keep;
    }
    if let Some(days) = e.days.get_mut(usize::from(class)) {
        *days += part;
    }
    for (cell, activity) in e.activity.iter_mut().enumerate() {
        *activity *= keep;
        if cell / 24 == usize::from(class) {
            *activity += f32::from(e.rows.get(cell % 24).copied().unwrap_or(0));
        }
    }
    let mut dropped = 0;
    for watched in &mut e.looks {
        let today: Vec<(u32, f32)> = watched
            .today
            .as_slice()
            .iter()
            .copied()
            .filter(|(key, _)| !watched.look.hourly() || covered & (1 << ((key >> 26) % 24)) != 0)
            .collect();
        dropped += watched.past.fold(&today, keep, config.caps.cells);
    }
    if let Memory::Periods(limit) = config.memory {
        keep_day(e, class, part, covered, usize::from(limit.clamp(2, 60)));
    }
    dropped
}

/// Exact mean: remembers the day, and takes out the one that is too old.
fn keep_day(e: &mut Entity, class: u8, part: f32, covered: u32, limit: usize) {
    let counts = e.looks.iter().map(|w| {
        let kept = w.today.as_slice().iter().copied();
        kept.filter(|(key, _)| !w.look.hourly() || covered & (1 << ((key >> 26) % 24)) != 0).collect()
    });
    let day = KeptDay { class, part, hours: covered, counts: counts.collect() };
    e.kept.push_back(day);
    if e.kept.len() <= limit {
        return;
    }
    let Some(old) = e.kept.pop_front() else { return };
    for (cell, periods) in e.periods.iter_mut().enumerate() {
        if cell / 24 == usize::from(old.class) && old.hours & (1 << (cell % 24)) != 0 {
            *periods = (*periods - 1.0).max(0.0);
        }
    }
    if let Some(days) = e.days.get_mut(usize::from(old.class)) {
        *days = (*days - old.part).max(0.0);
    }
    for (watched, gone) in e.looks.iter_mut().zip(&old.counts) {
        watched.past.subtract(gone);
    }
}
