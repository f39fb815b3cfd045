//! Frames of an encoder of its own, what they mean, and what is none.

use super::*;
use crate::rehearsal::{c, rehearse, s};
use crate::trial::{Random, asset, messages, recognises, sure, told};
use picket_event::{Direction, MessageKind, Operation, Protocol, Transport};

const COMMANDS: &[u16] =
    &[0x0101, 0x0401, 0x0403, 0x0406, 0x0619, 0x0801, 0x1001, 0x1002, 0x1006, 0x1401, 0x1630, 0x1828];

fn binary(serial: Option<u16>, answer: bool, body: &[u8]) -> Vec<u8> {
    let mut out = match serial {
        Some(number) => {
            let [low, high] = number.to_le_bytes();
            vec![if answer { 0xd4 } else { 0x54 }, 0, low, high, 0, 0]
        }
        None => vec![if answer { 0xd0 } else { 0x50 }, 0],
    };
    out.extend([0, 0xff, 0xff, 3, 0]);
    out.extend((body.len() as u16).to_le_bytes());
    out.extend(body);
    out
}

fn ask(command: u16, sub: u16, data: &[u8]) -> Vec<u8> {
    let mut body = vec![0x10, 0];
    body.extend(command.to_le_bytes());
    body.extend(sub.to_le_bytes());
    body.extend(data);
    body
}

fn random_frame(random: &mut Random) -> Vec<u8> {
    let serial = (random.below(2) == 0).then(|| random.next() as u16);
    let count = random.below(64);
    let data = random.bytes(count);
    if random.below(3) == 0 {
        let body = [&(random.next() as u16).to_le_bytes()[..], &data].concat();
        return binary(serial, true, &body);
    }
    binary(serial, false, &ask(random.pick(COMMANDS), random.below(4) as u16, &data))
}

#[test]
fn frames_are_recognised_and_nothing_else() {
    recognises(&Melsec, Transport::UDP, random_frame);
    recognises(&Melsec, Transport::TCP, random_frame);
    recognises(&Melsec, Transport::TCP, |random| {
        let data: String = (0..random.below(20)).map(|_| format!("{:02X}", random.next() as u8)).collect();
        let body = format!("0010{:04X}000{:X}{data}", random.pick(COMMANDS), random.below(4));
        format!("500000FF03FF00{:04X}{body}", body.len()).into_bytes()
    });
    recognises(&Melsec, Transport::UDP, |random| {
        let count = random.below(40);
        let mut body = vec![0x1c, 0, 0x0a, 8];
        body.extend(random.bytes(8 + 3 + count));
        let mut out = vec![0x57, random.next() as u8, random.next() as u8, 0, 0, 0x11, 0x11, 7];
        out.extend(random.bytes(11));
        out.extend((body.len() as u16).to_le_bytes());
        out.extend(body);
        out
    });
    assert!(sure(&Melsec, Transport::UDP, &[0x5a, 0, 0, 0xff], &[]) > 0.9);
    assert!(sure(&Melsec, Transport::UDP, &[0x5a, 0, 0, 0xff, 1], &[]) < 0.4);
    assert!(sure(&Melsec, Transport::TCP, b"5000 rows fetched, all of them\r\n", &[]) < 0.4);
}

#[test]
fn devices_and_answers() {
    // SLMP specification: reading M100 to M107, and writing D100.
    let read = binary(Some(0x1234), false, &ask(0x0401, 1, &[100, 0, 0, 0x90, 8, 0]));
    let write = binary(Some(0x1235), false, &ask(0x1401, 0, &[100, 0, 0, 0xa8, 1, 0, 0x95, 0x19]));
    let (no, yes) = (binary(Some(0x1235), true, &[0x51, 0xc0, 0]), binary(Some(0x1234), true, &[0, 0, 0x10]));
    let both = [read, write].concat();
    let lines = [(Direction::ToServer, &both[..]), (Direction::ToClient, &no), (Direction::ToClient, &yes)];
    let output = told(&Protocol::MELSEC, Transport::TCP, &lines);
    let said = messages(&output);
    assert_eq!((said[0].object.as_deref(), said[0].range), (Some("M"), Some((100, 107))));
    assert_eq!((said[1].value, said[1].operation), (Some(6549.0), Operation::Write));
    assert_eq!((said[2].kind, said[2].operation), (MessageKind::Exception, Operation::Write));
    assert_eq!((said[3].kind, said[3].range), (MessageKind::Response, Some((100, 107))));
}

#[test]
fn the_older_frame_is_read_through_its_requests() {
    let (read, run) = ([1, 0xff, 10, 0, 100, 0, 0, 0, b' ', b'D', 2, 0], [0x13, 0xff, 10, 0]);
    assert!(sure(&Melsec, Transport::TCP, &read, &[]) > 0.95);
    // A message of Crimson: no device has such a number.
    let far = [0, 10, 1, 0x2b, 3, 0, 0x6b, 0x4e, b'C', b'T', 0x38, 0];
    assert!((0.4..0.8).contains(&sure(&Melsec, Transport::UDP, &far, &[])));
    let asks = [&read[..], &run].concat();
    let answers = [0x81, 0, 1, 0, 2, 0, 0x93, 0x5b, 0x10, 0];
    let output =
        told(&Protocol::MELSEC, Transport::TCP, &[(Direction::ToServer, &asks), (Direction::ToClient, &answers)]);
    let said: Vec<_> = messages(&output).iter().map(|m| (m.operation, m.kind)).collect();
    let (read, start) = (Operation::Read, Operation::Start);
    let (request, response, exception) = (MessageKind::Request, MessageKind::Response, MessageKind::Exception);
    assert_eq!(said, [(read, request), (start, request), (read, response), (start, exception)]);
}

#[test]
fn an_older_conversation_may_begin_with_an_answer() {
    let read = [1, 0xff, 10, 0, 100, 0, 0, 0, b' ', b'D', 2, 0];
    let (before, answer) = ([0x81, 0, 7, 0, 0x81, 0, 9, 0], [0x81, 0, 1, 0, 2, 0]);
    for piece in [1, 2, 100] {
        let heard = rehearse(40_001, piece, &[s(&before), c(&read), s(&answer), c(&read), s(&answer)]);
        assert_eq!(heard.app(), "melsec");
        assert_eq!(heard.operations(), ["read/request", "read/response", "read/request", "read/response"]);
        assert!(heard.output.malformed.is_empty());
    }
}

#[test]
fn a_processor_names_itself() {
    let ask = binary(None, false, &ask(0x0101, 0, &[]));
    let name = [&[0, 0][..], b"Q03UDECPU       ", &[0x68, 2]].concat();
    let answer = binary(None, true, &name);
    let lines = [(Direction::ToServer, &ask[..]), (Direction::ToClient, &answer)];
    let output = told(&Protocol::MELSEC, Transport::UDP, &lines);
    assert_eq!(asset(&output).model.as_deref(), Some("Q03UDECPU"));
}
