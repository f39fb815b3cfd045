//! One beginning of each kind, and what must not be taken for it.

use super::*;
use crate::{Conversation, Output};
use picket_event::body::App;
use picket_event::{Direction, Endpoints, Method, Timestamp};

/// What a conversation with these first bytes is called.
fn app(transport: Transport, port: u16, to_server: &[u8], to_client: &[u8]) -> App {
    let (src, dest) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
    let endpoints = Endpoints::Ip { src, src_port: 50_000, dest, dest_port: port, transport };
    let context = crate::Context { time: Timestamp::EPOCH, endpoints, opener_seen: true };
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
        (
            Transport::TCP,
            &[3, 0, 0, 25, 2, 0xf0, 0x80, 0x32, 1, 0, 0, 0, 1, 0, 8, 0, 0, 0xf0, 0, 0, 1, 0, 1, 1, 0xe0],
            b"",
            Protocol::S7COMM,
        ),
        (Transport::TCP, &[0x68, 4, 7, 0, 0, 0], &[0x68, 4, 0x0b, 0, 0, 0], Protocol::IEC104),
        (Transport::TCP, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"", Protocol::HTTP2),
        (Transport::TCP, b"OPTIONS rtsp://a/b RTSP/1.0\r\n", b"RTSP/1.0 200 OK\r\n", Protocol::RTSP),
        (Transport::TCP, &[0xff, 0xfd, 3, 0xff, 0xfb, 24], &[0xff, 0xfb, 3, 0xff, 0xfd, 31], Protocol::TELNET),
        (Transport::TCP, &[0x81, 0, 0, 0x44, 0x20, 0x43], &[0x82, 0, 0, 0], Protocol::NETBIOS),
        (Transport::TCP, &[5, 0, 11, 3, 0x10, 0, 0, 0, 16, 0, 0, 0, 1, 0, 0, 0], b"", Protocol::DCERPC),
        (Transport::UDP, b"\x00\x01file\x00octet\x00", b"", Protocol::TFTP),
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

#[test]
fn a_database_answers_with_what_its_code_demands() {
    let named = |answer: &[u8]| app(Transport::TCP, 40_001, b"", answer).protocol == Protocol::CASSANDRA;
    // Ready has nothing more to say; an error of no length is zeros of something else.
    assert!(named(&[0x84, 0, 0, 1, 2, 0, 0, 0, 0]));
    assert!(!named(&[0x81, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
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

/// What a conversation of these datagrams is called, each with its direction: true is to the server.
fn datagrams(port: u16, transport: Transport, said: &[(bool, &[u8])]) -> App {
    let (src, dest) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
    let endpoints = Endpoints::Ip { src, src_port: 50_000, dest, dest_port: port, transport };
    let context = crate::Context { time: Timestamp::EPOCH, endpoints, opener_seen: true };
    let (mut conversation, mut output) = (Conversation::new(&endpoints), Output::default());
    for (up, bytes) in said {
        let direction = if *up { Direction::ToServer } else { Direction::ToClient };
        conversation.datagram(direction, bytes, &context, &mut output);
    }
    for direction in [Direction::ToServer, Direction::ToClient] {
        conversation.end(direction, &context, &mut output);
    }
    conversation.app()
}

/// The number in IP's header names the protocol; bytes that contradict it do not.
#[test]
fn transports_name_themselves() {
    let ospf = [&[2, 1, 0, 44][..], &[1; 40]].concat();
    let table: &[(u8, &[u8], Protocol)] = &[
        (1, &[0, 1, 0, 2, 9, 9], Protocol::ICMP),
        (58, &[0, 1, 0, 2, 9, 9], Protocol::ICMP),
        (2, &[0x16, 0, 9, 4, 233, 252, 0, 1], Protocol::IGMP),
        (47, &[0, 0, 8, 0, 0x45, 0], Protocol::GRE),
        (50, &[0x12, 0x34, 0x56, 0x78, 0, 0, 0, 1, 7, 7, 7, 7], Protocol::ESP),
        (51, &[4, 4, 0, 0, 0x12, 0x34, 0x56, 0x78, 0, 0, 0, 1, 7, 7], Protocol::AH),
        (89, &ospf, Protocol::OSPF),
        (103, &[0x20, 0, 1, 2], Protocol::PIM),
        (112, &[0x31, 1, 100, 1, 0, 100, 1, 2], Protocol::VRRP),
        (88, &[2, 5, 1, 2], Protocol::EIGRP),
        (50, &[0, 0, 0, 7, 0, 0, 0, 1], Protocol::UNKNOWN),
        (89, &[9, 9, 9, 9, 9, 9], Protocol::UNKNOWN),
        (253, &[1, 2, 3, 4], Protocol::UNKNOWN),
    ];
    for (number, bytes, wanted) in table {
        assert_eq!(datagrams(0, Transport(*number), &[(true, bytes)]).protocol, *wanted, "IP protocol {number}");
    }
}

#[test]
fn wireguard_answers_name_their_question() {
    let opening = [&[1, 0, 0, 0, 0xaa, 0xbb, 0xcc, 0xdd][..], &[7; 140]].concat();
    let answer = [&[2, 0, 0, 0, 1, 2, 3, 4, 0xaa, 0xbb, 0xcc, 0xdd][..], &[7; 80]].concat();
    let stray = [&[2, 0, 0, 0, 1, 2, 3, 4, 0xaa, 0xbb, 0xcc, 0xde][..], &[7; 80]].concat();
    let head = |to_server, to_client| tunnel::wireguard(&Head { transport: Transport::UDP, to_server, to_client });
    assert!(matches!(head(&opening, &answer), Probe::Yes { .. }));
    assert_eq!(head(&opening, &stray), Probe::No);
    let data = |counter: u8| [&[4, 0, 0, 0, 1, 2, 3, 4, counter, 0, 0, 0, 0, 0, 0, 0][..], &[7; 64]].concat();
    assert_eq!(datagrams(40_001, Transport::UDP, &[(true, &data(1)), (false, &data(1))]).protocol, Protocol::WIREGUARD);
    let far = [&[4, 0, 0, 0, 1, 2, 3, 4][..], &[0xee; 72]].concat();
    assert!(datagrams(40_001, Transport::UDP, &[(true, &far), (false, &far)]).protocol.is_unknown());
}

/// Messages behind their lengths and in lines, at once and in pieces; what only looks so is nobody's.
#[test]
fn syslog_over_tcp() {
    let counted: &[u8] = b"63 <34>1 2026-03-02T00:00:00Z plc-7 app 1 ID1 - line 3 has stopped";
    let lines: &[u8] = b"<189>Mar  2 00:00:00 switch-2 %SYS-5: up\n<189>Mar  2 00:00:01 switch-2 %SYS-5: down\n";
    for message in [counted, lines] {
        assert_eq!(app(Transport::TCP, 40_001, message, b"").protocol, Protocol::SYSLOG);
        for cut in 1..5 {
            let (head, _) = message.split_at(cut);
            let head = Head { transport: Transport::TCP, to_server: head, to_client: b"" };
            assert_eq!(text::syslog_stream(&head), Probe::More, "{cut}");
        }
    }
    for other in [&b"<html><body>"[..], b"<999>Mar  2", b"12 monkeys", b"063 <34>1 x", b"5 <34>1", b"<34>\x00\x01\x02"]
    {
        assert!(app(Transport::TCP, 40_001, other, b"").protocol.is_unknown(), "{other:?}");
    }
}

#[test]
fn security_associations() {
    let ike = [&[1; 8][..], &[0; 8], &[33, 0x20, 34, 8, 0, 0, 0, 0, 0, 0, 0, 60], &[0; 32]].concat();
    let marked = [&[0; 4][..], &ike].concat();
    let esp = [&[0x12, 0x34, 0x56, 0x78, 0, 0, 0, 9][..], &[0x9c; 80]].concat();
    assert_eq!(datagrams(500, Transport::UDP, &[(true, &ike)]).protocol, Protocol::IKE);
    assert_eq!(datagrams(4500, Transport::UDP, &[(true, &marked), (true, &esp)]).protocol, Protocol::IKE);
    assert_eq!(
        datagrams(4500, Transport::UDP, &[(true, &[0xff]), (true, &esp), (false, &esp)]).protocol,
        Protocol::ESP
    );
    // Anywhere else its bytes are nobody's.
    assert!(datagrams(40_001, Transport::UDP, &[(true, &esp), (false, &esp)]).protocol.is_unknown());
}

#[test]
fn more_beginnings_have_names_on_any_port() {
    let rtmp = [&[3, 0, 0, 1, 2, 0, 0, 0, 0][..], &[0x5c; 1528]].concat();
    let tns = [&[0, 90, 0, 0, 1, 0, 0, 0][..], &[0; 26], b"(DESCRIPTION=(CONNECT_DATA=(SID=x)))", &[0; 20]].concat();
    let mongo = [&[60, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0][..], &2013u32.to_le_bytes(), &[0; 44]].concat();
    let mongo_answer = [&[60, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0][..], &2013u32.to_le_bytes(), &[0; 44]].concat();
    let kafka = [&[0, 0, 0, 17, 0, 18, 0, 3, 0, 0, 0, 5, 0, 7][..], b"console"].concat();
    let table: &[(&[u8], &[u8], Protocol)] = &[
        (b"", b"RFB 003.008\n", Protocol::VNC),
        (&rtmp, &rtmp, Protocol::RTMP),
        (&tns, b"", Protocol::TNS),
        (&mongo, &mongo_answer, Protocol::MONGODB),
        (&kafka, &[0, 0, 0, 8, 0, 0, 0, 5, 0, 0, 0, 0], Protocol::KAFKA),
        (b"*1\r\n$4\r\nPING\r\n", b"+PONG\r\n", Protocol::REDIS),
        (b"set a 0 60 2\r\nhi\r\n", b"STORED\r\n", Protocol::MEMCACHED),
        (b"get a\r\n", b"VALUE a 0 2\r\nhi\r\nEND\r\n", Protocol::MEMCACHED),
        (b"AMQP\x00\x00\x09\x01", b"\x01\x00\x00\x00\x00\x01\x00", Protocol::AMQP),
        (b"\x04\x00\x00\x00\x05\x00\x00\x00\x00", b"\x84\x00\x00\x00\x06", Protocol::CASSANDRA),
        (b"0032git-upload-pack /a.git\0host=b\0", b"", Protocol::GIT),
        (b"@RSYNCD: 31.0\n", b"@RSYNCD: 31.0\n", Protocol::RSYNC),
        (b"NICK a\r\nUSER a 0 * :A B\r\n", b":irc.example NOTICE * :hello\r\n", Protocol::IRC),
        (b"MODE READER\r\n", b"200 news.example ready\r\n", Protocol::NNTP),
        (b"", b"INFO {\"server_id\":\"x\"}\r\n", Protocol::NATS),
        (b"GNUTELLA CONNECT/0.6\r\n", b"GNUTELLA/0.6 200 OK\r\n", Protocol::GNUTELLA),
        (&[0, 156, 0, 1, 0x1a, 0x2b, 0x3c, 0x4d, 0, 1], b"", Protocol::PPTP),
    ];
    for (to_server, to_client, wanted) in table {
        let app = app(Transport::TCP, 40_001, to_server, to_client);
        assert_eq!(app.protocol, *wanted, "{:?}", String::from_utf8_lossy(to_server));
    }
    let bgp = [&[0xff; 16][..], &[0, 29, 1, 4], &[1; 9]].concat();
    assert_eq!(app(Transport::TCP, 40_001, &bgp, &bgp).protocol, Protocol::BGP);
    let diameter = [&[1, 0, 0, 20, 0x80, 0, 1, 1][..], &[0; 12]].concat();
    assert_eq!(app(Transport::TCP, 40_001, &diameter, b"").protocol, Protocol::DIAMETER);
    let nfs =
        [&[0x80, 0, 0, 40][..], &[0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0x86, 0xa3, 0, 0, 0, 3], &[0; 20]].concat();
    assert_eq!(app(Transport::TCP, 40_001, &nfs, b"").protocol, Protocol::NFS);
}

#[test]
fn more_datagrams_have_names_on_any_port() {
    let utp = |kind: u8, number: u8, acknowledged: u8| {
        [&[kind << 4 | 1, 0, 0x12, 0x34, 9, 9, 9, 9, 0, 0, 0, 0, 0, 4, 0, 0, 0][..], &[number, 0, acknowledged]]
            .concat()
    };
    let rdp = [&[0xff, 0xff, 0xff, 0xff, 0, 64, 0, 1, 1, 2, 3, 4, 0x04, 0xd0, 0x04, 0xd0][..], &[0; 1216]].concat();
    let report = [&[0x80, 201, 0, 1, 1, 2, 3, 4][..], &[0x81, 202, 0, 2, 1, 2, 3, 4, 1, 2, b'a', b'b']].concat();
    let question = [&[0, 1, 0, 8][..], &[6; 16], &[0, 3, 0, 4, 0, 0, 0, 6]].concat();
    let radius = [&[1, 7, 0, 30][..], &[9; 16], &[1, 5, b'b', b'o', b'b', 6, 5, 0, 0, 0]].concat();
    let l2tp = [&[0xc8, 2, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0][..], &[0x80, 8, 0, 0, 0, 0, 0, 1]].concat();
    let wsd = b"<?xml version=\"1.0\"?><e xmlns:d=\"http://schemas.xmlsoap.org/ws/2005/04/discovery\">".to_vec();
    let table: &[(&[u8], Protocol)] = &[
        (&utp(4, 1, 0), Protocol::BITTORRENT),
        (&rdp, Protocol::RDP),
        (&report, Protocol::RTCP),
        (&question, Protocol::STUN),
        (&radius, Protocol::RADIUS),
        (&l2tp, Protocol::L2TP),
        (&wsd, Protocol::WSD),
        (&[6, 0, 0xff, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0x20], Protocol::IPMI),
        (b"\x00\x01\x00\x00\x00\x01\x00\x00stats\r\n", Protocol::MEMCACHED),
        (b"BT-SEARCH * HTTP/1.1\r\nHost: 239.192.152.143:6771\r\n", Protocol::BITTORRENT),
    ];
    for (bytes, wanted) in table {
        assert_eq!(datagrams(40_001, Transport::UDP, &[(true, bytes)]).protocol, *wanted, "{bytes:02x?}");
    }
    // An answer of peers over UDP acknowledges its question.
    let both = datagrams(40_001, Transport::UDP, &[(true, &utp(4, 1, 0)), (false, &utp(2, 9, 1))]);
    assert_eq!(both.protocol, Protocol::BITTORRENT);
}

/// An answer whose call nobody saw has a verifier that can be and an end that exists; numbers of another protocol in the same
/// places have not.
#[test]
fn an_answer_of_rpc_alone_is_held_to_its_end() {
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
    let name = |words_of: &[u32]| datagrams(40_001, Transport::UDP, &[(false, &words(words_of))]).protocol;
    for answer in [&[9, 1, 0, 0, 0, 0][..], &[9, 1, 0, 1, 5, 0, 0, 3], &[9, 1, 1, 0, 2, 2], &[9, 1, 1, 1, 13]] {
        assert_eq!(name(answer), Protocol::RPC, "{answer:x?}");
    }
    // BFD: flags and length, its own number 1, another's 0, then times in microseconds (RFC 5880).
    let bfd = [0x2044_0518, 1, 0, 1_000_000, 1_000_000, 0];
    for other in [&bfd[..], &[9, 1, 0, 0, 401, 0], &[9, 1, 0, 0, 0, 6], &[9, 1, 1, 1, 15], &[9, 1, 1, 2, 0], &[9, 1, 0]]
    {
        assert_eq!(name(other), Protocol::UNKNOWN, "{other:x?}");
    }
}

/// Every signature stands what begins like it and is cut anywhere, and never names random bytes with both sides.
#[test]
fn cut_beginnings_break_nothing() {
    let begun: [&[u8]; 6] = [
        b"RFB 003.008\n",
        &[0x38, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0],
        b"*1\r\n$4\r\nPING\r\n",
        &[0x80, 201, 0, 1, 1, 2, 3, 4],
        &[0, 0, 0, 17, 0, 18, 0, 3, 0, 0, 0, 5, 0, 7, b'c'],
        b"@RSYNCD: 31.0\n",
    ];
    for signature in ALL {
        for (bytes, transport) in begun.iter().flat_map(|bytes| signature.transports.iter().map(move |t| (bytes, *t))) {
            for cut in 0..=bytes.len() {
                let (head, _) = bytes.split_at(cut);
                for (to_server, to_client) in [(head, &[][..]), (&[], head), (head, head)] {
                    let _ = (signature.probe)(&Head { transport, to_server, to_client });
                }
            }
        }
    }
}

proptest::proptest! {
    /// Random bytes have no industrial name, and no signature is sure of them.
    #[test]
    fn random_bytes_are_nobodys(a: [u8; 24], b: [u8; 24], stream: bool) {
        let transport = if stream { Transport::TCP } else { Transport::UDP };
        // First bytes that no protocol of the table has are left to chance with the rest.
        for signature in ALL.iter().filter(|s| s.transports.contains(&transport)) {
            if let Probe::Yes { confidence, .. } = (signature.probe)(&Head { transport, to_server: &a, to_client: &b }) {
                proptest::prop_assert!(confidence.get() < 0.8, "{}: {a:02x?} {b:02x?}", signature.protocol);
            }
        }
    }
}
