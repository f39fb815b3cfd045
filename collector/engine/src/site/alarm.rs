//! From a score to a finding, and from a finding to an alert within the budget.

use super::SiteState;
use super::count::changes_process;
use super::item::Party;
use super::judge::Off;
use crate::calendar::TimeCell;
use crate::cells::{Look, Place};
use crate::config::Config;
use crate::entity::{Case, Entity};
use crate::finding::{Evidence, Finding, FindingCell, FindingKind, Findings};
use crate::names::Mark;
use crate::risk::{self, Threat};
use crate::role::Role;
use crate::view::{Counters, EntityId};
use picket_event::body::Score;
use picket_event::{Body, Envelope, Event, Timestamp, Verdict};
use std::collections::VecDeque;

/// Days of scores that the level is taken from.
const HISTORY: usize = 28;
/// Scores kept a day: the level never needs more.
const KEPT: usize = 64;
/// Crossings of the level a day, in budgets. More than one, because many crossings are one affair (its victims, the
/// same case on another day, a common cause) and because the purse has the last word.
const AIM: f64 = 2.5;
/// Closed days whose scores say more about young baselines than about entities: left out once others are there.
const IMMATURE: usize = 4;
/// Alerts that may be saved up for a bad day, in days of budget.
const SAVED_DAYS: f64 = 3.0;
/// Closed days before anything is alerted: until then the engine observes.
const OBSERVE: usize = 2;
/// Score over usual below which nothing is ever alerted.
const LEVEL_MIN: f64 = 2.0;
/// Suspicious verdicts of a day that make a finding.
const SUSPICIOUS: u32 = 20;
/// Cells of a finding.
const CELLS: usize = 5;
/// Entities that show the same topic on a day before it is a common cause.
const COMMON: usize = 3;

/// A score to be judged.
#[derive(Clone, Copy, Debug)]
pub struct Verdictless {
    /// Whose.
    pub entity: u32,
    /// Score over usual.
    pub top: f64,
    /// Local day.
    pub day: i64,
    /// The hour that has ended.
    pub cell: TimeCell,
    /// Its end.
    pub end: Timestamp,
}

/// The alarm budget of a site: the level follows the history, and a purse holds what may still be spent.
#[derive(Clone, Debug)]
pub struct Budget {
    per_day: f64,
    /// Highest scores over usual of past days, each sorted downwards.
    days: VecDeque<Vec<f32>>,
    /// Entity-days in `days`.
    sizes: VecDeque<u32>,
    today: Vec<f32>,
    entities: u32,
    purse: f64,
    /// Alerts of past days, the latest last, at most seven.
    spent: VecDeque<u32>,
    spent_today: u32,
    /// Notes of the open day.
    notes: u32,
}

impl Budget {
    /// Of so many alerts a day.
    pub fn new(per_day: f64) -> Self {
        let per_day = if per_day.is_finite() { per_day.max(0.0) } else { 1.0 };
        Self {
            per_day,
            days: VecDeque::new(),
            sizes: VecDeque::new(),
            today: Vec::new(),
            entities: 0,
            purse: per_day,
            spent: VecDeque::new(),
            spent_today: 0,
            notes: 0,
        }
    }

    /// Notes an entity's highest score over usual of the day that closes.
    pub fn note(&mut self, top: f64) {
        self.entities += 1;
        self.today.push(top as f32);
        if self.today.len() >= 4 * KEPT {
            self.shorten();
        }
    }

    fn shorten(&mut self) {
        self.today.sort_by(|a, b| b.total_cmp(a));
        self.today.truncate(KEPT);
    }

    /// Closes a day.
    pub fn close(&mut self) {
        self.shorten();
        self.days.push_back(std::mem::take(&mut self.today));
        self.sizes.push_back(std::mem::take(&mut self.entities));
        self.spent.push_back(std::mem::take(&mut self.spent_today));
        self.notes = 0;
        while self.days.len() > HISTORY {
            self.days.pop_front();
            self.sizes.pop_front();
        }
        while self.spent.len() > 7 {
            self.spent.pop_front();
        }
        self.purse = (self.purse + self.per_day).min(self.per_day * SAVED_DAYS).max(0.0);
    }

    /// The level: the score over usual that so many entity-days of the past reached as the budget allows.
    pub fn level(&self) -> f64 {
        let days = self.days.len();
        if days < OBSERVE {
            return f64::INFINITY;
        }
        let skip = (days.saturating_sub(3)).min(IMMATURE);
        let days = days - skip;
        let mut all: Vec<f32> = self.days.iter().skip(skip).flatten().copied().collect();
        all.sort_by(|a, b| b.total_cmp(a));
        let allowed = (days as f64 * self.per_day * AIM).floor() as usize;
        let level = all.get(allowed.min(all.len().saturating_sub(1))).copied().unwrap_or(f32::MAX);
        f64::from(level).max(LEVEL_MIN)
    }

    /// Share of past entity-days that scored as high: conformal, and beyond the highest falling on.
    pub fn p_value(&self, top: f64) -> f64 {
        let n: u32 = self.sizes.iter().sum();
        let above = self.days.iter().flatten().filter(|t| f64::from(**t) >= top).count();
        let highest = self.days.iter().flatten().copied().fold(1.0, f32::max);
        let p = (1.0 + above as f64) / (f64::from(n) + 1.0);
        if above == 0 { p * (f64::from(highest) / top.max(f64::from(highest))) } else { p }
    }

    fn spend(&mut self) -> bool {
        if self.purse < 1.0 {
            return false;
        }
        self.purse -= 1.0;
        self.spent_today += 1;
        true
    }

    /// Alerts a day over the last week.
    pub fn rate(&self) -> f64 {
        if self.spent.is_empty() {
            return 0.0;
        }
        self.spent.iter().map(|n| f64::from(*n)).sum::<f64>() / self.spent.len() as f64
    }

    /// Whether the last week kept to the budget.
    pub fn held(&self) -> bool {
        self.rate() <= self.per_day + 1e-9
    }
}

/// What is said of an entity.
pub(super) struct Draft {
    pub(super) kind: FindingKind,
    pub(super) time: Timestamp,
    pub(super) p_value: f64,
    pub(super) cells: Vec<FindingCell>,
    pub(super) counterpart: Option<String>,
    pub(super) reasons: Vec<String>,
    pub(super) techniques: Vec<String>,
    pub(super) threat: Threat,
    pub(super) evidence: Evidence,
    pub(super) topic: (String, String),
}

impl SiteState {
    /// Makes a finding of a score that is high, and an alert of one that reaches the level.
    pub(super) fn raise(&mut self, v: Verdictless, config: &Config, counters: &mut Counters, out: &mut Findings) {
        let level = self.budget.level();
        let note = v.top >= level * 0.5 && v.top >= LEVEL_MIN;
        let Some(e) = self.entities.get(v.entity as usize) else { return };
        let noted = e.noted;
        if !note || e.alerted || e.age < 1 || (v.top < level && noted) {
            return;
        }
        let off = self.all_off(v.entity as usize, v.cell.class(), v.cell.hour(), config);
        let places = self.places(v.entity as usize, &off);
        let Some((place, _, worst)) = places.first().copied() else { return };
        let common = self.common(v.entity, place, worst);
        let wants = v.top >= level && !common;
        if !wants && (noted || self.budget.notes >= config.caps.notes) {
            return;
        }
        let draft = self.draft(&v, &places, level, config);
        self.emit(v.entity, draft, wants, v.day, counters, out);
    }

    /// Whether several entities show the same topic today: a common cause, not one entity's doing.
    fn common(&mut self, entity: u32, place: Place, worst: Off) -> bool {
        let topic = (place.relation, place.space, worst.seen < worst.expected);
        let shown = self.topics.entry(topic).or_default();
        if !shown.contains(&entity) && shown.len() < 64 {
            shown.push(entity);
        }
        shown.len() > COMMON
    }

    fn draft(&self, v: &Verdictless, places: &[(Place, f64, Off)], level: f64, config: &Config) -> Draft {
        let e = self.entities.get(v.entity as usize);
        let mut cells: Vec<FindingCell> = Vec::new();
        let mut reasons = Vec::new();
        for (place, total, worst) in places {
            let cell = self.cell(*place, *total, *worst);
            let same = |c: &FindingCell| c.space == cell.space && base(&c.relation) == base(&cell.relation);
            if cells.iter().any(same) {
                continue;
            }
            reasons.push(words(&cell));
            cells.push(cell);
            if cells.len() >= CELLS {
                break;
            }
        }
        reasons.truncate(3);
        let counterpart = places.first().and_then(|(place, ..)| self.majority(v.entity, *place));
        let top = places.first().map(|p| p.0);
        let (threat, techniques) = top.map_or((Threat::Other, Vec::new()), |p| self.threat(p));
        let topic = cells.first().map(|c| (c.space.clone(), base(&c.relation).to_owned())).unwrap_or_default();
        let usual = self.usual_of(v.entity as usize);
        let evidence = Evidence {
            sums: e.map_or([0.0; 3], |e| e.sums),
            weights: e.map_or([0.0; 3], |e| if e.looks.len() == 1 { [1.0, 0.0, 0.0] } else { config.weights(e.role) }),
            score: e.map_or(0.0, |e| e.score),
            omega: level,
            usual,
            periods: e.map_or(0.0, |e| f64::from(e.days.iter().sum::<f32>())),
        };
        let missing = places.first().is_some_and(|(_, _, worst)| worst.seen < worst.expected);
        let last = e.map_or(v.end, |e| e.last_seen.min(v.end));
        let time = if missing { v.end } else { last };
        let p_value = self.budget.p_value(v.top);
        Draft {
            kind: FindingKind::Baseline,
            time,
            p_value,
            cells,
            counterpart,
            reasons,
            techniques: techniques.into_iter().map(str::to_owned).collect(),
            threat,
            evidence,
            topic,
        }
    }

    /// One place in words and numbers.
    fn cell(&self, place: Place, deviation: f64, worst: Off) -> FindingCell {
        let any = || "*".to_owned();
        let (mut time, mut space, mut relation) =
            (TimeCell(place.time).label(), self.space_label(place.space), self.relation_label(place.relation));
        if worst.seen <= 0.0 {
            match worst.look {
                Look::TimeSpace => relation = any(),
                Look::TimeRelation => space = any(),
                Look::RelationSpace => time = any(),
                Look::Time => (space, relation) = (any(), any()),
                Look::Space => (time, relation) = (any(), any()),
                Look::Relation => (time, space) = (any(), any()),
                Look::Cube => {}
            }
        }
        FindingCell { time, space, relation, seen: worst.seen, expected: worst.expected, deviation }
    }

    /// Who holds most of a place's behaviours.
    fn majority(&self, entity: u32, place: Place) -> Option<String> {
        let e = self.entities.get(entity as usize)?;
        let key = Place { time: 0, ..place }.cube();
        let m = e.majority.get(e.majority.binary_search_by_key(&key, |m| m.key).ok()?)?;
        if m.ahead * 2 <= m.total {
            return None;
        }
        Some(self.peer_name(m.partner))
    }

    /// What a place's behaviour threatens, with ATT&CK ids.
    fn threat(&self, place: Place) -> (Threat, Vec<&'static str>) {
        let Some(relation) = self.relation(place.relation) else { return (Threat::Other, Vec::new()) };
        match (relation.operation, relation.mark) {
            (_, Mark::Identity) => (Threat::SystemCompromise, vec!["T0848"]),
            (Some(op), _) if changes_process(op) => (Threat::SystemCompromise, vec!["T1692.001"]),
            (Some(_), _) => (Threat::Reconnaissance, vec!["T0861"]),
            (None, Mark::Unanswered) => (Threat::Reconnaissance, vec!["T1046"]),
            (None, Mark::Upload) => (Threat::DataExfiltration, vec!["T1048"]),
            (None, Mark::First) => (Threat::PrivilegeEscalation, vec!["T1021"]),
            (None, Mark::Plain | Mark::After(_)) => (Threat::Other, Vec::new()),
        }
    }

    /// The case a finding belongs to, how often it was told with this one, and whether it was there before.
    fn case(&mut self, entity: u32, draft: &Draft, wants: bool, day: i64) -> (String, u32, bool) {
        let Some(e) = self.entities.get_mut(entity as usize) else { return Default::default() };
        if let Some(case) = e.cases.iter_mut().find(|c| c.topic == draft.topic) {
            if wants {
                case.count = case.count.saturating_add(1);
                case.last_day = day;
            }
            return (case.name.clone(), case.count, true);
        }
        // What an alert of today already told of the other side is the same affair.
        let told = draft.counterpart.as_ref().and_then(|other| self.named.get(other)).or(self.named.get(&e.name));
        if let Some(told) = told.filter(|_| draft.kind == FindingKind::Baseline) {
            return (told.clone(), 2, true);
        }
        let mut name = format!("{}/{}/{day}/{}", self.site.name, e.name, draft.kind.name());
        if draft.kind == FindingKind::Sensor {
            name = format!("{name}/{}/{}", draft.topic.0, draft.topic.1);
        }
        (name, 1, false)
    }

    /// Writes a finding: within its case, within the budget, with its risk.
    #[allow(clippy::too_many_arguments)] // the context of one finding
    pub(super) fn emit(
        &mut self,
        entity: u32,
        draft: Draft,
        wants: bool,
        day: i64,
        counters: &mut Counters,
        out: &mut Findings,
    ) {
        let danger = self.danger(entity, &draft);
        let about = draft.topic.0.clone();
        let (case, count, again) = self.case(entity, &draft, wants, day);
        let Some(e) = self.entities.get_mut(entity as usize) else { return };
        let mut alert = wants && !again;
        if alert && !self.budget.spend() {
            counters.alerts_withheld += 1;
            alert = false;
        }
        e.noted = true;
        if wants && (alert || again) {
            e.alerted = true;
        }
        if alert {
            e.alerts += 1;
            if draft.kind == FindingKind::Baseline {
                self.named.insert(e.name.clone(), case.clone());
                if let Some(other) = &draft.counterpart {
                    self.named.insert(other.clone(), case.clone());
                }
            }
            e.cases.push(Case { topic: draft.topic, name: case.clone(), last_day: day, count: 1 });
        } else if !again {
            self.budget.notes += 1;
        }
        if alert || again {
            // A risk that stands on something later stays.
            if e.danger.at.is_none_or(|at| draft.time >= at) {
                e.danger.terms = danger;
                e.danger.at = Some(draft.time);
                e.danger.threat = draft.threat;
            }
            e.danger.frequency += 1.0;
            e.explain(&draft.reasons);
        }
        let unclamped = danger.risk();
        let name = match &draft.counterpart {
            Some(other) => format!("{} > {other}", e.name),
            None => e.name.clone(),
        };
        let subject = (draft.kind == FindingKind::Sensor).then_some(about);
        out.push(Finding {
            case,
            time: draft.time,
            entity: name,
            entity_id: EntityId { site: self.number, entity },
            site: self.site.name.clone(),
            kind: draft.kind,
            subject,
            p_value: draft.p_value,
            risk: risk::clamped(unclamped),
            risk_unclamped: unclamped,
            alert,
            update: again,
            count,
            cells: draft.cells,
            reasons: draft.reasons,
            techniques: draft.techniques,
            evidence: draft.evidence,
        });
    }

    /// The four terms of a finding's risk.
    fn danger(&self, entity: u32, draft: &Draft) -> risk::Terms {
        let Some(e) = self.entities.get(entity as usize) else { return risk::Terms::default() };
        let frequency = (e.danger.frequency + 1.0).clamp(1.0, 1000.0) as u32;
        let level = self.level_of(e);
        let (entities, zones, processes) = self.reach(entity);
        let exposure = self.exposure(entity);
        risk::Terms {
            severity: risk::severity(risk::DEFAULT, draft.threat, frequency),
            asset_value: risk::asset_value(Some(risk::importance(level, e.role)), None),
            impact_scope: risk::impact_scope(entities, zones, processes),
            exploitability: risk::exploitability(
                exposure.services,
                exposure.outside,
                exposure.weak_protocol,
                exposure.clear_credentials,
            ),
        }
    }

    /// A sensor's verdict on a conversation.
    pub(super) fn verdict(
        &mut self,
        envelope: &Envelope,
        config: &Config,
        counters: &mut Counters,
        out: &mut Findings,
    ) {
        let event = &envelope.event;
        let Some((score, party, other)) = accused(event) else { return };
        let Some(entity) = self.admit(party, u32::MAX, event.time, config) else { return };
        let Some(e) = self.entities.get_mut(entity as usize) else { return };
        let Some(seen) = note_verdict(e, score.verdict, event.time) else { return };
        let (day, _) = crate::calendar::local(&self.site, event.time);
        let draft = verdict_draft(envelope, score, seen, other);
        let baseline = e.alerted;
        self.emit(entity, draft, true, day, counters, out);
        if let Some(e) = self.entities.get_mut(entity as usize) {
            e.alerted = baseline;
            if let Some(case) = e.cases.iter_mut().find(|c| c.topic.0 == "verdict") {
                case.count = seen;
            }
            if let Some(last) = out.last_mut() {
                last.count = seen;
            }
        }
    }

    /// An agent said nothing from `last` to `now`.
    pub(super) fn silence(
        &mut self,
        number: u16,
        last: Timestamp,
        now: Timestamp,
        config: &Config,
        out: &mut Findings,
    ) {
        let Some(entity) = self.agents.get(usize::from(number)).map(|a| a.entity) else { return };
        if !config.liveness {
            return;
        }
        let hours = now.since(last).as_secs_f64() / 3600.0;
        let (day, _) = crate::calendar::local(&self.site, now);
        let draft = Draft {
            kind: FindingKind::Silence,
            time: now,
            p_value: 1e-3 / hours.max(1.0),
            cells: Vec::new(),
            counterpart: None,
            reasons: vec![format!("the sensor said nothing for {hours:.1} hours since {last}")],
            techniques: vec!["T1691.002".to_owned()],
            threat: Threat::DenialOfService,
            evidence: Evidence {
                score: hours,
                omega: f64::from(config.silence_seconds) / 3600.0,
                ..Evidence::default()
            },
            topic: ("silence".to_owned(), day.to_string()),
        };
        self.emit(entity, draft, true, day, &mut Counters::default(), out);
    }

    /// Risk of the whole site at a time.
    pub(super) fn site_risk(&self, now: Timestamp, config: &Config) -> f64 {
        let risks: Vec<f64> = self.entities.iter().map(|e| self.risk_at(e, now, config)).collect();
        risk::roll_up(&risks)
    }
}

/// The score of an event that is judged bad, whom it concerns, and the other side.
fn accused(event: &Event) -> Option<(&Score, Party, Option<String>)> {
    let score = match &event.body {
        Body::Flow(flow) => flow.score.as_ref(),
        Body::Pair(pair) => pair.score.as_ref(),
        Body::Host(host) => host.score.as_ref(),
        _ => None,
    };
    let score = score.filter(|s| matches!(s.verdict, Verdict::Malicious | Verdict::Suspicious))?;
    let ends = event.flow.as_ref().and_then(|f| super::item::parties(&f.endpoints));
    let party = match &event.body {
        Body::Host(host) => Party::Ip(host.ip.to_canonical()),
        _ => ends.map(|(src, _)| src)?,
    };
    let other = ends.map(|(_, dest)| dest.to_string());
    Some((score, party, other))
}

/// Counts a verdict on an entity. How many there are, where that is to be told: one case a day, written again when its
/// count has doubled.
fn note_verdict(e: &mut Entity, verdict: Verdict, time: Timestamp) -> Option<u32> {
    e.last_seen = e.last_seen.max(time);
    if verdict == Verdict::Malicious {
        e.verdicts = e.verdicts.saturating_add(1);
    } else {
        e.suspicious = e.suspicious.saturating_add(1);
    }
    let seen = e.verdicts.saturating_add(e.suspicious / SUSPICIOUS);
    let due = verdict == Verdict::Malicious || e.suspicious.is_multiple_of(SUSPICIOUS);
    (seen.is_power_of_two() && due).then_some(seen)
}

fn verdict_draft(envelope: &Envelope, score: &Score, seen: u32, other: Option<String>) -> Draft {
    let mut reasons: Vec<String> = score.reasons.iter().take(4).map(ToString::to_string).collect();
    reasons.insert(0, format!("sensor {} judged {seen} conversation(s) {}", envelope.agent, score.verdict));
    Draft {
        kind: FindingKind::Verdict,
        time: envelope.event.time,
        p_value: f64::from(1.0 - score.value.get()).clamp(1e-6, 1.0),
        cells: Vec::new(),
        topic: ("verdict".to_owned(), other.clone().unwrap_or_default()),
        counterpart: other,
        reasons,
        techniques: vec!["T1071".to_owned()],
        threat: Threat::SystemCompromise,
        evidence: Evidence { score: f64::from(score.value.get()), ..Evidence::default() },
    }
}

/// A relation without the mark of counting.
fn base(relation: &str) -> &str {
    relation.split(',').next().unwrap_or(relation)
}

/// A cell in words: `at workday-03, internet, tls: 40 seen, 0.2 expected`.
fn words(cell: &FindingCell) -> String {
    let space = match cell.space.as_str() {
        "*" => String::new(),
        from if from.starts_with("from ") => format!(", {from}"),
        to => format!(", to {to}"),
    };
    let relation = if cell.relation == "*" { String::new() } else { format!(", {}", cell.relation) };
    let time = if cell.time == "*" { "today" } else { &cell.time };
    format!("at {time}{space}{relation}: {:.0} seen, {} expected", cell.seen, number(cell.expected))
}

/// Two significant decimals for small numbers, none for large ones.
fn number(x: f64) -> String {
    if x >= 100.0 {
        format!("{x:.0}")
    } else if x >= 1.0 {
        format!("{x:.1}")
    } else {
        format!("{x:.2}")
    }
}

/// Whether a role is one of the plant's.
pub fn of_plant(role: Role) -> bool {
    matches!(role, Role::Controller | Role::Supervision)
}
