//! Frames with their checksums, segments, sequence numbers, and what is none.

use super::*;
use crate::rehearsal::{Line, ToClient, ToServer, c, datagrams, ends, rehearse, s};
use crate::{Dissector, Head, Probe};
use picket_event::Transport;
use proptest::prelude::*;

/// CRC-16/DNP, bit by bit.
fn sum(bytes: &[u8]) -> [u8; 2] {
    let mut crc = 0u16;
    for bit in bytes.iter().flat_map(|byte| (0..8).map(move |at| u16::from(byte >> at & 1))) {
        crc = if (crc ^ bit) & 1 == 1 { crc >> 1 ^ 0xa6bc } else { crc >> 1 };
    }
    (!crc).to_le_bytes()
}

fn frame(control: u8, dest: u16, src: u16, data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![5, 0x64, u8::try_from(data.len() + 5).unwrap(), control];
    bytes.extend(dest.to_le_bytes());
    bytes.extend(src.to_le_bytes());
    bytes.extend(sum(&bytes));
    for block in data.chunks(16) {
        bytes.extend(block);
        bytes.extend(sum(block));
    }
    bytes
}

/// Master 1 to outstation 10, in one segment.
fn ask(sequence: u8, function: u8, objects: &[u8]) -> Vec<u8> {
    frame(0xc4, 10, 1, &[&[0xc0, 0xc0 | sequence, function], objects].concat())
}

fn answer(sequence: u8, function: u8, objects: &[u8]) -> Vec<u8> {
    frame(0x44, 1, 10, &[&[0xc0, 0xc0 | sequence, function], objects].concat())
}

#[test]
fn the_examples_of_the_standard_have_their_checksums() {
    // A request of link status from 1 to 10, and its header's checksum as published test vectors have it.
    assert_eq!(frame(0xc9, 1, 1024, &[])[..8], [5, 0x64, 5, 0xc9, 1, 0, 0, 4]);
    assert_eq!(frame(0xc0, 1, 0, &[])[8..], crate::checksum::dnp(&[5, 0x64, 5, 0xc0, 1, 0, 0, 0]).to_le_bytes());
}

#[test]
fn responses_take_the_operation_of_their_request() {
    let heard = rehearse(
        40_001,
        1460,
        &[
            c(&ask(1, 1, &[60, 2, 6])),
            s(&answer(1, 129, &[0, 0])),
            c(&ask(2, 2, &[50, 1, 7, 1, 1, 2, 3, 4, 5, 6])),
            s(&answer(2, 129, &[0x80, 0])),
            c(&ask(3, 13, &[])),
            s(&answer(3, 129, &[0, 1])),
            s(&answer(9, 129, &[0, 0])),
            s(&answer(0, 130, &[0, 0, 2, 1, 0x17, 1, 4, 0x81])),
            c(&ask(0, 0, &[])),
            c(&ask(4, 99, &[])),
        ],
    );
    assert_eq!(
        heard.operations(),
        [
            "read/request",
            "read/response",
            "time/request",
            "time/response",
            "restart/request",
            "restart/response",
            "other/response",
            "report/unsolicited",
            "session/request",
            "other/request"
        ]
    );
    let objects: Vec<_> = heard.ics().iter().map(|ics| ics.object.clone().unwrap_or_default()).collect();
    assert_eq!(objects[3..8], ["device restart", "", "function not supported", "", "binary input event"]);
    assert!(heard.ics().iter().all(|ics| ics.unit == Some(10)));
    assert!(heard.output.malformed.is_empty());
}

#[test]
fn commands_have_a_code_or_a_value() {
    let block = [12, 1, 0x17, 1, 7, 0x41, 1, 100, 0, 0, 0, 0, 0, 0, 0, 0];
    let two = [41, 2, 0x28, 2, 0, 9, 0, 5, 0, 0, 3, 0, 6, 0, 0];
    let float = [41, 3, 0x28, 1, 0, 3, 0, 0, 0, 0xc0, 0x3f, 0];
    let heard = rehearse(20_000, 1460, &[c(&ask(1, 3, &block)), c(&ask(2, 5, &two)), c(&ask(3, 5, &float))]);
    let seen: Vec<_> = heard.ics().iter().map(|ics| (ics.operation.name(), ics.range, ics.value)).collect();
    assert_eq!(
        seen,
        [("select", Some((7, 7)), Some(65.0)), ("control", Some((3, 9)), None), ("control", Some((3, 3)), Some(1.5))]
    );
}

#[test]
fn segments_are_put_together_and_fragments_follow_each_other() {
    let request = ask(5, 1, &[30, 0, 6]);
    let (one, two) = (vec![0xa5; 249], vec![0x5a; 40]);
    let first = frame(0x44, 1, 10, &[&[0x41, 0xa5, 129, 0, 0, 30, 1, 0, 0, 9], &one[..239]].concat());
    let second = frame(0x44, 1, 10, &[&[0x82][..], &two].concat());
    let more = frame(0x44, 1, 10, &[0xc3, 0x66, 129, 0, 0, 30, 1, 0, 10, 19]);
    let heard = rehearse(40_001, 100, &[c(&request), s(&first), s(&second), s(&more)]);
    assert_eq!(heard.operations(), ["read/request", "read/response", "other/response"]);
    assert_eq!(heard.ics()[1].range, Some((0, 9)));
    let lost = rehearse(40_001, 100, &[c(&request), s(&first), Line::Lacks(ToClient, 1), s(&second), s(&more)]);
    assert_eq!(lost.ics().len(), 2);
    // What the other side lost is another matter.
    let other = rehearse(40_001, 100, &[c(&request), s(&first), Line::Lacks(ToServer, 1), s(&second), s(&more)]);
    assert_eq!(other.ics().len(), 3);
}

#[test]
fn a_further_fragment_is_no_answer_to_what_had_its_number_before() {
    let (write, wrote) = (ask(6, 2, &[80, 1, 0, 7, 7, 0]), answer(6, 129, &[0, 0]));
    let scan = ask(5, 1, &[30, 0, 6]);
    let first = frame(0x44, 1, 10, &[0xc0, 0xa5, 129, 0, 0, 30, 1, 0, 0, 9]);
    let second = frame(0x44, 1, 10, &[0xc1, 0x66, 129, 0, 0, 30, 1, 0, 10, 19]);
    let heard = rehearse(40_001, 1460, &[c(&write), s(&wrote), c(&scan), s(&first), s(&second)]);
    let said = ["write/request", "write/response", "read/request", "read/response", "other/response"];
    assert_eq!(heard.operations(), said);
}

#[test]
fn a_checksum_that_does_not_fit_is_damage() {
    let mut broken = ask(2, 5, &[12, 1, 0x17, 1, 7, 0x41, 1, 100, 0, 0, 0, 0, 0, 0, 0, 0]);
    broken[14] ^= 1;
    let heard = rehearse(20_000, 1460, &[c(&ask(1, 1, &[60, 2, 6])), c(&broken), c(&ask(3, 1, &[60, 2, 6]))]);
    assert_eq!(heard.ics().len(), 2);
    assert_eq!(heard.output.malformed, ["dnp3: checksum of a block"]);
}

#[test]
fn an_outstation_tells_of_itself() {
    let mut attributes = vec![0, 0];
    for (variation, text) in [(252, "Example Works"), (250, "RTU-9"), (242, "1.4")] {
        attributes.extend([0, variation, 0, 0, 0, 1, u8::try_from(text.len()).unwrap()]);
        attributes.extend(text.as_bytes());
    }
    let heard = rehearse(20_000, 1460, &[c(&ask(1, 1, &[0, 254, 6])), s(&answer(1, 129, &attributes))]);
    let asset = heard.assets()[0];
    assert_eq!((asset.vendor.as_deref(), asset.model.as_deref()), (Some("Example Works"), Some("RTU-9")));
    assert_eq!((asset.firmware.as_deref(), asset.ip), (Some("1.4"), Some([192, 0, 2, 2].into())));
}

#[test]
fn datagrams_hold_several_frames() {
    let two = [ask(1, 1, &[60, 2, 6]), ask(2, 1, &[60, 3, 6])].concat();
    let heard = datagrams(ends(40_001, Transport::UDP), &[c(&two), s(&answer(1, 129, &[0, 0])), s(&two[..9])]);
    assert_eq!(heard.operations(), ["read/request", "read/request", "read/response"]);
    assert_eq!(heard.output.malformed, ["datagram holds no whole message"]);
}

#[test]
fn the_ends_are_told_by_who_is_master() {
    assert!(!rehearse(40_001, 1460, &[c(&ask(1, 1, &[60, 2, 6]))]).conversation.reversed());
    assert!(rehearse(40_001, 1460, &[s(&ask(1, 1, &[60, 2, 6]))]).conversation.reversed());
}

fn probe(to_server: &[u8], to_client: &[u8]) -> Probe {
    Dnp3.probe(&Head { transport: Transport::TCP, to_server, to_client })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_frame_of_the_standard_is_told(control: u8, dest: u16, src: u16, data in proptest::collection::vec(any::<u8>(), 0..250)) {
        let bytes = frame(control, dest, src, &data);
        let told = probe(&bytes, &[]);
        prop_assert!(matches!(told, Probe::Yes { confidence, .. } if confidence.get() >= 0.96), "{told:?}");
    }

    #[test]
    fn random_bytes_are_not(a: [u8; 64], b: [u8; 64], marked: bool) {
        let mut a = a;
        if marked {
            a[..2].copy_from_slice(&[5, 0x64]);
        }
        let told = matches!(probe(&a, &b), Probe::Yes { .. });
        prop_assert!(!told || sum(&a[..8]) == a[8..10]);
    }
}
