//! The memory of assets: what messages and conversations tell of hosts, put together address by address.
//!
//! An asset is held by its IP address, or by its MAC address as long as no IP address is known for it. Public
//! addresses are held only where something on the wire named them with a MAC address or a name of their own, so that the
//! Internet does not fill the memory; nobody gets in by one unanswered packet. An event goes out a little after
//! something new was learnt, so that what belongs together stands together, and at most once in [`INTERVAL`] for
//! an asset. Time is capture time; the back sees everything in one order, so any number of workers gives the same.

mod entry;
mod observed;
mod system;
#[cfg(test)]
mod tests;
mod vendor;

use entry::Entry;
use picket_event::body::Asset;
use picket_event::{Mac, Timestamp};
use picket_feature::Lru;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hasher};
use std::net::IpAddr;

pub(crate) use observed::{End, of_event, of_row};

/// Assets remembered.
const ASSETS_MAX: usize = 16_384;
/// The source of PROFINET's names of stations.
const STATIONS: &str = "profinet_dcp";
/// Purdue level of the stations that control; what is below acts and measures.
const CONTROL: u8 = 2;
/// TCP fingerprints that wait for their host to be known.
const WAITING_MAX: usize = 4_096;
/// From something new to its event, nanoseconds.
const SETTLE: i64 = 10_000_000_000;
/// Between two events of one asset, nanoseconds.
pub(crate) const INTERVAL: i64 = 300_000_000_000;
/// A pair of addresses heard so short a time ago is still in use, nanoseconds.
const BOUND: i64 = 300_000_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    Ip(IpAddr),
    Mac(Mac),
}

impl Key {
    /// Its place in the order, as numbers: keys are compared with every conversation.
    fn rank(self) -> (u8, u128) {
        match self {
            Self::Ip(IpAddr::V4(v4)) => (0, v4.to_bits().into()),
            Self::Ip(IpAddr::V6(v6)) => (1, v6.to_bits()),
            Self::Mac(Mac([a, b, c, d, e, f])) => (2, u64::from_be_bytes([0, 0, a, b, c, d, e, f]).into()),
        }
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// Who has a name: the station that was heard with it last, when, and when a second one was last reported.
#[derive(Clone, Copy, Debug)]
struct Named {
    by: Mac,
    heard: i64,
    reported: Option<i64>,
}

/// Two claim what one can have.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Conflict {
    pub(crate) kind: &'static str,
    /// What the claim was read from.
    pub(crate) source: String,
    /// The name that is claimed, where it is one.
    pub(crate) name: Option<String>,
    /// What happened; where there is a name, what is said of it.
    pub(crate) detail: String,
    /// Whether a device of a plant is concerned.
    pub(crate) in_plant: bool,
}

/// The memory.
#[derive(Debug)]
pub(crate) struct Assets {
    entries: Lru<Key, Entry>,
    /// The address last heard with a MAC address.
    by_mac: BTreeMap<Mac, IpAddr>,
    due: BTreeSet<(i64, Key)>,
    waiting: BTreeMap<IpAddr, Asset>,
    /// Names of stations by their hash.
    names: Lru<u64, Named>,
    now: i64,
    unheard: u64,
}

impl Assets {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            entries: Lru::new(ASSETS_MAX, seed),
            by_mac: BTreeMap::new(),
            due: BTreeSet::new(),
            waiting: BTreeMap::new(),
            names: Lru::new(ASSETS_MAX, seed),
            now: i64::MIN,
            unheard: 0,
        }
    }

    /// Puts a piece to what is known. Answers the conflict where another station claims an address or a name in use.
    pub(crate) fn learn(&mut self, piece: Asset, time: Timestamp) -> Option<Conflict> {
        self.now = self.now.max(time.nanos());
        let key = match (piece.ip, piece.mac) {
            (Some(ip), _) => Key::Ip(ip),
            (None, Some(mac)) => self.by_mac.get(&mac).map_or(Key::Mac(mac), |ip| Key::Ip(*ip)),
            (None, None) => return None,
        };
        let known = self.entries.peek(&key).is_some();
        if piece.source == "tcp" && !known {
            self.wait(piece);
            return None;
        }
        if !known && !is_worth(&piece) {
            return None;
        }
        let conflict = self.bind(&piece, key).or_else(|| self.name(&piece));
        self.merge(key, piece, time);
        conflict
    }

    /// What a conversation shows: its two ends, each of which has spoken.
    pub(crate) fn converse(&mut self, ends: &[Option<End<'_>>; 2], time: Timestamp) {
        self.observe(time);
        for end in ends.iter().flatten() {
            let key = Key::Ip(end.ip);
            if is_inside(end.ip) || self.entries.peek(&key).is_some() {
                self.change(key, |entry| entry.meet(end, time), time);
            }
        }
    }

    fn merge(&mut self, key: Key, piece: Asset, time: Timestamp) {
        self.change(key, |entry| entry.merge(piece, time), time);
    }

    /// Changes an entry, made where there is none; `change` answers whether anything is new.
    fn change(&mut self, key: Key, change: impl FnOnce(&mut Entry) -> bool, time: Timestamp) {
        self.make_room(key);
        let entry = self.entries.entry(key, Entry::default);
        if let Key::Ip(ip) = key {
            entry.asset.ip = Some(ip);
        }
        let mut new = change(entry);
        if let Key::Ip(ip) = key
            && !self.waiting.is_empty()
            && let Some(stack) = self.waiting.remove(&ip)
        {
            new |= entry.merge(stack, time);
        }
        if new && entry.due.is_none() {
            let settled = self.now.saturating_add(SETTLE);
            let at = entry.told.map_or(settled, |told| settled.max(told.saturating_add(INTERVAL)));
            entry.due = Some(at);
            self.due.insert((at, key));
        }
    }

    /// Forgets the least recently used asset where a new one would find no room.
    fn make_room(&mut self, key: Key) {
        if self.entries.len() >= ASSETS_MAX
            && self.entries.peek(&key).is_none()
            && let Some((oldest, entry)) = self.entries.make_room()
        {
            self.untie(oldest, &entry);
        }
    }

    /// Takes an asset that was taken out of the other tables too; what it had not told yet goes with it.
    fn untie(&mut self, key: Key, entry: &Entry) {
        if let Some(at) = entry.due {
            self.due.remove(&(at, key));
        }
        if let (Key::Ip(ip), Some(mac)) = (key, entry.asset.mac)
            && self.by_mac.get(&mac) == Some(&ip)
        {
            self.by_mac.remove(&mac);
        }
    }

    /// Notes that an address belongs to a station. What was known of the station alone moves to the address.
    fn bind(&mut self, piece: &Asset, key: Key) -> Option<Conflict> {
        let (Some(ip), Some(mac)) = (piece.ip, piece.mac) else { return None };
        let mut conflict = None;
        if let Some(entry) = self.entries.peek_mut(&key) {
            let before = entry.asset.mac.filter(|known| *known != mac);
            let claimed = matches!(piece.source.as_str(), "arp" | "nd");
            let in_use = entry.bound.is_some_and(|bound| self.now.saturating_sub(bound) < BOUND);
            let reported = entry.conflict.is_some_and(|at| self.now.saturating_sub(at) < BOUND);
            if let Some(before) = before.filter(|_| claimed && in_use && !reported) {
                entry.conflict = Some(self.now);
                let detail = format!("{ip} belonged to {before} and is claimed by {mac}");
                let in_plant = entry.asset.purdue_level.is_some_and(|level| level <= CONTROL);
                let (kind, source) = ("address_conflict", piece.source.clone());
                conflict = Some(Conflict { kind, source, name: None, detail, in_plant });
            }
            if let Some(before) = before
                && self.by_mac.get(&before) == Some(&ip)
            {
                self.by_mac.remove(&before);
            }
        }
        if let Some((alone, first)) = self.take_alone(mac) {
            self.merge(key, alone, first);
        }
        self.make_room(key);
        self.entries.entry(key, Entry::default).bound = Some(self.now);
        self.by_mac.insert(mac, ip);
        conflict
    }

    /// Notes the name of a PROFINET station: it is the station's address there (IEC 61158-6-10), and unique.
    fn name(&mut self, piece: &Asset) -> Option<Conflict> {
        let (Some(mac), Some(name)) = (piece.mac, piece.hostname.as_ref().filter(|_| piece.source == STATIONS)) else {
            return None;
        };
        let mut hasher = DefaultHasher::new();
        hasher.write(name.as_bytes());
        let now = self.now;
        let known = self.names.entry(hasher.finish(), || Named { by: mac, heard: now, reported: None });
        let Named { by: before, heard, reported } = *known;
        let recent = |at: i64| now.saturating_sub(at) < BOUND;
        (known.by, known.heard) = (mac, now);
        if before == mac || !recent(heard) || reported.is_some_and(recent) {
            return None;
        }
        known.reported = Some(now);
        let detail = format!("was {before} and is {mac}");
        let (kind, source) = ("name_conflict", piece.source.clone());
        Some(Conflict { kind, source, name: Some(name.clone()), detail, in_plant: true })
    }

    /// The asset known by its MAC address alone, taken out.
    fn take_alone(&mut self, mac: Mac) -> Option<(Asset, Timestamp)> {
        let entry = self.entries.remove(&Key::Mac(mac))?;
        self.untie(Key::Mac(mac), &entry);
        let first = entry.asset.first_seen?;
        let mut asset = entry.tell();
        // The vendor by the address is looked up again.
        asset.vendor = None;
        Some((asset, first))
    }

    /// Keeps a fingerprint until its host is known.
    fn wait(&mut self, piece: Asset) {
        let Some(ip) = piece.ip.filter(|ip| is_inside(*ip)) else { return };
        if self.waiting.len() >= WAITING_MAX && !self.waiting.contains_key(&ip) {
            self.unheard += 1;
            return;
        }
        self.waiting.insert(ip, piece);
    }

    /// Notes the time.
    #[inline]
    pub(crate) fn observe(&mut self, time: Timestamp) {
        self.now = self.now.max(time.nanos());
    }

    /// The next asset whose time has come, with the time.
    #[inline]
    pub(crate) fn next_due(&mut self) -> Option<(Asset, Timestamp)> {
        let (at, _) = self.due.first()?;
        if *at > self.now { None } else { self.tell_first() }
    }

    /// The next asset that waits to be told of, whatever the time: the input is over.
    pub(crate) fn next_left(&mut self) -> Option<(Asset, Timestamp)> {
        self.tell_first()
    }

    fn tell_first(&mut self) -> Option<(Asset, Timestamp)> {
        let (_, key) = self.due.pop_first()?;
        let entry = self.entries.peek_mut(&key)?;
        entry.due = None;
        entry.told = Some(self.now);
        Some((entry.tell(), Timestamp::from_nanos(self.now)))
    }

    /// What was forgotten for want of room, by name.
    pub(crate) const fn capped(&self) -> [(&'static str, u64); 2] {
        [("asset_memory", self.entries.evicted()), ("asset_waiting", self.unheard)]
    }
}

/// Whether an address is one of the network's own, by its range alone.
pub(crate) fn is_inside(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local() || v6.is_unique_local(),
    }
}

/// Whether a piece makes an asset: a role that somebody else named is not enough for a public address.
fn is_worth(piece: &Asset) -> bool {
    let own = piece.mac.is_some()
        || piece.hostname.is_some()
        || piece.model.is_some()
        || piece.vendor.is_some()
        || piece.firmware.is_some()
        || piece.os.is_some()
        || !piece.services.is_empty();
    own || piece.ip.is_some_and(is_inside)
}
