//! The questions of identity, and what is none.

use super::*;
use crate::trial::{Random, asset, messages, refuses_random, sure, told};
use picket_event::{Direction, MessageKind, Operation, Protocol, Transport};

fn message(code: u16, data: &[u8]) -> Vec<u8> {
    [&(2 + data.len() as u16).to_be_bytes()[..], &code.to_be_bytes(), data].concat()
}

#[test]
fn exchanges_are_recognised_and_nothing_else() {
    let mut random = Random(9);
    for _ in 0..1_000 {
        let (code, mark) = random.pick(&[(0x012a, 0x1a), (0x012b, 0x1b)]);
        let text: Vec<u8> = (0..=random.below(30)).map(|_| b' ' + random.below(95) as u8).collect();
        let (ask, answer) = (message(code, &[mark, 0]), message(code, &[&[3, 0][..], &text, &[0]].concat()));
        for (up, down) in [(&ask[..], &answer[..]), (&answer, &ask), (&ask, &[]), (&[], &answer)] {
            assert!(sure(&Crimson, Transport::TCP, up, down) > 0.9);
        }
        assert!(sure(&Crimson, Transport::TCP, &ask, b"HTTP/1.0 400 Bad\r\n") < 0.4);
    }
    refuses_random(&Crimson, Transport::TCP);
}

#[test]
fn a_panel_names_itself() {
    let (ask, answer) = (message(0x012a, &[0x1a, 0]), message(0x012a, b"\x03\0G306a\0"));
    let odd = message(0x0210, &[9, 9]);
    let lines = [(Direction::ToServer, &ask[..]), (Direction::ToClient, &answer), (Direction::ToServer, &odd)];
    let output = told(&Protocol::CRIMSON, Transport::TCP, &lines);
    assert_eq!(asset(&output).model.as_deref(), Some("G306a"));
    let said: Vec<_> = messages(&output).iter().map(|m| (m.operation, m.kind)).collect();
    let (identify, request) = (Operation::Identify, MessageKind::Request);
    assert_eq!(said, [(identify, request), (identify, MessageKind::Response), (Operation::Other, request)]);
}
