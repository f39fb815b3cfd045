//! One site: its entities, its open day, its alarm budget. Sites share nothing, so that they can be split.

mod alarm;
mod away;
mod close;
mod conduct;
mod count;
mod item;
mod judge;
mod late;
mod place;
mod registry;
mod told;
mod view;

use crate::cells::Look;
use crate::config::{Config, Shape, SiteConfig};
use crate::entity::Entity;
use crate::finding::Findings;
use crate::group::Group;
use crate::names::{Mark, Numbers, Relation, Space};
use crate::role::Role;
use crate::view::Counters;
use crate::{calendar, risk};
use alarm::Budget;
use away::Touch;
use conduct::Conduct;
use item::{Item, Origin, Queued};
use late::Over;
use picket_event::{AgentId, Envelope, Protocol, Timestamp};
use registry::Registry;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

const HOUR: i64 = 3600;

/// One agent of the site.
#[derive(Clone, Debug)]
struct Agent {
    id: AgentId,
    /// Latest event time heard.
    last: Timestamp,
    /// Latest event time of live traffic, or of its own: what is replayed from files has no liveness.
    live: Option<Timestamp>,
    /// Whether it was heard from a live interface, and whether from files.
    sources: (bool, bool),
    /// Local day and hours of it in which it was heard, a bit each.
    hours: u32,
    /// Whether its silence was reported.
    silent: bool,
    /// Its number among the entities.
    entity: u32,
    conduct: Conduct,
    touch: Touch,
}

impl Agent {
    /// Whether an event shows that the agent watches live. What it says of itself does, unless it only replays files.
    fn alive(&mut self, from: Origin) -> bool {
        match from {
            Origin::Interface => self.sources.0 = true,
            Origin::File => self.sources.1 = true,
            Origin::Itself => {}
        }
        let (interface, file) = self.sources;
        if file && !interface {
            (self.live, self.silent) = (None, false);
        }
        match from {
            Origin::Interface => true,
            Origin::File => false,
            Origin::Itself => interface || !file,
        }
    }
}

/// What is known of an address outside.
#[derive(Clone, Debug, Default)]
struct Outside {
    /// Entities that used it, three at most.
    users: [u32; 3],
    /// How many of `users` are set.
    count: u8,
    /// Last day it was used.
    last_day: i64,
}

/// One site.
#[derive(Debug)]
pub struct SiteState {
    number: u32,
    site: SiteConfig,
    spaces: Numbers<Space>,
    relations: Numbers<Relation>,
    registry: Registry,
    entities: Vec<Entity>,
    /// By role and look.
    groups: BTreeMap<Role, Vec<Group>>,
    /// Medians of the members' past sums, by role and look.
    usual: BTreeMap<Role, [f64; 3]>,
    agents: Vec<Agent>,
    agent_numbers: BTreeMap<AgentId, u16>,
    outside: BTreeMap<IpAddr, Outside>,
    queue: BTreeMap<i64, Vec<Queued>>,
    queued: usize,
    /// Where event time stands: the latest event, and what has passed since it arrived.
    newest: Timestamp,
    /// The latest event's time and the time given to `advance` before it arrived.
    latest: Option<(Timestamp, Option<Timestamp>)>,
    /// Everything before this minute was taken.
    taken: i64,
    /// The open local day, once there is one.
    day: Option<i64>,
    /// Days that are over and may still be added to, at most [`Config::late_days`].
    over: BTreeMap<i64, Over>,
    /// The first local day and the hour it began in.
    first: Option<(i64, u8)>,
    /// Closed days.
    closed: u32,
    /// Next hour of absolute time to be judged (hours since 1970).
    next_hour: i64,
    budget: Budget,
    /// Unusual topics of the open day and the entities that show them.
    topics: BTreeMap<(u16, u16, bool), Vec<u32>>,
    /// Names in today's alerts, and the case of each.
    named: BTreeMap<String, String>,
    /// Risk of the site a day ago.
    yesterday: f64,
}

/// The looks of a shape.
pub fn looks(shape: Shape) -> Vec<Look> {
    match shape {
        Shape::Three => vec![Look::TimeSpace, Look::TimeRelation, Look::RelationSpace],
        Shape::Time => vec![Look::Time],
        Shape::Space => vec![Look::Space],
        Shape::Relation => vec![Look::Relation],
        Shape::Cube => vec![Look::Cube],
    }
}

impl SiteState {
    /// A site that has seen nothing.
    pub fn new(number: u32, site: SiteConfig, config: &Config) -> Self {
        let other = Relation { protocol: Protocol::UNKNOWN, operation: None, received: false, mark: Mark::Plain };
        Self {
            number,
            spaces: Numbers::new(Space::Other, config.caps.spaces.clamp(1, 4096)),
            relations: Numbers::new(other, config.caps.relations.clamp(1, 16_384)),
            registry: Registry::default(),
            entities: Vec::new(),
            groups: BTreeMap::new(),
            usual: BTreeMap::new(),
            agents: Vec::new(),
            agent_numbers: BTreeMap::new(),
            outside: BTreeMap::new(),
            queue: BTreeMap::new(),
            queued: 0,
            newest: Timestamp::from_nanos(i64::MIN),
            latest: None,
            taken: i64::MIN,
            day: None,
            over: BTreeMap::new(),
            first: None,
            closed: 0,
            next_hour: i64::MIN,
            budget: Budget::new(config.alarm_budget),
            topics: BTreeMap::new(),
            named: BTreeMap::new(),
            yesterday: 0.0,
            site,
        }
    }

    /// The number of an agent, which becomes an entity when it is first heard.
    fn agent(&mut self, id: &AgentId, time: Timestamp, config: &Config) -> Option<u16> {
        if let Some(number) = self.agent_numbers.get(id) {
            return Some(*number);
        }
        if self.agents.len() >= config.caps.agents {
            return None;
        }
        let number = u16::try_from(self.agents.len()).ok()?;
        let entity = self.enter(id.as_str().to_owned(), true, time, config)?;
        if let Some(e) = self.entities.get_mut(entity as usize) {
            e.role = Role::Agent;
        }
        self.keep(entity);
        self.agents.push(Agent {
            id: id.clone(),
            last: time,
            live: None,
            sources: (false, false),
            hours: 0,
            silent: false,
            entity,
            conduct: Conduct::default(),
            touch: Touch::default(),
        });
        self.agent_numbers.insert(id.clone(), number);
        Some(number)
    }

    /// Takes one event in order of arrival; `now` is the last time given to `advance`.
    pub fn apply(
        &mut self,
        envelope: &Envelope,
        now: Option<Timestamp>,
        config: &Config,
        counters: &mut Counters,
        out: &mut Findings,
    ) {
        let time = envelope.event.time;
        let Some(agent) = self.agent(&envelope.agent, time, config) else {
            counters.refused += 1;
            return;
        };
        if config.verdicts {
            self.verdict(envelope, config, counters, out);
        }
        if config.alerts {
            self.told(envelope, config, counters, out);
        }
        let item = item::item(envelope);
        let order = (envelope.epoch, envelope.sequence);
        let queued =
            Queued { time: item.turn(time), heard: time, from: Origin::of(&envelope.event.source), agent, order, item };
        let minute = queued.time.seconds().div_euclid(60);
        if minute < self.taken {
            self.take(queued, config, counters, out);
        } else {
            self.queue.entry(minute).or_default().push(queued);
            self.queued += 1;
        }
        self.newest = self.newest.max(time);
        // What comes late says nothing of where event time stands.
        if self.latest.is_none_or(|(latest, _)| time >= latest) {
            self.latest = Some((time, now));
        }
        let ready = self.newest.seconds().saturating_sub(i64::from(config.lateness_seconds)).div_euclid(60);
        self.release(ready, config, counters, out);
        while self.queued > config.caps.reorder.max(1) {
            let Some(first) = self.queue.keys().next().copied() else { break };
            counters.reorder_overflow += self.queue.get(&first).map_or(0, |q| q.len() as u64);
            self.release(first + 1, config, counters, out);
        }
    }

    /// Says that `now` is the time. Event time moves on by what has passed since the latest event arrived, not to
    /// `now` itself: recorded weeks may be sent today, and a site's clocks may be off.
    pub fn advance(&mut self, now: Timestamp, config: &Config, counters: &mut Counters, out: &mut Findings) {
        let Some((latest, arrived)) = self.latest else { return };
        let Some(arrived) = arrived else {
            self.latest = Some((latest, Some(now)));
            return;
        };
        self.newest = self.newest.max(latest.plus(now.since(arrived)));
        let ready = self.newest.seconds().saturating_sub(i64::from(config.lateness_seconds)).div_euclid(60);
        self.release(ready, config, counters, out);
    }

    /// Takes everything that waits and judges the open hour.
    pub fn finish(&mut self, config: &Config, counters: &mut Counters, out: &mut Findings) {
        let end = self.newest.seconds().div_euclid(60) + 1;
        self.release(end, config, counters, out);
        self.judge_hours(self.newest.seconds().div_euclid(HOUR) + 1, config, counters, out);
        self.close_quiet(None, config, counters, out);
    }

    /// Takes everything before a minute, in order of time, agent and sequence.
    fn release(&mut self, minute: i64, config: &Config, counters: &mut Counters, out: &mut Findings) {
        if minute <= self.taken {
            return;
        }
        while let Some(entry) = self.queue.first_entry() {
            if *entry.key() >= minute {
                break;
            }
            let at = *entry.key();
            let mut items = entry.remove();
            self.queued -= items.len();
            self.taken = self.taken.max(at);
            items.sort_by(|a, b| {
                let name = |q: &Queued| self.agents.get(usize::from(q.agent)).map(|a| a.id.as_str());
                a.time.cmp(&b.time).then_with(|| name(a).cmp(&name(b))).then_with(|| a.order.cmp(&b.order))
            });
            self.judge_hours(at.saturating_mul(60).div_euclid(HOUR), config, counters, out);
            for queued in items {
                self.take(queued, config, counters, out);
            }
        }
        self.taken = minute;
        self.judge_hours(minute.saturating_mul(60).div_euclid(HOUR), config, counters, out);
    }

    /// Judges the hours that have ended before `hour` (hours since 1970), and closes days.
    fn judge_hours(&mut self, hour: i64, config: &Config, counters: &mut Counters, out: &mut Findings) {
        if self.day.is_none() {
            return;
        }
        if self.next_hour == i64::MIN {
            self.next_hour = hour;
        }
        // A gap of weeks is not judged hour by hour: everything in it is silence.
        if hour - self.next_hour > 24 * 14 {
            self.next_hour = hour - 24 * 14;
        }
        while self.next_hour < hour {
            let end = Timestamp::from_parts((self.next_hour + 1).saturating_mul(HOUR), 0);
            let begin = Timestamp::from_parts(self.next_hour.saturating_mul(HOUR), 0);
            self.next_hour += 1;
            let (day, _) = calendar::local(&self.site, begin);
            self.open(day, config, counters, out);
            self.listen(end, config, out);
            self.judge(begin, end, config, counters, out);
            self.close_quiet(Some(end), config, counters, out);
            let (after, _) = calendar::local(&self.site, end);
            self.open(after, config, counters, out);
        }
    }

    /// Opens a local day; the one before is closed.
    fn open(&mut self, day: i64, config: &Config, counters: &mut Counters, out: &mut Findings) {
        match self.day {
            Some(open) if day <= open => {}
            Some(open) => {
                self.close(open, config, counters, out);
                self.day = Some(day);
            }
            None => self.day = Some(day),
        }
    }

    /// Takes an item in its turn.
    fn take(&mut self, queued: Queued, config: &Config, counters: &mut Counters, out: &mut Findings) {
        let (day, hour) = calendar::local(&self.site, queued.time);
        if self.day.is_none() {
            self.day = Some(day);
            self.first = Some((day, hour));
            self.next_hour = queued.time.seconds().div_euclid(HOUR);
        }
        self.heard(&queued, day, hour, config, out);
        match queued.item {
            Item::Talk(talk) => {
                self.talk(&talk, queued.agent, queued.time, config, counters, out);
                self.excess(queued.agent, &talk, queued.time, config, counters, out);
            }
            Item::Naming(naming) => self.naming(&naming, queued.agent, queued.time, config, counters),
            Item::Life => {}
        }
    }

    /// Notes that an agent was heard.
    fn heard(&mut self, queued: &Queued, day: i64, hour: u8, config: &Config, out: &mut Findings) {
        let (number, time) = (queued.agent, queued.heard);
        let open = self.day == Some(day);
        let Some(agent) = self.agents.get_mut(usize::from(number)) else { return };
        if open {
            agent.hours |= 1 << hour;
        } else {
            self.heard_late(number, (day, hour), config);
        }
        let Some(agent) = self.agents.get_mut(usize::from(number)) else { return };
        agent.last = agent.last.max(time);
        if !agent.alive(queued.from) {
            return;
        }
        let Some(last) = agent.live.replace(agent.live.map_or(time, |live| live.max(time))) else { return };
        agent.touch.hear(last, time, config);
        if time <= last {
            return;
        }
        let gap = time.since(last);
        let silent = std::mem::replace(&mut agent.silent, false);
        if !silent && gap >= Duration::from_secs(u64::from(config.silence_seconds.max(60))) {
            self.silence(number, last, time, config, out);
        }
    }

    /// Looks for agents that have not been heard for long.
    fn listen(&mut self, now: Timestamp, config: &Config, out: &mut Findings) {
        let limit = Duration::from_secs(u64::from(config.unheard_seconds.max(60)));
        for number in 0..self.agents.len() {
            let Some(agent) = self.agents.get_mut(number) else { continue };
            let Some(last) = agent.live else { continue };
            if !agent.silent && now.since(last) >= limit {
                agent.silent = true;
                self.silence(u16::try_from(number).unwrap_or(0), last, now, config, out);
            }
        }
    }

    /// Zone number of an address.
    fn zone_of(&self, address: IpAddr) -> Option<u16> {
        let zones = self.site.zones.iter().enumerate();
        let held = zones.filter(|(_, zone)| place::holds(zone.network, zone.prefix, address));
        held.max_by_key(|(_, zone)| zone.prefix).and_then(|(number, _)| u16::try_from(number).ok())
    }

    /// Purdue level of an entity: its zone's, else what assets said.
    fn level_of(&self, entity: &Entity) -> Option<u8> {
        let zone = entity.zone.and_then(|z| self.site.zones.get(usize::from(z)));
        zone.and_then(|z| z.level).or(entity.level)
    }

    /// An entity's risk at a time, unclamped.
    fn risk_at(&self, entity: &Entity, now: Timestamp, config: &Config) -> f64 {
        let Some(at) = entity.danger.at else { return 0.0 };
        let days = now.since(at).as_secs_f64() / 86_400.0;
        risk::decayed(entity.danger.terms.risk(), days, config.risk_half_life_days)
    }
}
