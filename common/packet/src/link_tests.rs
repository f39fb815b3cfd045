//! Link types: serial lines, MPLS, radio captures; one packet behind every header.

use crate::tests::{ethernet, frame, ipv4, ipv6, udp};
use crate::*;
use pnet_packet::ip::IpNextHeaderProtocols;

fn v4() -> Vec<u8> {
    ipv4(IpNextHeaderProtocols::Udp, 0, &udp(b"q"))
}

fn v6() -> Vec<u8> {
    ipv6(17, &udp(b"q"))
}

fn with(head: &[u8], data: &[u8]) -> Vec<u8> {
    [head, data].concat()
}

#[track_caller]
fn is_read(link_type: u16, bytes: &[u8]) {
    let decoded = decode(&frame(link_type, bytes));
    assert_eq!(decoded.upper, Some(Upper::Udp { src_port: 53, dest_port: 5353 }), "{decoded:?}");
    assert_eq!((decoded.payload, decoded.stop), (b"q".as_slice(), None));
}

#[test]
fn serial_lines() {
    is_read(9, &with(&[0xff, 3, 0, 0x21], &v4()));
    is_read(9, &with(&[0, 0x57], &v6()));
    is_read(9, &with(&[0x0f, 0, 8, 0], &v4()));
    is_read(50, &with(&[0xff, 3, 0x21], &v4()));
    is_read(50, &with(&[0x8f, 0, 0x86, 0xdd], &v6()));
    is_read(104, &with(&[0x0f, 0, 0x88, 0x47, 0, 0, 0x11, 9], &v4()));
    is_read(204, &with(&[1, 0xff, 3, 0, 0x21], &v4()));
    is_read(166, &with(&[1, 3, 0, 0x21], &v4()));
    is_read(51, &with(&[0x11, 0, 0, 7, 0, 31, 0, 0x21], &v4()));
    let control = decode(&frame(9, &[0xff, 3, 0xc0, 0x21, 1, 1]));
    assert_eq!((control.network, control.stop, control.payload.len()), (None, None, 6));
    assert_eq!(decode(&frame(9, &[0xff, 3])).stop, Some(Stop::PppTruncated));
    assert_eq!(decode(&frame(104, &[0x0f, 0])).stop, Some(Stop::HdlcTruncated));
}

#[test]
fn pppoe_over_ethernet_with_padding() {
    let v4 = v4();
    let length = (v4.len() + 2) as u8;
    let mut session = with(&[0x11, 0, 0, 7, 0, length, 0, 0x21], &v4);
    session.extend([0xee; 10]);
    is_read(1, &ethernet(0x8864, &session));
    is_read(1, &ethernet(0x8100, &with(&[0, 5, 0x88, 0x64], &session)));
    let discovery = ethernet(0x8863, &[0x11, 9, 0, 0, 0, 0]);
    let decoded = decode(&frame(1, &discovery));
    assert_eq!((decoded.link.ether_type, decoded.stop), (Some(0x8863), None));
    let echo = ethernet(0x8864, &[0x11, 0, 0, 7, 0, 6, 0xc0, 0x21, 9, 0, 0, 4]);
    let decoded = decode(&frame(1, &echo));
    assert_eq!((decoded.link.ether_type, decoded.network, decoded.stop), (Some(0x8864), None, None));
    assert_eq!(decode(&frame(1, &ethernet(0x8864, &[0x11, 0, 0]))).stop, Some(Stop::PppoeTruncated));
}

#[test]
fn mpls_stacks_and_pseudo_wires() {
    const STACK: [u8; 8] = [0, 1, 0x00, 64, 0, 2, 0x11, 64];
    let inner = ethernet(0x0800, &v4());
    is_read(1, &ethernet(0x8847, &with(&STACK, &v4())));
    is_read(1, &ethernet(0x8848, &with(&STACK, &v6())));
    is_read(219, &with(&STACK, &v4()));
    is_read(1, &ethernet(0x8847, &with(&with(&STACK, &[0; 4]), &inner)));
    is_read(1, &ethernet(0x8847, &with(&STACK, &inner)));
    // An inner destination that begins like an IP version.
    let mut version = inner.clone();
    version[0] = 0x46;
    is_read(1, &ethernet(0x8847, &with(&STACK, &version)));
    let unknown = ethernet(0x8847, &with(&STACK, &[0x10, 0, 0, 7, 1, 2, 3]));
    let decoded = decode(&frame(1, &unknown));
    assert_eq!((decoded.link.ether_type, decoded.network, decoded.stop), (Some(0x8847), None, None));
    assert_eq!(decode(&frame(1, &ethernet(0x8847, &STACK[..6]))).stop, Some(Stop::MplsTruncated));
    let deep = ethernet(0x8847, &STACK[..4].repeat(MAX_LABELS + 1));
    assert_eq!(decode(&frame(1, &deep)).stop, Some(Stop::MplsDepth));
}

/// A data frame in the clear from station 2 by access point 1 to station 3.
fn wireless(kind: u8, flags: u8, rest: &[u8]) -> Vec<u8> {
    let snap = with(&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0], &v4());
    let mut bytes = vec![kind, flags, 0, 0];
    for station in [1u8, 2, 3] {
        bytes.extend([2, 0, 0, 0, 0, station]);
    }
    bytes.extend([0, 0]);
    bytes.extend(rest);
    bytes.extend(snap);
    bytes
}

#[test]
fn wireless_data_in_the_clear() {
    let plain = wireless(0x08, 0x01, &[]);
    is_read(105, &plain);
    let link = decode(&frame(105, &plain)).link;
    assert_eq!((link.src, link.dest), (Some([2, 0, 0, 0, 0, 2]), Some([2, 0, 0, 0, 0, 3])));
    is_read(105, &wireless(0x88, 0x02, &[0, 0]));
    is_read(105, &wireless(0x88, 0x83, &[2, 0, 0, 0, 0, 4, 0, 0, 1, 2, 3, 4]));
    let amsdu = with(&[0x80, 0, 2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 8, 0, 37], &[]);
    is_read(105, &wireless(0x88, 0x01, &amsdu));
    let protected = wireless(0x08, 0x41, &[]);
    let decoded = decode(&frame(105, &protected));
    assert_eq!((decoded.network, decoded.stop, decoded.link.src), (None, None, Some([2, 0, 0, 0, 0, 2])));
    let acknowledgement = decode(&frame(105, &[0xd4, 0, 0, 0, 2, 0, 0, 0, 0, 1]));
    assert_eq!((acknowledgement.link.src, acknowledgement.stop), (None, None));
    for cut in 0..24 {
        assert_eq!(decode(&frame(105, &plain[..cut])).stop, Some(Stop::WirelessTruncated), "cut at {cut}");
    }
}

#[test]
fn headers_of_capturing_radios() {
    let plain = wireless(0x08, 0x01, &[]);
    is_read(127, &with(&[0, 0, 8, 0, 0, 0, 0, 0], &plain));
    // Timer, flags: the frame check sequence stands behind.
    let mut radiotap = vec![0, 0, 26, 0, 3, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0];
    radiotap.extend([0; 8]);
    radiotap.extend([0x10, 0]);
    is_read(127, &[radiotap.as_slice(), &plain, &[1, 2, 3, 4]].concat());
    // Quality of service makes the header 26 bytes; two more fill it up.
    let padded = wireless(0x88, 0x01, &[0, 0, 0, 0]);
    is_read(127, &with(&[0, 0, 9, 0, 2, 0, 0, 0, 0x20], &padded));
    is_read(192, &with(&[0, 0, 8, 0, 105, 0, 0, 0], &plain));
    is_read(192, &with(&[0, 0, 8, 0, 1, 0, 0, 0], &ethernet(0x0800, &v4())));
    let mut prism = vec![0x44, 0, 0, 0, 144, 0, 0, 0];
    prism.resize(144, 0);
    is_read(119, &with(&prism, &plain));
    let mut avs = vec![0x80, 0x21, 0x10, 1, 0, 0, 0, 64];
    avs.resize(64, 0);
    is_read(163, &with(&avs, &plain));
    is_read(119, &with(&avs, &plain));
    for link_type in [119, 127, 163, 192] {
        assert_eq!(decode(&frame(link_type, &[0, 0, 99])).stop, Some(Stop::RadioTruncated), "{link_type}");
    }
    assert_eq!(decode(&frame(192, &[0, 0, 8, 0, 196, 0, 0, 0])).stop, Some(Stop::LinkType(196)));
}

#[test]
fn links_without_long_addresses_go_by_a_number() {
    for (link_type, number) in [(165, 0x0001), (195, 0x809a), (230, 0x809a)] {
        let decoded = decode(&frame(link_type, &[0x55, 0xff, 1, 2]));
        assert_eq!((decoded.link.ether_type, decoded.link.src, decoded.stop), (Some(number), None, None));
        assert_eq!(decoded.payload, [0x55, 0xff, 1, 2]);
    }
}

#[test]
fn what_a_sniffer_notes_stands_before_the_frame() {
    // The kind of checksum, then the frame.
    let tap = [0, 0, 12, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0x61, 0x88, 7];
    let decoded = decode(&frame(283, &tap));
    assert_eq!((decoded.link.ether_type, decoded.payload, decoded.stop), (Some(0x809a), &tap[12..], None));
    for wrong in [&tap[..11], &tap[..3], &[1, 0, 4, 0, 0x61], &[0, 0, 3, 0, 0x61]] {
        assert_eq!(decode(&frame(283, wrong)).stop, Some(Stop::RadioTruncated), "{wrong:?}");
    }
}
