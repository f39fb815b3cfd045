//! The handshake in packets, in pieces of any size; servers that stay in clear.

use crate::rehearsal::{Heard, Line, c, client_hello, rehearse, s, server_hello};
use proptest::prelude::*;

fn packet(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = (body.len() + 8) as u16;
    [&[kind, 1][..], &length.to_be_bytes(), &[0, 0, 1, 0], body].concat()
}

/// Options: version and encryption, then their values.
const OPTIONS: &[u8] = &[0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xff, 15, 0, 8, 0, 0, 0, 1];

/// The two hellos, each in packets of so many bytes, behind the options.
fn talk(size: usize, piece: usize) -> Heard {
    let (asks, answers) = (packet(0x12, OPTIONS), packet(4, OPTIONS));
    let in_packets = |hello: Vec<u8>| hello.chunks(size).flat_map(|part| packet(0x12, part)).collect::<Vec<u8>>();
    let (hello, answer) = (in_packets(client_hello()), in_packets(server_hello()));
    rehearse(40_001, piece, &[c(&asks), s(&answers), c(&hello), s(&answer), c(&[0x17, 3, 3, 0, 9, 1, 2])])
}

#[test]
fn the_handshake_is_taken_out_of_its_packets() {
    for (size, piece) in [(4088, 4096), (4088, 5), (60, 4096), (60, 7), (2, 9)] {
        let heard = talk(size, piece);
        let wanted = vec![(Some("mail.example"), Some(0x1301))];
        assert_eq!((heard.app().as_str(), heard.tls()), ("tds", wanted), "{size} {piece}");
        assert!(heard.output.malformed.is_empty());
    }
}

#[test]
fn a_server_that_stays_in_clear_is_left() {
    let (asks, answers, login) = (packet(0x12, OPTIONS), packet(4, OPTIONS), packet(0x10, &[9; 200]));
    let heard = rehearse(1433, 4096, &[c(&asks), s(&answers), c(&login)]);
    assert_eq!((heard.app().as_str(), heard.tls().len(), heard.output.malformed.len()), ("tds", 0, 0));
}

#[test]
fn one_direction_is_enough() {
    let (asks, hello) = (packet(0x12, OPTIONS), packet(0x12, &client_hello()));
    let heard = rehearse(1433, 4096, &[c(&asks), c(&hello), Line::Lacks(crate::rehearsal::ToServer, 40)]);
    assert_eq!((heard.app().as_str(), heard.tls()), ("tds", vec![(Some("mail.example"), None)]));
}

proptest! {
    #[test]
    fn whatever_follows_breaks_nothing(bytes: Vec<u8>, kind: u8) {
        let (asks, more) = (packet(0x12, OPTIONS), packet(kind, &bytes));
        let heard = rehearse(1433, 64, &[c(&asks), c(&more), s(&bytes)]);
        prop_assert_eq!(heard.app(), "tds");
    }
}
