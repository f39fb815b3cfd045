//! What is known of one asset, and how a new piece is put to it.

use super::observed::End;
use super::vendor;
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
    /// When a second owner of its address was last reported.
    pub(super) conflict: Option<i64>,
}

impl Entry {
    /// Puts a piece to it; answers whether anything is new.
    pub(super) fn merge(&mut self, piece: Asset, time: Timestamp) -> bool {
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
            new |= text.is_some_and(|text| settle(field, owner, &text, source, sources));
        }
        new |= name_maker(asset);
        new |= lower_level(asset, piece.purdue_level);
        self.see(time);
        new
    }

    /// Puts what a conversation shows to it; answers whether anything is new. Most shows nothing new, and costs no text.
    pub(super) fn meet(&mut self, end: &End<'_>, time: Timestamp) -> bool {
        let source = self.source(end.source);
        let Self { asset, owners: [.., os_owner, _], sources, .. } = self;
        let mut new = end.os.is_some_and(|os| settle(&mut asset.os, os_owner, os, source, sources));
        for role in end.roles.into_iter().flatten() {
            new |= !asset.roles.iter().any(|known| known == role) && add(&mut asset.roles, role.to_owned(), ROLES_MAX);
        }
        if let Some(service) = &end.service {
            new |= !asset.services.iter().any(|known| service.is(known))
                && add(&mut asset.services, service.text(), SERVICES_MAX);
        }
        new |= name_maker(asset);
        new |= lower_level(asset, end.level);
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

/// Names the maker by the MAC address, where nothing better has told it.
fn name_maker(asset: &mut Asset) -> bool {
    if asset.vendor.is_some() {
        return false;
    }
    asset.vendor = asset.mac.and_then(vendor::of).map(str::to_owned);
    asset.vendor.is_some()
}

/// The level nearest to the process counts.
fn lower_level(asset: &mut Asset, told: Option<u8>) -> bool {
    let lower = told.filter(|level| asset.purdue_level.is_none_or(|known| *level < known));
    asset.purdue_level = lower.or(asset.purdue_level);
    lower.is_some()
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
fn settle(field: &mut Option<String>, owner: &mut Option<u8>, text: &str, by: u8, all: &[String]) -> bool {
    let counts = |place: u8| all.get(usize::from(place)).map_or(0, |source| rank(source));
    let may = owner.is_none_or(|known| known == by || counts(by) > counts(known));
    if !may || field.as_deref() == Some(text) {
        return false;
    }
    *field = Some(text.to_owned());
    *owner = Some(by);
    true
}
