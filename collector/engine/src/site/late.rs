//! Days that are over and still counted: a sensor that was away for days sends what it saw then.
//!
//! What is late is counted in its own hour of its own day, beside the open day. Such a day is judged and learnt like any other once
//! nothing has come for it for an hour. An entity that showed something on the day while it was open has it learnt already, unless
//! its sensor was known to be away (`away.rs`): what comes of it later is counted as late and changes no baseline, since half a day
//! twice is not a day.

use super::SiteState;
use super::item::Talk;
use crate::aside::Aside;
use crate::calendar::{self, TimeCell};
use crate::config::Config;
use crate::finding::Findings;
use crate::view::Counters;
use picket_event::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A late day for which nothing has come for so long is whole.
pub(super) const QUIET: Duration = Duration::from_secs(3_600);

const ALL_HOURS: u32 = 0x00ff_ffff;

/// A day that is over.
#[derive(Debug)]
pub(super) struct Over {
    /// Hours of it in which each agent was heard, a bit each, then or since.
    hours: Vec<u32>,
    /// The same of agents that came later: where the day was watched they are not missing from it.
    later: u32,
    /// Entities whose day is learnt, or was there to be, a bit each.
    shown: Vec<u64>,
    /// What is not learnt yet, by entity: what came since, and what was there where more is to come.
    pub(super) days: BTreeMap<u32, Aside>,
    /// Agents that were away when the day ended.
    pub(super) awaited: BTreeSet<u16>,
    /// Rows that came since, by agent and hour.
    rows: BTreeMap<(u16, u8), u32>,
    /// Where event time stood when something came last.
    last: Timestamp,
}

impl Over {
    const fn new() -> Self {
        Self {
            hours: Vec::new(),
            later: 0,
            shown: Vec::new(),
            days: BTreeMap::new(),
            awaited: BTreeSet::new(),
            rows: BTreeMap::new(),
            last: Timestamp::from_nanos(i64::MIN),
        }
    }

    fn has_shown(&self, entity: u32) -> bool {
        self.shown.get(entity as usize / 64).is_some_and(|word| word & 1 << (entity % 64) != 0)
    }

    pub(super) fn show(&mut self, entity: u32) {
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
            self.hours.resize(agent, self.later);
            self.hours.push(0);
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
            let newest = self.newest;
            let over = self.over.entry(day).or_insert_with(Over::new);
            over.hear(agent, hour);
            over.last = over.last.max(newest);
        }
    }

    /// Puts an entity's late day in the place of its open one; `false` where that day is learnt already, or there is no room.
    pub(super) fn lay_out(&mut self, day: i64, entity: u32, config: &Config) -> bool {
        let counted = self.over.values().map(|over| over.days.len()).sum::<usize>();
        let over = self.over.entry(day).or_insert_with(Over::new);
        let begins = !over.days.contains_key(&entity);
        if over.has_shown(entity) || (begins && counted >= config.caps.late) {
            return false;
        }
        if begins {
            let before = self.over.get(&(day - 1)).and_then(|before| before.days.get(&entity));
            let aside = before.map(Aside::after).unwrap_or_default();
            if let Some(over) = self.over.get_mut(&day) {
                over.days.insert(entity, aside);
            }
        }
        self.lay_aside(day, entity);
        true
    }

    /// Changes it for the open day again.
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
            let whole = self.over.get(&oldest).map(|over| over.days.keys().copied().collect()).unwrap_or_default();
            self.close_late(oldest, whole, config, counters, out);
            self.over.remove(&oldest);
        }
        if config.late_days == 0 {
            return;
        }
        let mut over = Over::new();
        let end = calendar::end(&self.site, day);
        (over.last, over.later) = (end, ALL_HOURS);
        over.hours = self.agents.iter().map(|agent| agent.hours).collect();
        self.set_aside(end, &mut over, config);
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
        if self.over.values().all(|over| over.days.is_empty()) {
            return;
        }
        for day in self.over.keys().copied().collect::<Vec<_>>() {
            let whole = self.whole(day, now, config);
            self.close_late(day, whole, config, counters, out);
        }
    }

    /// The entities whose late day is whole: nothing has come for a while, their sensors are not awaited, and the days before it are
    /// learnt.
    fn whole(&self, day: i64, now: Option<Timestamp>, config: &Config) -> Vec<u32> {
        let quiet = |over: &&Over| now.is_none_or(|now| now.since(over.last) >= QUIET);
        let Some(over) = self.over.get(&day).filter(quiet) else { return Vec::new() };
        let end = calendar::end(&self.site, day);
        let awaited =
            |agent: &u16| over.awaited.contains(agent) && now.is_some_and(|now| self.awaits(*agent, end, now, config));
        let is_whole = |entity: &u32| {
            let awaits = self.entities.get(*entity as usize).is_some_and(|e| e.agents.each().iter().any(awaited));
            !awaits && !self.over.range(..day).any(|(_, before)| before.days.contains_key(entity))
        };
        over.days.keys().copied().filter(is_whole).collect()
    }

    /// Judges and learns what came of a day after it was over. What was missing is not judged: more may be on its way.
    fn close_late(
        &mut self,
        day: i64,
        entities: Vec<u32>,
        config: &Config,
        counters: &mut Counters,
        out: &mut Findings,
    ) {
        let Some(over) = self.over.get_mut(&day).filter(|_| !entities.is_empty()) else { return };
        entities.iter().for_each(|entity| over.show(*entity));
        let mut late: Vec<(u32, Aside)> = entities.iter().filter_map(|entity| over.days.remove_entry(entity)).collect();
        let (heard, later) = (over.hours.clone(), over.later);
        let open = self.day.replace(day);
        // What was judged while the day was open, and got no more, is learnt alone.
        let new: Vec<u32> = late.iter().filter(|(_, aside)| aside.is_new()).map(|(entity, _)| *entity).collect();
        self.change_places(&mut late);
        // No sensor counts as heard, so that nothing counts as missing.
        let hours = self.hear_instead(&[], 0);
        self.judge_late(day, &new, config, counters, out);
        self.hear_instead(&heard, later);
        for entity in entities {
            self.learn(entity as usize, day, config, counters);
        }
        self.hear_instead(&hours, 0);
        self.change_places(&mut late);
        self.day = open;
    }

    /// Late days and open ones change places.
    fn change_places(&mut self, late: &mut [(u32, Aside)]) {
        for (entity, aside) in late {
            self.entities.get_mut(*entity as usize).into_iter().for_each(|e| aside.swap(e));
        }
    }

    /// Puts other hours in the place of those in which the agents were heard, with the same for those beyond; answers these.
    fn hear_instead(&mut self, hours: &[u32], beyond: u32) -> Vec<u32> {
        let others = hours.iter().copied().chain(std::iter::repeat(beyond));
        self.agents.iter_mut().zip(others).map(|(agent, other)| std::mem::replace(&mut agent.hours, other)).collect()
    }

    fn judge_late(&mut self, day: i64, entities: &[u32], config: &Config, counters: &mut Counters, out: &mut Findings) {
        if self.closed < super::judge::LEARNING_DAYS || !config.baseline {
            return;
        }
        let cell = TimeCell::new(calendar::class(&self.site, day), 23);
        for entity in entities {
            // Every hour of it is judged at once.
            self.entities.get_mut(*entity as usize).into_iter().for_each(|e| e.dirty = ALL_HOURS);
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
