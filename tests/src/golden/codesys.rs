//! CODESYS V3 conversations: every command over UDP and TCP, the name service, channels, and how reading fails well.

use super::iso::{START, hosts};
use crate::make::{Capture, Tcp, udp};
use picket_event::Direction;

/// A datagram of the router: its service, and what it carries at a place that four divides.
fn routed(service: u8, sender: &[u8], inside: &[u8]) -> Vec<u8> {
    let mut all = vec![0xc5, 0x6b, 0x40, service, 0, (sender.len() / 2) as u8 * 16];
    all.extend(sender);
    while !all.len().is_multiple_of(4) {
        all.push(0);
    }
    [&all[..], inside].concat()
}

/// A service in the first block of a message; answers have the upper bit in their component.
fn service(group: u8, command: u8, answer: bool) -> Vec<u8> {
    let group = if answer { group | 0x80 } else { group };
    let mut inside = vec![1, 0x81, 7, 0, 1, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0, 9, 9, 9, 9, 0x55, 0xcd, 16, 0];
    inside.extend([group, 0, command, 0, 0x11, 0x22, 0x33, 0x44, 0, 0, 0, 0, 0, 0, 0, 0]);
    routed(64, &[0, 5], &inside)
}

fn channel(kind: u8) -> Vec<u8> {
    routed(64, &[0, 5], &[kind, 0, 1, 1, 9, 9, 9, 9, 1, 0, 0, 0, 0, 0x40, 0x1f, 0, 5, 0, 0, 0])
}

fn blocked(datagram: &[u8]) -> Vec<u8> {
    [&[0, 1, 0x17, 0xe8][..], &(datagram.len() as u32 + 8).to_le_bytes(), datagram].concat()
}

/// Every command of the table, and some that nobody knows.
fn commands() -> Vec<(u8, u8)> {
    let mut all: Vec<(u8, u8)> = (1..=0x0b).map(|code| (1, code)).collect();
    all.extend((1..=0x09).chain(0x10..=0x19).chain(0x20..=0x29).chain(0x30..=0x37).map(|code| (2, code)));
    all.extend((1..=0x0b).map(|code| (9, code)));
    all.extend(
        [3, 4, 5, 6, 7, 8, 0x0b, 0x0c, 0x0f, 0x11, 0x12, 0x13, 0x18, 0x1d, 0x1f, 0x22, 0x55].map(|group| (group, 1)),
    );
    all.extend([1, 2, 3].map(|code| (0x1b, code)));
    all
}

/// A channel is opened, every command is given, the channel is closed. Blocks over TCP.
fn functions(port: u16) -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::open(&mut capture, START, (&client, 49_600), (&server, port));
    tcp.to_server(&blocked(&channel(0xc3))).to_client(&blocked(&channel(0x83)));
    for (group, command) in commands() {
        tcp.to_server(&blocked(&service(group, command, false)));
        tcp.to_client(&blocked(&service(group, command, true)));
    }
    let acknowledged = routed(64, &[0, 5], &[2, 0x80, 7, 0, 1, 0, 0, 0]);
    let more = routed(64, &[0, 5], &[1, 0x80, 7, 0, 2, 0, 0, 0, 1, 0, 0, 0, 5, 5, 5]);
    tcp.to_server(&[blocked(&more), blocked(&acknowledged)].concat());
    tcp.to_server(&blocked(&channel(0xc2))).to_server(&blocked(&channel(0xc4)));
    tcp.close();
    capture
}

/// Devices are looked for, and one tells of itself; then a program is stopped.
fn discovery() -> Capture {
    let (client, server) = hosts();
    let (c, s) = ((&client, 1740), (&server, 1740));
    let mut capture = Capture::default();
    let wide = |text: &str| text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let mut told = vec![0x80, 0xc2, 0, 4, 1, 0, 0, 0, 4, 0, 1, 0, 2, 0, 5, 0, 7, 0, 13, 0];
    told.extend([0, 0x10, 0, 0, 2, 0, 0, 0, 40, 15, 5, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0xaa, 0xbb]);
    told.extend([wide("press"), wide("PLC-200"), wide("Example Works")].concat());
    let messages = [
        (true, routed(1, &[0, 0x4b], &[])),
        (false, routed(2, &[0, 0, 0xff, 0x2a], &[])),
        (true, routed(3, &[0, 0x4b], &[2, 0xc2, 0, 4, 1, 0, 0, 0])),
        (false, routed(4, &[0, 5], &told)),
        (true, routed(64, &[0, 5], &[3, 0, 7, 0])),
        (true, service(2, 0x11, false)),
        (false, service(2, 0x11, true)),
        (true, vec![0xc5, 0x6b, 0x40, 99, 0, 0x10, 0, 5, 1]),
    ];
    for (number, (asks, message)) in (0i64..).zip(&messages) {
        let (from, to) = if *asks { (c, s) } else { (s, c) };
        udp(&mut capture, START + number * 2_000_000, from, to, message);
    }
    capture
}

/// Blocks of one byte a segment; bytes lost in the middle, something that is no block, an encrypted service.
fn framing() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::midstream(&mut capture, START, (&client, 49_601), (&server, 11_740));
    tcp.segment(1).to_server(&blocked(&service(1, 2, false))).segment(1460);
    let answer = blocked(&service(1, 2, true));
    tcp.to_client(&answer).to_client(&answer[..11]).lose(Direction::ToClient, answer.len() - 11).to_client(&answer);
    tcp.to_server(b"no block").to_server(&blocked(&service(2, 0x12, false)));
    let mut secured = service(1, 2, false);
    secured[28..30].copy_from_slice(&[0x57, 0x75]);
    tcp.to_server(&blocked(&secured));
    capture
}

/// CODESYS V2: the identification, a service that nobody knows, segments of one byte, something that is no block.
fn second() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::open(&mut capture, START, (&client, 49_602), (&server, 2455));
    let block = |inside: &[u8]| [&[0xbb, 0xbb][..], &(inside.len() as u32).to_le_bytes(), inside].concat();
    let mut told = vec![0; 58];
    for text in ["VxWorks", "5.5.1", "ETC-100"] {
        told.extend(text.bytes().chain([0; 32]).take(32));
    }
    tcp.to_server(&block(&[1])).to_client(&block(&told));
    tcp.segment(1).to_server(&block(&[0x44, 1, 2, 3])).segment(1460).to_client(&block(&[0, 0]));
    tcp.to_client(b"no block").to_server(&block(&[1])).to_client(&block(&[9, 9]));
    tcp.close();
    capture
}

/// Every capture by name.
pub(super) fn captures() -> Vec<(&'static str, Capture)> {
    vec![
        ("functions", functions(11_740)),
        ("wrong-port", functions(4448)),
        ("discovery", discovery()),
        ("framing", framing()),
        ("second-version", second()),
    ]
}
