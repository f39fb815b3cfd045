//! Messages of an encoder of its own, and what is none.

use super::*;
use crate::trial::{messages, recognises, told};
use picket_event::{Direction, MessageKind, Operation, Protocol, Transport};

fn message(kind: u16, service: u16, call: u16, sum: bool, body: &[u8]) -> Vec<u8> {
    let mut words = [1, kind, 0, body.len() as u16, service, call, 0, 0];
    if sum {
        words[7] = 0xffff - words.iter().sum::<u16>();
    }
    [words.map(u16::to_le_bytes).concat(), body.to_vec()].concat()
}

fn name(service: &str) -> Vec<u8> {
    format!("Ade.Remoting.Services.{service}\0").into_bytes()
}

#[test]
fn messages_are_recognised_and_nothing_else() {
    recognises(&Proconos, Transport::TCP, |random| {
        let count = random.below(80);
        if random.below(3) == 0 {
            return message(0, 0, 0, random.below(2) == 0, &name("IExample"));
        }
        let kind = random.pick(&[2, 3]);
        message(kind, random.below(9) as u16, random.below(99) as u16, random.below(2) == 0, &random.bytes(count))
    });
}

#[test]
fn the_control_service_starts_and_stops() {
    let asks = [
        message(0, 0, 0, true, &name("ISecurityService")),
        message(0, 0, 0, false, &name("IProConOSControlService")),
        message(2, 2, 7, false, &[]),
        message(2, 2, 6, false, &[1, 0]),
        message(2, 1, 6, false, &[]),
    ]
    .concat();
    let opened = [message(1, 0, 0, true, &[]), message(1, 2, 0, true, &[])].concat();
    let answers = [message(3, 2, 7, false, &[]), message(3, 2, 6, false, &[])].concat();
    let first = name("ISecurityService").len() + name("IProConOSControlService").len() + 32;
    let lines = [
        (Direction::ToServer, &asks[..first]),
        (Direction::ToClient, &opened),
        (Direction::ToServer, &asks[first..]),
        (Direction::ToClient, &answers),
    ];
    let output = told(&Protocol::PROCONOS, Transport::TCP, &lines);
    let said: Vec<_> = messages(&output).iter().map(|m| (m.operation, m.kind)).collect();
    let (request, response) = (MessageKind::Request, MessageKind::Response);
    assert_eq!(
        said,
        [
            (Operation::Session, request),
            (Operation::Session, request),
            (Operation::Session, response),
            (Operation::Session, response),
            (Operation::Stop, request),
            (Operation::Start, request),
            (Operation::Other, request),
            (Operation::Stop, response),
            (Operation::Start, response),
        ]
    );
}
