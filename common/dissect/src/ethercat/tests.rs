//! Frames of an encoder of its own: process data, mailboxes out and back.

use super::*;
use crate::trial::{Random, messages, recognises, sure, takes, told};
use picket_event::{Direction, MessageKind, Operation, Protocol, Transport};

fn frame(datagrams: &[(u8, u16, u16, &[u8], u16)]) -> Vec<u8> {
    let mut inside = Vec::new();
    for (at, (command, slave, place, data, worked)) in datagrams.iter().enumerate() {
        let more = if at + 1 < datagrams.len() { 0x8000 } else { 0 };
        inside.extend([*command, at as u8]);
        for word in [*slave, *place, data.len() as u16 | more, 0] {
            inside.extend(word.to_le_bytes());
        }
        inside.extend(*data);
        inside.extend(worked.to_le_bytes());
    }
    let mut out = (0x1000 | inside.len() as u16).to_le_bytes().to_vec();
    out.extend(inside);
    out
}

fn mailbox(kind: u8, inside: &[u8]) -> Vec<u8> {
    let mut out = (inside.len() as u16).to_le_bytes().to_vec();
    out.extend([0, 0, 0, 0x10 | kind]);
    out.extend(inside);
    out.resize(out.len().max(128), 0);
    out
}

#[test]
fn frames_are_recognised_and_nothing_else() {
    takes(&EtherCat, Transport(0), |random| {
        let mut frame = random_frame(random);
        frame.resize(frame.len().max(46), 0);
        frame
    });
    recognises(&EtherCat, Transport::UDP, random_frame);
    // A question of DNS whose number looks like a header.
    let mut question = [&[0x0c, 0x10, 1, 0, 0, 1][..], &[0; 6], b"\x03www\x07example\0\0\x01\0\x01"].concat();
    assert!(sure(&EtherCat, Transport::UDP, &question, &[]) < 0.4);
    question.truncate(12);
    assert!(sure(&EtherCat, Transport::UDP, &question, &[]) < 0.4);
}

fn random_frame(random: &mut Random) -> Vec<u8> {
    let data: Vec<Vec<u8>> = (0..=random.below(5)).map(|_| random.below(60)).map(|n| vec![7; n]).collect();
    let all: Vec<_> = data
        .iter()
        .map(|data| {
            (random.below(15) as u8, random.next() as u16, random.next() as u16, &data[..], random.below(9) as u16)
        })
        .collect();
    frame(&all)
}

#[test]
fn mailboxes_are_told_once() {
    let download = mailbox(3, &[0, 0x20, 0x2b, 0x60, 0x60, 0, 8, 0, 0, 0]);
    let done = mailbox(3, &[0, 0x30, 0x60, 0x60, 0x60, 0, 0, 0, 0, 0]);
    let upload = mailbox(3, &[0, 0x20, 0x40, 0x18, 0x10, 1, 0, 0, 0, 0]);
    let abort = mailbox(3, &[0, 0x20, 0x80, 0x18, 0x10, 1, 0, 0, 2, 6]);
    let frames = [
        frame(&[(12, 0, 0, &[1; 20], 0), (5, 0x03e9, 0x1000, &download, 0)]),
        frame(&[(12, 0, 0, &[1; 20], 3), (5, 0x03e9, 0x1000, &download, 1)]),
        frame(&[(4, 0x03e9, 0x1080, &[0; 128], 0)]),
        frame(&[(4, 0x03e9, 0x1080, &done, 1)]),
        frame(&[(5, 0x03e9, 0x1000, &upload, 0)]),
        frame(&[(5, 0x03e9, 0x1000, &upload, 1)]),
        frame(&[(4, 0x03e9, 0x1080, &abort, 1)]),
        frame(&[(4, 0x03ea, 0x1080, &mailbox(3, &[0, 0x10, 0, 0x10, 1, 0, 0, 0, 0, 0]), 1)]),
        frame(&[(5, 0x03ea, 0x1000, &mailbox(4, b"\x02\0\0\0\0\0drive.efw"), 0)]),
        frame(&[(5, 0x03ea, 0x1000, &mailbox(5, &[3, 0x40, 0x24, 0, 9, 0]), 0)]),
    ];
    let lines: Vec<_> = frames.iter().map(|frame| (Direction::ToServer, &frame[..])).collect();
    let output = told(&Protocol::ETHERCAT, Transport(0), &lines);
    let said: Vec<_> = messages(&output).iter().map(|m| (m.operation, m.kind, m.object.as_deref())).collect();
    let (request, response) = (MessageKind::Request, MessageKind::Response);
    let (mode, identity) = (Some("0x6060:0"), Some("0x1018:1"));
    assert_eq!(
        said,
        [
            (Operation::Write, request, mode),
            (Operation::Write, response, mode),
            (Operation::Read, request, identity),
            (Operation::Read, MessageKind::Exception, identity),
            (Operation::Alarm, MessageKind::Unsolicited, None),
            (Operation::File, request, Some("drive.efw")),
            (Operation::Write, request, Some("S-0-0036")),
        ]
    );
    assert_eq!((messages(&output)[0].value, messages(&output)[0].unit), (Some(8.0), Some(0x03e9)));
    assert!(output.malformed.is_empty());
}

/// A start of a network as masters make it: everything to INIT, addresses, watchdogs, memory read, then up to OP. It says who the
/// slaves are and nothing else.
#[test]
fn a_start_is_silent_and_says_who_is_there() {
    let word = |word: u8| [0, 1, word, 0, 0, 0];
    let frames = [
        frame(&[(8, 0, 0x0120, &[0x11, 0], 2)]),
        frame(&[(2, 0, 0x0010, &[0xe9, 3], 1), (2, 0xffff, 0x0010, &[0xea, 3], 1)]),
        frame(&[(8, 0, 0x0400, &[0xc2, 9], 2), (8, 0, 0x0420, &[0, 0], 2), (8, 0, 0x0500, &[2, 0], 2)]),
        // Maker and product at once, behind their register; then each for itself, in one read with control and word.
        frame(&[(5, 0x03e9, 0x0502, &word(8), 1)]),
        frame(&[(4, 0x03e9, 0x0508, &[2, 0, 0, 0, 0x52, 0x30, 0xbc, 0x0b], 1)]),
        frame(&[(5, 0x03ea, 0x0502, &word(8), 1)]),
        frame(&[(4, 0x03ea, 0x0502, &[0, 0, 8, 0, 0, 0, 0x78, 0x56, 0, 0], 1)]),
        frame(&[(5, 0x03ea, 0x0504, &[10, 0, 0, 0], 1), (5, 0x03ea, 0x0502, &[0, 1], 1)]),
        frame(&[(4, 0x03ea, 0x0508, &[9, 0, 0, 0], 1)]),
        // As another master does: the low half of the word alone, status and word before the answer, and busy at first.
        frame(&[(5, 0x03ec, 0x0502, &[0, 1, 8, 0], 1)]),
        frame(&[(4, 0x03ec, 0x0502, &[0x40, 0x80, 8, 0, 0, 0, 0xee, 0xee, 0xee, 0xee], 1)]),
        frame(&[(4, 0x03ec, 0x0502, &[0x40, 0, 8, 0, 0, 0, 2, 0, 0, 0], 1)]),
        frame(&[(5, 0x03ec, 0x0502, &[0, 1, 10, 0], 1)]),
        frame(&[(4, 0x03ec, 0x0502, &[0x40, 0, 10, 0, 0, 0, 5, 0, 0, 0], 1)]),
        frame(&[(5, 0x03ec, 0x0502, &[0, 1, 12, 0], 1)]),
        frame(&[(4, 0x03ec, 0x0508, &[1, 0, 0x11, 0, 0x39, 0x30, 0, 0], 1)]),
        // Nobody answered, and a word beside.
        frame(&[(4, 0x03eb, 0x0508, &[2, 0, 0, 0, 7, 0, 0, 0], 0)]),
        frame(&[(5, 0x03eb, 0x0502, &word(0x0c), 1)]),
        frame(&[(4, 0x03eb, 0x0508, &[2, 0, 0, 0, 7, 0, 0, 0], 1)]),
        frame(&[(5, 0x03e9, 0x0120, &[2, 0], 1), (5, 0x03e9, 0x0120, &[4, 0], 1), (5, 0x03e9, 0x0120, &[8, 0], 1)]),
        frame(&[(8, 0, 0x0120, &[8, 0], 3)]),
    ];
    let lines: Vec<_> = frames.iter().map(|frame| (Direction::ToServer, &frame[..])).collect();
    let output = told(&Protocol::ETHERCAT, Transport(0), &lines);
    assert!(messages(&output).is_empty(), "{:?}", messages(&output));
    assert_eq!(
        names(&output),
        [
            "slave 1004: Beckhoff, product 0x00000005, revision 0x00110001, serial 12345",
            "slave 1001: Beckhoff, product 0x0bbc3052",
            "slave 1002: EtherCAT vendor 0x5678, product 0x00000009",
        ]
    );
}

fn names(output: &crate::Output) -> Vec<&str> {
    let assets = output.events.iter().filter_map(|event| match event {
        picket_event::body::Body::Asset(asset) => Some(&asset.names),
        _ => None,
    });
    assets.flatten().map(String::as_str).collect()
}

#[test]
fn objects_name_a_slave() {
    let ask = |index: u8, sub: u8| mailbox(3, &[0, 0x20, 0x40, index, 0x10, sub, 0, 0, 0, 0]);
    let number = |sub: u8, value: u8| mailbox(3, &[0, 0x30, 0x43, 0x18, 0x10, sub, value, 0, 0, 0]);
    let name = mailbox(3, &[&[0, 0x30, 0x41, 0x08, 0x10, 0, 6, 0, 0, 0][..], b"EL6695"].concat());
    let version = mailbox(3, &[0, 0x30, 0x43, 0x0a, 0x10, 0, b'0', b'4', b'0', b'1']);
    let frames = [
        frame(&[(5, 0x03e9, 0x1000, &ask(0x18, 1), 1)]),
        frame(&[(4, 0x03e9, 0x1080, &number(1, 0x83), 1)]),
        frame(&[(5, 0x03e9, 0x1000, &ask(0x18, 2), 1)]),
        frame(&[(4, 0x03e9, 0x1080, &number(2, 5), 1)]),
        frame(&[(5, 0x03e9, 0x1000, &ask(0x08, 0), 1)]),
        frame(&[(4, 0x03e9, 0x1080, &name, 1)]),
        frame(&[(5, 0x03e9, 0x1000, &ask(0x0a, 0), 1)]),
        frame(&[(4, 0x03e9, 0x1080, &version, 1)]),
        frame(&[(5, 0x03e9, 0x1000, &ask(0x18, 4), 1)]),
        frame(&[(4, 0x03e9, 0x1080, &number(4, 7), 1)]),
        frame(&[(5, 0x03e9, 0x1000, &ask(0x18, 3), 1)]),
        frame(&[(4, 0x03e9, 0x1080, &number(3, 3), 1)]),
    ];
    let lines: Vec<_> = frames.iter().map(|frame| (Direction::ToServer, &frame[..])).collect();
    let output = told(&Protocol::ETHERCAT, Transport(0), &lines);
    assert_eq!(
        names(&output),
        [
            "slave 1001: Omron, product 0x00000005",
            "slave 1001: EL6695",
            "slave 1001: software 0401",
            "slave 1001: Omron, product 0x00000005, revision 0x00000003, serial 7",
        ]
    );
}

#[test]
fn what_no_start_needs_is_told_once() {
    let out_and_back = |command, slave, place, data: &[u8]| {
        [0, 1].map(|worked| frame(&[(12, 0, 0, &[1; 20], worked), (command, slave, place, data, worked)]))
    };
    let frames: Vec<_> = [
        out_and_back(5, 0x03e9, 0x0120, &[0x13, 0]),
        out_and_back(5, 0x03e9, 0x0502, &[1, 2, 8, 0, 0, 0, 0xad, 0xde]),
        out_and_back(2, 0xffff, 0x0502, &[1, 2]),
        // Not resets: each byte for another slave, and out of order.
        out_and_back(5, 0x03e9, 0x0040, b"R\0"),
        out_and_back(5, 0x03ea, 0x0040, b"E\0"),
        out_and_back(5, 0x03ea, 0x0040, b"S\0"),
        out_and_back(8, 0, 0x0040, b"R\0"),
        out_and_back(8, 0, 0x0040, b"S\0"),
        out_and_back(8, 0, 0x0040, b"R\0"),
        out_and_back(8, 0, 0x0040, b"E\0"),
        out_and_back(8, 0, 0x0040, b"S\0"),
        // Read, reloaded, and cut.
        out_and_back(5, 0x03e9, 0x0502, &[0, 4]),
        out_and_back(5, 0x03e9, 0x0502, &[0]),
    ]
    .into_iter()
    .flatten()
    .collect();
    let lines: Vec<_> = frames.iter().map(|frame| (Direction::ToServer, &frame[..])).collect();
    let output = told(&Protocol::ETHERCAT, Transport(0), &lines);
    let said: Vec<_> = messages(&output).iter().map(|m| (m.operation, m.unit, m.object.as_deref())).collect();
    assert_eq!(
        said,
        [
            (Operation::Mode, Some(0x03e9), Some("BOOT")),
            (Operation::Write, Some(0x03e9), Some("SII word 0x0008")),
            (Operation::Write, None, None),
            (Operation::Restart, None, None),
        ]
    );
}

#[test]
fn a_file_written_in_boot_is_firmware() {
    let file = mailbox(4, b"\x02\0\0\0\0\0drive.efw");
    let write = |slave| frame(&[(5, slave, 0x1000, &file, 0)]);
    let ask = |state| frame(&[(5, 0x03e9, 0x0120, &[state, 0], 0)]);
    let frames = [write(0x03e9), ask(3), write(0x03ea), write(0x03e9), ask(1), write(0x03e9)];
    let lines: Vec<_> = frames.iter().map(|frame| (Direction::ToServer, &frame[..])).collect();
    let output = told(&Protocol::ETHERCAT, Transport(0), &lines);
    let said: Vec<_> = messages(&output).iter().map(|m| m.operation).collect();
    use Operation::{File, Firmware, Mode};
    assert_eq!(said, [File, Mode, File, Firmware, File]);
}
