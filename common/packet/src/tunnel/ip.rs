//! Tunnels that have an IP protocol number of their own, and the authentication header in their way.

use super::{Content, Inside, TunnelKind, enter, gre};
use crate::{Decoded, Layer, Network, VlanIds, WireLen, network};
use picket_reader::Reader;

const IP_IN_IP: u8 = 4;
const IPV6_IN_IP: u8 = 41;
const GRE: u8 = 47;
const AUTHENTICATION: u8 = 51;
const ETHER_IP: u8 = 97;
const MPLS_IN_IP: u8 = 137;

/// Reads what an IP datagram of none of the plain transports holds.
#[cold]
#[inline(never)]
pub(crate) fn unwrap<'a>(layer: &Layer<'_, 'a>, outer: Decoded<'a>) -> Decoded<'a> {
    let Some(network) = outer.network else { return outer };
    let inside = |kind, content| Inside {
        kind,
        content,
        bytes: outer.payload,
        wire: outer.payload_wire,
        id: None,
        vlan: VlanIds::NONE,
    };
    match network.protocol {
        IP_IN_IP => enter(layer, outer, &inside(TunnelKind::IpInIp, Content::Typed(network::ETHER_IPV4))),
        IPV6_IN_IP => enter(layer, outer, &inside(TunnelKind::Ipv6InIp, Content::Typed(network::ETHER_IPV6))),
        GRE => match gre::inside(outer.payload, outer.payload_wire) {
            Ok(Some(inside)) => enter(layer, outer, &inside),
            Ok(None) => outer,
            Err(_) => Decoded { unread: Some(TunnelKind::Gre), ..outer },
        },
        ETHER_IP => match outer.payload.split_first_chunk::<2>() {
            // RFC 3378: version 3, the rest of the two bytes zero.
            Some((&[0x30, 0], bytes)) => {
                let wire = WireLen(outer.payload_wire.0.saturating_sub(2));
                let kind = TunnelKind::EtherIp;
                enter(
                    layer,
                    outer,
                    &Inside { kind, content: Content::Ethernet, bytes, wire, id: None, vlan: VlanIds::NONE },
                )
            }
            _ => outer,
        },
        MPLS_IN_IP => enter(layer, outer, &inside(TunnelKind::Mpls, Content::Mpls)),
        AUTHENTICATION => authenticated(layer, outer, network),
        _ => outer,
    }
}

/// IPv4's authentication header (RFC 4302): stepped over. For IPv6 it is one of the extension headers.
fn authenticated<'a>(layer: &Layer<'_, 'a>, outer: Decoded<'a>, network: Network) -> Decoded<'a> {
    let mut reader = Reader::new(outer.payload);
    let Ok([next, units]) = reader.array::<2>("authentication header") else { return outer };
    let length = usize::from(units) * 4 + 8;
    if next == AUTHENTICATION || reader.skip(length - 2, "authentication header").is_err() {
        return outer;
    }
    let wire = WireLen(outer.payload_wire.0.saturating_sub(u32::try_from(length).unwrap_or(0)));
    network::above(layer, outer.link, (next, || Network { protocol: next, ..network }), reader.rest(), wire)
}
