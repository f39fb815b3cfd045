//! Every service goes over to TLS, whole and in pieces, with one direction alone, behind a gap; or stays as it is.

use super::table;
use crate::rehearsal::{Heard, Line, RECORDS, c, client_hello, encrypted, rehearse, s, server_hello};
use picket_event::Direction::{ToClient, ToServer};

const HELLO: (Option<&str>, Option<u16>) = (Some("mail.example"), Some(0x1301));

const GREETING: &[u8] = b"\x4a\x00\x00\x00\x0a8.0.36\x00\x08\x00\x00\x00abcdefgh\x00\xff\xff\xff\x02\x00\xff\xdf\x15\
    \x00\x00\x00\x00\x00\x00\x00\x00\x00\x00ijklmnopqrst\x00caching_sha2_password\x00";
const MYSQL: &[u8] =
    b"\x20\x00\x00\x01\x85\xae\xff\x01\x00\x00\x00\x01\x2d\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\
    \x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00";
const CONNECTION_REQUEST: &[u8] =
    b"\x03\x00\x00\x2e\x29\xe0\x00\x00\x00\x00\x00Cookie: mstshash=operator\r\n\x01\x00\x08\x00\x03\x00\x00\x00";
const CONNECTION_CONFIRM: &[u8] = b"\x03\x00\x00\x13\x0e\xd0\x00\x00\x12\x34\x00\x02\x1f\x08\x00\x02\x00\x00\x00";
const EXTENDED: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";
const EXTENDED_ANSWER: &[u8] = b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00";

/// What is said before TLS, in turns.
fn services() -> Vec<(&'static str, u16, Vec<Line<'static>>)> {
    vec![
        (
            "smtp",
            587,
            vec![
                s(b"220 mail.example ESMTP\r\n"),
                c(b"EHLO me\r\n"),
                s(b"250-mail.example\r\n250 STARTTLS\r\n"),
                c(b"STARTTLS\r\n"),
                s(b"220 go ahead\r\n"),
            ],
        ),
        ("imap", 143, vec![s(b"* OK ready\r\n"), c(b"a1 STARTTLS\r\n"), s(b"a1 OK begin\r\n")]),
        ("pop3", 110, vec![s(b"+OK ready\r\n"), c(b"STLS\r\n"), s(b"+OK begin\r\n")]),
        ("nntp", 119, vec![s(b"200 news.example NNTP ready\r\n"), c(b"STARTTLS\r\n"), s(b"382 continue\r\n")]),
        (
            "managesieve",
            4190,
            vec![
                s(b"\"IMPLEMENTATION\" \"Example Sieve 1\"\r\n\"STARTTLS\"\r\nOK \"ready\"\r\n"),
                c(b"STARTTLS\r\n"),
                s(b"OK \"begin\"\r\n"),
            ],
        ),
        ("ftp", 21, vec![s(b"220 FTP server\r\n"), c(b"AUTH TLS\r\n"), s(b"234 begin\r\n")]),
        (
            "xmpp",
            5222,
            vec![
                c(b"<?xml version='1.0'?><stream:stream to='mail.example' xmlns='jabber:client'>"),
                s(b"<?xml version='1.0'?><stream:stream><stream:features><starttls/></stream:features>"),
                c(b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
                s(b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
            ],
        ),
        ("ldap", 389, vec![c(EXTENDED), s(EXTENDED_ANSWER)]),
        ("rdp", 3389, vec![c(CONNECTION_REQUEST), s(CONNECTION_CONFIRM)]),
        ("mysql", 3306, vec![s(GREETING), c(MYSQL)]),
        ("postgresql", 5432, vec![c(&[0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f]), s(b"S")]),
    ]
}

fn after(before: Vec<Line<'_>>, port: u16, piece: usize) -> Heard {
    let (hello, answer, more, still_more) = (client_hello(), server_hello(), encrypted(40), encrypted(90));
    let mut lines = before;
    lines.extend([c(&hello), s(&answer), c(&more), s(&still_more)]);
    rehearse(port, piece, &lines)
}

/// On its port and on another, in segments of any size: the flow keeps the service's name, and has a handshake and records.
#[test]
fn every_service_goes_over_to_tls() {
    for piece in [4096, 7, 1] {
        for (name, port, before) in services() {
            // So many pieces are not waited for: their first messages tell late what they are.
            if matches!((name, piece), ("xmpp" | "rdp", 1)) {
                continue;
            }
            let mut heard = after(before, port, piece);
            assert_eq!((heard.app().as_str(), heard.tls()), (name, vec![HELLO]), "{name} in pieces of {piece}");
            assert_eq!(heard.output.malformed.len(), 0, "{name}");
            assert_eq!(heard.records(), RECORDS, "{name} in pieces of {piece}");
        }
    }
    for piece in [4096, 7] {
        for (name, _, before) in services() {
            let heard = after(before, 40_001, piece);
            assert_eq!((heard.app().as_str(), heard.tls()), (name, vec![HELLO]), "{name} on a port of its own");
        }
    }
}

#[test]
fn one_direction_is_enough() {
    for (name, port, _) in services() {
        for wanted in [ToServer, ToClient] {
            // These sides alone do not say what they belong to.
            if matches!((name, wanted), ("mysql", ToServer) | ("postgresql" | "rdp", ToClient)) {
                continue;
            }
            let (hello, answer) = (client_hello(), server_hello());
            let before = services().into_iter().filter(|(other, ..)| *other == name).flat_map(|(.., lines)| lines);
            let mut lines: Vec<Line<'_>> =
                before.filter(|line| matches!(line, Line::Says(d, _) if *d == wanted)).collect();
            lines.push(if wanted == ToServer { c(&hello) } else { s(&answer) });
            let mut heard = rehearse(port, 4096, &lines);
            let expected = if wanted == ToServer { (HELLO.0, None) } else { (None, HELLO.1) };
            assert_eq!((heard.app().as_str(), heard.tls()), (name, vec![expected]), "{name} {wanted:?}");
            let at = usize::from(wanted == ToClient);
            assert_eq!(heard.records(), RECORDS[at..=at], "{name} {wanted:?}");
        }
    }
}

/// The command, its answer and the hello in one segment each, and the hello before the answer.
#[test]
fn what_is_sent_ahead_is_read() {
    let ahead = [b"EHLO me\r\nSTARTTLS\r\n".to_vec(), client_hello()].concat();
    let answers = [b"220 mail ESMTP\r\n250 STARTTLS\r\n220 go ahead\r\n".to_vec(), server_hello()].concat();
    for piece in [4096, 3] {
        let mut heard = rehearse(25, piece, &[c(&ahead), s(&answers)]);
        assert_eq!((heard.app().as_str(), heard.tls()), ("smtp", vec![HELLO]));
        assert_eq!(heard.records(), RECORDS[..2]);
    }
}

#[test]
fn a_lost_command_does_no_harm() {
    let (hello, answer) = (client_hello(), server_hello());
    let lines = [
        s(b"220 mail ESMTP\r\n"),
        c(b"EHLO me\r\n"),
        s(b"250-mail\r\n250 STA"),
        Line::Lacks(ToClient, 9),
        Line::Lacks(ToServer, 10),
        s(b"go ahead\r\n"),
        c(&hello),
        s(&answer),
    ];
    assert_eq!(rehearse(25, 4096, &lines).tls(), vec![HELLO]);
}

#[test]
fn a_refusal_stays_in_clear() {
    let lines = [
        s(b"220 mail ESMTP\r\n"),
        c(b"EHLO me\r\n"),
        s(b"250 STARTTLS\r\n"),
        c(b"STARTTLS\r\n"),
        s(b"454 not now\r\n"),
        c(b"MAIL FROM:<a@b>\r\n"),
        s(b"250 ok\r\n"),
    ];
    let heard = rehearse(25, 4096, &lines);
    assert_eq!((heard.app().as_str(), heard.output.events.len()), ("smtp", 0));
    let lines = [
        c(&[0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f]),
        s(b"N"),
        c(b"\0\0\0\x12\0\x03\0\0user\0me\0\0"),
        s(b"R\0\0\0\x08\0\0\0\0"),
    ];
    let heard = rehearse(5432, 4096, &lines);
    assert_eq!((heard.app().as_str(), heard.output.events.len()), ("postgresql", 0));
}

/// A service that stays in clear is not followed for ever.
#[test]
fn a_long_talk_in_clear_is_left() {
    let talk = b"NOOP\r\n".repeat(100);
    let mut heard = rehearse(25, 4096, &[s(b"220 mail ESMTP\r\n"), c(b"EHLO me\r\n"), c(&talk)]);
    assert!(!heard.conversation.wants(ToServer));
    heard = rehearse(25, 4096, &[s(b"220 mail ESMTP\r\n"), c(b"EHLO me\r\n"), c(&vec![b'x'; 70_000]), c(b"\r\nz")]);
    assert!(!heard.conversation.wants(ToServer));
}

/// What only looks like a record's first byte is not believed: the flow keeps its name and has no handshake.
#[test]
fn a_false_record_is_no_handshake() {
    let mut heard =
        rehearse(25, 4096, &[s(b"220 mail ESMTP\r\n"), c(b"EHLO me\r\n"), c(&[0x16, 3, 1, 0xff, 0xff, 9, 9])]);
    assert_eq!(heard.records(), []);
    assert_eq!((heard.app().as_str(), heard.output.events.len()), ("smtp", 0));
}

#[test]
fn every_service_has_its_own_port() {
    let all = [&table::SMTP, &table::FTP, &table::POP3, &table::IMAP, &table::XMPP, &table::LDAP, &table::RDP];
    for service in all {
        assert!(service.home.ports.iter().all(|port| all.iter().filter(|s| s.home.ports.contains(port)).count() == 1));
    }
}
