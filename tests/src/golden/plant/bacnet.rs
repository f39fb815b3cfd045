//! BACnet/IP, BACnet/IPv6, over IEEE 802.2 and as MS/TP frames.

use super::{START, STEP, Script, ToClient, ToServer, datagrams, long, short};
use crate::make::{Capture, layer2};

/// An application message to one host.
fn one(apdu: &[u8]) -> Vec<u8> {
    [&[0x81, 0x0a][..], &long(apdu, 6).to_be_bytes(), &[1, 4], apdu].concat()
}

/// One to all, everywhere.
fn all(apdu: &[u8]) -> Vec<u8> {
    [&[0x81, 0x0b][..], &long(apdu, 10).to_be_bytes(), &[1, 0x20, 0xff, 0xff, 0, 0xff], apdu].concat()
}

/// Device 1234 of Tridium, with its largest message and segmentation.
const I_AM: &[u8] = &[0x10, 0, 0xc4, 2, 0, 4, 0xd2, 0x22, 5, 0xc4, 0x91, 0, 0x21, 36];

/// Every confirmed service, answered; the one nobody knows is rejected.
fn services() -> Script {
    let mut script = Script::new();
    for service in 0u8..=32 {
        let parameters: &[u8] = match service {
            12 => &[0x0c, 0, 0, 0, 3, 0x19, 85],
            14 => &[0x0c, 2, 0, 4, 0xd2, 0x1e, 0x09, 77, 0x1f],
            15 => &[0x0c, 0, 0x40, 0, 1, 0x19, 85, 0x3e, 0x44, 0x41, 0xa0, 0, 0, 0x3f, 0x49, 8],
            17 => &[0x09, 5, 0x19, 1],
            20 => &[0x09, 0],
            1 => &[
                0x09, 1, 0x1c, 2, 0, 4, 0xd2, 0x2c, 0, 0, 0, 3, 0x39, 0, 0x4e, 0x09, 85, 0x2e, 0x44, 0x41, 0xa8, 0, 0,
                0x2f, 0x4f,
            ],
            _ => &[],
        };
        script.push((ToServer, one(&[&[0, 5, service, service][..], parameters].concat())));
        let answer = match service {
            12 => [&[0x30, 12, 12][..], &[0x0c, 0, 0, 0, 3, 0x19, 85, 0x3e, 0x44, 0x41, 0xa8, 0, 0, 0x3f]].concat(),
            14 => [&[0x30, 14, 14][..], &device()].concat(),
            6 | 13 | 26 | 29 => vec![0x30, service, service],
            32 => vec![0x60, 32, 9],
            _ => vec![0x20, service, service],
        };
        script.push((ToClient, one(&answer)));
    }
    script
}

/// What device 1234 says of itself: name, maker, model, firmware.
fn device() -> Vec<u8> {
    let mut bytes = vec![0x0c, 2, 0, 4, 0xd2, 0x1e];
    for (property, text) in [(77u8, "AHU-1"), (121, "Example Works"), (70, "XC-40"), (44, "4.2.1")] {
        bytes.extend([0x29, property, 0x4e, 0x75, short(text.as_bytes()) + 1, 0]);
        bytes.extend(text.as_bytes());
        bytes.push(0x4f);
    }
    bytes.push(0x1f);
    bytes
}

/// Unconfirmed services, and messages of the network layer.
fn announcements() -> Script {
    let mut script = vec![(ToServer, all(&[0x10, 8])), (ToClient, all(I_AM)), (ToClient, all(I_AM))];
    for service in [1u8, 2, 3, 4, 5, 6, 7, 9, 10, 11] {
        let parameters: &[u8] = match service {
            1 => &[0xc4, 2, 0, 4, 0xd2, 0xc4, 0, 0, 0, 3, 0x75, 3, 0, b'A', b'1'],
            2 => {
                &[0x09, 1, 0x1c, 2, 0, 4, 0xd2, 0x2c, 0, 0xc0, 0, 7, 0x39, 0, 0x4e, 0x09, 85, 0x2e, 0x91, 1, 0x2f, 0x4f]
            }
            _ => &[],
        };
        script.push((ToServer, all(&[&[0x10, service][..], parameters].concat())));
    }
    for kind in [0u8, 1, 2, 3, 6, 7, 0x13] {
        script.push((ToServer, [&[0x81, 0x0b, 0, 9, 1, 0x80][..], &[kind, 0, 5]].concat()));
    }
    // A foreign device registers: a message of the link layer alone.
    script.push((ToServer, vec![0x81, 5, 0, 6, 0, 60]));
    script
}

/// Refusals of each kind, behind a router, and a length that is wrong.
fn refusals() -> Script {
    let behind = |control: u8, apdu: &[u8]| {
        let npdu = [&[1, control, 0, 7, 1, 9][..], if control & 0x20 != 0 { &[255] } else { &[] }, apdu].concat();
        [&[0x81, 0x0a][..], &long(&npdu, 4).to_be_bytes(), &npdu].concat()
    };
    let write = |invoke| [0, 5, invoke, 15, 0x0c, 0, 0x40, 0, 1, 0x19, 85, 0x3e, 0x44, 0, 0, 0, 0, 0x3f];
    let mut wrong = one(&[0, 5, 5, 20, 0x09, 1, 0x1d, 5, 0, b'k', b'e', b'y', b'!']);
    wrong[3] = 17;
    vec![
        (ToServer, behind(0x24, &write(1))),
        (ToClient, behind(0x08, &[0x50, 1, 15, 0x91, 2, 0x91, 40])),
        (ToServer, behind(0x24, &write(2))),
        (ToClient, behind(0x08, &[0x60, 2, 9])),
        (ToServer, behind(0x24, &write(3))),
        (ToClient, behind(0x08, &[0x71, 3, 4])),
        (ToServer, wrong),
        (ToClient, one(&[0x50, 5, 20, 0x91, 5, 0x91, 26])),
        (ToServer, vec![0x81, 0x0a, 0, 6, 1, 4]),
    ]
}

/// An answer in three segments, one of them sent again, and one that is never whole.
fn segments() -> Script {
    let data = device();
    let piece = |number: u8, more: bool, bytes: &[u8], invoke: u8| {
        one(&[&[if more { 0x3c } else { 0x38 }, invoke, number, 4, 14][..], bytes].concat())
    };
    let ask = |invoke| one(&[2, 0x75, invoke, 14, 0x0c, 2, 0, 4, 0xd2, 0x1e, 0x09, 8, 0x1f]);
    vec![
        (ToServer, ask(1)),
        (ToClient, piece(0, true, &data[..20], 1)),
        (ToClient, piece(0, true, &data[..20], 1)),
        (ToClient, piece(1, true, &data[20..40], 1)),
        (ToServer, one(&[0x40, 1, 1, 4])),
        (ToClient, piece(2, false, &data[40..], 1)),
        (ToServer, ask(2)),
        (ToClient, piece(0, true, &data[..20], 2)),
    ]
}

/// The same question over IEEE 802.2, in an MS/TP frame within a SNAP frame, and its answer.
fn below_ip() -> Capture {
    let mut capture = Capture::default();
    let read = [1, 4, 0, 5, 7, 12, 0x0c, 0, 0, 0, 3, 0x19, 85];
    let mut frame = |number: i64, payload: &[u8]| {
        let mut bytes = layer2([2, 0x50, 0, 0, 0, 1], [2, 0x50, 0, 0, 0, 2], long(payload, 0), payload);
        bytes.resize(bytes.len().max(60), 0);
        capture.push(START + number * STEP, bytes);
    };
    frame(0, &[&[0x82, 0x82, 3][..], &read].concat());
    frame(1, &[&[0x82, 0x82, 3, 1, 0][..], I_AM].concat());
    let mut header = vec![6, 16, 5, 0, short(&read)];
    header.push(!header.iter().fold(0xff, |crc, byte| header_crc(crc, *byte)));
    frame(2, &[&[0xaa, 0xaa, 3, 0, 0x10, 0x90, 0, 1, 0, 0, 0][..], &header, &read, &[0, 0]].concat());
    capture
}

/// One byte more of the checksum over MS/TP headers, bit by bit (ASHRAE 135 annex G.1: x^8 + x^7 + 1).
fn header_crc(mut crc: u8, byte: u8) -> u8 {
    for bit in 0..8 {
        let feed = (crc ^ byte >> bit) & 1;
        crc = crc >> 1 ^ if feed == 1 { 0x81 } else { 0 };
    }
    crc
}

/// Over IPv6 with its own link layer.
fn version_6() -> Script {
    let with = |head: &[u8], npdu: &[u8]| {
        [&[0x82, head[0]][..], &long(npdu, 3 + head.len()).to_be_bytes(), &head[1..], npdu].concat()
    };
    vec![
        (ToServer, with(&[2, 0, 0, 1], &[1, 0, 0x10, 8])),
        (ToClient, with(&[2, 0, 0, 2], &[&[1, 0][..], I_AM].concat())),
        (ToServer, with(&[1, 0, 0, 1, 0, 0, 2], &[1, 4, 0, 5, 7, 12, 0x0c, 0, 0, 0, 3, 0x19, 85])),
        (ToClient, with(&[1, 0, 0, 2, 0, 0, 1], &[1, 0, 0x50, 7, 12, 0x91, 2, 0x91, 32])),
    ]
}

pub(super) fn captures() -> Vec<(&'static str, Capture)> {
    vec![
        ("services", datagrams((47_808, 47_808), &services())),
        ("announcements", datagrams((47_808, 47_808), &announcements())),
        ("refusals", datagrams((47_808, 47_808), &refusals())),
        ("segments", datagrams((47_808, 47_808), &segments())),
        ("wrong-port", datagrams((40_001, 40_002), &segments())),
        ("below-ip", below_ip()),
        ("ipv6-link", datagrams((47_808, 47_808), &version_6())),
    ]
}
