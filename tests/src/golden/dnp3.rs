//! DNP3 conversations: every function, and how reading fails well.

use crate::make::{Capture, Host, Tcp, udp};
use picket_event::Direction;

const START: i64 = 1_772_409_600_000_000_000;
const PORT: u16 = 20_000;
const MASTER: u16 = 1;
const OUTSTATION: u16 = 10;

fn hosts() -> (Host, Host) {
    (Host::new(1, "192.0.2.10"), Host::new(2, "192.0.2.20"))
}

/// CRC-16/DNP (IEEE 1815 clause 9.2.1.3), low octet first.
fn sum(bytes: &[u8]) -> [u8; 2] {
    let mut crc = 0u16;
    for byte in bytes {
        crc ^= u16::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xa6bc } else { crc >> 1 };
        }
    }
    (!crc).to_le_bytes()
}

/// A link frame: the header, then blocks of 16 octets, each with its checksum.
fn link(control: u8, dest: u16, src: u16, data: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x05, 0x64, u8::try_from(data.len() + 5).unwrap_or(255), control];
    frame.extend(dest.to_le_bytes());
    frame.extend(src.to_le_bytes());
    frame.extend(sum(&frame));
    for block in data.chunks(16) {
        frame.extend(block);
        frame.extend(sum(block));
    }
    frame
}

/// A fragment in as many segments as it takes.
fn segments(control: u8, dest: u16, src: u16, fragment: &[u8]) -> Vec<Vec<u8>> {
    let count = fragment.chunks(249).count();
    let part = |(number, data): (usize, &[u8])| {
        let first = if number == 0 { 0x40 } else { 0 };
        let last = if number + 1 == count { 0x80 } else { 0 };
        link(control, dest, src, &[&[first | last | (number as u8 & 0x3f)][..], data].concat())
    };
    fragment.chunks(249).enumerate().map(part).collect()
}

fn up(sequence: u8, function: u8, objects: &[u8]) -> Vec<u8> {
    segments(0xc4, OUTSTATION, MASTER, &[&[0xc0 | sequence & 15, function][..], objects].concat()).concat()
}

fn down(sequence: u8, indications: [u8; 2], objects: &[u8]) -> Vec<u8> {
    let fragment = [&[0xc0 | sequence & 15, 129][..], &indications, objects].concat();
    segments(0x44, MASTER, OUTSTATION, &fragment).concat()
}

const CLASSES: &[u8] = &[60, 2, 6, 60, 3, 6, 60, 4, 6, 60, 1, 6];
const CONTROL: &[u8] = &[12, 1, 0x17, 1, 7, 0x41, 1, 100, 0, 0, 0, 200, 0, 0, 0, 0];
const TIME: &[u8] = &[50, 1, 7, 1, 0x80, 0x12, 0x34, 0x56, 0x9a, 1];
const FILE: &[u8] = &[70, 4, 0x5b, 1, 13, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// Every function code with objects that it takes.
const FUNCTIONS: &[(u8, &[u8])] = &[
    (1, CLASSES),
    (2, &[80, 1, 0, 7, 7, 0]),
    (2, TIME),
    (3, CONTROL),
    (4, CONTROL),
    (5, &[41, 2, 0x28, 2, 0, 3, 0, 0x10, 0x27, 0, 9, 0, 1, 0, 0]),
    (5, &[41, 3, 0x28, 1, 0, 3, 0, 0, 0, 0xc0, 0x3f, 0]),
    (7, &[20, 0, 6]),
    (9, &[20, 0, 6]),
    (11, &[50, 2, 7, 1, 1, 2, 3, 4, 5, 6, 0, 0, 0, 0, 20, 0, 6]),
    (13, &[]),
    (14, &[]),
    (15, &[90, 1, 0x5b, 1, 2, 0, b'a', b'p']),
    (16, &[90, 1, 0x5b, 1, 2, 0, b'a', b'p']),
    (17, &[90, 1, 0x5b, 1, 2, 0, b'a', b'p']),
    (18, &[90, 1, 0x5b, 1, 2, 0, b'a', b'p']),
    (19, &[]),
    (20, &[60, 2, 6]),
    (21, &[60, 2, 6]),
    (22, &[60, 2, 6, 1, 0, 0, 0, 9]),
    (23, &[]),
    (24, &[]),
    (25, FILE),
    (26, FILE),
    (27, FILE),
    (28, FILE),
    (29, FILE),
    (30, FILE),
    (31, &[70, 8, 0x5b, 1, 2, 0, b'f', b'w']),
    (99, &[1, 2, 0, 0, 3]),
];

/// Every function that is answered, and those that are not.
fn functions(port: u16) -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::open(&mut capture, START, (&client, 49_152), (&server, port));
    for (number, (function, objects)) in FUNCTIONS.iter().enumerate() {
        let sequence = number as u8;
        tcp.to_server(&up(sequence, *function, objects));
        let answer = if matches!(function, 3..=5) { *objects } else { &[] };
        tcp.to_client(&down(sequence, [0, u8::from(*function == 99)], answer)).wait(50_000_000);
    }
    for (function, objects) in [(6, CONTROL), (8, &[20, 0, 6][..]), (10, &[20, 0, 6]), (12, &[20, 0, 6])] {
        tcp.to_server(&up(1, function, objects));
    }
    tcp.close();
    capture
}

/// A restart that is told, a scan in two fragments with confirmations, reports, attributes, authentication.
fn reports() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::open(&mut capture, START, (&client, 49_153), (&server, PORT));
    let report = |number: u8, objects: &[u8]| {
        let fragment = [&[0xf0 | number & 15, 130, 0x90, 0][..], objects].concat();
        segments(0x44, MASTER, OUTSTATION, &fragment).concat()
    };
    let confirm = |control: u8| link(0xc4, OUTSTATION, MASTER, &[0xc0, control, 0]);
    tcp.to_client(&report(0, &[])).to_server(&confirm(0xd0));
    tcp.to_server(&up(1, 1, CLASSES));
    let points = [&[1, 2, 0, 0, 255][..], &[0x81; 256]].concat();
    let first = [&[0xa1, 129, 0, 0][..], &points].concat();
    tcp.to_client(&segments(0x44, MASTER, OUTSTATION, &first).concat()).to_server(&confirm(0xc1));
    let second = [&[0x62, 129, 0, 0, 30, 2, 0, 0, 1][..], &[1, 0x10, 0, 1, 0x20, 0]].concat();
    tcp.to_client(&segments(0x44, MASTER, OUTSTATION, &second).concat()).to_server(&confirm(0xc2));
    tcp.to_client(&report(1, &[2, 2, 0x17, 1, 4, 0x81, 1, 2, 3, 4, 5, 6])).to_server(&confirm(0xd1));
    tcp.to_server(&up(3, 1, &[0, 254, 0, 0, 0]));
    let mut attributes = Vec::new();
    for (variation, text) in [(252, "Example Works"), (250, "RTU-9"), (242, "1.4"), (247, "pump-station-3")] {
        attributes.extend([0, variation, 0, 0, 0, 1, text.len() as u8]);
        attributes.extend(text.as_bytes());
    }
    tcp.to_client(&down(3, [0, 0], &attributes));
    tcp.to_server(&up(4, 32, &[120, 1, 0x5b, 1, 2, 0, 1, 2])).to_server(&up(5, 33, &[120, 7, 0x5b, 1, 2, 0, 1, 2]));
    let challenge = [0xc4, 131, 0, 0, 120, 1, 0x5b, 1, 2, 0, 1, 2];
    tcp.to_client(&segments(0x44, MASTER, OUTSTATION, &challenge).concat());
    tcp.close();
    capture
}

/// Link status and resets, which are no messages; two requests in a segment; one byte a segment; a frame in two.
fn framing() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::open(&mut capture, START, (&client, 49_154), (&server, PORT));
    tcp.to_server(&link(0xc9, OUTSTATION, MASTER, &[])).to_client(&link(0x0b, MASTER, OUTSTATION, &[]));
    tcp.to_server(&link(0xc0, OUTSTATION, MASTER, &[])).to_client(&link(0x00, MASTER, OUTSTATION, &[]));
    tcp.to_server(&[up(1, 1, CLASSES), up(2, 23, &[])].concat());
    tcp.segment(1).to_client(&down(1, [0, 0], &[1, 2, 0, 0, 0, 0x81])).segment(1460);
    let delay = down(2, [0, 0], &[52, 2, 7, 1, 9, 0]);
    tcp.to_client(&delay[..12]).to_client(&delay[12..]);
    tcp.close();
    capture
}

/// A block whose checksum is wrong, a lost segment, bytes that are no frame, an object header that is cut.
fn damage() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::open(&mut capture, START, (&client, 49_155), (&server, PORT));
    tcp.to_server(&up(1, 1, CLASSES)).to_client(&down(1, [0, 0], &[1, 2, 0, 0, 0, 0x81]));
    let mut broken = up(2, 5, CONTROL);
    broken[14] ^= 1;
    tcp.to_server(&broken);
    let long = down(3, [0, 0], &[&[1, 2, 0, 0, 255][..], &[0x81; 256]].concat());
    tcp.to_server(&up(3, 1, CLASSES)).to_client(&long[..40]).lose(Direction::ToClient, 40).to_client(&long[80..]);
    tcp.to_server(&up(4, 1, CLASSES)).to_client(&down(4, [0, 0], &[1, 2, 0, 0, 0, 0x81]));
    tcp.to_client(b"noise").to_client(&down(4, [0, 0], &[1, 2, 0, 0, 0, 0x81]));
    tcp.to_server(&up(5, 1, &[60, 2])).to_server(&up(6, 1, CLASSES));
    tcp.close();
    capture
}

/// The capture begins inside a connection on another port with an answer, and ends inside a frame.
fn midstream() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::midstream(&mut capture, START, (&client, 49_156), (&server, 40_001));
    tcp.to_client(&down(6, [0, 0], &[1, 2, 0, 0, 0, 0x81]));
    tcp.to_server(&up(7, 1, CLASSES)).to_client(&down(7, [0, 0], &[1, 2, 0, 0, 0, 0x81]));
    tcp.to_server(&up(8, 1, CLASSES)[..11]);
    capture
}

/// Over UDP, two frames in a datagram, and one that is cut.
fn datagrams() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let (c, s) = ((&client, 20_000), (&server, PORT));
    udp(&mut capture, START, c, s, &[up(1, 1, CLASSES), up(2, 5, CONTROL)].concat());
    udp(&mut capture, START + 1_000_000, s, c, &down(1, [0, 0], &[1, 2, 0, 0, 0, 0x81]));
    udp(&mut capture, START + 2_000_000, s, c, &down(2, [0, 0], CONTROL));
    udp(&mut capture, START + 3_000_000, c, s, &up(3, 1, CLASSES)[..17]);
    capture
}

/// Every capture by name.
pub(super) fn captures() -> Vec<(&'static str, Capture)> {
    vec![
        ("functions", functions(PORT)),
        ("wrong-port", functions(4444)),
        ("reports", reports()),
        ("framing", framing()),
        ("damage", damage()),
        ("midstream", midstream()),
        ("datagrams", datagrams()),
    ]
}
