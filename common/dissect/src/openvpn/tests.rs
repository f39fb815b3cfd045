//! What names a connection, and the handshake in the control channel.

use super::parse::{Layout, opening};
use super::{Openvpn, session};
use crate::rehearsal::{client_hello, server_hello};
use crate::{Context, Conversation, Dissector, Head, Output, Probe};
use picket_event::{Body, Direction, Endpoints, Timestamp, Transport};
use proptest::prelude::*;

const CLIENT: [u8; 8] = [9, 8, 7, 6, 5, 4, 3, 2];
const SERVER: [u8; 8] = [1; 8];

/// A packet: operation, session, a signature of so many bytes, what is acknowledged, number, handshake.
fn packet(operation: u8, own: [u8; 8], signature: usize, acknowledged: &[u32], number: u32, piece: &[u8]) -> Vec<u8> {
    let mut packet = vec![operation << 3];
    packet.extend(own);
    packet.extend(vec![0x5a; signature]);
    packet.push(acknowledged.len() as u8);
    acknowledged.iter().for_each(|number| packet.extend(number.to_be_bytes()));
    if !acknowledged.is_empty() {
        packet.extend(if own == CLIENT { SERVER } else { CLIENT });
    }
    packet.extend(number.to_be_bytes());
    packet.extend(piece);
    packet
}

/// The two resets, and the handshake in pieces of so many bytes.
fn connection(signature: usize, piece: usize) -> Vec<(Direction, Vec<u8>)> {
    let mut said = vec![
        (Direction::ToServer, packet(7, CLIENT, signature, &[], 0, &[])),
        (Direction::ToClient, packet(8, SERVER, signature, &[0], 0, &[])),
    ];
    for (number, part) in (1..).zip(client_hello().chunks(piece)) {
        said.push((Direction::ToServer, packet(4, CLIENT, signature, &[0], number, part)));
    }
    for (number, part) in (1..).zip(server_hello().chunks(piece)) {
        said.push((Direction::ToClient, packet(4, SERVER, signature, &[number], number, part)));
    }
    said
}

/// A protocol, and server name and cipher suite of each handshake.
type Heard = (String, Vec<(Option<String>, Option<u16>)>);

/// The protocol, and server name and cipher suite of each handshake.
fn heard(said: &[(Direction, Vec<u8>)], stream: Option<usize>) -> Heard {
    let transport = if stream.is_some() { Transport::TCP } else { Transport::UDP };
    let (src, dest) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
    let endpoints = Endpoints::Ip { src, src_port: 50_000, dest, dest_port: 40_001, transport };
    let context = Context { time: Timestamp::EPOCH, endpoints, opener_seen: true };
    let (mut conversation, mut output) = (Conversation::new(&endpoints), Output::default());
    for (direction, packet) in said {
        match stream {
            None => conversation.datagram(*direction, packet, &context, &mut output),
            Some(piece) => {
                let framed = [&(packet.len() as u16).to_be_bytes()[..], packet].concat();
                for part in framed.chunks(piece) {
                    conversation.stream(*direction, part, &context, &mut output);
                }
            }
        }
    }
    for direction in [Direction::ToServer, Direction::ToClient] {
        conversation.end(direction, &context, &mut output);
    }
    assert_eq!(output.misbehaved, 0);
    let tls = output.events.iter().filter_map(|event| if let Body::Tls(tls) = event { Some(tls) } else { None });
    (conversation.app().protocol.name().to_owned(), tls.map(|tls| (tls.sni.clone(), tls.cipher)).collect())
}

fn whole() -> Heard {
    ("openvpn".to_owned(), vec![(Some("mail.example".to_owned()), Some(0x1301))])
}

#[test]
fn the_handshake_is_read_in_clear_and_under_a_signature() {
    for signature in [0, 28, 72] {
        for piece in [4096, 40] {
            let said = connection(signature, piece);
            assert_eq!(heard(&said, None), whole(), "{signature} {piece}");
            // Single bytes are not waited for that long.
            for stream in [4096, 7, 1].into_iter().filter(|stream| *stream > 1 || signature == 0) {
                assert_eq!(heard(&said, Some(stream)), whole(), "{signature} {piece} {stream}");
            }
        }
    }
}

#[test]
fn packets_out_of_order_and_sent_again() {
    let mut said = connection(28, 20);
    let again = said.clone();
    said[2..].reverse();
    said.extend(again);
    assert_eq!(heard(&said, None), whole());
}

#[test]
fn a_packet_that_is_lost_costs_the_hello_alone() {
    let mut said = connection(0, 20);
    said.remove(3);
    let (name, tls) = heard(&said, None);
    assert_eq!((name.as_str(), tls), ("openvpn", vec![(None, Some(0x1301))]));
}

/// An answer carries the session that it answers, behind a code of integrity of any length.
#[test]
fn answers_name_their_session() {
    for signature in [0, 28] {
        let (mine, answer) = (packet(7, CLIENT, signature, &[], 0, &[]), packet(8, SERVER, signature, &[0], 0, &[]));
        let head = |to_server, to_client| Openvpn.probe(&Head { transport: Transport::UDP, to_server, to_client });
        assert!(matches!(head(&mine, &[]), Probe::Yes { reversed: false, .. }));
        assert!(matches!(head(&mine, &answer), Probe::Yes { reversed: false, .. }));
        assert!(matches!(head(&answer, &mine), Probe::Yes { reversed: true, .. }));
        let mut other = answer.clone();
        *other.last_mut().unwrap() = 1;
        let at = other.len() - 12;
        other[at] ^= 1;
        assert_eq!(head(&mine, &other), Probe::No);
    }
    assert_eq!(opening(&[0x38; 60]), None);
    assert_eq!(opening(&[&[0x38][..], &[0; 13]].concat()), None);
}

#[test]
fn what_is_hidden_is_named_alone() {
    let numbered = |first: u8, number: u8, length: usize| {
        let hidden = length - 15;
        let key = (length as u16).wrapping_sub(54).to_be_bytes();
        [&[first][..], &CLIENT, &[number, 0, 0, 1], &vec![0x77; hidden], &key].concat()
    };
    // Numbers as they are met: plain, and of clients that can do without a server that keeps a state of them.
    for (first, number, length, answer) in
        [(0x38, 0, 54, 0), (0x50, 0, 354, 0), (0x50, 15, 353, 15), (0x50, 10, 353, 0)]
    {
        let mine = numbered(first, number, length);
        assert_eq!(opening(&mine), Some(Layout::Hidden));
        let said = [(Direction::ToServer, mine), (Direction::ToClient, numbered(0x40, answer, 66))];
        assert_eq!(heard(&said, None), ("openvpn".to_owned(), vec![]));
        assert_eq!(heard(&said, Some(4096)), ("openvpn".to_owned(), vec![]));
    }
    let mut longer = numbered(0x50, 0, 354);
    longer.push(0);
    assert_eq!(opening(&longer), None);
    assert_eq!(opening(&numbered(0x38, 0, 354)), None);
}

#[test]
fn what_waits_is_bounded() {
    let context = Context {
        time: Timestamp::EPOCH,
        endpoints: Endpoints::Ip {
            src: [192, 0, 2, 1].into(),
            src_port: 1,
            dest: [192, 0, 2, 2].into(),
            dest_port: 1194,
            transport: Transport::UDP,
        },
        opener_seen: true,
    };
    let mut tunnel = session::Tunnel::new(&context);
    let mut output = Output::default();
    let mut feed = |bytes: &[u8]| {
        crate::Session::feed(&mut tunnel, Direction::ToServer, crate::Input::Datagram(bytes), &context, &mut output)
    };
    feed(&packet(7, CLIENT, 0, &[], 0, &[]));
    for number in (2..400).rev() {
        feed(&packet(4, CLIENT, 0, &[], number, &[0x16; 1400]));
    }
    assert!(tunnel.waiting() <= session::WAITING_BYTES);
}

proptest! {
    #[test]
    fn whatever_comes_breaks_nothing(packets: Vec<Vec<u8>>, signature in 0usize..2) {
        let mut said = connection(signature * 28, 30);
        for (at, bytes) in packets.into_iter().enumerate() {
            let place = 2 + at % (said.len() - 2);
            said.insert(place, (Direction::ToServer, [&[0x20][..], &bytes].concat()));
        }
        prop_assert_eq!(heard(&said, None).0, "openvpn");
    }
}
