//! Services that go over to TLS, refuse it, or are seen in part.

use crate::make::message::{Hello, server_hello, tls_record};
use crate::make::{Capture, Host, Tcp};
use picket_event::Direction::{self, ToClient, ToServer};

const START: i64 = 1_772_409_600_000_000_000;
const SECOND: i64 = 1_000_000_000;

const HELLO: Hello<'static> = Hello {
    sni: "service.plant.example",
    alpn: &[],
    ciphers: &[0x1301, 0xc02b, 0xc02f],
    groups: &[29, 23],
    signatures: &[0x0403, 0x0804],
    extra: &[23],
    tls13: true,
};

const SSL_REQUEST: &[u8] = &[0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f];
const STARTUP: &[u8] = b"\0\0\0\x21\0\x03\0\0user\0historian\0database\0\0\0";
const EXTENDED: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";
const BIND: &[u8] = b"\x30\x0c\x02\x01\x02\x60\x07\x02\x01\x03\x04\x00\x80\x00";
const CONNECTION_REQUEST: &[u8] =
    b"\x03\x00\x00\x2e\x29\xe0\x00\x00\x00\x00\x00Cookie: mstshash=operator\r\n\x01\x00\x08\x00\x03\x00\x00\x00";
const STREAM: &[u8] = b"<?xml version='1.0'?><stream:stream to='plant.example' xmlns='jabber:client' \
    xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>";

fn greeting() -> Vec<u8> {
    let mut body = b"\x0a8.0.36\0\x08\0\0\0abcdefgh\0\xff\xff\xff\x02\0\xff\xdf\x15".to_vec();
    body.extend([0; 10]);
    body.extend(b"ijklmnopqrst\0caching_sha2_password\0");
    packet(0, &body)
}

fn packet(number: u8, body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u32).to_le_bytes();
    [&length[..3], &[number], body].concat()
}

/// MySQL's request for TLS, and a log-in without it.
fn capabilities(tls: bool) -> Vec<u8> {
    let mut body = if tls { b"\x85\xae\xff\x01".to_vec() } else { b"\x85\xa6\xff\x01".to_vec() };
    body.extend([0, 0, 0, 1, 0x2d]);
    body.extend([0; 23]);
    if !tls {
        body.extend(b"historian\0\x08abcdefghcaching_sha2_password\0");
    }
    packet(1, &body)
}

type Turn = (Direction, Vec<u8>);

/// A service: its name, its port, what is said before TLS, and the talk of a server that refuses.
struct Service {
    name: &'static str,
    port: u16,
    agreed: Vec<Turn>,
    refused: Vec<Turn>,
}

fn service(name: &'static str, port: u16, agreed: &[(Direction, &[u8])], refused: &[(Direction, &[u8])]) -> Service {
    let turns = |turns: &[(Direction, &[u8])]| turns.iter().map(|(d, bytes)| (*d, bytes.to_vec())).collect();
    Service { name, port, agreed: turns(agreed), refused: turns(refused) }
}

fn text_services() -> Vec<Service> {
    let ehlo: &[u8] = b"EHLO mx.plant.example\r\n";
    let smtp: &[u8] = b"220 mail.plant.example ESMTP\r\n";
    let features: &[u8] = b"<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>";
    vec![
        service(
            "smtp-turns",
            25,
            &[
                (ToClient, smtp),
                (ToServer, ehlo),
                (ToClient, b"250-mail.plant.example\r\n250-SIZE 1000\r\n250 STARTTLS\r\n"),
                (ToServer, b"STARTTLS\r\n"),
                (ToClient, b"220 2.0.0 go ahead\r\n"),
            ],
            &[
                (ToClient, smtp),
                (ToServer, ehlo),
                (ToClient, b"250 STARTTLS\r\n"),
                (ToServer, b"STARTTLS\r\n"),
                (ToClient, b"454 4.7.0 not now\r\n"),
                (ToServer, b"MAIL FROM:<plc@plant.example>\r\n"),
                (ToClient, b"250 ok\r\n"),
            ],
        ),
        service(
            "imap-turns",
            143,
            &[(ToClient, b"* OK IMAP4rev1\r\n"), (ToServer, b"a1 STARTTLS\r\n"), (ToClient, b"a1 OK begin\r\n")],
            &[(ToClient, b"* OK IMAP4rev1\r\n"), (ToServer, b"a1 STARTTLS\r\n"), (ToClient, b"a1 BAD unknown\r\n")],
        ),
        service(
            "pop3-turns",
            110,
            &[(ToClient, b"+OK ready\r\n"), (ToServer, b"STLS\r\n"), (ToClient, b"+OK begin\r\n")],
            &[(ToClient, b"+OK ready\r\n"), (ToServer, b"STLS\r\n"), (ToClient, b"-ERR unknown\r\n")],
        ),
        service(
            "ftp-turns",
            21,
            &[(ToClient, b"220 FTP ready\r\n"), (ToServer, b"AUTH TLS\r\n"), (ToClient, b"234 begin\r\n")],
            &[(ToClient, b"220 FTP ready\r\n"), (ToServer, b"AUTH TLS\r\n"), (ToClient, b"502 unknown\r\n")],
        ),
        service(
            "xmpp-turns",
            5222,
            &[
                (ToServer, STREAM),
                (ToClient, STREAM),
                (ToClient, features),
                (ToServer, b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
                (ToClient, b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
            ],
            &[
                (ToServer, STREAM),
                (ToClient, STREAM),
                (ToServer, b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
                (ToClient, b"<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:stream>"),
            ],
        ),
    ]
}

fn more_text_services() -> Vec<Service> {
    let sieve: &[u8] =
        b"\"IMPLEMENTATION\" \"Example Sieve 2\"\r\n\"SIEVE\" \"fileinto\"\r\n\"STARTTLS\"\r\nOK \"ready\"\r\n";
    vec![
        service(
            "nntp-turns",
            119,
            &[
                (ToClient, b"200 news.plant.example NNTP ready\r\n"),
                (ToServer, b"STARTTLS\r\n"),
                (ToClient, b"382 go\r\n"),
            ],
            &[
                (ToClient, b"200 news.plant.example NNTP ready\r\n"),
                (ToServer, b"STARTTLS\r\n"),
                (ToClient, b"580 no\r\n"),
            ],
        ),
        service(
            "managesieve-turns",
            4190,
            &[(ToClient, sieve), (ToServer, b"STARTTLS\r\n"), (ToClient, b"OK \"begin\"\r\n")],
            &[(ToClient, sieve), (ToServer, b"STARTTLS\r\n"), (ToClient, b"NO \"not now\"\r\n")],
        ),
    ]
}

fn binary_services() -> Vec<Service> {
    vec![
        service(
            "ldap-turns",
            389,
            &[(ToServer, EXTENDED), (ToClient, b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00")],
            &[
                (ToServer, EXTENDED),
                (ToClient, b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x02\x04\x00\x04\x00"),
                (ToServer, BIND),
                (ToClient, b"\x30\x0c\x02\x01\x02\x61\x07\x0a\x01\x00\x04\x00\x04\x00"),
            ],
        ),
        service(
            "rdp-turns",
            3389,
            &[
                (ToServer, CONNECTION_REQUEST),
                (ToClient, b"\x03\x00\x00\x13\x0e\xd0\x00\x00\x12\x34\x00\x02\x1f\x08\x00\x02\x00\x00\x00"),
            ],
            &[
                (ToServer, CONNECTION_REQUEST),
                (ToClient, b"\x03\x00\x00\x13\x0e\xd0\x00\x00\x12\x34\x00\x03\x00\x08\x00\x02\x00\x00\x00"),
            ],
        ),
        service(
            "mysql-turns",
            3306,
            &[(ToClient, &greeting()), (ToServer, &capabilities(true))],
            &[
                (ToClient, &greeting()),
                (ToServer, &capabilities(false)),
                (ToClient, &packet(2, &[0, 0, 0, 2, 0, 0, 0])),
            ],
        ),
        service(
            "postgresql-turns",
            5432,
            &[(ToServer, SSL_REQUEST), (ToClient, b"S")],
            &[
                (ToServer, SSL_REQUEST),
                (ToClient, b"N"),
                (ToServer, STARTUP),
                (ToClient, b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I"),
            ],
        ),
    ]
}

/// Agreed; refused; agreed on a port of its own, in small segments; and the client's side alone.
fn turns(service: &Service) -> Capture {
    let (client, server) = (Host::new(1, "192.0.2.10"), Host::new(6, "198.51.100.6"));
    let mut capture = Capture::default();
    let mut time = START;
    for (number, (port, segment)) in [(service.port, 1460), (40_000 + service.port % 1000, 7)].into_iter().enumerate() {
        let mut tcp = Tcp::open(&mut capture, time, (&client, 50_000 + number as u16), (&server, port));
        for (direction, bytes) in &service.agreed {
            tcp.segment(1460).send(*direction, bytes);
        }
        tcp.segment(segment).to_server(&HELLO.record(7)).to_client(&server_hello(0x1301, 9));
        tcp.segment(1460).to_client(&tls_record(23, &[0x5a; 90])).to_server(&tls_record(23, &[0xa5; 60])).close();
        time += SECOND;
    }
    let mut tcp = Tcp::open(&mut capture, time, (&client, 50_002), (&server, service.port));
    for (direction, bytes) in &service.refused {
        tcp.send(*direction, bytes);
    }
    tcp.close();
    let mut tcp = Tcp::midstream(&mut capture, time + SECOND, (&client, 50_003), (&server, service.port));
    for (_, bytes) in service.agreed.iter().filter(|(direction, _)| *direction == ToServer) {
        tcp.frame_of(ToServer, bytes);
    }
    tcp.frame_of(ToServer, &HELLO.record(7));
    capture
}

/// Everything at once: commands sent ahead with the hello behind them, and a segment that was lost.
fn ahead() -> Capture {
    let (client, server) = (Host::new(1, "192.0.2.10"), Host::new(6, "198.51.100.6"));
    let mut capture = Capture::default();
    let mut tcp = Tcp::open(&mut capture, START, (&client, 50_010), (&server, 587));
    tcp.to_server(&[b"EHLO mx\r\nSTARTTLS\r\n".to_vec(), HELLO.record(7)].concat());
    tcp.to_client(&[b"220 ESMTP\r\n250 STARTTLS\r\n220 go\r\n".to_vec(), server_hello(0x1301, 9)].concat()).close();
    let mut tcp = Tcp::open(&mut capture, START + SECOND, (&client, 50_011), (&server, 587));
    tcp.to_client(b"220 ESMTP\r\n").to_server(b"EHLO mx\r\n").to_client(b"250 STARTTLS\r\n");
    tcp.lose(ToServer, 10)
        .to_client(b"220 go\r\n")
        .to_server(&HELLO.record(7))
        .to_client(&server_hello(0x1301, 9))
        .close();
    capture
}

/// Every capture by name.
pub(super) fn captures() -> Vec<(&'static str, Capture)> {
    let services = text_services().into_iter().chain(more_text_services()).chain(binary_services());
    services.map(|service| (service.name, turns(&service))).chain([("smtp-ahead", ahead())]).collect()
}
