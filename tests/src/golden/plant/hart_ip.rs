//! HART-IP with HART commands.

use super::{Script, ToClient, ToServer, connection, datagrams, framing, long, midstream, one_direction, short};
use crate::make::Capture;

fn frame(kind: u8, id: u8, sequence: u16, body: &[u8]) -> Vec<u8> {
    [&[1, kind, id, 0][..], &sequence.to_be_bytes(), &long(body, 8).to_be_bytes(), body].concat()
}

/// A HART message of a long address, with its checksum.
fn pdu(delimiter: u8, command: u8, data: &[u8]) -> Vec<u8> {
    let mut bytes = [&[delimiter, 0xa6, 6, 1, 2, 3, command, short(data)][..], data].concat();
    bytes.push(bytes.iter().fold(0, |sum, byte| sum ^ byte));
    bytes
}

/// Session, keep-alive.
fn opening() -> Script {
    let begin = [1, 0, 0, 0x75, 0x30];
    vec![
        (ToServer, frame(0, 0, 1, &begin)),
        (ToClient, frame(1, 0, 1, &begin)),
        (ToServer, frame(0, 2, 2, &[])),
        (ToClient, frame(1, 2, 2, &[])),
    ]
}

/// Commands of every operation with their answers, a burst, one refused by the gateway.
fn commands() -> Script {
    let mut script = opening();
    for (number, command) in [0u8, 20, 1, 3, 6, 35, 40, 41, 42, 71, 108, 109, 31, 200].iter().enumerate() {
        let sequence = 10 + number as u16;
        let asked: &[u8] = if *command == 31 { &[2, 0x58] } else { &[] };
        let said: &[u8] = match command {
            0 => &[0, 0, 254, 0x26, 6, 5, 7, 4, 9, 8, 0, 1, 2, 3, 5, 1, 0, 0, 0, 0, 0x26, 0, 0x26, 1],
            20 => b"\0\0FT-101.FLOW\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
            31 => &[0, 0, 2, 0x58],
            _ => &[0, 0x40, 1, 2, 3],
        };
        script.push((ToServer, frame(0, 3, sequence, &pdu(0x82, *command, asked))));
        script.push((ToClient, frame(1, 3, sequence, &pdu(0x86, *command, said))));
    }
    script.push((ToClient, frame(2, 3, 1, &pdu(0x81, 3, &[0, 0, 0x41, 0x20, 0, 0]))));
    script.push((ToServer, frame(0, 3, 90, &pdu(0x82, 38, &[]))));
    script.push((ToClient, frame(15, 3, 90, &[])));
    script.push((ToServer, frame(0, 1, 91, &[])));
    script.push((ToClient, frame(1, 1, 91, &[])));
    script
}

/// A checksum that does not fit, noise, then good messages.
fn malformed() -> Script {
    let mut wrong = pdu(0x82, 1, &[]);
    wrong[8] ^= 0x55;
    let good = |sequence| frame(0, 3, sequence, &pdu(0x82, 1, &[]));
    let mut script = opening();
    script.push((ToServer, frame(0, 3, 3, &wrong)));
    script.push((ToServer, [&b"noise"[..], &good(4), &good(5)].concat()));
    script
}

pub(super) fn captures() -> Vec<(&'static str, Capture)> {
    vec![
        ("commands", connection(5094, &commands())),
        ("wrong-port", connection(4444, &commands())),
        ("datagrams", datagrams((50_000, 5094), &commands())),
        ("framing", framing(5094, &commands())),
        ("midstream", midstream(5094, &commands()[5..].to_vec())),
        ("one-direction", one_direction(5094, &commands())),
        ("malformed", connection(5094, &malformed())),
    ]
}
