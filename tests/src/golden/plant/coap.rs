//! CoAP over UDP and TCP.

use super::{Script, ToClient, ToServer, connection, datagrams, framing, midstream, one_direction, short};
use crate::make::Capture;

const CONFIRMABLE: u8 = 0;
const NON_CONFIRMABLE: u8 = 1;
const ACKNOWLEDGEMENT: u8 = 2;
const RESET: u8 = 3;

fn frame(kind: u8, code: u8, number: u16, token: &[u8], rest: &[u8]) -> Vec<u8> {
    [&[0x40 | kind << 4 | short(token), code][..], &number.to_be_bytes(), token, rest].concat()
}

/// A message of a stream: length, code, token, the rest.
fn piece(code: u8, token: &[u8], rest: &[u8]) -> Vec<u8> {
    let (length, more) = match rest.len() {
        length @ ..13 => (length as u8, vec![]),
        length @ ..269 => (13, vec![(length - 13) as u8]),
        length => (14, ((length - 269) as u16).to_be_bytes().to_vec()),
    };
    [&[length << 4 | short(token)][..], &more, &[code], token, rest].concat()
}

/// Options for this path, behind observation where that is wanted.
fn path(parts: &[&str], observe: bool) -> Vec<u8> {
    let mut options = if observe { vec![0x60] } else { Vec::new() };
    for (number, part) in parts.iter().enumerate() {
        let delta = if number > 0 { 0 } else { 11 - if observe { 6 } else { 0 } };
        options.push(delta << 4 | short(part.as_bytes()));
        options.extend(part.as_bytes());
    }
    options
}

/// The examples of RFC 7252 appendix A: answers at once, later, refused; a request that is sent again; a ping.
fn exchanges() -> Script {
    let temperature = path(&["temperature"], false);
    let ask = |kind, code, number, token: &[u8]| frame(kind, code, number, token, &temperature);
    let mut script = vec![
        (ToServer, ask(CONFIRMABLE, 1, 0x7d34, &[])),
        (ToClient, frame(ACKNOWLEDGEMENT, 0x45, 0x7d34, &[], b"\xff22.3 C")),
        (ToServer, ask(CONFIRMABLE, 1, 0x7d35, &[0x20])),
        (ToServer, ask(CONFIRMABLE, 1, 0x7d35, &[0x20])),
        (ToClient, frame(ACKNOWLEDGEMENT, 0x45, 0x7d35, &[0x20], b"\xff22.3 C")),
        (ToServer, ask(CONFIRMABLE, 1, 0x7d36, &[0x73])),
        (ToClient, frame(ACKNOWLEDGEMENT, 0, 0x7d36, &[], &[])),
        (ToClient, frame(CONFIRMABLE, 0x45, 0xad7b, &[0x73], b"\xff22.9 C")),
        (ToServer, frame(ACKNOWLEDGEMENT, 0, 0xad7b, &[], &[])),
        (ToServer, ask(NON_CONFIRMABLE, 1, 0x7d37, &[0x75])),
        (ToClient, frame(NON_CONFIRMABLE, 0x45, 0xad7c, &[0x75], b"\xff23.0 C")),
    ];
    for (number, code) in [2u8, 3, 4, 5, 6, 7].iter().enumerate() {
        let (id, token) = (0x8000 + number as u16, [0x80 + number as u8]);
        script.push((ToServer, ask(CONFIRMABLE, *code, id, &token)));
        let answer = [0x41, 0x44, 0x42, 0x84, 0x81, 0xa0][number];
        script.push((ToClient, frame(ACKNOWLEDGEMENT, answer, id, &token, &[])));
    }
    script.push((ToServer, frame(CONFIRMABLE, 0, 0x9000, &[], &[])));
    script.push((ToClient, frame(RESET, 0, 0x9000, &[], &[])));
    // An answer to nobody's question.
    script.push((ToClient, frame(NON_CONFIRMABLE, 0x45, 0xad7d, &[0x99], b"\xff1")));
    script
}

/// What is observed, until it is refused.
fn observation() -> Script {
    let mut script = vec![
        (ToServer, frame(CONFIRMABLE, 1, 1, &[1, 2], &path(&["plant", "line1", "level"], true))),
        (ToClient, frame(ACKNOWLEDGEMENT, 0x45, 1, &[1, 2], b"\x61\x0c\xff3.1")),
    ];
    for number in 0..3u8 {
        let rest = [&[0x61, 13 + number][..], b"\xff3.2"].concat();
        script.push((ToClient, frame(NON_CONFIRMABLE, 0x45, 700 + u16::from(number), &[1, 2], &rest)));
    }
    script
}

/// An option that nobody knows in a conversation that is CoAP without doubt; a message without its end.
fn malformed() -> Script {
    let mut script = observation();
    script.push((ToServer, frame(CONFIRMABLE, 1, 9, &[3], &[0x21, 0])));
    script.push((ToServer, vec![0x48, 1, 0]));
    script.push((ToServer, frame(CONFIRMABLE, 3, 10, &[4], &path(&["plant", "valve"], false))));
    script
}

/// Over TCP (RFC 8323): what each side takes; answers at once, refused, long and out of order; what is observed; a server that asks;
/// a ping; the end.
fn stream() -> Script {
    let level = path(&["plant", "line1", "level"], false);
    let valve = path(&["plant", "valve"], false);
    let set = |payload: &[u8]| [&valve[..], b"\xff", payload].concat();
    vec![
        (ToServer, [piece(0xe1, &[], &[0x22, 0x04, 0x80, 0x20]), piece(1, &[1], &level)].concat()),
        (ToClient, piece(0xe1, &[], &[0x23, 0x10, 0x00, 0x00, 0x20])),
        (ToClient, piece(0x45, &[1], b"\xff22.3 C")),
        (ToServer, [piece(3, &[2], &set(b"open")), piece(1, &[3], &level)].concat()),
        (ToClient, [piece(0x45, &[3], &[&b"\xff"[..], &[b'7'; 600]].concat()), piece(0x44, &[2], &[])].concat()),
        (ToServer, piece(4, &[4], &valve)),
        (ToClient, piece(0x83, &[4], b"\xffnot yours")),
        (ToServer, piece(1, &[5, 6], &path(&["plant", "line1", "level"], true))),
        (ToClient, piece(0x45, &[5, 6], b"\x61\x0c\xff3.1")),
        (ToClient, [piece(0x45, &[5, 6], b"\x61\x0d\xff3.2"), piece(0x45, &[5, 6], b"\x61\x0e\xff3.3")].concat()),
        (ToServer, piece(0, &[], &[])),
        (ToServer, piece(0xe2, &[7], &[0x20])),
        (ToClient, piece(0xe3, &[7], &[0x20])),
        (ToClient, piece(1, &[8], &path(&["client", "state"], false))),
        (ToServer, piece(0x45, &[8], b"\xff1")),
        (ToServer, piece(2, &[9], &set(b"close"))),
        (ToClient, piece(0xa0, &[9], &[])),
        (ToClient, piece(0xe4, &[], &[0x41, 30])),
        (ToServer, piece(0xe5, &[], b"\xffreleased")),
    ]
}

/// Bytes that are no message between good ones.
fn noise() -> Script {
    let mut script = stream();
    script.insert(
        6,
        (ToServer, [&[0x9f, 0xff, 0xfe][..], &piece(1, &[0x70], &path(&["plant", "mode"], false))].concat()),
    );
    script
}

pub(super) fn captures() -> Vec<(&'static str, Capture)> {
    vec![
        ("exchanges", datagrams((50_000, 5683), &exchanges())),
        ("wrong-port", datagrams((50_000, 4444), &exchanges())),
        ("observation", datagrams((50_000, 5683), &observation())),
        ("malformed", datagrams((50_000, 5683), &malformed())),
        ("tcp", connection(5683, &stream())),
        ("tcp-wrong-port", connection(4444, &stream())),
        ("tcp-framing", framing(5683, &stream())),
        ("tcp-midstream", midstream(4444, &stream()[3..].to_vec())),
        ("tcp-one-direction", one_direction(4444, &stream())),
        ("tcp-malformed", connection(5683, &noise())),
    ]
}
