//! Protocols that are told in the rows of their conversations: IKE, WireGuard, STUN and TURN, NTP.

use super::Made;
use crate::make::{Capture, Host, udp};

const START: i64 = 1_772_409_600_000_000_000;
const STEP: i64 = 20_000_000;

/// Datagrams of one conversation, the client's and the server's port first; `true` says that the client speaks.
fn talk(ports: (u16, u16), v6: bool, said: &[(bool, Vec<u8>)]) -> Capture {
    let (client, server) = if v6 { ("2001:db8::10", "2001:db8::20") } else { ("192.0.2.10", "198.51.100.20") };
    let (client, server) = (Host::new(1, client), Host::new(2, server));
    let mut capture = Capture::default();
    let ends = ((&client, ports.0), (&server, ports.1));
    say(&mut capture, START, ends, said);
    capture
}

/// The same between these ends, behind what the capture holds.
fn say(capture: &mut Capture, start: i64, ends: ((&Host, u16), (&Host, u16)), said: &[(bool, Vec<u8>)]) {
    for (at, (is_client, bytes)) in (0i64..).zip(said) {
        let (from, to) = if *is_client { ends } else { (ends.1, ends.0) };
        udp(capture, start + at * STEP, from, to, bytes);
    }
}

fn short(bytes: &[u8]) -> [u8; 2] {
    u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_be_bytes()
}

/// A payload of IKE, or a proposal or transform: what stands behind it, itself.
fn payload(next: u8, body: &[u8]) -> Vec<u8> {
    let length = short(&[body, &[0; 4]].concat());
    [&[next, 0][..], &length, body].concat()
}

/// A message of IKE: version, exchange and flags, both SPIs, its first payload's type, its payloads.
fn ike(head: [u8; 3], spis: (u64, u64), next: u8, payloads: &[u8]) -> Vec<u8> {
    let [version, exchange, flags] = head;
    let length = u32::try_from(28 + payloads.len()).unwrap_or(u32::MAX);
    let mut bytes = [spis.0.to_be_bytes(), spis.1.to_be_bytes()].concat();
    bytes.extend([next, version, exchange, flags, 0, 0, 0, 0]);
    bytes.extend(length.to_be_bytes());
    bytes.extend(payloads);
    bytes
}

const SPIS: (u64, u64) = (0x1122_3344_5566_7788, 0x99aa_bbcc_ddee_ff00);

/// Transforms of version 2: whether another follows, kind, number, bits of the key.
fn proposal(transforms: &[(u8, u16, u16)]) -> Vec<u8> {
    let mut body = vec![1, 1, 0, transforms.len() as u8];
    for (at, (kind, id, bits)) in transforms.iter().enumerate() {
        let [high, low] = id.to_be_bytes();
        let mut transform = vec![*kind, 0, high, low];
        if *bits > 0 {
            transform.extend([0x80, 0x0e]);
            transform.extend(bits.to_be_bytes());
        }
        body.extend(payload(if at + 1 < transforms.len() { 3 } else { 0 }, &transform));
    }
    payload(0, &body)
}

fn notify(next: u8, kind: u16, data: &[u8]) -> Vec<u8> {
    payload(next, &[&[0, 0][..], &kind.to_be_bytes(), data].concat())
}

fn second_version() -> Capture {
    let offer = proposal(&[(1, 20, 256), (1, 12, 128), (2, 5, 0), (3, 12, 0), (4, 31, 0), (4, 14, 0)]);
    let request = [
        payload(34, &offer),
        payload(40, &[&[0, 31, 0, 0][..], &[7; 32]].concat()),
        payload(41, &[9; 32]),
        notify(41, 16_388, &[1; 20]),
        notify(41, 16_389, &[2; 20]),
        notify(43, 16_430, &[]),
        payload(0, b"\x88\x2f\xe5\x6d\x6f\xd2\x0d\xbc\x22\x51\x61\x3b\x2e\xbe\x5b\xeb"),
    ];
    let answer = [payload(40, &proposal(&[(1, 20, 256), (2, 5, 0), (4, 31, 0)])), payload(0, &[8; 32])];
    let hidden = payload(35, &[0x5c; 120]);
    talk(
        (500, 500),
        false,
        &[
            (true, ike([0x20, 34, 0x08], (SPIS.0, 0), 33, &request.concat())),
            (false, ike([0x20, 34, 0x20], SPIS, 33, &answer.concat())),
            (true, ike([0x20, 35, 0x08], SPIS, 46, &hidden)),
            (false, ike([0x20, 35, 0x20], SPIS, 46, &hidden)),
        ],
    )
}

fn refused() -> Capture {
    let request = payload(0, &proposal(&[(1, 3, 0), (3, 1, 0), (4, 2, 0)]));
    talk(
        (500, 500),
        false,
        &[
            (true, ike([0x20, 34, 0x08], (SPIS.0, 0), 33, &request)),
            (false, ike([0x20, 34, 0x20], (SPIS.0, 0), 41, &notify(0, 14, &[]))),
            // The first payload says that it is shorter than its own head.
            (true, ike([0x20, 34, 0x08], (SPIS.0, 0), 33, &[0, 0, 0, 2, 1, 1])),
        ],
    )
}

fn first_version() -> Capture {
    let attributes = |pairs: &[(u16, u16)]| -> Vec<u8> {
        pairs.iter().flat_map(|(kind, value)| [kind.to_be_bytes(), value.to_be_bytes()].concat()).collect()
    };
    let transform = attributes(&[(0x8001, 7), (0x800e, 256), (0x8002, 4), (0x8003, 1), (0x8004, 14), (0x800b, 1)]);
    let proposal = [&[1, 1, 0, 1][..], &payload(0, &[&[1, 1, 0, 0][..], &transform].concat())].concat();
    let association = [&[0, 0, 0, 1, 0, 0, 0, 1][..], &payload(0, &proposal)].concat();
    let first = [
        payload(13, &association),
        payload(13, b"\x4a\x13\x1c\x81\x07\x03\x58\x45\x5c\x57\x28\xf2\x0e\x95\x45\x2f"),
        payload(0, b"\xaf\xca\xd7\x13\x68\xa1\xf1\xc9\x6b\x86\x96\xfc\x77\x57\x01\x00"),
    ];
    let answer = payload(0, &association);
    let marked = |message: Vec<u8>| [&[0; 4][..], &message].concat();
    talk(
        (4500, 4500),
        false,
        &[
            (true, marked(ike([0x10, 2, 0], (SPIS.0, 0), 1, &first.concat()))),
            (false, marked(ike([0x10, 2, 0], SPIS, 1, &answer))),
            (true, marked(ike([0x10, 2, 1], SPIS, 5, &[0x3e; 64]))),
            // What both agreed on: ESP, and a byte that keeps the way open.
            (true, [&[0xc0, 0xff, 0xee, 1, 0, 0, 0, 1][..], &[0xa7; 72]].concat()),
            (false, vec![0xff]),
        ],
    )
}

fn ike_captures() -> Vec<(&'static str, Capture)> {
    vec![("version-2", second_version()), ("version-1", first_version()), ("refused", refused())]
}

/// A message of WireGuard: its kind, its indices, its length.
fn guard(kind: u8, indices: &[u32], length: usize) -> Vec<u8> {
    let mut bytes = vec![kind, 0, 0, 0];
    indices.iter().for_each(|index| bytes.extend(index.to_le_bytes()));
    let counted = kind == 4;
    if counted {
        bytes.extend([1, 0, 0, 0, 0, 0, 0, 0]);
    }
    bytes.resize(length, 0x9d);
    bytes
}

fn wireguard() -> Vec<(&'static str, Capture)> {
    const CLIENT: u32 = 0x0102_0304;
    const SERVER: u32 = 0xa0b0_c0d0;
    let handshake = [
        (true, guard(1, &[CLIENT], 148)),
        (false, guard(2, &[SERVER, CLIENT], 92)),
        (true, guard(4, &[SERVER], 96)),
        (false, guard(4, &[CLIENT], 128)),
    ];
    let busy = [(true, guard(1, &[CLIENT], 148)), (false, guard(3, &[CLIENT], 64))];
    // The tunnel goes on from another port, without a word.
    let roamed = [(true, guard(4, &[SERVER], 96)), (false, guard(4, &[CLIENT], 96))];
    // From one network to another, and on to another port of it.
    let (near, far, server) = (Host::new(1, "192.0.2.10"), Host::new(3, "203.0.113.7"), Host::new(2, "198.51.100.20"));
    let mut moved = Capture::default();
    for (number, (client, port, said)) in
        (0..).zip([(&near, 40_001, &handshake[..]), (&far, 40_001, &roamed[..]), (&far, 40_777, &roamed[..])])
    {
        say(&mut moved, START + number * 100 * STEP, ((client, port), (&server, 51_820)), said);
    }
    vec![
        ("moved", moved),
        ("handshake", talk((40_001, 51_820), false, &handshake)),
        ("busy", talk((40_001, 51_820), false, &busy)),
        ("roamed", talk((40_777, 51_820), false, &roamed)),
    ]
}

const COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];

/// A message of STUN with the cookie: its type and attributes.
fn stun(kind: u16, attributes: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let mut body = Vec::new();
    for (kind, value) in attributes {
        body.extend(kind.to_be_bytes());
        body.extend(short(value));
        body.extend(value);
        body.resize(body.len().next_multiple_of(4), 0);
    }
    [&kind.to_be_bytes()[..], &short(&body), &COOKIE, b"transaction!", &body].concat()
}

/// An address under the cookie.
fn hidden(ip: &[u8], port: u16) -> Vec<u8> {
    let mask: Vec<u8> = COOKIE.iter().chain(b"transaction!").copied().collect();
    let port = (port ^ 0x2112).to_be_bytes();
    let ip: Vec<u8> = ip.iter().zip(&mask).map(|(byte, mask)| byte ^ mask).collect();
    [&[0, if ip.len() == 4 { 1 } else { 2 }][..], &port, &ip].concat()
}

fn stun_captures() -> Vec<(&'static str, Capture)> {
    let software = |text: &str| (0x8022, text.as_bytes().to_vec());
    let realm = || (0x0014, b"relay.example".to_vec());
    let turn = [
        (true, stun(0x0003, &[(0x0019, vec![17, 0, 0, 0]), software("client 1.0")])),
        (
            false,
            stun(0x0113, &[(0x0009, b"\0\0\x04\x01Unauthorized".to_vec()), realm(), software("Coturn-4.6.1 'Gorst'")]),
        ),
        (true, stun(0x0003, &[(0x0006, b"operator".to_vec()), realm(), (0x0008, vec![0x55; 20])])),
        (
            false,
            stun(0x0103, &[(0x0016, hidden(&[198, 51, 100, 20], 50_000)), (0x0020, hidden(&[203, 0, 113, 5], 61_000))]),
        ),
        (true, stun(0x0008, &[(0x0012, hidden(&[203, 0, 113, 77], 40_002))])),
        (true, [&[0x40, 0, 0, 4][..], b"data"].concat()),
    ];
    let v6: Vec<u8> = [&[0x20, 1, 0x0d, 0xb8][..], &[0; 11], &[0x99]].concat();
    let binding = [(true, stun(0x0001, &[])), (false, stun(0x0101, &[(0x0020, hidden(&v6, 40_005))]))];
    let classic = |kind: [u8; 2], body: &[u8]| [&kind[..], &short(body), b"sixteen bytes of", body].concat();
    let mapped = [&[0, 1, 0, 8, 0, 1, 0xee, 0x48][..], &[203, 0, 113, 5]].concat();
    let old = [(true, classic([0, 1], &[0, 3, 0, 4, 0, 0, 0, 0])), (false, classic([1, 1], &mapped))];
    vec![
        ("turn", talk((40_002, 3478), false, &turn)),
        ("binding", talk((40_005, 3478), true, &binding)),
        ("classic", talk((40_006, 3478), false, &old)),
    ]
}

/// A message of NTP: leap indicator, version and mode, stratum, reference.
fn clock(first: u8, stratum: u8, reference: [u8; 4]) -> Vec<u8> {
    let mut bytes = vec![first, stratum, 6, 0xe9, 0, 0, 4, 0, 0, 0, 2, 0];
    bytes.extend(reference);
    bytes.resize(48, 0x5a);
    bytes
}

fn ntp() -> Vec<(&'static str, Capture)> {
    let signed = |message: Vec<u8>| [&message[..], &[0, 0, 0, 10], &[0x6b; 16]].concat();
    let asked = [
        (true, signed(clock(0x23, 0, [0; 4]))),
        (false, signed(clock(0x24, 2, [192, 0, 2, 99]))),
        (true, clock(0x23, 0, [0; 4])),
        (false, clock(0x24, 1, *b"GPS\0")),
    ];
    let told = [(false, clock(0x25, 3, [192, 0, 2, 98]))];
    let refused = [(true, clock(0xe3, 0, [0; 4])), (false, clock(0xe4, 0, *b"RATE"))];
    vec![
        ("query", talk((40_123, 123), false, &asked)),
        ("kiss", talk((40_124, 123), false, &refused)),
        ("broadcast", talk((123, 123), true, &told)),
    ]
}

/// Every capture with its protocol's folder and its name.
pub(super) fn captures() -> Vec<Made> {
    let all = [("ike", ike_captures()), ("wireguard", wireguard()), ("stun", stun_captures()), ("ntp", ntp())];
    all.into_iter()
        .flat_map(|(folder, captures)| captures.into_iter().map(move |(name, capture)| (folder, name, capture)))
        .collect()
}
