//! Requests with their answers, observation, repeats, structure that tells.

use super::*;
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
    fn random_bytes_are_not(bytes: Vec<u8>) {
        let head = Head { transport: Transport::UDP, to_server: &bytes, to_client: &[] };
        prop_assert!(!sure(Coap.probe(&head)));
    }
}
