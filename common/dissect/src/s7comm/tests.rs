//! What a message is, and what is none.

use super::S7comm;
use super::parse::{self, Kind, Role};
use super::session::S7comm as Upper;
use crate::iso::{OverIso, Upper as _};
use crate::{Context, Dissector, Head, Input, Output, Probe, Session};
use picket_event::{Body, Direction, Endpoints, MessageKind, Operation, Timestamp, Transport, body};
use proptest::prelude::*;

fn unit(message: &[u8]) -> Vec<u8> {
    let length = u16::try_from(message.len() + 7).unwrap();
    [&[3, 0][..], &length.to_be_bytes(), &[2, 0xf0, 0x80], message].concat()
}

fn message(kind: u8, number: u16, parameters: &[u8], data: &[u8]) -> Vec<u8> {
    let mut all = vec![0x32, kind, 0, 0];
    for word in [number, parameters.len() as u16, data.len() as u16] {
        all.extend(word.to_be_bytes());
    }
    if matches!(kind, 2 | 3) {
        all.extend([0, 0]);
    }
    [&all, parameters, data].concat()
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

fn probe(to_server: &[u8], to_client: &[u8]) -> Probe {
    S7comm.probe(&Head { transport: Transport::TCP, to_server, to_client })
}

fn sure(probe: Probe) -> Option<bool> {
    match probe {
        Probe::Yes { confidence, reversed } => (confidence.get() >= 0.93).then_some(reversed),
        _ => None,
    }
}

const READ: &[u8] = &[4, 1, 0x12, 0x0a, 0x10, 5, 0, 1, 0, 7, 0x84, 0, 0, 80];

#[test]
fn connections_alone_say_nothing() {
    let connect = [3, 0, 0, 11, 6, 0xe0, 0, 0, 0, 1, 0];
    let confirm = [3, 0, 0, 11, 6, 0xd0, 0, 0, 0, 1, 0];
    assert_eq!(probe(&connect, &confirm), Probe::More);
    let asked = [&connect[..], &unit(&message(1, 1, READ, &[]))].concat();
    assert_eq!(sure(probe(&asked, &confirm)), Some(false));
    assert_eq!(sure(probe(&confirm, &asked)), Some(true), "the ends are exchanged");
    let remote_desktop = [&[3, 0, 0, 12, 2, 0xf0, 0x80][..], &[0x7f, 0x65, 0x82, 1, 0x94]].concat();
    assert_eq!(probe(&[&connect[..], &remote_desktop].concat(), &confirm), Probe::No);
    // Without the opening it may be the end of something; the next unit tells.
    assert_eq!(probe(&remote_desktop, &[]), Probe::More);
    assert_eq!(probe(&remote_desktop.repeat(2), &[]), Probe::No);
}

#[test]
fn answers_take_the_place_of_their_job() {
    let mut session = Upper::default();
    let mut output = Output::default();
    session.message(Direction::ToServer, &message(1, 9, READ, &[]), &context(), &mut output);
    let answer = message(3, 9, &[4, 1], &[0xff, 5, 0, 16, 0xff, 0x85]);
    session.message(Direction::ToClient, &answer, &context(), &mut output);
    let said = ics(&output);
    assert_eq!(said[1].object.as_deref(), Some("DB7"));
    assert_eq!((said[1].range, said[1].value), (Some((10, 11)), Some(-123.0)));
    assert_eq!((said[1].kind, said[0].operation), (MessageKind::Response, Operation::Read));
}

#[test]
fn blocks_are_asked_for_by_who_is_loaded() {
    let block = unit(&message(1, 3, &[0x1b, 0, 0, 0, 0, 0, 0, 0, 9, b'_'], &[]));
    let given = unit(&message(3, 3, &[0x1b, 1], &[0, 2, 0, 0xfb, 1, 2]));
    assert_eq!((sure(probe(&block, &given)), sure(probe(&given, &block))), (Some(true), Some(false)));
    assert_eq!((sure(probe(&block, &[])), sure(probe(&given, &[]))), (Some(true), Some(false)));
}

#[test]
fn an_answer_to_a_service_nobody_saw_does_something_else() {
    let mut session = Upper::default();
    let mut output = Output::default();
    session.message(Direction::ToClient, &message(3, 9, &[0x28], &[]), &context(), &mut output);
    let start = [&[0x28, 0, 0, 0, 0, 0, 0, 0xfd, 0, 0, 9][..], b"P_PROGRAM"].concat();
    session.message(Direction::ToServer, &message(1, 10, &start, &[]), &context(), &mut output);
    session.message(Direction::ToClient, &message(3, 10, &[0x28], &[]), &context(), &mut output);
    let operations: Vec<_> = ics(&output).iter().map(|ics| ics.operation).collect();
    assert_eq!(operations, [Operation::Other, Operation::Start, Operation::Start]);
}

#[test]
fn user_data_are_told_by_their_type() {
    let push = parse::user_data(&[0, 1, 0x12, 8, 0x12, 0x02, 1, 1, 0, 0, 0, 0]).unwrap();
    assert_eq!((push.kind, push.group, push.function), (Kind::Push, 2, 1));
    let answer = parse::user_data(&[0, 1, 0x12, 8, 0x12, 0x84, 1, 1, 0, 1, 0x81, 4]).unwrap();
    assert_eq!((answer.more, answer.error), (true, 0x8104));
    assert!(parse::user_data(&[0, 1, 0x12, 4, 0x11, 0xc4, 1, 0]).is_err());
    assert!(parse::user_data(&[0, 1, 0x11, 4, 0x11, 0x44, 1, 0]).is_err());
    assert_eq!(parse::message(&message(2, 1, &[], &[])).unwrap().role, Role::Ack);
}

#[test]
fn blocks_have_kinds_and_numbers() {
    assert_eq!(parse::block_name(b"_0A00017P").unwrap(), (*b"0A", 17));
    assert!(parse::block_name(b"_0A0001xP").is_err());
    assert!(parse::block_name(b"_0A1").is_err());
}

#[test]
fn a_message_without_an_end_is_bounded() {
    let mut session = OverIso::<Upper>::default();
    let mut output = Output::default();
    let start = message(1, 1, READ, &[]);
    let mut part = unit(&[&start[..], &[0; 900]].concat());
    part[6] = 0;
    for _ in 0..200 {
        session.feed(Direction::ToServer, Input::Stream(&part), &context(), &mut output);
    }
    assert_eq!(output.malformed, ["cotp: message without end"]);
    part[6] = 0x80;
    session.feed(Direction::ToServer, Input::Stream(&part), &context(), &mut output);
    let after = unit(&start);
    session.feed(Direction::ToServer, Input::Stream(&after), &context(), &mut output);
    assert_eq!(ics(&output).len(), 1, "what comes behind is read");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1200))]

    /// Whatever the free fields hold, a job is told, also in the middle of a stream. What comes before is no head of a unit
    /// (first byte 3): one whose length by chance covers the jobs hides them.
    #[test]
    fn jobs_are_told(
        number: u16,
        function: u8,
        parameters in proptest::collection::vec(any::<u8>(), 1..40),
        data in proptest::collection::vec(any::<u8>(), 0..200),
        before in proptest::collection::vec(4u8.., 0..9),
    ) {
        let asked = unit(&message(1, number, &[&[function][..], &parameters].concat(), &data));
        prop_assert!(sure(probe(&asked, &[])).is_some());
        let cut = [&before[..], &asked, &asked].concat();
        prop_assert!(sure(probe(&cut, &[])).is_some());
    }

    /// Bytes of chance are none, with the framing before them or without it.
    #[test]
    fn chance_is_none(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert_eq!(sure(probe(&bytes, &[])), None);
        prop_assert_eq!(sure(probe(&unit(&bytes), &[])), None);
    }
}
