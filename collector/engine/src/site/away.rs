//! Sensors that are away when a day ends: what they saw of it is still to come, so it is not learnt yet.
//!
//! Of the hosts that such a sensor reports the day is set aside as a late one, with what is there of it. It is learnt once: when the
//! sensor is back and its backlog is in, or it has been away for longer than late days are counted. The days of a host are learnt in
//! their order, so one waits for those before it.

use super::late::{Over, QUIET};
use super::{Agent, SiteState};
use crate::aside::Aside;
use crate::config::Config;
use picket_event::Timestamp;
use std::collections::BTreeSet;
use std::time::Duration;

/// Silence of a sensor that is never an absence.
const PAUSE: Duration = Duration::from_secs(900);
const DAY: Duration = Duration::from_secs(86_400);

/// How regularly a sensor is heard, by its own clock.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Touch {
    /// Its longest pause in the open day and in the one before, without those that are absences.
    longest: [Duration; 2],
    /// How far it was when it spoke again after an absence, or sent something much older than what it had sent before.
    unsettled: Option<Timestamp>,
}

impl Touch {
    /// It is heard at a time; what it said last before lies at another.
    pub(super) fn hear(&mut self, last: Timestamp, time: Timestamp, config: &Config) {
        let (pause, back) = (time.since(last), last.since(time));
        if pause > self.patience() {
            self.unsettled = Some(time);
        } else if back > QUIET {
            self.unsettled = Some(last);
        }
        let [today, _] = &mut self.longest;
        if pause < Duration::from_secs(u64::from(config.silence_seconds)) {
            *today = pause.max(*today);
        }
    }

    /// A longer silence is an absence.
    fn patience(&self) -> Duration {
        let [today, before] = self.longest;
        PAUSE.max(today.max(before).saturating_mul(2))
    }

    /// Whether its backlog may still be coming: it has not yet gone on for long in order.
    fn is_unsettled(&self, last: Timestamp) -> bool {
        self.unsettled.is_some_and(|at| last < at.plus(QUIET))
    }

    /// Ends a day.
    pub(super) const fn close(&mut self) {
        let [today, _] = self.longest;
        self.longest = [Duration::ZERO, today];
    }
}

/// How long an event may be on its way.
fn waited(config: &Config) -> Duration {
    PAUSE.max(Duration::from_secs(u64::from(config.lateness_seconds)))
}

impl Agent {
    /// Whether it has been silent for longer than anything of it is waited for.
    fn is_gone(&self, now: Timestamp, config: &Config) -> bool {
        self.live.is_none_or(|last| now.since(last) > DAY.saturating_mul(config.late_days))
    }

    /// Whether it is away at the end of a day, after which it first speaks at a time.
    fn is_away(&self, end: Timestamp, first: Timestamp) -> bool {
        let Some(last) = self.live else { return false };
        (last < end && first.since(last) > self.touch.patience()) || self.touch.is_unsettled(last)
    }

    /// Whether what it says of a time that is over is its backlog, not a straggler.
    pub(super) fn is_catching_up(&self, time: Timestamp) -> bool {
        self.live.is_some_and(|last| last <= time.plus(PAUSE) || self.touch.is_unsettled(last))
    }

    /// Whether more may come from it of a time before `end`.
    fn is_awaited(&self, end: Timestamp) -> bool {
        self.live.is_some_and(|last| last < end || self.touch.is_unsettled(last))
    }
}

impl SiteState {
    /// The agents that are away at the end of a day. What counts is how soon after it they speak, whatever else has come
    /// by now: so it does not depend on when the day is closed.
    fn away(&self, end: Timestamp, config: &Config) -> BTreeSet<u16> {
        let until = end.plus(waited(config));
        let mut speaks = vec![until; self.agents.len()];
        for queued in self.queue.values().flatten().filter(|queued| queued.heard >= end) {
            if let Some(first) = speaks.get_mut(usize::from(queued.agent)) {
                *first = queued.heard.min(*first);
            }
        }
        let away = (0..).zip(self.agents.iter().zip(speaks));
        let away = away.filter(|(_, (agent, first))| agent.is_away(end, *first) && !agent.is_gone(end, config));
        away.map(|(number, _)| number).collect()
    }

    /// Whether more may come from an agent of a time before `end`.
    pub(super) fn awaits(&self, agent: u16, end: Timestamp, now: Timestamp, config: &Config) -> bool {
        self.agents.get(usize::from(agent)).is_some_and(|a| a.is_awaited(end) && !a.is_gone(now, config))
    }

    /// Sets aside what there is of a day whose rest is still to come, while there is room; of the others the day is learnt now.
    pub(super) fn set_aside(&mut self, end: Timestamp, over: &mut Over, config: &Config) {
        over.awaited = self.away(end, config);
        let mut room = config.caps.late.saturating_sub(self.over.values().map(|over| over.days.len()).sum());
        for (number, e) in (0u32..).zip(&mut self.entities) {
            if e.cube.as_slice().is_empty() {
                continue;
            }
            let waits = || self.over.values().any(|over| over.days.contains_key(&number));
            let is_awaited = e.agents.each().iter().any(|agent| over.awaited.contains(agent));
            if room > 0 && (is_awaited || waits()) {
                over.days.insert(number, Aside::of(e));
                room -= 1;
            } else {
                over.show(number);
            }
        }
    }
}
