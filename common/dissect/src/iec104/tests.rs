//! Types with their lengths and causes, frames in any pieces, and what is none.

use super::*;
use crate::rehearsal::{Line, ToClient, c, rehearse, s};
use crate::{Dissector, Head, Probe};
use picket_event::{Operation, Transport};
use proptest::prelude::*;

/// A frame of I format, written without the parser's help: type, structure, cause, address 1, objects.
fn unit(code: u8, structure: u8, cause: u8, objects: &[u8]) -> Vec<u8> {
    let length = u8::try_from(objects.len() + 10).unwrap();
    [&[0x68, length, 2, 0, 4, 0, code, structure, cause, 0, 1, 0][..], objects].concat()
}

const START: &[u8] = &[0x68, 4, 7, 0, 0, 0];
const STARTED: &[u8] = &[0x68, 4, 0x0b, 0, 0, 0];

#[test]
fn types_and_causes_give_operations() {
    let single = [1, 0, 0, 1];
    let table: &[(Vec<u8>, &str)] = &[
        (unit(1, 1, 3, &single), "report/unsolicited"),
        (unit(1, 1, 20, &single), "read/response"),
        (unit(1, 1, 5, &single), "read/response"),
        (unit(70, 1, 4, &[0, 0, 0, 0]), "report/unsolicited"),
        (unit(45, 1, 6, &[1, 0, 0, 1]), "control/request"),
        (unit(45, 1, 6, &[1, 0, 0, 0x81]), "select/request"),
        (unit(45, 1, 7, &[1, 0, 0, 1]), "control/response"),
        (unit(45, 1, 0x47, &[1, 0, 0, 1]), "control/exception"),
        (unit(50, 1, 6, &[1, 0, 0, 0, 0, 0x80, 0x3f, 0x80]), "select/request"),
        (unit(51, 1, 6, &[1, 0, 0, 1, 2, 3, 4]), "write/request"),
        (unit(100, 1, 6, &[0, 0, 0, 20]), "read/request"),
        (unit(100, 1, 10, &[0, 0, 0, 20]), "read/response"),
        (unit(103, 1, 6, &[0, 0, 0, 1, 2, 3, 4, 5, 6, 7]), "time/request"),
        (unit(105, 1, 6, &[0, 0, 0, 1]), "restart/request"),
        (unit(102, 1, 5, &[1, 0, 0]), "read/request"),
        (unit(99, 1, 44, &[1, 0, 0]), "other/exception"),
    ];
    for (bytes, wanted) in table {
        let heard = rehearse(40_001, 1460, &[c(START), s(STARTED), c(bytes)]);
        assert_eq!(heard.operations(), ["session/request", "session/response", wanted], "{bytes:02x?}");
        assert!(heard.output.malformed.is_empty(), "{bytes:02x?}");
    }
}

#[test]
fn objects_have_addresses_and_values() {
    let several = unit(1, 3, 20, &[5, 0, 0, 1, 9, 0, 0, 0, 7, 0, 1, 1]);
    let sequence = unit(13, 0x82, 3, &[0, 1, 0, 0, 0, 0x80, 0x3f, 0, 0, 0, 0, 0x40, 0]);
    let normalised = unit(9, 1, 3, &[1, 2, 0, 0, 0xc0, 0]);
    let step = unit(5, 1, 3, &[1, 0, 0, 0x7f, 0]);
    let heard = rehearse(2404, 1460, &[s(&several), s(&sequence), s(&normalised), s(&step)]);
    let seen: Vec<_> = heard.ics().iter().map(|ics| (ics.range, ics.value)).collect();
    assert_eq!(
        seen,
        [
            (Some((5, 65_543)), None),
            (Some((256, 257)), None),
            (Some((513, 513)), Some(-0.5)),
            (Some((1, 1)), Some(-1.0))
        ]
    );
    assert_eq!(heard.ics()[1].object.as_deref(), Some("spontaneous"));
}

#[test]
fn pieces_do_not_matter_and_gaps_are_passed_over() {
    let report = unit(1, 1, 3, &[1, 0, 0, 1]);
    let many = report.repeat(5);
    for piece in 1..many.len() {
        assert_eq!(rehearse(40_001, piece, &[c(START), s(STARTED), s(&many)]).ics().len(), 7, "{piece}");
    }
    let heard =
        rehearse(2404, 1460, &[s(&many), s(&report[..7]), Line::Lacks(ToClient, 100), s(&report[9..]), s(&many)]);
    assert_eq!(heard.ics().len(), 10);
    assert_eq!(heard.output.malformed, ["message cut by a gap"]);
}

#[test]
fn damage_is_told_once_and_passed_over() {
    let report = unit(1, 1, 3, &[1, 0, 0, 1]);
    let lying = unit(1, 2, 3, &[1, 0, 0, 1]);
    let heard = rehearse(2404, 1460, &[s(&report), s(&lying), s(b"noise"), s(&report), s(&report)]);
    assert_eq!(heard.output.malformed, ["iec104: objects do not fill their data unit", "iec104: no start of a frame"]);
    assert_eq!(heard.ics().len(), 4);
}

/// The one who is asked to start is the controlled station, wherever the capture began.
#[test]
fn the_ends_are_told_by_who_commands() {
    let command = unit(45, 1, 6, &[1, 0, 0, 1]);
    let straight = rehearse(2404, 1460, &[c(&command)]);
    assert!(!straight.conversation.reversed());
    let crossed = rehearse(2404, 1460, &[s(&command)]);
    assert!(crossed.conversation.reversed());
    assert_eq!(crossed.ics()[0].operation, Operation::Control);
}

#[test]
fn a_keep_alive_at_the_beginning_is_passed_over() {
    let report = unit(1, 1, 3, &[1, 0, 0, 1]);
    let heard = rehearse(40_001, 1460, &[c(&[0]), s(&[0]), s(&report), c(&[0x68, 4, 1, 0, 2, 0]), s(&report)]);
    assert_eq!((heard.app().as_str(), heard.ics().len()), ("iec104", 2));
    assert!(heard.output.malformed.is_empty());
}

fn probe(to_server: &[u8], to_client: &[u8]) -> Probe {
    Iec104.probe(&Head { transport: Transport::TCP, to_server, to_client })
}

#[test]
fn others_are_not_taken_for_it() {
    for bytes in [&b"h\x04\xff\0\0\0"[..], b"hello, world", &[0x68, 0x0e, 0, 0, 0, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0, 1]] {
        let told = probe(bytes, &[]);
        assert!(!matches!(told, Probe::Yes { .. }), "{bytes:02x?}");
    }
    assert_eq!(probe(&START[..4], &[]), Probe::More);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// Every type with every free field random is told by one frame.
    #[test]
    fn a_unit_of_the_standard_is_told(
        at in 0..table::TYPES.len(), sequence: bool, count in 1u8..18, cause in 1u8..14, numbers: [u8; 4],
        flags in 0u8..4, address: [u8; 3], noise: [u8; 240],
    ) {
        let kind = table::TYPES[at];
        let Some(element) = kind.element.map(usize::from) else { return Ok(()) };
        let count = if sequence || element < 10 { count } else { count.min(10) };
        let size = if sequence { 3 + element * usize::from(count) } else { (3 + element) * usize::from(count) };
        let objects = &noise[..size.min(240)];
        prop_assume!(objects.len() == size);
        let structure = count | u8::from(sequence) << 7;
        let mut bytes = vec![0x68, u8::try_from(size + 10).unwrap()];
        bytes.extend([numbers[0] & 0xfe, numbers[1], numbers[2] & 0xfe, numbers[3]]);
        bytes.extend([kind.code, structure, cause | flags << 6]);
        bytes.extend(address);
        bytes.extend(objects);
        let told = probe(&bytes, &[]);
        prop_assert!(matches!(told, Probe::Yes { confidence, .. } if confidence.get() > 0.9), "{told:?}");
        prop_assert_eq!(rehearse(40_001, 1460, &[c(&bytes)]).ics().len(), 1);
    }

    #[test]
    fn random_bytes_are_not(a: [u8; 64], b: [u8; 64]) {
        let told = matches!(probe(&a, &b), Probe::Yes { .. });
        prop_assert!(!told);
    }
}
