//! Frames of an encoder of its own, what they mean, and what is none.

use super::*;
use crate::trial::{Random, asset, messages, recognises, sure, told};
use picket_event::{Direction, MessageKind, Operation, Protocol, Transport};

fn frame(answer: bool, number: u8, command: u16, data: &[u8]) -> Vec<u8> {
    let mut out = vec![if answer { 0xc0 } else { 0x80 }, 0, 2];
    out.extend(if answer { [0, 0x63, 0, 0, 1, 0] } else { [0, 1, 0, 0, 0x63, 0] });
    out.push(number);
    out.extend(command.to_be_bytes());
    out.extend(data);
    out
}

fn tcp(command: u32, error: u32, inside: &[u8]) -> Vec<u8> {
    let mut out = b"FINS".to_vec();
    for word in [8 + inside.len() as u32, command, error] {
        out.extend(word.to_be_bytes());
    }
    out.extend(inside);
    out
}

fn random_frame(random: &mut Random) -> Vec<u8> {
    // Lengths of the data as the manual has them.
    let (command, length) =
        random.pick(&[(0x0101u16, 6), (0x0103, 8), (0x0401, 3), (0x0501, 0), (0x0601, 0), (0x0702, 7)]);
    let answer = random.below(2) == 0;
    let data = if answer { [&[0, 0][..], &random.bytes(20)].concat() } else { random.bytes(length) };
    let mut frame = frame(answer, random.next() as u8, command, &data);
    frame[4] = random.next() as u8;
    frame[7] = random.next() as u8;
    frame[0] |= u8::from(random.below(2) == 0);
    frame
}

#[test]
fn speech_is_not_taken_for_frames() {
    // RTP of type 0 has the two first bytes of a frame.
    let mut random = Random(3);
    for _ in 0..200_000 {
        let mut speech = random.bytes(172);
        (speech[0], speech[1], speech[2]) = (0x80, 0, speech[2] & 7);
        assert!(sure(&Fins, Transport::UDP, &speech, &[]) < 0.8, "{speech:02x?}");
    }
}

#[test]
fn a_place_that_no_controller_has_is_doubted() {
    // An answer of MELSEC 1E: states of bits.
    let bits = [0x80, 0, 1, 0x10, 0, 1, 1, 0, 0x10, 0x10, 1, 1, 0x10, 1, 1, 0, 0, 0x11];
    let of = |gateways: u8, area: u8, bit: u8| {
        let mut frame = bits;
        (frame[2], frame[12], frame[15]) = (gateways, area, bit);
        sure(&Fins, Transport::UDP, &frame, &[])
    };
    assert!(of(1, 0x10, 0) < 0.8 && of(1, 0x82, 16) < 0.8);
    assert!(of(1, 0x82, 15) > 0.95 && of(1, 0xa3, 0) > 0.95 && of(2, 0x10, 0) > 0.95);
}

#[test]
fn frames_are_recognised_and_nothing_else() {
    recognises(&Fins, Transport::UDP, random_frame);
    recognises(&Fins, Transport::TCP, |random| tcp(2, 0, &random_frame(random)));
    assert!(sure(&Fins, Transport::UDP, &[0x80, 0, 2, 0, 1, 0, 0, 0x63, 0, 1, 1, 1, 0x82, 0, 0], &[]) < 0.4);
}

#[test]
fn areas_ranges_and_end_codes() {
    let read = frame(false, 7, 0x0101, &[0x82, 0, 100, 0, 0, 2]);
    let write = frame(false, 8, 0x0102, &[0x82, 0, 100, 0, 0, 1, 0x12, 0x34]);
    let lines = [
        (Direction::ToServer, read),
        (Direction::ToServer, write),
        (Direction::ToClient, frame(true, 8, 0x0102, &[0x21, 8])),
        (Direction::ToClient, frame(true, 7, 0x0101, &[0, 0, 1, 2, 3, 4])),
    ];
    let lines: Vec<_> = lines.iter().map(|(direction, bytes)| (*direction, &bytes[..])).collect();
    let output = told(&Protocol::FINS, Transport::UDP, &lines);
    let said = messages(&output);
    assert_eq!((said[0].object.as_deref(), said[0].range), (Some("DM words"), Some((100, 101))));
    assert_eq!((said[1].value, said[1].unit), (Some(4660.0), Some(256)));
    assert_eq!((said[2].kind, said[2].operation), (MessageKind::Exception, Operation::Write));
    assert_eq!((said[3].kind, said[3].range), (MessageKind::Response, Some((100, 101))));
}

#[test]
fn a_controller_names_itself_over_tcp() {
    let text = |text: &str| format!("{text:20}").into_bytes();
    let data = [&[0, 0][..], &text("CP1L-EL20DR-D"), &text("01.00     01.06")].concat();
    let hello = [tcp(0, 0, &[0; 4]), tcp(2, 0, &frame(false, 5, 0x0501, &[0]))].concat();
    let answers = [tcp(1, 0, &[0, 0, 0, 0xfb, 0, 0, 0, 200]), tcp(2, 0, &frame(true, 5, 0x0501, &data))].concat();
    let output =
        told(&Protocol::FINS, Transport::TCP, &[(Direction::ToServer, &hello), (Direction::ToClient, &answers)]);
    let (asset, said) = (asset(&output), messages(&output));
    assert_eq!((asset.model.as_deref(), asset.firmware.as_deref()), (Some("CP1L-EL20DR-D"), Some("01.00")));
    assert_eq!((said[2].operation, said[2].kind), (Operation::Session, MessageKind::Response));
}

#[test]
fn zeros_behind_a_gap_are_no_frame() {
    let whole = tcp(2, 0, &frame(false, 1, 0x0101, &[0x82, 0, 0, 0, 0, 1]));
    let bytes = [&whole[..], &[0xff; 3], &[0; 30], &whole].concat();
    let output = told(&Protocol::FINS, Transport::TCP, &[(Direction::ToServer, &bytes)]);
    assert_eq!((messages(&output).len(), output.malformed.len()), (2, 1));
}
