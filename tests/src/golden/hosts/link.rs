//! ARP, LLDP, CDP and IPv6 neighbour discovery.

use super::{SECOND, START, frames, group};
use crate::golden::Made;
use crate::make::{Capture, Host, icmp6, layer2};

const BROADCAST: [u8; 6] = [0xff; 6];
const LLDP_GROUP: [u8; 6] = [0x01, 0x80, 0xc2, 0, 0, 0x0e];
const CDP_GROUP: [u8; 6] = [0x01, 0x00, 0x0c, 0xcc, 0xcc, 0xcc];

const fn octets(host: &Host) -> [u8; 4] {
    host.ip_octets()
}

fn arp(operation: u8, from: (&Host, [u8; 4]), to: ([u8; 6], [u8; 4]), frame_to: [u8; 6]) -> Vec<u8> {
    let mut packet = vec![0, 1, 8, 0, 6, 4, 0, operation];
    packet.extend(from.0.mac);
    packet.extend(from.1);
    packet.extend(to.0);
    packet.extend(to.1);
    packet.resize(46, 0);
    layer2(from.0.mac, frame_to, 0x0806, &packet)
}

/// A question and its answer, again and again; a probe and an announcement.
fn resolution() -> Capture {
    let (a, b, c) = (Host::new(1, "192.0.2.10"), Host::new(2, "192.0.2.20"), Host::new(3, "192.0.2.30"));
    let mut all = Vec::new();
    for _ in 0..3 {
        all.push(arp(1, (&a, octets(&a)), ([0; 6], octets(&b)), BROADCAST));
        all.push(arp(2, (&b, octets(&b)), (a.mac, octets(&a)), a.mac));
    }
    all.push(arp(1, (&c, [0; 4]), ([0; 6], octets(&c)), BROADCAST));
    all.push(arp(1, (&c, octets(&c)), ([0; 6], octets(&c)), BROADCAST));
    frames(all)
}

/// Two stations claim one address.
fn conflict() -> Capture {
    let (a, b) = (Host::new(1, "192.0.2.10"), Host::new(9, "192.0.2.10"));
    frames(vec![
        arp(1, (&a, octets(&a)), ([0; 6], [192, 0, 2, 1]), BROADCAST),
        arp(2, (&b, octets(&b)), ([2; 6], [192, 0, 2, 77]), [0x02, 0x50, 0, 0, 0, 7]),
    ])
}

/// Reverse ARP, another network, a packet that ends early in a conversation that is known.
fn odd_arp() -> Capture {
    let a = Host::new(1, "192.0.2.10");
    let mut cut = arp(1, (&a, octets(&a)), ([0; 6], [192, 0, 2, 1]), BROADCAST);
    cut.truncate(14 + 12);
    let mut token_ring = vec![0, 6, 8, 0, 6, 4, 0, 1];
    token_ring.extend([1; 20]);
    frames(vec![
        arp(3, (&a, [0; 4]), (a.mac, [0; 4]), BROADCAST),
        arp(1, (&a, octets(&a)), ([0; 6], [192, 0, 2, 1]), BROADCAST),
        cut,
        layer2([0x02, 0x50, 0, 0, 0, 5], BROADCAST, 0x0806, &token_ring),
    ])
}

fn element(kind: u8, value: &[u8]) -> Vec<u8> {
    let head = u16::from(kind) << 9 | value.len() as u16;
    [&head.to_be_bytes()[..], value].concat()
}

fn lldp(from: [u8; 6], chassis: &[u8], more: &[Vec<u8>]) -> Vec<u8> {
    let mut packet = [element(1, chassis), element(2, b"\x05port-001"), element(3, &[0, 120])].concat();
    packet.extend(more.concat());
    packet.extend([0, 0]);
    packet.resize(packet.len().max(46), 0);
    layer2(from, LLDP_GROUP, 0x88cc, &packet)
}

fn switch() -> Capture {
    let host = Host::new(11, "192.0.2.11");
    let chassis = [&[4][..], &host.mac].concat();
    let management = [&[5, 1][..], &octets(&host), &[2, 0, 0, 0, 1, 0]].concat();
    let more = [
        element(5, b"SW-Hall-1.plant.example"),
        element(6, b"Example Networks, ES-24, Version 4.5.1"),
        element(7, &[0, 0x14, 0, 0x14]),
        element(8, &management),
    ];
    let announcement = lldp([host.mac[0], host.mac[1], 0, 0, 0, 0xb1], &chassis, &more);
    frames(vec![announcement.clone(), announcement])
}

fn controller() -> Capture {
    let station = |name: &[u8]| [&[7][..], name].concat();
    frames(vec![lldp(Host::new(12, "192.0.2.12").mac, &station(b"plc-press-4"), &[element(4, b"Ethernet port 1")])])
}

/// The inventory of LLDP-MED; then an announcement whose last element lies about its length.
fn phone() -> Capture {
    let host = Host::new(13, "192.0.2.13");
    let med = |kind: u8, text: &[u8]| element(127, &[&[0x00, 0x12, 0xbb, kind][..], text].concat());
    let network = [&[5, 1][..], &octets(&host)].concat();
    let more = [
        element(7, &[0, 0x24, 0, 0x20]),
        med(6, b"2.3.4"),
        med(9, b"Example Phones"),
        med(10, b"EP-300"),
        element(6, b"Linux 5.10 armv7"),
    ];
    let whole = lldp(host.mac, &network, &more);
    let mut damaged = lldp(host.mac, &network, &[element(5, b"x")]);
    damaged.truncate(14 + 21);
    frames(vec![whole, damaged])
}

fn cdp(from: [u8; 6], elements: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let mut packet = vec![0xaa, 0xaa, 3, 0, 0, 0x0c, 0x20, 0, 2, 180, 0, 0];
    for (kind, value) in elements {
        packet.extend(kind.to_be_bytes());
        packet.extend((value.len() as u16 + 4).to_be_bytes());
        packet.extend(value);
    }
    let length = packet.len() as u16;
    layer2(from, CDP_GROUP, length, &packet)
}

fn address(ip: [u8; 4]) -> Vec<u8> {
    [&[0, 0, 0, 1, 1, 1, 0xcc, 0, 4][..], &ip].concat()
}

fn cdp_captures() -> Vec<Made> {
    let router = [
        (1, b"edge-1.plant.example".to_vec()),
        (2, address([192, 0, 2, 14])),
        (3, b"GigabitEthernet0/1".to_vec()),
        (4, vec![0, 0, 0, 0x29]),
        (5, b"Example OS Software, Version 15.2(7)E\nCopyright".to_vec()),
        (6, b"example WS-24".to_vec()),
    ];
    let phone = [(1, b"SEP001122334455".to_vec()), (4, vec![0, 0, 0, 0x90]), (6, b"Example IP Phone 7".to_vec())];
    let mut cut = cdp(Host::new(16, "192.0.2.16").mac, &[(1, b"switch".to_vec()), (6, b"x".to_vec())]);
    // The last element says 40 bytes and has one.
    let at = cut.len() - 2;
    cut[at] = 40;
    vec![
        ("cdp", "router", frames(vec![cdp(Host::new(14, "192.0.2.14").mac, &router)])),
        ("cdp", "phone", frames(vec![cdp(Host::new(15, "192.0.2.15").mac, &phone)])),
        ("cdp", "damaged", frames(vec![cdp(Host::new(16, "192.0.2.16").mac, &router[..1]), cut])),
    ]
}

fn nd_captures() -> Vec<Made> {
    let (a, b) = (Host::new(21, "2001:db8::21"), Host::new(22, "2001:db8::22"));
    let router = Host::new(23, "fe80::1");
    let all = group("ff02::1");
    let target = |host: &Host| match host.ip {
        std::net::IpAddr::V6(v6) => v6.octets(),
        std::net::IpAddr::V4(_) => [0; 16],
    };
    let option = |kind: u8, mac: [u8; 6]| [&[kind, 1][..], &mac].concat();
    let solicitation = |from: &Host, to: &Host| [&[0; 4][..], &target(to), &option(1, from.mac)].concat();
    let advertisement = |of: &Host| [&[0x60, 0, 0, 0][..], &target(of), &option(2, of.mac)].concat();
    let mut neighbours = Capture::default();
    icmp6(&mut neighbours, START, &a, &group("ff02::1:ff00:22"), (135, 0), &solicitation(&a, &b));
    icmp6(&mut neighbours, START + 1_000_000, &b, &a, (136, 0), &advertisement(&b));
    let mut routers = Capture::default();
    let advertised = |seconds: [u8; 2]| {
        let head = [&[64, 0][..], &seconds, &[0; 8]].concat();
        [head, option(1, router.mac), vec![5, 1, 0, 0, 0, 0, 5, 0xdc]].concat()
    };
    icmp6(&mut routers, START, &a, &group("ff02::2"), (133, 0), &[&[0; 4][..], &option(1, a.mac)].concat());
    icmp6(&mut routers, START + 1_000_000, &router, &all, (134, 0), &advertised([7, 8]));
    // An echo is no discovery; an option without length is damage in a conversation that is known.
    let mut odd = Capture::default();
    icmp6(&mut odd, START, &a, &b, (128, 0), b"\x00\x01\x00\x01abcdefghijklmnopqrstuvwx");
    icmp6(&mut odd, START, &b, &a, (129, 0), b"\x00\x01\x00\x01abcdefghijklmnopqrstuvwx");
    let third = Host::new(24, "2001:db8::24");
    icmp6(&mut odd, START + SECOND, &third, &a, (135, 0), &solicitation(&third, &a));
    icmp6(&mut odd, START + 2 * SECOND, &third, &a, (135, 0), &[&[0; 4][..], &target(&a), &[1, 0]].concat());
    vec![("nd", "neighbours", neighbours), ("nd", "routers", routers), ("nd", "odd", odd)]
}

pub(super) fn captures() -> Vec<Made> {
    let mut all = vec![
        ("arp", "resolution", resolution()),
        ("arp", "conflict", conflict()),
        ("arp", "odd", odd_arp()),
        ("lldp", "switch", switch()),
        ("lldp", "controller", controller()),
        ("lldp", "phone", phone()),
    ];
    all.extend(cdp_captures());
    all.extend(nd_captures());
    all
}
