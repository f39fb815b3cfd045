//! FINS over UDP, and behind its header over TCP.

use super::{Exchange, datagrams, spoken, streams, unanswered};
use crate::golden::Made;

fn frame(answer: bool, number: u8, command: u16, data: &[u8]) -> Vec<u8> {
    let mut out = vec![if answer { 0xc0 } else { 0x80 }, 0, 2];
    out.extend(if answer { [0, 10, 0, 0, 20, 0] } else { [0, 20, 0, 0, 10, 0] });
    out.push(number);
    out.extend(command.to_be_bytes());
    out.extend(data);
    out
}

fn tcp(command: u32, error: u32, inside: &[u8]) -> Vec<u8> {
    let head = [8 + inside.len() as u32, command, error].map(u32::to_be_bytes).concat();
    [b"FINS", &head[..], inside].concat()
}

/// One exchange of every command: request data and answer data.
fn commands() -> Vec<Exchange> {
    let text = |text: &str| format!("{text:20}").into_bytes();
    let controller = [&[0, 0][..], &text("XP1L-EL20DR-D"), &text("01.00     01.06"), &[0; 40]].concat();
    let mut all: Vec<(u16, Vec<u8>, Vec<u8>)> = vec![
        (0x0101, vec![0x82, 0, 100, 0, 0, 2], vec![0, 0, 1, 2, 3, 4]),
        (0x0102, vec![0x82, 0, 100, 0, 0, 1, 0x12, 0x34], vec![0, 0]),
        (0x0501, vec![0], controller),
        (0x0102, vec![0xb0, 0xff, 0xf0, 0, 0, 1, 0, 1], vec![0x11, 3]),
        (0x0103, vec![0xb1, 0, 0, 0, 0, 16, 0, 0], vec![0, 0]),
        (0x0101, vec![0xee, 0, 1, 0, 0, 1], vec![0x11, 1]),
    ];
    let rest: &[(u16, &[u8])] = &[
        (0x0104, &[0x82, 0, 1, 0, 0x30, 0, 2, 3]),
        (0x0105, &[0x82, 0, 1, 0, 0x82, 0, 9, 0, 0, 4]),
        (0x0201, &[0x80, 0x10, 0, 0, 0, 8]),
        (0x0202, &[0x80, 0x10, 0, 0, 0, 1, 0, 9]),
        (0x0203, &[0x80, 0x10, 0, 0, 0, 1, 0, 0]),
        (0x0220, &[0, 1]),
        (0x0304, &[0xff, 0xff, 0, 0, 0, 0, 0, 0, 0]),
        (0x0305, &[0xff, 0xff, 0, 0, 0, 0, 0, 0, 0]),
        (0x0306, &[0xff, 0xff, 0, 0, 0, 0, 0, 16]),
        (0x0307, &[0xff, 0xff, 0, 0, 0, 0, 0, 2, 9, 9]),
        (0x0308, &[0xff, 0xff, 0]),
        (0x0401, &[0xff, 0xff, 4]),
        (0x0402, &[]),
        (0x0403, &[]),
        (0x0502, &[0, 1]),
        (0x0601, &[]),
        (0x0602, &[]),
        (0x0620, &[1]),
        (0x0701, &[]),
        (0x0702, &[0x26, 3, 2, 12, 0, 0]),
        (0x0801, b"hello"),
        (0x0920, &[0x80, 0]),
        (0x0c01, &[0xff, 0xff]),
        (0x0c03, &[0xff, 0xff]),
        (0x2101, &[0xff, 0xfe]),
        (0x2102, &[0, 0, 0, 1]),
        (0x2201, &[0x80, 0, 0, 0, 1]),
        (0x220e, &[0x80, 0]),
        (0x2301, &[0, 1, 0, 1, 0x30, 0, 2, 3]),
        (0x2302, &[]),
        (0x230a, &[0x30, 0, 0, 0, 0, 16]),
        (0x2828, &[1]),
    ];
    all.extend(rest.iter().map(|(command, data)| (*command, data.to_vec(), vec![0, 0])));
    all.iter()
        .zip(1..)
        .map(|((command, ask, answer), number)| {
            (frame(false, number, *command, ask), frame(true, number, *command, answer))
        })
        .collect()
}

/// The same over TCP, behind the exchange of node addresses.
fn stream() -> Vec<Exchange> {
    let mut all = vec![(tcp(0, 0, &[0; 4]), tcp(1, 0, &[0, 0, 0, 10, 0, 0, 0, 20]))];
    all.extend(commands().iter().map(|(ask, answer)| (tcp(2, 0, ask), tcp(2, 0, answer))));
    all.push((tcp(6, 0, &[]), tcp(3, 0x22, &[])));
    all.push((tcp(0, 0, &[0; 4]), tcp(1, 0x20, &[0; 8])));
    all
}

/// Every capture by name.
pub(super) fn captures() -> Vec<Made> {
    let mut all = streams("fins", 9600, &stream());
    let first = commands().get(..2).unwrap_or(&[]).to_vec();
    let mut lying = first.clone();
    // A read that ends early, an answer without an end code, something else.
    lying.push((frame(false, 7, 0x0101, &[0x82, 0]), frame(true, 7, 0x0101, &[0])));
    lying.push((b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff".to_vec(), Vec::new()));
    lying.extend(first);
    let mut broken = stream().get(..2).unwrap_or(&[]).to_vec();
    broken.push((tcp(2, 0, &[0xff; 4]), b"FINS\xff\xff\xff\xff".to_vec()));
    broken.extend(stream().get(..3).unwrap_or(&[]).to_vec());
    all.push(("fins", "datagrams", datagrams(9600, &commands())));
    all.push(("fins", "one-direction", datagrams(9600, &unanswered(&commands()))));
    all.push(("fins", "malformed", datagrams(9600, &lying)));
    all.push(("fins", "malformed-stream", spoken(9600, &broken)));
    all
}
