//! Clients of SOCKS proxies: every version and kind of address, refusals, and what lies behind them.

use crate::make::message::{CLOUD_HELLO as HELLO, server_hello};
use crate::make::{Capture, Host, Tcp};

const START: i64 = 1_772_409_600_000_000_000;
const SECOND: i64 = 1_000_000_000;

const GRANTED: &[u8] = &[5, 0, 0, 1, 0, 0, 0, 0, 0, 0];
const NAMED: &[u8] = b"\x05\x01\x00\x03\x14cloud.vendor.example\x01\xbb";

pub(super) type Turns<'a> = &'a [(bool, &'a [u8])];

/// Conversations of turns: true says the client.
pub(super) fn capture(conversations: &[(u16, Turns<'_>)]) -> Capture {
    let (client, server) = (Host::new(1, "192.0.2.10"), Host::new(7, "198.51.100.7"));
    let mut capture = Capture::default();
    for (number, (port, turns)) in conversations.iter().enumerate() {
        let time = START + number as i64 * SECOND;
        let mut tcp = Tcp::open(&mut capture, time, (&client, 51_000 + number as u16), (&server, *port));
        for (client, bytes) in *turns {
            if *client {
                tcp.to_server(bytes)
            } else {
                tcp.to_client(bytes)
            };
        }
        tcp.close();
    }
    capture
}

fn versions() -> Capture {
    let (hello, answer) = (HELLO.record(7), server_hello(0x1301, 9));
    let v4: &[u8] = b"\x04\x01\x01\xbb\xc6\x33\x64\x09operator\x00";
    let v4a: &[u8] = b"\x04\x01\x01\xbb\x00\x00\x00\x01\x00cloud.vendor.example\x00";
    let v6: &[u8] = b"\x05\x01\x00\x04\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x07\x01\xbb";
    let granted_4: &[u8] = &[0, 0x5a, 0, 0, 0, 0, 0, 0];
    capture(&[
        (
            1080,
            &[(true, &[5, 1, 0]), (false, &[5, 0]), (true, NAMED), (false, GRANTED), (true, &hello), (false, &answer)],
        ),
        (
            1080,
            &[
                (true, &[5, 2, 0, 2]),
                (false, &[5, 2]),
                (true, b"\x01\x08operator\x07hunter2"),
                (false, &[1, 0]),
                (true, v6),
                (false, GRANTED),
                (true, &hello),
                (false, &answer),
            ],
        ),
        (1080, &[(true, v4), (false, granted_4), (true, &hello), (false, &answer)]),
        (40_080, &[(true, v4a), (false, granted_4), (true, &hello), (false, &answer)]),
    ])
}

fn refused() -> Capture {
    capture(&[
        (1080, &[(true, &[5, 1, 0]), (false, &[5, 0]), (true, NAMED), (false, &[5, 5, 0, 1, 0, 0, 0, 0, 0, 0])]),
        (1080, &[(true, &[5, 1, 2]), (false, &[5, 0xff])]),
        (1080, &[(true, &[5, 1, 2]), (false, &[5, 2]), (true, b"\x01\x01a\x01b"), (false, &[1, 1])]),
    ])
}

/// Other things in the tunnel: HTTP, mail that goes over to TLS, a second proxy, and nobody's protocol.
fn inside() -> Capture {
    let (hello, answer) = (HELLO.record(7), server_hello(0x1301, 9));
    let http: &[u8] = b"\x05\x01\x00\x03\x09intranet1\x00\x50";
    let mail: &[u8] = b"\x05\x01\x00\x03\x04mail\x00\x19";
    let proxy: &[u8] = b"\x05\x01\x00\x03\x05proxy\x0c\x38";
    let begin: (bool, &[u8]) = (true, &[5, 1, 0]);
    let chosen: (bool, &[u8]) = (false, &[5, 0]);
    capture(&[
        (
            1080,
            &[
                begin,
                chosen,
                (true, http),
                (false, GRANTED),
                (true, b"GET /status HTTP/1.1\r\nHost: intranet1\r\n\r\n"),
                (false, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
            ],
        ),
        (
            1080,
            &[
                begin,
                chosen,
                (true, mail),
                (false, GRANTED),
                (false, b"220 mail ESMTP\r\n"),
                (true, b"EHLO me\r\n"),
                (false, b"250 STARTTLS\r\n"),
                (true, b"STARTTLS\r\n"),
                (false, b"220 go\r\n"),
                (true, &hello),
                (false, &answer),
            ],
        ),
        (
            1080,
            &[
                begin,
                chosen,
                (true, proxy),
                (false, GRANTED),
                (true, b"CONNECT cloud.vendor.example:443 HTTP/1.1\r\n\r\n"),
                (false, b"HTTP/1.1 200 OK\r\n\r\n"),
                (true, &hello),
                (false, &answer),
            ],
        ),
        (1080, &[begin, chosen, (true, NAMED), (false, GRANTED), (true, &[0x99; 90]), (false, &[0x66; 90])]),
    ])
}

/// Every capture by name.
pub(super) fn captures() -> Vec<(&'static str, Capture)> {
    vec![("versions", versions()), ("refused", refused()), ("inside", inside())]
}
