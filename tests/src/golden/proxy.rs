//! What a proxy puts in front of its clients' words, and what stands behind it.

use super::socks::capture;
use crate::make::Capture;
use crate::make::message::{CLOUD_HELLO as HELLO, server_hello};

const V1: &[u8] = b"PROXY TCP4 192.0.2.77 198.51.100.7 51000 443\r\n";
const V1_WIDE: &[u8] = b"PROXY TCP6 2001:db8::77 2001:db8::7 51000 80\r\n";

/// A header of version 2: command, family, addresses with ports, what follows them.
fn v2(command: u8, family: u8, addresses: &[u8]) -> Vec<u8> {
    let length = (addresses.len() as u16).to_be_bytes();
    [&b"\r\n\r\n\0\r\nQUIT\n"[..], &[command, family], &length, addresses].concat()
}

const IPV4: &[u8] = &[192, 0, 2, 77, 198, 51, 100, 7, 0xc7, 0x38, 0x01, 0xbb];

fn versions() -> Capture {
    let (hello, answer) = (HELLO.record(7), server_hello(0x1301, 9));
    let behind = |header: &[u8]| [header, &hello].concat();
    let wide = [&[0x20, 1, 0x0d, 0xb8][..], &[0; 28], &[0xc7, 0x38, 0x01, 0xbb], b"\x02\x00\x05plant"].concat();
    let (first, second, third) = (behind(V1), behind(&v2(0x21, 0x11, IPV4)), behind(&v2(0x21, 0x21, &wide)));
    let request: &[u8] = b"GET /status HTTP/1.1\r\nHost: intranet1\r\n\r\n";
    let ok: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    capture(&[
        (443, &[(true, &first), (false, &answer)]),
        (8443, &[(true, &second), (false, &answer)]),
        (40_443, &[(true, &third), (false, &answer)]),
        (40_080, &[(true, V1_WIDE), (true, request), (false, ok)]),
    ])
}

/// The proxy's own check of its server, a server that speaks first, and nobody's protocol.
fn inside() -> Capture {
    let (hello, answer) = (HELLO.record(7), server_hello(0x1301, 9));
    capture(&[
        (443, &[(true, &v2(0x20, 0, &[]))]),
        (
            587,
            &[
                (true, b"PROXY UNKNOWN\r\n"),
                (false, b"220 mail ESMTP\r\n"),
                (true, b"EHLO me\r\n"),
                (false, b"250 STARTTLS\r\n"),
                (true, b"STARTTLS\r\n"),
                (false, b"220 go\r\n"),
                (true, &hello),
                (false, &answer),
            ],
        ),
        (40_099, &[(true, V1), (true, &[0x99; 90]), (false, &[0x66; 90])]),
    ])
}

/// A line without ports, a version that is none, addresses that are too short.
fn damaged() -> Capture {
    let (wrong, short) = (v2(0x31, 0x11, IPV4), v2(0x21, 0x11, &[192, 0, 2]));
    capture(&[(443, &[(true, b"PROXY TCP4 192.0.2.77\r\n")]), (443, &[(true, &wrong)]), (443, &[(true, &short)])])
}

/// Every capture by name.
pub(super) fn captures() -> Vec<(&'static str, Capture)> {
    vec![("versions", versions()), ("inside", inside()), ("damaged", damaged())]
}
