//! Requests with their answers, observation, repeats, structure that tells.

use super::*;
use crate::framed::Framing as _;
use crate::trial::{Talk, ToClient, ToServer};
use crate::{Dissector, Head, Probe};
use picket_event::{Protocol, Transport, Unit};
use proptest::prelude::*;

/// Kind, code, number, token, what follows.
fn frame(kind: u8, code: u8, number: u16, token: &[u8], rest: &[u8]) -> Vec<u8> {
    let first = 0x40 | kind << 4 | u8::try_from(token.len()).unwrap();
    [&[first, code][..], &number.to_be_bytes(), token, rest].concat()
}

const TEMPERATURE: &[u8] = &[0xbb, b't', b'e', b'm', b'p', b'e', b'r', b'a', b't', b'u', b'r', b'e'];

#[test]
fn answers_find_their_request_by_token() {
    let mut talk = Talk::unknown(Transport::UDP);
    // RFC 7252 figure 16 and 18: an answer at once, and one that comes later.
    talk.says(ToServer, &frame(0, 1, 0x7d34, &[0x53], TEMPERATURE));
    talk.says(ToClient, &frame(2, 0x45, 0x7d34, &[0x53], b"\xff22.3 C"));
    talk.says(ToServer, &frame(0, 3, 0x7d38, &[0x54], TEMPERATURE));
    talk.says(ToServer, &frame(0, 3, 0x7d38, &[0x54], TEMPERATURE));
    talk.says(ToClient, &frame(2, 0, 0x7d38, &[], &[])).says(ToClient, &frame(0, 0x81, 0xad7b, &[0x54], &[]));
    talk.says(ToServer, &frame(2, 0, 0xad7b, &[], &[]));
    assert_eq!(talk.said(), ["read/request", "read/response", "write/request", "write/exception"]);
    assert_eq!(talk.ics()[1].object.as_deref(), Some("/temperature"));
    assert_eq!(&*talk.ics()[3].function_name, "4.01 Unauthorized");
}

#[test]
fn what_is_observed_reports() {
    let mut talk = Talk::known(&Protocol::COAP, Transport::UDP);
    talk.says(ToServer, &frame(0, 1, 1, &[9, 9], &[0x60, 0x51, b'x']));
    talk.says(ToClient, &frame(2, 0x45, 1, &[9, 9], b"\x61\x0c\xff1"));
    talk.says(ToClient, &frame(1, 0x45, 700, &[9, 9], b"\x61\x0d\xff2"));
    talk.says(ToServer, &frame(0, 0, 2, &[], &[])).says(ToClient, &frame(3, 0, 2, &[], &[]));
    let wanted =
        ["subscribe/request", "subscribe/response", "report/unsolicited", "session/request", "session/response"];
    assert_eq!(talk.said(), wanted);
    assert_eq!(talk.ics()[2].object.as_deref(), Some("/x"));
}

#[test]
fn what_an_acknowledgement_carries_is_an_answer() {
    let mut talk = Talk::known(&Protocol::COAP, Transport::UDP);
    talk.says(ToClient, &frame(2, 0x45, 1, &[9, 9], b"\x61\x0c\xff1"));
    talk.says(ToClient, &frame(1, 0x45, 700, &[9, 9], b"\x61\x0d\xff2"));
    talk.says(ToClient, &frame(2, 0x45, 2, &[9, 8], b"\xff3"));
    assert_eq!(talk.said(), ["subscribe/response", "report/unsolicited", "other/response"]);
}

#[test]
fn options_are_held_to_their_bounds() {
    assert!(parse::frame(&frame(0, 1, 1, &[], TEMPERATURE)).is_ok());
    assert!(parse::frame(&frame(0, 1, 1, &[], &[0xf0])).is_err(), "reserved");
    assert!(parse::frame(&frame(0, 1, 1, &[], &[0xff])).is_err(), "an empty payload");
    assert!(parse::frame(&frame(0, 1, 1, &[], &[0x20])).is_err(), "option 2 is none");
    assert!(parse::frame(&frame(3, 1, 1, &[], &[])).is_err(), "a reset that asks");
    assert!(parse::frame(&frame(0, 0x1f, 1, &[], &[])).is_err(), "no method");
    assert!(parse::frame(&[0x49, 1, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9]).is_err(), "token of nine bytes");
}

/// Of a stream: length, code, token, the rest.
fn piece(code: u8, token: &[u8], rest: &[u8]) -> Vec<u8> {
    let (length, more) = match rest.len() {
        short @ ..13 => (short, vec![]),
        long @ ..269 => (13, vec![u8::try_from(long - 13).unwrap()]),
        long @ ..65_805 => (14, u16::try_from(long - 269).unwrap().to_be_bytes().to_vec()),
        long => (15, u32::try_from(long - 65_805).unwrap().to_be_bytes().to_vec()),
    };
    let first = u8::try_from(length << 4 | token.len()).unwrap();
    [&[first][..], &more, &[code], token, rest].concat()
}

/// Its size of messages, 1,152 bytes, and that it takes blocks.
const CAPABLE: &[u8] = &[0x22, 0x04, 0x80, 0x20];

#[test]
fn a_stream_is_read_with_its_signals() {
    let mut talk = Talk::unknown(Transport::TCP);
    let ask = [piece(0xe1, &[], CAPABLE), piece(1, &[7], TEMPERATURE)].concat();
    talk.says(ToServer, &ask[..9]).says(ToServer, &ask[9..]).says(ToClient, &piece(0xe1, &[], &[]));
    talk.says(ToClient, &piece(0x45, &[7], &[b"\xff"[..].to_vec(), vec![b'2'; 70_000]].concat()));
    // Kept open by empty messages; asked whether it is there; released, and given up.
    talk.says(ToServer, &[piece(0, &[], &[]), piece(0xe2, &[1], &[0x20])].concat());
    talk.says(ToClient, &[piece(0xe3, &[1], &[0x20]), piece(3, &[8], TEMPERATURE)].concat());
    talk.says(ToServer, &piece(0x84, &[8], b"\xffno"));
    talk.says(ToClient, &piece(0xe4, &[], &[0x41, 9])).says(ToServer, &piece(0xe5, &[], b"\xfflate"));
    assert_eq!(talk.name(), "coap");
    let wanted = [
        "session/unsolicited",
        "read/request",
        "session/unsolicited",
        "read/response",
        "session/request",
        "session/response",
        "write/request",
        "write/exception",
        "session/unsolicited",
        "session/unsolicited",
    ];
    assert_eq!(talk.said(), wanted);
    assert_eq!(talk.ics()[3].object.as_deref(), Some("/temperature"));
    assert_eq!(&*talk.ics()[9].function_name, "7.05 Abort");
    assert_eq!(talk.output.malformed, [""; 0]);
}

#[test]
fn what_is_observed_in_a_stream_nobody_saw_begin_is_answered_once() {
    let mut talk = Talk::known(&Protocol::COAP, Transport::TCP);
    let tells = |(number, token): (u8, [u8; 2])| piece(0x45, &token, &[0x61, number, 0xff, b'1']);
    let told = [(12, [9, 9]), (13, [9, 9]), (7, [9, 8]), (14, [9, 9])].map(tells).concat();
    talk.says(ToServer, &told);
    let wanted = ["subscribe/response", "report/unsolicited", "subscribe/response", "report/unsolicited"];
    assert_eq!(talk.said(), wanted);
}

#[test]
fn a_stream_is_found_again_behind_a_gap() {
    let mut talk = Talk::unknown(Transport::TCP);
    talk.says(ToServer, &[piece(0xe1, &[], CAPABLE), piece(1, &[7], TEMPERATURE)].concat());
    // What is lost ends in bytes that could be a request without a path.
    talk.gap(ToServer).says(ToServer, &[&[9, 0, 1, 9, 9, 0x51][..], &piece(3, &[9], TEMPERATURE)].concat());
    assert_eq!(talk.said(), ["session/unsolicited", "read/request", "write/request"]);
}

#[test]
fn the_token_of_a_request_tells_its_answer() {
    let asks = piece(1, &[0x99], &[0xb1, b'j']);
    let with = |token| {
        let says = piece(0x84, &[token], &[]);
        sure(CoapStream.probe(&Head { transport: Transport::TCP, to_server: &asks, to_client: &says }))
    };
    assert!(with(0x99) && !with(0x98));
}

#[test]
fn what_streams_say_of_themselves_is_held_to_its_bounds() {
    let takes = |bytes: &[u8]| stream::Stream::judge(bytes).is_some();
    assert!(takes(&piece(0xe1, &[], CAPABLE)) && takes(&piece(0xe1, &[], &[])));
    assert!(!takes(&piece(0xe1, &[], &[0x25, 1, 2, 3, 4, 5])), "a size of five bytes");
    assert!(!takes(&piece(0xe1, &[], &[0xb1, b'x'])), "a path");
    assert!(
        !takes(&piece(0xe6, &[], &[])) && !takes(&piece(0, &[1], &[])),
        "no signal, and an empty message that is not"
    );
    assert!(!takes(&piece(0x45, &[1], TEMPERATURE)), "an answer with a path");
    let long =
        |more: u32| stream::Stream::default().length(&[&[0xf0][..], &more.to_be_bytes(), &[1]].concat(), ToServer);
    assert_eq!(long((1 << 24) - 65_805), Ok(6 + (1 << 24)));
    assert!(long((1 << 24) - 65_804).is_err() && long(u32::MAX).is_err(), "more than anybody takes");
    assert!(!takes(&[0x09, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9]), "token of nine bytes");
}

fn sure(probe: Probe) -> bool {
    matches!(probe, Probe::Yes { confidence, .. } if confidence >= Unit::new(0.4))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn messages_of_any_content_are_recognised(
        code in 1u8..8, number: u16, token in proptest::collection::vec(any::<u8>(), 0..9),
        path in proptest::collection::vec("[a-z0-9_.-]{1,12}", 1..5), payload in proptest::collection::vec(any::<u8>(), 1..50),
        answer in 0usize..12,
    ) {
        let mut rest = Vec::new();
        for (at, part) in path.iter().enumerate() {
            rest.push(if at == 0 { 0xb0 } else { 0 } | u8::try_from(part.len()).unwrap());
            rest.extend(part.as_bytes());
        }
        rest.push(0xff);
        rest.extend(&payload);
        let answer = frame(2, table::RESPONSES[answer].0, number, &token, &[&[0xff][..], &payload].concat());
        let mut talk = Talk::unknown(Transport::UDP);
        talk.says(ToServer, &frame(0, code, number, &token, &rest)).says(ToClient, &answer).end();
        prop_assert_eq!(talk.name(), "coap");
        prop_assert_eq!(talk.said().len(), 2);
    }

    #[test]
    fn streams_are_read_alike_however_they_are_cut(
        code in 1u8..8, token in proptest::collection::vec(any::<u8>(), 0..9), cuts in proptest::collection::vec(0usize..200, 0..6),
        payload in proptest::collection::vec(any::<u8>(), 1..400), answer in 0usize..12,
    ) {
        let asks = piece(code, &token, &[TEMPERATURE, &[0xff], &payload].concat());
        let asks = [piece(0xe1, &[], CAPABLE), asks].concat();
        let says = [piece(0xe1, &[], &[]), piece(table::RESPONSES[answer].0, &token, &[])].concat();
        let mut talk = Talk::unknown(Transport::TCP);
        let mut from = 0;
        for cut in cuts {
            let to = (from + cut).min(asks.len());
            talk.says(ToServer, &asks[from..to]);
            from = to;
        }
        talk.says(ToServer, &asks[from..]).says(ToClient, &says).end();
        prop_assert_eq!(talk.name(), "coap");
        prop_assert_eq!(talk.said().len(), 4);
    }

    #[test]
    fn random_bytes_are_not(bytes: Vec<u8>) {
        let head = Head { transport: Transport::TCP, to_server: &bytes, to_client: &[] };
        prop_assert!(!sure(CoapStream.probe(&head)));
        let head = Head { transport: Transport::UDP, to_server: &bytes, to_client: &[] };
        prop_assert!(!sure(Coap.probe(&head)));
    }
}
