//! GE SRTP.

use super::{Exchange, spoken, streams};
use crate::golden::Made;

/// A header with its text: kind of message inside, and the 14 bytes at its end.
fn message(answer: bool, number: u16, inside: u8, tail: &[u8], text: &[u8]) -> Vec<u8> {
    let mut out = vec![0; 56];
    out[0] = if answer { 3 } else { 2 };
    out[2..4].copy_from_slice(&number.to_le_bytes());
    out[4..6].copy_from_slice(&(text.len() as u16).to_le_bytes());
    out[9] = u8::from(!answer);
    out[17] = 1;
    if answer {
        out[26..30].copy_from_slice(&[0x21, 0x58, 0x11, 0]);
    }
    out[30] = number as u8;
    out[31] = inside;
    out[36..38].copy_from_slice(&[0x10, 0x0e]);
    out[40] = 1;
    out[41] = 1;
    out[42..42 + tail.len()].copy_from_slice(tail);
    out.extend(text);
    out
}

fn exchange(number: u16, service: u8, arguments: [u8; 5], text: &[u8]) -> Exchange {
    let [a, b, c, d, e] = arguments;
    let tail = [service, a, b, c, d, e, 0, 0, 0, 0, 0xff, 0xff, 0, 0xff];
    let inside = if text.is_empty() { 0xd4 } else { 0x94 };
    (message(false, number, 0xc0, &tail, &[]), message(true, number, inside, &[], text))
}

fn exchanges() -> Vec<Exchange> {
    let mut hello = vec![0; 56];
    (hello[0], hello[8]) = (1, 0x0f);
    let long = [&[0; 8][..], &[7, 0x0a, 4, 0, 2, 0]].concat();
    let one = [7, 8, 99, 0, 1, 0, 0x39, 5, 0, 0, 0, 0, 0, 0];
    let mut all = vec![
        (vec![0; 56], hello),
        exchange(1, 4, [8, 99, 0, 2, 0], &[1, 0, 2, 0]),
        exchange(2, 7, [0x4c, 15, 0, 8, 0], &[]),
        exchange(3, 0x43, [0; 5], &[0; 16]),
        (message(false, 4, 0x80, &long, &[1, 0, 2, 0]), message(true, 4, 0xd1, &[0; 14], &[])),
        (message(false, 5, 0xc0, &one, &[0x39, 5]), message(true, 5, 0xd4, &[], &[])),
        exchange(6, 4, [0x77, 0, 0, 1, 0], &[9, 0]),
    ];
    let rest =
        [0x00, 0x03, 0x05, 0x06, 0x08, 0x09, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x38, 0x39, 0x3f, 0x40, 0x44, 0x66];
    all.extend(rest.iter().zip(7..).map(|(service, number)| exchange(number, *service, [0; 5], &[])));
    // Nobody asked for this.
    all.push((Vec::new(), message(true, 900, 0xd4, &[], &[])));
    all
}

/// Every capture by name.
pub(super) fn captures() -> Vec<Made> {
    let mut all = streams("ge_srtp", 18_245, &exchanges());
    let mut lying = exchanges().get(..3).unwrap_or(&[]).to_vec();
    let mut other = message(false, 9, 0xc0, &[4], &[]);
    other[31] = 0x55;
    lying.push((other, Vec::new()));
    lying.extend(exchanges().get(1..3).unwrap_or(&[]).to_vec());
    all.push(("ge_srtp", "malformed", spoken(18_245, &lying)));
    all
}
