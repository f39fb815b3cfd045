//! SLMP in its forms, frame 1E, MELSOFT.

use super::{Exchange, datagrams, spoken, streams};
use crate::golden::Made;

/// A 4E frame, binary.
fn frame(number: u16, answer: bool, body: &[u8]) -> Vec<u8> {
    let [low, high] = number.to_le_bytes();
    let mut out = vec![if answer { 0xd4 } else { 0x54 }, 0, low, high, 0, 0, 0, 0xff, 0xff, 3, 0];
    out.extend((body.len() as u16).to_le_bytes());
    out.extend(body);
    out
}

fn request(command: u16, sub: u16, data: &[u8]) -> Vec<u8> {
    let mut body = vec![0x10, 0];
    body.extend(command.to_le_bytes());
    body.extend(sub.to_le_bytes());
    body.extend(data);
    body
}

fn exchange(number: u16, command: u16, sub: u16, data: &[u8], answer: &[u8]) -> Exchange {
    (frame(number, false, &request(command, sub, data)), frame(number, true, answer))
}

/// Every command: the examples of the SLMP specification where it has one.
fn exchanges() -> Vec<Exchange> {
    let mut all = vec![
        exchange(1, 0x0401, 1, &[100, 0, 0, 0x90, 8, 0], &[0, 0, 0x00, 0x01, 0x00, 0x11]),
        exchange(2, 0x1401, 0, &[100, 0, 0, 0x90, 2, 0, 0x47, 0x23, 0x96, 0xab], &[0, 0]),
        exchange(3, 0x0101, 0, &[], &[&[0, 0][..], b"Q02UCPU         ", &[0x63, 2]].concat()),
        exchange(4, 0x1401, 0, &[100, 0, 0, 0xa8, 1, 0, 0x95, 0x19], &[0x51, 0xc0, 0, 0xff, 0xff, 3, 0, 1, 0x14, 0, 0]),
        exchange(5, 0x0401, 3, &[0, 1, 0, 0, 0x9c, 0, 16, 0], &[0, 0, 1, 2, 3, 4, 5, 6, 7, 8]),
        exchange(6, 0x0403, 0, &[1, 0, 0, 0, 0, 0xa8], &[0, 0, 0x95, 0x19]),
    ];
    let rest: &[(u16, &[u8])] = &[
        (0x1402, &[1, 0, 0, 0, 0, 0xa8, 9, 0]),
        (0x0406, &[1, 0, 0, 0, 0, 0xa8, 4, 0]),
        (0x1406, &[1, 0, 0, 0, 0, 0xa8, 1, 0, 7, 0]),
        (0x0601, &[0, 0, 0, 0, 4, 0]),
        (0x1601, &[0, 0, 0, 0, 1, 0, 9]),
        (0x0613, &[0, 0, 0, 0, 2, 0]),
        (0x1613, &[0, 0, 0, 0, 1, 0, 9, 0]),
        (0x0801, &[1, 0, 0, 0, 0, 0xa8]),
        (0x0802, &[]),
        (0x1001, &[1, 0, 0, 0]),
        (0x1002, &[1, 0]),
        (0x1003, &[1, 0]),
        (0x1005, &[1, 0]),
        (0x1006, &[1, 0]),
        (0x0619, &[5, 0, b'A', b'B', b'C', b'D', b'E']),
        (0x1617, &[]),
        (0x1630, &[4, 0, b'1', b'2', b'3', b'4']),
        (0x1631, &[4, 0, b'1', b'2', b'3', b'4']),
        (0x1810, &[0; 6]),
        (0x1827, &[0; 6]),
        (0x1828, &[0; 6]),
        (0x1829, &[0; 6]),
        (0x182a, &[0; 4]),
        (0x1814, &[0; 4]),
        (0x3070, &[1, 2, 3]),
    ];
    all.extend(rest.iter().zip(7..).map(|((command, data), number)| exchange(number, *command, 0, data, &[0, 0])));
    // The controller sends of itself; then an answer that nobody asked for.
    all.push((Vec::new(), frame(0, false, &request(0x2101, 0, &[1, 2]))));
    all.push((Vec::new(), frame(999, true, &[0, 0])));
    all
}

/// A 3E frame of digits.
fn text(answer: bool, body: &str) -> Vec<u8> {
    format!("{}0000FF03FF00{:04X}{body}", if answer { "D0" } else { "50" }, body.len()).into_bytes()
}

fn ascii() -> Vec<Exchange> {
    vec![
        (text(false, "001004010001M*0001000008"), text(true, "000000010011")),
        (text(false, "001014010000D*00010000011995"), text(true, "0000")),
        (text(false, "001004010000X*0000400002"), text(true, "C051000000FF03FF0004010000")),
        (text(false, "001001010000"), text(true, "0000Q02UCPU         0263")),
    ]
}

/// Frame 1E: the examples of the manual, remote stop, a loop-back, a refusal.
fn older() -> Vec<Exchange> {
    vec![
        (vec![1, 0xff, 10, 0, 100, 0, 0, 0, b' ', b'D', 3, 0], vec![0x81, 0, 0x34, 0x12, 2, 0, 0xef, 0x1d]),
        (vec![0, 0xff, 10, 0, 100, 0, 0, 0, b' ', b'M', 12, 0], vec![0x80, 0, 0x10, 0x10, 0, 0x01, 0, 0x10]),
        (vec![3, 0xff, 10, 0, 100, 0, 0, 0, b' ', b'D', 1, 0, 0x34, 0x12], vec![0x83, 0]),
        (vec![2, 0xff, 10, 0, 50, 0, 0, 0, b' ', b'Y', 3, 0, 0x11, 0x10], vec![0x82, 0]),
        (vec![0x14, 0xff, 10, 0], vec![0x94, 0]),
        (vec![0x13, 0xff, 10, 0], vec![0x93, 0x5b, 0x10, 0]),
        (vec![0x15, 0xff, 10, 0], vec![0x95, 0, 0xa3, 0]),
        (vec![0x16, 0xff, 10, 0, 3, b'A', b'B', b'C'], vec![0x96, 0, 3, b'A', b'B', b'C']),
    ]
}

/// A frame of MELSOFT.
fn melsoft(answer: bool, command: [u8; 2], data: &[u8]) -> Vec<u8> {
    let mut body = if answer { vec![0x9c, 0, 12, 8] } else { vec![0x1c, 8, 10, 8] };
    body.extend([0, 0, 0, 0, 6, 4, 0, 0]);
    body.extend(if answer { &[0, 0][..] } else { &[] });
    body.extend(command);
    body.push(1);
    body.extend(data);
    let mut out =
        vec![if answer { 0xd7 } else { 0x57 }, 0, 0, 0, 0, 0x11, 0x11, 7, 0, 0, 0xff, 0xff, 3, 0, 0, 0xfe, 3, 0, 0];
    out.extend((body.len() as u16).to_le_bytes());
    out.extend(body);
    out
}

fn programming() -> Vec<Exchange> {
    let name = [&[0, 0, 0][..], b"Q03UDECPU       ", &[0x68, 2]].concat();
    vec![
        (vec![0x5a, 0, 0, 0xff], [&[0xda, 0, 0, 0xff][..], &[0x29, 0x4a, 0x0c, 0], &[0; 20]].concat()),
        (vec![0x5a, 0, 0, 1], [&[0xda, 0, 0, 1][..], &[0x14, 0, 192, 0, 2, 10, 192, 0, 2, 20]].concat()),
        (melsoft(false, [1, 1], &[0, 0, 0, 0, 1]), melsoft(true, [1, 1], &name)),
        (melsoft(false, [4, 0x10], &[0; 12]), melsoft(true, [4, 0x10], &[0, 0, 0, 0x61, 0, 0, 0])),
    ]
}

/// Every capture by name.
pub(super) fn captures() -> Vec<Made> {
    let mut all = streams("melsec", 5007, &exchanges());
    let mut lying = exchanges().get(..2).unwrap_or(&[]).to_vec();
    // A request without a command, and a length that no frame has.
    lying.push((frame(7, false, &[0x10, 0, 1, 4]), Vec::new()));
    lying.push(([&frame(8, false, &[])[..11], &[0xff, 0xff]].concat(), frame(8, true, &[0, 0])));
    lying.extend(exchanges().get(..2).unwrap_or(&[]).to_vec());
    all.push(("melsec", "ascii", spoken(5007, &ascii())));
    all.push(("melsec", "older", spoken(5000, &older())));
    all.push(("melsec", "programming", datagrams(5560, &programming())));
    all.push(("melsec", "malformed", spoken(5007, &lying)));
    all
}
