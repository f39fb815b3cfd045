//! Requests and answers in every framing, what connections become, and what must not get into an event.

use super::target;
use super::{EVENTS_LIMIT, HEAD_LIMIT};
use crate::rehearsal::{Heard, Line, RECORDS, c, client_hello, encrypted, rehearse, s, server_hello};
use picket_event::Direction::{self, ToClient, ToServer};
use proptest::prelude::*;

/// URL, status, and lengths of the bodies, of every event.
fn pairs(heard: &Heard) -> Vec<(&str, Option<u16>, u64, u64)> {
    heard.http().iter().map(|h| (h.url.as_str(), h.status, h.request_length, h.response_length)).collect()
}

#[test]
fn heads_are_read() {
    let lines = [
        c(b"GET /plan?x=1 HTTP/1.1\r\nHost: Plant.Example:8080\r\nuser-agent: curl/8\r\n\t(test)\r\n\r\n"),
        s(b"HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: Text/HTML; charset=utf-8\r\nContent-Length: 5\r\n\r\nhello"),
    ];
    for piece in [4096, 1] {
        let heard = rehearse(40_001, piece, &lines);
        let http = heard.http();
        assert_eq!((heard.app().as_str(), http.len()), ("http", 1));
        let event = http[0];
        assert_eq!((event.method.as_str(), event.host.as_deref()), ("GET", Some("plant.example")));
        assert_eq!((event.url.as_str(), event.version.as_str()), ("/plan?x=1", "HTTP/1.1"));
        assert_eq!(event.user_agent.as_deref(), Some("curl/8 (test)"));
        assert_eq!((event.server.as_deref(), event.content_type.as_deref()), (Some("nginx"), Some("text/html")));
        assert_eq!((event.status, event.request_length, event.response_length), (Some(200), 0, 5));
    }
}

#[test]
fn bodies_of_every_framing_pass() {
    let lines = [
        c(b"POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcPUT /b HTTP/1.1\nTransfer-Encoding: chunked\n\n2;x=y\r\nab\r\n0\r\nT: 1\r\n\r\n"),
        s(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nTransfer-Encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n10\r\n"),
        s(b"0123456789abcdef\r\n0\r\n\r\n"),
        c(b"\r\nHEAD /c HTTP/1.1\r\n\r\nGET /d HTTP/1.0\r\n\r\n"),
        s(b"HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n"),
        s(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
        s(b"HTTP/1.0 200\r\n\r\nuntil the end"),
    ];
    for piece in [4096, 5, 1] {
        let heard = rehearse(80, piece, &lines);
        let wanted =
            [("/a", Some(201), 3, 19), ("/b", Some(204), 2, 0), ("/c", Some(200), 0, 0), ("/d", Some(200), 0, 13)];
        assert_eq!(pairs(&heard), wanted, "pieces of {piece}");
        assert_eq!(heard.output.malformed, Vec::<&str>::new());
    }
}

#[test]
fn credentials_get_into_no_event() {
    let lines = [
        c(b"GET http://me:hunter2@plant.example/login?user=me&Pass-Word=hunter2;sid=hunter2#x HTTP/1.1\r\n\
            Host: me:hunter2@plant.example\r\nAuthorization: Basic hunter2\r\nCookie: a=hunter2\r\n\
            Proxy-Authorization: hunter2\r\n\r\n"),
        s(b"HTTP/1.1 302 Found\r\nSet-Cookie: s=hunter2\r\nLocation: /?token=hunter2\r\nContent-Length: 0\r\n\r\n"),
        c(b"GET /go?to=ftp://u:hunter2@h/&access_token=hunter2 HTTP/1.1\r\n\r\n"),
        c(b"CONNECT me:hunter2@plant.example:443 HTTP/1.1\r\n\r\n"),
    ];
    let heard = rehearse(3128, 4096, &lines);
    assert_eq!(heard.http().len(), 3);
    assert!(!format!("{:?}", heard.output).contains("hunter2"), "{:?}", heard.output.events);
    let urls: Vec<&str> = heard.http().iter().map(|http| http.url.as_str()).collect();
    assert_eq!(
        urls,
        [
            "http://plant.example/login?user=me&Pass-Word=*;sid=*#x",
            "/go?to=ftp://h/&access_token=*",
            "plant.example:443"
        ]
    );
    assert_eq!(heard.http()[0].host.as_deref(), Some("plant.example"));
}

#[test]
fn a_tunnel_is_read() {
    let (hello, answer, more, still_more) = (client_hello(), server_hello(), encrypted(40), encrypted(90));
    let lines = [
        c(b"CONNECT mail.example:443 HTTP/1.1\r\nHost: mail.example:443\r\n\r\n"),
        s(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 2\r\n\r\nno"),
        c(b"CONNECT mail.example:443 HTTP/1.1\r\nHost: mail.example:443\r\nProxy-Authorization: Basic eA==\r\n\r\n"),
        s(b"HTTP/1.1 200 Connection established\r\n\r\n"),
        c(&hello),
        s(&answer),
        c(&more),
        s(&still_more),
    ];
    for piece in [4096, 1] {
        let mut heard = rehearse(8080, piece, &lines);
        assert_eq!((heard.app().as_str(), heard.tls()), ("tls", vec![(Some("mail.example"), Some(0x1301))]));
        assert_eq!(pairs(&heard), [("mail.example:443", Some(407), 0, 2), ("mail.example:443", Some(200), 0, 0)]);
        assert_eq!(heard.records(), RECORDS);
    }
    // Of the tunnel one direction alone.
    let client = [c(b"CONNECT mail.example:443 HTTP/1.1\r\n\r\n"), c(&hello)];
    let heard = rehearse(8080, 4096, &client);
    assert_eq!(
        (heard.tls(), pairs(&heard)),
        (vec![(Some("mail.example"), None)], vec![("mail.example:443", None, 0, 0)])
    );
    let server = [s(b"HTTP/1.1 200 Connection established\r\n\r\n"), s(&answer)];
    assert_eq!(rehearse(8080, 1, &server).tls(), [(None, Some(0x1301))]);
}

/// CONNECT is lost in a connection that was followed, or is its first message.
#[test]
fn behind_a_lost_connect_the_hello_is_read() {
    let (hello, answer) = (client_hello(), server_hello());
    let before = [c(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"), s(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")];
    let lost = || {
        let granted = s(b"HTTP/1.1 200 Connection established\r\n\r\n");
        [Line::Lacks(ToServer, 70), granted, c(&hello), s(&answer)]
    };
    let whole = rehearse(3128, 4096, &before.into_iter().chain(lost()).collect::<Vec<_>>());
    for heard in [whole, rehearse(3128, 4096, &lost())] {
        assert_eq!((heard.app().as_str(), heard.tls()), ("tls", vec![(Some("mail.example"), Some(0x1301))]));
    }
    // A line that is none stays lost.
    let other =
        [c(b"GET / HTTP/1.1\r\n\r\n"), Line::Lacks(ToServer, 70), c(&[0x16; 80]), c(b"\nGET /b HTTP/1.1\r\n\r\n")];
    assert_eq!(pairs(&rehearse(3128, 4096, &other)).len(), 2);
}

#[test]
fn upgrades_are_named() {
    let ask = |what: &str| format!("GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: {what}\r\n\r\n");
    let grant = |what: &str| format!("HTTP/1.1 101 Switching Protocols\r\nUpgrade: {what}\r\n\r\n");
    for (what, name) in [("WebSocket", "websocket"), ("h2c", "http2"), ("other/1", "http")] {
        let (ask, grant) = (ask(what), grant(what));
        let lines =
            [c(ask.as_bytes()), s(grant.as_bytes()), c(&[0x81, 0x85, 1, 2, 3, 4, 5, 6, 7, 8, 9]), s(&[0x81, 1, b'x'])];
        let heard = rehearse(80, 4096, &lines);
        assert_eq!((heard.app().as_str(), pairs(&heard)), (name, vec![("/ws", Some(101), 0, 0)]));
    }
    // TLS on the same port (RFC 2817), and an upgrade that the server does not take.
    let (ask_tls, grant_tls, ask_ws) = (ask("TLS/1.2"), grant("TLS/1.2, HTTP/1.1"), ask("websocket"));
    let (hello, answer) = (client_hello(), server_hello());
    let heard = rehearse(80, 4096, &[c(ask_tls.as_bytes()), s(grant_tls.as_bytes()), c(&hello), s(&answer)]);
    assert_eq!((heard.app().as_str(), heard.tls().len()), ("http", 1));
    let lines = [
        c(ask_ws.as_bytes()),
        s(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        c(b"GET /next HTTP/1.1\r\n\r\n"),
        s(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ];
    assert_eq!(pairs(&rehearse(80, 4096, &lines)).len(), 2);
    assert_eq!(rehearse(80, 4096, &[c(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")]).app(), "http2");
}

#[test]
fn f40_heads_are_found_again_behind_a_gap() {
    // Inside a body of known length nothing is lost.
    let lines = [
        c(b"GET /a HTTP/1.1\r\n\r\n"),
        s(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789"),
        Line::Lacks(ToClient, 80),
        s(b"0123456789HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        c(b"GET /b HTTP/1.1\r\n\r\n"),
    ];
    assert_eq!(pairs(&rehearse(80, 4096, &lines))[0], ("/a", Some(200), 0, 100));
    // Elsewhere the next head is looked for; answers that are gone are not paired with later requests.
    let lines = [
        c(b"GET /a HTTP/1.1\r\n\r\n"),
        s(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"),
        Line::Lacks(ToClient, 400),
        s(b"lo\nHTTP/1 is old\nHTTP/1.1"),
        c(b"GET /b HTTP/1.1\r\n\r\n"),
        c(b"GET /c HTTP/1.1\r\n\r\n"),
        s(b"\nHTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
    ];
    for piece in [4096, 1] {
        let heard = rehearse(80, piece, &lines);
        assert_eq!(pairs(&heard), [("/a", Some(200), 0, 3), ("/b", Some(404), 0, 0), ("/c", None, 0, 0)]);
    }
}

#[test]
fn answers_alone_and_requests_alone_are_reported() {
    let heard = rehearse(80, 4096, &[s(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")]);
    assert_eq!(pairs(&heard), [("", Some(200), 0, 2)]);
    let heard = rehearse(80, 4096, &[c(b"GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n")]);
    assert_eq!(pairs(&heard), [("/a", None, 0, 0), ("/b", None, 0, 0)]);
}

#[test]
fn limits_hold_and_are_counted() {
    let many = b"GET / HTTP/1.1\r\n\r\n".repeat(EVENTS_LIMIT as usize + 7);
    let heard = rehearse(80, 4096, &[c(&many)]);
    assert_eq!((heard.http().len(), heard.output.unreported), (EVENTS_LIMIT as usize, 7));
    let long = format!(
        "GET /a HTTP/1.1\r\nHost: h\r\nX: {}\r\nContent-Length: 2\r\n\r\nGET /b HTTP/1.1\r\n\r\n",
        "x".repeat(HEAD_LIMIT)
    );
    for piece in [4096, 1] {
        let heard = rehearse(80, piece, &[c(long.as_bytes())]);
        assert_eq!(pairs(&heard), [("/a", None, 0, 0), ("/b", None, 0, 0)]);
        assert_eq!(heard.output.malformed, ["http: head longer than the limit"]);
    }
    let url = format!("/{}", "u".repeat(5000));
    assert_eq!(target::target(url.as_bytes()).len(), target::URL_LIMIT);
}

#[test]
fn hosts_lose_their_ports() {
    for (authority, wanted) in [
        ("Plant.Example:80", ("plant.example", 80)),
        ("[2001:db8::1]:443", ("[2001:db8::1]", 443)),
        ("[2001:db8::1]", ("[2001:db8::1]", 0)),
        ("a:b:c@host", ("host", 0)),
        ("host:99999", ("host", 0)),
    ] {
        let (host, port) = target::host(authority.as_bytes());
        assert_eq!((host.as_str(), port), wanted);
    }
}

#[test]
fn damage_is_said_and_survived() {
    let lines = [
        c(b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nrubbish\r\nGET /b HTTP/1.1\r\n\r\n"),
        s(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx\nHTTP/1.1 200 OK\r\nContent-Length: 1,1\r\n\r\nx"),
    ];
    for piece in [4096, 1] {
        let heard = rehearse(80, piece, &lines);
        assert_eq!(pairs(&heard), [("/a", Some(200), 0, 0), ("/b", Some(200), 0, 1)]);
        assert_eq!(heard.output.malformed, ["http: chunk", "http: length of a body"]);
    }
    assert!(rehearse(40_001, 4096, &[c(b"GET / nothing of the kind\r\n")]).app() != "http");
}

proptest! {
    /// Whatever pieces a conversation comes in, and whatever is in a target: the same events, and none too long.
    #[test]
    fn targets_are_bounded_and_printable(bytes in proptest::collection::vec(any::<u8>(), 0..3000)) {
        let text = target::target(&bytes);
        prop_assert!(text.len() <= target::URL_LIMIT);
        prop_assert!(!text.chars().any(char::is_control));
    }

    /// No user information of an authority survives, wherever it stands.
    #[test]
    fn user_information_never_survives(scheme in "[a-z]{1,9}", user in "[a-z:]{0,9}", path in "[a-z/]{0,9}") {
        let text = target::target(format!("{scheme}://{user}SECRET@host/{path}").as_bytes());
        prop_assert!(!text.contains("SECRET"), "{}", text);
    }
}

#[test]
fn behind_a_lost_request_the_next_one_is_read() {
    let first = b"GET /0 HTTP/1.1\r\nHost: a.example\r\n\r\n";
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let lines = [
        Line::Lacks(Direction::ToServer, first.len() as u64),
        s(answer),
        c(b"GET /1 HTTP/1.1\r\nHost: a.example\r\n\r\nGET /2 HTTP/1.1\r\nHost: a.example\r\n\r\n"),
        s(answer),
        s(answer),
    ];
    let heard = rehearse(80, 4096, &lines);
    let seen: Vec<_> = heard.http().iter().map(|http| (http.url.clone(), http.status)).collect();
    let wanted = [("", Some(200)), ("/1", Some(200)), ("/2", Some(200))];
    assert_eq!(seen, wanted.map(|(url, status)| (url.to_owned(), status)));
}
