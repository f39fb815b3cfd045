//! Writing of ISO transport (RFC 1006, ISO 8073 class 0), for the captures of what lies on it.

use crate::make::{Capture, Host, Tcp};

/// When these captures begin.
pub(super) const START: i64 = 1_772_409_600_000_000_000;

/// A client and a server.
pub(super) fn hosts() -> (Host, Host) {
    (Host::new(1, "192.0.2.10"), Host::new(2, "192.0.2.20"))
}

fn tpkt(inside: &[u8]) -> Vec<u8> {
    let length = u16::try_from(inside.len() + 4).unwrap_or(u16::MAX);
    [&[3, 0][..], &length.to_be_bytes(), inside].concat()
}

/// A message in one unit.
pub(super) fn data(message: &[u8]) -> Vec<u8> {
    tpkt(&[&[2, 0xf0, 0x80], message].concat())
}

/// A message in units of at most so many bytes.
pub(super) fn fragments(message: &[u8], size: usize) -> Vec<u8> {
    let count = message.chunks(size).count();
    let unit = |(at, part): (usize, &[u8])| {
        let end = if at + 1 == count { 0x80 } else { 0 };
        tpkt(&[&[2, 0xf0, end], part].concat())
    };
    message.chunks(size).enumerate().flat_map(unit).collect()
}

/// Asks for a connection (0xe0) or agrees to it (0xd0), with both ends' selectors.
pub(super) fn connection(code: u8) -> Vec<u8> {
    tpkt(&[17, code, 0, 0, 0, 1, 0, 0xc0, 1, 0x0a, 0xc1, 2, 1, 0, 0xc2, 2, 1, 2])
}

/// A connection on this port whose transport is agreed upon, with these messages, and the answers to them.
pub(super) fn conversation(ports: (u16, u16), exchanges: &[(Vec<u8>, Vec<u8>)]) -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::open(&mut capture, START, (&client, ports.0), (&server, ports.1));
    tcp.to_server(&connection(0xe0)).to_client(&connection(0xd0));
    for (ask, answer) in exchanges {
        if !ask.is_empty() {
            tcp.to_server(&data(ask));
        }
        if !answer.is_empty() {
            tcp.to_client(&data(answer));
        }
        tcp.wait(50_000_000);
    }
    tcp.close();
    capture
}
