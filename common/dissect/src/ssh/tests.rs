//! Fingerprints against published values, sizes, and the turns a connection can take.

use super::parse::{banner, kexinit, negotiate};
use super::shape::Shape;
use super::table::{cipher, mac};
use super::*;
use crate::{Conversation, Output};
use picket_event::body::Ssh as Event;
use picket_event::{Body, Direction, Endpoints, SshBehaviour, Timestamp};
use proptest::prelude::*;
use std::time::Duration;

const CLIENT: &[u8] = b"SSH-2.0-client one\r\n";
const SERVER: &[u8] = b"SSH-2.0-server\r\n";
const CHACHA: &str = "chacha20-poly1305@openssh.com";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The body of a KEXINIT: key exchange, ciphers, MACs and compression of the client's direction, then of the server's.
fn body(lists: [&str; 7]) -> Vec<u8> {
    let [kex, cipher_up, cipher_down, mac_up, mac_down, zip_up, zip_down] = lists;
    let mut body = vec![0x11; 16];
    for list in [kex, "ssh-rsa", cipher_up, cipher_down, mac_up, mac_down, zip_up, zip_down, "", ""] {
        body.extend(u32::try_from(list.len()).unwrap_or(0).to_be_bytes());
        body.extend(list.as_bytes());
    }
    body.extend([0; 5]);
    body
}

fn packet(number: u8, body: &[u8]) -> Vec<u8> {
    let padding = 4 + (8 - (10 + body.len()) % 8) % 8;
    let mut bytes = u32::try_from(2 + body.len() + padding).unwrap_or(0).to_be_bytes().to_vec();
    bytes.extend([u8::try_from(padding).unwrap_or(0), number]);
    bytes.extend(body);
    bytes.resize(bytes.len() + padding, 0);
    bytes
}

fn offer(cipher: &str, mac: &str) -> Vec<u8> {
    packet(20, &body(["curve25519-sha256", cipher, cipher, mac, mac, "none", "none"]))
}

/// A connection in the making: what was sent when.
struct Talk {
    conversation: Conversation,
    endpoints: Endpoints,
    time: Timestamp,
    output: Output,
    opener_seen: bool,
}

impl Talk {
    fn new() -> Self {
        let (src, dest) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
        let endpoints = Endpoints::Ip { src, src_port: 50_000, dest, dest_port: 22, transport: Transport::TCP };
        let time = Timestamp::from_nanos(1_772_409_600_000_000_000);
        let conversation = Conversation::new(&endpoints);
        Self { conversation, endpoints, time, output: Output::default(), opener_seen: true }
    }

    /// Both banners, both offers, NEWKEYS of both.
    fn keyed(cipher: &str, mac: &str) -> Self {
        let mut talk = Self::new();
        talk.up(CLIENT).down(SERVER).down(&offer(cipher, mac)).up(&offer(cipher, mac));
        talk.up(&packet(30, &[1; 40])).down(&packet(31, &[2; 300])).down(&packet(21, &[])).up(&packet(21, &[]));
        talk
    }

    fn send(&mut self, direction: Direction, bytes: &[u8]) -> &mut Self {
        self.time = self.time.plus(Duration::from_millis(1));
        let context = self.context();
        self.conversation.stream(direction, bytes, &context, &mut self.output);
        self
    }

    fn context(&self) -> Context {
        Context { time: self.time, endpoints: self.endpoints, opener_seen: self.opener_seen }
    }

    fn up(&mut self, bytes: &[u8]) -> &mut Self {
        self.send(Direction::ToServer, bytes)
    }

    fn down(&mut self, bytes: &[u8]) -> &mut Self {
        self.send(Direction::ToClient, bytes)
    }

    /// Encrypted packets of these sizes: positive from the client, negative from the server.
    fn sizes(&mut self, sizes: &[i32]) -> &mut Self {
        for size in sizes {
            let bytes = vec![0xc3; size.unsigned_abs() as usize];
            self.send(if *size > 0 { Direction::ToServer } else { Direction::ToClient }, &bytes);
        }
        self
    }

    fn wait(&mut self, millis: u64) -> &mut Self {
        self.time = self.time.plus(Duration::from_millis(millis));
        self
    }

    fn end(&mut self) -> Event {
        let context = self.context();
        for direction in [Direction::ToServer, Direction::ToClient] {
            self.conversation.end(direction, &context, &mut self.output);
        }
        assert_eq!(self.output.misbehaved, 0);
        match self.output.events.as_slice() {
            [Body::Ssh(ssh)] => (**ssh).clone(),
            other => panic!("{other:?}"),
        }
    }
}

/// Lists and hashes of salesforce/hassh's README.md (BSD-3-Clause).
#[test]
fn hassh_of_the_published_lists() {
    let ciphers = "chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr,aes128-gcm@openssh.com,\
                   aes256-gcm@openssh.com";
    let macs = "umac-64-etm@openssh.com,umac-128-etm@openssh.com,hmac-sha2-256-etm@openssh.com,\
                hmac-sha2-512-etm@openssh.com,hmac-sha1-etm@openssh.com,umac-64@openssh.com,umac-128@openssh.com,\
                hmac-sha2-256,hmac-sha2-512,hmac-sha1";
    let kex = "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521,\
               diffie-hellman-group-exchange-sha256,diffie-hellman-group16-sha512,diffie-hellman-group18-sha512,\
               diffie-hellman-group-exchange-sha1,diffie-hellman-group14-sha256,diffie-hellman-group14-sha1,ext-info-c";
    // OpenSSH 7.6; what is offered from server to client must not show in it.
    let client = kexinit(&body([kex, ciphers, "none", macs, "none", "none,zlib@openssh.com,zlib", "none"])).unwrap();
    assert_eq!(hex(&client.hassh), "06046964c022c6407d15a27b12a6a4fb");
    let kex = "curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521,\
               diffie-hellman-group-exchange-sha256,diffie-hellman-group14-sha1";
    // OpenSSH 7.2p2.
    let server = kexinit(&body([kex, "none", ciphers, "none", macs, "none", "none,zlib@openssh.com"])).unwrap();
    assert_eq!(hex(&server.hassh_server), "d43d91bc39d5aaed819ad9f6b57b7348");
}

#[test]
fn banners() {
    let read = |line: &[u8]| banner(line).map(|end| (end.version, end.software));
    let pair = |version: &str, software: &str| Some((version.to_owned(), software.to_owned()));
    assert_eq!(read(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r"), pair("2.0", "OpenSSH_9.2p1 Debian-2"));
    assert_eq!(read(b"SSH-1.99-Cisco-1.25"), pair("1.99", "Cisco-1.25"));
    assert_eq!(read(b"SSH-2.0-"), pair("2.0", ""));
    assert_eq!(read(b"SSH-2.0-a\x1b[2J"), pair("2.0", "a\\x1b[2J"));
    assert_eq!(read(b"SSH-2.0"), None);
    assert_eq!(read(b"SSH-x-y"), None);
    assert_eq!(read(&[b"SSH-2.0-".as_slice(), &[b'a'; 5000]].concat()).unwrap().1.len(), 255);
}

/// Sizes that OpenSSH 9.2 sends (golden openssh-*), and the relation that holds with every cipher and MAC.
#[test]
fn sizes_on_the_wire() {
    let of = |c: &[u8], m: &[u8]| Shape::of(cipher(c).unwrap(), mac(m)).unwrap();
    let chacha = of(CHACHA.as_bytes(), b"");
    assert_eq!([1, 10, 17, 24].map(|payload| chacha.size(payload)), [28, 36, 44, 52]);
    let gcm = of(b"aes256-gcm@openssh.com", b"hmac-sha1");
    assert_eq!([1, 10, 17].map(|payload| gcm.size(payload)), [36, 36, 52]);
    assert_eq!([1, 10, 17].map(|payload| of(b"aes128-ctr", b"hmac-sha2-256").size(payload)), [48, 64, 64]);
    let ciphers: [&[u8]; 5] = [CHACHA.as_bytes(), b"aes128-gcm@openssh.com", b"aes256-cbc", b"3des-cbc", b"arcfour"];
    let macs: [&[u8]; 5] =
        [b"hmac-sha1", b"hmac-md5-96", b"umac-64-etm@openssh.com", b"hmac-sha2-512", b"umac-128@openssh.com"];
    for (c, m) in ciphers.iter().flat_map(|c| macs.map(|m| (c, m))) {
        let shape = of(c, m);
        assert_eq!(shape.size(17) - shape.size(1), 16, "{} {}", String::from_utf8_lossy(c), String::from_utf8_lossy(m));
        assert!((0..600).all(|payload| shape.most(shape.size(payload)) >= payload));
    }
    assert!(cipher(b"none").is_none() && mac(b"none").is_none());
}

#[test]
fn the_first_of_the_client_that_the_server_has_is_chosen() {
    let client =
        kexinit(&body(["k", "aes128-gcm@openssh.com,aes128-ctr", CHACHA, "hmac-sha1", "x", "none", "zlib"])).unwrap();
    let server =
        kexinit(&body(["k", "aes128-ctr,aes128-gcm@openssh.com", CHACHA, "hmac-sha1", "y", "none", "zlib"])).unwrap();
    let [up, down] = negotiate(&client, &server);
    assert!(up.is_some_and(|shape| shape.clear_length));
    // Compressed from the first packet on: sizes say nothing.
    assert_eq!(down, None);
}

/// Whatever goes before and however it is cut, the banners and fingerprints are the same.
#[test]
fn greetings_and_pieces() {
    let mut plain = Talk::new();
    let wanted = plain.up(CLIENT).down(SERVER).up(&offer(CHACHA, "x")).down(&offer(CHACHA, "x")).end();
    assert_eq!(wanted.client.as_ref().map(|end| end.software.as_str()), Some("client one"));
    assert!(wanted.server.as_ref().is_some_and(|end| end.hassh.is_some()));
    let mut greeted = Talk::new();
    greeted.down(b"Welcome.\r\n\r\nNo SSH-1 here\r\n").down(&[SERVER, &offer(CHACHA, "x")].concat());
    assert_eq!(greeted.up(&[CLIENT, &offer(CHACHA, "x")].concat()).end(), wanted);
    let mut single = Talk::new();
    for byte in [CLIENT, &offer(CHACHA, "x")].concat() {
        single.up(&[byte]);
    }
    for byte in [SERVER, &offer(CHACHA, "x")].concat() {
        single.down(&[byte]);
    }
    assert_eq!(single.end(), wanted);
}

#[test]
fn refused_passwords_are_counted() {
    let mut talk = Talk::keyed(CHACHA, "x");
    // SERVICE_REQUEST and its answer, `none` and its refusal, three passwords and theirs.
    let said = talk.sizes(&[44, -44, 68, -76, 84, -76, 84, -76, 84, -76]).end();
    assert_eq!((said.authenticated, said.attempts), (Some(false), 3));
    assert_eq!(said.behaviour, Some(SshBehaviour::LoginFailed));
    // A guesser that does not ask for the methods first.
    let said = Talk::keyed(CHACHA, "x").sizes(&[44, -44, 84, -76, 84, -76]).end();
    assert_eq!((said.authenticated, said.attempts), (Some(false), 2));
    let said = Talk::keyed(CHACHA, "x").sizes(&[44, -44, 100, -76]).end();
    assert_eq!((said.authenticated, said.attempts), (Some(false), 1));
    // Asked for the methods, and left.
    let said = Talk::keyed(CHACHA, "x").sizes(&[44, -44, 68, -76]).end();
    assert_eq!((said.authenticated, said.attempts, said.behaviour), (None, 0, None));
}

#[test]
fn a_log_in_with_a_key_succeeds() {
    // Signatures the server reads, SERVICE_ACCEPT, `none`, a key that would do, its signature.
    let said = Talk::keyed(CHACHA, "x").sizes(&[-200, 44, -44, 68, -76, 140, -100, 308, -28]).end();
    assert_eq!((said.authenticated, said.attempts), (Some(true), 1));
    // A wrong key first, with lengths in clear and two packets in one segment.
    let mut talk = Talk::keyed("aes128-gcm@openssh.com", "x");
    let frame = |length: u32| [length.to_be_bytes().as_slice(), &vec![0xc3; length as usize + 16]].concat();
    talk.up(&frame(32)).down(&frame(32)).up(&frame(64)).down(&frame(48)).up(&frame(128)).down(&frame(48));
    talk.up(&frame(304)).down(&[frame(16), frame(512)].concat());
    let said = talk.end();
    assert_eq!((said.authenticated, said.attempts), (Some(true), 2));
}

/// What goes on after a log-in, by an exchange that is repeated.
fn used_for(rounds: u32, pause: u64, sizes: &[i32]) -> Option<SshBehaviour> {
    let mut talk = Talk::keyed(CHACHA, "x");
    talk.sizes(&[44, -44, 68, -76, 148, -28, 112, -116]);
    for _ in 0..rounds {
        talk.wait(pause).sizes(sizes);
    }
    talk.end().behaviour
}

#[test]
fn uses() {
    assert_eq!(used_for(6, 120, &[36, -36]), Some(SshBehaviour::Interactive));
    assert_eq!(used_for(40, 120, &[36, -36]), Some(SshBehaviour::Interactive), "written early");
    assert_eq!(used_for(6, 120, &[-36, 36]), Some(SshBehaviour::ReverseShell));
    assert_eq!(used_for(6, 900, &[-44, 400]), Some(SshBehaviour::ReverseShell));
    assert_eq!(used_for(6, 900, &[-2000, 400]), Some(SshBehaviour::Command), "output is no line");
    assert_eq!(used_for(40, 0, &[1400, 1400, -36]), Some(SshBehaviour::Upload));
    assert_eq!(used_for(40, 0, &[-1400, -1400, 36]), Some(SshBehaviour::Download));
    assert_eq!(used_for(3, 300, &[100, -44, 300, -900]), Some(SshBehaviour::Tunnel));
    assert_eq!(used_for(3, 0, &[100, -100]), Some(SshBehaviour::Command));
    assert_eq!(used_for(1, 0, &[100]), None);
}

/// Questions whether somebody is there, and their empty answers, are not typing.
#[test]
fn keep_alive_is_no_shell() {
    assert_eq!(used_for(20, 15_000, &[-52, 28]), Some(SshBehaviour::Command));
    assert_eq!(used_for(20, 15_000, &[52, -28]), Some(SshBehaviour::Command));
}

#[test]
fn parts_are_read_as_far_as_they_go() {
    let said = Talk::new().down(SERVER).down(&offer(CHACHA, "x")).end();
    assert!(said.client.is_none() && said.server.is_some_and(|end| end.hassh.is_some()));
    let said = Talk::new().up(&offer(CHACHA, "x")).down(&offer(CHACHA, "x")).end();
    assert!(said.client.is_some_and(|end| end.version.is_empty() && end.hassh.is_some()));
    let said = Talk::new().down(b"SSH-1.5-old\n").up(b"SSH-1.5-old\n").down(&[0, 0, 1, 3]).end();
    assert_eq!(said.server.map(|end| (end.version, end.hassh)), Some(("1.5".to_owned(), None)));
    // A web client at an SSH server.
    let said = Talk::new().down(SERVER).up(b"GET / HTTP/1.0\r\n\r\n").down(b"Protocol mismatch.\r\n").end();
    assert!(said.client.is_none() && said.server.is_some());
}

/// Behind a hole in the log-in, nothing is said of it but what bulk shows.
#[test]
fn a_gap_ends_the_counting_of_log_ins() {
    let gap = |sizes: &[i32]| {
        let mut talk = Talk::keyed(CHACHA, "x");
        talk.sizes(&[44, -44, 68, -76]);
        let context = talk.context();
        talk.conversation.gap(Direction::ToClient, 76, &context, &mut talk.output);
        talk.sizes(sizes).end()
    };
    assert_eq!((gap(&[84, -76]).authenticated, gap(&[84, -76]).attempts), (None, 0));
    assert_eq!(gap(&[-1400; 60]).authenticated, Some(true));
}

/// The end that comes first in the capture answers as a server, and somebody types.
fn exchanged(mut talk: Talk) -> (Event, bool) {
    talk.up(SERVER).down(CLIENT).up(&offer(CHACHA, "x")).down(&offer(CHACHA, "x"));
    talk.down(&packet(30, &[1; 40])).up(&packet(31, &[2; 300])).up(&packet(21, &[])).down(&packet(21, &[]));
    talk.sizes(&[-44, 44, -68, 76, -148, 28, -112, 116]);
    for _ in 0..5 {
        talk.wait(100).sizes(&[-36, 36]);
    }
    (talk.end(), talk.conversation.reversed())
}

/// Where nobody saw who opened the connection, the roles of SSH tell the ends, and no shell was handed back.
#[test]
fn without_the_opening_the_roles_tell_the_ends() {
    let (said, reversed) = exchanged(Talk { opener_seen: false, ..Talk::new() });
    assert!(reversed);
    assert_eq!(said.client.map(|end| end.software), Some("client one".to_owned()));
    assert_eq!((said.authenticated, said.behaviour), (Some(true), Some(SshBehaviour::Interactive)));
    let offer = |role: &str| packet(20, &body([role, CHACHA, CHACHA, "x", "x", "none", "none"]));
    let mut talk = Talk { opener_seen: false, ..Talk::new() };
    talk.up(&offer("curve25519-sha256,ext-info-s")).down(&offer("curve25519-sha256,ext-info-c"));
    assert!(talk.conversation.reversed(), "a key exchange says whose it is");
}

/// The end that opened the connection answers as a server: it stays the client of the flow, and who types is told.
#[test]
fn roles_may_be_exchanged() {
    let (said, reversed) = exchanged(Talk::new());
    assert!(!reversed);
    assert_eq!(said.client.map(|end| end.software), Some("server".to_owned()));
    assert_eq!((said.authenticated, said.behaviour), (Some(true), Some(SshBehaviour::ReverseShell)));
}

#[test]
fn what_is_not_ssh_is_refused() {
    let probe =
        |to_server: &[u8], to_client: &[u8]| Ssh.probe(&Head { transport: Transport::TCP, to_server, to_client });
    assert_eq!(probe(b"GET / HTTP/1.1\r\n", b""), Probe::No);
    assert_eq!(probe(b"EHLO me\r\n", b"220 mail ESMTP\r\n"), Probe::No);
    assert_eq!(probe(b"", b"220 mail ESMTP\r\n"), Probe::More);
    assert_eq!(probe(b"\x16\x03\x01\x02\x00\x01", b""), Probe::No);
    assert_eq!(probe(b"SSH", b""), Probe::More);
    assert!(matches!(probe(b"", b"Hello.\r\nSSH-2.0-x\r\n"), Probe::Yes { .. }));
    assert!(matches!(probe(b"GET / HTTP/1.1\r\n", b"SSH-2.0-x\r\n"), Probe::Yes { .. }));
}

proptest! {
    /// However long the greeting, what is kept is bounded, and the session ends by itself.
    #[test]
    fn any_greeting_is_bounded(lines in proptest::collection::vec("[ -~]{0,600}", 0..60)) {
        let mut talk = Talk::new();
        talk.down(b"Welcome\r\n");
        for line in &lines {
            talk.down(line.as_bytes()).down(b"\n");
        }
        talk.up(CLIENT);
        prop_assert_eq!(talk.output.misbehaved, 0);
    }

    /// Sizes in any order break nothing, and a connection has one event.
    #[test]
    fn any_sizes(sizes in proptest::collection::vec(-1500i32..1500, 0..80), pauses in proptest::collection::vec(0u64..400, 80)) {
        let mut talk = Talk::keyed(CHACHA, "x");
        for (size, pause) in sizes.iter().zip(pauses) {
            talk.wait(pause).sizes(&[*size]);
        }
        let said = talk.end();
        prop_assert!(said.client.is_some() && said.server.is_some());
    }
}
