//! Every tunnel around one and the same packet, cut at every byte, foreign bytes on its port, and deep stacks.

use super::*;
use crate::tests::{ethernet, frame, ipv4, ipv6, tcp};
use crate::{Checksums, Divided, Fragment, Network, Rejoined, Upper, decode, resume};
use pnet_packet::ip::{IpNextHeaderProtocol, IpNextHeaderProtocols};
use proptest::prelude::*;

/// A UDP segment between two ports.
fn datagram(src: u16, dest: u16, payload: &[u8]) -> Vec<u8> {
    let length = payload.len() as u16 + 8;
    let head: Vec<u8> = [src, dest, length, 0].iter().flat_map(|word| word.to_be_bytes()).collect();
    [head.as_slice(), payload].concat()
}

/// An outer IPv4 packet from 192.0.2.1 to 192.0.2.2.
fn outer(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let mut packet = ipv4(IpNextHeaderProtocol::new(protocol), 0, payload);
    packet[12..20].copy_from_slice(&[192, 0, 2, 1, 192, 0, 2, 2]);
    packet
}

fn over_udp(src: u16, dest: u16, head: &[u8], inner: &[u8]) -> Vec<u8> {
    outer(17, &datagram(src, dest, &[head, inner].concat()))
}

/// The packet inside: TCP from 10.0.0.1:40000 to 10.0.0.2:502.
fn plain() -> Vec<u8> {
    ipv4(IpNextHeaderProtocols::Tcp, 0, &tcp(b"inside", 0))
}

fn plain6() -> Vec<u8> {
    ipv6(6, &tcp(b"inside", 0))
}

/// A G-PDU's header around so many bytes.
fn gtp_head(flags: u8, optional: &[u8], inner: usize) -> Vec<u8> {
    let length = (optional.len() + inner) as u16;
    [&[flags, 0xff], length.to_be_bytes().as_slice(), &[0, 0, 0, 7], optional].concat()
}

/// A station's data frame to its access point, up to the packet, behind these bytes of frame control.
fn station(control: &[u8; 2]) -> Vec<u8> {
    let addresses = [[2, 0, 0, 0, 0, 9], [2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]].concat();
    [control, &[0, 0][..], &addresses, &[0, 0], &[0xaa, 0xaa, 3, 0, 0, 0, 8, 0]].concat()
}

/// Every tunnel once, each around the packet inside.
#[rustfmt::skip]
fn every_tunnel() -> Vec<(TunnelKind, Vec<u8>)> {
    use TunnelKind as K;
    let ip = plain();
    let ip6 = plain6();
    let eth = ethernet(0x0800, &ip);
    let tagged = ethernet(0x8100, &[&[0x00, 0x07, 0x08, 0x00], ip.as_slice()].concat());
    let with = |head: &[u8], data: &[u8]| [head, data].concat();
    let gtp = |flags, optional: &[u8]| over_udp(2152, 2152, &gtp_head(flags, optional, ip.len()), &ip);
    let teredo = |head: &[u8]| over_udp(50_000, 3544, head, &ip6);
    vec![
        (K::IpInIp, outer(4, &ip)),
        (K::IpInIp, ipv6(4, &ip)),
        (K::Ipv6InIp, outer(41, &ip6)),
        (K::Gre, outer(47, &with(&[0, 0, 8, 0], &ip))),
        (K::Gre, outer(47, &with(&[0xb0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 1], &ip))),
        (K::Gre, outer(47, &with(&[0x40, 0, 8, 0, 0, 0, 0, 0, 8, 0, 0, 4, 1, 2, 3, 4, 0, 0, 0, 0], &ip))),
        (K::Gre, outer(47, &with(&[0, 0, 0x86, 0xdd], &ip6))),
        (K::Gre, outer(47, &with(&[0, 0, 0x65, 0x58], &tagged))),
        (K::Gre, outer(47, &with(&[0, 0, 0x88, 0x47, 0, 0, 0x11, 64], &ip))),
        (K::Gre, outer(47, &with(&[0x30, 0x81, 0x88, 0x0b, 0, 30, 0, 9, 0, 0, 0, 1, 0, 0, 0, 2, 0xff, 3, 0, 0x21], &ip))),
        (K::Gre, outer(47, &with(&[0x30, 0x01, 0x88, 0x0b, 0, 30, 0, 9, 0, 0, 0, 1, 0x21], &ip))),
        (K::Gre, outer(47, &with(&[0, 0, 0x88, 0x3e, 1, 2, 3, 4], &ip))),
        (K::Erspan, outer(47, &with(&[0, 0, 0x88, 0xbe], &eth))),
        (K::Erspan, outer(47, &with(&[0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 7, 0, 1, 0, 0, 0, 0], &eth))),
        (K::Erspan, outer(47, &with(&[0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 7, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0], &eth))),
        (K::Erspan, outer(47, &with(&[0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 7, 0, 1, 0, 0, 0, 0, 0, 0, 0x08, 1,
            9, 9, 9, 9, 9, 9, 9, 9], &ip))),
        (K::EtherIp, outer(97, &with(&[0x30, 0], &eth))),
        (K::Mpls, outer(137, &with(&[0, 0, 0x11, 64], &ip))),
        (K::Mpls, over_udp(50_000, 6635, &[0, 0, 0x11, 64], &ip)),
        (K::Vxlan, over_udp(50_000, 4789, &[8, 0, 0, 0, 0, 0, 5, 0], &eth)),
        (K::Vxlan, over_udp(50_000, 8472, &[8, 0, 0, 0, 0, 0, 5, 0], &tagged)),
        (K::Vxlan, over_udp(50_000, 4790, &[0x0c, 0, 0, 1, 0, 0, 5, 0], &ip)),
        (K::Geneve, over_udp(50_000, 6081, &[1, 0, 0x65, 0x58, 0, 0, 5, 0, 1, 2, 3, 4], &eth)),
        (K::Geneve, over_udp(50_000, 6081, &[0, 0, 0x86, 0xdd, 0, 0, 5, 0], &ip6)),
        (K::Gtp, gtp(0x30, &[])),
        (K::Gtp, gtp(0x32, &[0, 1, 0, 0])),
        (K::Gtp, gtp(0x34, &[0, 0, 0, 0x85, 1, 0, 9, 0])),
        (K::Gtp, gtp(0x36, &[0, 1, 0, 0x85, 1, 0, 9, 0xc0, 2, 1, 2, 3, 4, 5, 6, 0])),
        (K::Teredo, teredo(&[])),
        (K::Teredo, teredo(&[0, 0, 1, 2, 3, 4, 5, 6])),
        (K::Teredo, teredo(&[0, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 1, 2, 3, 4, 5, 6])),
        (K::Capwap, over_udp(50_000, 5247, &[0, 0x10, 2, 0, 0, 0, 0, 0], &eth)),
        (K::Capwap, over_udp(5247, 50_000, &with(&[0, 0x20, 3, 0x10, 0, 0, 0, 0, 6, 1, 2, 3, 4, 5, 6, 0], &station(&[0x08, 0x01])), &ip)),
        (K::Capwap, over_udp(50_000, 5247, &with(&[0, 0x10, 3, 0, 0, 0, 0, 0], &station(&[0x01, 0x08])), &ip)),
        (K::L2tp, over_udp(1701, 1701, &[0, 2, 0, 1, 0, 2, 0xff, 3, 0, 0x21], &ip)),
        (K::L2tp, over_udp(1701, 1701, &[0x4a, 2, 0, 99, 0, 1, 0, 2, 0, 0, 0, 0, 0, 2, 7, 7, 0, 0x21], &ip)),
    ]
}

#[test]
fn every_tunnel_gives_the_packet_inside_and_the_addresses_outside() {
    for (at, (kind, bytes)) in every_tunnel().into_iter().enumerate() {
        let wrapped = ethernet(if bytes[0] >> 4 == 6 { 0x86dd } else { 0x0800 }, &bytes);
        let decoded = decode(&frame(1, &wrapped));
        let tunnel = decoded.tunnel.unwrap_or_else(|| panic!("{at} {kind:?}: {decoded:?}"));
        assert_eq!((tunnel.kind, tunnel.depth, decoded.stop, decoded.unread), (kind, 1, None, None), "{at}");
        let Some(Upper::Tcp(tcp)) = decoded.upper else { panic!("{at} {kind:?}: {decoded:?}") };
        assert_eq!((tcp.src_port, tcp.dest_port, decoded.payload), (40_000, 502, b"inside".as_slice()), "{at}");
        assert_eq!(decoded.payload_wire, WireLen(6), "{at} {kind:?}");
        if matches!(kind, TunnelKind::Vxlan | TunnelKind::Geneve | TunnelKind::Gtp | TunnelKind::L2tp) {
            let id = match kind {
                TunnelKind::Gtp => 7,
                TunnelKind::L2tp => 0x0001_0002,
                _ => 5,
            };
            assert_eq!(tunnel.id, Some(id), "{at} {kind:?}");
        }
        if bytes[0] >> 4 == 4 {
            assert_eq!((tunnel.src, tunnel.dest), ([192, 0, 2, 1].into(), [192, 0, 2, 2].into()), "{at}");
        }
    }
}

#[test]
fn f18_every_cut_of_every_tunnel_leaves_a_conversation_or_a_reason() {
    for (kind, bytes) in every_tunnel() {
        let wrapped = ethernet(if bytes[0] >> 4 == 6 { 0x86dd } else { 0x0800 }, &bytes);
        for cut in 0..wrapped.len() {
            let data = &wrapped[..cut];
            let decoded = decode(&Frame { time_ns: 0, link_type: 1, wire_len: WireLen(wrapped.len() as u32), data });
            let outside = if bytes[0] >> 4 == 6 { 54 } else { 34 };
            if cut >= outside + 8 {
                assert_eq!(decoded.stop, None, "{kind:?} cut at {cut}");
                assert!(decoded.network.is_some() && decoded.upper.is_some(), "{kind:?} cut at {cut}");
            }
            // Cut inside the inner payload: the inner conversation, as far as it was captured.
            if cut + 6 >= wrapped.len() {
                assert_eq!(decoded.tunnel.map(|tunnel| tunnel.kind), Some(kind), "cut at {cut}");
            }
        }
    }
}

#[test]
fn foreign_bytes_on_a_tunnels_port_stay_udp() {
    let ip = plain();
    let mut lying = over_udp(50_000, 4789, &[8, 0, 0, 0, 0, 0, 5, 0], &ethernet(0x0800, &ip));
    // The inner packet claims more than the datagram holds.
    let at = lying.len() - ip.len() + 2;
    lying[at..at + 2].copy_from_slice(&900u16.to_be_bytes());
    for bytes in [
        over_udp(50_000, 4789, b"GET / HTTP/1.1", &ip),
        over_udp(50_000, 4789, &[8, 0, 0, 0, 0, 0, 5, 1], &ethernet(0x0800, &ip)),
        over_udp(50_000, 6081, &[0, 0, 0x12, 0x34, 0, 0, 5, 0], &ip),
        over_udp(2152, 2152, &[0x32, 1, 0, 4, 0, 0, 0, 0], &[0; 4]),
        over_udp(2152, 2152, &[0x30, 0xff, 0, 4, 0, 0, 0, 0], b"text"),
        over_udp(3544, 50_000, &[0, 1, 9], &ip),
        over_udp(1701, 1701, &[0xc8, 2, 0, 12], &[0; 8]),
        over_udp(50_000, 6635, &[0; 40], &[0; 40]),
        // CAPWAP under DTLS, a keep-alive, what is only like a fragment.
        over_udp(50_000, 5247, &[1, 0, 0, 0, 22, 254, 253], &ip),
        over_udp(50_000, 5247, &[0, 0x10, 2, 0x80, 0, 1, 0, 1], &ethernet(0x0800, &ip)),
        over_udp(50_000, 5247, &[0, 0x10, 2, 0x80, 0, 1, 0, 0], &ethernet(0x0800, &ip)[..47]),
        over_udp(50_000, 5247, &[0, 0x10, 2, 0x08, 0, 0, 0, 0], &ethernet(0x0800, &ip)),
        lying,
    ] {
        let wrapped = ethernet(0x0800, &bytes);
        let decoded = decode(&frame(1, &wrapped));
        assert!(matches!(decoded.upper, Some(Upper::Udp { .. })), "{decoded:?}");
        assert_eq!((decoded.tunnel, decoded.unread, decoded.stop), (None, None, None));
    }
}

#[test]
fn fragments_of_capwap_say_where_they_belong() {
    let ip = plain();
    let inside = ethernet(0x0800, &ip);
    for (header, offset, more, of) in [
        ([0, 0x10, 2, 0x80, 0, 1, 0, 0], 0, true, Divided::CapwapEthernet),
        ([0, 0x10, 3, 0xc0, 0, 1, 0, 0x50], 0x50, false, Divided::CapwapWireless),
    ] {
        let part = if more { &inside[..48] } else { &inside[..] };
        let decoded = |ports: (u16, u16)| {
            let wrapped = ethernet(0x0800, &over_udp(ports.0, ports.1, &header, part));
            let decoded = decode(&frame(1, &wrapped));
            assert_eq!((decoded.payload, decoded.payload_wire.0 as usize), (part, part.len()));
            (decoded.fragment, decoded.tunnel, decoded.unread, decoded.stop)
        };
        let id = 50_000 << 16 | 1;
        let expected = (Some(Fragment { id, offset, more, of }), None, None, None);
        assert_eq!((decoded((50_000, 5247)), decoded((5247, 50_000))), (expected, expected));
    }
}

#[test]
fn what_cannot_be_read_leaves_the_tunnels_own_conversation() {
    let mut inner = plain();
    inner[0] = 0x41;
    let bytes = ethernet(0x0800, &outer(47, &[&[0, 0, 8, 0], inner.as_slice()].concat()));
    let decoded = decode(&frame(1, &bytes));
    assert_eq!((decoded.upper, decoded.unread), (Some(Upper::Other), Some(TunnelKind::Gre)));
    assert_eq!(decoded.network.map(|network| network.protocol), Some(47));
    // Encrypted PPP, a keep-alive, and an unknown protocol are no faults.
    for packet in
        [vec![0x30, 1, 0x88, 0x0b, 0, 4, 0, 9, 0, 0, 0, 1, 0, 0xfd, 1, 2], vec![0, 0, 0, 0], vec![0, 0, 0x12, 0x34]]
    {
        let bytes = ethernet(0x0800, &outer(47, &packet));
        let decoded = decode(&frame(1, &bytes));
        assert_eq!((decoded.upper, decoded.unread, decoded.stop), (Some(Upper::Other), None, None), "{packet:x?}");
    }
}

#[test]
fn ethernet_inside_may_carry_conversations_below_ip() {
    let arp = ethernet(0x0806, &[0; 28]);
    let bytes = ethernet(0x0800, &over_udp(50_000, 4789, &[8, 0, 0, 0, 0, 0, 5, 0], &arp));
    let decoded = decode(&frame(1, &bytes));
    assert_eq!((decoded.network, decoded.link.ether_type), (None, Some(0x0806)));
    assert_eq!(decoded.tunnel.map(|tunnel| tunnel.kind), Some(TunnelKind::Vxlan));
}

#[test]
fn f33_tunnels_are_followed_to_a_limit() {
    let mut packet = plain();
    for depth in 1..=MAX_TUNNEL_DEPTH {
        packet =
            if depth % 2 == 0 { outer(4, &packet) } else { outer(47, &[&[0, 0, 8, 0], packet.as_slice()].concat()) };
        let decoded = decode(&frame(101, &packet));
        assert_eq!(decoded.tunnel.map(|tunnel| tunnel.depth), Some(depth));
        assert_eq!(decoded.payload, b"inside");
    }
    packet = outer(4, &packet);
    assert_eq!(decode(&frame(101, &packet)).stop, Some(Stop::TunnelDepth));
    // Pseudo-wires in pseudo-wires, and VXLAN in VXLAN.
    let mut wire = ethernet(0x0800, &plain());
    for _ in 0..=MAX_TUNNEL_DEPTH {
        wire = ethernet(0x8847, &[&[0, 0, 0x11, 64, 0, 0, 0, 0], wire.as_slice()].concat());
    }
    assert_eq!(decode(&frame(1, &wire)).stop, Some(Stop::TunnelDepth));
    let mut overlay = ethernet(0x0800, &plain());
    for _ in 0..=MAX_TUNNEL_DEPTH {
        overlay = ethernet(0x0800, &over_udp(50_000, 4789, &[8, 0, 0, 0, 0, 0, 5, 0], &overlay));
    }
    assert_eq!(decode(&frame(1, &overlay)).stop, Some(Stop::TunnelDepth));
}

#[test]
fn joined_fragments_are_read_into_tunnels() {
    let gre = [&[0, 0, 8, 0], plain().as_slice()].concat();
    let network =
        Network { src: [192, 0, 2, 1].into(), dest: [192, 0, 2, 2].into(), protocol: 47, ttl: 9, dont_fragment: false };
    let whole = Rejoined { time_ns: 0, link: Link::default(), network, tunnel: None, of: Divided::Ip, payload: &gre };
    let decoded = resume(whole, Checksums::Ignore);
    assert_eq!((decoded.payload, decoded.tunnel.map(|t| t.depth)), (b"inside".as_slice(), Some(1)));
    let tunnel = Some(Tunnel { kind: TunnelKind::Vxlan, src: network.dest, dest: network.src, id: None, depth: 2 });
    let decoded = resume(Rejoined { tunnel, ..whole }, Checksums::Ignore);
    let tunnel = decoded.tunnel.unwrap();
    assert_eq!((tunnel.kind, tunnel.src, tunnel.depth), (TunnelKind::Gre, network.src, 3));
    let destination = [&[6, 0, 0, 0, 0, 0, 0, 0], tcp(b"opts", 0).as_slice()].concat();
    let network = Network { src: [0; 16].into(), dest: [1; 16].into(), protocol: 60, ttl: 9, dont_fragment: false };
    let decoded = resume(Rejoined { network, tunnel: None, payload: &destination, ..whole }, Checksums::Ignore);
    assert_eq!(decoded.payload, b"opts");
}

proptest! {
    /// Any damage to any tunnel: no panic, and what is read lies within the frame.
    #[test]
    fn f32_damaged_tunnels_are_survived(which in 0usize..33, damage in proptest::collection::vec((any::<u16>(), any::<u8>()), 1..8),
                                        cut in 0usize..200) {
        let tunnels = every_tunnel();
        let (_, bytes) = &tunnels[which % tunnels.len()];
        let mut wrapped = ethernet(if bytes[0] >> 4 == 6 { 0x86dd } else { 0x0800 }, bytes);
        for (at, byte) in damage {
            let length = wrapped.len();
            wrapped[usize::from(at) % length] = byte;
        }
        wrapped.truncate(wrapped.len().max(cut) - cut);
        for decoded in [decode(&frame(1, &wrapped)), crate::decode_checked(&frame(1, &wrapped))] {
            prop_assert!(decoded.payload.len() <= wrapped.len());
            prop_assert!(decoded.tunnel.is_none_or(|tunnel| tunnel.depth <= MAX_TUNNEL_DEPTH));
        }
    }
}
