//! What a fragment is, and what is none.

use super::S7commPlus;
use super::parse::{self, Message};
use super::session::S7commPlus as Upper;
use crate::iso::Upper as _;
use crate::rehearsal::{c, rehearse, s};
use crate::{Context, Dissector, Head, Output, Probe};
use picket_event::{Body, Direction, Endpoints, Timestamp, Transport};
use proptest::prelude::*;

fn unit(message: &[u8]) -> Vec<u8> {
    let length = u16::try_from(message.len() + 7).unwrap();
    [&[3, 0][..], &length.to_be_bytes(), &[2, 0xf0, 0x80], message].concat()
}

fn fragment(version: u8, inside: &[u8], last: bool) -> Vec<u8> {
    let digest: &[u8] = if version == 3 { &[2, 9, 9] } else { &[] };
    let inside = [digest, inside].concat();
    let trailer: &[u8] = if last { &[0x72, version, 0, 0] } else { &[] };
    [&[0x72, version][..], &u16::try_from(inside.len()).unwrap().to_be_bytes(), &inside, trailer].concat()
}

fn context() -> Context {
    let (src, dest) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
    let endpoints = Endpoints::Ip { src, src_port: 50_000, dest, dest_port: 7777, transport: Transport::TCP };
    Context { time: Timestamp::EPOCH, endpoints, opener_seen: true }
}

fn sure(to_server: &[u8]) -> bool {
    let head = Head { transport: Transport::TCP, to_server, to_client: &[] };
    matches!(S7commPlus.probe(&head), Probe::Yes { confidence, .. } if confidence.get() >= 0.93)
}

const REQUEST: &[u8] = &[0x31, 0, 0, 0x05, 0x4c, 0, 0, 0, 3, 0, 0, 3, 0x88, 0x34, 0];

#[test]
fn trailers_end_messages() {
    assert!(parse::fragment(&fragment(2, REQUEST, true), true).unwrap().last);
    assert!(!parse::fragment(&fragment(2, REQUEST, false), true).unwrap().last);
    let mut other = fragment(2, REQUEST, true);
    *other.last_mut().unwrap() = 1;
    assert!(parse::fragment(&other, true).is_err());
    assert!(parse::fragment(&fragment(4, REQUEST, true), true).is_err());
}

#[test]
fn a_message_of_several_fragments_is_one() {
    let mut session = Upper::default();
    let mut output = Output::default();
    for (inside, last) in [(REQUEST, false), (&[7; 9][..], false), (&[8; 9][..], true), (REQUEST, true)] {
        session.message(Direction::ToServer, &fragment(3, inside, last), &context(), &mut output);
    }
    assert_eq!(output.events.len(), 2);
    assert!(output.malformed.is_empty());
}

#[test]
fn negative_codes_are_errors() {
    let answer = |code: &[u8]| [&[0x32, 0, 0, 0x05, 0x4c, 0, 0, 0, 3, 0x34][..], code].concat();
    let failed = |code: &[u8]| matches!(parse::message(&answer(code)), Ok(Message::Response(0x054c, true, _)));
    assert!(!failed(&[0]));
    assert!(!failed(&[19]));
    assert!(failed(&[0x83, 0xff, 0x74]), "-12 in the lower half");
}

#[test]
fn a_conversation_inside_of_tls_is_told_from_its_middle() {
    let record = |kind: u8, length: usize| [&[kind, 3, 3, 0, length as u8][..], &vec![0xa5; length]].concat();
    let (ask, answer) = (unit(&record(0x17, 43)), unit(&[record(0x17, 30), record(0x15, 26)].concat()));
    assert!(sure(&ask) && sure(&answer));
    let heard = rehearse(40_001, 20, &[s(&answer), c(&ask), s(&answer)]);
    assert_eq!((heard.app().as_str(), heard.ics().len()), ("s7comm_plus", 0));
    assert!(heard.output.malformed.is_empty());
    // A length that does not fit, another version, and records that no unit carries.
    assert!(!sure(&unit(&record(0x17, 43)[..40])) && !sure(&unit(&[0x17, 2, 3, 0, 1, 9])) && !sure(&record(0x17, 43)));
}

#[test]
fn a_device_names_itself() {
    let answer =
        [&[0x32, 0, 0, 0x04, 0xca, 0, 0, 0, 1, 0x36, 0][..], b"\x15\x1c1;6ES7 511-1AK00-0AB0;V1.5\xa2"].concat();
    let mut output = Output::default();
    Upper::default().message(Direction::ToClient, &fragment(1, &answer, true), &context(), &mut output);
    let Some(Body::Asset(asset)) = output.events.first() else { panic!("{:?}", output.events) };
    assert_eq!((asset.model.as_deref(), asset.firmware.as_deref()), (Some("6ES7 511-1AK00-0AB0"), Some("V1.5")));
    assert_eq!(asset.ip, Some([192, 0, 2, 2].into()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1200))]

    /// Whatever the free fields hold, requests are told.
    #[test]
    fn requests_are_told(
        version in 1u8..=3,
        function in 0usize..18,
        number: u16,
        session: u32,
        tail in proptest::collection::vec(any::<u8>(), 1..200),
        last: bool,
    ) {
        let code = super::table::FUNCTIONS[function].code;
        let mut inside = vec![0x31, 0, 0];
        inside.extend(code.to_be_bytes());
        inside.extend([0, 0]);
        inside.extend(number.to_be_bytes());
        inside.extend(session.to_be_bytes());
        inside.extend(tail);
        let asked = unit(&fragment(version, &inside, last));
        prop_assert!(sure(&asked));
    }

    /// Bytes of chance are none, with the framing before them or without it.
    #[test]
    fn chance_is_none(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(!sure(&bytes));
        prop_assert!(!sure(&unit(&bytes)));
    }
}
