//! Decoding against an independent implementation, cut frames, and laws.

use super::*;
use pnet_packet::Packet as _;
use pnet_packet::ethernet::{EtherType, EtherTypes, EthernetPacket, MutableEthernetPacket};
use pnet_packet::ip::{IpNextHeaderProtocol, IpNextHeaderProtocols};
use pnet_packet::ipv4::{Ipv4Packet, MutableIpv4Packet};
use pnet_packet::ipv6::{Ipv6Packet, MutableIpv6Packet};
use pnet_packet::tcp::{MutableTcpPacket, TcpPacket};
use pnet_packet::udp::{MutableUdpPacket, UdpPacket};
use proptest::prelude::*;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub(crate) fn frame(link_type: u16, data: &[u8]) -> Frame<'_> {
    Frame { time_ns: 0, link_type, wire_len: WireLen(data.len() as u32), data }
}

pub(crate) fn ethernet(kind: u16, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 14 + payload.len()];
    let mut packet = MutableEthernetPacket::new(&mut bytes).unwrap();
    packet.set_source([2, 0, 0, 0, 0, 1].into());
    packet.set_destination([2, 0, 0, 0, 0, 2].into());
    packet.set_ethertype(EtherType::new(kind));
    packet.set_payload(payload);
    bytes
}

pub(crate) fn tcp(payload: &[u8], options: usize) -> Vec<u8> {
    let mut bytes = vec![1; 20 + options * 4 + payload.len()];
    let mut packet = MutableTcpPacket::new(&mut bytes).unwrap();
    packet.set_source(40_000);
    packet.set_destination(502);
    packet.set_sequence(0x0102_0304);
    packet.set_acknowledgement(0x0506_0708);
    packet.set_data_offset(5 + options as u8);
    packet.set_flags(TcpHeader::SYN | TcpHeader::ACK);
    packet.set_window(1024);
    packet.set_payload(payload);
    bytes
}

pub(crate) fn udp(payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 8 + payload.len()];
    let mut packet = MutableUdpPacket::new(&mut bytes).unwrap();
    packet.set_source(53);
    packet.set_destination(5353);
    packet.set_length(8 + payload.len() as u16);
    packet.set_payload(payload);
    bytes
}

pub(crate) fn ipv4(protocol: IpNextHeaderProtocol, options: usize, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 20 + options * 4 + payload.len()];
    let total = bytes.len() as u16;
    let mut packet = MutableIpv4Packet::new(&mut bytes).unwrap();
    packet.set_version(4);
    packet.set_header_length(5 + options as u8);
    packet.set_total_length(total);
    packet.set_ttl(64);
    packet.set_next_level_protocol(protocol);
    packet.set_source(Ipv4Addr::new(10, 0, 0, 1));
    packet.set_destination(Ipv4Addr::new(10, 0, 0, 2));
    bytes[20 + options * 4..].copy_from_slice(payload);
    bytes
}

pub(crate) fn ipv6(next: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 40 + payload.len()];
    let mut packet = MutableIpv6Packet::new(&mut bytes).unwrap();
    packet.set_version(6);
    packet.set_payload_length(payload.len() as u16);
    packet.set_next_header(IpNextHeaderProtocol::new(next));
    packet.set_hop_limit(9);
    packet.set_source(Ipv6Addr::LOCALHOST);
    packet.set_destination(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1));
    packet.set_payload(payload);
    bytes
}

#[test]
fn tcp_over_ipv4_with_padding_and_options() {
    let mut bytes = ethernet(0x0800, &ipv4(IpNextHeaderProtocols::Tcp, 2, &tcp(b"abc", 3)));
    bytes.extend_from_slice(&[0xee; 11]);
    let decoded = decode(&frame(1, &bytes));
    assert_eq!(decoded.stop, None);
    assert_eq!(decoded.payload, b"abc");
    assert_eq!(decoded.payload_wire, WireLen(3));
    let network = decoded.network.unwrap();
    assert_eq!((network.src, network.ttl), (IpAddr::from([10, 0, 0, 1]), 64));
    let Some(Upper::Tcp(header)) = decoded.upper else { panic!("{decoded:?}") };
    assert_eq!((header.src_port, header.dest_port, header.seq), (40_000, 502, 0x0102_0304));
    assert_eq!((header.ack, header.flags, header.window), (0x0506_0708, 0x12, 1024));
    assert_eq!(decoded.link.src, Some([2, 0, 0, 0, 0, 1]));
}

#[test]
fn length_zero_from_offload_takes_what_was_captured() {
    let mut datagram = ipv4(IpNextHeaderProtocols::Tcp, 0, &tcp(b"offload", 0));
    datagram[2..4].fill(0);
    let bytes = ethernet(0x0800, &datagram);
    let decoded = decode(&frame(1, &bytes));
    assert_eq!((decoded.payload, decoded.payload_wire), (b"offload".as_slice(), WireLen(7)));
}

#[test]
fn vlan_stack_keeps_its_ids_and_ends_at_its_limit() {
    let inner = ipv4(IpNextHeaderProtocols::Udp, 0, &udp(b"x"));
    let mut tagged = vec![0x20, 0x64, 0x81, 0x00, 0x00, 0x05, 0x08, 0x00];
    tagged.extend_from_slice(&inner);
    let bytes = ethernet(0x88a8, &tagged);
    let decoded = decode(&frame(1, &bytes));
    assert_eq!((decoded.link.vlan, decoded.link.ether_type), (VlanIds::of([100, 5]), Some(0x0800)));
    assert_eq!(decoded.upper, Some(Upper::Udp { src_port: 53, dest_port: 5353 }));
    let deep = ethernet(0x8100, &[0x00, 0x01, 0x81, 0x00].repeat(MAX_VLAN_DEPTH + 1));
    let decoded = decode(&frame(1, &deep));
    assert_eq!((decoded.stop, decoded.link.vlan.iter().count()), (Some(Stop::VlanDepth), MAX_VLAN_DEPTH));
}

#[test]
fn link_conversations_keep_their_type() {
    let goose = ethernet(0x88b8, &[0, 1, 0, 8]);
    let decoded = decode(&frame(1, &goose));
    assert_eq!((decoded.link.ether_type, decoded.network, decoded.stop), (Some(0x88b8), None, None));
    let stp = ethernet(3, &[0x42, 0x42, 3, 0xee, 0xee]);
    let decoded = decode(&frame(1, &stp));
    assert_eq!((decoded.link.ether_type, decoded.payload), (Some(0x42), [0x42, 0x42, 3].as_slice()));
    let cdp = ethernet(10, &[0xaa, 0xaa, 3, 0, 0, 0x0c, 0x20, 0, 1, 2]);
    let decoded = decode(&frame(1, &cdp));
    assert_eq!((decoded.link.ether_type, decoded.payload), (Some(0x2000), [1, 2].as_slice()));
}

#[test]
fn other_link_types() {
    let v4 = ipv4(IpNextHeaderProtocols::Udp, 0, &udp(b"q"));
    let v6 = ipv6(17, &udp(b"q"));
    let with = |head: &[u8], data: &[u8]| [head, data].concat();
    let sll = [0, 0, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, 8, 0];
    let sll2 = [8, 0, 0, 0, 0, 0, 0, 3, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0];
    let cases = [
        (101, v4.clone()),
        (12, v6.clone()),
        (14, v4.clone()),
        (228, v4.clone()),
        (229, v6.clone()),
        (0, with(&[2, 0, 0, 0], &v4)),
        (0, with(&[0, 0, 0, 30], &v6)),
        (108, with(&[0, 0, 0, 2], &v4)),
        (113, with(&sll, &v4)),
        (276, with(&sll2, &v4)),
    ];
    for (link_type, bytes) in cases {
        let decoded = decode(&frame(link_type, &bytes));
        assert_eq!(decoded.upper, Some(Upper::Udp { src_port: 53, dest_port: 5353 }), "link type {link_type}");
        assert_eq!(decoded.payload, b"q");
    }
    assert_eq!(decode(&frame(113, &with(&sll, &v4))).link.src, Some([1, 2, 3, 4, 5, 6]));
    assert_eq!(decode(&frame(147, &v4)).stop, Some(Stop::LinkType(147)));
    assert_eq!(decode(&frame(0, &[7, 0, 0, 0, 1])).stop, Some(Stop::LoopbackFamily));
    assert_eq!(decode(&frame(101, &[0x50])).stop, Some(Stop::IpVersion));
}

#[test]
fn fragments_are_recognised() {
    let mut datagram = ipv4(IpNextHeaderProtocols::Udp, 0, b"12345678");
    datagram[4..8].copy_from_slice(&[0xab, 0xcd, 0x20, 0x02]);
    let bytes = ethernet(0x0800, &datagram);
    let decoded = decode(&frame(1, &bytes));
    assert_eq!(decoded.fragment, Some(Fragment { id: 0xabcd, offset: 16, more: true, of: Divided::Ip }));
    assert_eq!((decoded.upper, decoded.payload), (None, b"12345678".as_slice()));
    let six = ipv6(44, &[17, 0, 0, 9, 0, 1, 2, 3, b'a', b'b']);
    let decoded = decode(&frame(101, &six));
    assert_eq!(decoded.fragment, Some(Fragment { id: 0x0001_0203, offset: 8, more: true, of: Divided::Ip }));
    assert_eq!(decoded.payload, b"ab");
}

#[test]
fn f33_extension_headers_are_stepped_over_to_a_limit() {
    let hop = [60u8, 0, 0, 0, 0, 0, 0, 0];
    let last = [17u8, 0, 0, 0, 0, 0, 0, 0];
    let mut chain = [hop, last].concat();
    chain.extend_from_slice(&udp(b"deep"));
    let bytes = ipv6(0, &chain);
    let decoded = decode(&frame(101, &bytes));
    assert_eq!((decoded.payload, decoded.payload_wire), (b"deep".as_slice(), WireLen(4)));
    let deep = ipv6(60, &hop.repeat(MAX_EXTENSIONS + 1));
    assert_eq!(decode(&frame(101, &deep)).stop, Some(Stop::Ipv6ExtensionDepth));
}

#[test]
fn every_cut_names_its_layer() {
    let whole = ethernet(0x0800, &ipv4(IpNextHeaderProtocols::Tcp, 0, &tcp(b"payload", 1)));
    for cut in 0..whole.len() {
        let data = &whole[..cut];
        let decoded = decode(&Frame { time_ns: 0, link_type: 1, wire_len: WireLen(whole.len() as u32), data });
        let expected = match cut {
            0..14 => Some(Stop::EthernetTruncated),
            14..34 => Some(Stop::Ipv4Truncated),
            34..54 => Some(Stop::TcpTruncated),
            _ => None,
        };
        assert_eq!(decoded.stop, expected, "cut at {cut}");
        if cut >= 54 {
            assert_eq!(decoded.payload_wire, WireLen(7));
            assert_eq!(decoded.payload.len(), cut.saturating_sub(58));
        }
    }
}

#[test]
fn lying_lengths_are_refused() {
    let mut short = ipv4(IpNextHeaderProtocols::Udp, 0, &udp(b"x"));
    short[3] = 19;
    assert_eq!(decode(&frame(101, &short)).stop, Some(Stop::Ipv4TotalLength));
    short[0] = 0x44;
    assert_eq!(decode(&frame(101, &short)).stop, Some(Stop::Ipv4HeaderLength));
    let mut segment = tcp(b"", 0);
    segment[12] = 0xf0;
    let bytes = ipv4(IpNextHeaderProtocols::Tcp, 0, &segment);
    assert_eq!(decode(&frame(101, &bytes)).stop, Some(Stop::TcpHeaderLength));
    let mut datagram = udp(b"x");
    datagram[5] = 7;
    let bytes = ipv4(IpNextHeaderProtocols::Udp, 0, &datagram);
    assert_eq!(decode(&frame(101, &bytes)).stop, Some(Stop::UdpLength));
}

proptest! {
    /// Any bytes under any link type are decoded without a panic, and the payload lies within the frame.
    #[test]
    fn never_panics(link_type in prop_oneof![Just(1u16), Just(0), Just(12), Just(101), Just(113), Just(276), any::<u16>()],
                    wire in any::<u32>(), bytes: Vec<u8>) {
        let decoded = decode(&Frame { time_ns: 0, link_type, wire_len: WireLen(wire), data: &bytes });
        prop_assert!(decoded.payload.len() <= bytes.len());
        prop_assert!(decoded.stop.is_some() || decoded.payload.len() <= decoded.payload_wire.0 as usize
            || decoded.network.is_none());
    }

    /// What is read in one go is what decoding gives, for headers as they are usual and with any of their bytes changed.
    #[test]
    fn plain_frames_are_those_that_decoding_gives(is_tcp: bool, payload in proptest::collection::vec(any::<u8>(), 0..40),
            padding in 0usize..8, options in 0usize..3, changes in proptest::collection::vec((0usize..70, any::<u8>()), 0..3)) {
        let upper = if is_tcp { tcp(&payload, options) } else { udp(&payload) };
        let next = if is_tcp { IpNextHeaderProtocols::Tcp } else { IpNextHeaderProtocols::Udp };
        let mut bytes = ethernet(0x0800, &ipv4(next, 0, &upper));
        bytes.extend(vec![0; padding]);
        for (at, value) in &changes {
            if let Some(byte) = bytes.get_mut(*at) {
                *byte = *value;
            }
        }
        let frame = frame(1, &bytes);
        let (decoded, plain) = (decode(&frame), plain(&frame));
        prop_assert!(plain.is_some() || !changes.is_empty());
        if let Some(plain) = plain {
            let network = decoded.network.unwrap();
            prop_assert_eq!((IpAddr::from(Ipv4Addr::from(plain.src)), IpAddr::from(Ipv4Addr::from(plain.dest))), (network.src, network.dest));
            prop_assert_eq!((plain.protocol, plain.ttl, Some(plain.upper)), (network.protocol, network.ttl, decoded.upper));
            prop_assert_eq!((plain.payload, plain.payload.len()), (decoded.payload, decoded.payload_wire.0 as usize));
            prop_assert_eq!(bytes.as_ptr_range().end.addr() - plain.payload.as_ptr_range().end.addr(), plain.behind);
            prop_assert!(decoded.stop.is_none() && decoded.fragment.is_none() && decoded.tunnel.is_none());
            prop_assert!(decoded.unread.is_none() && decoded.link.vlan.is_empty());
        }
    }

    /// The same fields as pnet reads, on random headers that are whole.
    #[test]
    fn agrees_with_pnet(v6: bool, is_tcp: bool, mut bytes in proptest::collection::vec(any::<u8>(), 80..200)) {
        let kind = if v6 { EtherTypes::Ipv6 } else { EtherTypes::Ipv4 };
        bytes[12..14].copy_from_slice(&kind.0.to_be_bytes());
        let ip_len = bytes.len() - 14;
        let protocol = if is_tcp { 6 } else { 17 };
        if v6 {
            bytes[14] = 0x60;
            bytes[18..20].copy_from_slice(&((ip_len - 40) as u16).to_be_bytes());
            bytes[20] = protocol;
        } else {
            bytes[14] = 0x45;
            bytes[16..18].copy_from_slice(&(ip_len as u16).to_be_bytes());
            bytes[20..22].fill(0);
            bytes[23] = protocol;
        }
        let upper_at = if v6 { 54 } else { 34 };
        if is_tcp { bytes[upper_at + 12] = 0x50; } else {
            let length = (bytes.len() - upper_at) as u16;
            bytes[upper_at + 4..upper_at + 6].copy_from_slice(&length.to_be_bytes());
        }
        let decoded = decode(&frame(1, &bytes));
        let outer = EthernetPacket::new(&bytes).unwrap();
        prop_assert_eq!(decoded.link.src, Some(outer.get_source().octets()));
        let network = decoded.network.unwrap();
        let (src, dest, payload): (IpAddr, IpAddr, Vec<u8>) = if v6 {
            let p = Ipv6Packet::new(outer.payload()).unwrap();
            (p.get_source().into(), p.get_destination().into(), p.payload().to_vec())
        } else {
            let p = Ipv4Packet::new(outer.payload()).unwrap();
            (p.get_source().into(), p.get_destination().into(), p.payload().to_vec())
        };
        prop_assert_eq!((network.src, network.dest), (src, dest));
        match decoded.upper {
            Some(Upper::Tcp(h)) => {
                let p = TcpPacket::new(&payload).unwrap();
                prop_assert_eq!((h.src_port, h.dest_port, h.seq, h.ack),
                    (p.get_source(), p.get_destination(), p.get_sequence(), p.get_acknowledgement()));
                prop_assert_eq!((h.flags, h.window), (p.get_flags(), p.get_window()));
                prop_assert_eq!(decoded.payload, p.payload());
            }
            Some(Upper::Udp { src_port, dest_port }) => {
                let p = UdpPacket::new(&payload).unwrap();
                prop_assert_eq!((src_port, dest_port), (p.get_source(), p.get_destination()));
                prop_assert_eq!(decoded.payload, p.payload());
            }
            other => prop_assert!(false, "{:?}", other),
        }
    }
}

#[test]
fn f39_wrong_checksums_are_stopped_at_where_asked_for() {
    let right = |datagram: &mut Vec<u8>| {
        let header = Ipv4Packet::new(datagram).unwrap();
        let sum = pnet_packet::ipv4::checksum(&header);
        MutableIpv4Packet::new(datagram).unwrap().set_checksum(sum);
    };
    let (a, b) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2));
    let mut segment = tcp(b"odd", 1);
    segment[16..18].fill(0);
    let sum = pnet_packet::tcp::ipv4_checksum(&TcpPacket::new(&segment).unwrap(), &a, &b);
    segment[16..18].copy_from_slice(&sum.to_be_bytes());
    let mut whole = ipv4(IpNextHeaderProtocols::Tcp, 1, &segment);
    right(&mut whole);
    assert_eq!(decode_checked(&frame(101, &whole)).stop, None);
    let mut datagram = udp(b"q");
    assert_eq!(
        decode_checked(&frame(101, &{
            let mut bytes = ipv4(IpNextHeaderProtocols::Udp, 0, &datagram);
            right(&mut bytes);
            bytes
        }))
        .stop,
        None,
        "no checksum was made"
    );
    datagram[6] = 1;
    let six = ipv6(17, &datagram);
    assert_eq!(decode_checked(&frame(101, &six)).stop, Some(Stop::ChecksumUdp));
    let mut echo = ipv4(IpNextHeaderProtocols::Icmp, 0, &[8, 0, 0xf7, 0xff, 0, 0, 0, 0]);
    right(&mut echo);
    assert_eq!(decode_checked(&frame(101, &echo)).stop, None);
    echo[23] = 1;
    assert_eq!(decode_checked(&frame(101, &echo)).stop, Some(Stop::ChecksumIcmp));
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x10;
        let decoded = decode_checked(&frame(101, &damaged));
        assert!(decoded.stop.is_some(), "a changed byte at {at}");
        assert!(at < 24 || decoded.stop == Some(Stop::ChecksumTcp));
    }
    // What the snap length cut cannot be checked.
    let data = &whole[..whole.len() - 1];
    let cut = Frame { time_ns: 0, link_type: 101, wire_len: WireLen(whole.len() as u32), data };
    assert_eq!(decode_checked(&cut).stop, None);
}
