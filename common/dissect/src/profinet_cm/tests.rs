//! Calls of an encoder of its own in both byte orders, and what is none.

use super::*;
use crate::trial::{asset, messages, recognises, sure, told};
use crate::{Conversation, Output};
use picket_event::{Direction, Endpoints, MessageKind, Operation, Protocol, Timestamp, Transport};

/// A packet: interface (1 to 4), kind, operation, number, fragment, body.
fn packet(little: bool, interface: u8, kind: u8, operation: u16, number: u32, fragment: u16, body: &[u8]) -> Vec<u8> {
    let short = |word: u16| if little { word.to_le_bytes() } else { word.to_be_bytes() };
    let long = |word: u32| if little { word.to_le_bytes() } else { word.to_be_bytes() };
    let id = |first: u32| {
        [&long(first)[..], &short(0x6c97), &short(0x11d1), &[0x82, 0x71, 0, 0xa0, 0x24, 0x42, 0xdf, 0x7d]].concat()
    };
    let mut out = vec![4, kind, 0x20, 0, if little { 0x10 } else { 0 }, 0, 0, 0];
    out.extend(id(0xdea0_0000));
    out.extend(id(0xdea0_0000 | u32::from(interface)));
    out.extend([7; 16]);
    out.extend([long(0), long(1), long(number)].concat());
    out.extend([short(operation), short(0xffff), short(0xffff), short(body.len() as u16), short(fragment)].concat());
    out.extend([0, 0]);
    out.extend(body);
    out
}

fn record(kind: u16, slot: u16, index: u16) -> Vec<u8> {
    let mut block = vec![0; 20];
    block.extend(kind.to_be_bytes());
    block.extend([0, 60, 1, 0, 0, 1]);
    block.extend([9; 16]);
    block.extend([0; 4]);
    block.extend([slot.to_be_bytes(), [0, 1], [0, 0], index.to_be_bytes()].concat());
    block.extend([0; 28]);
    block
}

#[test]
fn calls_are_recognised_in_both_byte_orders_and_others_are_not() {
    recognises(&ProfinetCm, Transport::UDP, |random| {
        let count = random.below(100);
        let (kind, body) = (random.pick(&[0, 1, 2, 3, 4, 7]), random.bytes(count));
        let little = random.below(2) == 0;
        let operation = random.below(6) as u16;
        let mut call = packet(little, 1 + random.below(4) as u8, kind, operation, random.next() as u32, 0, &body);
        call.splice(40..56, random.bytes(16));
        call
    });
    let mut other = packet(true, 1, 0, 0, 0, 0, &[0; 40]);
    other[30] ^= 1;
    other[36] ^= 1;
    assert!(sure(&ProfinetCm, Transport::UDP, &other, &[]) < 0.4);
}

#[test]
fn answers_take_what_was_asked_for_and_fragments_are_one() {
    for little in [false, true] {
        let lines = [
            (Direction::ToServer, packet(little, 1, 0, 2, 1, 0, &record(9, 2, 0xaff1))),
            (Direction::ToClient, packet(little, 1, 3, 0, 1, 0, &[0; 4])),
            (Direction::ToServer, packet(little, 1, 0, 3, 2, 0, &record(8, 3, 0x4711))),
            (Direction::ToServer, packet(little, 1, 0, 3, 2, 1, &[0; 40])),
            (Direction::ToServer, packet(little, 1, 1, 3, 2, 0, &[])),
            (Direction::ToClient, packet(little, 1, 2, 3, 2, 0, &[0; 20])),
        ];
        let lines: Vec<_> = lines.iter().map(|(direction, bytes)| (*direction, &bytes[..])).collect();
        let output = told(&Protocol::PROFINET_CM, Transport::UDP, &lines);
        let said: Vec<_> = messages(&output).iter().map(|m| (m.operation, m.kind, m.object.as_deref())).collect();
        let (read, write) = (Some("slot 2.1 I&M 1"), Some("slot 3.1 record 0x4711"));
        assert_eq!(
            said,
            [
                (Operation::Read, MessageKind::Request, read),
                (Operation::Read, MessageKind::Exception, read),
                (Operation::Write, MessageKind::Request, write),
                (Operation::Write, MessageKind::Response, write),
            ]
        );
    }
}

#[test]
fn a_device_gives_its_identification() {
    let mut body = record(0x8009, 0, 0xaff0);
    body.extend([0, 0x20, 0, 0x38, 1, 0, 0, 0x2a]);
    body.extend(b"6ES7 000-0XX00-0XX0 ");
    body.extend(b"S EXAMPLE-1     ");
    body.extend([0, 3, b'V', 4, 2, 1]);
    body.extend([0; 12]);
    let answer = packet(true, 1, 2, 5, 1, 0, &body);
    let output = told(&Protocol::PROFINET_CM, Transport::UDP, &[(Direction::ToClient, &answer)]);
    let asset = asset(&output);
    assert_eq!((asset.vendor.as_deref(), asset.firmware.as_deref()), (Some("Siemens"), Some("V4.2.1")));
    assert_eq!(asset.model.as_deref(), Some("6ES7 000-0XX00-0XX0"));
}

#[test]
fn looking_for_the_interface_may_come_first() {
    let mut lookup = packet(true, 1, 0, 2, 0, 0, &[0; 40]);
    lookup.splice(24..40, [8, 0x83, 0xaf, 0xe1, 0x1f, 0x5d, 0xc9, 0x11, 0x91, 0xa4, 8, 0, 0x2b, 0x14, 0xa0, 0xfa]);
    let found = [&[4, 2][..], &lookup[2..]].concat();
    let connect = packet(true, 1, 0, 0, 1, 0, &[0; 40]);
    let (src, dest) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
    let endpoints = Endpoints::Ip { src, src_port: 50_000, dest, dest_port: 34_964, transport: Transport::UDP };
    let context = crate::Context { time: Timestamp::EPOCH, endpoints, opener_seen: true };
    for (calls, name) in [(3, "profinet_cm"), (2, "dcerpc")] {
        let (mut conversation, mut output) = (Conversation::new(&endpoints), Output::default());
        let lines = [(Direction::ToServer, &lookup), (Direction::ToClient, &found), (Direction::ToServer, &connect)];
        for (direction, bytes) in &lines[..calls] {
            conversation.datagram(*direction, bytes, &context, &mut output);
        }
        for direction in [Direction::ToServer, Direction::ToClient] {
            conversation.end(direction, &context, &mut output);
        }
        assert_eq!(conversation.app().protocol.name(), name);
    }
}
