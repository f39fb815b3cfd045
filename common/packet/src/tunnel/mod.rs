//! Tunnels: what travels inside another conversation's packets.
//!
//! A packet's conversation is the innermost that can be read; the innermost tunnel around it is noted beside it,
//! with how many lie inside each other. What cannot be read leaves the tunnel's own conversation in its place, and
//! [`Decoded::unread`] says so. Tunnels over UDP are believed by port and by structure together: their inside
//! must decode to its end, or the datagram stays what it is.

mod datagram;
mod gre;
mod ip;

#[cfg(test)]
mod tests;

pub(crate) use datagram::{is_candidate, unwrap as unwrap_datagram};
pub(crate) use ip::unwrap as unwrap_ip;

use crate::{Decoded, Frame, Layer, Link, Network, Stop, VlanIds, WireLen, link, mpls, serial, wireless};
use std::net::IpAddr;

/// Encapsulations followed at most: tunnels over IP and Ethernet pseudo-wires together.
pub const MAX_TUNNEL_DEPTH: u8 = 8;

/// How a packet was wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TunnelKind {
    /// IP in IP (RFC 2003, RFC 2473): protocol 4.
    IpInIp,
    /// IPv6 in IPv4 or IPv6 (RFC 4213, RFC 2473): protocol 41.
    Ipv6InIp,
    /// GRE (RFC 2784, RFC 2890) and its PPTP form (RFC 2637).
    Gre,
    /// ERSPAN types I to III over GRE (draft-foschiano-erspan).
    Erspan,
    /// Ethernet in IP (RFC 3378).
    EtherIp,
    /// MPLS in IP (RFC 4023) and in UDP (RFC 7510).
    Mpls,
    /// VXLAN (RFC 7348) and its generic form.
    Vxlan,
    /// Geneve (RFC 8926).
    Geneve,
    /// GTP-U (3GPP TS 29.281).
    Gtp,
    /// Teredo (RFC 4380).
    Teredo,
    /// L2TP version 2 (RFC 2661).
    L2tp,
    /// CAPWAP between access points and their controller, data in the clear (RFC 5415).
    Capwap,
}

impl TunnelKind {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::IpInIp,
        Self::Ipv6InIp,
        Self::Gre,
        Self::Erspan,
        Self::EtherIp,
        Self::Mpls,
        Self::Vxlan,
        Self::Geneve,
        Self::Gtp,
        Self::Teredo,
        Self::L2tp,
        Self::Capwap,
    ];

    /// The name in events and in the ledger.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::IpInIp => "ip_in_ip",
            Self::Ipv6InIp => "ipv6_in_ip",
            Self::Gre => "gre",
            Self::Erspan => "erspan",
            Self::EtherIp => "ether_ip",
            Self::Mpls => "mpls",
            Self::Vxlan => "vxlan",
            Self::Geneve => "geneve",
            Self::Gtp => "gtp",
            Self::Teredo => "teredo",
            Self::L2tp => "l2tp",
            Self::Capwap => "capwap",
        }
    }
}

/// The innermost tunnel that a packet came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tunnel {
    /// Which kind.
    pub kind: TunnelKind,
    /// Its sender.
    pub src: IpAddr,
    /// Its receiver.
    pub dest: IpAddr,
    /// Its number, where it has one: VXLAN's and Geneve's network, GTP-U's tunnel endpoint, GRE's key, PPTP's
    /// call, ERSPAN's and L2TP's session (L2TP's tunnel in the upper half).
    pub id: Option<u32>,
    /// Tunnels around the packet, 1 to [`MAX_TUNNEL_DEPTH`].
    pub depth: u8,
}

impl Tunnel {
    /// The innermost tunnel, where this one is around another.
    #[must_use]
    pub const fn around(self, inner: Option<Self>) -> Self {
        match inner {
            Some(inner) => Self { depth: self.depth.saturating_add(inner.depth), ..inner },
            None => self,
        }
    }
}

/// What a tunnel's header says is inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// An Ethernet frame.
    Ethernet,
    /// What an EtherType names.
    Typed(u16),
    /// IP of either version.
    Ip,
    /// A PPP frame.
    Ppp,
    /// An MPLS label stack.
    Mpls,
    /// An IEEE 802.11 frame.
    Wireless,
}

/// What a tunnel holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inside<'a> {
    pub(crate) kind: TunnelKind,
    pub(crate) content: Content,
    pub(crate) bytes: &'a [u8],
    /// Their length on the wire.
    pub(crate) wire: WireLen,
    /// The tunnel's number.
    pub(crate) id: Option<u32>,
    /// VLAN id that the tunnel's own header tells.
    pub(crate) vlan: VlanIds,
}

/// Reads a frame that was in fragments inside CAPWAP.
pub(crate) fn resumed<'a>(layer: &Layer<'_, 'a>, link: Link, network: Network, content: Content) -> Decoded<'a> {
    let (bytes, wire) = (layer.frame.data, layer.frame.wire_len);
    let outer = Decoded { network: Some(network), ..Decoded::begin(link, bytes, wire) };
    enter(layer, outer, &Inside { kind: TunnelKind::Capwap, content, bytes, wire, id: None, vlan: VlanIds::NONE })
}

/// Reads what is inside the tunnel that `outer` is. `outer` itself, where that cannot be read.
pub(crate) fn enter<'a>(layer: &Layer<'_, 'a>, outer: Decoded<'a>, inside: &Inside<'a>) -> Decoded<'a> {
    let Some(network) = outer.network else { return outer };
    if layer.depth >= MAX_TUNNEL_DEPTH {
        return Decoded { stop: Some(Stop::TunnelDepth), ..outer };
    }
    let frame = Frame { data: inside.bytes, wire_len: inside.wire, ..*layer.frame };
    let next = Layer { frame: &frame, depth: layer.depth + 1, ..*layer };
    let mut inner = match inside.content {
        Content::Ethernet => link::ethernet(&next),
        Content::Typed(kind) => link::typed(&next, Link::default(), kind, inside.bytes),
        Content::Ip => link::raw(&next, Link::default(), inside.bytes),
        Content::Ppp => serial::ppp(&next, Link::default(), inside.bytes),
        Content::Mpls => mpls::decode(&next, Link::default(), inside.bytes),
        Content::Wireless => wireless::bridged(&next, inside.bytes),
    };
    match inner.stop {
        // These say what the whole frame is.
        Some(stop) if stop.is_final() => return Decoded { stop: Some(stop), ..outer },
        Some(_) => return Decoded { unread: Some(inside.kind), ..outer },
        // A protocol beside IP, with nobody's address: keep-alives and routing of the tunnel itself.
        None if inner.network.is_none() && inner.link.src.is_none() => return outer,
        // Mirrors cut what they send, and say so in ERSPAN's header alone.
        None if inner.payload_wire > inside.wire && inside.kind != TunnelKind::Erspan => {
            return Decoded { unread: Some(inside.kind), ..outer };
        }
        None => {}
    }
    let own = Tunnel { kind: inside.kind, src: network.src, dest: network.dest, id: inside.id, depth: 1 };
    inner.tunnel = Some(own.around(inner.tunnel));
    inner.link.vlan = outer.link.vlan.or(inner.link.vlan).or(inside.vlan);
    inner
}
