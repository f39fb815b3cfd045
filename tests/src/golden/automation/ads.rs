//! ADS over TCP, and routers over UDP.

use super::{Exchange, datagrams, spoken, streams, unanswered};
use crate::golden::Made;

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// An AMS message behind its header: the client's net id ends in 10, the server's in 20.
fn ams(answer: bool, command: u16, error: u32, invoke: u32, data: &[u8]) -> Vec<u8> {
    let (client, server) = ([192, 0, 2, 10, 1, 1, 0x21, 0x80], [192, 0, 2, 20, 1, 1, 0x21, 3]);
    let mut out = vec![0, 0];
    out.extend(words(&[32 + data.len() as u32]));
    out.extend(if answer { [client, server] } else { [server, client] }.concat());
    out.extend(command.to_le_bytes());
    out.extend([4 | u8::from(answer), 0]);
    out.extend(words(&[data.len() as u32, error, invoke]));
    out.extend(data);
    out
}

fn exchange(command: u16, invoke: u32, ask: &[u8], answer: &[u8]) -> Exchange {
    (ams(false, command, 0, invoke, ask), ams(true, command, 0, invoke, answer))
}

fn exchanges() -> Vec<Exchange> {
    let device = [&words(&[0])[..], &[2, 11, 0x21, 6], b"Plc30 App\0\0\0\0\0\0\0"].concat();
    vec![
        exchange(1, 1, &[], &device),
        exchange(4, 2, &[], &[0, 0, 0, 0, 5, 0, 2, 0]),
        exchange(2, 3, &words(&[0x4020, 16, 4]), &words(&[0, 4, 77])),
        exchange(3, 4, &[&words(&[0x4020, 16, 2])[..], &[0x39, 5]].concat(), &words(&[0])),
        exchange(9, 5, &[&words(&[0xf003, 0, 4, 9])[..], b"MAIN.Run\0"].concat(), &words(&[0, 4, 0x1b000001])),
        exchange(3, 6, &[&words(&[0xf005, 0x1b000001, 1])[..], &[1]].concat(), &words(&[0x705])),
        exchange(5, 7, &[&[6, 0, 0, 0][..], &words(&[0])].concat(), &words(&[0])),
        exchange(5, 8, &[&[99, 0, 0, 0][..], &words(&[0])].concat(), &words(&[0x701])),
        exchange(6, 9, &words(&[0x4020, 16, 2, 4, 0, 1000, 0, 0, 0, 0]), &words(&[0, 5])),
        (Vec::new(), ams(false, 8, 0, 0, &words(&[20, 1, 1, 2, 1, 5, 2]))),
        exchange(7, 10, &words(&[5]), &words(&[0])),
        (ams(false, 2, 0, 11, &words(&[0x1234, 0, 1])), ams(true, 2, 6, 11, &[])),
        exchange(77, 12, &[1, 2, 3], &words(&[0])),
    ]
}

/// A router's datagram with its tags.
fn router(service: u32, from: u8, tags: &[(u16, &[u8])]) -> Vec<u8> {
    let mut out = words(&[0x7114_6603, 0, service]);
    out.extend([192, 0, 2, from, 1, 1, 0x10, 0x27]);
    out.extend(words(&[tags.len() as u32]));
    for (tag, value) in tags {
        out.extend(tag.to_le_bytes());
        out.extend((value.len() as u16).to_le_bytes());
        out.extend(*value);
    }
    out
}

fn routers() -> Vec<Exchange> {
    let system = [&words(&[276, 6, 0, 0, 3])[..], &[0; 256]].concat();
    let route: &[(u16, &[u8])] = &[
        (12, b"OFFICE-1\0"),
        (7, &[192, 0, 2, 10, 1, 1]),
        (13, b"operator\0"),
        (2, b"example\0"),
        (5, b"192.0.2.10\0"),
    ];
    vec![
        (router(1, 10, &[]), router(0x8000_0001, 20, &[(5, b"CX-EXAMPLE\0"), (4, &system), (3, &[2, 11, 0xd7, 5])])),
        (router(6, 10, route), router(0x8000_0006, 20, &[(1, &[0; 4])])),
        (router(6, 10, route), router(0x8000_0006, 20, &[(1, &[4, 7, 0, 0])])),
        (router(9, 10, &[]), Vec::new()),
    ]
}

/// Every capture by name.
pub(super) fn captures() -> Vec<Made> {
    let mut all = streams("ads", 48_898, &exchanges());
    let mut lying = exchanges().get(..2).unwrap_or(&[]).to_vec();
    // A read without a length, and two lengths that do not agree.
    lying.push((ams(false, 2, 0, 3, &[1, 2, 3]), Vec::new()));
    let mut other = ams(false, 4, 0, 4, &[]);
    other[26] = 9;
    lying.push((other, Vec::new()));
    lying.extend(exchanges().get(..2).unwrap_or(&[]).to_vec());
    all.push(("ads", "malformed", spoken(48_898, &lying)));
    all.push(("ads", "routers", datagrams(48_899, &routers())));
    all.push(("ads", "one-direction", datagrams(48_899, &unanswered(&routers()))));
    all
}
