//! Requests of every version and kind of address, with and without passwords, and what lies behind them.

use crate::rehearsal::{Line, RECORDS, c, client_hello, encrypted, rehearse, s, server_hello};
use picket_event::Direction::{ToClient, ToServer};

const HELLO: (Option<&str>, Option<u16>) = (Some("mail.example"), Some(0x1301));
const NAMED: &[u8] = b"\x05\x01\x00\x03\x0cmail.example\x01\xbb";
const GRANTED: &[u8] = &[5, 0, 0, 1, 0, 0, 0, 0, 0, 0];

#[test]
fn every_kind_of_request_is_read() {
    let table: &[(&[Line<'_>], &str, &str)] = &[
        (&[c(&[5, 1, 0]), s(&[5, 0]), c(NAMED), s(GRANTED)], "mail.example:443", "SOCKS5"),
        (
            &[c(&[5, 2, 0, 2]), s(&[5, 2]), c(b"\x01\x02me\x06secret"), s(&[1, 0]), c(NAMED), s(GRANTED)],
            "mail.example:443",
            "SOCKS5",
        ),
        (&[c(&[5, 1, 0]), s(&[5, 0]), c(&[5, 1, 0, 1, 192, 0, 2, 9, 1, 0xbb]), s(GRANTED)], "192.0.2.9:443", "SOCKS5"),
        (
            &[
                c(&[5, 1, 0]),
                s(&[5, 0]),
                c(&[5, 1, 0, 4, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 1, 0xbb]),
                s(GRANTED),
            ],
            "[2001:db8::7]:443",
            "SOCKS5",
        ),
        (&[c(b"\x04\x01\x01\xbb\xc0\x00\x02\x09me\x00"), s(&[0, 0x5a, 0, 0, 0, 0, 0, 0])], "192.0.2.9:443", "SOCKS4"),
        (
            &[c(b"\x04\x01\x01\xbb\x00\x00\x00\x01me\x00Mail.Example\x00"), s(&[0, 0x5a, 0, 0, 0, 0, 0, 0])],
            "mail.example:443",
            "SOCKS4A",
        ),
    ];
    let (hello, answer) = (client_hello(), server_hello());
    for (lines, url, version) in table {
        for (port, piece) in [(1080, 4096), (40_001, 4096), (1080, 1)] {
            let said = lines.iter().map(|line| match line {
                Line::Says(direction, bytes) => Line::Says(*direction, bytes),
                Line::Lacks(direction, length) => Line::Lacks(*direction, *length),
            });
            let all: Vec<Line<'_>> = said.chain([c(&hello), s(&answer)]).collect();
            let mut heard = rehearse(port, piece, &all);
            assert_eq!((heard.app().as_str(), heard.tls()), ("tls", vec![HELLO]), "{url} {version} {port} {piece}");
            let http = heard.http();
            assert_eq!((http.len(), http[0].url.as_str(), http[0].version.as_str()), (1, *url, *version));
            assert_eq!(http[0].method, "CONNECT");
            assert!(!format!("{:?}", heard.output.events).contains("secret"));
            assert_eq!(heard.records(), RECORDS[..2]);
        }
    }
}

#[test]
fn a_refusal_keeps_the_proxys_name() {
    let heard = rehearse(1080, 4096, &[c(&[5, 1, 0]), s(&[5, 0]), c(NAMED), s(&[5, 5, 0, 1, 0, 0, 0, 0, 0, 0])]);
    assert_eq!((heard.app().as_str(), heard.http().len()), ("socks", 1));
    let heard = rehearse(1080, 4096, &[c(&[5, 1, 0]), s(&[5, 0xff])]);
    assert_eq!((heard.app().as_str(), heard.http().len()), ("socks", 0));
}

#[test]
fn what_is_unknown_inside_keeps_the_proxys_name() {
    let lines = [c(&[5, 1, 0]), s(&[5, 0]), c(NAMED), s(GRANTED), c(&[0x99; 64]), s(&[0x99; 64])];
    let heard = rehearse(1080, 4096, &lines);
    assert_eq!(heard.app(), "socks");
    assert_eq!(heard.conversation.shape(), None);
}

#[test]
fn one_direction_is_enough() {
    let (hello, answer) = (client_hello(), server_hello());
    let heard = rehearse(1080, 4096, &[c(&[5, 1, 0]), c(NAMED), c(&hello)]);
    assert_eq!((heard.http().len(), heard.tls()), (1, vec![(HELLO.0, None)]));
    let heard = rehearse(1080, 4096, &[s(&[5, 0]), s(GRANTED), s(&answer)]);
    assert_eq!((heard.http().len(), heard.tls()), (0, vec![(None, HELLO.1)]));
}

/// A proxy behind a proxy, then a mail server, then TLS: four conversations in one.
#[test]
fn layers_lie_inside_each_other() {
    let (hello, answer, more, still_more) = (client_hello(), server_hello(), encrypted(40), encrypted(90));
    let lines = [
        c(&[5, 1, 0]),
        s(&[5, 0]),
        c(b"\x05\x01\x00\x03\x05proxy\x1f\x90"),
        s(GRANTED),
        c(b"CONNECT mail.example:25 HTTP/1.1\r\nHost: mail.example:25\r\n\r\n"),
        s(b"HTTP/1.1 200 OK\r\n\r\n"),
        s(b"220 mail.example ESMTP\r\n"),
        c(b"EHLO me\r\nSTARTTLS\r\n"),
        s(b"250 STARTTLS\r\n220 go ahead\r\n"),
        c(&hello),
        s(&answer),
        c(&more),
        s(&still_more),
    ];
    for piece in [4096, 1] {
        let mut heard = rehearse(1080, piece, &lines);
        assert_eq!(heard.records(), RECORDS);
        assert_eq!((heard.app().as_str(), heard.tls()), ("smtp", vec![HELLO]));
        let urls: Vec<&str> = heard.http().iter().map(|http| http.url.as_str()).collect();
        assert_eq!(urls, ["proxy:8080", "mail.example:25"]);
    }
}

#[test]
fn what_is_no_socks_is_identified_again() {
    let heard =
        rehearse(1080, 4096, &[c(&[5, 1, 0]), s(&[5, 0]), Line::Lacks(ToServer, 5), c(b"x"), Line::Lacks(ToClient, 1)]);
    assert_eq!((heard.app().as_str(), heard.output.events.len()), ("socks", 0));
}
