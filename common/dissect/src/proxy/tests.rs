//! What stands behind a header, of either version, in pieces of any size.

use crate::rehearsal::{Heard, c, client_hello, rehearse, s, server_hello};
use proptest::prelude::*;

const V1: &[u8] = b"PROXY TCP4 192.0.2.7 198.51.100.9 51000 443\r\n";
const UNKNOWN: &[u8] = b"PROXY UNKNOWN\r\n";

fn v2(command: u8, family: u8, addresses: &[u8]) -> Vec<u8> {
    let length = (addresses.len() as u16).to_be_bytes();
    [&b"\r\n\r\n\0\r\nQUIT\n"[..], &[command, family], &length, addresses].concat()
}

fn headers() -> Vec<Vec<u8>> {
    let v4 = [&[192, 0, 2, 7, 198, 51, 100, 9][..], &[0xc7, 0x38, 1, 0xbb]].concat();
    let v6 = [&[0x20; 32][..], &[0xc7, 0x38, 1, 0xbb], &[4, 0, 3, 1, 2, 3]].concat();
    vec![V1.to_vec(), UNKNOWN.to_vec(), v2(0x21, 0x11, &v4), v2(0x21, 0x21, &v6), v2(0x20, 0, &[])]
}

fn behind(header: &[u8], piece: usize) -> Heard {
    let (first, answer) = ([header, &client_hello()].concat(), server_hello());
    rehearse(40_001, piece, &[c(&first), s(&answer)])
}

#[test]
fn the_flow_takes_what_is_inside() {
    for header in headers() {
        for piece in [4096, 9, 3] {
            let heard = behind(&header, piece);
            let wanted = vec![(Some("mail.example"), Some(0x1301))];
            assert_eq!((heard.app().as_str(), heard.tls()), ("tls", wanted), "{header:02x?} in {piece}");
        }
    }
    let request = [V1, b"GET /status HTTP/1.1\r\nHost: plant.example\r\n\r\n"].concat();
    let heard = rehearse(40_001, 4096, &[c(&request), s(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")]);
    assert_eq!((heard.app().as_str(), heard.http().len()), ("http", 1));
}

/// A server that speaks first is heard too, and services inside go over to TLS.
#[test]
fn a_server_may_speak_first() {
    let (hello, answer) = (client_hello(), server_hello());
    let lines = [
        c(UNKNOWN),
        s(b"220 mail.example ESMTP\r\n"),
        c(b"EHLO me\r\n"),
        s(b"250 STARTTLS\r\n"),
        c(b"STARTTLS\r\n"),
        s(b"220 go\r\n"),
        c(&hello),
        s(&answer),
    ];
    let heard = rehearse(25, 4096, &lines);
    assert_eq!((heard.app().as_str(), heard.tls().len()), ("smtp", 1));
}

#[test]
fn nothing_inside_leaves_the_name_and_damage_is_counted() {
    assert_eq!(rehearse(443, 4096, &[c(V1)]).app(), "proxy");
    for wrong in [&b"PROXY TCP4 192.0.2.7\r\n"[..], &v2(0x31, 0x11, &[0; 12]), &v2(0x21, 0x11, &[0; 3])] {
        let heard = rehearse(40_001, 4096, &[c(wrong)]);
        assert_eq!((heard.app().as_str(), heard.output.malformed.len()), ("proxy", 1), "{wrong:02x?}");
    }
}

proptest! {
    #[test]
    fn whatever_follows_breaks_nothing(bytes: Vec<u8>, command: u8, family: u8, piece in 1usize..80) {
        for header in [V1.to_vec(), v2(command, family, &bytes), [&b"PROXY TCP6 "[..], &bytes].concat()] {
            let said = [header, bytes.clone()].concat();
            rehearse(40_001, piece, &[c(&said), s(&bytes)]);
        }
    }
}
