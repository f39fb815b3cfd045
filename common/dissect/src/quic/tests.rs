//! Published keys and packets, Retry, and what is refused.

use super::keys::tests::derived;
use super::keys::{Keys, retry_is_whole};
use super::parse::{Content, Frame, Packet, frame, packet};
use super::table::family;
use super::table::frame::CRYPTO;
use super::*;
use picket_event::{Direction, Unit};
use picket_reader::Reader;

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
}

const FIRST_ID: [u8; 8] = [0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08];

/// Version, then key, initialisation vector and header protection key of client and server: RFC 9001 appendix
/// A.1, RFC 9369 appendix A.1; for draft 29 derived from its salt by an independent program.
const KEYS: &[(u32, [&str; 3], [&str; 3])] = &[
    (
        1,
        ["1f369613dd76d5467730efcbe3b1a22d", "fa044b2f42a3fd3b46fb255c", "9f50449e04a0e810283a1e9933adedd2"],
        ["cf3a5331653c364c88f0f379b6067e37", "0ac1493ca1905853b0bba03e", "c206b8d9b9f0f37644430b490eeaa314"],
    ),
    (
        0x6b33_43cf,
        ["8b1a0bc121284290a29e0971b5cd045d", "91f73e2351d8fa91660e909f", "45b95e15235d6f45a6b19cbcb0294ba9"],
        ["82db637861d55e1d011f19ea71d5d2a7", "dd13c276499c0249d3310652", "edf6d05c83121201b436e16877593c3a"],
    ),
    (
        0xff00_001d,
        ["175257a31eb09dea9366d8bb79ad80ba", "6b26114b9cba2b63a9e8dd4f", "9ddd12c994c0698b89374a9c077a3077"],
        ["149d0b1662ab871fbe63c49b5e655a5d", "bab2b12a4c76016ace47856d", "c0c499a65a60024a18a250974ea01dfa"],
    ),
];

#[test]
fn published_keys() {
    for (version, client, server) in KEYS {
        for (direction, expected) in [(Direction::ToServer, client), (Direction::ToClient, server)] {
            let (key, iv, header) = derived(family(*version).unwrap(), &FIRST_ID, direction);
            assert_eq!([key.to_vec(), iv.to_vec(), header.to_vec()], expected.map(unhex), "{version:#x} {direction:?}");
        }
    }
}

/// RFC 9001 appendix A.3 and RFC 9369 appendix A.3.
const SERVER_INITIALS: &[(u32, &str)] = &[
    (
        1,
        "cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a5816b6394100f37a1c69797554780bb38cc5a99f5ede4cf7\
         3c3ec2493a1839b3dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b562bfb19fb84022f8ef4cdd93795d77d06edbb7aaf2f\
         58891850abbdca3d20398c276456cbc42158407dd074ee",
    ),
    (
        0x6b33_43cf,
        "dc6b3343cf0008f067a5502a4262b5004075d92faaf16f05d8a4398c47089698baeea26b91eb761d9b89237bbf87263017915358230035f7\
         fd3945d88965cf17f9af6e16886c61bfc703106fbaf3cb4cfa52382dd16a393e42757507698075b2c984c707f0a0812d8cd5a6881eaf21ce\
         da98f4bd23f6fe1a3e2c43edd9ce7ca84bed8521e2e140",
    ),
];

#[test]
fn published_server_packets_open() {
    for (version, text) in SERVER_INITIALS {
        let bytes = unhex(text);
        let mut r = Reader::new(&bytes);
        let Ok(Packet::Long(long)) = packet(&mut r) else { panic!("{version:#x} is not read") };
        let Content::Protected { packet: whole, number_at, .. } = long.content else { panic!("not protected") };
        assert_eq!((long.version, long.from.as_bytes()), (*version, &unhex("f067a5502a4262b5")[..]));
        let keys = Keys::derive(family(*version).unwrap(), &FIRST_ID, Direction::ToClient).unwrap();
        let mut buffer = Vec::new();
        let (number, payload) = keys.open(whole, number_at, None, &mut buffer).unwrap();
        assert_eq!(number, 1);
        let mut frames = Reader::new(&buffer[payload]);
        assert_eq!(frame(&mut frames, CRYPTO), Ok(Frame::Other));
        let Ok(Frame::Crypto { offset: 0, data }) = frame(&mut frames, CRYPTO) else { panic!("no crypto frame") };
        let Ok(crate::tls::ServerFlight::Hello(hello)) = crate::tls::server_hello(&data[4..]) else {
            panic!("no server hello")
        };
        assert_eq!((hello.version, hello.cipher, frames.remaining()), (0x0304, 0x1301, 0));
        // The client's keys, another version's, and one changed bit do not open it.
        let client = Keys::derive(family(*version).unwrap(), &FIRST_ID, Direction::ToServer).unwrap();
        assert!(client.open(whole, number_at, None, &mut buffer).is_none());
        let draft = Keys::derive(family(0xff00_001d).unwrap(), &FIRST_ID, Direction::ToClient).unwrap();
        assert!(draft.open(whole, number_at, None, &mut buffer).is_none());
        let mut damaged = whole.to_vec();
        damaged[60] ^= 1;
        assert!(keys.open(&damaged, number_at, None, &mut buffer).is_none());
    }
}

/// RFC 9001 appendix A.4 and RFC 9369 appendix A.4.
#[test]
fn published_retry_packets() {
    for text in [
        "ff000000010008f067a5502a4262b5746f6b656e04a265ba2eff4d829058fb3f0f2496ba",
        "cf6b3343cf0008f067a5502a4262b5746f6b656ec8646ce8bfe33952d955543665dcc7b6",
    ] {
        let bytes = unhex(text);
        let Ok(Packet::Long(long)) = packet(&mut Reader::new(&bytes)) else { panic!("not read") };
        let Content::Retry { pseudo, tag } = long.content else { panic!("no retry") };
        let family = family(long.version).unwrap();
        assert_eq!(retry_is_whole(family, &FIRST_ID, pseudo, &tag), Some(true));
        assert_eq!(retry_is_whole(family, &FIRST_ID[..7], pseudo, &tag), Some(false));
    }
}

fn judged(to_server: &[u8], to_client: &[u8]) -> Probe {
    Quic.probe(&Head { transport: Transport::UDP, to_server, to_client })
}

fn confidence(probe: Probe) -> f32 {
    if let Probe::Yes { confidence, .. } = probe { confidence.get() } else { 0.0 }
}

#[test]
fn probe_by_structure() {
    let server = unhex(SERVER_INITIALS[0].1);
    assert_eq!(judged(&[], &server), Probe::Yes { confidence: Unit::new(0.95), reversed: false });
    assert_eq!(
        judged(&server, &[]),
        Probe::Yes { confidence: Unit::new(0.95), reversed: true },
        "an empty id: a server"
    );
    assert!(confidence(judged(&[], &server[..40])) > 0.8, "cut by the capture");
    let negotiation = unhex("80 00000000 00 08 f067a5502a4262b5 00000001 6b3343cf 0a1a2a3a");
    assert_eq!(judged(&[], &negotiation), Probe::Yes { confidence: Unit::new(0.9), reversed: false });
    let google = b"\x0d\x01\x02\x03\x04\x05\x06\x07\x08Q043\x01 and more";
    assert!(confidence(judged(google, &[])) > 0.8);
}

#[test]
fn probe_refuses_by_the_first_bytes() {
    let long_id = unhex("c0 00000001 15 00112233445566778899aabbccddeeff0011223344 00 00 41");
    for foreign in [
        &long_id[..],
        b"\xc3\xde\xad\xbe\xef\x08idididid\x00\x00\x40\x40 of no version that exists",
        b"\x00\x01\x00\x00\x21\x12\xa4\x42 stun",
        b"\x16\xfe\xfd\x00\x00\x00\x00\x00\x00\x00\x00\x00\x05",
        b"\x80\x60\x00\x00 rtp",
        b"GET / HTTP/1.1\r\nHost: a",
        b"\x40\x01\x00\x14channel data of turn.",
        b"\x41short",
    ] {
        assert_eq!(judged(foreign, &[]), Probe::No, "{foreign:02x?}");
    }
    assert_eq!(judged(&[], &[]), Probe::More);
}

#[test]
fn short_headers_need_something_beside_them() {
    let short = [&[0x52][..], &[0xe1; 40]].concat();
    assert_eq!(confidence(judged(&short, &short)), 0.3);
    let server = unhex(SERVER_INITIALS[0].1);
    assert_eq!(confidence(judged(&short, &server)), 0.95);
}

/// Google's T050 and T051 have the frame of another type, and nothing else is different in it.
#[test]
fn crypto_frames_have_the_type_of_their_version() {
    let bytes = [8, 0, 2, 0xab, 0xcd];
    let google = family(0x5430_3531).unwrap().crypto;
    assert_eq!(frame(&mut Reader::new(&bytes), google), Ok(Frame::Crypto { offset: 0, data: &[0xab, 0xcd] }));
    assert!(frame(&mut Reader::new(&bytes), CRYPTO).is_err());
}

#[test]
fn connection_ids_have_twenty_bytes_at_most() {
    assert_eq!(ConnectionId::new(&[7; 20]).unwrap().as_bytes(), [7; 20]);
    assert!(ConnectionId::new(&[]).unwrap().as_bytes().is_empty());
    assert!(ConnectionId::new(&[7; 21]).is_none());
}

/// What a short header is bound for: the id and what follows it, of what can be one alone.
#[test]
fn short_headers_name_where_they_go() {
    let packet: Vec<u8> = [0x4d].into_iter().chain((1..40).map(|byte| byte * 5)).collect();
    let start = bound_for(&packet).unwrap();
    assert_eq!(start.as_bytes(), &packet[1..21]);
    let mut channel = packet.clone();
    (channel[0], channel[2], channel[3]) = (0x40, 0, 36);
    for other in [&packet[..20], &[&[0xc3][..], &packet[1..]].concat(), b"GET /status HTTP/1.1\r\n\r\n", &channel] {
        assert_eq!(bound_for(other), None, "{other:02x?}");
    }
}

/// The ids are told with the connection's event: here of a published server packet, behind a client that chose its id.
#[test]
fn the_servers_choice_is_told_just_before_the_event() {
    let packet = unhex(SERVER_INITIALS[0].1);
    let endpoints = picket_event::Endpoints::Ip {
        src: [192, 0, 2, 1].into(),
        src_port: 50_000,
        dest: [192, 0, 2, 2].into(),
        dest_port: 443,
        transport: Transport::UDP,
    };
    let context = Context { time: picket_event::Timestamp::EPOCH, endpoints, opener_seen: true };
    let mut conversation = crate::Conversation::new(&endpoints);
    let mut output = crate::Output::default();
    // The client's first packet, cut by the capture: its id is the key to the answer.
    let first = [&[0xc3, 0, 0, 0, 1, 8][..], &FIRST_ID, &[0, 0, 0x44, 0x9e], &[7; 60]].concat();
    conversation.datagram(Direction::ToServer, &first, &context, &mut output);
    conversation.datagram(Direction::ToClient, &packet, &context, &mut output);
    assert!(!output.facts.iter().any(|fact| matches!(fact, crate::Fact::ConnectionIds(_))));
    for direction in [Direction::ToServer, Direction::ToClient] {
        conversation.end(direction, &context, &mut output);
    }
    let ids = output.facts.iter().find_map(|fact| match fact {
        crate::Fact::ConnectionIds(ids) => Some(**ids),
        _ => None,
    });
    assert_eq!(ids.unwrap().server.as_bytes(), unhex("f067a5502a4262b5"));
    assert_eq!(output.events.len(), 1);
}
