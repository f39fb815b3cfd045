//! Messages of an encoder of its own, what they mean, and what is none.

use super::*;
use crate::trial::{messages, recognises, sure, told};
use picket_event::{Direction, MessageKind, Operation, Protocol, Transport};

fn message(answer: bool, number: u16, inside: u8, tail: [u8; 14], text: &[u8]) -> Vec<u8> {
    let mut out = vec![0; 56];
    out[0] = if answer { 3 } else { 2 };
    out[2..4].copy_from_slice(&number.to_le_bytes());
    out[4..6].copy_from_slice(&(text.len() as u16).to_le_bytes());
    out[9] = u8::from(!answer);
    out[17] = 1;
    out[30] = number as u8;
    out[31] = inside;
    out[40] = 1;
    out[41] = 1;
    out[42..56].copy_from_slice(&tail);
    out.extend(text);
    out
}

fn ask(number: u16, service: u8, selector: u8, offset: u16, count: u16) -> Vec<u8> {
    let ([a, b], [c, d]) = (offset.to_le_bytes(), count.to_le_bytes());
    message(false, number, 0xc0, [service, selector, a, b, c, d, 0x39, 5, 0, 0, 0, 0, 0, 0], &[])
}

#[test]
fn messages_are_recognised_and_nothing_else() {
    recognises(&GeSrtp, Transport::TCP, |random| {
        let mut tail = [0; 14];
        tail.copy_from_slice(&random.bytes(14));
        let count = random.below(300);
        let (answer, text) = (random.below(2) == 0, random.bytes(count));
        let inside = if answer { random.pick(&[0xd4, 0x94, 0xd1]) } else { random.pick(&[0xc0, 0x80]) };
        let mut message = message(answer, random.next() as u16, inside, tail, &text);
        message.splice(26..31, random.bytes(5));
        message.splice(32..40, random.bytes(8));
        message
    });
    assert!(sure(&GeSrtp, Transport::TCP, &[0; 56], &[]) < 0.4, "zeros are anybody's");
    let mut answer = [0; 56];
    (answer[0], answer[8]) = (1, 0x0f);
    assert!(sure(&GeSrtp, Transport::TCP, &[0; 56], &answer) > 0.85);
    // Three commands of EtherNet/IP.
    let mut other = [0; 72];
    (other[0], other[24], other[48]) = (1, 4, 0x64);
    assert!(sure(&GeSrtp, Transport::TCP, &[], &other) < 0.4);
}

#[test]
fn answers_are_found_by_number() {
    let asks = [ask(1, 4, 8, 99, 2), ask(2, 7, 8, 4, 1), ask(3, 0x23, 0, 0, 0)].concat();
    let answers = [
        message(true, 2, 0xd1, [0; 14], &[]),
        message(true, 1, 0x94, [0; 14], &[1, 0, 2, 0]),
        message(true, 9, 0xd4, [0; 14], &[]),
    ]
    .concat();
    let lines = [(Direction::ToServer, &asks[..]), (Direction::ToClient, &answers)];
    let output = told(&Protocol::GE_SRTP, Transport::TCP, &lines);
    let said: Vec<_> = messages(&output).iter().map(|m| (m.operation, m.kind, m.range)).collect();
    let request = MessageKind::Request;
    assert_eq!(
        said,
        [
            (Operation::Read, request, Some((99, 100))),
            (Operation::Write, request, Some((4, 4))),
            (Operation::Mode, request, None),
            (Operation::Write, MessageKind::Exception, Some((4, 4))),
            (Operation::Read, MessageKind::Response, Some((99, 100))),
            (Operation::Other, MessageKind::Response, None),
        ]
    );
    assert_eq!(messages(&output)[1].value, Some(1337.0));
}
