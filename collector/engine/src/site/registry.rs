//! Who is who: addresses, MACs and names over time; who is admitted, and who makes room.

use super::SiteState;
use super::item::{Naming, Party};
use super::place::{grouped, private};
use crate::config::Config;
use crate::entity::Entity;
use crate::role::Role;
use crate::view::Counters;
use picket_event::{Mac, Timestamp};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

/// How long an address that is lent for a day belongs to its holder after the last word of it.
const LENT: Duration = Duration::from_secs(18 * 3600);
/// An entity unseen for so long may make room for a new one.
const GONE: Duration = Duration::from_secs(30 * 86_400);

/// Who holds an address.
#[derive(Clone, Copy, Debug)]
struct Held {
    entity: u32,
    /// Since when, as far as its naming tells.
    since: Timestamp,
    until: Option<Timestamp>,
}

/// The maps from names to entities.
#[derive(Debug, Default)]
pub struct Registry {
    addresses: BTreeMap<IpAddr, Held>,
    macs: BTreeMap<Mac, u32>,
    names: BTreeMap<String, u32>,
    /// Parties that wait for admission, with their behaviours so far, and their order.
    candidates: BTreeMap<Party, u32>,
    waiting: VecDeque<Party>,
    /// Entities by evidence (closed days), for eviction.
    by_age: BTreeSet<(u32, u32)>,
    /// Candidates forgotten and entities evicted since last asked.
    pub forgotten: u64,
    pub evicted: u64,
}

impl SiteState {
    /// Makes an entity, if there is room or room can be made: the least evidenced one without a closed day goes
    /// first, then one unseen for long; otherwise nobody, so that a flood of addresses costs no baseline.
    pub(super) fn enter(&mut self, name: String, named: bool, time: Timestamp, config: &Config) -> Option<u32> {
        let looks = super::looks(config.shape);
        let entity = Entity::new(name, named, &looks, time);
        let slot = if self.entities.len() < config.caps.entities.max(1) {
            self.entities.push(entity);
            u32::try_from(self.entities.len() - 1).ok()?
        } else {
            let (age, victim) = self.registry.by_age.first().copied()?;
            let old = self.entities.get(victim as usize)?;
            if old.role == Role::Agent || (age > 0 && time.since(old.last_seen) < GONE) {
                return None;
            }
            self.forget(victim, age);
            *self.entities.get_mut(victim as usize)? = entity;
            victim
        };
        if let Some(e) = self.entities.get(slot as usize)
            && named
        {
            self.registry.names.insert(e.name.to_ascii_lowercase(), slot);
        }
        self.registry.by_age.insert((0, slot));
        Some(slot)
    }

    fn forget(&mut self, slot: u32, age: u32) {
        self.registry.by_age.remove(&(age, slot));
        let Some(old) = self.entities.get(slot as usize) else { return };
        for address in &old.addresses {
            if self.registry.addresses.get(address).is_some_and(|held| held.entity == slot) {
                self.registry.addresses.remove(address);
            }
        }
        if let Some(mac) = old.mac.filter(|mac| self.registry.macs.get(mac) == Some(&slot)) {
            self.registry.macs.remove(&mac);
        }
        let name = old.name.to_ascii_lowercase();
        if self.registry.names.get(&name) == Some(&slot) {
            self.registry.names.remove(&name);
        }
        self.registry.evicted += 1;
        self.forget_late(slot);
    }

    /// Takes an entity out of the order of eviction: sensors stay.
    pub(super) fn keep(&mut self, slot: u32) {
        self.registry.by_age.remove(&(0, slot));
    }

    /// Moves an entity in the order of eviction.
    pub(super) fn aged(&mut self, slot: u32, from: u32, to: u32) {
        if self.registry.by_age.remove(&(from, slot)) {
            self.registry.by_age.insert((to, slot));
        }
    }

    /// Whether an address belongs to the site.
    pub(super) fn inside(&self, address: IpAddr) -> bool {
        !grouped(address) && (private(address) || self.zone_of(address).is_some())
    }

    /// Who a party is at a time, without making anybody.
    pub(super) fn who(&self, party: Party, time: Timestamp) -> Option<u32> {
        match party {
            Party::Ip(address) => {
                let held = self.registry.addresses.get(&address)?;
                held.until.is_none_or(|until| time <= until).then_some(held.entity)
            }
            Party::Link(mac) => self.registry.macs.get(&mac).copied(),
        }
    }

    /// Who a party is; admits it after enough behaviours.
    pub(super) fn admit(&mut self, party: Party, evidence: u32, time: Timestamp, config: &Config) -> Option<u32> {
        if let Some(entity) = self.who(party, time) {
            return Some(entity);
        }
        if let Party::Ip(address) = party
            && !self.inside(address)
        {
            return None;
        }
        let seen = self.registry.candidates.get(&party).copied().unwrap_or(0).saturating_add(evidence);
        if seen < config.caps.admission {
            if self.registry.candidates.insert(party, seen).is_none() {
                self.registry.waiting.push_back(party);
            }
            while self.registry.waiting.len() > config.caps.candidates.max(1) {
                if let Some(oldest) = self.registry.waiting.pop_front() {
                    self.registry.forgotten += u64::from(self.registry.candidates.remove(&oldest).is_some());
                }
            }
            return None;
        }
        self.registry.candidates.remove(&party);
        let name = match party {
            Party::Ip(address) => address.to_string(),
            Party::Link(mac) => mac.to_string(),
        };
        let entity = self.enter(name, false, time, config)?;
        match party {
            Party::Ip(address) => self.bind(address, entity, time, None),
            Party::Link(mac) => {
                self.registry.macs.insert(mac, entity);
                if let Some(e) = self.entities.get_mut(entity as usize) {
                    e.mac = Some(mac);
                }
            }
        }
        Some(entity)
    }

    fn bind(&mut self, address: IpAddr, entity: u32, since: Timestamp, until: Option<Timestamp>) {
        // What a sensor that was away tells late takes an address from nobody who has it since.
        if self.registry.addresses.get(&address).is_some_and(|held| held.since > since && held.entity != entity) {
            return;
        }
        self.registry.addresses.insert(address, Held { entity, since, until });
        let zone = self.zone_of(address);
        if let Some(e) = self.entities.get_mut(entity as usize) {
            e.hold(address);
            e.zone = zone.or(e.zone);
        }
    }

    /// Learns who holds what. A host name is the strongest name, then the MAC, then the address.
    pub(super) fn naming(
        &mut self,
        naming: &Naming,
        agent: u16,
        time: Timestamp,
        config: &Config,
        counters: &mut Counters,
    ) {
        let by_name = naming.hostname.as_ref().and_then(|n| self.registry.names.get(&n.to_ascii_lowercase()).copied());
        let by_mac = naming.mac.and_then(|m| self.registry.macs.get(&m).copied());
        let by_address = naming.ip.and_then(|ip| self.who(Party::Ip(ip), time));
        let nameless = |e: &u32| self.entities.get(*e as usize).is_some_and(|e| !e.named);
        let found = match &naming.hostname {
            Some(_) => by_name.or_else(|| by_mac.filter(nameless)).or_else(|| by_address.filter(nameless)),
            // Without a name, what answers at the address is who it was: a new MAC there is news about it.
            None => by_address.or(by_mac),
        };
        let label = || {
            let address = naming.ip.map(|ip| ip.to_string());
            naming.hostname.clone().or(address).or(naming.mac.map(|m| m.to_string()))
        };
        let Some(entity) =
            found.or_else(|| label().and_then(|name| self.enter(name, naming.hostname.is_some(), time, config)))
        else {
            return;
        };
        if let Some(anonymous) = by_address.filter(|e| *e != entity) {
            self.merge(anonymous, entity);
        }
        let other = |e: &Entity| naming.mac.is_some_and(|mac| e.mac.is_some_and(|own| own != mac));
        if self.entities.get(entity as usize).is_some_and(other) {
            self.identity(entity, agent, time, config, counters);
        }
        if let Some(e) = self.entities.get_mut(entity as usize) {
            e.agents.add(agent);
            e.level = naming.level.or(e.level);
            e.mac = naming.mac.or(e.mac);
            if let Some(name) = &naming.hostname
                && !e.named
            {
                e.name.clone_from(name);
                e.named = true;
                self.registry.names.insert(name.to_ascii_lowercase(), entity);
            }
        }
        if let Some(mac) = naming.mac
            && self.registry.macs.len() < config.caps.entities.saturating_mul(4)
        {
            self.registry.macs.insert(mac, entity);
        }
        if let Some(ip) = naming.ip.filter(|ip| self.inside(*ip)) {
            self.bind(ip, entity, time, naming.lent.then(|| time.plus(LENT)));
        }
    }

    /// An address that spoke before it had a name: its open day belongs to the host.
    fn merge(&mut self, from: u32, into: u32) {
        let Some(young) = self.entities.get(from as usize) else { return };
        if young.named || young.age > 0 || young.role == Role::Agent {
            return;
        }
        let young = young.clone();
        self.merge_late(from, into);
        self.forget(from, 0);
        self.registry.evicted -= 1;
        let Some(host) = self.entities.get_mut(into as usize) else { return };
        for (mine, theirs) in host.looks.iter_mut().zip(&young.looks) {
            for (key, count) in theirs.today.as_slice() {
                mine.today.add(*key, *count, 4096);
            }
        }
        for (key, count) in young.cube.as_slice() {
            host.cube.add(*key, *count, 4096);
        }
        for (mine, theirs) in host.rows.iter_mut().zip(young.rows) {
            *mine = mine.saturating_add(theirs);
        }
        for known in &young.known {
            host.meet(known.hash, i64::from(known.last_day), 4096);
        }
        host.dirty |= young.dirty;
        host.agents.join(&young.agents);
        if let Some(gone) = self.entities.get_mut(from as usize) {
            gone.begin_day();
            gone.role = Role::Appliance;
            gone.last_seen = Timestamp::EPOCH;
        }
        self.registry.by_age.insert((0, from));
    }

    /// Looks a name, address or MAC up.
    pub(super) fn look_up(&self, text: &str) -> Option<u32> {
        let named = self.registry.names.get(&text.to_ascii_lowercase()).copied();
        let held = || text.parse().ok().and_then(|ip: IpAddr| self.registry.addresses.get(&ip)).map(|h| h.entity);
        let mac = || text.parse().ok().and_then(|mac: Mac| self.registry.macs.get(&mac)).copied();
        named.or_else(held).or_else(mac)
    }
}
