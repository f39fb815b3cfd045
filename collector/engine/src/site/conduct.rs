//! How sensors behave: how much they report, and of whom. An enrolled sensor may be broken, or in strange hands.

use super::SiteState;
use super::alarm::Draft;
use super::item::Talk;
use crate::calendar;
use crate::config::Config;
use crate::finding::{Evidence, FindingKind};
use crate::risk::Threat;
use crate::{Counters, Findings};
use picket_event::Timestamp;

/// More than so many times the usual of an hour is not learnt.
const TIMES: f64 = 100.0;
/// Rows of an hour that are never too many.
const LEAST: f64 = 1_000.0;
/// Days of a sensor before its usual is known.
const KNOWN_DAYS: u32 = 2;
/// Days that the usual is the mean of, about.
const MEMORY_DAYS: u32 = 7;
/// Days of an entity after which a sensor that never saw it before is told.
const SETTLED_DAYS: u32 = 4;
/// A sensor that begins to report others' entities every day, as a server's own does, is told beyond so many times its usual.
const MORE: f64 = 4.0;

/// What a sensor reports.
#[derive(Clone, Debug, Default)]
pub(super) struct Conduct {
    /// Rows counted in the open day, and those that came in each of its hours.
    rows: u64,
    hours: [u32; 24],
    /// Rows of an hour on past days, and how many days these were.
    usual: f64,
    days: u32,
    /// Settled entities of other sensors that it began to report in the open day, and on past ones.
    borrowed: u32,
    borrows: f64,
}

impl Conduct {
    /// Counts a row of an hour of the open day. `Err` when it is one too many, with whether it is the first of that hour.
    fn row(&mut self, hour: u8) -> Result<(), bool> {
        let Some(came) = self.hours.get_mut(usize::from(hour)) else { return Ok(()) };
        let before = f64::from(*came);
        *came = came.saturating_add(1);
        match self.most() {
            Some(most) if before >= most => Err(before <= most),
            _ => {
                self.rows += 1;
                Ok(())
            }
        }
    }

    /// Rows of an hour that are not too many, once the usual is known.
    pub(super) fn most(&self) -> Option<f64> {
        (self.days >= KNOWN_DAYS).then(|| LEAST.max(TIMES * self.usual).floor())
    }

    /// Counts an entity of others that it begins to report; how many there are, where that is to be told: each time that they have
    /// doubled, and of a sensor that is new itself the first.
    fn borrow(&mut self) -> Option<u32> {
        self.borrowed += 1;
        let known = self.days >= KNOWN_DAYS;
        let unusual = f64::from(self.borrowed) > MORE * self.borrows && self.borrowed.is_power_of_two();
        (if known { unusual } else { self.borrowed == 1 }).then_some(self.borrowed)
    }

    /// Ends a day in which the sensor was heard in so many hours.
    pub(super) fn close(&mut self, hours: u32) {
        if hours > 0 {
            let mean = self.rows as f64 / f64::from(hours);
            self.days += 1;
            let part = 1.0 / f64::from(self.days.min(MEMORY_DAYS));
            self.usual += (mean - self.usual) * part;
            self.borrows += (f64::from(self.borrowed) - self.borrows) * part;
        }
        (self.rows, self.hours, self.borrowed) = (0, [0; 24], 0);
    }
}

impl SiteState {
    /// Notes a row that is beyond what its sensor usually reports in an hour: it is judged like any other, or a flood would hide
    /// what goes on beside it, but nobody's baseline learns from the day. The first one is told.
    pub(super) fn excess(
        &mut self,
        number: u16,
        talk: &Talk,
        time: Timestamp,
        config: &Config,
        counters: &mut Counters,
        out: &mut Findings,
    ) {
        let (day, hour) = calendar::local(&self.site, time);
        if self.day != Some(day) {
            return self.excess_late(number, talk, time, counters);
        }
        let Some(agent) = self.agents.get_mut(usize::from(number)) else { return };
        let Err(first) = agent.conduct.row(hour) else { return };
        counters.excess += 1;
        let (entity, usual) = (agent.entity, agent.conduct.usual);
        for party in [talk.src, talk.dest] {
            let known = self.who(party, time).and_then(|entity| self.entities.get_mut(entity as usize));
            known.into_iter().for_each(|e| e.flooded = true);
        }
        if first && config.conduct {
            let reason = format!(
                "the sensor reports more than {TIMES} times its usual {usual:.0} rows an hour; nothing is learnt today from \
                 whom it reports"
            );
            self.tell_conduct(entity, "volume", time, TIMES, reason, true, counters, out);
        }
    }

    /// A sensor reports what an entity does that for days others alone have seen: told, since it may be made up.
    pub(super) fn borrow(
        &mut self,
        entity: u32,
        number: u16,
        time: Timestamp,
        config: &Config,
        counters: &mut Counters,
        out: &mut Findings,
    ) {
        let Some(e) = self.entities.get(entity as usize) else { return };
        let sensors = e.agents.each();
        if e.age < SETTLED_DAYS || sensors.is_empty() || sensors.contains(&number) || !config.conduct {
            return;
        }
        let Some(agent) = self.agents.get_mut(usize::from(number)) else { return };
        let (Some(count), sensor) = (agent.conduct.borrow(), agent.entity) else { return };
        let others = sensors.iter().filter_map(|other| self.agents.get(usize::from(*other)));
        let others: Vec<&str> = others.take(3).map(|agent| agent.id.as_str()).collect();
        let more = if count > 1 { format!(" and {} others", count - 1) } else { String::new() };
        let reason = format!("the sensor reports {}{more}, which until now {} alone saw", e.name, others.join(", "));
        self.tell_conduct(sensor, "addresses", time, f64::from(count), reason, false, counters, out);
    }

    #[allow(clippy::too_many_arguments)] // the context of one finding
    fn tell_conduct(
        &mut self,
        entity: u32,
        what: &str,
        time: Timestamp,
        score: f64,
        reason: String,
        alert: bool,
        counters: &mut Counters,
        out: &mut Findings,
    ) {
        let (day, _) = calendar::local(&self.site, time);
        let draft = Draft {
            kind: FindingKind::Conduct,
            time,
            p_value: if alert { 1e-4 } else { 1e-2 },
            cells: Vec::new(),
            topic: (what.to_owned(), day.to_string()),
            counterpart: None,
            reasons: vec![reason],
            // Transmitted data manipulation.
            techniques: vec!["T1565.002".to_owned()],
            threat: Threat::SystemCompromise,
            evidence: Evidence { score, ..Evidence::default() },
        };
        self.emit(entity, draft, alert, day, counters, out);
    }
}
