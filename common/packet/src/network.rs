//! IPv4 (RFC 791) and IPv6 (RFC 8200).

use crate::{Checksums, Decoded, Layer, Link, Stop, Upper, WireLen, checksum, transport, tunnel, wire_above};
use picket_reader::Reader;
use std::net::IpAddr;

pub(crate) const ETHER_IPV4: u16 = 0x0800;
pub(crate) const ETHER_IPV6: u16 = 0x86dd;

/// IPv6 extension headers stepped over at most.
pub const MAX_EXTENSIONS: usize = 8;

/// The network layer's view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// The sender.
    pub src: IpAddr,
    /// The receiver.
    pub dest: IpAddr,
    /// The protocol above, by its IANA number; the last of the chain for IPv6.
    pub protocol: u8,
    /// Time to live or hop limit.
    pub ttl: u8,
    /// Whether IPv4 forbids fragments; never set for IPv6.
    pub dont_fragment: bool,
}

/// What makes a packet a fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// The number its parts have in common; 16 bits for IPv4, 32 for IPv6.
    pub id: u32,
    /// Where the bytes belong, in bytes.
    pub offset: u32,
    /// Whether more follow.
    pub more: bool,
    /// What it is a part of.
    pub of: Divided,
}

/// What comes in fragments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Divided {
    /// An IP datagram.
    #[default]
    Ip,
    /// An Ethernet frame inside CAPWAP (RFC 5415 section 3.4); its number has the port of the end that is not the controller
    /// in the upper half.
    CapwapEthernet,
    /// An IEEE 802.11 frame inside CAPWAP, likewise.
    CapwapWireless,
}

/// Reads IP. `kind` is the type the link named, where it named one.
#[inline]
pub(crate) fn decode<'a>(layer: &Layer<'_, 'a>, link: Link, kind: Option<u16>, data: &'a [u8]) -> Decoded<'a> {
    match (data.first().map(|first| first >> 4), kind) {
        (Some(4), None | Some(ETHER_IPV4)) => ipv4(layer, link, data),
        (Some(6), None | Some(ETHER_IPV6)) => ipv6(layer, link, data),
        (None, Some(ETHER_IPV4)) => Decoded::stopped(link, data, Stop::Ipv4Truncated),
        (None, Some(ETHER_IPV6)) => Decoded::stopped(link, data, Stop::Ipv6Truncated),
        _ => Decoded::stopped(link, data, Stop::IpVersion),
    }
}

#[inline]
fn ipv4<'a>(layer: &Layer<'_, 'a>, link: Link, data: &'a [u8]) -> Decoded<'a> {
    let Some((head, rest)) = data.split_first_chunk::<20>() else {
        return Decoded::stopped(link, data, Stop::Ipv4Truncated);
    };
    // By reference: a copy of the header would be written in one piece and read in others at once, which stalls.
    let &[first, _, len_high, len_low, id_high, id_low, flags_high, flags_low, ttl, protocol, _, _, ref addresses @ ..] =
        head;
    let &[sa, sb, sc, sd, da, db, dc, dd] = addresses;
    let header = usize::from(first & 0x0f) * 4;
    if header < 20 {
        return Decoded::stopped(link, data, Stop::Ipv4HeaderLength);
    }
    let Some(rest) = rest.get(header - 20..) else {
        return Decoded::stopped(link, data, Stop::Ipv4Truncated);
    };
    if layer.checksums == Checksums::Check && !checksum::is_right_ipv4(data.get(..header).unwrap_or_default()) {
        return Decoded::stopped(link, data, Stop::ChecksumIpv4);
    }
    let total = usize::from(u16::from_be_bytes([len_high, len_low]));
    // Segmentation offload leaves the length empty: what the frame holds is then the datagram.
    let payload_wire = if total == 0 {
        wire_above(layer, rest.len())
    } else if total < header {
        return Decoded::stopped(link, data, Stop::Ipv4TotalLength);
    } else {
        WireLen(u32::try_from(total - header).unwrap_or(u32::MAX))
    };
    let payload = rest.get(..payload_wire.0 as usize).unwrap_or(rest);
    let network = || Network {
        src: [sa, sb, sc, sd].into(),
        dest: [da, db, dc, dd].into(),
        protocol,
        ttl,
        dont_fragment: flags_high & 0x40 != 0,
    };
    let flags = u16::from_be_bytes([flags_high, flags_low]);
    let more = flags & 0x2000 != 0;
    let offset = u32::from(flags & 0x1fff) * 8;
    if more || offset != 0 {
        let id = u32::from(u16::from_be_bytes([id_high, id_low]));
        return fragmented(link, network(), Fragment { id, offset, more, of: Divided::Ip }, payload, payload_wire);
    }
    above(layer, link, (protocol, network), payload, payload_wire)
}

/// Reads what is above IP, and into tunnels. The network's view is made where it goes to: see below.
#[inline(always)]
pub(crate) fn above<'a>(
    layer: &Layer<'_, 'a>,
    link: Link,
    (protocol, network): (u8, impl Fn() -> Network),
    payload: &'a [u8],
    payload_wire: WireLen,
) -> Decoded<'a> {
    if layer.checksums == Checksums::Check
        && let Some(stop) = checksum::transport(&network(), payload, payload_wire)
    {
        return Decoded { network: Some(network()), ..Decoded::stopped(link, payload, stop) };
    }
    let segment = payload;
    // Made where it goes to, for each transport apart: it is large, made for every packet, and what was put together
    // from parts would be read while they are still on their way.
    let decoded = |(upper, payload, payload_wire, stop): transport::Read<'a>| Decoded {
        segment,
        link,
        network: Some(network()),
        fragment: None,
        upper,
        payload,
        payload_wire,
        stop,
        tunnel: None,
        unread: None,
    };
    match protocol {
        transport::TCP => decoded(transport::tcp(payload, payload_wire)),
        transport::UDP => {
            let read = transport::udp(payload, payload_wire);
            match read.0 {
                Some(Upper::Udp { src_port, dest_port }) if tunnel::is_candidate(src_port, dest_port) => {
                    tunnel::unwrap_datagram(layer, decoded(read))
                }
                _ => decoded(read),
            }
        }
        protocol => match transport::others(protocol, payload, payload_wire) {
            read @ (Some(Upper::Other), ..) => tunnel::unwrap_ip(layer, decoded(read)),
            read => decoded(read),
        },
    }
}

/// Reads what is above IP in a layer that holds a datagram's payload alone.
pub(crate) fn resumed<'a>(layer: &Layer<'_, 'a>, link: Link, network: Network) -> Decoded<'a> {
    if network.src.is_ipv6() {
        extensions(layer, link, network, layer.frame.data, layer.frame.wire_len)
    } else {
        above(layer, link, (network.protocol, || network), layer.frame.data, layer.frame.wire_len)
    }
}

const fn fragmented<'a>(
    link: Link,
    network: Network,
    fragment: Fragment,
    payload: &'a [u8],
    payload_wire: WireLen,
) -> Decoded<'a> {
    Decoded { network: Some(network), fragment: Some(fragment), ..Decoded::begin(link, payload, payload_wire) }
}

#[inline]
fn ipv6<'a>(layer: &Layer<'_, 'a>, link: Link, data: &'a [u8]) -> Decoded<'a> {
    let Some((head, rest)) = data.split_first_chunk::<40>() else {
        return Decoded::stopped(link, data, Stop::Ipv6Truncated);
    };
    let [_, _, _, _, len_high, len_low, next, ttl, addresses @ ..] = *head;
    let Some((src, dest)) = addresses.split_first_chunk::<16>() else {
        return Decoded::stopped(link, data, Stop::Ipv6Truncated);
    };
    let Some((dest, _)) = dest.split_first_chunk::<16>() else {
        return Decoded::stopped(link, data, Stop::Ipv6Truncated);
    };
    let length = usize::from(u16::from_be_bytes([len_high, len_low]));
    // 0 is a jumbogram or segmentation offload: the frame's own length counts.
    let payload_wire =
        if length == 0 { wire_above(layer, rest.len()) } else { WireLen(u32::try_from(length).unwrap_or(u32::MAX)) };
    let payload = rest.get(..payload_wire.0 as usize).unwrap_or(rest);
    let network = || Network { src: (*src).into(), dest: (*dest).into(), protocol: next, ttl, dont_fragment: false };
    if matches!(next, 6 | 17 | 58) {
        return above(layer, link, (next, network), payload, payload_wire);
    }
    extensions(layer, link, network(), payload, payload_wire)
}

/// Steps over extension headers (RFC 8200 section 4) to the protocol above.
fn extensions<'a>(
    layer: &Layer<'_, 'a>,
    link: Link,
    mut network: Network,
    payload: &'a [u8],
    wire: WireLen,
) -> Decoded<'a> {
    const HOP_BY_HOP: u8 = 0;
    const ROUTING: u8 = 43;
    const FRAGMENT: u8 = 44;
    const AUTHENTICATION: u8 = 51;
    const DESTINATION: u8 = 60;
    const MOBILITY: u8 = 135;
    const HIP: u8 = 139;
    const SHIM6: u8 = 140;
    let mut layer = *layer;
    let mut reader = Reader::new(payload);
    let left = |reader: &Reader<'_>| WireLen(wire.0.saturating_sub(u32::try_from(reader.position()).unwrap_or(0)));
    let stopped = |network, reader: Reader<'a>, stop| Decoded {
        network: Some(network),
        payload_wire: left(&reader),
        ..Decoded::stopped(link, reader.peek(), stop)
    };
    for _ in 0..MAX_EXTENSIONS {
        let length = match network.protocol {
            HOP_BY_HOP | ROUTING | DESTINATION | MOBILITY | HIP | SHIM6 => |units: u8| usize::from(units) * 8 + 8,
            AUTHENTICATION => |units: u8| usize::from(units) * 4 + 8,
            FRAGMENT => |_| 8,
            _ => {
                let wire = left(&reader);
                return above(&layer, link, (network.protocol, || network), reader.rest(), wire);
            }
        };
        let Some(&[next, units, high, low, ref id @ ..]) = reader.peek().first_chunk::<8>() else {
            return stopped(network, reader, Stop::Ipv6ExtensionTruncated);
        };
        let is_fragment = network.protocol == FRAGMENT;
        if reader.skip(length(units), "IPv6 extension header").is_err() {
            return stopped(network, reader, Stop::Ipv6ExtensionTruncated);
        }
        if network.protocol == ROUTING && low != 0 {
            // On the way to an intermediate stop; checksums are made for the last (RFC 8200 section 8.1).
            layer.checksums = Checksums::Ignore;
        }
        network.protocol = next;
        let field = u16::from_be_bytes([high, low]);
        let (offset, more) = (u32::from(field & 0xfff8), field & 1 != 0);
        // An atomic fragment (RFC 6946) is whole: offset 0 and nothing more.
        if is_fragment && (more || offset != 0) {
            let wire = left(&reader);
            let fragment = Fragment { id: u32::from_be_bytes(*id), offset, more, of: Divided::Ip };
            return fragmented(link, network, fragment, reader.rest(), wire);
        }
    }
    stopped(network, reader, Stop::Ipv6ExtensionDepth)
}
