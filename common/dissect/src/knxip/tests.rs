//! Telegrams, descriptions, structure that tells.

use super::*;
use crate::Dissector;
use crate::trial::{Talk, ToClient, ToServer};
use picket_event::{Protocol, Transport};
use proptest::prelude::*;

fn frame(service: u16, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len() + 6).unwrap().to_be_bytes();
    [&[6, 0x10][..], &service.to_be_bytes(), &length, body].concat()
}

#[test]
fn telegrams_name_their_group() {
    let mut talk = Talk::known(&Protocol::KNXIP, Transport::UDP);
    // From 1.1.5 to the group 1/2/3: switch on.
    let telegram = [0x29, 0, 0xbc, 0xe0, 0x11, 5, 0x0a, 3, 1, 0, 0x81];
    talk.says(ToServer, &frame(0x0530, &telegram));
    talk.says(ToServer, &frame(0x0420, &[&[4, 7, 0, 0][..], &telegram].concat()));
    talk.says(ToClient, &frame(0x0421, &[4, 7, 0, 0])).says(ToServer, &frame(0x0999, &[]));
    assert_eq!(talk.said(), ["report/unsolicited", "other/request", "other/response", "other/request"]);
    let ics = talk.ics();
    assert_eq!((ics[0].object.as_deref(), ics[0].value), (Some("1/2/3"), Some(1.0)));
    assert_eq!((ics[1].object.as_deref(), ics[1].unit), (Some("1/2/3"), Some(7)));
}

#[test]
fn what_goes_through_a_tunnel_tells_who_its_client_is() {
    let carried = |code: u8| frame(0x0420, &[4, 7, 0, 0, code, 0, 0xbc, 0xe0, 0, 0, 0x0a, 3, 1, 0, 0x81]);
    let acknowledged = frame(0x0421, &[4, 7, 0, 0]);
    let turned = |to_server: &[u8], to_client: &[u8]| {
        matches!(
            KnxIp.probe(&Head { transport: Transport::UDP, to_server, to_client }),
            Probe::Yes { reversed: true, .. }
        )
    };
    // An indication, a confirmation; a request.
    assert!(turned(&carried(0x29), &[]) && turned(&carried(0x2e), &acknowledged) && !turned(&carried(0x11), &[]));
    assert!(turned(&acknowledged, &carried(0x11)) && !turned(&acknowledged, &carried(0x29)));
    // An acknowledgement alone waits for more.
    let mut talk = Talk::unknown(Transport::UDP);
    talk.says(ToServer, &acknowledged);
    assert!(!talk.conversation.is_recognised());
    talk.says(ToClient, &carried(0x11));
    assert_eq!((talk.name().as_str(), talk.conversation.reversed()), ("knxip", true));
}

#[test]
fn a_description_is_an_asset() {
    let mut talk = Talk::known(&Protocol::KNXIP, Transport::UDP);
    let mut device = vec![54, 1, 2, 0, 0x11, 0xfa, 0, 0, 0, 0xc5, 1, 2, 3, 4, 224, 0, 23, 12, 0, 1, 2, 3, 4, 5];
    device.extend(b"IP Router");
    device.resize(54, 0);
    talk.says(ToServer, &frame(0x0203, &[8, 1, 0, 0, 0, 0, 0, 0])).says(ToClient, &frame(0x0204, &device));
    talk.says(ToClient, &frame(0x0206, &[0, 0x24]));
    assert_eq!(talk.said(), ["identify/request", "identify/response", "session/exception"]);
    let [asset] = talk.assets()[..] else { panic!("{:?}", talk.assets()) };
    assert_eq!((asset.model.as_deref(), asset.names[1].as_str()), (Some("IP Router"), "device 1.1.250"));
    assert_eq!(asset.names[0], "serial 00c501020304");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn messages_of_any_content_are_recognised(
        which in 0..table::SERVICES.len(), body in proptest::collection::vec(any::<u8>(), 0..80), stream: bool,
    ) {
        let transport = if stream { Transport::TCP } else { Transport::UDP };
        let mut talk = Talk::unknown(transport);
        talk.says(ToServer, &frame(table::SERVICES[which].code, &body)).end();
        prop_assert_eq!(talk.name(), "knxip");
    }

    #[test]
    fn random_bytes_are_not(bytes: Vec<u8>) {
        for transport in [Transport::UDP, Transport::TCP] {
            let mine = matches!(KnxIp.probe(&Head { transport, to_server: &bytes, to_client: &[] }), Probe::Yes { .. });
            prop_assert!(!mine);
        }
    }
}
