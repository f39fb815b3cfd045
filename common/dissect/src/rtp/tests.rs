//! Streams of packets, and what only looks like one.

use super::*;
use crate::Conversation;
use picket_event::{Endpoints, Timestamp};

fn packet(kind: u8, sequence: u16, timestamp: u32, source: u32) -> Vec<u8> {
    let mut bytes = vec![0x80, kind];
    bytes.extend(sequence.to_be_bytes());
    bytes.extend(timestamp.to_be_bytes());
    bytes.extend(source.to_be_bytes());
    bytes.extend([0x7f; 160]);
    bytes
}

/// What a conversation of these datagrams is called.
fn name(datagrams: &[(Direction, Vec<u8>)]) -> Protocol {
    let (src, dest) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
    let endpoints = Endpoints::Ip { src, src_port: 40_000, dest, dest_port: 40_002, transport: Transport::UDP };
    let context = Context { time: Timestamp::EPOCH, endpoints, opener_seen: true };
    let (mut conversation, mut output) = (Conversation::new(&endpoints), Output::default());
    for (direction, bytes) in datagrams {
        conversation.datagram(*direction, bytes, &context, &mut output);
    }
    for direction in [Direction::ToServer, Direction::ToClient] {
        conversation.end(direction, &context, &mut output);
    }
    assert_eq!(output.misbehaved, 0);
    conversation.app().protocol
}

use Direction::{ToClient, ToServer};

#[test]
fn both_directions_go_on() {
    let mut call = Vec::new();
    for at in 0..4u16 {
        // Numbers run over their end.
        call.push((ToServer, packet(0, 65_534u16.wrapping_add(at), u32::from(at) * 160, 0x1234)));
        call.push((ToClient, packet(8, 700 + at, 9_000 + u32::from(at) * 160, 0x9876)));
    }
    assert_eq!(name(&call), Protocol::RTP);
    // Reports and connectivity checks go between.
    call.insert(3, (ToServer, vec![0x80, 200, 0, 6, 0, 0, 0x12, 0x34]));
    assert_eq!(name(&call), Protocol::RTP);
}

#[test]
fn one_direction_goes_on() {
    let stream: Vec<_> = (0..6u16).map(|at| (ToServer, packet(33, at, u32::from(at) * 3000, 0xfeed))).collect();
    assert_eq!(name(&stream), Protocol::RTP);
}

/// The first byte and type fit; number, time and source do not go on.
#[test]
fn what_does_not_go_on_is_not_media() {
    let jumping: Vec<_> =
        (0..8u16).map(|at| (ToServer, packet(0, at.wrapping_mul(7919), 1 << at, 0x1000 + u32::from(at)))).collect();
    assert_eq!(name(&jumping), Protocol::UNKNOWN);
    assert_eq!(name(&[(ToServer, packet(0, 1, 2, 3)), (ToClient, packet(0, 1, 2, 3))]), Protocol::UNKNOWN);
    assert_eq!(name(&[(ToServer, packet(72, 1, 2, 3)), (ToServer, packet(72, 2, 3, 3))]), Protocol::UNKNOWN);
}

#[test]
fn lengths_inside_a_header_have_to_fit() {
    let mut extended = packet(96, 1, 2, 3);
    extended[0] = 0x90;
    extended[14..16].copy_from_slice(&[0, 2]);
    assert!(matches!(look(&extended), Look::Media(_)));
    extended[14] = 0xff;
    assert_eq!(look(&extended), Look::Foreign);
    let mut padded = packet(96, 1, 2, 3);
    padded[0] = 0xa0;
    assert!(matches!(look(&padded), Look::Media(_)));
    *padded.last_mut().unwrap() = 0;
    assert_eq!(look(&padded), Look::Foreign);
    assert_eq!(look(&packet(0, 1, 2, 3)[..12]), Look::Foreign);
}
