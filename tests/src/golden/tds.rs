//! Clients of SQL Server: a handshake in packets, servers that stay in clear, a packet that lies.

use super::socks::capture;
use crate::make::Capture;
use crate::make::message::{CLOUD_HELLO as HELLO, server_hello, tls_record};

fn packet(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = (body.len() + 8) as u16;
    [&[kind, 1][..], &length.to_be_bytes(), &[0, 0, 1, 0], body].concat()
}

/// Options of a pre-login: version and encryption, then their values.
fn options(encryption: u8) -> Vec<u8> {
    [&[0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xff][..], &[15, 0, 8, 0, 0, 0], &[encryption]].concat()
}

/// On its port and on another, whole and in packets of 60 bytes; behind it records stand alone.
fn encrypted() -> Capture {
    let (asks, answers) = (packet(0x12, &options(1)), packet(4, &options(1)));
    let packets =
        |record: Vec<u8>, size: usize| -> Vec<u8> { record.chunks(size).flat_map(|part| packet(0x12, part)).collect() };
    let data = tls_record(23, &[0xa5; 60]);
    let (hello, answer) = (packets(HELLO.record(7), 4088), packets(server_hello(0x1301, 9), 4088));
    let (hello_60, answer_60) = (packets(HELLO.record(7), 60), packets(server_hello(0x1301, 9), 60));
    capture(&[
        (1433, &[(true, &asks), (false, &answers), (true, &hello), (false, &answer), (true, &data), (false, &data)]),
        (41_433, &[(true, &asks), (false, &answers), (true, &hello_60), (false, &answer_60), (true, &data)]),
    ])
}

/// A server that has no certificate, and a log-in in clear; packets of no length and of another kind.
fn clear() -> Capture {
    let (asks, answers) = (packet(0x12, &options(2)), packet(4, &options(2)));
    let login = packet(0x10, &[0x90; 120]);
    capture(&[
        (1433, &[(true, &asks), (false, &answers), (true, &login), (false, &packet(4, &[0xad, 9, 0]))]),
        (1433, &[(true, &asks), (false, &[4, 1, 0, 3, 0, 0, 1, 0, 9])]),
        (1433, &[(true, &asks), (true, &packet(0x12, &[0x16, 9, 9, 9]))]),
    ])
}

/// Every capture by name.
pub(super) fn captures() -> Vec<(&'static str, Capture)> {
    vec![("encrypted", encrypted()), ("clear", clear())]
}
