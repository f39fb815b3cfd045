//! KNXnet/IP.

use super::{Script, ToClient, ToServer, connection, datagrams, framing, long};
use crate::make::Capture;

fn frame(service: u16, body: &[u8]) -> Vec<u8> {
    [&[6, 0x10][..], &service.to_be_bytes(), &long(body, 6).to_be_bytes(), body].concat()
}

/// The control endpoint of the client.
const ENDPOINT: &[u8] = &[8, 1, 192, 0, 2, 10, 0x0e, 0x57];
/// A telegram that writes 1 to the group 1/2/3, from 1.1.5.
const WRITE: &[u8] = &[0x29, 0, 0xbc, 0xe0, 0x11, 5, 0x0a, 3, 1, 0, 0x81];

fn device() -> Vec<u8> {
    let mut block = vec![54, 1, 2, 0, 0x11, 0xfa, 0, 0, 0, 0xc5, 1, 2, 3, 4, 224, 0, 23, 12, 2, 0x50, 0, 0, 0, 2];
    block.extend(b"IP Router N146");
    block.resize(54, 0);
    [&block[..], &[8, 2, 2, 1, 3, 1, 4, 1]].concat()
}

/// Every service: discovery, a tunnel with a telegram each way, its end; one that is not known.
fn services() -> Script {
    let tunnelled = |service, body: &[u8]| frame(service, &[&[4, 7, 0, 0][..], body].concat());
    vec![
        (ToServer, frame(0x0201, ENDPOINT)),
        (ToClient, frame(0x0202, &[ENDPOINT, &device()].concat())),
        (ToServer, frame(0x0203, ENDPOINT)),
        (ToClient, frame(0x0204, &device())),
        (ToServer, frame(0x020b, ENDPOINT)),
        (ToClient, frame(0x020c, &[ENDPOINT, &device()].concat())),
        (ToServer, frame(0x0205, &[ENDPOINT, ENDPOINT, &[4, 4, 2, 0]].concat())),
        (ToClient, frame(0x0206, &[&[7, 0][..], ENDPOINT, &[4, 4, 0x11, 0xfa]].concat())),
        (ToServer, frame(0x0205, &[ENDPOINT, ENDPOINT, &[4, 4, 2, 0]].concat())),
        (ToClient, frame(0x0206, &[0, 0x24])),
        (ToServer, tunnelled(0x0420, &[&[0x11][..], &WRITE[1..]].concat())),
        (ToClient, tunnelled(0x0421, &[])),
        (ToClient, tunnelled(0x0420, WRITE)),
        (ToServer, tunnelled(0x0421, &[])),
        (ToServer, tunnelled(0x0310, &[0xfc, 0, 0, 1, 0x38, 0x10, 1])),
        (ToClient, tunnelled(0x0311, &[])),
        (ToServer, frame(0x0207, &[&[7, 0][..], ENDPOINT].concat())),
        (ToClient, frame(0x0208, &[7, 0])),
        (ToServer, frame(0x0530, WRITE)),
        (ToServer, frame(0x0999, &[1, 2, 3])),
        (ToServer, frame(0x0209, &[&[7, 0][..], ENDPOINT].concat())),
        (ToClient, frame(0x020a, &[7, 0])),
    ]
}

/// A length that is longer than its datagram, and a tunnel without its header.
fn malformed() -> Script {
    let mut cut = frame(0x0530, WRITE);
    cut[5] += 4;
    vec![
        (ToServer, frame(0x0530, WRITE)),
        (ToServer, cut),
        (ToServer, frame(0x0420, &[4])),
        (ToServer, frame(0x0530, WRITE)),
    ]
}

pub(super) fn captures() -> Vec<(&'static str, Capture)> {
    vec![
        ("services", datagrams((50_000, 3671), &services())),
        ("wrong-port", datagrams((50_000, 4444), &services())),
        ("stream", connection(3671, &services())),
        ("framing", framing(3671, &services())),
        ("malformed", datagrams((3671, 3671), &malformed())),
    ]
}
