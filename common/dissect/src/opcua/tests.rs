//! Services and their answers, chunks, secured channels, applications, structure that tells.

use super::*;
use crate::trial::{Talk, ToClient, ToServer};
use crate::{Dissector, Head, Probe};
use picket_event::{Protocol, Transport};
use proptest::prelude::*;

/// A chunk of this kind.
fn chunk(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&kind[..], &u32::try_from(body.len() + 8).unwrap().to_le_bytes(), body].concat()
}

/// A chunk of a secure conversation.
fn msg(kind: &[u8; 4], request: u32, body: &[u8]) -> Vec<u8> {
    chunk(kind, &[&[9, 0, 0, 0, 1, 0, 0, 0][..], &request.to_le_bytes(), &request.to_le_bytes(), body].concat())
}

fn string(text: &str) -> Vec<u8> {
    [&u32::try_from(text.len()).unwrap().to_le_bytes()[..], text.as_bytes()].concat()
}

/// A type and the header of a request.
fn ask(kind: u16) -> Vec<u8> {
    let header = [&[0, 0][..], &[7; 8], &[1, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 16, 39, 0, 0, 0, 0, 0]].concat();
    [&[1, 0][..], &kind.to_le_bytes(), &header].concat()
}

/// A type and the header of an answer.
fn answer(kind: u16, status: u32) -> Vec<u8> {
    let header = [&[7; 8][..], &[1, 0, 0, 0], &status.to_le_bytes(), &[0, 0, 0, 0, 0, 0, 0, 0]].concat();
    [&[1, 0][..], &kind.to_le_bytes(), &header].concat()
}

fn read(node: &str) -> Vec<u8> {
    let nodes = [&[0; 12][..], &[1, 0, 0, 0, 3, 2, 0], &string(node), &[13, 0, 0, 0]].concat();
    [ask(631), nodes].concat()
}

fn talk() -> Talk {
    Talk::known(&Protocol::OPCUA, Transport::TCP)
}

#[test]
fn a_service_a_fault_and_a_type_nobody_knows() {
    let mut talk = talk();
    talk.says(ToServer, &msg(b"MSGF", 5, &read("Pump.Speed"))).says(ToServer, &msg(b"MSGF", 6, &ask(712)));
    talk.says(ToClient, &msg(b"MSGF", 6, &answer(397, 0x801f_0000)));
    talk.says(ToClient, &msg(b"MSGF", 5, &answer(634, 0)));
    talk.says(ToServer, &msg(b"MSGF", 7, &ask(9_999))).says(ToClient, &msg(b"MSGF", 7, &answer(10_002, 0)));
    let wanted =
        ["read/request", "control/request", "control/exception", "read/response", "other/request", "other/response"];
    assert_eq!(talk.said(), wanted);
    let ics = talk.ics();
    assert_eq!(ics[0].object.as_deref(), Some("ns=2;s=Pump.Speed"));
    assert_eq!(ics[2].object.as_deref(), Some("user access denied"));
    assert_eq!((ics[3].function, ics[3].object.as_deref()), (634, Some("ns=2;s=Pump.Speed")));
}

#[test]
fn chunks_are_one_message() {
    let mut talk = talk();
    let body = read("A.Long.Name");
    let (first, second) = body.split_at(20);
    talk.says(ToServer, &msg(b"MSGC", 5, first)).says(ToServer, &msg(b"MSGF", 6, &ask(826)));
    talk.says(ToServer, &msg(b"MSGF", 5, second));
    // Given up by the server.
    talk.says(ToClient, &msg(b"MSGC", 5, &answer(634, 0))).says(ToClient, &msg(b"MSGA", 5, &[0, 0, 2, 0x80]));
    assert_eq!(talk.said(), ["report/request", "read/request", "read/exception"]);
    assert_eq!(talk.ics()[1].object.as_deref(), Some("ns=2;s=A.Long.Name"));
    assert_eq!(talk.ics()[2].object.as_deref(), Some("internal error"));
}

#[test]
fn a_secured_channel_is_opened_and_closed_in_sight() {
    let mut talk = talk();
    let policy = string("http://opcfoundation.org/UA/SecurityPolicy#Basic256Sha256");
    let opens = |side: u8| {
        let parts = [&[0; 4][..], &policy, &string("certificate"), &string("thumbprint"), &[side; 256]];
        chunk(b"OPNF", &parts.concat())
    };
    talk.says(ToServer, &opens(0xa7)).says(ToClient, &opens(0x9c));
    for number in 0..8u8 {
        let secret: Vec<u8> = (0..200u8).map(|i| i.wrapping_mul(7 + number) ^ 0xd6).collect();
        talk.says(ToServer, &chunk(b"MSGF", &[&[9, 0, 0, 0, 1, 0, 0, 0][..], &secret].concat()));
    }
    talk.says(ToServer, &chunk(b"CLOF", &[0xee; 100]));
    assert_eq!(talk.said(), ["session/request", "session/response", "session/request"]);
    assert_eq!(talk.ics()[0].object.as_deref(), Some("Basic256Sha256"));
    assert!(talk.output.malformed.is_empty());
}

#[test]
fn an_application_is_an_asset() {
    let mut talk = talk();
    let server = [string("urn:plant:plc7"), string("urn:maker:product"), vec![2], string("PLC 7"), vec![0; 4]].concat();
    let endpoints = [&answer(431, 0)[..], &[1, 0, 0, 0], &string("opc.tcp://plc7:4840"), &server].concat();
    talk.says(ToServer, &msg(b"MSGF", 1, &ask(428))).says(ToClient, &msg(b"MSGF", 1, &endpoints));
    let [asset] = talk.assets()[..] else { panic!("{:?}", talk.assets()) };
    assert_eq!((asset.model.as_deref(), asset.names[0].as_str()), (Some("PLC 7"), "urn:plant:plc7"));
    assert_eq!(asset.ip, Some([192, 0, 2, 2].into()));
}

#[test]
fn a_stream_is_taken_up_again_and_long_chunks_are_passed_over() {
    let mut talk = talk();
    let long = msg(b"MSGF", 1, &[&read("X")[..], &[0; 200_000]].concat());
    for piece in long.chunks(1460) {
        talk.says(ToServer, piece);
    }
    let short = msg(b"MSGF", 2, &ask(826));
    talk.says(ToServer, &short).says(ToServer, &short[..20]).gap(ToServer);
    talk.says(ToServer, &[&short[9..], &short, &short].concat());
    assert_eq!(talk.said(), ["read/request", "report/request", "report/request", "report/request"]);
}

#[test]
fn a_service_tells_who_asks() {
    let ends = |to_server: &[u8], to_client: &[u8]| {
        let probe = OpcUa.probe(&Head { transport: Transport::TCP, to_server, to_client });
        if let Probe::Yes { reversed, .. } = probe { Some(reversed) } else { None }
    };
    let (asks, says) = (msg(b"MSGF", 5, &read("Pump.Speed")), msg(b"MSGF", 5, &answer(634, 0)));
    assert_eq!((ends(&asks, &says), ends(&says, &asks)), (Some(false), Some(true)));
    assert_eq!((ends(&asks, &[]), ends(&[], &asks)), (Some(false), Some(true)));
    assert_eq!((ends(&says, &[]), ends(&msg(b"MSGF", 6, &answer(397, 0x801f_0000)), &[])), (Some(true), Some(true)));
    // A server does not close a channel; what is encrypted could be of either.
    assert_eq!(ends(&[], &msg(b"CLOF", 7, &[0x99; 40])), Some(true));
    assert_eq!(
        (ends(&msg(b"MSGF", 5, &[0x99; 40]), &[]), ends(&[], &msg(b"MSGF", 5, &[0x99; 40]))),
        (Some(false), Some(false))
    );
}

#[test]
fn of_what_is_encrypted_the_end_tells_who_asks() {
    let (secret, end) = (msg(b"MSGF", 5, &[0x99; 40]), chunk(b"CLOF", &[0x99; 60]));
    let mut talk = Talk::midway(Transport::TCP);
    talk.says(ToServer, &secret).says(ToClient, &secret);
    assert!(!talk.conversation.reversed());
    talk.says(ToClient, &end);
    assert!(talk.conversation.reversed());
    let mut begun = Talk::unknown(Transport::TCP);
    begun.says(ToServer, &secret).says(ToClient, &end);
    assert!(!begun.conversation.reversed(), "who began was seen");
}

#[test]
fn the_connection_itself_is_told() {
    let mut talk = talk();
    let hello = [&[0; 4][..], &[0, 0, 1, 0, 0, 0, 1, 0], &[0; 8], &string("opc.tcp://plc:4840")].concat();
    talk.says(ToServer, &chunk(b"HELF", &hello)).says(ToClient, &chunk(b"ACKF", &[[0, 0, 1, 0]; 5].concat()));
    talk.says(ToClient, &chunk(b"ERRF", &[0, 0, 0x83, 0x80, 0, 0, 0, 0]));
    assert_eq!(talk.said(), ["session/request", "session/response", "session/exception"]);
    assert_eq!(talk.ics()[0].object.as_deref(), Some("opc.tcp://plc:4840"));
    assert_eq!(talk.ics()[2].object.as_deref(), Some("tcp endpoint url invalid"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn messages_of_any_content_are_recognised(
        kind in 0usize..4, request: u32, body in proptest::collection::vec(any::<u8>(), 8..300), reversed: bool,
    ) {
        let kind = [b"MSGF", b"MSGC", b"OPNF", b"CLOF"][kind];
        let mut talk = Talk::unknown(Transport::TCP);
        talk.says(if reversed { ToClient } else { ToServer }, &msg(kind, request, &body)).end();
        prop_assert_eq!(talk.name(), "opcua");
    }

    #[test]
    fn random_bytes_are_not(bytes: Vec<u8>) {
        let head = Head { transport: Transport::TCP, to_server: &bytes, to_client: &[] };
        let mine = matches!(OpcUa.probe(&head), Probe::Yes { .. });
        prop_assert!(!mine);
    }
}
