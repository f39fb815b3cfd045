//! One entity: its names, its open period, its past, its cases.

use crate::cells::{Counts, Look, Past};
use crate::risk::{Terms, Threat};
use crate::role::Role;
use crate::watchers::Watchers;
use picket_event::{Mac, Operation, Timestamp};
use std::collections::VecDeque;
use std::net::IpAddr;

/// Addresses remembered as other names of an entity.
const ALIASES: usize = 8;
/// Partners remembered by name.
const PARTNERS: usize = 64;
/// Plant conversations whose last operation is remembered.
const STEPS: usize = 256;
/// Reasons kept for the ranking.
const REASONS: usize = 6;
/// Days that a case stays open: the same unusual place is not another alert within them.
pub const CASE_DAYS: i64 = 4;

/// One look at an entity's behaviour.
#[derive(Clone, Debug)]
pub struct Watched {
    /// Which.
    pub look: Look,
    /// The open period.
    pub today: Counts,
    /// Past periods.
    pub past: Past,
    /// Deviation of each hour judged so far (hourly looks).
    pub hours: [f32; 24],
    /// Deviation of the period so far (looks by kind of day).
    pub whole: f32,
}

impl Watched {
    fn new(look: Look) -> Self {
        Self { look, today: Counts::default(), past: Past::default(), hours: [0.0; 24], whole: 0.0 }
    }

    /// Sum of the deviations of the period so far.
    #[must_use]
    pub fn sum(&self) -> f64 {
        if self.look.hourly() { self.hours.iter().map(|d| f64::from(*d)).sum() } else { f64::from(self.whole) }
    }
}

/// A partner that holds most of a place's behaviours: majority vote of Boyer and Moore, one word a place.
#[derive(Clone, Copy, Debug)]
pub struct Majority {
    /// Relation and space.
    pub key: u32,
    /// The partner.
    pub partner: Peer,
    /// Votes it is ahead.
    pub ahead: u32,
    /// Votes in all.
    pub total: u32,
}

/// The other side of a behaviour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Peer {
    /// An entity of the site.
    Entity(u32),
    /// An address that is none.
    Address(IpAddr),
    /// A link address that is none.
    Link(Mac),
}

/// A partner and service remembered.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// Hash of partner, service and operation.
    pub hash: u64,
    /// Last day it was used.
    pub last_day: i32,
    /// On how many days, at most 255.
    pub days: u8,
}

/// An unusual place that was alerted.
#[derive(Clone, Debug)]
pub struct Case {
    /// Relation and space, without the mark of counting.
    pub topic: (String, String),
    /// Name of the case.
    pub name: String,
    /// Day of the latest finding.
    pub last_day: i64,
    /// Findings so far.
    pub count: u32,
}

/// What an entity's risk stands on.
#[derive(Clone, Debug)]
pub struct Danger {
    /// Terms at the last finding.
    pub terms: Terms,
    /// When it was found.
    pub at: Option<Timestamp>,
    /// What threatened.
    pub threat: Threat,
    /// Findings of the last days, decayed.
    pub frequency: f64,
    /// Latest reasons first.
    pub reasons: VecDeque<String>,
}

/// One entity.
#[derive(Clone, Debug)]
pub struct Entity {
    /// Host name, else the address.
    pub name: String,
    /// Whether `name` is a host's own name.
    pub named: bool,
    /// Addresses held, latest last.
    pub addresses: VecDeque<IpAddr>,
    /// MAC, the latest.
    pub mac: Option<Mac>,
    /// Peer group.
    pub role: Role,
    /// Zone of its address.
    pub zone: Option<u16>,
    /// Roles that assets named, as a guess.
    pub level: Option<u8>,
    /// Agents that saw it.
    pub agents: Watchers,
    /// Behaviours as server, as client, of industrial protocols as server, as client, of appliances: evidence of the role.
    pub evidence: [u32; 4],
    /// Hours of the open day in which planned work forbids a judgement.
    pub excused: u32,
    /// Hours of the open day in which what was missing has a common cause, or may still come.
    pub absent: u32,
    /// Hours of the open day to be judged.
    pub dirty: u32,
    /// All three dimensions of the open day.
    pub cube: Counts,
    /// Majority partners of the open day.
    pub majority: Vec<Majority>,
    /// The looks that make the score.
    pub looks: Vec<Watched>,
    /// Weighted periods by hour and kind of day (48).
    pub periods: Vec<f32>,
    /// Weighted periods by kind of day.
    pub days: [f32; 2],
    /// Rows a period by hour: how the day's activity is spread.
    pub activity: Vec<f32>,
    /// Rows of the open day by hour.
    pub rows: [u16; 24],
    /// Closed days with behaviour.
    pub age: u32,
    /// Entities it talked to and behaviours with each, the most first.
    pub partners: Vec<(u32, u64)>,
    /// Last operation of each plant conversation: hash of partner and protocol.
    pub steps: Vec<(u64, Operation)>,
    /// Partners and services.
    pub known: Vec<Known>,
    /// Today's score.
    pub score: f64,
    /// Sums behind it.
    pub sums: [f64; 3],
    /// Highest of today on the common scale.
    pub top: f64,
    /// Weighted totals of past sums, by look, and of days.
    pub past_sums: ([f64; 3], f64),
    /// Days in a row that were left out of learning, by kind of day.
    pub unlearnt: [u32; 2],
    /// Whether today was alerted.
    pub alerted: bool,
    /// Whether rows of today are beyond what their sensor usually reports: the day is not learnt.
    pub flooded: bool,
    /// Whether a note was written today.
    pub noted: bool,
    /// Open cases.
    pub cases: Vec<Case>,
    /// Alerts so far.
    pub alerts: u32,
    /// Risk.
    pub danger: Danger,
    /// Risk a day ago.
    pub yesterday: f64,
    /// Last behaviour.
    pub last_seen: Timestamp,
    /// Days kept for the exact mean: kind of day, counts of each look, hours that count.
    pub kept: VecDeque<KeptDay>,
    /// Verdict findings of the open day.
    pub verdicts: u32,
    /// Suspicious verdicts of the open day.
    pub suspicious: u32,
}

/// A period kept for the exact mean.
#[derive(Clone, Debug)]
pub struct KeptDay {
    /// Kind of day.
    pub class: u8,
    /// Part of the day that was watched, above 0, at most 1.
    pub part: f32,
    /// Hours that counted.
    pub hours: u32,
    /// Counts by look.
    pub counts: Vec<Vec<(u32, f32)>>,
}

impl Entity {
    /// A new one.
    #[must_use]
    pub fn new(name: String, named: bool, looks: &[Look], time: Timestamp) -> Self {
        Self {
            name,
            named,
            addresses: VecDeque::new(),
            mac: None,
            role: Role::Workstation,
            zone: None,
            level: None,
            agents: Watchers::default(),
            evidence: [0; 4],
            excused: 0,
            absent: 0,
            dirty: 0,
            cube: Counts::default(),
            majority: Vec::new(),
            looks: looks.iter().map(|look| Watched::new(*look)).collect(),
            periods: vec![0.0; 48],
            days: [0.0; 2],
            activity: vec![0.0; 48],
            rows: [0; 24],
            age: 0,
            partners: Vec::new(),
            steps: Vec::new(),
            known: Vec::new(),
            score: 0.0,
            sums: [0.0; 3],
            top: 0.0,
            past_sums: ([0.0; 3], 0.0),
            unlearnt: [0; 2],
            alerted: false,
            flooded: false,
            noted: false,
            cases: Vec::new(),
            alerts: 0,
            danger: Danger {
                terms: Terms::default(),
                at: None,
                threat: Threat::Other,
                frequency: 0.0,
                reasons: VecDeque::new(),
            },
            yesterday: 0.0,
            last_seen: time,
            kept: VecDeque::new(),
            verdicts: 0,
            suspicious: 0,
        }
    }

    /// Remembers an address.
    pub fn hold(&mut self, address: IpAddr) {
        self.addresses.retain(|a| *a != address);
        self.addresses.push_back(address);
        while self.addresses.len() > ALIASES {
            self.addresses.pop_front();
        }
    }

    /// Periods behind a cell's key.
    #[must_use]
    pub fn periods_of(&self, look: Look, key: u32) -> f64 {
        let lead = (key >> 26) as usize;
        let of = if look.hourly() { self.periods.get(lead) } else { self.days.get(lead) };
        f64::from(of.copied().unwrap_or(0.0))
    }

    /// Periods by leading part of a look's keys.
    #[must_use]
    pub fn periods_by(&self, look: Look) -> &[f32] {
        if look.hourly() { &self.periods } else { &self.days }
    }

    /// Notes a partner; answers on how many days it was used before, and whether it was known at all.
    pub fn meet(&mut self, hash: u64, day: i64, cap: usize) -> (bool, u8) {
        let day = i32::try_from(day).unwrap_or(i32::MAX);
        match self.known.binary_search_by_key(&hash, |k| k.hash) {
            Ok(at) => {
                let Some(known) = self.known.get_mut(at) else { return (true, 1) };
                // A day that comes late is not counted: whether it was before is not known any more.
                if known.last_day < day {
                    known.last_day = day;
                    known.days = known.days.saturating_add(1);
                }
                (true, known.days)
            }
            Err(at) if self.known.len() < cap => {
                self.known.insert(at, Known { hash, last_day: day, days: 1 });
                (false, 1)
            }
            Err(_) => (false, 1),
        }
    }

    /// Notes behaviours with another entity; the least of [`PARTNERS`] makes room.
    pub fn partner(&mut self, other: u32, count: u32) {
        match self.partners.iter().position(|(o, _)| *o == other) {
            Some(mut at) => {
                if let Some((_, c)) = self.partners.get_mut(at) {
                    *c = c.saturating_add(u64::from(count));
                }
                while at > 0 && self.partners.get(at).map(|p| p.1) > self.partners.get(at - 1).map(|p| p.1) {
                    self.partners.swap(at, at - 1);
                    at -= 1;
                }
            }
            None if self.partners.len() < PARTNERS => self.partners.push((other, u64::from(count))),
            None => {
                if let Some(last) = self.partners.last_mut() {
                    *last = (other, u64::from(count));
                }
            }
        }
    }

    /// Notes an operation of a plant conversation; answers the one before it.
    pub fn step(&mut self, conversation: u64, operation: Operation) -> Option<Operation> {
        match self.steps.binary_search_by_key(&conversation, |(c, _)| *c) {
            Ok(at) => self.steps.get_mut(at).map(|(_, before)| std::mem::replace(before, operation)),
            Err(at) if self.steps.len() < STEPS => {
                self.steps.insert(at, (conversation, operation));
                None
            }
            Err(_) => None,
        }
    }

    /// Counts a partner's vote for a place.
    pub fn vote(&mut self, key: u32, partner: Peer, votes: u32, cap: usize) {
        match self.majority.binary_search_by_key(&key, |m| m.key) {
            Ok(at) => {
                let Some(m) = self.majority.get_mut(at) else { return };
                m.total = m.total.saturating_add(votes);
                if m.partner == partner {
                    m.ahead = m.ahead.saturating_add(votes);
                } else if m.ahead >= votes {
                    m.ahead -= votes;
                } else {
                    (m.partner, m.ahead) = (partner, votes - m.ahead);
                }
            }
            Err(at) if self.majority.len() < cap => {
                self.majority.insert(at, Majority { key, partner, ahead: votes, total: votes });
            }
            Err(_) => {}
        }
    }

    /// Adds a reason to the ranking's line.
    pub fn explain(&mut self, reasons: &[String]) {
        for reason in reasons.iter().rev() {
            self.danger.reasons.retain(|r| r != reason);
            self.danger.reasons.push_front(reason.clone());
        }
        self.danger.reasons.truncate(REASONS);
    }

    /// Begins a new day.
    pub fn begin_day(&mut self) {
        self.cube.clear();
        self.majority.clear();
        for watched in &mut self.looks {
            watched.today.clear();
            watched.hours = [0.0; 24];
            watched.whole = 0.0;
        }
        self.rows = [0; 24];
        self.excused = 0;
        self.absent = 0;
        self.dirty = 0;
        self.score = 0.0;
        self.sums = [0.0; 3];
        self.top = 0.0;
        self.alerted = false;
        self.flooded = false;
        self.noted = false;
        self.verdicts = 0;
        self.suspicious = 0;
    }

    /// Hours of the open day in which what was missing is neither judged nor learnt.
    #[must_use]
    pub const fn unjudged(&self) -> u32 {
        self.excused | self.absent
    }

    /// Bytes held, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let looks: usize = self.looks.iter().map(|w| w.today.bytes() + w.past.bytes()).sum();
        std::mem::size_of::<Self>()
            + looks
            + self.cube.bytes()
            + self.known.capacity() * std::mem::size_of::<Known>()
            + self.majority.capacity() * std::mem::size_of::<Majority>()
            + (self.periods.capacity() + self.activity.capacity()) * 4
    }
}
