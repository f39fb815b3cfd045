//! Community ID version 1 (corelight/community-id-spec): one name of a conversation for all tools.

use crate::{Endpoints, Transport};
use base64::Engine as _;
use sha1::{Digest, Sha1};
use std::net::IpAddr;

/// ICMP types with a counterpart, in both directions.
const ICMP_PAIRS: &[(u16, u16)] =
    &[(8, 0), (0, 8), (13, 14), (14, 13), (15, 16), (16, 15), (10, 9), (9, 10), (17, 18), (18, 17)];

/// ICMPv6 types with a counterpart, in both directions.
const ICMP6_PAIRS: &[(u16, u16)] = &[
    (128, 129),
    (129, 128),
    (133, 134),
    (134, 133),
    (135, 136),
    (136, 135),
    (130, 131),
    (131, 130),
    (139, 140),
    (140, 139),
    (144, 145),
    (145, 144),
];

/// The Community ID of a conversation over IP, with the given seed; `None` below IP.
///
/// ICMP carries its type in `src_port` and its code in `dest_port`.
#[must_use]
pub fn community_id(endpoints: &Endpoints, seed: u16) -> Option<String> {
    let Endpoints::Ip { src, src_port, dest, dest_port, transport } = *endpoints else { return None };
    let (a_port, b_port, one_way) = ports(transport, src_port, dest_port);
    let (src, dest) = (octets(&src), octets(&dest));
    let swap = !one_way && (dest.as_slice(), b_port) < (src.as_slice(), a_port);
    let (first, second) = if swap { ((&dest, b_port), (&src, a_port)) } else { ((&src, a_port), (&dest, b_port)) };
    let mut hash = Sha1::new();
    hash.update(seed.to_be_bytes());
    hash.update(first.0);
    hash.update(second.0);
    hash.update([transport.0, 0]);
    if transport.has_ports() || matches!(transport, Transport::ICMP | Transport::ICMP6) {
        hash.update(first.1.to_be_bytes());
        hash.update(second.1.to_be_bytes());
    }
    Some(format!("1:{}", base64::engine::general_purpose::STANDARD.encode(hash.finalize())))
}

/// The two port values, and whether the conversation is one-way (no ordering then).
fn ports(transport: Transport, a: u16, b: u16) -> (u16, u16, bool) {
    let pairs = match transport {
        Transport::ICMP => ICMP_PAIRS,
        Transport::ICMP6 => ICMP6_PAIRS,
        _ => return (a, b, false),
    };
    match pairs.iter().find(|(kind, _)| *kind == a) {
        Some((kind, counterpart)) => (*kind, *counterpart, false),
        None => (a, b, true),
    }
}

fn octets(address: &IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(src: &str, src_port: u16, dest: &str, dest_port: u16, transport: u8) -> String {
        let endpoints = Endpoints::Ip {
            src: src.parse().unwrap(),
            src_port,
            dest: dest.parse().unwrap(),
            dest_port,
            transport: Transport(transport),
        };
        community_id(&endpoints, 0).unwrap()
    }

    /// Values of the specification's baseline.
    #[test]
    fn published_values() {
        assert_eq!(
            id("fe80::200:86ff:fe05:80da", 135, "fe80::260:97ff:fe07:69ea", 136, 58),
            "1:dGHyGvjMfljg6Bppwm3bg0LO8TY="
        );
        assert_eq!(
            id("fe80::260:97ff:fe07:69ea", 136, "fe80::200:86ff:fe05:80da", 135, 58),
            "1:dGHyGvjMfljg6Bppwm3bg0LO8TY="
        );
        assert_eq!(id("3ffe:507:0:1:200:86ff:fe05:80da", 3, "3ffe:501:1800:2345::2", 0, 58).len(), 30);
    }

    #[test]
    fn both_directions_are_one() {
        assert_eq!(id("10.0.0.1", 40000, "10.0.0.2", 443, 6), id("10.0.0.2", 443, "10.0.0.1", 40000, 6));
    }
}
