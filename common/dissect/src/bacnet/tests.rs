//! Link layers, segments, refusals, devices that name themselves, structure that tells.

use super::*;
use crate::trial::{Talk, ToClient, ToServer};
use crate::{Dissector, Head, Probe};
use picket_event::{MessageKind, Protocol, Transport};
use proptest::prelude::*;

/// An application message to one host over BACnet/IP.
fn ip(apdu: &[u8]) -> Vec<u8> {
    let length = u16::try_from(apdu.len() + 6).unwrap().to_be_bytes();
    [&[0x81, 0x0a][..], &length, &[1, 4], apdu].concat()
}

fn talk() -> Talk {
    Talk::known(&Protocol::BACNET, Transport::UDP)
}

const READ_VALUE: &[u8] = &[0, 5, 7, 12, 0x0c, 0, 0, 0, 3, 0x19, 85];

#[test]
fn a_value_is_read_and_a_device_restarted() {
    let mut talk = talk();
    talk.says(ToServer, &ip(READ_VALUE));
    let answer = [0x30, 7, 12, 0x0c, 0, 0, 0, 3, 0x19, 85, 0x3e, 0x44, 0x41, 0xb4, 0, 0, 0x3f];
    talk.says(ToClient, &ip(&answer));
    talk.says(ToServer, &ip(&[0, 5, 8, 20, 0x09, 1])).says(ToClient, &ip(&[0x20, 8, 20]));
    assert_eq!(talk.said(), ["read/request", "read/response", "restart/request", "restart/response"]);
    let ics = talk.ics();
    assert_eq!(ics[0].object.as_deref(), Some("analog-input 3 present-value"));
    assert_eq!((ics[1].object.as_deref(), ics[1].value), (Some("analog-input 3 present-value"), Some(22.5)));
    assert_eq!(ics[2].object.as_deref(), Some("warmstart"));
}

#[test]
fn refusals_take_the_operation_of_their_request() {
    let mut talk = talk();
    for invoke in 0..3 {
        talk.says(ToServer, &ip(&[0, 5, invoke, 15, 0x0c, 0, 0x40, 0, 1, 0x19, 85, 0x3e, 0x44, 0, 0, 0, 0, 0x3f]));
    }
    talk.says(ToClient, &ip(&[0x50, 0, 15, 0x91, 2, 0x91, 40]));
    talk.says(ToClient, &ip(&[0x60, 1, 9])).says(ToClient, &ip(&[0x71, 2, 4])).says(ToClient, &ip(&[0x60, 99, 0]));
    assert_eq!(talk.said()[3..], ["write/exception", "write/exception", "write/exception", "other/exception"]);
    let objects: Vec<_> = talk.ics()[3..].iter().map(|ics| ics.object.as_deref().unwrap_or("")).collect();
    assert_eq!(objects, ["write access denied", "unrecognized service", "segmentation not supported", "other"]);
}

#[test]
fn segments_are_one_message() {
    let mut talk = talk();
    talk.says(ToServer, &ip(&[2, 0x75, 9, 14, 0x0c, 2, 0, 0, 5, 0x1e, 0x09, 8, 0x1f]));
    let data = [&[0x0c, 2, 0, 0, 5, 0x1e, 0x29, 77, 0x4e, 0x75, 6, 0][..], b"AHU-1", &[0x4f, 0x1f]].concat();
    let (first, second) = data.split_at(14);
    talk.says(ToClient, &ip(&[&[0x3c, 9, 0, 2, 14][..], first].concat()));
    // Sent again.
    talk.says(ToClient, &ip(&[&[0x3c, 9, 0, 2, 14][..], first].concat()));
    talk.says(ToServer, &ip(&[0x40, 9, 0, 2]));
    talk.says(ToClient, &ip(&[&[0x38, 9, 1, 2, 14][..], second].concat()));
    assert_eq!(talk.said(), ["read/request", "read/response"]);
    assert_eq!(talk.assets()[0].hostname.as_deref(), Some("AHU-1"));
    // A message whose end never comes is told when the conversation ends.
    talk.says(ToClient, &ip(&[&[0x3c, 10, 0, 2, 14][..], first].concat())).end();
    assert_eq!(talk.said().len(), 3);
    assert_eq!(talk.output.malformed, ["bacnet: segments are missing"]);
}

#[test]
fn an_announcement_is_an_asset() {
    let mut talk = talk();
    let i_am = [0x10, 0, 0xc4, 2, 0, 0x04, 0xd2, 0x22, 5, 0xc4, 0x91, 0, 0x21, 36];
    for _ in 0..3 {
        talk.says(ToServer, &[&[0x81, 0x0b, 0, 24, 1, 0x20, 0xff, 0xff, 0, 255][..], &i_am].concat());
    }
    assert_eq!(talk.said(), ["identify/unsolicited"; 3]);
    assert_eq!(talk.ics()[0].unit, Some(1234));
    let [asset] = talk.assets()[..] else { panic!("told once") };
    assert_eq!((asset.vendor.as_deref(), asset.names[0].as_str()), (Some("Tridium"), "device 1234"));
    assert_eq!(asset.ip, Some([192, 0, 2, 1].into()));
}

/// A device of another subnet is where it sent from, not where its message is handed on; one behind a router is named there, and
/// lends the router neither its maker nor its name.
#[test]
fn a_device_elsewhere_is_not_who_hands_its_message_on() {
    let i_am = [0x10, 0, 0xc4, 2, 0, 0x04, 0xd2, 0x22, 5, 0xc4, 0x91, 0, 0x21, 36];
    let mut talk = talk();
    talk.says(
        ToServer,
        &[&[0x81, 4, 0, 30, 198, 51, 100, 7, 0xba, 0xc0, 1, 0x20, 0xff, 0xff, 0, 255][..], &i_am].concat(),
    );
    // From station 5 of network 2001.
    let routed = |apdu: &[u8]| {
        let length = u8::try_from(apdu.len() + 10).unwrap();
        [&[0x81, 0x0a, 0, length, 1, 8, 0x07, 0xd1, 1, 5][..], apdu].concat()
    };
    let name = [&[0x30, 1, 12, 0x0c, 2, 0, 4, 0xd2, 0x19, 77, 0x3e, 0x75, 6, 0][..], b"VAV-7", &[0x3f]].concat();
    let maker = [&[0x30, 2, 12, 0x0c, 2, 0, 4, 0xd2, 0x19, 121, 0x3e, 0x75, 6, 0][..], b"Maker", &[0x3f]].concat();
    talk.says(ToServer, &routed(&i_am)).says(ToClient, &routed(&name)).says(ToClient, &routed(&maker));
    let told = |asset: &&picket_event::body::Asset| (asset.ip, asset.names.clone(), asset.vendor.clone());
    let (there, here, client) = ([198, 51, 100, 7].into(), [192, 0, 2, 1].into(), [192, 0, 2, 2].into());
    let named = |name: &str| vec![name.to_owned()];
    assert_eq!(
        talk.assets().iter().map(told).collect::<Vec<_>>(),
        [
            (Some(there), named("device 1234"), Some("Tridium".to_owned())),
            (Some(here), named("device 1234 at 2001:5"), None),
            (Some(client), named("VAV-7"), None),
        ]
    );
    assert!(talk.assets().iter().all(|asset| asset.hostname.is_none()));
    // Each device behind a router has its own points.
    let to = |station: &[u8]| {
        [&[0x81, 0x0a, 0, 18 + station.len() as u8, 1, 0x20, 0x07, 0xd1][..], station, &[255]].concat()
    };
    let asks = |station: &[u8]| [&to(station)[..], READ_VALUE].concat();
    talk.output.events.clear();
    talk.says(ToServer, &asks(&[1, 5])).says(ToServer, &asks(&[2, 0xc0, 0]));
    talk.says(ToClient, &routed(&[0x50, 7, 12, 0x91, 2, 0x91, 32]));
    let objects: Vec<_> = talk.ics().iter().map(|ics| ics.object.as_deref().unwrap_or("")).collect();
    let value = "analog-input 3 present-value";
    assert_eq!(
        objects,
        [&*format!("{value} at 2001:5"), &*format!("{value} at 2001:0xc000"), "unknown property at 2001:5"]
    );
    // Over IPv6: a virtual address, then who sent it.
    let mut wide = vec![0x82, 8, 0, 27, 0, 0, 9];
    wide.extend([0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0xba, 0xc0, 1, 0]);
    let packet = parse::packet(parse::Medium::Ip, &wide).unwrap().unwrap();
    assert_eq!(packet.origin, Some("2001:db8::9".parse().unwrap()));
}

#[test]
fn every_link_layer_is_read() {
    let npdu = [&[1, 4][..], READ_VALUE].concat();
    let inside = |medium, bytes: &[u8]| {
        let packet = parse::packet(medium, bytes).ok().flatten();
        packet.is_some_and(|packet| packet.inside == parse::Inside::Application(READ_VALUE))
    };
    let with = |head: &[u8], before: usize| {
        let length = u16::try_from(4 + before + npdu.len()).unwrap().to_be_bytes();
        [head, &length, &vec![7; before], &npdu].concat()
    };
    assert!(inside(parse::Medium::Ip, &with(&[0x81, 4], 6)), "forwarded");
    assert!(inside(parse::Medium::Ip, &with(&[0x82, 1], 6)), "IPv6 to one");
    assert!(inside(parse::Medium::Ip, &with(&[0x82, 2], 3)), "IPv6 to all");
    assert!(inside(parse::Medium::Ip, &with(&[0x82, 8], 21)), "IPv6 forwarded");
    assert!(inside(parse::Medium::Ethernet, &[&[0x82, 0x82, 3][..], &npdu].concat()));
    let serial = [0, 0, 0, 6, 0x10, 5, 0, u8::try_from(npdu.len()).unwrap()];
    let found = (0..=255u8).filter(|sum| inside(parse::Medium::Serial, &[&serial[..], &[*sum], &npdu].concat()));
    let sums: Vec<u8> = found.collect();
    assert_eq!(sums.len(), 1);
    assert!(
        inside(parse::Medium::Serial, &[&[0x55, 0xff][..], &serial[3..], &sums, &npdu, &[0, 0]].concat()),
        "the line"
    );
    // Who asks for the table of foreign devices says nothing to a station.
    assert_eq!(parse::packet(parse::Medium::Ip, &[0x81, 6, 0, 4]), Ok(None));
    assert!(parse::packet(parse::Medium::Ip, &[0x81, 6, 0, 5, 0]).is_err());
}

#[test]
fn who_speaks_first_need_not_be_the_client() {
    let ends = |said: &[(picket_event::Direction, &[u8])]| {
        let mut talk = Talk::midway(Transport::UDP);
        for (direction, apdu) in said {
            talk.says(*direction, &ip(apdu));
        }
        assert_eq!(talk.name(), "bacnet");
        talk.conversation.reversed()
    };
    let i_am = [0x10, 0, 0xc4, 2, 0, 0x04, 0xd2, 0x22, 5, 0xc4, 0x91, 0, 0x21, 36];
    let changed = [&[0x10, 2][..], &[0x09, 1, 0x1c, 2, 0, 0, 5, 0x2c, 0, 0, 0, 3, 0x39, 60, 0x4e, 0x4f]].concat();
    let confirmed = [&[0, 5, 7, 1][..], &changed[2..]].concat();
    assert!(!ends(&[(ToServer, &i_am)]) && !ends(&[(ToServer, &changed)]), "either could have said it");
    assert!(ends(&[(ToServer, &i_am), (ToClient, READ_VALUE)]));
    assert!(
        ends(&[(ToServer, &changed), (ToServer, &i_am), (ToClient, READ_VALUE), (ToServer, READ_VALUE)]),
        "the first tells"
    );
    assert!(!ends(&[(ToServer, &i_am), (ToServer, READ_VALUE), (ToClient, READ_VALUE)]));
    // What broadcast devices are asked, and answer.
    let side = |bytes: &[u8]| probe::speaker(parse::Medium::Ip, bytes);
    assert_eq!(side(&[0x81, 5, 0, 6, 0, 60]), crate::sides::Speaker::Client);
    assert_eq!(side(&[0x81, 0, 0, 6, 0, 0]), crate::sides::Speaker::Server);
    // Who tells of a value is whom others ask, and who confirms it is the client.
    assert!(ends(&[(ToServer, &confirmed)]) && !ends(&[(ToServer, &[0x20, 7, 1])]));
    assert!(ends(&[(ToServer, &confirmed), (ToClient, &[0x20, 7, 1])]));
}

#[test]
fn network_messages_look_for_ways() {
    let mut talk = talk();
    talk.says(ToServer, &[0x81, 0x0b, 0, 7, 1, 0x80, 0]).says(ToClient, &[0x81, 0x0b, 0, 9, 1, 0x80, 1, 0, 5]);
    talk.says(ToClient, &[0x81, 0x0a, 0, 10, 1, 0x80, 3, 1, 0, 9]);
    assert_eq!(talk.said(), ["browse/request", "browse/unsolicited", "browse/exception"]);
    assert_eq!(table::network(7).1, MessageKind::Response);
}

#[test]
fn values_are_read() {
    assert_eq!(tag::number(3, &[0xff, 0xfe]), Some(-2.0));
    assert_eq!(tag::number(2, &[1, 0]), Some(256.0));
    assert_eq!(tag::number(4, &[0x7f, 0xc0, 0, 0]), None, "not a number");
    assert_eq!(tag::object(&[2, 0, 0, 5]), Some((8, 5)));
    let mut r = picket_reader::Reader::new(&[0xfe, 200, 0x3e]);
    assert_eq!(tag::tag(&mut r), Ok(tag::Tag::Opening(200)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn messages_of_any_content_are_recognised(
        kind in 0u8..8, flags in 0u8..4, sizes: u8, invoke: u8, service in 0u8..12,
        data in proptest::collection::vec(any::<u8>(), 0..100),
        to in proptest::option::of((any::<u16>(), proptest::collection::vec(any::<u8>(), 0..7))),
        function in 9u8..12,
    ) {
        let apdu = match kind {
            0 => [&[flags & 2, sizes, invoke, service][..], &data].concat(),
            1 => [&[0x10, service][..], &data].concat(),
            2 => vec![0x20, invoke, service],
            4 => vec![0x40 | flags, invoke, service, sizes],
            _ => [&[kind << 4, invoke, service][..], &data].concat(),
        };
        let control = 4 | if to.is_some() { 0x20 } else { 0 };
        let mut npdu = vec![1, control];
        if let Some((network, address)) = to {
            npdu.extend(network.to_be_bytes());
            npdu.push(u8::try_from(address.len()).unwrap());
            npdu.extend(address);
            npdu.push(255);
        }
        npdu.extend(apdu);
        let length = u16::try_from(npdu.len() + 4).unwrap().to_be_bytes();
        let mut talk = Talk::unknown(Transport::UDP);
        talk.says(ToServer, &[&[0x81, function][..], &length, &npdu].concat()).end();
        prop_assert_eq!(talk.name(), "bacnet");
    }

    #[test]
    fn random_bytes_are_not(bytes: Vec<u8>) {
        for transport in [Transport::UDP, Transport(0)] {
            let mine = matches!(Bacnet.probe(&Head { transport, to_server: &bytes, to_client: &[] }), Probe::Yes { .. });
            // One byte of checksum below IP, where the type has spoken before.
            prop_assert!(!mine || transport == Transport(0));
        }
    }
}
