//! Services in both framings, and what is none.

use super::*;
use crate::rehearsal::{c, datagrams, ends, rehearse, s};
use crate::{Dissector, Head, Probe};
use picket_event::Transport;
use proptest::prelude::*;

fn wrapper(src: u16, dest: u16, apdu: &[u8]) -> Vec<u8> {
    let length = u16::try_from(apdu.len()).unwrap();
    [&[0, 1][..], &src.to_be_bytes(), &dest.to_be_bytes(), &length.to_be_bytes(), apdu].concat()
}

/// The frame check sequence of HDLC, bit by bit.
fn sum(bytes: &[u8]) -> [u8; 2] {
    let mut crc = 0xffff_u16;
    for bit in bytes.iter().flat_map(|byte| (0..8).map(move |at| u16::from(byte >> at & 1))) {
        crc = if (crc ^ bit) & 1 == 1 { crc >> 1 ^ 0x8408 } else { crc >> 1 };
    }
    (!crc).to_le_bytes()
}

fn hdlc(format: u8, addresses: [u8; 2], control: u8, inside: &[u8]) -> Vec<u8> {
    let checks = if inside.is_empty() { 2 } else { 4 };
    let mut bytes = vec![format, u8::try_from(5 + inside.len() + checks).unwrap()];
    bytes.extend(addresses);
    bytes.push(control);
    if !inside.is_empty() {
        bytes.extend(sum(&bytes));
        bytes.extend(inside);
    }
    bytes.extend(sum(&bytes));
    [&[0x7e][..], &bytes, &[0x7e]].concat()
}

const GET: &[u8] = &[0xc0, 1, 0xc1, 0, 3, 1, 0, 1, 8, 0, 255, 2, 0];

#[test]
fn services_are_read_in_the_wrapper() {
    let up = |apdu: &[u8]| wrapper(16, 1, apdu);
    let down = |apdu: &[u8]| wrapper(1, 16, apdu);
    let heard = rehearse(
        40_001,
        7,
        &[
            c(&up(&[0x60, 6, 0xa1, 4, 6, 2, 1, 2])),
            s(&down(&[0x61, 5, 0xa2, 3, 2, 1, 0])),
            c(&up(GET)),
            s(&down(&[0xc4, 1, 0xc1, 0, 6, 0, 0, 0, 9])),
            c(&up(&[0xc1, 1, 0xc2, 0, 8, 0, 0, 1, 0, 0, 255, 3, 0, 0x12, 0, 1])),
            s(&down(&[0xc5, 1, 0xc2, 3])),
            c(&up(&[0xc3, 1, 0xc3, 0, 70, 0, 0, 96, 3, 10, 255, 1, 0])),
            s(&down(&[0xd8, 1, 2])),
            s(&down(&[0x0f, 0, 0, 0, 1, 0])),
            c(&up(&[0xc8, 3, 0x30, 0, 1])),
            s(&down(&[0x61, 5, 0xa2, 3, 2, 1, 1])),
        ],
    );
    let wanted = [
        "session/request",
        "session/response",
        "read/request",
        "read/response",
        "write/request",
        "write/exception",
        "control/request",
        "control/exception",
        "report/unsolicited",
        "read/request",
        "session/exception",
    ];
    assert_eq!(heard.operations(), wanted);
    for at in [2, 3] {
        assert_eq!(heard.ics()[at].object.as_deref(), Some("class 3 1-0:1.8.0*255 2"));
        assert_eq!(heard.ics()[at].unit, Some(1));
    }
}

#[test]
fn services_are_read_in_frames_of_hdlc() {
    // As a published exchange has them.
    assert_eq!(hdlc(0xa0, [3, 0x21], 0x93, &[]), [0x7e, 0xa0, 7, 3, 0x21, 0x93, 0x0f, 1, 0x7e]);
    let request = hdlc(0xa0, [3, 0x21], 0x32, &[&[0xe6, 0xe6, 0][..], GET].concat());
    let first = hdlc(0xa8, [0x21, 3], 0x52, &[0xe6, 0xe7, 0, 0xc4, 1, 0xc1, 0, 1, 2]);
    let second = hdlc(0xa0, [0x21, 3], 0x54, &[0xc4, 1, 0xc1, 0]);
    // One flag between two frames.
    let shared = [&first[..first.len() - 1], &second].concat();
    let heard = rehearse(
        40_001,
        13,
        &[c(&hdlc(0xa0, [3, 0x21], 0x93, &[])), s(&hdlc(0xa0, [0x21, 3], 0x73, &[])), c(&request), s(&shared)],
    );
    assert_eq!(heard.operations(), ["read/request", "read/response"]);
    assert_eq!(heard.ics()[1].unit, Some(1));
    let mut broken = request.clone();
    broken[9] ^= 1;
    let heard = datagrams(ends(4059, Transport::UDP), &[c(&request), c(&broken)]);
    assert_eq!((heard.ics().len(), heard.output.malformed.as_slice()), (1, &["dlms: checksum"][..]));
}

fn probe(to_server: &[u8], to_client: &[u8]) -> Probe {
    Dlms.probe(&Head { transport: Transport::TCP, to_server, to_client })
}

/// Modbus has zeros and a length there too.
#[test]
fn others_are_not_taken_for_it() {
    assert!(!matches!(probe(&[0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 1], &[]), Probe::Yes { .. }));
    assert!(!matches!(probe(&[0, 1, 0, 1, 0, 1, 0, 5, 1, 2, 3, 4, 5], &[]), Probe::Yes { .. }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_frame_of_the_standard_is_told(
        in_hdlc: bool, src in 1u16..0x7fff, dest in 1u16..0x7fff, invocation: u8, name: [u8; 6],
        data in proptest::collection::vec(any::<u8>(), 0..60),
    ) {
        let apdu = [&[0xc1, 1, invocation, 0, 3][..], &name, &[2, 0], &data].concat();
        let bytes = if in_hdlc {
            let [address, _] = src.to_be_bytes();
            hdlc(0xa0, [address | 1, 0x21], 0x10, &[&[0xe6, 0xe6, 0][..], &apdu].concat())
        } else {
            wrapper(src, dest, &apdu)
        };
        let told = probe(&bytes, &[]);
        let sure = matches!(told, Probe::Yes { confidence, .. } if confidence.get() > 0.92);
        prop_assert!(sure, "{told:?}");
    }

    #[test]
    fn random_bytes_are_not(a: [u8; 64], b: [u8; 64]) {
        let told = matches!(probe(&a, &b), Probe::Yes { .. });
        prop_assert!(!told);
    }
}
