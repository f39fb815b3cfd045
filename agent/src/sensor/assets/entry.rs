//! What is known of one asset, and how a new piece is put to it.

use picket_event::body::Asset;
use picket_event::{Mac, Timestamp};

/// Caps of an asset's lists.
const NAMES_MAX: usize = 16;
const ROLES_MAX: usize = 8;
const SERVICES_MAX: usize = 32;
const FINGERPRINTS_MAX: usize = 8;
const SOURCES_MAX: usize = 8;

/// One asset.
#[derive(Debug, Default)]
pub(super) struct Entry {
    pub(super) asset: Asset,
    /// What told it, in order of first telling.
    sources: Vec<String>,
    /// Who told model, firmware, operating system and vendor, by place among the sources.
    owners: [Option<u8>; 4],
    /// When its pair of addresses was last heard, nanoseconds.
    pub(super) bound: Option<i64>,
    /// When it was last told of.
    pub(super) told: Option<i64>,
    /// When it is to be told of next.
    pub(super) due: Option<i64>,
    /// Place in the order of use.
    pub(super) used: u64,
    /// When a second owner of its address was last reported.
    pub(super) conflict: Option<i64>,
}

impl Entry {
    /// An asset of which nothing is known yet.
    pub(super) fn used_at(used: u64) -> Self {
        Self { used, ..Self::default() }
    }

    /// Puts a piece to it; answers whether anything is new. `vendor` is the maker by the MAC address.
    pub(super) fn merge(&mut self, piece: Asset, vendor: Option<&str>, time: Timestamp) -> bool {
        let source = self.source(&piece.source);
        let Self { asset, owners, sources, .. } = self;
        let mut new = false;
        new |= set_mac(asset, piece.mac);
        new |= merge_name(asset, piece.hostname);
        for name in piece.names {
            new |= asset.hostname.as_ref() != Some(&name) && add(&mut asset.names, name, NAMES_MAX);
        }
        for (list, told, most) in [
            (&mut asset.roles, piece.roles, ROLES_MAX),
            (&mut asset.services, piece.services, SERVICES_MAX),
            (&mut asset.fingerprints, piece.fingerprints, FINGERPRINTS_MAX),
        ] {
            for text in told {
                new |= add(list, text, most);
            }
        }
        let fields = [&mut asset.model, &mut asset.firmware, &mut asset.os, &mut asset.vendor];
        let told = [piece.model, piece.firmware, piece.os, piece.vendor];
        for ((field, owner), text) in fields.into_iter().zip(owners).zip(told) {
            new |= settle(field, owner, text, source, sources);
        }
        if asset.vendor.is_none() && vendor.is_some() {
            asset.vendor = vendor.map(str::to_owned);
            new = true;
        }
        // The level nearest to the process counts.
        if let Some(level) = piece.purdue_level.filter(|level| asset.purdue_level.is_none_or(|known| *level < known)) {
            asset.purdue_level = Some(level);
            new = true;
        }
        self.see(time);
        new
    }

    /// Notes that it was there at a time.
    pub(super) fn see(&mut self, time: Timestamp) {
        let Asset { first_seen, last_seen, .. } = &mut self.asset;
        *first_seen = Some(first_seen.map_or(time, |first| first.min(time)));
        *last_seen = Some(last_seen.map_or(time, |last| last.max(time)));
    }

    /// What goes out.
    pub(super) fn tell(&self) -> Asset {
        Asset { source: self.sources.join(","), ..self.asset.clone() }
    }

    /// The place of a source among the sources.
    fn source(&mut self, source: &str) -> u8 {
        let place = self.sources.iter().position(|known| known == source).unwrap_or_else(|| {
            if self.sources.len() < SOURCES_MAX {
                self.sources.push(source.to_owned());
            }
            self.sources.len() - 1
        });
        u8::try_from(place).unwrap_or(u8::MAX)
    }
}

fn set_mac(asset: &mut Asset, mac: Option<Mac>) -> bool {
    let new = mac.is_some() && mac != asset.mac;
    if new {
        asset.mac = mac;
    }
    new
}

fn merge_name(asset: &mut Asset, name: Option<String>) -> bool {
    match name {
        Some(name) if asset.hostname.is_none() => {
            asset.names.retain(|known| *known != name);
            asset.hostname = Some(name);
            true
        }
        Some(name) if asset.hostname.as_ref() != Some(&name) => add(&mut asset.names, name, NAMES_MAX),
        _ => false,
    }
}

fn add(list: &mut Vec<String>, text: String, most: usize) -> bool {
    let new = list.len() < most && !list.contains(&text);
    if new {
        list.push(text);
    }
    new
}

/// How much a source's word counts: guesses give way to what a device says of itself.
fn rank(source: &str) -> u8 {
    match source {
        "tcp" => 0,
        "http" | "ssh" => 1,
        _ => 2,
    }
}

/// Sets a text that a device has one of: whoever told it first may change it, and who counts more.
fn settle(field: &mut Option<String>, owner: &mut Option<u8>, text: Option<String>, by: u8, all: &[String]) -> bool {
    let Some(text) = text else { return false };
    let counts = |place: u8| all.get(usize::from(place)).map_or(0, |source| rank(source));
    let may = owner.is_none_or(|known| known == by || counts(by) > counts(known));
    if !may || field.as_ref() == Some(&text) {
        return false;
    }
    *field = Some(text);
    *owner = Some(by);
    true
}
