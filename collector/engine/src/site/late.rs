//! Days that are over and still counted: a sensor that was away for days sends what it saw then.
//!
//! What is late is counted in its own hour of its own day, beside the open day. Such a day is judged and learnt like any other once
//! nothing has come for it for an hour. An entity that showed something on the day while it was open has it learnt already: what
//! comes of it later is counted as late and changes no baseline, since half a day twice is not a day.

use super::SiteState;
use super::item::Talk;
use crate::aside::Aside;
use crate::calendar::{self, TimeCell};
use crate::config::Config;
use crate::finding::Findings;
use crate::view::Counters;
use picket_event::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

/// A late day for which nothing has come for so long is whole.
const QUIET: Duration = Duration::from_secs(3_600);

/// A day that is over.
#[derive(Debug)]
pub(super) struct Over {
    /// Hours of it in which each agent was heard, a bit each, then or since.
    hours: Vec<u32>,
    /// Entities whose day is learnt, or was there to be, a bit each.
    shown: Vec<u64>,
    /// What came since, by entity.
    days: BTreeMap<u32, Aside>,
    /// Rows that came since, by agent and hour.
    rows: BTreeMap<(u16, u8), u32>,
    /// Where event time stood when something came last.
    last: Timestamp,
}

impl Over {
    const fn new() -> Self {
        let last = Timestamp::from_nanos(i64::MIN);
        Self { hours: Vec::new(), shown: Vec::new(), days: BTreeMap::new(), rows: BTreeMap::new(), last }
    }

    fn has_shown(&self, entity: u32) -> bool {
        self.shown.get(entity as usize / 64).is_some_and(|word| word & 1 << (entity % 64) != 0)
    }

    fn show(&mut self, entity: u32) {
        let word = entity as usize / 64;
        if self.shown.len() <= word {
            self.shown.resize(word + 1, 0);
        }
        if let Some(word) = self.shown.get_mut(word) {
            *word |= 1 << (entity % 64);
        }
    }

    fn hear(&mut self, agent: u16, hour: u8) {
        let agent = usize::from(agent);
        if self.hours.len() <= agent {
            self.hours.resize(agent + 1, 0);
        }
        if let Some(hours) = self.hours.get_mut(agent) {
            *hours |= 1 << hour;
        }
    }
}

impl SiteState {
    /// Whether a day is over and may still be added to.
    pub(super) fn is_late(&self, day: i64, config: &Config) -> bool {
        self.day.is_some_and(|open| day < open && open - day <= i64::from(config.late_days))
    }

    /// An agent was heard in an hour of a day that is over.
    pub(super) fn heard_late(&mut self, agent: u16, (day, hour): (i64, u8), config: &Config) {
        if self.is_late(day, config) {
            self.over.entry(day).or_insert_with(Over::new).hear(agent, hour);
        }
    }

    /// Puts an entity's late day in the place of its open one; `false` where that day is learnt already, or there is no room.
    pub(super) fn lay_out(&mut self, day: i64, entity: u32, config: &Config) -> bool {
        let (newest, counted) = (self.newest, self.over.values().map(|over| over.days.len()).sum::<usize>());
        let over = self.over.entry(day).or_insert_with(Over::new);
        if over.has_shown(entity) || (counted >= config.caps.late && !over.days.contains_key(&entity)) {
            return false;
        }
        let Some(e) = self.entities.get_mut(entity as usize) else { return false };
        over.last = over.last.max(newest);
        over.days.entry(entity).or_default().swap(e);
        true
    }

    /// Puts it back.
    pub(super) fn lay_aside(&mut self, day: i64, entity: u32) {
        let aside = self.over.get_mut(&day).and_then(|over| over.days.get_mut(&entity));
        if let (Some(aside), Some(e)) = (aside, self.entities.get_mut(entity as usize)) {
            aside.swap(e);
        }
    }

    /// Notes a late row; beyond what its sensor usually reports in an hour, nothing is learnt of whom it is about.
    pub(super) fn excess_late(&mut self, number: u16, talk: &Talk, time: Timestamp, counters: &mut Counters) {
        let (day, hour) = calendar::local(&self.site, time);
        let Some(most) = self.agents.get(usize::from(number)).and_then(|agent| agent.conduct.most()) else { return };
        let parties = [talk.src, talk.dest].map(|party| self.who(party, time));
        let Some(over) = self.over.get_mut(&day) else { return };
        let rows = over.rows.entry((number, hour)).or_default();
        *rows = rows.saturating_add(1);
        if f64::from(*rows) <= most {
            return;
        }
        counters.excess += 1;
        for entity in parties.into_iter().flatten() {
            over.days.get_mut(&entity).into_iter().for_each(Aside::flood);
        }
    }

    /// A day is closed: what may still come for it finds who was there, and which sensor was heard. Those that are too old are
    /// judged as they are, and forgotten.
    pub(super) fn keep_closed(&mut self, day: i64, config: &Config, counters: &mut Counters, out: &mut Findings) {
        while let Some(oldest) = self.over.keys().next().copied().filter(|d| day + 1 - d > i64::from(config.late_days))
        {
            self.close_late(oldest, config, counters, out);
            self.over.remove(&oldest);
        }
        if config.late_days == 0 {
            return;
        }
        let mut over = Over::new();
        over.hours = self.agents.iter().map(|agent| agent.hours).collect();
        for (number, _) in self.entities.iter().enumerate().filter(|(_, e)| !e.cube.as_slice().is_empty()) {
            if let Ok(number) = u32::try_from(number) {
                over.show(number);
            }
        }
        self.over.insert(day, over);
    }

    /// Closes the late days for which nothing has come for a while, the oldest first; all of them where there is no time.
    pub(super) fn close_quiet(
        &mut self,
        now: Option<Timestamp>,
        config: &Config,
        counters: &mut Counters,
        out: &mut Findings,
    ) {
        let is_quiet = |over: &Over| now.is_none_or(|now| now.since(over.last) >= QUIET);
        let quiet = self.over.iter().filter(|(_, over)| !over.days.is_empty() && is_quiet(over));
        for day in quiet.map(|(day, _)| *day).collect::<Vec<_>>() {
            self.close_late(day, config, counters, out);
        }
    }

    /// Judges and learns what came of a day after it was over. What was missing is not judged: more may be on its way.
    fn close_late(&mut self, day: i64, config: &Config, counters: &mut Counters, out: &mut Findings) {
        let Some(over) = self.over.get_mut(&day) else { return };
        let mut late = std::mem::take(&mut over.days);
        late.keys().for_each(|entity| over.show(*entity));
        let heard = over.hours.clone();
        let open = self.day.replace(day);
        for (entity, aside) in &mut late {
            self.entities.get_mut(*entity as usize).into_iter().for_each(|e| aside.swap(e));
        }
        let entities: Vec<u32> = late.keys().copied().collect();
        // No sensor counts as heard, so that nothing counts as missing.
        let hours = self.hear_instead(&[]);
        self.judge_late(day, &entities, config, counters, out);
        self.hear_instead(&heard);
        for entity in entities {
            self.learn(entity as usize, day, config, counters);
        }
        self.hear_instead(&hours);
        for (entity, aside) in &mut late {
            self.entities.get_mut(*entity as usize).into_iter().for_each(|e| aside.swap(e));
        }
        self.day = open;
    }

    /// Puts other hours in the place of those in which the agents were heard; answers these.
    fn hear_instead(&mut self, hours: &[u32]) -> Vec<u32> {
        let others = hours.iter().copied().chain(std::iter::repeat(0));
        self.agents.iter_mut().zip(others).map(|(agent, other)| std::mem::replace(&mut agent.hours, other)).collect()
    }

    fn judge_late(&mut self, day: i64, entities: &[u32], config: &Config, counters: &mut Counters, out: &mut Findings) {
        if self.closed < super::judge::LEARNING_DAYS || !config.baseline {
            return;
        }
        let cell = TimeCell::new(calendar::class(&self.site, day), 23);
        for entity in entities {
            // Every hour of it is judged at once.
            self.entities.get_mut(*entity as usize).into_iter().for_each(|e| e.dirty = 0x00ff_ffff);
        }
        let high = entities.iter().filter_map(|entity| self.weigh(*entity as usize, cell, config)).collect();
        self.raise_all(high, day, cell, calendar::end(&self.site, day), config, counters, out);
    }

    /// An entity's place is given to another.
    pub(super) fn forget_late(&mut self, entity: u32) {
        for over in self.over.values_mut() {
            over.days.remove(&entity);
            if let Some(word) = over.shown.get_mut(entity as usize / 64) {
                *word &= !(1 << (entity % 64));
            }
        }
    }

    /// What an address did before its name was known belongs to the host.
    pub(super) fn merge_late(&mut self, from: u32, into: u32) {
        for over in self.over.values_mut().filter(|over| !over.has_shown(into)) {
            if let Some(aside) = over.days.remove(&from) {
                over.days.entry(into).or_insert(aside);
            }
        }
    }
}
