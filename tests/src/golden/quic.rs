//! QUIC conversations that real programs do not give at will: hellos in pieces, Retry right and wrong, other
//! versions, early data, captures that begin late, and what only looks like QUIC.

use crate::make::quic::{
    DRAFT_29, Ends, Kind, V1, V2, ack, client_hello, client_hello_for, crypto, encrypted_hello, filler,
    hello_retry_request, initial, negotiation, opaque, padded, pieces, retry, server_hello, short,
};
use crate::make::{Capture, Host, udp};

const START: i64 = 1_772_409_600_000_000_000;
/// Connection ids: the client's first choice, its own, the server's, and that of a Retry.
const FIRST: &[u8] = b"\x83\x94\xc8\xf0\x3e\x51\x57\x08";
const CLIENT: &[u8] = b"\xc1\xc1\xc1\xc1\xc1";
const SERVER: &[u8] = b"\x5e\x0f\x5e\x0f\x5e\x0f\x5e\x0f";
const RETRIED: &[u8] = b"\x7e\x7e\x71\x77";

/// One conversation: datagrams a millisecond apart.
struct Talk<'a> {
    capture: &'a mut Capture,
    time: i64,
    client: (Host, u16),
    server: (Host, u16),
}

impl<'a> Talk<'a> {
    /// The number makes time and the client's port; the ports of the captures' clients are the higher ones.
    fn new(capture: &'a mut Capture, number: u16, port: u16) -> Self {
        Self {
            capture,
            time: START + i64::from(number) * 1_000_000_000,
            client: (Host::new(1, "192.0.2.10"), 50_000 + number),
            server: (Host::new(4, "198.51.100.4"), port),
        }
    }

    fn up(&mut self, payload: &[u8]) -> &mut Self {
        self.time += 1_000_000;
        let (client, server) = (&self.client, &self.server);
        udp(self.capture, self.time, (&client.0, client.1), (&server.0, server.1), payload);
        self
    }

    fn down(&mut self, payload: &[u8]) -> &mut Self {
        self.time += 1_000_000;
        let (client, server) = (&self.client, &self.server);
        udp(self.capture, self.time, (&server.0, server.1), (&client.0, client.1), payload);
        self
    }

    /// Short headers both ways.
    fn data(&mut self, rounds: u8) -> &mut Self {
        for seed in 0..rounds {
            self.up(&short(SERVER, 40, seed * 7 + 1)).down(&short(CLIENT, 900, seed * 5 + 2));
        }
        self
    }
}

const fn up(version: u32) -> Ends<'static> {
    Ends { version, key: FIRST, to: FIRST, from: CLIENT, client: true }
}

const fn down(version: u32) -> Ends<'static> {
    Ends { version, key: FIRST, to: CLIENT, from: SERVER, client: false }
}

/// The server's first datagram: its Initial and a Handshake packet behind it.
fn answer(ends: &Ends<'_>, hello: &[u8]) -> Vec<u8> {
    let frames = [ack(0), crypto(0, hello)].concat();
    [initial(ends, &[], 0, &frames), opaque(ends, Kind::Handshake, 900, 3)].concat()
}

/// The plain handshake in three versions, on the usual port and on another.
fn hello() -> Capture {
    let mut capture = Capture::default();
    for (number, version, port) in [(0, V1, 443), (1, V2, 443), (2, DRAFT_29, 10_443)] {
        let message = client_hello("historian.plant.example", false, 0);
        let frames = padded(crypto(0, &message), 1162);
        let mut talk = Talk::new(&mut capture, number, port);
        talk.up(&initial(&up(version), &[], 0, &frames)).down(&answer(&down(version), &server_hello(0x1301, false)));
        let acknowledged = initial(&Ends { to: SERVER, ..up(version) }, &[], 1, &padded(ack(0), 1160));
        talk.up(&acknowledged).data(3);
    }
    capture
}

/// DNS over QUIC by its protocol and by its port's draft name, over HTTPS by a resolver's name.
fn dns() -> Capture {
    let mut capture = Capture::default();
    let hellos: [(u16, &str, &[u8]); 3] = [
        (4853, "resolver.plant.example", b"\x03doq"),
        (853, "resolver.plant.example", b"\x07doq-i11"),
        (443, "dns.quad9.net", b"\x02h3"),
    ];
    for ((port, sni, alpn), number) in hellos.into_iter().zip(0u16..) {
        let frames = padded(crypto(0, &client_hello_for(sni, alpn, false, 0)), 1162);
        let mut talk = Talk::new(&mut capture, number, port);
        talk.up(&initial(&up(V1), &[], 0, &frames)).down(&answer(&down(V1), &server_hello(0x1301, false))).data(2);
    }
    capture
}

/// Hybrid key shares: two packets and three, pieces out of order, packets out of order, one sent twice.
fn in_pieces() -> Capture {
    let mut capture = Capture::default();
    let message = client_hello("hybrid.plant.example", true, 0);
    let middle = 900;
    let end = message.len();
    let first = padded(pieces(&message, &[(400, middle), (0, 90), (90, 90), (380, 420), (90, 380)]), 1162);
    let second = padded(pieces(&message, &[(1200, end), (middle, 1200)]), 1162);
    let answer = answer(&down(V1), &server_hello(0x1302, false));
    let packets = [initial(&up(V1), &[], 0, &first), initial(&up(V1), &[], 1, &second)];
    Talk::new(&mut capture, 0, 443).up(&packets[0]).up(&packets[1]).down(&answer).data(2);
    Talk::new(&mut capture, 1, 443).up(&packets[1]).up(&packets[1]).up(&packets[0]).down(&answer).data(2);
    // With a ticket it takes three, and the server's hello comes in two pieces as well.
    let message = client_hello("resumed.plant.example", true, 486);
    let third = message.len() / 3;
    let cuts = [(third * 2, message.len()), (0, third), (third, third * 2)];
    let server = server_hello(0x1303, true);
    let mut talk = Talk::new(&mut capture, 2, 443);
    for (number, cut) in (0u32..).zip(cuts) {
        let frames = padded([vec![1], pieces(&message, &[cut])].concat(), 1162);
        talk.up(&initial(&up(V2), &[], number, &frames));
    }
    talk.down(&initial(&down(V2), &[], 1, &crypto(40, &server[40..])));
    talk.down(&initial(&down(V2), &[], 0, &[ack(1), crypto(0, &server[..40])].concat())).data(2);
    capture
}

/// A Retry that the client obeys, one it must drop, and a retry by TLS.
fn retried() -> Capture {
    let mut capture = Capture::default();
    let message = client_hello("retry.plant.example", false, 0);
    let frames = padded(crypto(0, &message), 1162);
    let server = server_hello(0x1301, false);
    let ends = Ends { version: V1, key: RETRIED, to: RETRIED, from: CLIENT, client: true };
    let right = retry(&Ends { from: RETRIED, ..down(V1) }, FIRST, b"token");
    Talk::new(&mut capture, 0, 443)
        .up(&initial(&up(V1), &[], 0, &frames))
        .down(&right)
        .up(&initial(&ends, b"token", 1, &padded(crypto(0, &message), 1157)))
        .down(&answer(&Ends { key: RETRIED, ..down(V1) }, &server))
        .data(2);
    // Its tag fits another connection id, so that the client goes on as if nothing had come.
    let wrong = retry(&Ends { from: RETRIED, ..down(V2) }, SERVER, b"forged");
    Talk::new(&mut capture, 1, 443)
        .up(&initial(&up(V2), &[], 0, &frames))
        .down(&wrong)
        .down(&answer(&down(V2), &server))
        .data(2);
    let (asked, again) = (hello_retry_request(0x1301), client_hello("retry.plant.example", false, 0));
    Talk::new(&mut capture, 2, 443)
        .up(&initial(&up(V1), &[], 0, &frames))
        .down(&initial(&down(V1), &[], 0, &crypto(0, &asked)))
        .up(&initial(&Ends { to: SERVER, ..up(V1) }, &[], 1, &padded(crypto(message.len(), &again), 1162)))
        .down(&initial(&down(V1), &[], 1, &crypto(asked.len(), &server)))
        .data(2);
    capture
}

/// Encrypted hellos behind a retry of TLS: the same again to the byte, one that goes on without a key, another one; and one
/// whose server asks for nothing.
fn encrypted_hellos() -> Capture {
    let mut capture = Capture::default();
    let hello = |key: &[u8], payload| encrypted_hello("public.plant.example", key, payload);
    let first = hello(&[1; 32], 5);
    let frames = padded(crypto(0, &first), 1162);
    let (asked, server) = (hello_retry_request(0x1301), server_hello(0x1301, false));
    for (number, again) in (0..).zip([first.clone(), hello(&[], 6), hello(&[2; 32], 6)]) {
        Talk::new(&mut capture, number, 443)
            .up(&initial(&up(V1), &[], 0, &frames))
            .down(&initial(&down(V1), &[], 0, &crypto(0, &asked)))
            .up(&initial(&Ends { to: SERVER, ..up(V1) }, &[], 1, &padded(crypto(first.len(), &again), 1162)))
            .down(&initial(&down(V1), &[], 1, &crypto(asked.len(), &server)))
            .data(2);
    }
    Talk::new(&mut capture, 3, 443).up(&initial(&up(V1), &[], 0, &frames)).down(&answer(&down(V1), &server)).data(2);
    capture
}

/// A version that only asks for the list of versions, a move to version 2 on the way, and a version of tomorrow.
fn versions() -> Capture {
    let mut capture = Capture::default();
    let message = client_hello("versions.plant.example", false, 0);
    let frames = padded(crypto(0, &message), 1162);
    let server = server_hello(0x1301, false);
    let other = b"\xd1\xd1\xd1\xd1\xd1\xd1\xd1\xd1";
    Talk::new(&mut capture, 0, 443)
        .up(&opaque(&up(0x1a2a_3a4a), Kind::Initial, 1180, 4))
        .down(&negotiation(CLIENT, FIRST, &[V1, V2, 0x0a1a_2a3a]))
        .up(&initial(&Ends { key: other, to: other, ..up(V1) }, &[], 0, &frames))
        .down(&answer(&Ends { key: other, ..down(V1) }, &server))
        .data(2);
    Talk::new(&mut capture, 1, 443)
        .up(&initial(&up(V1), &[], 0, &frames))
        .down(&answer(&down(V2), &server))
        .up(&initial(&Ends { to: SERVER, ..up(V2) }, &[], 1, &padded(ack(0), 1162)))
        .data(2);
    let tomorrow = [up(0x7000_0003), down(0x7000_0003)].map(|ends| opaque(&ends, Kind::Initial, 1200, 5));
    Talk::new(&mut capture, 2, 443).up(&tomorrow[0]).down(&tomorrow[1]);
    capture
}

/// Early data before the answer; an answer that closes the connection; a server that never answers.
fn early() -> Capture {
    let mut capture = Capture::default();
    let message = client_hello("early.plant.example", false, 200);
    let frames = padded(crypto(0, &message), 700);
    let first = [initial(&up(V1), &[], 0, &frames), opaque(&up(V1), Kind::ZeroRtt, 400, 9)].concat();
    Talk::new(&mut capture, 0, 443)
        .up(&first)
        .up(&opaque(&up(V1), Kind::ZeroRtt, 1100, 10))
        .down(&answer(&down(V1), &server_hello(0x1301, true)))
        .data(2);
    let message = client_hello("refused.plant.example", false, 0);
    let hello = initial(&up(V1), &[], 0, &padded(crypto(0, &message), 1162));
    let close = initial(&down(V1), &[], 0, b"\x1c\x41\x78\x06\x04none");
    Talk::new(&mut capture, 1, 443).up(&hello).down(&close);
    Talk::new(&mut capture, 2, 443).up(&hello).up(&hello).up(&hello);
    capture
}

/// Connections that began before the capture: short headers on the usual port and on another; handshake packets.
fn midstream() -> Capture {
    let mut capture = Capture::default();
    Talk::new(&mut capture, 0, 443).data(6);
    Talk::new(&mut capture, 1, 10_443).data(6);
    Talk::new(&mut capture, 2, 443)
        .down(&opaque(&down(V1), Kind::Handshake, 1100, 3))
        .up(&opaque(&Ends { to: SERVER, ..up(V1) }, Kind::Handshake, 60, 6))
        .data(3);
    // The server's Initial without the client's before it.
    Talk::new(&mut capture, 3, 443).down(&answer(&down(V1), &server_hello(0x1301, false))).data(2);
    capture
}

/// A hello that lacks a packet, one cut short, pieces beyond the limit, frames that must not be there.
fn damaged() -> Capture {
    let mut capture = Capture::default();
    let message = client_hello("damaged.plant.example", true, 0);
    let first = initial(&up(V1), &[], 0, &padded(pieces(&message, &[(0, 1000)]), 1162));
    let server = answer(&down(V1), &server_hello(0x1301, false));
    Talk::new(&mut capture, 0, 443).up(&first).down(&server).data(2);
    Talk::new(&mut capture, 1, 443).up(&first[..600]).down(&server).data(2);
    let beyond = padded([crypto(16_000, &message), crypto(15_000, &filler(5_100, 1)[..1])].concat(), 1162);
    let stream = padded(b"\x08\x00data".to_vec(), 1162);
    let lying = padded([vec![6, 0x40, 0, 0x7f, 0xff], filler(90, 3)].concat(), 1162);
    Talk::new(&mut capture, 2, 443)
        .up(&initial(&up(V1), &[], 0, &beyond))
        .up(&initial(&up(V1), &[], 1, &stream))
        .up(&initial(&up(V1), &[], 2, &lying))
        .down(&server);
    let mut wrong = first.clone();
    wrong[700] ^= 1;
    Talk::new(&mut capture, 3, 443).up(&wrong).up(&wrong).down(&server).data(2);
    capture
}

/// Other things on QUIC's port.
fn not_quic() -> Capture {
    let mut capture = Capture::default();
    let mut talk = Talk::new(&mut capture, 0, 443);
    // A header that stays the same, as tunnels have it.
    for seed in 0..8 {
        talk.up(&[&b"\x48\0\0\x07\0\0\0"[..], &[seed], &filler(90, seed)].concat());
        talk.down(&[&b"\x48\0\0\x03\0\0\0"[..], &[seed], &filler(700, seed)].concat());
    }
    let mut talk = Talk::new(&mut capture, 1, 443);
    for seed in 20..28 {
        talk.up(&filler(200, seed)).down(&filler(300, seed + 100));
    }
    Talk::new(&mut capture, 2, 443).up(b"HELLO plant server, this is text").down(b"Hello client, so is this one");
    capture
}

/// A client that comes from another port, and from another address, as behind a NAT that forgot; one that was idle until
/// its flow was over; one that moved on purpose, to an id nobody has seen; another server that knows the same id.
fn moved() -> Capture {
    let mut capture = Capture::default();
    let message = client_hello("moved.plant.example", false, 0);
    let frames = padded(crypto(0, &message), 1162);
    let answer = answer(&down(V1), &server_hello(0x1301, false));
    let mut talk = Talk::new(&mut capture, 0, 443);
    talk.up(&initial(&up(V1), &[], 0, &frames)).down(&answer).data(2);
    talk.client.1 = 60_000;
    // One packet is enough, and it need not be answered.
    talk.up(&short(SERVER, 40, 77));
    talk.client = (Host::new(2, "203.0.113.77"), 40_123);
    talk.data(4);
    talk.client = (Host::new(1, "192.0.2.10"), 50_000);
    talk.time += 600_000_000_000;
    talk.data(2);
    talk.client.1 = 60_001;
    for seed in 0..4 {
        talk.up(&short(b"\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11", 40, seed * 7 + 1)).down(&short(CLIENT, 90, seed * 5));
    }
    talk.client.1 = 60_002;
    talk.server = (Host::new(5, "198.51.100.5"), 10_443);
    talk.up(&short(SERVER, 40, 77));
    capture
}

/// Every capture by name.
pub(super) fn captures() -> Vec<(&'static str, Capture)> {
    vec![
        ("hello", hello()),
        ("dns", dns()),
        ("pieces", in_pieces()),
        ("retry", retried()),
        ("ech", encrypted_hellos()),
        ("versions", versions()),
        ("early", early()),
        ("midstream", midstream()),
        ("moved", moved()),
        ("damaged", damaged()),
        ("not-quic", not_quic()),
    ]
}
