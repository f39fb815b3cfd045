//! The agent's own traffic, which would feed on itself if it were analysed.
//!
//! What counts as its own is exact: the sockets of its uplink, by transport, both addresses and both ports. The uplink
//! announces a pair before it sends the first packet; captures look for it before a frame is copied.

use picket_packet::{Frame, Upper, WireLen, decode};
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Pairs remembered: those in use, and the last ones, whose datagrams may be late. The oldest goes first.
const PAIRS_MAX: usize = 16;
const ETHER_IPV4: u16 = 0x0800;
const ETHER_IPV6: u16 = 0x86dd;

/// The transport of a socket, by its number in IP's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnTransport {
    /// QUIC.
    Udp = 17,
    /// TLS, where UDP does not pass.
    Tcp = 6,
}

/// One socket of the uplink and its collector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pair {
    transport: OwnTransport,
    local: SocketAddr,
    collector: SocketAddr,
}

/// The sockets the agent sends its events from. Cheap to clone; all clones know the same.
#[derive(Clone, Debug, Default)]
pub struct OwnTraffic(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// Grows with every change.
    version: AtomicUsize,
    pairs: Mutex<VecDeque<Pair>>,
}

impl OwnTraffic {
    /// Announces a socket's two ends. An unspecified local address is replaced by the one that the system sends from.
    pub fn announce(&self, transport: OwnTransport, local: SocketAddr, collector: SocketAddr) {
        let ip = if local.ip().is_unspecified() { source_address(collector) } else { Some(local.ip()) };
        let Some(ip) = ip else { return };
        let local = SocketAddr::new(ip.to_canonical(), local.port());
        let pair = Pair { transport, local, collector: canonical(collector) };
        let mut pairs = self.pairs();
        if !pairs.contains(&pair) {
            if pairs.len() == PAIRS_MAX {
                pairs.pop_front();
            }
            pairs.push_back(pair);
            self.0.version.fetch_add(1, Ordering::Release);
        }
    }

    /// What a capture asks, frame by frame.
    #[must_use]
    pub fn filter(&self) -> OwnFilter {
        let mut filter =
            OwnFilter { own: self.clone(), seen: usize::MAX, pairs: Vec::new(), transports: 0, frames: 0, bytes: 0 };
        filter.refresh();
        filter
    }

    /// A thread that panicked while it held the lock left whole pairs.
    fn pairs(&self) -> MutexGuard<'_, VecDeque<Pair>> {
        self.0.pairs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The address that the system would send from. Nothing is sent.
fn source_address(to: SocketAddr) -> Option<IpAddr> {
    let any: SocketAddr = if to.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0u16; 8], 0).into() };
    let socket = UdpSocket::bind(any).ok()?;
    socket.connect(to).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// Finds and counts the frames of own sockets, for one capture.
#[derive(Clone, Debug)]
pub struct OwnFilter {
    own: OwnTraffic,
    seen: usize,
    /// Ports first, as they stand in the header in both directions: they refuse nearly every frame.
    pairs: Vec<([u8; 4], [u8; 4], Pair)>,
    /// A bit for the number of each transport among the pairs: most frames are of the other one.
    transports: u32,
    frames: u64,
    bytes: u64,
}

impl OwnFilter {
    /// Learns what was announced since the last call.
    pub fn refresh(&mut self) {
        let version = self.own.0.version.load(Ordering::Acquire);
        if version != self.seen {
            self.seen = version;
            self.pairs = self.own.pairs().iter().map(|pair| (ports(pair, false), ports(pair, true), *pair)).collect();
            self.transports = self.pairs.iter().fold(0, |bits, (.., pair)| bits | 1 << pair.transport as u8);
        }
    }

    /// Frames taken out so far, and their bytes.
    #[must_use]
    pub const fn taken(&self) -> (u64, u64) {
        (self.frames, self.bytes)
    }

    /// Whether a frame is the agent's own; then it is counted.
    #[inline]
    pub fn takes(&mut self, link_type: u16, bytes: &[u8]) -> bool {
        if self.pairs.is_empty() {
            return false;
        }
        let (protocol, packet) = match link_type {
            1 => ethernet(bytes),
            101 => (if bytes.first().is_some_and(|b| b >> 4 == 6) { ETHER_IPV6 } else { ETHER_IPV4 }, bytes),
            113 => (word(bytes, 14), bytes.get(16..).unwrap_or_default()),
            276 => (word(bytes, 0), bytes.get(20..).unwrap_or_default()),
            _ => return self.takes_decoded(link_type, bytes),
        };
        let own = self.is_own(protocol, packet);
        self.count(own, bytes)
    }

    /// The same for a packet of this ethertype without a link header.
    #[inline]
    pub fn takes_network(&mut self, protocol: u16, packet: &[u8]) -> bool {
        let own = !self.pairs.is_empty() && self.is_own(protocol, packet);
        self.count(own, packet)
    }

    #[inline]
    fn count(&mut self, own: bool, bytes: &[u8]) -> bool {
        self.frames += u64::from(own);
        self.bytes += if own { bytes.len() as u64 } else { 0 };
        own
    }

    /// QUIC forbids fragments (RFC 9000 section 14), TCP looks for the path's MTU, and IPv6 headers before UDP would be the system's doing.
    #[inline]
    fn is_own(&self, protocol: u16, packet: &[u8]) -> bool {
        let (next, header, source, length) = match protocol {
            ETHER_IPV4 => (9, packet.first().map_or(0, |first| usize::from(first & 15) * 4), 12, 4),
            ETHER_IPV6 => (6, 40, 8, 16),
            _ => return false,
        };
        let Some(number) = packet.get(next).filter(|number| **number < 32 && self.transports >> **number & 1 == 1)
        else {
            return false;
        };
        let Some(Ok(ports)) = packet.get(header..header + 4).map(<[u8; 4]>::try_from) else { return false };
        self.pairs.iter().any(|(there, back, pair)| {
            let (from, to) = match ports {
                _ if pair.transport as u8 != *number => return false,
                _ if ports == *there => (&pair.local, &pair.collector),
                _ if ports == *back => (&pair.collector, &pair.local),
                _ => return false,
            };
            let address = |at: usize| packet.get(at..at + length);
            is(from.ip(), address(source)) && is(to.ip(), address(source + length))
        })
    }

    /// A link type that is seldom seen.
    #[cold]
    fn takes_decoded(&mut self, link_type: u16, bytes: &[u8]) -> bool {
        let wire_len = WireLen(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        let decoded = decode(&Frame { time_ns: 0, link_type, wire_len, data: bytes });
        let Some(network) = decoded.network else { return false };
        let (transport, src_port, dest_port) = match decoded.upper {
            Some(Upper::Udp { src_port, dest_port }) => (OwnTransport::Udp, src_port, dest_port),
            Some(Upper::Tcp(tcp)) => (OwnTransport::Tcp, tcp.src_port, tcp.dest_port),
            _ => return false,
        };
        let (from, to) = (SocketAddr::new(network.src, src_port), SocketAddr::new(network.dest, dest_port));
        let own = self.pairs.iter().any(|(_, _, pair)| {
            pair.transport == transport
                && ((pair.local, pair.collector) == (from, to) || (pair.collector, pair.local) == (from, to))
        });
        self.count(own, bytes)
    }
}

/// Source and destination port of a datagram from the agent, or of one to it.
const fn ports(pair: &Pair, back: bool) -> [u8; 4] {
    let ([a, b], [c, d]) = (pair.local.port().to_be_bytes(), pair.collector.port().to_be_bytes());
    if back { [c, d, a, b] } else { [a, b, c, d] }
}

fn is(ip: IpAddr, bytes: Option<&[u8]>) -> bool {
    match ip {
        IpAddr::V4(v4) => bytes == Some(&v4.octets()),
        IpAddr::V6(v6) => bytes == Some(&v6.octets()),
    }
}

fn word(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).and_then(|two| two.try_into().ok()).map_or(0, u16::from_be_bytes)
}

/// Type and payload of an Ethernet frame, behind two VLAN tags at most.
#[inline]
fn ethernet(bytes: &[u8]) -> (u16, &[u8]) {
    let mut at = 12;
    while at < 20 && matches!(word(bytes, at), 0x8100 | 0x88a8) {
        at += 4;
    }
    (word(bytes, at), bytes.get(at + 2..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// IPv4, UDP without payload.
    fn packet(src: ([u8; 4], u16), dest: ([u8; 4], u16)) -> Vec<u8> {
        let mut bytes = vec![0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0];
        bytes.extend(src.0);
        bytes.extend(dest.0);
        bytes.extend(src.1.to_be_bytes());
        bytes.extend(dest.1.to_be_bytes());
        bytes.extend([0, 8, 0, 0]);
        bytes
    }

    fn frame(tags: &[u8], packet: &[u8]) -> Vec<u8> {
        [&[2; 12], tags, &[8, 0], packet].concat()
    }

    const ME: ([u8; 4], u16) = ([10, 0, 0, 1], 5000);
    const COLLECTOR: ([u8; 4], u16) = ([10, 0, 0, 9], 8740);

    fn own() -> OwnTraffic {
        let own = OwnTraffic::default();
        own.announce(OwnTransport::Udp, ME.into(), COLLECTOR.into());
        own
    }

    #[test]
    fn both_ways_between_this_socket_and_its_collector_and_nobody_else() {
        let mut own = own().filter();
        let there = packet(ME, COLLECTOR);
        assert!(own.takes(1, &frame(&[], &there)));
        assert!(own.takes(1, &frame(&[], &packet(COLLECTOR, ME))));
        assert!(own.takes(1, &frame(&[0x81, 0, 0, 5], &there)), "behind a tag");
        assert!(own.takes(101, &there));
        assert!(own.takes(113, &[&[0u8; 14][..], &[8, 0], &there].concat()));
        assert!(own.takes(0, &[&2u32.to_le_bytes()[..], &there].concat()), "loopback of other systems");
        assert!(own.takes_network(ETHER_IPV4, &there));
        let bytes = own.taken().1;
        assert_eq!(own.taken().0, 7);
        for (src, dest) in [
            (([10, 0, 0, 2], 5000), COLLECTOR),
            ((ME.0, 5001), COLLECTOR),
            (ME, (COLLECTOR.0, 22)),
            (ME, ([10, 0, 0, 8], 8740)),
            ((COLLECTOR.0, 5000), (ME.0, 8740)),
        ] {
            assert!(!own.takes(1, &frame(&[], &packet(src, dest))), "{src:?} to {dest:?}");
        }
        let mut tcp = packet(ME, COLLECTOR);
        tcp[9] = 6;
        assert!(!own.takes(1, &frame(&[], &tcp)), "another protocol between the same ports");
        let over_tcp = OwnTraffic::default();
        over_tcp.announce(OwnTransport::Tcp, ME.into(), COLLECTOR.into());
        let mut over_tcp = over_tcp.filter();
        assert!(over_tcp.takes(1, &frame(&[], &tcp)) && !over_tcp.takes(1, &frame(&[], &there)));
        for cut in 0..there.len() {
            own.takes(1, &frame(&[], &there[..cut]));
        }
        assert_eq!(own.taken(), (7 + there.len() as u64 - 24, own.taken().1), "ports are enough");
        assert!(own.taken().1 > bytes);
    }

    #[test]
    fn what_is_announced_later_is_known_after_a_refresh_and_the_number_is_bounded() {
        let own = OwnTraffic::default();
        let mut filter = own.filter();
        let v6: SocketAddr = "[2001:db8::9]:8740".parse().unwrap();
        own.announce(OwnTransport::Udp, "[2001:db8::1]:4000".parse().unwrap(), v6);
        let mut packet = vec![0x60, 0, 0, 0, 0, 8, 17, 64];
        packet.extend("2001:db8::1".parse::<std::net::Ipv6Addr>().unwrap().octets());
        packet.extend("2001:db8::9".parse::<std::net::Ipv6Addr>().unwrap().octets());
        packet.extend([0x0f, 0xa0, 0x22, 0x24, 0, 8, 0, 0]);
        assert!(!filter.takes_network(ETHER_IPV6, &packet));
        filter.refresh();
        assert!(filter.takes_network(ETHER_IPV6, &packet));
        for port in 0..100 {
            own.announce(OwnTransport::Udp, SocketAddr::new([10, 0, 0, 1].into(), port), v6);
        }
        filter.refresh();
        assert_eq!(filter.pairs.len(), PAIRS_MAX);
        assert!(!filter.takes_network(ETHER_IPV6, &packet), "the oldest is forgotten");
    }

    #[test]
    fn an_unspecified_address_becomes_the_one_that_is_sent_from() {
        let own = OwnTraffic::default();
        own.announce(OwnTransport::Udp, "0.0.0.0:777".parse().unwrap(), "127.0.0.1:8740".parse().unwrap());
        assert_eq!(own.pairs().front().map(|pair| pair.local), Some("127.0.0.1:777".parse().unwrap()));
    }
}
