//! Maker of `host` events: what each local host did in five minutes of capture time.
//!
//! A window ends at a multiple of five minutes of capture time; the last one of a capture ends with it. A conversation
//! counts in the window in which its row is made. Local is what lies in private, shared, link-local and unique local
//! address ranges (RFC 1918, RFC 6598, RFC 3927, RFC 4193, RFC 4291). Everything sees reports in the total order, so the
//! events do not depend on the number of workers. All memory is bounded; what a cap cost is in the ledger.

use super::report::{Row, Said};
use foldhash::quality::FixedState;
use picket_event::body::{self, Body};
use picket_event::{Both, Endpoints, FlowState, Protocol, Timestamp, Transport};
use picket_feature::host::{HostWindow, Mix};
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};
use std::net::IpAddr;

/// Length of a window, seconds.
pub(crate) const WINDOW_SECONDS: u32 = 300;
/// Hosts followed in one window.
const HOSTS_MAX: usize = 16_384;
/// Different peers, ports, names and fingerprints told apart in one window, all hosts together.
const DISTINCT_MAX: usize = 262_144;
/// Sets and ways of the memory of known peers: 65,536 in all.
const KNOWN_SETS: usize = 16_384;
const KNOWN_WAYS: usize = 4;

/// The present window of every local host, and what is remembered between windows.
#[derive(Debug)]
pub(crate) struct Hosts {
    key: u64,
    /// When the capture began; later, when the present window did.
    begun: Option<Timestamp>,
    /// In boxes, so that the table is small when it grows.
    hosts: HashMap<IpAddr, Box<HostWindow>, FixedState>,
    /// Digests of what the window has seen; only asked and counted, never walked.
    distinct: HashSet<u64, BuildHasherDefault<Digest>>,
    known: Known,
    hosts_capped: u64,
    distinct_capped: u64,
}

/// What is told apart within a window.
#[derive(Clone, Copy)]
enum Thing {
    Peer,
    Port,
    Name,
    Query,
    Fingerprint,
}

impl Hosts {
    /// `key` makes collisions unforeseeable; the same key gives the same events.
    pub(crate) fn new(key: u64) -> Self {
        Self {
            key,
            begun: None,
            hosts: HashMap::with_hasher(FixedState::with_seed(key)),
            distinct: HashSet::default(),
            known: Known { sets: Vec::new(), forgotten: 0 },
            hosts_capped: 0,
            distinct_capped: 0,
        }
    }

    /// The capture begins: its first window is as long as what is seen of it.
    pub(crate) const fn begin(&mut self, time: Timestamp) {
        self.begun = Some(time);
    }

    /// Counts a conversation's row.
    pub(crate) fn row(&mut self, row: &Row) {
        let Endpoints::Ip { src, dest, dest_port, transport, .. } = row.flow.endpoints else { return };
        let (src, dest) = (src.to_canonical(), dest.to_canonical());
        let group = is_group(dest);
        if is_local(src) {
            let peer = if group { (false, false) } else { self.peer(src, dest) };
            let port = transport.has_ports() && self.first_of(src, Thing::Port, [u64::from(dest_port)]);
            if let Some(window) = self.window(src) {
                if !row.continued {
                    began(window, row, group);
                }
                window.ports += u32::from(port);
                window.largest_out = window.largest_out.max(row.bytes.to_server);
                exchanged(window, row.bytes, row.packets, peer);
            }
        }
        if !group && is_local(dest) {
            let peer = self.peer(dest, src);
            if let Some(window) = self.window(dest) {
                window.flows_in = window.flows_in.saturating_add(u32::from(!row.continued));
                exchanged(window, row.bytes.swapped(), row.packets.swapped(), peer);
            }
        }
    }

    /// Takes names and fingerprints from what was said.
    pub(crate) fn said(&mut self, said: &Said) {
        let (name, query, fingerprint) = match &said.body {
            Body::Tls(tls) => (tls.sni.as_deref(), None, tls.ja4.as_deref()),
            Body::Quic(quic) => (quic.sni.as_deref(), None, quic.ja4.as_deref()),
            Body::Dns(dns) if !dns.answer => (None, Some(dns.name.as_str()), None),
            _ => return,
        };
        let Some(Endpoints::Ip { src, .. }) = said.flow.map(|flow| flow.endpoints) else { return };
        let src = src.to_canonical();
        if !is_local(src) {
            return;
        }
        let things = [(Thing::Name, name), (Thing::Query, query), (Thing::Fingerprint, fingerprint)];
        for (thing, text) in things {
            if let Some(text) = text {
                self.tell(src, thing, words(text));
            }
        }
    }

    /// Ends the window at `end`: what each host did in it, in the order of addresses.
    pub(crate) fn close(&mut self, end: Timestamp) -> impl Iterator<Item = (IpAddr, HostWindow)> + use<> {
        let window = i64::from(WINDOW_SECONDS) * 1_000_000_000;
        let into = match end.nanos().rem_euclid(window) {
            0 => window,
            into => into,
        };
        let seen =
            self.begun.replace(end).map_or(into, |begun| end.nanos().saturating_sub(begun.nanos()).clamp(1, into));
        let seconds = u32::try_from(seen.div_euclid(1_000_000_000) + i64::from(seen % 1_000_000_000 > 0)).unwrap_or(0);
        self.distinct.clear();
        let mut hosts: Vec<_> = self.hosts.drain().filter(|(_, window)| !window.is_idle()).collect();
        hosts.sort_unstable_by_key(|(ip, _)| *ip);
        hosts.into_iter().map(move |(ip, window)| (ip, HostWindow { seconds, ..*window }))
    }

    /// What reached a cap, for the ledger.
    pub(crate) const fn capped(&self) -> [(&'static str, u64); 3] {
        [
            ("host_windows", self.hosts_capped),
            ("host_distinct", self.distinct_capped),
            ("host_peer_memory", self.known.forgotten),
        ]
    }

    fn window(&mut self, ip: IpAddr) -> Option<&mut HostWindow> {
        if self.hosts.len() >= HOSTS_MAX && !self.hosts.contains_key(&ip) {
            self.hosts_capped += 1;
            return None;
        }
        Some(self.hosts.entry(ip).or_default())
    }

    /// Whether the window has not seen this peer of a host yet, and whether nobody remembers it either.
    fn peer(&mut self, host: IpAddr, peer: IpAddr) -> (bool, bool) {
        let fresh = self.first_of(host, Thing::Peer, bits(peer));
        (fresh, fresh && self.known.meet(hash(hash(self.key, bits(host)), bits(peer))))
    }

    fn tell(&mut self, host: IpAddr, thing: Thing, what: impl IntoIterator<Item = u64>) {
        if !self.first_of(host, thing, what) {
            return;
        }
        // Names come before the row; a host with names alone has no event.
        let Some(window) = self.window(host) else { return };
        *match thing {
            Thing::Peer => &mut window.peers,
            Thing::Port => &mut window.ports,
            Thing::Name => &mut window.names,
            Thing::Query => &mut window.queries,
            Thing::Fingerprint => &mut window.fingerprints,
        } += 1;
    }

    /// Whether the window has not seen this yet.
    fn first_of(&mut self, host: IpAddr, thing: Thing, what: impl IntoIterator<Item = u64>) -> bool {
        let [high, low] = bits(host);
        let digest = hash(hash(self.key, [high, low, thing as u64]), what);
        if self.distinct.len() >= DISTINCT_MAX && !self.distinct.contains(&digest) {
            self.distinct_capped += 1;
            return false;
        }
        self.distinct.insert(digest)
    }
}

/// A host began a conversation.
fn began(window: &mut HostWindow, row: &Row, group: bool) {
    let Endpoints::Ip { transport, .. } = row.flow.endpoints else { return };
    window.flows = window.flows.saturating_add(1);
    window.failed += u32::from(!group && row.packets.to_client == 0);
    window.refused += u32::from(was_refused(row));
    window.tcp += u32::from(transport == Transport::TCP);
    window.udp += u32::from(transport == Transport::UDP);
    if let Some(count) = window.mix.get_mut(mix(&row.app.protocol) as usize) {
        *count += 1;
    }
}

/// What a host sent (`to_server`) and got, and whether the other side is fresh and new.
fn exchanged(window: &mut HostWindow, bytes: Both<u64>, packets: Both<u64>, (fresh, new): (bool, bool)) {
    window.bytes_out = window.bytes_out.saturating_add(bytes.to_server);
    window.bytes_in = window.bytes_in.saturating_add(bytes.to_client);
    window.packets_out = window.packets_out.saturating_add(packets.to_server);
    window.packets_in = window.packets_in.saturating_add(packets.to_client);
    window.peers += u32::from(fresh);
    window.new_peers += u32::from(new);
}

/// The event of a window.
pub(crate) fn body(ip: IpAddr, window: &HostWindow) -> Body {
    Body::Host(Box::new(body::Host {
        ip,
        window_seconds: window.seconds,
        flows: window.flows,
        failed: window.failed,
        peers: window.peers,
        new_peers: window.new_peers,
        ports: window.ports,
        names: window.names,
        fingerprints: window.fingerprints,
        bytes_out: window.bytes_out,
        bytes_in: window.bytes_in,
        score: None,
    }))
}

/// Whether an address belongs to a network of the watched site, as far as its range tells.
pub(crate) fn is_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            ip.is_private() || ip.is_link_local() || (a == 100 && b & 0xc0 == 64)
        }
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

/// Whether an address stands for many hosts, or for none.
pub(crate) fn is_group(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            ip.is_multicast() || ip.is_broadcast() || ip.is_unspecified() || ip.octets().last() == Some(&255)
        }
        IpAddr::V6(ip) => ip.is_multicast() || ip.is_unspecified(),
    }
}

/// TCP that the server reset although it never let the client in.
fn was_refused(row: &Row) -> bool {
    const SYN: u8 = 0x02;
    const RST: u8 = 0x04;
    let back = row.tcp_flags.to_client;
    row.state == FlowState::Closed && back & RST != 0 && back & SYN == 0 && row.tcp_flags.to_server & SYN != 0
}

fn mix(protocol: &Protocol) -> Mix {
    match *protocol {
        Protocol::TLS | Protocol::DOT | Protocol::DOH => Mix::Tls,
        Protocol::QUIC | Protocol::DOQ => Mix::Quic,
        Protocol::DNS => Mix::Dns,
        Protocol::HTTP => Mix::Http,
        Protocol::SSH => Mix::Ssh,
        Protocol::UNKNOWN => Mix::Unknown,
        ref other if other.is_industrial() => Mix::Industrial,
        _ => Mix::Other,
    }
}

fn bits(ip: IpAddr) -> [u64; 2] {
    let bits = match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().to_bits(),
        IpAddr::V6(ip) => ip.to_bits(),
    };
    [(bits >> 64) as u64, bits as u64]
}

fn words(text: &str) -> impl Iterator<Item = u64> {
    let word = |bytes: &[u8]| bytes.iter().fold(0u64, |word, byte| word << 8 | u64::from(byte.to_ascii_lowercase()));
    text.as_bytes().chunks(8).map(word).chain([text.len() as u64])
}

/// SplitMix64 over the words, from a keyed start.
fn hash(key: u64, words: impl IntoIterator<Item = u64>) -> u64 {
    words.into_iter().fold(key, |state, word| {
        let mut z = (state ^ word).wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    })
}

/// What is hashed is a keyed digest already.
#[derive(Clone, Copy, Debug, Default)]
struct Digest(u64);

impl Hasher for Digest {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |state, byte| state << 8 | u64::from(*byte));
    }

    fn write_u64(&mut self, digest: u64) {
        self.0 = digest;
    }
}

/// Which host met which peer before; the longest not met of a set is forgotten first.
#[derive(Debug)]
struct Known {
    /// Empty until the first meeting, then of fixed size (512 KiB).
    sets: Vec<[u64; KNOWN_WAYS]>,
    forgotten: u64,
}

impl Known {
    /// Notes a meeting; whether it is the first that is remembered.
    fn meet(&mut self, place: u64) -> bool {
        if self.sets.is_empty() {
            self.sets.resize(KNOWN_SETS, [0; KNOWN_WAYS]);
        }
        let place = place.max(1);
        let Some(set) = self.sets.get_mut(place as usize % KNOWN_SETS) else { return false };
        let at = set.iter().position(|known| *known == place);
        let held = at.unwrap_or(KNOWN_WAYS - 1);
        if at.is_none() && set.last().is_some_and(|last| *last != 0) {
            self.forgotten += 1;
        }
        if let Some(front) = set.get_mut(..=held) {
            front.rotate_right(1);
        }
        if let Some(first) = set.first_mut() {
            *first = place;
        }
        at.is_none()
    }
}

#[cfg(test)]
#[path = "hosts_tests.rs"]
pub(crate) mod tests;
