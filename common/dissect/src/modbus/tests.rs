//! What fits a function, what does not, and how a stream is taken up again.

use super::parse::{Fit, frame, head, request, response};
use super::*;
use crate::{Conversation, Output};
use picket_event::{Body, Direction, Endpoints, MessageKind, Operation, Timestamp, Unit, body};

fn adu(transaction: u16, pdu: &[u8]) -> Vec<u8> {
    let length = u16::try_from(pdu.len() + 1).unwrap();
    [&transaction.to_be_bytes()[..], &[0, 0], &length.to_be_bytes(), &[1], pdu].concat()
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

fn known() -> (Conversation, Output) {
    (Conversation::known(&Protocol::MODBUS, &context()).unwrap(), Output::default())
}

#[test]
fn requests_fit_their_function() {
    let fits: &[(u8, &[u8], Fit)] = &[
        (3, &[0, 0, 0, 125], Fit::Exact),
        (3, &[0, 0, 0, 126], Fit::Open),
        (3, &[0, 0, 0, 1, 0], Fit::Wrong),
        (5, &[0, 1, 0xff, 0], Fit::Exact),
        (5, &[0, 1, 0xff, 1], Fit::Wrong),
        (15, &[0, 0, 0, 9, 2, 1, 1], Fit::Exact),
        (15, &[0, 0, 0, 9, 1, 1], Fit::Wrong),
        (16, &[0, 0, 0, 1, 2, 0, 7], Fit::Exact),
        (16, &[0, 0, 0, 2, 2, 0, 7], Fit::Wrong),
        (43, &[14, 1, 0], Fit::Exact),
        (43, &[99, 1, 0], Fit::Wrong),
        (17, &[], Fit::Open),
        (17, &[1], Fit::Wrong),
        (100, &[1, 2, 3], Fit::Open),
    ];
    for (function, data, fit) in fits {
        assert_eq!(request(*function, data).0, *fit, "{function} {data:?}");
    }
    assert_eq!(response(3, &[4, 0, 1, 0, 2]).0, Fit::Exact);
    assert_eq!(response(3, &[3, 0, 1, 0]).0, Fit::Wrong);
    assert_eq!(request(6, &[0, 9, 0, 7]).1.value, Some(7.0));
    assert_eq!(request(3, &[0xff, 0xff, 0, 2]).1.range, Some((65_535, 65_536)));
}

#[test]
fn frames_are_bounded() {
    assert!(frame(&adu(1, &[3, 0, 0, 0, 1])).is_ok());
    assert!(head(&[0, 1, 0, 1, 0, 6, 1, 3]).is_err(), "protocol id");
    assert!(head(&[0, 1, 0, 0, 0, 1, 1, 3]).is_err(), "length 1");
    assert!(head(&[0, 1, 0, 0, 0, 255, 1, 3]).is_err(), "length 255");
    assert!(head(&[0, 1, 0, 0, 1, 0, 1, 90]).is_ok(), "UMAS is longer");
}

#[test]
fn an_answer_takes_the_range_of_its_request() {
    let (mut conversation, mut output) = known();
    let requests = [adu(1, &[3, 0, 10, 0, 1]), adu(2, &[8, 0, 1, 0, 0])].concat();
    conversation.stream(Direction::ToServer, &requests, &context(), &mut output);
    let answers = [adu(2, &[0x88, 1]), adu(1, &[3, 2, 0, 7]), adu(9, &[4, 2, 0, 8])].concat();
    conversation.stream(Direction::ToClient, &answers, &context(), &mut output);
    let said = ics(&output);
    assert_eq!((said[2].operation, said[2].kind), (Operation::Restart, MessageKind::Exception));
    assert_eq!((said[3].range, said[3].value), (Some((10, 10)), Some(7.0)));
    // Nobody asked: the function it names itself.
    assert_eq!((said[4].operation, said[4].range), (Operation::Read, None));
    assert!(output.malformed.is_empty());
}

#[test]
fn f40_a_stream_is_taken_up_again_behind_a_gap() {
    let (mut conversation, mut output) = known();
    let message = adu(1, &[3, 6, 0, 1, 0, 2, 0, 3]);
    conversation.stream(Direction::ToClient, &message, &context(), &mut output);
    conversation.stream(Direction::ToClient, &message[..9], &context(), &mut output);
    conversation.gap(Direction::ToClient, u64::from(u32::MAX) + 1, &context(), &mut output);
    let rest = [&message[11..], &message, &message].concat();
    conversation.stream(Direction::ToClient, &rest, &context(), &mut output);
    assert_eq!(ics(&output).len(), 3);
    assert_eq!(output.malformed, ["message cut by a gap"]);
}

#[test]
fn garbage_ends_the_decision() {
    let (mut conversation, mut output) = known();
    conversation.stream(Direction::ToServer, b"GET / HTTP/1.1\r\n\r\n", &context(), &mut output);
    assert_eq!(conversation.app().protocol, Protocol::HTTP, "a decision can be revised");
    assert!(output.events.is_empty());
}

#[test]
fn the_structure_alone_tells() {
    let probe =
        |to_server: &[u8], to_client: &[u8]| Modbus.probe(&Head { transport: Transport::TCP, to_server, to_client });
    let (ask, answer) = (adu(7, &[3, 0, 0, 0, 2]), adu(7, &[3, 4, 0, 1, 0, 2]));
    assert!(
        matches!(probe(&ask, &answer), Probe::Yes { confidence, reversed: false } if confidence >= Unit::new(0.95))
    );
    assert!(matches!(probe(&answer, &ask), Probe::Yes { reversed: true, .. }));
    assert!(matches!(probe(&ask, &[]), Probe::Yes { confidence, .. } if confidence < Unit::new(0.8)));
    assert_eq!(probe(&ask, b"HTTP/1.1 400 Bad Request\r\n\r\n"), Probe::No);
    assert_eq!(probe(&ask[..5], &[]), Probe::More);
    // HART-IP and the transport of Elasticsearch have zeros and a length where Modbus has them.
    assert_eq!(probe(&[1, 0, 0, 0, 0, 2, 0, 13, 1, 0, 0, 0x75, 0x30], &[]), Probe::No);
    assert!(
        !matches!(probe(b"ES\0\0\0\x08\0\0\0\0\0\0\0\0", &[]), Probe::Yes { confidence, .. } if confidence >= Unit::new(0.4))
    );
}

#[test]
fn of_writes_that_look_like_their_answers_the_numbers_tell_who_asks() {
    let write = |number: u16| adu(number, &[5, 0, 1, 0xff, 0]);
    let turned = |to_server: &[u8], to_client: &[u8]| {
        matches!(
            Modbus.probe(&Head { transport: Transport::TCP, to_server, to_client }),
            Probe::Yes { reversed: true, .. }
        )
    };
    // An answer and the next request, as where a capture begins inside; a request and its answer.
    assert!(turned(&write(17), &write(18)) && turned(&write(u16::MAX), &write(0)));
    assert!(turned(&write(0x9c17), &write(0x0218)), "drawn numbers");
    assert!(!turned(&write(18), &write(17)), "an answer to what was asked before the capture");
    assert!(!turned(&write(17), &write(17)) && !turned(&[write(16), write(17)].concat(), &write(16)));
    let mut conversation = Conversation::new(&context().endpoints);
    let mut output = Output::default();
    for (direction, number) in [(Direction::ToServer, 17), (Direction::ToClient, 18), (Direction::ToServer, 18)] {
        conversation.stream(direction, &write(number), &context(), &mut output);
    }
    assert!(conversation.reversed() && output.malformed.is_empty());
    let said: Vec<_> = ics(&output).iter().map(|message| message.kind).collect();
    assert_eq!(said, [MessageKind::Response, MessageKind::Request, MessageKind::Response]);
    // Of a reading the message itself tells, whatever the numbers are.
    assert!(!turned(&adu(17, &[3, 0, 0, 0, 1]), &adu(18, &[3, 2, 0, 7])));
}

#[test]
fn a_device_that_names_itself_is_an_asset() {
    let (mut conversation, mut output) = known();
    conversation.stream(Direction::ToServer, &adu(1, &[43, 14, 1, 0]), &context(), &mut output);
    let mut answer = vec![43, 14, 1, 1, 0, 0, 3];
    for (id, text) in [(0u8, "Example"), (1, "XP-1"), (2, "v1.2")] {
        answer.extend([id, u8::try_from(text.len()).unwrap()]);
        answer.extend(text.as_bytes());
    }
    conversation.stream(Direction::ToClient, &adu(1, &answer), &context(), &mut output);
    let asset = output.events.iter().find_map(|event| if let Body::Asset(asset) = event { Some(asset) } else { None });
    let asset = asset.unwrap();
    assert_eq!(
        (asset.vendor.as_deref(), asset.model.as_deref(), asset.firmware.as_deref()),
        (Some("Example"), Some("XP-1"), Some("v1.2"))
    );
    assert_eq!(asset.ip, Some([192, 0, 2, 2].into()));
}

#[test]
fn umas_alone_carries_its_name() {
    let probe =
        |to_server: &[u8], to_client: &[u8]| Umas.probe(&Head { transport: Transport::TCP, to_server, to_client });
    let (ask, answer) = (adu(7, &[90, 0, 2]), adu(7, &[90, 0, 0xfe, 1]));
    assert!(
        matches!(probe(&ask, &answer), Probe::Yes { confidence, reversed: false } if confidence >= Unit::new(0.97))
    );
    assert!(matches!(probe(&answer, &ask), Probe::Yes { reversed: true, .. }));
    assert_eq!(probe(&[&ask[..], &adu(8, &[3, 0, 0, 0, 1])].concat(), &answer), Probe::No);
    assert_eq!(probe(&adu(7, &[90, 0, 0xee]), &[]), Probe::No, "nobody knows this function");
}

/// A frame of the serial line, its checksum by the standard's steps.
fn serial(inside: &[u8]) -> Vec<u8> {
    let mut register = 0xffffu16;
    for byte in inside {
        register ^= u16::from(*byte);
        for _ in 0..8 {
            let carry = register & 1;
            register >>= 1;
            register ^= if carry == 1 { 0xa001 } else { 0 };
        }
    }
    [inside, &register.to_le_bytes()].concat()
}

#[test]
fn the_serial_line_is_told_by_its_checksums() {
    let probe =
        |to_server: &[u8], to_client: &[u8]| ModbusRtu.probe(&Head { transport: Transport::TCP, to_server, to_client });
    // The example of MODBUS over Serial Line 1.02 section 6.2.2: 02 07 has the checksum 0x1241.
    assert_eq!(serial(&[2, 7]), [2, 7, 0x41, 0x12]);
    let (ask, answer) = (serial(&[1, 3, 0, 0, 0, 1]), serial(&[1, 3, 2, 0, 7]));
    assert!(
        matches!(probe(&ask, &answer), Probe::Yes { confidence, reversed: false } if confidence >= Unit::new(0.97))
    );
    assert!(matches!(probe(&answer, &ask), Probe::Yes { reversed: true, .. }));
    assert!(matches!(probe(&ask, &[]), Probe::Yes { confidence, .. } if confidence < Unit::new(0.8)));
    assert_eq!(probe(&adu(7, &[3, 0, 0, 0, 2]), &[]), Probe::No);
    let mut broken = ask.clone();
    broken[7] ^= 1;
    assert_eq!(probe(&broken, &answer), Probe::No);
}

#[test]
fn on_the_serial_line_what_cannot_be_an_answer_is_what_was_asked_next() {
    let ends = |to_server: &[u8], to_client: &[u8]| {
        let probe = ModbusRtu.probe(&Head { transport: Transport::TCP, to_server, to_client });
        if let Probe::Yes { reversed, .. } = probe { Some(reversed) } else { None }
    };
    let (coil, other, register) =
        (serial(&[1, 5, 0, 3, 255, 0]), serial(&[1, 5, 0, 4, 255, 0]), serial(&[1, 6, 0, 4, 0, 77]));
    assert_eq!(ends(&coil, &coil), Some(false), "a write and its answer");
    assert_eq!((ends(&coil, &register), ends(&coil, &other)), (Some(true), Some(true)));
    assert_eq!(ends(&[&coil[..], &register].concat(), &coil), Some(false), "the answer to the first");
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(2000))]

    /// Two frames with free fields are told; bytes of chance are none.
    #[test]
    fn frames_of_the_serial_line(unit: u8, start: u16, count in 1u16..=125, bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..260)) {
        let ask = serial(&[&[unit, 3][..], &start.to_be_bytes(), &count.to_be_bytes()].concat());
        let sure = |to_server: &[u8]| {
            let probe = ModbusRtu.probe(&Head { transport: Transport::TCP, to_server, to_client: &[] });
            matches!(probe, Probe::Yes { confidence, .. } if confidence >= Unit::new(0.8))
        };
        proptest::prop_assert!(sure(&[&ask[..], &ask].concat()));
        proptest::prop_assert!(!sure(&bytes));
    }
}
