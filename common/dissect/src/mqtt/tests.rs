//! Packets, topics, refusals, and streams joined in the middle.

use super::*;
use crate::trial::{Talk, ToClient, ToServer};
use crate::{Dissector, Head, Probe};
use picket_event::{Protocol, Transport, Unit};
use proptest::prelude::*;

fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    let mut rest = body.len();
    loop {
        let low = (rest & 0x7f) as u8;
        rest >>= 7;
        bytes.push(if rest == 0 { low } else { low | 0x80 });
        if rest == 0 {
            break;
        }
    }
    [&bytes[..], body].concat()
}

fn text(text: &str) -> Vec<u8> {
    [&u16::try_from(text.len()).unwrap().to_be_bytes()[..], text.as_bytes()].concat()
}

fn publish(topic: &str, payload: &[u8]) -> Vec<u8> {
    packet(0x30, &[&text(topic), payload].concat())
}

fn connect(client: &str, version: u8) -> Vec<u8> {
    let more: &[u8] = if version == 5 { &[5, 0x11, 0, 0, 0, 10] } else { &[] };
    packet(0x10, &[&text("MQTT")[..], &[version, 2, 0, 60], more, &text(client)].concat())
}

#[test]
fn joined_midway_the_first_packet_of_one_end_tells_who_is_the_broker() {
    let mut talk = Talk::midway(Transport::TCP);
    talk.says(ToServer, &publish("plant/pump/7", b"on")).says(ToServer, &publish("plant/pump/8", b"off"));
    assert!(!talk.conversation.reversed());
    talk.says(ToClient, &packet(0xe0, &[]));
    assert!(talk.conversation.reversed());
    assert_eq!(talk.said(), ["report/unsolicited", "report/unsolicited", "session/request"]);
    // With a reason it may be a broker's.
    let mut talk = Talk::midway(Transport::TCP);
    talk.says(ToServer, &publish("plant/pump/7", b"on")).says(ToServer, &publish("plant/pump/8", b"off"));
    talk.says(ToClient, &packet(0xe0, &[0x8b]));
    assert!(!talk.conversation.reversed());
}

#[test]
fn a_conversation_of_each_version() {
    for version in [4, 5] {
        let mut talk = Talk::unknown(Transport::TCP);
        let more: &[u8] = if version == 5 { &[0] } else { &[] };
        talk.says(ToServer, &connect("pump-7", version)).says(ToClient, &packet(0x20, &[&[0, 0][..], more].concat()));
        talk.says(ToServer, &packet(0x82, &[&[0, 1][..], more, &text("plant/#"), &[0]].concat()));
        talk.says(ToClient, &packet(0x90, &[&[0, 1][..], more, &[0x80]].concat()));
        talk.says(ToServer, &publish("plant/pump/7", &[0; 3000])).says(ToServer, &packet(0xc0, &[]));
        talk.says(ToClient, &packet(0xd0, &[])).says(ToServer, &packet(0x34, &[&text("a/b")[..], &[0, 9]].concat()));
        talk.says(ToClient, &packet(0x50, &[0, 9])).says(ToServer, &packet(0x62, &[0, 9]));
        talk.says(ToClient, &packet(0x70, &[0, 9])).says(ToServer, &packet(0xe0, &[]));
        let wanted = [
            "session/request",
            "session/response",
            "subscribe/request",
            "subscribe/exception",
            "report/unsolicited",
            "session/request",
            "session/response",
            "report/unsolicited",
            "report/response",
            "session/request",
        ];
        assert_eq!(talk.said(), wanted, "version {version}");
        let objects: Vec<_> = [0, 2, 4].iter().map(|at| talk.ics()[*at].object.as_deref().unwrap_or("")).collect();
        assert_eq!(objects, ["pump-7", "plant/#", "plant/pump/7"]);
    }
}

#[test]
fn a_command_of_sparkplug_writes() {
    let mut talk = Talk::known(&Protocol::MQTT, Transport::TCP);
    talk.says(ToServer, &publish("spBv1.0/Plant/DDATA/Edge/Pump", &[1, 2]));
    talk.says(ToServer, &publish("spBv1.0/Plant/NCMD/Edge", &[1]))
        .says(ToServer, &publish("spBv1.0/STATE/Scada", b"{}"));
    assert_eq!(talk.said(), ["report/unsolicited", "write/request", "report/unsolicited"]);
    assert_eq!(&*talk.ics()[1].function_name, "PUBLISH NCMD");
}

#[test]
fn a_stream_is_joined_in_the_middle() {
    let mut talk = Talk::unknown(Transport::TCP);
    talk.says(ToClient, &publish("plant/line/1/temperature", b"21.5")).says(ToServer, &packet(0xc0, &[]));
    talk.says(ToClient, &packet(0xd0, &[])).end();
    assert_eq!((talk.name().as_str(), talk.said().len()), ("mqtt", 3));
    let mut torn = Talk::known(&Protocol::MQTT, Transport::TCP);
    let one = publish("plant/line/1", &[0x41; 60]);
    torn.says(ToServer, &one).says(ToServer, &one[..30]).gap(ToServer);
    torn.says(ToServer, &[&one[50..], &one, &one].concat());
    assert_eq!(torn.said().len(), 3);
}

#[test]
fn others_are_not_taken_for_it() {
    let probe = |bytes: &[u8]| Mqtt.probe(&Head { transport: Transport::TCP, to_server: bytes, to_client: &[] });
    let sure = |probe| matches!(probe, Probe::Yes { confidence, .. } if confidence >= Unit::new(0.4));
    // A bind of LDAP, a greeting of SSH, one PINGREQ-like pair, zeros.
    assert!(!sure(probe(&[0x30, 0x0c, 2, 1, 1, 0x60, 7, 2, 1, 3, 4, 0, 0x80, 0])));
    assert!(!sure(probe(b"SSH-2.0-OpenSSH_9.9\r\n")));
    assert!(!sure(probe(&[0; 64])));
    assert!(!sure(probe(&[0x40, 2, 0, 1, 0x40, 2, 0, 2])));
}

/// One side of a conversation joined midway that only acknowledges: the numbers have to go on.
#[test]
fn a_run_of_acknowledgements_tells() {
    let acks = |numbers: &[u16]| -> Vec<u8> {
        numbers.iter().flat_map(|number| [&[0x40, 2][..], &number.to_be_bytes()].concat()).collect()
    };
    let named = |bytes: &[u8]| {
        let head = Head { transport: Transport::TCP, to_server: bytes, to_client: &[] };
        matches!(Mqtt.probe(&head), Probe::Yes { .. })
    };
    assert!(named(&acks(&[7, 8, 9, 10])) && named(&acks(&[0xfffe, 0xffff, 0, 1])) && named(&acks(&[1, 1, 2, 3, 4])));
    for other in [&acks(&[7, 8, 9])[..], &acks(&[7, 8, 10, 11]), &acks(&[7; 9])] {
        assert!(!named(other), "{other:02x?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn messages_of_any_content_are_recognised(
        version in 3u8..6, client in "[ -~]{0,60}", flags: u8, alive: u16,
        topic in "[a-zA-Z0-9/_]{12,80}", payload in proptest::collection::vec(any::<u8>(), 0..2000), joined: bool,
    ) {
        let name = if version == 3 { "MQIsdp" } else { "MQTT" };
        let more: &[u8] = if version == 5 { &[0] } else { &[] };
        let head = [&text(name)[..], &[version, flags & 0xfe], &alive.to_be_bytes(), more, &text(&client)].concat();
        let mut talk = Talk::unknown(Transport::TCP);
        if joined {
            // In the middle two messages tell.
            talk.says(ToServer, &publish(&topic, &payload)).says(ToServer, &publish(&topic, &payload));
        } else {
            talk.says(ToServer, &packet(0x10, &head));
        }
        talk.end();
        prop_assert_eq!(talk.name(), "mqtt");
    }

    #[test]
    fn random_bytes_are_not(bytes: Vec<u8>) {
        let head = Head { transport: Transport::TCP, to_server: &bytes, to_client: &[] };
        let mine = matches!(Mqtt.probe(&head), Probe::Yes { confidence, .. } if confidence >= Unit::new(0.4));
        prop_assert!(!mine);
    }
}
