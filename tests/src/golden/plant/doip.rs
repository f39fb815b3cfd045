//! Diagnostics over IP.

use super::{Script, ToClient, ToServer, connection, datagrams, framing, midstream};
use crate::make::Capture;

fn frame(kind: u16, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    [&[2, 0xfd][..], &kind.to_be_bytes(), &length.to_be_bytes(), body].concat()
}

/// From the tester to the entity, or back.
fn diagnostic(from: u16, to: u16, service: &[u8]) -> Vec<u8> {
    frame(0x8001, &[&from.to_be_bytes()[..], &to.to_be_bytes(), service].concat())
}

const TESTER: u16 = 0x0e80;
const ENTITY: u16 = 0x1001;

/// A session with services that are done, put off, refused; an alive check.
fn diagnosis() -> Script {
    let accepted = [0x0e, 0x80, 0x10, 1, 0x10, 0, 0, 0, 0];
    let mut script = vec![(ToServer, frame(5, &[0x0e, 0x80, 0, 0, 0, 0, 0])), (ToClient, frame(6, &accepted))];
    let exchanges: &[(&[u8], &[u8])] = &[
        (&[0x10, 3], &[0x50, 3, 0, 50, 1, 0xf4]),
        (&[0x22, 0xf1, 0x90], &[0x62, 0xf1, 0x90, b'W']),
        (&[0x27, 1], &[0x67, 1, 9, 9]),
        (&[0x34, 0, 0x44, 0, 0, 0, 0, 0, 0, 1, 0], &[0x7f, 0x34, 0x78]),
        (&[0x11, 1], &[0x7f, 0x11, 0x22]),
        (&[0xba, 1], &[0x7f, 0xba, 0x11]),
    ];
    for (ask, answer) in exchanges {
        script.push((ToServer, diagnostic(TESTER, ENTITY, ask)));
        script.push((ToClient, frame(0x8002, &[0x10, 1, 0x0e, 0x80, 0])));
        script.push((ToClient, diagnostic(ENTITY, TESTER, answer)));
    }
    script.push((ToServer, diagnostic(TESTER, 0x7777, &[0x3e, 0])));
    script.push((ToClient, frame(0x8003, &[0x77, 0x77, 0x0e, 0x80, 3])));
    script.push((ToClient, frame(7, &[])));
    script.push((ToServer, frame(8, &[0x0e, 0x80])));
    script.push((ToClient, frame(0, &[1])));
    script
}

/// Announced, asked for, asked about.
fn vehicles() -> Script {
    let vehicle = [&b"WVWZZZ1KZ6W000001"[..], &[0x10, 1, 2, 0x50, 0, 0, 0, 2, 0, 0, 0, 0, 0, 1, 0]].concat();
    vec![
        (ToClient, frame(4, &vehicle)),
        (ToServer, frame(1, &[])),
        (ToClient, frame(4, &vehicle)),
        (ToServer, frame(2, &[2, 0x50, 0, 0, 0, 2])),
        (ToClient, frame(4, &vehicle)),
        (ToServer, frame(3, b"WVWZZZ1KZ6W000001")),
        (ToClient, frame(4, &vehicle)),
        (ToServer, frame(0x4001, &[])),
        (ToClient, frame(0x4002, &[0, 4, 1, 0, 0, 16, 0])),
        (ToServer, frame(0x4003, &[])),
        (ToClient, frame(0x4004, &[1])),
    ]
}

/// Noise between messages; activation refused.
fn malformed() -> Script {
    let mut script = diagnosis();
    script.truncate(5);
    script[1].1 = frame(6, &[0x0e, 0x80, 0x10, 1, 0x06, 0, 0, 0, 0]);
    let noise = [&[2, 0xfe][..], &[0; 9], &diagnostic(TESTER, ENTITY, &[0x3e, 0]), &frame(8, &[0x0e, 0x80])];
    script.push((ToServer, noise.concat()));
    script
}

pub(super) fn captures() -> Vec<(&'static str, Capture)> {
    vec![
        ("diagnosis", connection(13_400, &diagnosis())),
        ("wrong-port", connection(4444, &diagnosis())),
        ("framing", framing(13_400, &diagnosis())),
        ("midstream", midstream(13_400, &diagnosis()[3..].to_vec())),
        ("vehicles", datagrams((50_000, 13_400), &vehicles())),
        ("malformed", connection(13_400, &malformed())),
    ]
}
