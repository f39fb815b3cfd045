//! Requests, answers and polls, and what is none.

use super::*;
use crate::rehearsal::{c, datagrams, ends, s};
use crate::{Dissector, Head, Probe};
use picket_event::Transport;
use proptest::prelude::*;

fn message(sequence: u32, inside: &[u8]) -> Vec<u8> {
    let length = u32::try_from(inside.len() + 9).unwrap();
    [&length.to_le_bytes()[..], &[12], &sequence.to_le_bytes(), inside].concat()
}

fn datagram(function: u16, messages: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = vec![14, 0];
    bytes.extend(u16::try_from(messages.len()).unwrap().to_le_bytes());
    bytes.extend(function.to_le_bytes());
    bytes.extend(if messages.is_empty() { [0, 0, 0, 0, 9, 0, 0, 0] } else { [8, 0, 0, 0, 9, 0, 0, 0] });
    bytes.extend(messages.concat());
    bytes
}

#[test]
fn answers_take_the_operation_of_their_sequence_number() {
    let read = message(1, &[0xa0, 0, 4, 3, 0xd0]);
    let write = message(2, &[0xa0, 0, 0x84, 1]);
    let reset = message(3, &[0xa1, 0, 1, 1]);
    let heard = datagrams(
        ends(40_001, Transport::UDP),
        &[
            c(&datagram(6, &[read, write, reset])),
            s(&datagram(5, &[message(2, &[0, 1]), message(1, &[0, 1])])),
            s(&datagram(5, &[message(3, &[0, 0]), message(99, &[0, 0])])),
            c(&datagram(0, &[])),
            c(&datagram(6, &[message(4, &[0xaa]), message(5, &[0x33])])),
            c(&datagram(6, &[message(4, &[0xaa])])[..20]),
        ],
    );
    let wanted = [
        "read/request",
        "write/request",
        "restart/request",
        "write/response",
        "read/response",
        "restart/response",
        "other/response",
        "session/request",
        "alarm/unsolicited",
        "other/request",
    ];
    assert_eq!(heard.operations(), wanted);
    assert_eq!(heard.output.malformed, ["bsap: message does not fit"]);
}

fn probe(to_server: &[u8]) -> Probe {
    Bsap.probe(&Head { transport: Transport::UDP, to_server, to_client: &[] })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_datagram_of_this_shape_is_told(
        answers: bool, sequence: u32, inside in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 4..60), 1..5),
    ) {
        let messages: Vec<_> = inside.iter().map(|inside| message(sequence, inside)).collect();
        let told = probe(&datagram(if answers { 5 } else { 6 }, &messages));
        let sure = matches!(told, Probe::Yes { confidence, .. } if confidence.get() > 0.96);
        prop_assert!(sure, "{told:?}");
    }

    #[test]
    fn random_bytes_are_not(a: [u8; 64], marked: bool) {
        let mut a = a;
        if marked {
            a[..2].copy_from_slice(&[14, 0]);
        }
        prop_assert_eq!(probe(&a), Probe::No);
    }
}
