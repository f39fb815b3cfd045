//! What a datagram is, and what is none.

use super::Codesys;
use super::parse::{Said, block, datagram, device, said};
use super::table;
use crate::{Context, Conversation, Dissector, Head, Output, Probe};
use picket_event::{Body, Direction, Endpoints, Operation, Timestamp, Transport};
use proptest::prelude::*;

fn routed(service: u8, sender: &[u8], inside: &[u8]) -> Vec<u8> {
    let mut all = vec![0xc5, 0x6b, 0x40, service, 0, (sender.len() / 2) as u8 * 16];
    all.extend(sender);
    all.resize(all.len().next_multiple_of(4), 0);
    [&all[..], inside].concat()
}

/// A service in the first block of a message.
fn service(group: u16, command: u16, tags: &[u8]) -> Vec<u8> {
    let mut inside = vec![1, 0x81, 7, 0, 1, 0, 0, 0, 0, 0, 0, 0];
    inside.extend([20, 0, 0, 0, 9, 9, 9, 9, 0x55, 0xcd, 12, 0]);
    inside.extend(group.to_le_bytes());
    inside.extend(command.to_le_bytes());
    inside.extend([0; 8]);
    routed(64, &[0, 5], &[&inside, tags].concat())
}

fn blocked(datagram: &[u8]) -> Vec<u8> {
    [&[0, 1, 0x17, 0xe8][..], &(datagram.len() as u32 + 8).to_le_bytes(), datagram].concat()
}

fn context(transport: Transport) -> Context {
    let (src, dest) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
    Context {
        time: Timestamp::EPOCH,
        endpoints: Endpoints::Ip { src, src_port: 50_000, dest, dest_port: 7777, transport },
        opener_seen: true,
    }
}

fn sure(transport: Transport, to_server: &[u8]) -> bool {
    let head = Head { transport, to_server, to_client: &[] };
    matches!(Codesys.probe(&head), Probe::Yes { confidence, .. } if confidence.get() >= 0.8)
}

#[test]
fn addresses_are_filled_up_to_four() {
    let short = datagram(&[0xc5, 0x0b, 0x40, 1, 0, 0x10, 0, 0x4b]).unwrap();
    assert_eq!((short.service, short.inside), (1, &[][..]));
    let long = datagram(&[0xc5, 0x0b, 0x40, 1, 0, 0x20, 0, 0, 0xff, 0x2a, 0, 0]).unwrap();
    assert!(long.inside.is_empty());
    assert!(datagram(&[0xc5, 0x0b, 0x40, 1, 0, 0x70, 0, 0x4b]).is_err());
    assert!(datagram(&[0xc5, 0x0a, 0x40, 1, 0, 0x10, 0, 0x4b]).is_err());
}

#[test]
fn components_have_commands() {
    let request = service(2, 0x11, &[]);
    assert_eq!(said(&datagram(&request).unwrap()), Ok(Said::Service(2, 0x11, false)));
    assert_eq!(said(&datagram(&service(0x82, 0x11, &[])).unwrap()), Ok(Said::Service(2, 0x11, true)));
    assert_eq!(table::command(2, 0x11).operation, Operation::Stop);
    assert_eq!(table::command(8, 0x55).operation, Operation::File);
    assert_eq!(table::command(0x55, 1).name, "");
}

#[test]
fn a_device_names_itself() {
    let wide = |text: &str| text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let mut inside = vec![0x80, 0xc2, 0, 4, 1, 0, 0, 0, 4, 0, 1, 0, 2, 0, 5, 0, 7, 0, 7, 0];
    inside.extend([0; 8]);
    inside.extend([40, 15, 5, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0xaa, 0xbb]);
    inside.extend([wide("press"), wide("PLC-200"), wide("Example")].concat());
    let told = device(&inside).unwrap();
    assert_eq!((told.node.as_deref(), told.model.as_deref()), (Some("press"), Some("PLC-200")));
    assert_eq!((told.vendor.as_deref(), told.firmware.as_str()), (Some("Example"), "3.5.15.40"));
    inside[14] = 4;
    assert!(device(&inside).is_err(), "counts that do not fit");
}

#[test]
fn blocks_over_tcp_are_read_in_pieces() {
    let mut conversation = Conversation::new(&context(Transport::TCP).endpoints);
    let mut output = Output::default();
    let all = [blocked(&service(1, 2, &[])), blocked(&service(2, 0x10, &[1, 2, 3]))].concat();
    for part in all.chunks(5) {
        conversation.stream(Direction::ToServer, part, &context(Transport::TCP), &mut output);
    }
    let said: Vec<_> =
        output.events.iter().filter_map(|e| if let Body::Ics(ics) = e { Some(ics.operation) } else { None }).collect();
    assert_eq!(said, [Operation::Session, Operation::Start]);
    assert_eq!((output.misbehaved, output.malformed.len()), (0, 0));
}

#[test]
fn the_second_version_identifies_itself() {
    let mut conversation = Conversation::new(&context(Transport::TCP).endpoints);
    let mut output = Output::default();
    let mut answer = vec![0; 58];
    for text in ["VxWorks", "5.5.1", "ETC-100"] {
        answer.extend(text.bytes().chain([0; 32]).take(32));
    }
    let block = |inside: &[u8]| [&[0xbb, 0xbb][..], &(inside.len() as u32).to_le_bytes(), inside].concat();
    conversation.stream(Direction::ToServer, &block(&[1]), &context(Transport::TCP), &mut output);
    conversation.stream(Direction::ToClient, &block(&answer), &context(Transport::TCP), &mut output);
    let Some(Body::Asset(asset)) = output.events.get(1) else { panic!("{:?}", output.events) };
    assert_eq!((asset.model.as_deref(), asset.os.as_deref()), (Some("ETC-100"), Some("VxWorks 5.5.1")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1200))]

    /// Whatever the free fields hold, services and short datagrams are told.
    #[test]
    fn datagrams_are_told(
        group in 0u16..256,
        command: u16,
        tags in proptest::collection::vec(any::<u8>(), 0..200),
        words in 0usize..6,
        address: [u8; 12],
    ) {
        let asked = service(group, command, &tags);
        prop_assert!(sure(Transport::UDP, &asked));
        prop_assert!(sure(Transport::TCP, &blocked(&asked)));
        prop_assert!(sure(Transport::UDP, &routed(1, &address[..2 * words], &[])));
    }

    /// Bytes of chance are none, with the magic numbers before them or without.
    #[test]
    fn chance_is_none(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(!sure(Transport::UDP, &bytes));
        prop_assert!(!sure(Transport::TCP, &bytes));
        prop_assert!(block(&bytes).is_err());
    }
}
