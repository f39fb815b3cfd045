//! Commands passed through, answers, bursts, identity, structure that tells.

use super::*;
use crate::Dissector;
use crate::trial::{Talk, ToClient, ToServer};
use picket_event::{Protocol, Transport};
use proptest::prelude::*;

fn frame(kind: u8, id: u8, sequence: u16, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len() + 8).unwrap().to_be_bytes();
    [&[1, kind, id, 0][..], &sequence.to_be_bytes(), &length, body].concat()
}

/// A HART message to or from the device 0x010203 of type 0x26 0x06.
fn pdu(delimiter: u8, command: u8, data: &[u8]) -> Vec<u8> {
    let head = [delimiter, 0xa6, 6, 1, 2, 3, command, u8::try_from(data.len()).unwrap()];
    let mut bytes = [&head[..], data].concat();
    bytes.push(bytes.iter().fold(0, |sum, byte| sum ^ byte));
    bytes
}

#[test]
fn commands_answers_and_bursts() {
    let mut talk = Talk::known(&Protocol::HART_IP, Transport::TCP);
    talk.says(ToServer, &frame(0, 0, 1, &[1, 0, 0, 0x75, 0x30]))
        .says(ToClient, &frame(1, 0, 1, &[1, 0, 0, 0x75, 0x30]));
    talk.says(ToServer, &frame(0, 3, 2, &pdu(0x82, 42, &[]))).says(ToClient, &frame(1, 3, 2, &pdu(0x86, 42, &[0, 0])));
    talk.says(ToServer, &frame(0, 3, 3, &pdu(0x82, 35, &[57, 0, 0, 0, 0]))).says(ToClient, &frame(15, 3, 3, &[]));
    talk.says(ToClient, &frame(2, 3, 9, &pdu(0x81, 3, &[0, 0, 1, 2, 3, 4])));
    talk.says(ToServer, &frame(0, 3, 4, &pdu(0x82, 31, &[0x02, 0x58])));
    let wanted = [
        "session/request",
        "session/response",
        "restart/request",
        "restart/response",
        "write/request",
        "write/exception",
        "report/unsolicited",
        "other/request",
    ];
    assert_eq!(talk.said(), wanted);
    assert_eq!((talk.ics()[2].unit, talk.ics()[7].function), (Some(0x01_02_03), 600));
    assert_eq!(&*talk.ics()[5].function_name, "Write Primary Variable Range Values");
}

#[test]
fn command_0_is_an_asset() {
    let mut talk = Talk::known(&Protocol::HART_IP, Transport::UDP);
    let identity = [0, 0, 254, 0x26, 6, 5, 7, 4, 9, 8, 0, 1, 2, 3, 5, 1, 0, 0, 0, 0, 0x26, 0, 0x26, 1];
    talk.says(ToServer, &frame(0, 3, 1, &pdu(0x82, 0, &[]))).says(ToClient, &frame(1, 3, 1, &pdu(0x86, 0, &identity)));
    let [asset] = talk.assets()[..] else { panic!("{:?}", talk.assets()) };
    assert_eq!((asset.vendor.as_deref(), asset.firmware.as_deref()), (Some("Rosemount"), Some("4.9")));
    assert_eq!((asset.model.as_deref(), asset.names[0].as_str()), (Some("HART device type 0x2606"), "device 010203"));
}

/// A gateway is told by what answers to polling address 0; who is asked through it lends it a name, and no maker.
#[test]
fn a_gateway_is_not_what_is_behind_it() {
    let identity = |vendor: u8, device: u8| {
        [0, 0, 254, vendor, 6, 5, 7, 4, 9, 8, 0, 1, 2, device, 5, 1, 0, 0, 0, 0, vendor, 0, vendor, 1]
    };
    let polled = |data: &[u8]| {
        let mut bytes = [&[6, 0x80, 0, u8::try_from(data.len()).unwrap()][..], data].concat();
        bytes.push(bytes.iter().fold(0, |sum, byte| sum ^ byte));
        bytes
    };
    let mut talk = Talk::known(&Protocol::HART_IP, Transport::UDP);
    talk.says(ToClient, &frame(1, 3, 1, &pdu(0x86, 0, &identity(0x11, 7))));
    talk.says(ToClient, &frame(1, 3, 2, &polled(&identity(0x26, 3))));
    talk.says(ToClient, &frame(1, 3, 3, &pdu(0x86, 0, &identity(0x11, 9))));
    let told = |asset: &&picket_event::body::Asset| (asset.vendor.clone().unwrap_or_default(), asset.names.clone());
    let all: Vec<_> = talk.assets().iter().map(told).collect();
    let is = |vendor: &str, name: &str| (vendor.to_owned(), vec![name.to_owned()]);
    // The first is taken for itself, until it says who it is.
    let first = all[0].0.clone();
    assert!(!first.is_empty());
    assert_eq!(all, [is(&first, "device 010207"), is("Rosemount", "device 010203"), is("", "device 010209")]);
}

#[test]
fn damage_is_told_and_passed_over() {
    let mut talk = Talk::known(&Protocol::HART_IP, Transport::TCP);
    let mut broken = pdu(0x82, 1, &[]);
    *broken.last_mut().unwrap() ^= 1;
    talk.says(ToServer, &frame(0, 2, 1, &[])).says(ToServer, &frame(0, 3, 2, &broken));
    talk.says(ToServer, b"noise").says(ToServer, &[frame(0, 2, 3, &[]), frame(0, 2, 4, &[])].concat());
    assert_eq!(talk.said(), ["session/request"; 3]);
    assert_eq!(talk.output.malformed, ["hart_ip: checksum does not fit", "hart_ip: header of no kind"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn messages_of_any_content_are_recognised(
        sequence: u16, command: u8, data in proptest::collection::vec(any::<u8>(), 4..60), answers: bool, datagram: bool,
    ) {
        let bytes = frame(u8::from(answers), 3, sequence, &pdu(if answers { 0x86 } else { 0x82 }, command, &data));
        let transport = if datagram { Transport::UDP } else { Transport::TCP };
        let mut talk = Talk::unknown(transport);
        talk.says(if answers { ToClient } else { ToServer }, &bytes).end();
        prop_assert_eq!(talk.name(), "hart_ip");
    }

    #[test]
    fn random_bytes_are_not(bytes: Vec<u8>) {
        for transport in [Transport::UDP, Transport::TCP] {
            let mine = matches!(HartIp.probe(&Head { transport, to_server: &bytes, to_client: &[] }), Probe::Yes { .. });
            prop_assert!(!mine);
        }
    }
}
