//! Wrappers opened, answers that find their requests, devices that name themselves, structure that tells.

use super::*;
use crate::trial::{Talk, ToClient, ToServer};
use crate::{Dissector, Head, Probe};
use picket_event::{Protocol, Transport, Unit};
use proptest::prelude::*;

/// An encapsulated message.
fn frame(command: u16, session: u32, status: u32, context: [u8; 8], data: &[u8]) -> Vec<u8> {
    let mut bytes = command.to_le_bytes().to_vec();
    bytes.extend(u16::try_from(data.len()).unwrap().to_le_bytes());
    bytes.extend(session.to_le_bytes());
    bytes.extend(status.to_le_bytes());
    bytes.extend(context);
    bytes.extend([0; 4]);
    bytes.extend(data);
    bytes
}

/// Unconnected data.
fn rr(session: u32, context: u8, message: &[u8]) -> Vec<u8> {
    let length = u16::try_from(message.len()).unwrap().to_le_bytes();
    let data = [&[0, 0, 0, 0, 5, 0, 2, 0, 0, 0, 0, 0, 0xb2, 0][..], &length, message].concat();
    frame(0x6f, session, 0, [context; 8], &data)
}

/// Connected data.
fn unit(session: u32, sequence: u16, message: &[u8]) -> Vec<u8> {
    let length = u16::try_from(message.len() + 2).unwrap().to_le_bytes();
    let head = [0, 0, 0, 0, 0, 0, 2, 0, 0xa1, 0, 4, 0, 1, 2, 3, 4, 0xb1, 0];
    frame(0x70, session, 0, [0; 8], &[&head[..], &length, &sequence.to_le_bytes(), message].concat())
}

fn talk() -> Talk {
    Talk::known(&Protocol::ENIP, Transport::TCP)
}

#[test]
fn wrappers_are_opened() {
    let mut talk = talk();
    let stop = [7, 2, 0x20, 0x8e, 0x24, 1];
    let wrapped = [&[0x52, 2, 0x20, 6, 0x24, 1, 10, 5, 6, 0][..], &stop, &[1, 0, 1, 0]].concat();
    talk.says(ToServer, &rr(9, 1, &wrapped));
    talk.says(ToClient, &rr(9, 1, &[0x87, 0, 0, 0]));
    // The router itself refuses.
    talk.says(ToServer, &rr(9, 2, &wrapped)).says(ToClient, &rr(9, 2, &[0xd2, 0, 1, 1, 4, 2]));
    assert_eq!(talk.said(), ["stop/request", "stop/response", "stop/request", "stop/exception"]);
    assert_eq!(talk.ics()[0].object.as_deref(), Some("controller mode instance 1"));
    assert_eq!(talk.ics()[3].object.as_deref(), Some("connection failure"));
    assert_eq!(talk.ics()[2].operation, picket_event::Operation::Stop);
}

#[test]
fn a_wrapper_refused_whole_is_the_answer() {
    let mut talk = talk();
    let read = [0x4c, 3, 0x91, 3, b'T', b'a', b'g', 0, 1, 0];
    // A status of the old days, a published one, and one that nobody has.
    talk.says(ToServer, &rr(9, 1, &read)).says(ToClient, &frame(0x6f, 9, 8, [1; 8], &[]));
    talk.says(ToServer, &rr(9, 2, &read)).says(ToClient, &frame(0x6f, 9, 0x64, [2; 8], &[]));
    assert_eq!(talk.said(), ["read/request", "read/exception", "read/request", "read/exception"]);
    assert!(parse::length(&frame(0x6f, 9, 0x6b, [2; 8], &[])).is_err());
}

#[test]
fn each_service_of_a_packet_is_a_message() {
    let mut talk = talk();
    let read = [0x4c, 3, 0x91, 3, b'T', b'a', b'g', 0, 1, 0];
    let write = [0x4d, 3, 0x91, 4, b'R', b'a', b't', b'e', 0xc4, 0, 1, 0, 0xfb, 0xff, 0xff, 0xff];
    let both = [&[0x0a, 2, 0x20, 2, 0x24, 1, 2, 0, 6, 0, 16, 0][..], &read, &write].concat();
    talk.says(ToServer, &unit(9, 77, &both));
    let answers = [0x8a, 0, 0x1e, 0, 2, 0, 6, 0, 14, 0, 0xcc, 0, 0, 0, 0xc3, 0, 7, 0, 0xcd, 0, 0x0f, 0];
    talk.says(ToClient, &unit(9, 77, &answers));
    assert_eq!(talk.said(), ["read/request", "write/request", "read/response", "write/exception"]);
    let ics = talk.ics();
    assert_eq!((ics[1].object.as_deref(), ics[1].value), (Some("Rate"), Some(-5.0)));
    assert_eq!((ics[2].object.as_deref(), ics[2].value), (Some("Tag"), Some(7.0)));
    assert_eq!(ics[3].object.as_deref(), Some("privilege violation"));
}

#[test]
fn what_a_service_is_depends_on_its_class() {
    use picket_event::Operation;
    assert_eq!(table::service(0x0e, Some(1)).operation, Operation::Identify);
    assert_eq!(table::service(0x0e, Some(0x6b)).operation, Operation::Read);
    assert_eq!(table::service(0x4e, Some(6)).name, "Forward_Close");
    assert_eq!(table::service(0x4b, Some(0xa1)).operation, Operation::Firmware);
    assert_eq!(table::service(0x77, None).operation, Operation::Other);
    assert_eq!(table::pccc(0x0f, 0xaa).1, Operation::Write);
    assert_eq!(table::pccc(6, 3).1, Operation::Diagnose);
}

#[test]
fn paths_are_read() {
    let text = |bytes: &[u8]| cip::Path::read(bytes).ok().and_then(|path| path.text());
    assert_eq!(text(&[0x20, 4, 0x25, 0, 0x2c, 1, 0x30, 3]).as_deref(), Some("assembly instance 300 attribute 3"));
    assert_eq!(
        text(&[0x91, 3, b'a', b'b', b'c', 0, 0x28, 2, 0x91, 2, b'd', b'e']).as_deref(),
        Some("abc[2].de"),
        "a member of an array"
    );
    assert_eq!(text(&[0x01, 0, 0x34, 4, 1, 0, 2, 0, 3, 0, 4, 5, 0x20, 0x6b]).as_deref(), Some("symbol"));
    assert_eq!(text(&[0x20]), None);
    assert_eq!(text(&[0xe0, 1]), None);
}

#[test]
fn a_device_names_itself() {
    let mut talk = talk();
    let identity = [&[1, 0, 14, 0, 0x36, 0, 20, 11, 0x60, 0, 0xef, 0xbe, 0xad, 0xde, 4][..], b"PLC7"].concat();
    let item = [&[1, 0][..], &[0; 16], &identity, &[3]].concat();
    let length = u16::try_from(item.len()).unwrap().to_le_bytes();
    talk.says(ToServer, &frame(0x63, 0, 0, [0; 8], &[]));
    talk.says(ToClient, &frame(0x63, 0, 0, [0; 8], &[&[1, 0, 0x0c, 0][..], &length, &item].concat()));
    talk.says(ToServer, &rr(9, 1, &[1, 2, 0x20, 1, 0x24, 1]));
    talk.says(ToClient, &rr(9, 1, &[&[0x81, 0, 0, 0][..], &identity].concat()));
    assert_eq!(talk.said(), ["identify/request", "identify/response", "identify/request", "identify/response"]);
    let [asset] = talk.assets()[..] else { panic!("told once: {:?}", talk.assets()) };
    assert_eq!(asset.vendor.as_deref(), Some("Rockwell Automation/Allen-Bradley"));
    assert_eq!((asset.model.as_deref(), asset.firmware.as_deref()), (Some("PLC7"), Some("20.011")));
    assert_eq!((asset.names[0].as_str(), asset.purdue_level), ("serial deadbeef", Some(1)));
    assert_eq!(asset.ip, Some([192, 0, 2, 2].into()));
}

#[test]
fn a_stream_is_taken_up_again_and_split_anyhow() {
    let read = rr(9, 1, &[0x0e, 3, 0x20, 0x6b, 0x24, 1, 0x30, 1]);
    let mut split = talk();
    for piece in [&read[..], &read].concat().chunks(7) {
        split.says(ToServer, piece);
    }
    assert_eq!(split.said(), ["read/request", "read/request"]);
    let mut torn = talk();
    torn.says(ToServer, &read).says(ToServer, &read[..30]).gap(ToServer);
    torn.says(ToServer, &[&read[33..], &read, &read].concat());
    assert_eq!(torn.said().len(), 3, "{:?}", torn.output.malformed);
}

#[test]
fn a_handle_of_before_does_not_turn_the_conversation() {
    let mut talk = Talk::unknown(Transport::TCP);
    talk.says(ToServer, &frame(0x65, 9, 0, [0; 8], &[1, 0, 0, 0]));
    talk.says(ToClient, &frame(0x65, 10, 0, [0; 8], &[1, 0, 0, 0]));
    talk.says(ToServer, &rr(10, 1, &[1, 2, 0x20, 1, 0x24, 1]));
    assert_eq!((talk.name().as_str(), talk.conversation.reversed()), ("enip", false));
    assert_eq!(talk.said(), ["session/request", "session/response", "identify/request"]);
    // Of one side alone the next message tells.
    let again = frame(0x65, 9, 0, [0; 8], &[1, 0, 0, 0]);
    let asks = head(&[&again[..], &rr(10, 1, &[1, 2, 0x20, 1, 0x24, 1])].concat(), &[]);
    assert!(matches!(asks, crate::Probe::Yes { reversed: false, .. }));
    // A refusal is an answer.
    let refused = frame(0x65, 0, 0x69, [0; 8], &[1, 0, 0, 0]);
    assert!(matches!(head(&refused, &[]), crate::Probe::Yes { reversed: true, .. }));
}

fn head(to_server: &[u8], to_client: &[u8]) -> crate::Probe {
    probe::probe(&crate::Head { transport: Transport::TCP, to_server, to_client })
}

#[test]
fn lists_may_be_asked_for_in_a_session() {
    for command in [0x04, 0x63, 0x64] {
        let asks = frame(command, 0x1234_5678, 0, [0; 8], &[]);
        assert!(matches!(head(&asks, &[]), crate::Probe::Yes { reversed: false, .. }), "{command:#x}");
        let refused = frame(command, 0x1234_5678, 1, [0; 8], &[]);
        assert!(matches!(head(&refused, &[]), crate::Probe::Yes { reversed: true, .. }), "{command:#x}");
    }
}

#[test]
fn another_protocol_of_zeros_is_none() {
    let probe = |to_server: &[u8]| Enip.probe(&Head { transport: Transport::TCP, to_server, to_client: &[] });
    let sure = |probe| matches!(probe, Probe::Yes { confidence, .. } if confidence >= Unit::new(0.4));
    assert!(!sure(probe(&[0; 24])), "zeros are no NOP");
    assert_eq!(probe(b"GET / HTTP/1.1\r\nHost: plc.example\r\n\r\n"), Probe::No);
    assert!(sure(probe(&frame(0x65, 0, 0, [7; 8], &[1, 0, 0, 0]))));
    let answer = frame(0x65, 5, 0, [7; 8], &[1, 0, 0, 0]);
    assert!(matches!(probe(&answer), Probe::Yes { reversed: true, .. }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn messages_of_any_content_are_recognised(
        session in 1u32.., context: [u8; 8], sequence: u16, service in 1u8..0x80, class: u8, instance: u16,
        data in proptest::collection::vec(any::<u8>(), 0..200), connected: bool,
    ) {
        let [low, high] = instance.to_le_bytes();
        let message = [&[service, 3, 0x20, class, 0x25, 0, low, high][..], &data].concat();
        let bytes = if connected { unit(session, sequence, &message) } else { rr(session, context[0], &message) };
        let mut talk = Talk::unknown(Transport::TCP);
        talk.says(ToServer, &bytes).end();
        prop_assert_eq!(talk.name(), "enip");
        prop_assert_eq!(talk.output.misbehaved, 0);
    }

    #[test]
    fn random_bytes_are_not(bytes: Vec<u8>) {
        let head = Head { transport: Transport::TCP, to_server: &bytes, to_client: &[] };
        let mine = matches!(Enip.probe(&head), Probe::Yes { .. });
        prop_assert!(!mine);
    }
}
