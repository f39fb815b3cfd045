//! OPC UA binary.

use super::{Script, ToClient, ToServer, connection, framing, midstream, one_direction};
use crate::make::Capture;

fn chunk(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len() + 8).unwrap_or(u32::MAX);
    [&kind[..], &size.to_le_bytes(), body].concat()
}

/// A chunk of the secure conversation: channel, token, sequence number, request id.
fn secure(kind: &[u8; 4], request: u32, body: &[u8]) -> Vec<u8> {
    let sequence = (request + 50).to_le_bytes();
    chunk(kind, &[&[9, 0, 0, 0, 1, 0, 0, 0][..], &sequence, &request.to_le_bytes(), body].concat())
}

fn string(text: &str) -> Vec<u8> {
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    [&length.to_le_bytes()[..], text.as_bytes()].concat()
}

const NONE: [u8; 4] = [0xff; 4];
/// 2026-03-02, in steps of 100 nanoseconds since 1601.
const TIME: [u8; 8] = 134_168_832_000_000_000u64.to_le_bytes();

/// A type with the header of a request.
fn ask(kind: u16, body: &[u8]) -> Vec<u8> {
    let head = [&[0, 0][..], &TIME, &[1, 0, 0, 0, 0, 0, 0, 0], &NONE, &[0x10, 0x27, 0, 0, 0, 0, 0]].concat();
    [&[1, 0][..], &kind.to_le_bytes(), &head, body].concat()
}

/// A type with the header of an answer.
fn answer(kind: u16, status: u32, body: &[u8]) -> Vec<u8> {
    let head = [&TIME[..], &[1, 0, 0, 0], &status.to_le_bytes(), &[0], &NONE, &[0, 0, 0]].concat();
    [&[1, 0][..], &kind.to_le_bytes(), &head, body].concat()
}

fn application(name: &str, kind: u8) -> Vec<u8> {
    let uri = string(&format!("urn:example:{name}"));
    [&uri[..], &string("urn:example:product"), &[2], &string(name), &[kind, 0, 0, 0], &NONE, &NONE, &NONE].concat()
}

fn opening() -> Script {
    let hello = [&[0; 4][..], &[0, 0, 1, 0, 0, 0, 1, 0], &[0; 8], &string("opc.tcp://plc.example:4840")].concat();
    let policy = string("http://opcfoundation.org/UA/SecurityPolicy#None");
    let open = |side: Vec<u8>| {
        chunk(b"OPNF", &[&[9, 0, 0, 0][..], &policy, &NONE, &NONE, &[51, 0, 0, 0, 1, 0, 0, 0], &side].concat())
    };
    vec![
        (ToServer, chunk(b"HELF", &hello)),
        (ToClient, chunk(b"ACKF", &[&[0; 4][..], &[0, 0, 1, 0, 0, 0, 1, 0], &[0; 8]].concat())),
        (ToServer, open(ask(446, &[0; 20]))),
        (ToClient, open(answer(449, 0, &[0; 24]))),
    ]
}

/// Every service, answered well; a fault, and a type that nobody knows.
fn functions() -> Script {
    const SERVICES: &[u16] = &[
        422, 428, 437, 461, 467, 473, 479, 488, 494, 500, 506, 527, 533, 554, 560, 566, 615, 621, 631, 664, 673, 700,
        712, 751, 763, 769, 775, 781, 787, 793, 799, 826, 832, 841, 847, 12_208, 12_211, 9_999,
    ];
    let mut script = opening();
    for (number, service) in SERVICES.iter().enumerate() {
        let request = 2 + number as u32;
        let node = [&[1, 0, 0, 0, 3, 2, 0][..], &string("Pump.Speed"), &[13, 0, 0, 0], &NONE].concat();
        let body = match service {
            461 => application("hmi", 1),
            527 => [&[0, 0][..], &[0; 16], &[1, 0, 0, 0, 0, 85]].concat(),
            631 => [&[0; 12][..], &node].concat(),
            673 => node,
            712 => [&[1, 0, 0, 0, 1, 2, 7, 0][..], &[1, 2, 8, 0], &NONE].concat(),
            _ => Vec::new(),
        };
        script.push((ToServer, secure(b"MSGF", request, &ask(*service, &body))));
        let (kind, status, body) = match service {
            12_208 | 12_211 => (service + 1, 0, Vec::new()),
            422 => (425, 0, [&[1, 0, 0, 0][..], &application("plc", 0)].concat()),
            428 => (431, 0, [&[1, 0, 0, 0][..], &string("opc.tcp://plc.example"), &application("plc", 0)].concat()),
            700 => (397, 0x801f_0000, Vec::new()),
            _ => (service + 3, 0, Vec::new()),
        };
        script.push((ToClient, secure(b"MSGF", request, &answer(kind, status, &body))));
    }
    script.push((ToServer, secure(b"CLOF", 99, &ask(452, &[]))));
    script
}

/// A read whose request and answer are spread over chunks, one given up, one longer than is kept.
fn chunks() -> Script {
    let node = [&[0; 12][..], &[1, 0, 0, 0, 3, 2, 0], &string("A.Name.That.Is.Long"), &[13, 0, 0, 0]].concat();
    let (ask, answer) = (ask(631, &node), answer(634, 0, &[7; 300]));
    vec![
        (ToServer, secure(b"MSGC", 5, &ask[..30])),
        (ToServer, secure(b"MSGF", 5, &ask[30..])),
        (ToClient, secure(b"MSGC", 5, &answer[..100])),
        (ToClient, secure(b"MSGC", 5, &answer[100..200])),
        (ToClient, secure(b"MSGF", 5, &answer[200..])),
        (ToServer, secure(b"MSGF", 6, &ask)),
        (ToClient, secure(b"MSGC", 6, &answer[..100])),
        (ToClient, secure(b"MSGA", 6, &[&[0, 0, 3, 0x80][..], &NONE].concat())),
        (ToServer, secure(b"MSGF", 7, &ask)),
        (ToClient, secure(b"MSGF", 7, &answer)),
    ]
}

/// A channel that is encrypted: what can be seen of it.
fn secured() -> Script {
    let policy = string("http://opcfoundation.org/UA/SecurityPolicy#Basic256Sha256");
    let secret =
        |seed: u8, length: usize| -> Vec<u8> { (0..length).map(|i| (i as u8).wrapping_mul(97) ^ seed).collect() };
    let open = |seed| {
        let certificate = [&[0, 2, 0, 0][..], &secret(seed, 512), &[20, 0, 0, 0], &secret(seed, 20)].concat();
        chunk(b"OPNF", &[&[0; 4][..], &policy, &certificate, &secret(seed ^ 0x5a, 512)].concat())
    };
    let mut script: Script = opening().into_iter().take(2).collect();
    script.push((ToServer, open(1)));
    script.push((ToClient, open(2)));
    for number in 0..4 {
        let body = |seed| chunk(b"MSGF", &[&[9, 0, 0, 0, 1, 0, 0, 0][..], &secret(seed, 160)].concat());
        script.push((ToServer, body(0x80 + number)));
        script.push((ToClient, body(0xc0 + number)));
    }
    script.push((ToServer, chunk(b"CLOF", &[&[9, 0, 0, 0, 1, 0, 0, 0][..], &secret(7, 80)].concat())));
    script
}

/// Noise between messages, then an error that ends the connection.
fn malformed() -> Script {
    let mut script = opening();
    script.push((ToServer, [b"MSGQ\x10\0\0\0noise".to_vec(), secure(b"MSGF", 3, &ask(826, &[]))].concat()));
    script.push((ToClient, secure(b"MSGF", 3, &answer(829, 0, &[]))));
    script.push((ToClient, chunk(b"ERRF", &[&[0, 0, 0x7f, 0x80][..], &string("bad message type")].concat())));
    script
}

pub(super) fn captures() -> Vec<(&'static str, Capture)> {
    vec![
        ("functions", connection(4840, &functions())),
        ("wrong-port", connection(4444, &chunks())),
        ("chunks", connection(4840, &chunks())),
        ("framing", framing(4840, &chunks())),
        ("midstream", midstream(4840, &chunks())),
        ("one-direction", one_direction(4840, &functions())),
        ("secured", connection(4840, &secured())),
        ("malformed", connection(4840, &malformed())),
    ]
}
