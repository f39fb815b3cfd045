//! Messages of an encoder of its own, and what is none.

use super::*;
use crate::trial::{Random, asset, messages, refuses_random, sure, told};
use picket_event::{Direction, MessageKind, Operation, Protocol, Transport};

fn message(side: u8, function: u8, number: u16, rest: &[u8]) -> Vec<u8> {
    let mut out = vec![side, function];
    out.extend((6 + rest.len() as u16).to_be_bytes());
    out.extend(number.to_be_bytes());
    out.extend(rest);
    out
}

#[test]
fn exchanges_are_recognised_and_nothing_else() {
    let mut random = Random(5);
    for _ in 0..1_000 {
        let (function, length) = random.pick(&[(1u8, 20), (5, 16), (6, 8)]);
        let (number, count) = (random.next() as u16, 12 + random.below(200));
        let ask = message(1, function, number, &random.bytes(length));
        let answer = message(0x81, function, number, &random.bytes(count));
        assert!(sure(&PcWorx, Transport::TCP, &ask, &answer) > 0.95);
        assert!(sure(&PcWorx, Transport::TCP, &answer, &ask) > 0.95);
        assert!(sure(&PcWorx, Transport::TCP, &ask, b"HTTP/1.0 400 Bad\r\n") < 0.4);
        assert!(sure(&PcWorx, Transport::TCP, &[], &answer) >= 0.5, "one direction");
    }
    refuses_random(&PcWorx, Transport::TCP);
}

#[test]
fn a_controller_names_itself() {
    let mut text = vec![0; 24];
    text.extend(b"ILC 191 ETH 2TX\0");
    text.resize(60, 0);
    text.extend(b"4.42\0");
    text.resize(170, 0);
    let (ask, answer) = (message(1, 6, 12, &[0; 8]), message(0x81, 6, 12, &text));
    let odd = message(1, 0x21, 13, &[0; 4]);
    let lines = [(Direction::ToServer, &ask[..]), (Direction::ToClient, &answer), (Direction::ToServer, &odd)];
    let output = told(&Protocol::PCWORX, Transport::TCP, &lines);
    let asset = asset(&output);
    assert_eq!((asset.model.as_deref(), asset.firmware.as_deref()), (Some("ILC 191 ETH 2TX"), Some("4.42")));
    let said: Vec<_> = messages(&output).iter().map(|m| (m.operation, m.kind)).collect();
    let (identify, request) = (Operation::Identify, MessageKind::Request);
    assert_eq!(said, [(identify, request), (identify, MessageKind::Response), (Operation::Other, request)]);
}
