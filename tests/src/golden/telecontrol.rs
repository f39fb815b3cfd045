//! Telecontrol of railways, pipelines and wells, and meters: Genisys, ROC Plus, BSAP, C12.22, DLMS.

use super::Made;
use crate::make::{Capture, Host, Tcp, udp};
use picket_event::Direction;

const START: i64 = 1_772_409_600_000_000_000;
const SECOND: i64 = 1_000_000_000;

fn hosts() -> (Host, Host) {
    (Host::new(1, "192.0.2.10"), Host::new(2, "192.0.2.20"))
}

/// A connection with these messages: true is to the server.
fn conversation(port: u16, messages: &[(bool, Vec<u8>)]) -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::open(&mut capture, START, (&client, 49_152), (&server, port));
    for (up, bytes) in messages {
        if *up {
            tcp.to_server(bytes)
        } else {
            tcp.to_client(bytes)
        };
    }
    tcp.close();
    capture
}

/// Datagrams between two ends, one a second.
fn datagrams(port: u16, messages: &[(bool, Vec<u8>)]) -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    for (number, (up, bytes)) in messages.iter().enumerate() {
        let (client, server) = ((&client, 49_154), (&server, port));
        let (from, to) = if *up { (client, server) } else { (server, client) };
        udp(&mut capture, START + number as i64 * SECOND, from, to, bytes);
    }
    capture
}

/// From the middle of a connection: two messages in a segment, one byte a segment, bytes lost, bytes that are none.
fn framing(port: u16, up: &[u8], down: &[u8], noise: &[u8]) -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::midstream(&mut capture, START, (&client, 49_153), (&server, port));
    tcp.to_server(&[up, up].concat()).segment(1).to_client(down).segment(1460);
    tcp.to_client(&down[..down.len() / 2]).to_client(&down[down.len() / 2..]);
    tcp.to_client(&down[..down.len() / 2]).lose(Direction::ToClient, down.len() - down.len() / 2);
    tcp.to_client(down).to_client(noise).to_client(&[down, down].concat());
    tcp.to_server(&up[..up.len() - 1]);
    capture
}

/// CRC-16 with the polynomial 0x8005, reflected.
fn sum(begin: u16, polynomial: u16, bytes: &[u8]) -> u16 {
    let mut crc = begin;
    for byte in bytes {
        crc ^= u16::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ polynomial } else { crc >> 1 };
        }
    }
    crc
}

/// A message of Genisys, its inside escaped.
fn genisys(code: u8, inside: &[u8]) -> Vec<u8> {
    let crc = sum(0xffff, 0xa001, &[&[code][..], inside].concat()).to_le_bytes();
    let mut bytes = vec![code];
    for byte in inside.iter().chain(&crc) {
        match byte {
            0xf0.. => bytes.extend([0xf0, byte & 15]),
            _ => bytes.push(*byte),
        }
    }
    bytes.push(0xf6);
    bytes
}

fn genisys_captures() -> Vec<Made> {
    let poll = || (true, genisys(0xfb, &[1]));
    let nothing = || (false, vec![0xf1, 1, 0xf6]);
    let all = vec![
        (true, genisys(0xfd, &[1])),
        (false, genisys(0xf2, &[1, 0, 1, 1, 4, 2, 0xff])),
        (true, genisys(0xfa, &[1])),
        nothing(),
        (true, genisys(0xfc, &[1, 3, 0x81])),
        (false, genisys(0xf3, &[1, 3, 0x81])),
        (true, genisys(0xfe, &[1])),
        nothing(),
        poll(),
        nothing(),
        (true, vec![0xfb, 2, 0xf6]),
        (true, genisys(0xf9, &[1, 3, 0])),
    ];
    let mut broken = genisys(0xf2, &[1, 0, 9]);
    broken[3] ^= 1;
    let damaged = [poll(), nothing(), (false, broken), (false, vec![0xf2, 1, 0xff, 0, 0, 0]), poll(), nothing()];
    vec![
        ("genisys", "functions", conversation(10_001, &all)),
        ("genisys", "damage", conversation(10_001, &damaged)),
        ("genisys", "framing", framing(40_001, &genisys(0xfb, &[1]), &genisys(0xf2, &[1, 0, 9]), b"noise")),
    ]
}

/// A message of ROC Plus between host 1 and unit 7.
fn roc(up: bool, opcode: u8, data: &[u8]) -> Vec<u8> {
    let ends = if up { [7, 2, 1, 0] } else { [1, 0, 7, 2] };
    let mut bytes = [&ends[..], &[opcode, data.len() as u8], data].concat();
    bytes.extend(sum(0, 0xa001, &bytes).to_le_bytes());
    bytes
}

fn roc_captures() -> Vec<Made> {
    const OPCODES: &[u8] = &[
        6, 7, 8, 10, 11, 17, 24, 50, 100, 105, 107, 108, 118, 119, 120, 121, 122, 131, 132, 133, 135, 136, 137, 138,
        139, 165, 180, 181, 203, 205, 206, 99,
    ];
    let mut all = Vec::new();
    for opcode in OPCODES {
        all.push((true, roc(true, *opcode, &[1, 2])));
        all.push((false, roc(false, *opcode, &[1, 2, 3, 4])));
    }
    all.push((true, roc(true, 167, &[3, 1, 2, 9])));
    all.push((false, roc(false, 167, &[3, 1, 2, 9, 0, 0])));
    all.push((true, roc(true, 166, &[3, 1, 2, 9, 1, 1])));
    all.push((false, roc(false, 255, &[4, 0])));
    all.push((false, roc(false, 224, &[1])));
    all.push((true, roc(true, 225, &[1])));
    let mut broken = roc(true, 7, &[]);
    broken[4] ^= 1;
    let few = [(true, roc(true, 7, &[])), (false, roc(false, 7, &[1; 9])), (true, broken), (true, roc(true, 6, &[]))];
    vec![
        ("roc_plus", "functions", conversation(4000, &all)),
        ("roc_plus", "datagrams", datagrams(4000, &few)),
        ("roc_plus", "framing", framing(40_001, &roc(true, 7, &[]), &roc(false, 7, &[1; 9]), b"\0\0")),
    ]
}

/// A datagram of BSAP: requests (6) or answers (5) by sequence number and inside; a poll where there are none.
fn bsap(function: u16, messages: &[(u32, &[u8])]) -> Vec<u8> {
    let mut bytes = vec![14, 0];
    bytes.extend((messages.len() as u16).to_le_bytes());
    bytes.extend(function.to_le_bytes());
    bytes.extend(if messages.is_empty() { [0; 4] } else { [0x83, 0x4b, 0, 0] });
    bytes.extend([0x74, 0x4b, 0, 0]);
    for (sequence, inside) in messages {
        bytes.extend((inside.len() as u32 + 9).to_le_bytes());
        bytes.push(12);
        bytes.extend(sequence.to_le_bytes());
        bytes.extend(*inside);
    }
    bytes
}

fn bsap_captures() -> Vec<Made> {
    let mut all = Vec::new();
    let mut ask = |inside: &[u8]| {
        let sequence = all.len() as u32;
        all.push((true, bsap(6, &[(sequence, inside)])));
        all.push((false, bsap(5, &[(sequence, &[0, 1, 0, 0])])));
    };
    for function in [0, 2, 4, 6, 0x0c, 0x0d, 0x0e, 0x0f, 0x80, 0x84, 0x8c, 0x8d, 0x77] {
        ask(&[0xa0, 0, function, 3, 0xd0]);
    }
    for function in [0x0101_u16, 0x0102, 0x0201, 0x0202, 0x0203, 0x0281, 0x0400] {
        ask(&[&[0xa1, 0][..], &function.to_le_bytes()].concat());
    }
    for application in [0x03, 0x48, 0x68, 0x6a, 0x78, 0x88, 0x89, 0xa2, 0xa3, 0xa8, 0xa9, 0xaa, 0x33] {
        ask(&[application, 0, 1]);
    }
    all.push((true, bsap(0, &[])));
    let read: &[u8] = &[0xa0, 0, 4, 3, 0xd0];
    let several = [
        (true, bsap(6, &[(1, read), (2, &[0xa0, 0, 0x84, 1])])),
        (false, bsap(5, &[(2, &[0, 1]), (1, &[0, 1]), (99, &[0, 1])])),
        (true, bsap(0, &[])),
    ];
    let mut cut = bsap(6, &[(3, read)]);
    cut.truncate(22);
    let damaged =
        [(true, bsap(6, &[(1, read)])), (true, cut), (false, vec![0xff; 20]), (false, bsap(5, &[(1, &[0, 1])]))];
    vec![
        ("bsap", "functions", datagrams(1234, &all)),
        ("bsap", "several", datagrams(40_001, &several)),
        ("bsap", "damage", datagrams(1234, &damaged)),
    ]
}

fn ber(tag: u8, inside: &[u8]) -> Vec<u8> {
    match inside.len() {
        short @ 0..=0x7f => [&[tag, short as u8][..], inside].concat(),
        long => [&[tag, 0x81, long as u8][..], inside].concat(),
    }
}

/// A message of C12.22: flags, the invocation that it is or answers, services behind their lengths.
fn c1222(flags: u8, invocation: u8, answers: bool, services: &[&[u8]]) -> Vec<u8> {
    let mut epsem = vec![flags];
    for service in services {
        epsem.push(service.len() as u8);
        epsem.extend(*service);
    }
    let mut inside = ber(0xa2, &ber(6, &[0x2b, 6, 1, 4, 1, 0x82, 0x85, 0x63]));
    if answers {
        inside.extend(ber(0xa4, &ber(2, &[invocation])));
    }
    inside.extend(ber(0xa6, &ber(6, &[0x2b, 6, 1, 4, 1, 0x82, 0x85, 0x64])));
    inside.extend(ber(0xa8, &ber(2, &[if answers { 99 } else { invocation }])));
    inside.extend(ber(0xbe, &ber(0x28, &ber(0x81, &epsem))));
    ber(0x60, &inside)
}

fn c1222_captures() -> Vec<Made> {
    let mut all = Vec::new();
    let mut exchange = |asks: &[&[u8]], answers: &[&[u8]]| {
        let number = all.len() as u8;
        all.push((true, c1222(0x80, number, false, asks)));
        all.push((false, c1222(0x80, number, true, answers)));
    };
    exchange(&[&[0x20]], &[&[0, 2, 1, 0, 0]]);
    exchange(&[&[0x50, 0, 2, b'u', b's', b'e', b'r']], &[&[0]]);
    let maker = [&[0, 0, 18][..], b"EXMP", b"METER-1 ", &[1, 0, 2, 7, 0, 0]].concat();
    exchange(&[&[0x30, 0, 1], &[0x3f, 0, 23, 0, 0, 0, 0, 8], &[0x40, 0, 7, 0, 1, 9, 9]], &[&maker, &[7], &[3]]);
    exchange(
        &[&[0x31, 0, 23, 1], &[0x3e], &[0x41, 0, 7, 1, 0, 1, 9], &[0x4f, 0, 7, 0, 0, 0, 0, 1, 9]],
        &[&[0], &[0], &[0], &[0]],
    );
    exchange(&[&[0x51, b'k']], &[&[0x0b]]);
    exchange(&[&[0x53, 1, 2]], &[&[0]]);
    for service in [0x21, 0x22, 0x24, 0x25, 0x26, 0x27, 0x52, 0x70, 0x77] {
        exchange(&[&[service, 1]], &[&[0]]);
    }
    exchange(&[&[0x26, 6]], &[&[0x13]]);
    let hidden = [
        (true, c1222(0x88, 1, false, &[&[0xee; 12]])),
        (false, c1222(0x88, 1, true, &[&[0x99; 20]])),
        (true, c1222(0x80, 2, false, &[&[0x20]])),
        (true, vec![0x60, 9, 0xa2, 7, 6, 5, 0x2b, 6, 1, 4, 1]),
        (true, c1222(0x80, 3, false, &[&[0x20]])),
    ];
    let (up, down) = (c1222(0x80, 1, false, &[&[0x20]]), c1222(0x80, 1, true, &[&[0, 2, 1, 0, 0]]));
    vec![
        ("c1222", "functions", conversation(1153, &all)),
        ("c1222", "encrypted", datagrams(1153, &hidden)),
        ("c1222", "framing", framing(40_001, &up, &down, b"noise")),
    ]
}

/// A service of DLMS in the wrapper, between client 16 and meter 1.
fn wrapped(up: bool, apdu: &[u8]) -> Vec<u8> {
    let ports = if up { [0, 16, 0, 1] } else { [0, 1, 0, 16] };
    [&[0, 1][..], &ports, &(apdu.len() as u16).to_be_bytes(), apdu].concat()
}

/// A frame of HDLC; `format` says whether more follows.
fn hdlc(format: u8, addresses: [u8; 2], control: u8, inside: &[u8]) -> Vec<u8> {
    let checks = if inside.is_empty() { 2 } else { 4 };
    let mut frame = vec![format, (5 + inside.len() + checks) as u8];
    frame.extend(addresses);
    frame.push(control);
    if !inside.is_empty() {
        frame.extend((!sum(0xffff, 0x8408, &frame)).to_le_bytes());
        frame.extend(inside);
    }
    frame.extend((!sum(0xffff, 0x8408, &frame)).to_le_bytes());
    [&[0x7e][..], &frame, &[0x7e]].concat()
}

const ENERGY: [u8; 6] = [1, 0, 1, 8, 0, 255];
const DISCONNECTOR: [u8; 6] = [0, 0, 96, 3, 10, 255];

/// A request for one attribute or method: tag, invocation, class, object, number.
fn one(tag: u8, invocation: u8, class: u8, object: [u8; 6], number: u8, data: &[u8]) -> Vec<u8> {
    [&[tag, 1, 0xc0 | invocation, 0, class][..], &object, &[number, 0], data].concat()
}

fn dlms_captures() -> Vec<Made> {
    let mut all = vec![
        (true, vec![0x60, 0x0b, 0xa1, 9, 6, 7, 0x60, 0x85, 0x74, 5, 8, 1, 1]),
        (false, vec![0x61, 5, 0xa2, 3, 2, 1, 0]),
        (true, one(0xc0, 1, 3, ENERGY, 2, &[])),
        (false, vec![0xc4, 1, 0xc1, 0, 6, 0, 0, 0, 9]),
        (true, one(0xc0, 2, 3, ENERGY, 3, &[])),
        (false, vec![0xc4, 1, 0xc2, 1, 4]),
        (true, vec![0xc0, 2, 0xc3, 0, 0, 0, 1]),
        (false, vec![0xc4, 2, 0xc3, 1, 0, 0, 0, 2, 0, 1, 9]),
        (true, one(0xc1, 4, 8, [0, 0, 1, 0, 0, 255], 3, &[0x10, 0, 60])),
        (false, vec![0xc5, 1, 0xc4, 0]),
        (true, one(0xc3, 5, 70, DISCONNECTOR, 1, &[])),
        (false, vec![0xc7, 1, 0xc5, 0, 0]),
        (true, one(0xc3, 6, 70, DISCONNECTOR, 2, &[])),
        (false, vec![0xd8, 1, 2]),
        (false, vec![0xc2, 0, 0, 1, 0, 0, 97, 98, 20, 255, 2, 0x11, 1]),
        (false, vec![0x0f, 0, 0, 0, 1, 0, 2, 0]),
        (true, vec![5, 1, 2, 0, 8]),
        (false, vec![12, 1, 0, 9]),
        (true, vec![6, 1, 2, 0, 8, 1, 9]),
        (false, vec![13, 1, 0]),
        (true, vec![5, 1, 2, 0, 8]),
        (false, vec![14, 1, 2, 3]),
        (true, vec![0xc8, 5, 0x30, 0, 0, 0, 1]),
        (false, vec![0xcc, 5, 0x30, 0, 0, 0, 1]),
        (true, vec![0xdb, 0, 5, 0x30, 0, 0, 0, 1]),
        (false, vec![0xdb, 0, 5, 0x30, 0, 0, 0, 1]),
        (true, vec![0x62, 3, 0x80, 1, 0]),
        (false, vec![0x63, 3, 0x80, 1, 0]),
        (false, vec![0x61, 5, 0xa2, 3, 2, 1, 1]),
    ];
    for (up, bytes) in &mut all {
        *bytes = wrapped(*up, bytes);
    }
    let get = [&[0xe6, 0xe6, 0][..], &one(0xc0, 1, 3, ENERGY, 2, &[])].concat();
    let request = hdlc(0xa0, [3, 0x21], 0x32, &get);
    let first = hdlc(0xa8, [0x21, 3], 0x52, &[0xe6, 0xe7, 0, 0xc4, 1, 0xc1, 0, 9, 4]);
    let second = hdlc(0xa0, [0x21, 3], 0x54, &[1, 2, 3, 4]);
    let mut broken = request.clone();
    broken[8] ^= 1;
    let serial = [
        (true, hdlc(0xa0, [3, 0x21], 0x93, &[])),
        (false, hdlc(0xa0, [0x21, 3], 0x73, &[0x81, 0x80, 0])),
        (true, request.clone()),
        (false, [&first[..first.len() - 1], &second].concat()),
        (true, broken),
        (true, request.clone()),
        (false, hdlc(0xa0, [0x21, 3], 0x56, &[0xe6, 0xe7, 0, 0xc4, 1, 0xc1, 0, 6, 0, 0, 0, 9])),
        (true, hdlc(0xa0, [3, 0x21], 0x53, &[])),
    ];
    let down = hdlc(0xa0, [0x21, 3], 0x52, &[0xe6, 0xe7, 0, 0xc4, 1, 0xc1, 0, 6, 0, 0, 0, 9]);
    vec![
        ("dlms", "functions", conversation(4059, &all)),
        ("dlms", "datagrams", datagrams(40_001, &all[..8])),
        ("dlms", "hdlc", conversation(4059, &serial)),
        ("dlms", "framing", framing(40_001, &request, &down, b"noise")),
    ]
}

/// Every capture of these protocols.
pub(super) fn captures() -> Vec<Made> {
    let mut all = genisys_captures();
    all.extend(roc_captures());
    all.extend(bsap_captures());
    all.extend(c1222_captures());
    all.extend(dlms_captures());
    all
}
