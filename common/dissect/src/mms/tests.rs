//! What a message is, and what is none.

use super::Mms;
use super::name::{Control, Name, value};
use super::parse::{self, Unit};
use super::session::Mms as Upper;
use crate::iso::Upper as _;
use crate::{Context, Dissector, Head, Output, Probe};
use picket_event::{Body, Direction, Endpoints, MessageKind, Operation, Protocol, Timestamp, Transport, body};
use picket_reader::Reader;
use proptest::prelude::*;

fn tlv(tag: u8, inside: &[u8]) -> Vec<u8> {
    let length = u16::try_from(inside.len()).unwrap().to_be_bytes();
    if inside.len() < 128 {
        [&[tag, length[1]][..], inside].concat()
    } else {
        [&[tag, 0x82][..], &length, inside].concat()
    }
}

fn presented(unit: &[u8]) -> Vec<u8> {
    [&[1, 0, 1, 0][..], &tlv(0x61, &tlv(0x30, &[&[2, 1, 3][..], &tlv(0xa0, unit)].concat()))].concat()
}

fn unit(message: &[u8]) -> Vec<u8> {
    let length = u16::try_from(message.len() + 7).unwrap();
    [&[3, 0][..], &length.to_be_bytes(), &[2, 0xf0, 0x80], message].concat()
}

fn context() -> Context {
    let (src, dest) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
    let endpoints = Endpoints::Ip { src, src_port: 50_000, dest, dest_port: 7777, transport: Transport::TCP };
    Context { time: Timestamp::EPOCH, endpoints, opener_seen: true }
}

fn ics(output: &Output) -> Vec<&body::Ics> {
    output
        .events
        .iter()
        .filter_map(|event| if let Body::Ics(ics) = event { Some(ics.as_ref()) } else { None })
        .collect()
}

fn sure(to_server: &[u8]) -> bool {
    let head = Head { transport: Transport::TCP, to_server, to_client: &[] };
    matches!(Mms.probe(&head), Probe::Yes { confidence, .. } if confidence.get() >= 0.93)
}

fn control(item: &str) -> Option<Control> {
    Name { domain: b"IED1CTRL", item: item.as_bytes() }.control()
}

#[test]
fn functional_constraints_tell_control() {
    assert_eq!(control("CSWI1$CO$Pos$SBO"), Some(Control::Select));
    assert_eq!(control("CSWI1$CO$Pos$SBOw"), Some(Control::SelectWithValue));
    assert_eq!(control("CSWI1$CO$Pos$Oper$ctlVal"), Some(Control::Operate));
    assert_eq!(control("CSWI1$CO$Pos$Cancel"), Some(Control::Operate));
    assert_eq!(control("CSWI1$ST$Pos$stVal"), None);
    assert_eq!(control("CO"), None);
}

#[test]
fn values_are_numbers() {
    let read = |bytes: &[u8]| value(&mut Reader::new(bytes));
    assert_eq!(read(&[0x83, 1, 9]), Some(1.0));
    assert_eq!(read(&[0x85, 1, 0xfe]), Some(-2.0));
    assert_eq!(read(&[0x85, 4, 0x7f, 0xff, 0xff, 0xff]), Some(f64::from(i32::MAX)));
    assert_eq!(read(&[0x86, 5, 0, 0xff, 0xff, 0xff, 0xff]), Some(f64::from(u32::MAX)));
    assert_eq!(read(&[0x86, 9, 1, 1, 1, 1, 1, 1, 1, 1, 1]), None);
    assert_eq!(read(&[0x87, 5, 8, 0x41, 0x48, 0, 0]), Some(12.5));
    assert_eq!(read(&[0x87, 5, 8, 0x7f, 0xc0, 0, 0]), None, "not a number");
    assert_eq!(read(&[0xa2, 3, 0x83, 1, 0]), Some(0.0), "the value of a command");
}

#[test]
fn either_side_may_ask() {
    let mut session = Upper::default();
    let mut output = Output::default();
    let asked = presented(&tlv(0xa0, &[&[2, 1, 7][..], &tlv(0xa4, &[])].concat()));
    for direction in [Direction::ToServer, Direction::ToClient] {
        session.message(direction, &asked, &context(), &mut output);
    }
    let refused = presented(&tlv(0xa2, &[&[0x80, 1, 7][..], &tlv(0xa2, &[0xa0, 0])].concat()));
    session.message(Direction::ToServer, &refused, &context(), &mut output);
    session.message(Direction::ToServer, &refused, &context(), &mut output);
    let said = ics(&output);
    assert_eq!((said[2].operation, said[2].kind), (Operation::Read, MessageKind::Exception));
    assert_eq!(said[3].operation, Operation::Other, "answered already");
    assert_eq!(said[0].protocol, Protocol::MMS);
}

#[test]
fn units_are_bounded() {
    assert!(matches!(parse::unit(&[0x8b, 0]), Ok(Unit::Association(11, _))));
    assert!(parse::unit(&[0xa0, 6, 2, 1, 1, 0x9f, 0x56, 0]).is_err(), "service 86");
    assert!(parse::unit(&[0xa1, 6, 2, 1, 1, 2, 1, 0]).is_err(), "an operation of remote operations");
    assert!(parse::unit(&[0xa0, 5, 2, 1, 1, 0x82, 0, 0]).is_err(), "a byte behind it");
}

/// Units of other protocols over session and presentation (FTAM, remote operations) are none of MMS.
#[test]
fn others_over_presentation_are_not_taken() {
    for other in [&[0xa8, 2, 0x80, 0][..], &[0xa6, 3, 0x81, 1, 1], &[0xa1, 6, 2, 1, 1, 2, 1, 0], &[0x8b, 0]] {
        assert!(!sure(&unit(&presented(other))), "{other:02x?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1200))]

    /// Whatever the free fields hold, requests and answers are told.
    #[test]
    fn confirmed_services_are_told(
        invoke in 0u32..0x7fff_ffff,
        number in 0u8..30,
        answers: bool,
        inside in proptest::collection::vec(any::<u8>(), 0..400),
        layers: bool,
    ) {
        let tag = if answers { 0xa1 } else { 0xa0 };
        let confirmed = tlv(tag, &[tlv(2, &invoke.to_be_bytes()), tlv(0xa0 | number, &inside)].concat());
        let message = if layers { presented(&confirmed) } else { confirmed };
        prop_assert!(sure(&unit(&message)));
        let mut output = Output::default();
        Upper::default().message(Direction::ToServer, &message, &context(), &mut output);
        prop_assert_eq!(ics(&output).len(), 1);
    }

    /// Bytes of chance are none, with the framing and the layers before them or without.
    #[test]
    fn chance_is_none(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(!sure(&bytes));
        prop_assert!(!sure(&unit(&bytes)));
        let mut output = Output::default();
        Upper::default().message(Direction::ToServer, &bytes, &context(), &mut output);
        Upper::default().message(Direction::ToServer, &presented(&bytes), &context(), &mut output);
    }

    /// However deep values lie in each other, reading ends.
    #[test]
    fn depth_is_bounded(depth in 0usize..2000, number in 0u8..30) {
        let mut inside = vec![0x81, 2, 1, 1];
        for _ in 0..depth.min(3000) {
            inside = tlv(0xa0, &inside);
            if inside.len() > 30_000 {
                break;
            }
        }
        let message = presented(&tlv(0xa0, &[&[2, 1, 1][..], &tlv(0xa0 | number, &inside)].concat()));
        let mut output = Output::default();
        Upper::default().message(Direction::ToServer, &message, &context(), &mut output);
        prop_assert_eq!(output.events.len(), 1);
    }
}
