//! Messages with their fields, and what is missing or wrong in them.

use super::*;
use crate::rehearsal::{c, datagrams, link};
use crate::{Dissector, Head, Probe};
use picket_event::Transport;
use proptest::prelude::*;

fn field(number: u8, value: &[u8]) -> Vec<u8> {
    [&[0x80 | number, u8::try_from(value.len()).unwrap()][..], value].concat()
}

/// A frame written without the parser's help, its fields without one of them.
fn frame(application: u16, state: u8, without: Option<usize>) -> Vec<u8> {
    let fields: [Vec<u8>; 10] = [
        field(0, b"BAY1PROT/LLN0$GO$trip"),
        field(1, &[7, 0xd0]),
        field(2, b"BAY1PROT/LLN0$trips"),
        field(3, b"trip"),
        field(4, &[0x69, 0xa4, 0xd8, 0, 0, 0, 0, 10]),
        field(5, &[state]),
        field(6, &[1]),
        field(8, &[1]),
        field(10, &[2]),
        [0xab, 6, 0x83, 1, 1, 0x83, 1, 0].to_vec(),
    ];
    let kept = fields.iter().enumerate().filter(|(at, _)| Some(*at) != without);
    let inside: Vec<u8> = kept.flat_map(|(_, field)| field.clone()).collect();
    let message = [&[0x61, 0x81, u8::try_from(inside.len()).unwrap()][..], &inside].concat();
    let length = u16::try_from(message.len() + 8).unwrap();
    [&application.to_be_bytes()[..], &length.to_be_bytes(), &[0; 4], &message].concat()
}

#[test]
fn a_message_is_a_report_of_its_control_block() {
    let heard = datagrams(link(0x88b8), &[c(&frame(3, 5, None)), c(&frame(3, 6, None))]);
    assert_eq!(heard.operations(), ["report/unsolicited"; 2]);
    let ics = heard.ics();
    assert_eq!((ics[0].unit, ics[0].value), (Some(3), Some(5.0)));
    assert_eq!(ics[0].object.as_deref(), Some("BAY1PROT/LLN0$GO$trip"));
    assert!(heard.output.malformed.is_empty());
    let assets = heard.assets();
    assert_eq!(assets.len(), 1);
    assert_eq!(assets[0].names, ["BAY1PROT"]);
    assert!(assets[0].mac.is_some());
}

#[test]
fn what_the_standard_demands_is_missed() {
    for without in 0..10 {
        let heard = datagrams(link(0x88b8), &[c(&frame(3, 5, Some(without)))]);
        assert_eq!(heard.ics().len(), 1, "{without}");
        let wanted: &[&str] = if without == 3 { &[] } else { &["goose: field is missing"] };
        assert_eq!(heard.output.malformed, wanted, "{without}");
    }
}

#[test]
fn padding_is_no_damage_and_a_cut_is() {
    let whole = frame(3, 5, None);
    let padded = [&whole[..], &[0; 9]].concat();
    assert!(datagrams(link(0x88b8), &[c(&padded)]).output.malformed.is_empty());
    let cut = datagrams(link(0x88b8), &[c(&whole[..60])]);
    assert_eq!((cut.app().as_str(), cut.ics().len()), ("goose", 1));
    assert_eq!(cut.output.malformed, ["goose: message is cut"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_frame_of_the_standard_is_told(application: u16, state: u8, without in 0usize..12) {
        let bytes = frame(application, state, Some(without));
        let told = Goose.probe(&Head { transport: Transport(0), to_server: &bytes, to_client: &[] });
        let sure = matches!(told, Probe::Yes { confidence, .. } if confidence.get() > 0.97);
        prop_assert!(sure, "{told:?}");
    }

    #[test]
    fn random_bytes_are_not(bytes: [u8; 60]) {
        let told = Goose.probe(&Head { transport: Transport(0), to_server: &bytes, to_client: &[] });
        prop_assert_eq!(told, Probe::No);
    }

    #[test]
    fn f32_fields_stand_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        let mut said = parse::Said::default();
        let _ = parse::said(&bytes, &mut said);
        let _ = parse::frame(&bytes);
    }
}
