//! From a behaviour to the cells of both sides.

use super::item::{Party, Talk};
use super::place::{grouped, subnet};
use super::{Outside, SiteState};
use crate::calendar::{self, TimeCell};
use crate::cells::Place;
use crate::config::Config;
use crate::entity::{Entity, Peer};
use crate::finding::Findings;
use crate::names::{Mark, Relation, Space};
use crate::view::Counters;
use picket_event::{Operation, Protocol, Timestamp};
use std::net::IpAddr;

/// Closed days before a first contact counts as one: before, everything is new.
const FIRST_AFTER: u32 = 2;
/// Days after which an entity's own server outside is no longer rare to it.
const OWN_DAYS: u8 = 3;
/// Addresses outside that are remembered.
const OUTSIDE: usize = 65_536;
/// An upload is one from this many bytes on, if more goes out than comes in.
const UPLOAD_BYTES: u64 = 10 << 20;
/// Votes and cells of places an entity and day at most.
const PLACES: usize = 2048;

/// SplitMix64's finaliser (Steele, Lea, Flood 2014): spreads ids over 64 bits.
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn bytes_hash(bytes: &[u8], seed: u64) -> u64 {
    bytes.iter().fold(mix(seed), |h, b| mix(h ^ u64::from(*b).wrapping_add(0x9e37_79b9_7f4a_7c15)))
}

/// A partner as a number.
fn peer_hash(peer: Peer) -> u64 {
    match peer {
        Peer::Entity(e) => mix(u64::from(e) + 1),
        Peer::Address(IpAddr::V4(a)) => mix(u64::from(a.to_bits()) | 1 << 40),
        Peer::Address(IpAddr::V6(a)) => mix((a.to_bits() >> 64) as u64 ^ mix(a.to_bits() as u64)),
        Peer::Link(mac) => bytes_hash(&mac.0, 7),
    }
}

/// Where a behaviour falls, the same for both sides.
struct Moment {
    day: i64,
    cell: TimeCell,
}

impl SiteState {
    /// When a behaviour counts: in its own hour while that day is open, else when its event was made. One that comes late counts as
    /// it would have done in time, when the day its event was made on was open.
    fn moment(&self, talk: &Talk, time: Timestamp, config: &Config) -> Option<Moment> {
        let open = self.day?;
        let own = calendar::local(&self.site, talk.when);
        let made = calendar::local(&self.site, time);
        let day = if own.0 == open || made.0 == open { open } else { made.0 };
        if day != open && !self.is_late(day, config) {
            return None;
        }
        let (day, hour) = [own, made].into_iter().find(|(of, _)| *of == day)?;
        Some(Moment { day, cell: TimeCell::new(calendar::class(&self.site, day), hour) })
    }

    /// Whether planned work covers a zone or the site at a time.
    fn planned(&self, zone: Option<u16>, time: Timestamp) -> bool {
        let name = zone.and_then(|z| self.site.zones.get(usize::from(z))).map(|z| z.name.as_str());
        let covers = |w: &crate::PlannedWork| w.zone.is_empty() || Some(w.zone.as_str()) == name;
        self.site.planned.iter().any(|w| time >= w.start && time < w.end && covers(w))
    }

    /// Counts one behaviour for the client and, where it is one of the site's, the server.
    pub(super) fn talk(
        &mut self,
        talk: &Talk,
        agent: u16,
        time: Timestamp,
        config: &Config,
        counters: &mut Counters,
        out: &mut Findings,
    ) {
        let Some(moment) = self.moment(talk, time, config) else {
            counters.late += 1;
            return;
        };
        let client = self.admit(talk.src, talk.count, time, config);
        // An address that does not answer is no evidence of anybody.
        let server =
            if talk.answered { self.admit(talk.dest, talk.count, time, config) } else { self.who(talk.dest, time) };
        let (from, to) = (self.zone_of_party(talk.src), self.zone_of_party(talk.dest));
        let planned = self.planned(from, talk.when) || self.planned(to, talk.when);
        if self.day == Some(moment.day) {
            if let Some(entity) = client.filter(|_| !planned) {
                self.borrow(entity, agent, time, config, counters, out);
            }
            let counted = (client.is_some(), server.is_some_and(|s| Some(s) != client));
            return self.both(talk, (client, server), counted, planned, &moment, agent, time, config, counters);
        }
        let mut lay_out = |entity: Option<u32>| entity.is_some_and(|e| self.lay_out(moment.day, e, config));
        let counted = (lay_out(client), lay_out(server.filter(|s| Some(*s) != client)));
        // Neither side was counted, though there was somebody to count.
        counters.late += u64::from(counted == (false, false) && (client.is_some() || server.is_some()));
        self.both(talk, (client, server), counted, planned, &moment, agent, time, config, counters);
        for (entity, counted) in [(client, counted.0), (server, counted.1)] {
            entity.filter(|_| counted).into_iter().for_each(|e| self.lay_aside(moment.day, e));
        }
    }

    /// Counts a behaviour for those of its sides that are to be.
    #[allow(clippy::too_many_arguments)] // see `sent`
    fn both(
        &mut self,
        talk: &Talk,
        (client, server): (Option<u32>, Option<u32>),
        counted: (bool, bool),
        planned: bool,
        moment: &Moment,
        agent: u16,
        time: Timestamp,
        config: &Config,
        counters: &mut Counters,
    ) {
        for entity in [client.filter(|_| counted.0), server.filter(|_| counted.1)].into_iter().flatten() {
            if planned && let Some(e) = self.entities.get_mut(entity as usize) {
                e.excused |= 1 << moment.cell.hour();
                e.last_seen = e.last_seen.max(time);
            }
        }
        if planned {
            return;
        }
        if let Some(entity) = client.filter(|_| counted.0) {
            self.sent(entity, server, talk, moment, agent, time, config, counters);
        }
        if let Some(entity) = server.filter(|_| counted.1) {
            self.received(entity, client, talk, moment, agent, time, config, counters);
        }
        // What an hour lacked was missing to the sensor alone.
        let sensor = self.agents.get(usize::from(agent));
        if time.seconds().div_euclid(60) < self.taken && sensor.is_some_and(|sensor| sensor.is_catching_up(time)) {
            for entity in [client.filter(|_| counted.0), server.filter(|_| counted.1)].into_iter().flatten() {
                self.entities.get_mut(entity as usize).into_iter().for_each(|e| e.absent &= !(1 << moment.cell.hour()));
            }
        }
    }

    /// An entity shows another MAC than before: counted like a behaviour, so that what changes often is usual.
    pub(super) fn identity(
        &mut self,
        entity: u32,
        agent: u16,
        time: Timestamp,
        config: &Config,
        counters: &mut Counters,
    ) {
        let (day, hour) = calendar::local(&self.site, time);
        let Some(e) = self.entities.get(entity as usize).filter(|_| self.day == Some(day)) else { return };
        let Some(address) = e.addresses.back().copied() else { return };
        let moment = Moment { day, cell: TimeCell::new(calendar::class(&self.site, day), hour) };
        let party = Party::Ip(address);
        let talk = Talk {
            src: party,
            dest: party,
            protocol: Protocol::ARP,
            operation: None,
            count: 1,
            answered: true,
            bytes: (0, 0),
            when: time,
        };
        let space = e.zone.map_or(Space::Link, Space::Zone);
        let own = Peer::Entity(entity);
        self.count(entity, &talk, false, Mark::Identity, space, 1, own, &moment, config, counters);
        if let Some(e) = self.entities.get_mut(entity as usize) {
            bump(e, 3, 0, agent, &moment, time);
        }
    }

    fn zone_of_party(&self, party: Party) -> Option<u16> {
        match party {
            Party::Ip(address) => self.zone_of(address),
            Party::Link(_) => None,
        }
    }

    /// The space of the other side, seen from `entity`.
    fn space(&mut self, entity: u32, other: Party, day: i64, config: &Config) -> Space {
        let Party::Ip(address) = other else { return Space::Link };
        if grouped(address) {
            return Space::Multicast;
        }
        if let Some(zone) = self.zone_of(address) {
            return Space::Zone(zone);
        }
        if self.inside(address) {
            return Space::Subnet(subnet(address));
        }
        let common = self.outside_common(address, entity, day);
        let hash = mix(peer_hash(Peer::Address(address)) ^ 0xa5a5);
        let cap = config.caps.partners;
        let (_, days) = self.entities.get_mut(entity as usize).map_or((false, 0), |e| e.meet(hash, day, cap));
        if common || days > OWN_DAYS { Space::Internet } else { Space::Rare }
    }

    /// Notes who uses a server outside; whether three entities do.
    fn outside_common(&mut self, address: IpAddr, entity: u32, day: i64) -> bool {
        if self.outside.len() >= OUTSIDE && !self.outside.contains_key(&address) {
            return false;
        }
        let outside: &mut Outside = self.outside.entry(address).or_default();
        outside.last_day = outside.last_day.max(day);
        let known = usize::from(outside.count);
        if !outside.users.iter().take(known).any(|u| *u == entity)
            && let Some(free) = outside.users.get_mut(known)
        {
            *free = entity;
            outside.count += 1;
        }
        usize::from(outside.count) >= outside.users.len()
    }

    /// The client's side.
    #[allow(clippy::too_many_arguments)] // one behaviour's context, used by its two sides alone
    fn sent(
        &mut self,
        entity: u32,
        server: Option<u32>,
        talk: &Talk,
        moment: &Moment,
        agent: u16,
        time: Timestamp,
        config: &Config,
        counters: &mut Counters,
    ) {
        let space = self.space(entity, talk.dest, moment.day, config);
        let partner = match (server, talk.dest) {
            (Some(server), _) => Peer::Entity(server),
            (None, Party::Ip(address)) => Peer::Address(address),
            (None, Party::Link(mac)) => Peer::Link(mac),
        };
        let mark = if talk.answered { Mark::Plain } else { Mark::Unanswered };
        self.count(entity, talk, false, mark, space, talk.count, partner, moment, config, counters);
        let operation = talk.operation.map_or(99, |o| o as u64);
        let service = bytes_hash(talk.protocol.name().as_bytes(), operation);
        let (known, young) = match self.entities.get_mut(entity as usize) {
            Some(e) => {
                let (known, _) = e.meet(mix(peer_hash(partner) ^ service), moment.day, config.caps.partners);
                (known, e.age < FIRST_AFTER)
            }
            None => (true, true),
        };
        if !known && !young {
            self.count(entity, talk, false, Mark::First, space, 1, partner, moment, config, counters);
        }
        // Merged rows are cycles; the order is told by messages that stand alone.
        if let Some(operation) = talk.operation.filter(|_| talk.count == 1) {
            let conversation = mix(peer_hash(partner) ^ bytes_hash(talk.protocol.name().as_bytes(), 77));
            let before = self.entities.get_mut(entity as usize).and_then(|e| e.step(conversation, operation));
            if let Some(before) = before {
                self.count(entity, talk, false, Mark::After(before), space, 1, partner, moment, config, counters);
            }
        }
        if talk.bytes.0 >= UPLOAD_BYTES && talk.bytes.0 > talk.bytes.1 {
            let steps = u32::try_from(talk.bytes.0 / UPLOAD_BYTES).unwrap_or(u32::MAX);
            self.count(entity, talk, false, Mark::Upload, space, steps, partner, moment, config, counters);
        }
        let industrial = talk.protocol.is_industrial();
        if let Some(e) = self.entities.get_mut(entity as usize) {
            let kind = if industrial { 1 } else { 3 };
            bump(e, kind, talk.count, agent, moment, time);
        }
    }

    /// The server's side.
    #[allow(clippy::too_many_arguments)] // see `sent`
    fn received(
        &mut self,
        entity: u32,
        client: Option<u32>,
        talk: &Talk,
        moment: &Moment,
        agent: u16,
        time: Timestamp,
        config: &Config,
        counters: &mut Counters,
    ) {
        let own = self.entities.get(entity as usize).and_then(|e| e.zone);
        let space = match (self.zone_of_party(talk.src), own) {
            (Some(from), Some(to)) => Space::Between(from, to),
            _ => match talk.src {
                Party::Ip(address) if !self.inside(address) => Space::Internet,
                Party::Ip(address) => Space::Subnet(subnet(address)),
                Party::Link(_) => Space::Link,
            },
        };
        let partner = match (client, talk.src) {
            (Some(client), _) => Peer::Entity(client),
            (None, Party::Ip(address)) => Peer::Address(address),
            (None, Party::Link(mac)) => Peer::Link(mac),
        };
        let mark = if talk.answered { Mark::Plain } else { Mark::Unanswered };
        self.count(entity, talk, true, mark, space, talk.count, partner, moment, config, counters);
        let industrial = talk.protocol.is_industrial();
        if let Some(e) = self.entities.get_mut(entity as usize) {
            let served = if talk.answered { talk.count } else { 0 };
            bump(e, if industrial { 0 } else { 2 }, served, agent, moment, time);
        }
    }

    /// Adds to one entity's cells.
    #[allow(clippy::too_many_arguments)] // see `sent`
    fn count(
        &mut self,
        entity: u32,
        talk: &Talk,
        received: bool,
        mark: Mark,
        space: Space,
        count: u32,
        partner: Peer,
        moment: &Moment,
        config: &Config,
        counters: &mut Counters,
    ) {
        let relation = Relation { protocol: talk.protocol.clone(), operation: talk.operation, received, mark };
        let (relation, r_fits) = self.relations.number(&relation);
        let (space, s_fits) = self.spaces.number(&space);
        counters.names_merged += u64::from(!r_fits) + u64::from(!s_fits);
        let place = Place { time: moment.cell.0, space, relation };
        let Some(e) = self.entities.get_mut(entity as usize) else { return };
        let cap = config.caps.cells;
        for watched in &mut e.looks {
            let fits = watched.today.add(watched.look.key(place), count as f32, cap);
            counters.cells_dropped += u64::from(!fits);
        }
        e.cube.add(place.cube(), count as f32, cap);
        e.vote(Place { time: 0, ..place }.cube(), partner, count, PLACES);
        if let Peer::Entity(other) = partner {
            e.partner(other, count);
        }
        counters.behaviours += 1;
    }
}

/// Notes activity and evidence of the role.
fn bump(e: &mut Entity, kind: usize, count: u32, agent: u16, moment: &Moment, time: Timestamp) {
    if let Some(evidence) = e.evidence.get_mut(kind) {
        *evidence = evidence.saturating_add(count);
    }
    if let Some(rows) = e.rows.get_mut(usize::from(moment.cell.hour())) {
        *rows = rows.saturating_add(1);
    }
    e.dirty |= 1 << moment.cell.hour();
    e.agents.add(agent);
    e.last_seen = e.last_seen.max(time);
}

/// Operations that move or change a process.
pub fn changes_process(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::Write
            | Operation::Control
            | Operation::Start
            | Operation::Stop
            | Operation::Restart
            | Operation::Mode
            | Operation::ProgramWrite
            | Operation::Firmware
            | Operation::Time
    )
}
