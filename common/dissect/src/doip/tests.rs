//! Announcements, diagnostic messages, structure that tells.

use super::*;
use crate::Dissector;
use crate::trial::{Talk, ToClient, ToServer};
use picket_event::{Protocol, Transport};
use proptest::prelude::*;

fn frame(kind: u16, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[2, 0xfd][..], &kind.to_be_bytes(), &length, body].concat()
}

#[test]
fn a_diagnosis() {
    let mut talk = Talk::unknown(Transport::TCP);
    talk.says(ToServer, &frame(5, &[0x0e, 0x80, 0, 0, 0, 0, 0]));
    talk.says(ToClient, &frame(6, &[0x0e, 0x80, 0x10, 0, 0x10, 0, 0, 0, 0]));
    talk.says(ToServer, &frame(0x8001, &[0x0e, 0x80, 0x10, 1, 0x11, 1]));
    talk.says(ToClient, &frame(0x8002, &[0x10, 1, 0x0e, 0x80, 0]));
    talk.says(ToClient, &frame(0x8001, &[0x10, 1, 0x0e, 0x80, 0x51, 1]));
    talk.says(ToServer, &frame(0x8001, &[0x0e, 0x80, 0x10, 1, 0x2e, 0xf1, 0x90, 1]));
    talk.says(ToClient, &frame(0x8001, &[0x10, 1, 0x0e, 0x80, 0x7f, 0x2e, 0x33]));
    talk.says(ToClient, &frame(7, &[])).says(ToServer, &frame(8, &[0x0e, 0x80]));
    let wanted = [
        "session/request",
        "session/response",
        "diagnose/request",
        "diagnose/response",
        "diagnose/request",
        "diagnose/exception",
        "session/request",
        "session/response",
    ];
    assert_eq!(talk.said(), wanted);
    assert_eq!((talk.ics()[2].object.as_deref(), talk.ics()[2].unit), (Some("ecu reset"), Some(0x1001)));
    assert_eq!(talk.ics()[5].object.as_deref(), Some("write data by identifier"));
}

#[test]
fn the_service_tells_who_asks() {
    let ask = frame(0x8001, &[0x0e, 0x80, 0x10, 1, 0x3e, 0]);
    let (answer, refusal) =
        (frame(0x8001, &[0x10, 1, 0x0e, 0x80, 0x7e, 0]), frame(0x8001, &[0x10, 1, 0x0e, 0x80, 0x7f, 0x2e, 0x33]));
    let turned = |to_server: &[u8], to_client: &[u8]| {
        matches!(
            DoIp.probe(&Head { transport: Transport::TCP, to_server, to_client }),
            Probe::Yes { reversed: true, .. }
        )
    };
    assert!(turned(&answer, &[]) && turned(&refusal, &ask));
    assert!(!turned(&ask, &[]) && !turned(&ask, &answer));
}

#[test]
fn a_vehicle_makes_itself_known() {
    let mut talk = Talk::known(&Protocol::DOIP, Transport::UDP);
    let vehicle = [&b"WVWZZZ1KZ6W000001"[..], &[0x10, 0, 0, 1, 2, 3, 4, 5, 0, 0, 0, 0, 0, 0, 0]].concat();
    talk.says(ToClient, &frame(4, &vehicle));
    talk.says(ToServer, &frame(1, &[])).says(ToClient, &frame(4, &vehicle));
    assert_eq!(talk.said(), ["identify/unsolicited", "identify/request", "identify/response"]);
    let [asset] = talk.assets()[..] else { panic!("told once") };
    assert_eq!(asset.names, ["VIN WVWZZZ1KZ6W000001", "entity 1000"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn messages_of_any_content_are_recognised(
        which in 0..table::PAYLOADS.len(), fill: u8, more in 0u32..300, version in 1u8..5,
    ) {
        let payload = table::PAYLOADS[which];
        let (least, most) = payload.lengths;
        let body = vec![fill; (least + more % (most - least + 1).min(300)) as usize];
        let mut bytes = frame(payload.code, &body);
        (bytes[0], bytes[1]) = (version, !version);
        let mut talk = Talk::unknown(Transport::TCP);
        talk.says(ToServer, &bytes).end();
        prop_assert_eq!(talk.name(), "doip");
    }

    #[test]
    fn random_bytes_are_not(bytes: Vec<u8>) {
        for transport in [Transport::UDP, Transport::TCP] {
            let mine = matches!(DoIp.probe(&Head { transport, to_server: &bytes, to_client: &[] }), Probe::Yes { .. });
            prop_assert!(!mine);
        }
    }
}
