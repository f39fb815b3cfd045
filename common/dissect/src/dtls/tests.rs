//! Records and fragments, who is told from whom by the first byte, and sessions of their own.

use super::parse::{Fragment, fragment, record};
use super::*;
use crate::{Conversation, Output};
use picket_event::{Body, Direction, Ech, Endpoints, Timestamp, body};
use proptest::prelude::*;

fn plain(kind: u8, version: u16, epoch: u16, body: &[u8]) -> Vec<u8> {
    let mut out = vec![kind];
    out.extend(version.to_be_bytes());
    out.extend(epoch.to_be_bytes());
    out.extend([0; 6]);
    out.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
    out.extend(body);
    out
}

fn part(kind: u8, length: usize, offset: usize, data: &[u8]) -> Vec<u8> {
    let u24 = |value: usize| u32::try_from(value).unwrap().to_be_bytes()[1..].to_vec();
    [vec![kind], u24(length), vec![0, 0], u24(offset), u24(data.len()), data.to_vec()].concat()
}

/// The body of a ClientHello with a cookie and padding of this length.
fn hello(padding: usize) -> Vec<u8> {
    let mut out = vec![0xfe, 0xfd];
    out.extend([7; 32]);
    out.extend([0, 3, b'c', b'k', b'e', 0, 2, 0xc0, 0x2b, 1, 0]);
    let padding = [&[0, 21][..], &u16::try_from(padding).unwrap().to_be_bytes(), &vec![0; padding]].concat();
    out.extend(u16::try_from(padding.len()).unwrap().to_be_bytes());
    out.extend(padding);
    out
}

fn drive(datagrams: &[(Direction, Vec<u8>)]) -> (Conversation, Output) {
    let (src, dest) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
    let endpoints = Endpoints::Ip { src, src_port: 50_000, dest, dest_port: 9999, transport: Transport::UDP };
    let context = Context { time: Timestamp::EPOCH, endpoints, opener_seen: true };
    let mut conversation = Conversation::new(&endpoints);
    let mut output = Output::default();
    for (direction, bytes) in datagrams {
        conversation.datagram(*direction, bytes, &context, &mut output);
    }
    for direction in [Direction::ToServer, Direction::ToClient] {
        conversation.end(direction, &context, &mut output);
    }
    (conversation, output)
}

fn events(output: &Output) -> Vec<&body::Tls> {
    let mut found = Vec::new();
    for event in &output.events {
        if let Body::Tls(tls) = event {
            found.push(tls.as_ref());
        }
    }
    found
}

#[test]
fn records_of_all_forms() {
    let all = [plain(22, 0xfefd, 0, b"abc"), vec![0x2c, 0, 7, 0, 2, 1, 2], vec![0x28, 0, 7, 1, 2, 3]].concat();
    let mut r = Reader::new(&all);
    assert_eq!(record(&mut r), Ok(Record::Plain { kind: 22, version: 0xfefd, epoch: 0, body: b"abc" }));
    assert_eq!(record(&mut r), Ok(Record::Encrypted));
    assert_eq!(r.remaining(), 6, "a length says where the next record begins");
    assert_eq!((record(&mut r), r.is_empty()), (Ok(Record::Encrypted), true));
    for refused in [&plain(22, 0x0303, 0, b"abc")[..], &plain(19, 0xfefd, 0, b""), &plain(22, 0xfefd, 0, b"abc")[..15]]
    {
        assert!(record(&mut Reader::new(refused)).is_err());
    }
}

#[test]
fn fragments_lie_inside_their_message() {
    let bytes = part(1, 100, 60, &[5; 40]);
    let expected = Fragment { kind: 1, length: 100, number: 0, offset: 60, data: &[5; 40] };
    assert_eq!(fragment(&mut Reader::new(&bytes)), Ok(expected));
    assert!(fragment(&mut Reader::new(&part(1, 100, 61, &[5; 40]))).is_err());
}

fn judged(to_server: &[u8], to_client: &[u8]) -> Probe {
    Dtls.probe(&Head { transport: Transport::UDP, to_server, to_client })
}

/// RFC 7983 section 7, RFC 9443 section 3.
#[test]
fn the_first_byte_tells_dtls_from_what_shares_its_ends() {
    let record = plain(22, 0xfefd, 0, &part(1, hello(0).len(), 0, &hello(0)));
    for shared in [&b"\x00\x01\0\0"[..], b"\x80\x60\x00\x01", b"\x40\x01\0\x02ab", b""] {
        assert_eq!(judged(&record, shared), Probe::Yes { confidence: Unit::new(0.97), reversed: false });
        assert_eq!(judged(shared, &record), Probe::Yes { confidence: Unit::new(0.97), reversed: true });
        assert_eq!(judged(shared, &[]), if shared.is_empty() { Probe::More } else { Probe::No });
    }
    for foreign in [&b"\xc0\0\0\0\x01"[..], b"POST / HTTP/1.1", b"\x16\x03\x01\x00\x05hello"] {
        assert_eq!(judged(foreign, &[]), Probe::No);
        assert_eq!(judged(&record, foreign), Probe::No);
    }
}

#[test]
fn a_hello_with_a_cookie_is_read() {
    let body = hello(40);
    let (conversation, output) = drive(&[(Direction::ToServer, plain(22, 0xfefd, 0, &part(1, body.len(), 0, &body)))]);
    assert_eq!(conversation.app().protocol, Protocol::DTLS);
    let said = events(&output);
    assert_eq!((said.len(), said[0].ja4.as_deref()), (1, Some("dd2i010100_648b5c445417_4298e3b3ed58")));
}

/// A hello of DTLS 1.3 with an encrypted one, as the message of this number.
fn encrypted(number: u8, key: &[u8], payload: u8) -> Vec<u8> {
    let vector = |bytes: &[u8]| [&u16::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat();
    let inside = [&[0, 0, 1, 0, 1, 7][..], &vector(key), &vector(&[payload; 144])].concat();
    let extensions = [&[0, 43, 0, 3, 2, 0xfe, 0xfc, 0xfe, 0x0d][..], &vector(&inside)].concat();
    let body = [&[0xfe, 0xfd][..], &[7; 32], &[0, 0, 0, 2, 0x13, 1, 1, 0], &vector(&extensions)].concat();
    let mut message = part(1, body.len(), 0, &body);
    message[5] = number;
    plain(22, 0xfefd, 0, &message)
}

/// What follows a request for another hello tells GREASE from a real one; the first sent once more tells nothing.
#[test]
fn a_second_hello_tells_what_the_encrypted_one_is() {
    let (up, down) = (Direction::ToServer, Direction::ToClient);
    let flight = |random: &[u8]| {
        let fixed = [&[0xfe, 0xfd][..], random, &[0, 0x13, 1, 0, 0, 6, 0, 43, 0, 2, 0xfe, 0xfc]].concat();
        plain(22, 0xfefd, 0, &part(2, fixed.len(), 0, &fixed))
    };
    let asks = [
        0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2,
        0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
    ];
    let first = encrypted(0, &[1; 32], 5);
    let told = |second: &[u8]| {
        let middle = [(up, first.clone()), (down, flight(&asks)), (up, second.to_vec()), (down, flight(&[9; 32]))];
        let (_, output) = drive(&middle);
        let said = events(&output);
        assert_eq!((said.len(), said[0].cipher, &output.malformed), (1, Some(0x1301), &Vec::new()));
        said[0].hellos.ech
    };
    assert_eq!(told(&encrypted(1, &[1; 32], 5)), Some(Ech::Grease));
    assert_eq!(told(&encrypted(1, &[], 6)), Some(Ech::Outer));
    assert_eq!(told(&encrypted(1, &[1; 32], 6)), Some(Ech::Offered));
    assert_eq!(told(&first), Some(Ech::Offered), "sent again on its way");
}

/// Access points and their controller: each datagram has a header of four bytes before its records.
#[test]
fn a_hello_under_capwap_is_read_and_names_it() {
    let body = hello(40);
    let records = plain(22, 0xfefd, 0, &part(1, body.len(), 0, &body));
    let (plain_one, said) = drive(&[(Direction::ToServer, records.clone())]);
    let (conversation, output) = drive(&[(Direction::ToServer, [&[1, 0, 0, 0][..], &records].concat())]);
    assert_eq!((plain_one.app().protocol, conversation.app().protocol), (Protocol::DTLS, Protocol::CAPWAP));
    assert_eq!(events(&output), events(&said));
    assert_eq!(inside_capwap(&[1, 0, 0, 0, 0x21, 0x12, 0xa4, 0x42]), None, "STUN");
}

/// The decision for STUN is revised when a handshake follows, and stays when none does.
#[test]
fn a_handshake_behind_stun_is_found() {
    let stun = |direction, answer| (direction, [&[answer, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42][..], &[3; 12]].concat());
    let body = hello(0);
    let handshake = (Direction::ToClient, plain(22, 0xfefd, 0, &part(1, body.len(), 0, &body)));
    let media = (Direction::ToServer, [&[0x80, 0x60][..], &[9; 60]].concat());
    let (conversation, output) = drive(&[
        stun(Direction::ToServer, 0),
        stun(Direction::ToClient, 1),
        media.clone(),
        handshake.clone(),
        media.clone(),
    ]);
    assert_eq!((conversation.app().protocol, conversation.reversed()), (Protocol::DTLS, true));
    assert_eq!(events(&output).len(), 1);
    let (conversation, output) = drive(&[stun(Direction::ToServer, 0), media.clone(), media]);
    assert_eq!((conversation.app().protocol, output.events.len()), (Protocol::STUN, 0));
}

proptest! {
    /// A hello in fragments of any cut and order gives what it gives whole.
    #[test]
    fn f41_any_fragments(padding in 0usize..3000, cut in 1usize..400, seed: u64) {
        let body = hello(padding);
        let mut datagrams: Vec<_> = (0..body.len())
            .step_by(cut.max(body.len() / 60))
            .map(|at| {
                let end = body.len().min(at + cut.max(body.len() / 60) + 3);
                (Direction::ToServer, plain(22, 0xfefd, 0, &part(1, body.len(), at, &body[at..end])))
            })
            .collect();
        let mut state = seed | 1;
        for at in (1..datagrams.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            datagrams.swap(at, (state >> 33) as usize % (at + 1));
        }
        let (_, output) = drive(&datagrams);
        let whole = drive(&[(Direction::ToServer, plain(22, 0xfefd, 0, &part(1, body.len(), 0, &body)))]);
        prop_assert_eq!(events(&output), events(&whole.1));
        prop_assert_eq!(events(&output).len(), 1);
    }
}
