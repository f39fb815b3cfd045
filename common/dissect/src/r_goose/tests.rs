//! Session units with what they carry.

use super::*;
use crate::rehearsal::{c, datagrams, ends};
use crate::{Dissector, Head, Probe};
use picket_event::Transport;
use proptest::prelude::*;

/// A session unit written without the parser's help: payloads by kind, application and bytes.
fn unit(kind: u8, vector: &[u8], number: u32, payloads: &[(u8, u16, &[u8])]) -> Vec<u8> {
    let mut inside = Vec::new();
    for (kind, application, bytes) in payloads {
        inside.extend([*kind, 0]);
        inside.extend(application.to_be_bytes());
        inside.extend(u16::try_from(bytes.len()).unwrap().to_be_bytes());
        inside.extend(*bytes);
    }
    let common = u8::try_from(21 + vector.len()).unwrap();
    let mut bytes = vec![1, 0x40, kind, common + 2, 0x80, common];
    bytes.extend(u32::try_from(inside.len() + 40).unwrap().to_be_bytes());
    bytes.extend(number.to_be_bytes());
    bytes.extend([0, 2, 0, 0, 0, 1, 0, 60, 0, 0, 0, 9, u8::try_from(vector.len()).unwrap()]);
    bytes.extend(vector);
    bytes.extend(u32::try_from(inside.len()).unwrap().to_be_bytes());
    bytes.extend(inside);
    bytes.extend([0x85, 4, 1, 2, 3, 4]);
    bytes
}

const MESSAGE: &[u8] =
    b"\x61\x37\x80\x08A/LLN0$x\x81\x01\x05\x82\x06A/LLN0\x84\x08\0\0\0\0\0\0\0\0\x85\x01\x07\x86\x01\0\x88\x01\x01\x8a\x01\x01\xab\x03\x83\x01\x01";

#[test]
fn messages_inside_are_reports() {
    let both = unit(0xa0, &[], 1, &[(0x81, 9, MESSAGE), (0x82, 4, b"\x60\0"), (0x81, 9, b"????")]);
    let heard = datagrams(ends(40_001, Transport::UDP), &[c(&both)]);
    assert_eq!((heard.app().as_str(), heard.operations().len()), ("r_goose", 2));
    assert_eq!((heard.ics()[0].unit, heard.ics()[0].value), (Some(9), Some(7.0)));
    assert_eq!(heard.assets()[0].names, ["A"]);
}

#[test]
fn sampled_values_alone_have_their_own_name() {
    let values = unit(0xa2, &[], 1, &[(0x82, 4, b"\x60\0")]);
    assert_eq!(datagrams(ends(40_001, Transport::UDP), &[c(&values)]).app(), "sv");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_unit_of_the_standard_is_told(
        kind in 0xa0u8..0xa4, number: u32, application: u16, vector in proptest::collection::vec(any::<u8>(), 0..32),
        inside in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        prop_assume!(kind != 0xa2);
        let bytes = unit(kind, &vector, number, &[(0x81, application, &inside)]);
        let told = RGoose.probe(&Head { transport: Transport::UDP, to_server: &bytes, to_client: &[] });
        let sure = matches!(told, Probe::Yes { confidence, .. } if confidence.get() > 0.97);
        prop_assert!(sure, "{told:?}");
    }

    #[test]
    fn random_bytes_are_not(a: [u8; 64]) {
        let told = RGoose.probe(&Head { transport: Transport::UDP, to_server: &a, to_client: &[] });
        prop_assert_eq!(told, Probe::No);
    }
}
