//! DTLS conversations that real programs do not give at will: cookies of both kinds, hellos in fragments, ends
//! shared with STUN and media, damage, and captures that begin late.

use crate::make::dtls::{
    ALERT, CHANGE_CIPHER_SPEC, DATA, HANDSHAKE, V1_2, channel, client_hello, fragment, hello_verify_request, message,
    record, rtp, server_hello, stun,
};
use crate::make::quic::filler;
use crate::make::{Capture, Host, udp};

const START: i64 = 1_772_409_600_000_000_000;
/// RFC 8446 section 4.1.3.
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11,
    0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// Handshake message types.
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
const VERIFY: u8 = 3;
const DONE: u8 = 14;
const KEY_EXCHANGE: u8 = 16;

/// Datagrams of one conversation with their direction, a millisecond apart.
fn talk(capture: &mut Capture, number: u16, port: u16, datagrams: &[(bool, Vec<u8>)]) {
    let (client, server) = (Host::new(1, "192.0.2.10"), Host::new(5, "198.51.100.5"));
    let mut time = START + i64::from(number) * 1_000_000_000;
    for (up, payload) in datagrams {
        let ((from, to), here) = ((&client, &server), (50_000 + number, port));
        time += 1_000_000;
        if *up {
            udp(capture, time, (from, here.0), (to, here.1), payload);
        } else {
            udp(capture, time, (to, here.1), (from, here.0), payload);
        }
    }
}

fn up(payload: Vec<u8>) -> (bool, Vec<u8>) {
    (true, payload)
}

fn down(payload: Vec<u8>) -> (bool, Vec<u8>) {
    (false, payload)
}

/// The rest of a handshake of version 1.2 without certificates.
fn rest() -> Vec<(bool, Vec<u8>)> {
    let cipher = record(CHANGE_CIPHER_SPEC, V1_2, 0, 9, &[1]);
    let finished = record(HANDSHAKE, V1_2, 1, 0, &filler(40, 3));
    vec![
        up([message(KEY_EXCHANGE, 2, &[0; 34]), cipher.clone(), finished.clone()].concat()),
        down([cipher, finished].concat()),
        up(record(DATA, V1_2, 1, 1, &filler(60, 4))),
        down(record(DATA, V1_2, 1, 1, &filler(200, 5))),
    ]
}

/// The cookie of version 1.2, and the retry of version 1.3 with what is encrypted behind it.
fn cookies() -> Capture {
    let mut capture = Capture::default();
    let hello =
        |cookie: &[u8], number| message(CLIENT_HELLO, number, &client_hello("meter.plant.example", cookie, false));
    let mut first = vec![
        up(hello(&[], 0)),
        down(message(VERIFY, 0, &hello_verify_request(b"a cookie of 20 bytes"))),
        up(hello(b"a cookie of 20 bytes", 1)),
        down([message(SERVER_HELLO, 1, &server_hello(&[9; 32], 0xc0ae, false)), message(DONE, 2, &[])].concat()),
    ];
    first.extend(rest());
    talk(&mut capture, 0, 5684, &first);
    let hello = |number| message(CLIENT_HELLO, number, &client_hello("meter.plant.example", &[], true));
    let encrypted = |seed| [&[0x2e, 0, 1, 0, 60][..], &filler(60, seed)].concat();
    let second = vec![
        up(hello(0)),
        down(message(SERVER_HELLO, 0, &server_hello(&RETRY, 0x1301, true))),
        up(hello(1)),
        down([message(SERVER_HELLO, 1, &server_hello(&[9; 32], 0x1301, true)), encrypted(1)].concat()),
        up(encrypted(2)),
        down(encrypted(3)),
    ];
    talk(&mut capture, 1, 15_684, &second);
    capture
}

/// Hellos in fragments: in order, out of order, overlapping, repeated.
fn fragments() -> Capture {
    let mut capture = Capture::default();
    let hello = client_hello("fragments.plant.example", b"cookie", false);
    let answer = server_hello(&[9; 32], 0xc02b, false);
    let end = hello.len();
    let cuts = [[(0, 50), (50, 100), (100, end), (0, 50)], [(90, end), (0, 30), (20, 70), (60, 95)]];
    for (number, ranges) in (0..).zip(cuts) {
        let mut datagrams: Vec<_> = (0..)
            .zip(ranges)
            .map(|(sequence, range)| {
                up(record(HANDSHAKE, V1_2, 0, sequence, &fragment(CLIENT_HELLO, 0, &hello, range)))
            })
            .collect();
        let half = answer.len() / 2;
        // The second half comes in the record that ends the flight, in front of the first.
        let late = [fragment(SERVER_HELLO, 0, &answer, (half, answer.len())), fragment(DONE, 1, &[], (0, 0))].concat();
        datagrams.push(down(record(HANDSHAKE, V1_2, 0, 1, &late)));
        datagrams.push(down(record(HANDSHAKE, V1_2, 0, 0, &fragment(SERVER_HELLO, 0, &answer, (0, half)))));
        datagrams.extend(rest());
        talk(&mut capture, number, 4433, &datagrams);
    }
    capture
}

/// Media: STUN first, then the handshake with STUN, a TURN channel and media between its datagrams.
fn shared() -> Capture {
    let mut capture = Capture::default();
    let hello = message(CLIENT_HELLO, 0, &client_hello("", &[], false));
    let answer = [message(SERVER_HELLO, 0, &server_hello(&[9; 32], 0xc02f, false)), message(DONE, 1, &[])].concat();
    let mut datagrams = vec![
        up(stun(false, 1)),
        down(stun(true, 1)),
        down(stun(false, 2)),
        up(stun(true, 2)),
        up(channel(0x4001, &filler(33, 6))),
        up(hello.clone()),
        up(rtp(1, &filler(160, 1))),
        up(stun(false, 3)),
        down(stun(true, 3)),
        up(hello),
        down(answer),
    ];
    datagrams.extend(rest());
    for sequence in 2..6 {
        datagrams.push(up(rtp(sequence, &filler(160, 2))));
        datagrams.push(down(rtp(sequence, &filler(160, 3))));
    }
    talk(&mut capture, 0, 40_000, &datagrams);
    // STUN alone stays STUN.
    let alone: Vec<_> = (0..3).flat_map(|number| [up(stun(false, number)), down(stun(true, number))]).collect();
    talk(&mut capture, 1, 3478, &alone);
    capture
}

/// A fragment that never comes, one outside its message, a message over the limit, a record cut short.
fn damaged() -> Capture {
    let mut capture = Capture::default();
    let hello = client_hello("damaged.plant.example", &[], false);
    let part = |range| record(HANDSHAKE, V1_2, 0, 0, &fragment(CLIENT_HELLO, 0, &hello, range));
    let answer = message(SERVER_HELLO, 0, &server_hello(&[9; 32], 0xc02b, false));
    let alert = || record(ALERT, V1_2, 0, 5, &[2, 40]);
    talk(&mut capture, 0, 5684, &[up(part((0, 60))), up(part((90, hello.len()))), down(alert())]);
    let mut outside = part((0, 60));
    outside[20] = 0xff;
    talk(&mut capture, 1, 5684, &[up(part((0, hello.len()))), up(outside), down(answer.clone()), down(alert())]);
    let long = filler(30_000, 1);
    let piece = record(HANDSHAKE, V1_2, 0, 0, &fragment(CLIENT_HELLO, 0, &long, (0, 900)));
    talk(&mut capture, 2, 5684, &[up(piece), down(answer.clone()), down(alert())]);
    let mut cut = answer.clone();
    cut.truncate(70);
    let mut lying = hello.clone();
    lying[37] = 0x77;
    talk(&mut capture, 3, 5684, &[up(message(CLIENT_HELLO, 0, &lying)), down(cut), down(answer), down(alert())]);
    capture
}

/// What is encrypted alone: of version 1.2, and with connection ids.
fn midstream() -> Capture {
    let mut capture = Capture::default();
    let data = |seed| record(DATA, V1_2, 1, u64::from(seed), &filler(80, seed));
    talk(&mut capture, 0, 5684, &[up(data(1)), down(data(2)), up(data(3)), down(data(4))]);
    let mut with_id = record(25, V1_2, 1, 7, &filler(60, 5));
    with_id.splice(11..11, *b"id12");
    talk(&mut capture, 1, 5684, &[up(with_id.clone()), up(with_id)]);
    capture
}

/// Other things with such first bytes.
fn not_dtls() -> Capture {
    let mut capture = Capture::default();
    talk(&mut capture, 0, 5684, &[up([&[22, 3, 3, 0, 60][..], &filler(60, 1)].concat()), down(filler(60, 2))]);
    talk(&mut capture, 1, 4433, &[up([&[22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4][..], b"\x01\0\0\x01"].concat())]);
    talk(&mut capture, 2, 4433, &[up(rtp(1, &filler(90, 1))), down(rtp(1, &filler(90, 2)))]);
    capture
}

/// Every capture by name.
pub(super) fn captures() -> Vec<(&'static str, Capture)> {
    vec![
        ("cookies", cookies()),
        ("fragments", fragments()),
        ("shared", shared()),
        ("damaged", damaged()),
        ("midstream", midstream()),
        ("not-dtls", not_dtls()),
    ]
}
