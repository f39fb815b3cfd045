//! The agent's own traffic, which would feed on itself if it were analysed.

use picket_packet::{Frame, Upper, WireLen, decode};
use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

/// Tells frames between this host and its collectors.
#[derive(Clone, Debug, Default)]
pub struct OwnTraffic {
    local: BTreeSet<IpAddr>,
    collectors: BTreeSet<SocketAddr>,
}

impl OwnTraffic {
    /// Nothing is its own.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Traffic between any of this host's addresses and the collectors.
    #[must_use]
    pub fn between(local: impl IntoIterator<Item = IpAddr>, collectors: impl IntoIterator<Item = SocketAddr>) -> Self {
        Self { local: local.into_iter().collect(), collectors: collectors.into_iter().collect() }
    }

    /// Traffic between this host, by the addresses its interfaces have now, and the collectors.
    #[must_use]
    pub fn of_this_host(collectors: impl IntoIterator<Item = SocketAddr>) -> Self {
        let interfaces = pnet_datalink::interfaces();
        let local = interfaces.iter().flat_map(|interface| interface.ips.iter().map(|network| network.ip()));
        Self::between(local, collectors)
    }

    /// Whether a frame goes from this host to a collector or back.
    #[must_use]
    pub fn matches(&self, link_type: u16, bytes: &[u8]) -> bool {
        if self.collectors.is_empty() {
            return false;
        }
        let wire_len = WireLen(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        let decoded = decode(Frame { time_ns: 0, link_type, wire_len, data: bytes });
        let (Some(network), Some(upper)) = (decoded.network, decoded.upper) else { return false };
        let (src_port, dest_port) = match upper {
            Upper::Tcp(header) => (header.src_port, header.dest_port),
            Upper::Udp { src_port, dest_port } => (src_port, dest_port),
            _ => return false,
        };
        let goes = |from: IpAddr, to: IpAddr, port: u16| {
            self.collectors.contains(&SocketAddr::new(to, port)) && self.local.contains(&from)
        };
        goes(network.src, network.dest, dest_port) || goes(network.dest, network.src, src_port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    /// Ethernet, IPv4, UDP without payload.
    fn frame(src: [u8; 4], src_port: u16, dest: [u8; 4], dest_port: u16) -> Vec<u8> {
        let mut bytes = vec![2; 12];
        bytes.extend([0x08, 0x00, 0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0]);
        bytes.extend(src);
        bytes.extend(dest);
        bytes.extend(src_port.to_be_bytes());
        bytes.extend(dest_port.to_be_bytes());
        bytes.extend([0, 8, 0, 0]);
        bytes
    }

    #[test]
    fn both_ways_between_this_host_and_its_collector_and_nobody_else() {
        let (me, collector, other) = ([10, 0, 0, 1], [10, 0, 0, 9], [10, 0, 0, 2]);
        let address = SocketAddr::from((Ipv4Addr::from(collector), 8740));
        let own = OwnTraffic::between([IpAddr::from(me)], [address]);
        assert!(own.matches(1, &frame(me, 5000, collector, 8740)));
        assert!(own.matches(1, &frame(collector, 8740, me, 5000)));
        assert!(!own.matches(1, &frame(other, 5000, collector, 8740)), "another agent's");
        assert!(!own.matches(1, &frame(me, 5000, collector, 22)));
        assert!(!own.matches(1, &[0; 9]));
        assert!(!OwnTraffic::none().matches(1, &frame(me, 5000, collector, 8740)));
    }
}
