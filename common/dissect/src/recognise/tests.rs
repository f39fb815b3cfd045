//! One beginning of each kind, and what must not be taken for it.

use super::*;
use crate::{Conversation, Output};
use picket_event::body::App;
use picket_event::{Direction, Endpoints, Method, Timestamp};

/// What a conversation with these first bytes is called.
fn app(transport: Transport, port: u16, to_server: &[u8], to_client: &[u8]) -> App {
    let (src, dest) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
    let endpoints = Endpoints::Ip { src, src_port: 50_000, dest, dest_port: port, transport };
    let context = crate::Context { time: Timestamp::EPOCH, endpoints };
    let mut conversation = Conversation::new(&endpoints);
    let mut output = Output::default();
    for (direction, bytes) in [(Direction::ToServer, to_server), (Direction::ToClient, to_client)] {
        conversation.stream(direction, bytes, &context, &mut output);
    }
    for direction in [Direction::ToServer, Direction::ToClient] {
        conversation.end(direction, &context, &mut output);
    }
    conversation.app()
}

#[test]
fn beginnings_have_names_on_any_port() {
    let dhcp = [&[1, 1, 6, 0][..], &[0; 232], &[0x63, 0x82, 0x53, 0x63, 53, 1, 1]].concat();
    let table: &[(Transport, &[u8], &[u8], Protocol)] = &[
        (Transport::TCP, b"SSH-2.0-x\r\n", b"SSH-2.0-y\r\n", Protocol::SSH),
        (Transport::TCP, b"GET /a HTTP/1.1\r\n", b"HTTP/1.1 200 OK\r\n", Protocol::HTTP),
        (Transport::TCP, b"EHLO me\r\n", b"220 mail ESMTP\r\n", Protocol::SMTP),
        (Transport::TCP, b"USER me\r\n", b"220 ProFTPD\r\n", Protocol::FTP),
        (Transport::TCP, b"USER me\r\n", b"+OK ready\r\n", Protocol::POP3),
        (Transport::TCP, b"a1 CAPABILITY\r\n", b"* OK ready\r\n", Protocol::IMAP),
        (Transport::TCP, b"\x00\x00\x00\x40\xfeSMB\x40\x00", b"", Protocol::SMB),
        (Transport::TCP, &[0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f], b"N", Protocol::POSTGRESQL),
        (Transport::TCP, &[5, 1, 0], &[5, 0], Protocol::SOCKS),
        (Transport::TCP, b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04test", &[0x20, 2, 0, 0], Protocol::MQTT),
        (Transport::TCP, &[3, 0, 0, 7, 2, 0xf0, 0x80], &[3, 0, 0, 20, 2, 0xf0, 0x80, 0x32, 3, 0, 0], Protocol::S7COMM),
        (Transport::TCP, &[0x68, 4, 7, 0, 0, 0], &[0x68, 4, 0x0b, 0, 0, 0], Protocol::IEC104),
        (Transport::UDP, &dhcp, b"", Protocol::DHCP),
        (Transport::UDP, b"M-SEARCH * HTTP/1.1\r\n", b"", Protocol::SSDP),
        (
            Transport::UDP,
            &[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
            b"",
            Protocol::STUN,
        ),
    ];
    for (transport, to_server, to_client, wanted) in table {
        let app = app(*transport, 40_001, to_server, to_client);
        assert_eq!(app.protocol, *wanted, "{:?}", String::from_utf8_lossy(to_server));
        assert_eq!(app.method, Some(Method::Fingerprint));
    }
}

/// Checksums and lengths that do not fit, and other protocols on plant ports: no industrial name.
#[test]
fn false_industrial_names_are_not_given() {
    let table: &[(Transport, u16, &[u8])] = &[
        (Transport::TCP, 502, b"GET / HTTP/1.1\r\n\r\n"),
        (Transport::TCP, 20_000, &[0x05, 0x64, 5, 0xc0, 1, 0, 0, 4, 0, 0]),
        (Transport::UDP, 47_808, &[0x81, 0x0a, 0, 9, 1, 0x20, 0xff, 0xff]),
        (Transport::TCP, 2404, &[0x68, 4, 0xff, 0, 0, 0]),
        (Transport::TCP, 102, &[3, 0, 0, 22, 17, 0xe0, 0, 0, 0, 1, 0, 0xc0, 1, 0x0a, 0xc1, 2, 1, 0, 0xc2, 2, 1, 2]),
        (Transport::TCP, 502, b""),
    ];
    for (transport, port, bytes) in table {
        let app = app(*transport, *port, bytes, b"");
        assert!(!app.protocol.is_industrial(), "{} for {bytes:02x?}", app.protocol);
    }
}

/// A port alone is a guess, said as such, and not made against the payload.
#[test]
fn a_port_is_weak_evidence() {
    let silent = app(Transport::TCP, 443, b"", b"");
    assert_eq!((silent.protocol, silent.method), (Protocol::TLS, Some(Method::Port)));
    assert!(silent.confidence < Unit::new(0.3));
    assert_eq!(app(Transport::TCP, 443, b"SSH-2.0-x\r\n", b"").protocol, Protocol::SSH);
    assert!(app(Transport::TCP, 443, &[0x99; 64], &[0x99; 64]).protocol.is_unknown());
}
