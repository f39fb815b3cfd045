//! Fingerprints against published values, hellos in pieces, and the turns a handshake can take.

use super::fingerprint::{alpn, ja3, ja3_text, ja4_parts};
use super::table::RETRY_RANDOM;
use super::*;
use crate::fact::ClientHello;
use crate::{Conversation, Fact, Output};
use picket_event::{Body, Direction, Ech, Endpoints, Timestamp, body};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Strings and hashes of salesforce/ja3's README.md (BSD-3-Clause).
#[test]
fn ja3_of_the_published_strings() {
    let rich = ClientHello {
        legacy_version: 769,
        ciphers: vec![47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4],
        extensions: vec![0, 10, 11],
        groups: vec![23, 24, 25],
        point_formats: vec![0],
        ..ClientHello::default()
    };
    assert_eq!(ja3_text(&rich), b"769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,23-24-25,0");
    assert_eq!(hex(&ja3(&rich)), "ada70206e40642a3e4461f35503241d5");
    let plain = ClientHello {
        legacy_version: 769,
        ciphers: vec![4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99],
        ..ClientHello::default()
    };
    assert_eq!(hex(&ja3(&plain)), "de350869b8c85de67a350c8d186f11e6");
}

/// GREASE does not show in JA3 and JA4.
#[test]
fn grease_is_left_out() {
    let plain = ClientHello {
        legacy_version: 0x0303,
        ciphers: vec![0x1301],
        extensions: vec![10],
        groups: vec![29],
        ..ClientHello::default()
    };
    let mut greased = plain.clone();
    greased.ciphers.insert(0, 0x0a0a);
    greased.extensions.push(0xfafa);
    greased.groups.insert(0, 0x3a3a);
    assert_eq!(ja3_text(&plain), ja3_text(&greased));
    assert_eq!(ja4_parts(&plain, Carrier::Tcp), ja4_parts(&greased, Carrier::Tcp));
    assert!(table::is_grease(0x2a2a) && !table::is_grease(0x0a1a) && !table::is_grease(0x2b2b));
}

/// The table of FoxIO-LLC/ja4 technical_details/JA4.md.
#[test]
fn ja4_first_and_last_character_of_alpn() {
    let table: &[(&[u8], &str)] = &[
        (&[0xab], "ab"),
        (&[0x20], "20"),
        (&[0xab, 0xcd], "ad"),
        (&[0x20, 0x61], "21"),
        (&[0x30, 0xab], "3b"),
        (&[0x61, 0x20], "60"),
        (&[0x30, 0x31, 0xab, 0xcd], "3d"),
        (&[0x30, 0xab, 0xcd, 0x31], "01"),
        (b"h2", "h2"),
        (b"x", "xx"),
        (b"", "00"),
    ];
    for (value, expected) in table {
        let (first, last) = alpn(value);
        assert_eq!(format!("{first}{last}"), *expected, "{value:02x?}");
    }
}

/// "Highest" goes by meaning: DTLS numbers fall as versions rise.
#[test]
fn ja4_version_is_the_highest_offered() {
    let of = |legacy, versions: &[u16]| {
        let hello = ClientHello { legacy_version: legacy, versions: versions.to_vec(), ..ClientHello::default() };
        ja4_parts(&hello, Carrier::Tcp).a[1..3].to_owned()
    };
    assert_eq!(of(0x0303, &[0x0a0a, 0x0303, 0x0304]), "13");
    assert_eq!(of(0x0303, &[]), "12");
    assert_eq!(of(0x0303, &[0x7f17]), "00");
    assert_eq!(of(0xfefd, &[0xfefc, 0xfefd]), "d3");
    assert_eq!(of(0x0300, &[]), "s3");
}

fn vector16(content: &[u8]) -> Vec<u8> {
    [&u16::try_from(content.len()).unwrap().to_be_bytes()[..], content].concat()
}

fn record(kind: u8, content: &[u8]) -> Vec<u8> {
    [vec![kind, 3, 1], vector16(content)].concat()
}

fn handshake(kind: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    [&[kind], &length[1..], content].concat()
}

/// A ClientHello message with a server name and padding of this length.
fn hello(padding: usize) -> Vec<u8> {
    let name = b"plant.example";
    let mut entry = vec![0];
    entry.extend(vector16(name));
    let extensions = [vec![0, 0], vector16(&vector16(&entry)), vec![0, 21], vector16(&vec![0; padding])].concat();
    let fixed = [&[3, 3][..], &[7; 32], &[0], &vector16(&[0x13, 1]), &[1, 0]].concat();
    handshake(1, &[fixed, vector16(&extensions)].concat())
}

fn server_hello_message(cipher: u16) -> Vec<u8> {
    handshake(2, &[&[3, 3][..], &[9; 32], &[0], &cipher.to_be_bytes(), &[0]].concat())
}

fn context() -> Context {
    let (src, dest) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
    let endpoints = Endpoints::Ip { src, src_port: 50_000, dest, dest_port: 9999, transport: Transport::TCP };
    Context { time: Timestamp::EPOCH, endpoints, opener_seen: true }
}

/// Gives bytes in pieces of this size, then ends both directions.
fn drive(parts: &[(Direction, Vec<u8>)], piece: usize) -> (Conversation, Output) {
    let mut conversation = Conversation::new(&context().endpoints);
    let mut output = Output::default();
    for (direction, bytes) in parts {
        for part in bytes.chunks(piece) {
            conversation.stream(*direction, part, &context(), &mut output);
        }
    }
    for direction in [Direction::ToServer, Direction::ToClient] {
        conversation.end(direction, &context(), &mut output);
    }
    (conversation, output)
}

fn events(output: &Output) -> Vec<&body::Tls> {
    output
        .events
        .iter()
        .filter_map(|event| if let Body::Tls(tls) = event { Some(tls.as_ref()) } else { None })
        .collect()
}

/// A hello over a hundred segments, in records of one byte, and both.
#[test]
fn f41_hello_in_pieces() {
    let message = hello(600);
    let single: Vec<u8> = message.iter().flat_map(|byte| record(22, &[*byte])).collect();
    for (bytes, piece) in [(record(22, &message), 6), (single.clone(), 1460), (single, 1)] {
        let (_, output) = drive(&[(Direction::ToServer, bytes)], piece);
        let said = events(&output);
        assert_eq!(said.len(), 1);
        assert_eq!(said[0].sni.as_deref(), Some("plant.example"));
        assert!(output.malformed.is_empty());
        let records = output
            .facts
            .iter()
            .find_map(|fact| if let Fact::ClientHello(hello) = fact { Some(hello.records) } else { None });
        assert!(records.is_some_and(|records| records == 1 || usize::from(records) == message.len()));
    }
}

/// A hello over the limit is stepped over and said, and the answer is still read.
#[test]
fn a_hello_over_the_limit_is_said() {
    let long = hello(HELLO_LIMIT);
    let records: Vec<u8> = long.chunks(16_000).flat_map(|part| record(22, part)).collect();
    let answer = [record(22, &server_hello_message(0xc02f)), record(21, &[2, 40])].concat();
    let (_, output) = drive(&[(Direction::ToServer, records), (Direction::ToClient, answer)], 1460);
    assert_eq!(output.malformed, ["tls: message longer than the limit"]);
    let said = events(&output);
    assert_eq!((said.len(), said[0].ja4.as_deref(), said[0].cipher), (1, None, Some(0xc02f)));
}

/// After the handshake and the first records nothing more is wanted, so that bulk data costs nothing.
#[test]
fn bulk_data_is_not_wanted() {
    let mut conversation = Conversation::new(&context().endpoints);
    let mut output = Output::default();
    conversation.stream(Direction::ToServer, &record(22, &hello(0)), &context(), &mut output);
    assert!(conversation.wants(Direction::ToServer) && conversation.wants(Direction::ToClient));
    let answer = [record(22, &server_hello_message(0xc02f)), record(20, &[1])].concat();
    conversation.stream(Direction::ToClient, &answer, &context(), &mut output);
    let mut bulk = Conversation::new(&context().endpoints);
    bulk.stream(Direction::ToServer, &record(22, &hello(0)), &context(), &mut output);
    for piece in [&answer[..], &record(23, &[0; 16_384])] {
        assert!(bulk.wants(Direction::ToClient));
        bulk.stream(Direction::ToClient, piece, &context(), &mut output);
    }
    assert!(!bulk.wants(Direction::ToClient));
    // The client may still refuse, in clear.
    assert_eq!(conversation.take_records().map(|records| records.seen().len()), Some(3));
    assert!(conversation.wants(Direction::ToServer) && !conversation.wants(Direction::ToClient));
    conversation.stream(Direction::ToServer, &record(20, &[1]), &context(), &mut output);
    assert!(!conversation.wants(Direction::ToServer) && !conversation.wants(Direction::ToClient));
    assert!(events(&output)[0].resumed, "no certificate before the change of cipher: resumed");
}

/// Alerts in clear: a warning before the hello, a refusal by either side, whole and in pieces; an encrypted one is none.
#[test]
fn alerts_in_clear_are_told() {
    let alert = |parts: &[(Direction, Vec<u8>)]| {
        let said: Vec<_> =
            [6, 1460].map(|piece| drive(parts, piece).1).iter().map(|o| events(o)[0].hellos.alert).collect();
        assert_eq!(said.first(), said.last());
        said[0].map(|alert| (alert.fatal, alert.description, alert.from_server))
    };
    let (up, down) = (Direction::ToServer, Direction::ToClient);
    let (hello, answer) = (record(22, &hello(0)), record(22, &server_hello_message(0xc02f)));
    assert_eq!(alert(&[(up, hello.clone()), (down, record(21, &[2, 40]))]), Some((true, 40, true)));
    let named = [record(21, &[1, 112]), answer.clone()].concat();
    assert_eq!(alert(&[(up, hello.clone()), (down, named.clone())]), Some((false, 112, true)));
    assert_eq!(events(&drive(&[(up, hello.clone()), (down, named.clone())], 9).1)[0].cipher, Some(0xc02f));
    let refused = [(up, hello.clone()), (down, named), (up, record(21, &[2, 48]))];
    assert_eq!(alert(&refused), Some((true, 48, false)), "a fatal one counts for more than a warning");
    let encrypted = [(up, hello), (down, answer), (up, record(20, &[1])), (up, record(21, &[0x5a; 32]))];
    assert_eq!(alert(&encrypted), None);
}

/// A fatal alert ends the connection: its event waits for nobody.
#[test]
fn a_fatal_alert_is_told_at_once() {
    let (up, down) = (Direction::ToServer, Direction::ToClient);
    for (from, alert) in [(down, [2, 40]), (up, [2, 48])] {
        let (mut conversation, mut output) = (Conversation::new(&context().endpoints), Output::default());
        conversation.stream(up, &record(22, &hello(0)), &context(), &mut output);
        conversation.stream(from, &record(21, &alert), &context(), &mut output);
        assert!(events(&output)[0].hellos.alert.is_some_and(|said| said.fatal));
        assert_eq!(conversation.take_records().map(|records| records.seen().len()), Some(2));
        assert!(!conversation.wants(up) && !conversation.wants(down));
    }
}

/// A hello with an encrypted one: its configuration, its key, the rest.
fn encrypted(config: u8, key: &[u8], payload: u8) -> Vec<u8> {
    let inside = [&[0, 0, 1, 0, 1, config][..], &vector16(key), &vector16(&[payload; 144])].concat();
    let versions = [0, 43, 0, 3, 2, 3, 4];
    let extensions = [&versions[..], &[0xfe, 0x0d], &vector16(&inside)].concat();
    let fixed = [&[3, 3][..], &[7; 32], &[0], &vector16(&[0x13, 1]), &[1, 0]].concat();
    record(22, &handshake(1, &[fixed, vector16(&extensions)].concat()))
}

/// What follows a request for another hello tells GREASE from a real one; without it nobody can.
#[test]
fn a_second_hello_tells_what_the_encrypted_one_is() {
    let (up, down) = (Direction::ToServer, Direction::ToClient);
    let flight = |random: [u8; 32]| {
        let fixed = [&[3, 3][..], &random, &[0, 0x13, 1, 0], &vector16(&[0, 43, 0, 2, 3, 4])].concat();
        record(22, &handshake(2, &fixed))
    };
    let (retry, answer) = (flight(RETRY_RANDOM), flight([9; 32]));
    let first = encrypted(7, &[1; 32], 5);
    let told = |second: &[u8]| {
        let middle = [record(20, &[1]), second.to_vec()].concat();
        let parts = [(up, first.clone()), (down, retry.clone()), (up, middle), (down, answer.clone())];
        let (_, output) = drive(&parts, 1460);
        assert_eq!(events(&output).len(), 1);
        (events(&output)[0].hellos.ech, events(&output)[0].cipher)
    };
    assert_eq!(told(&first), (Some(Ech::Grease), Some(0x1301)));
    assert_eq!(told(&encrypted(7, &[], 6)), (Some(Ech::Outer), Some(0x1301)));
    assert_eq!(told(&encrypted(7, &[1; 32], 6)), (Some(Ech::Offered), Some(0x1301)));
    let (_, output) = drive(&[(up, first.clone()), (down, answer.clone())], 1460);
    assert_eq!(events(&output)[0].hellos.ech, Some(Ech::Offered));
}

/// The side that speaks first in the capture is the server: client and server are exchanged.
#[test]
fn a_hello_from_the_other_side_turns_the_ends() {
    let (conversation, output) = drive(&[(Direction::ToClient, record(22, &hello(0)))], 1460);
    assert!(conversation.reversed());
    assert_eq!(events(&output).len(), 1);
}

/// One direction alone gives what it says; encrypted records alone give a name and no event.
#[test]
fn one_direction_and_midstream() {
    let (_, output) = drive(&[(Direction::ToClient, record(22, &server_hello_message(0x1301)))], 1460);
    assert_eq!(events(&output)[0].cipher, Some(0x1301));
    let data: Vec<u8> = (0..3).flat_map(|_| record(23, &[0x5a; 100])).collect();
    let (conversation, output) = drive(&[(Direction::ToServer, data)], 1460);
    assert_eq!(conversation.app().protocol, Protocol::TLS);
    assert!(output.events.is_empty());
}
