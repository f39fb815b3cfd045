//! Messages of an encoder of its own, and what is none.

use super::*;
use crate::trial::{asset, messages, recognises, sure, told};
use picket_event::{Direction, MessageKind, Operation, Protocol, Transport};

const HELLO: &[u8] = b"fox a 0 -1 fox hello\n{\nfox.version=s:1.0\nid=i:2\nhostName=s:jace-7\napp.name=s:Station\n\
app.version=s:3.5.41.1\nos.name=s:QNX\nos.version=s:6.3.2\nstation.name=s:Tower_East\nbrandId=s:example\n};;\n";

#[test]
fn messages_are_recognised_and_nothing_else() {
    recognises(&Fox, Transport::TCP, |random| {
        let kind = char::from(b'a' + random.below(26) as u8);
        let answers = random.below(9) as i64 - 1;
        let command = random.pick(&["hello", "read", "invoke", "writeAll", "x9"]);
        format!(
            "fox {kind} {} {answers} {} {command}\n{{\n}};;\n",
            random.below(99_999),
            random.pick(&["fox", "station"])
        )
        .into_bytes()
    });
    assert!(sure(&Fox, Transport::TCP, b"fox hunting is banned\n", &[]) < 0.4);
}

#[test]
fn stations_tell_of_themselves() {
    let output = told(&Protocol::FOX, Transport::TCP, &[(Direction::ToClient, HELLO)]);
    let asset = asset(&output);
    assert_eq!((asset.hostname.as_deref(), asset.os.as_deref()), (Some("jace-7"), Some("QNX 6.3.2")));
    assert_eq!((asset.model.as_deref(), asset.firmware.as_deref()), (Some("Niagara Station"), Some("3.5.41.1")));
    assert_eq!(
        (&asset.names[..], asset.vendor.as_deref()),
        (&["tower_east".to_owned()][..], Some("Tridium (example)"))
    );
}

#[test]
fn answers_are_found_by_number_and_bodies_are_passed_over() {
    let asks = b"fox s 7 -1 station readValue\n{\nx=s:fox a 1 -1 fox hello\n};;\nfox s 8 -1 station invoke\n{\n};;\n";
    let answers = b"fox r 1 8 station ok\n{\n};;\nfox e 2 7 station failed\n{\n};;\nfox a 3 -1 sub changed\n{\n};;\n";
    let lines = [(Direction::ToServer, &asks[..]), (Direction::ToClient, answers)];
    let output = told(&Protocol::FOX, Transport::TCP, &lines);
    let said: Vec<_> = messages(&output).iter().map(|m| (m.operation, m.kind)).collect();
    assert_eq!(
        said,
        [
            (Operation::Read, MessageKind::Request),
            (Operation::Control, MessageKind::Request),
            (Operation::Control, MessageKind::Response),
            (Operation::Read, MessageKind::Exception),
            (Operation::Other, MessageKind::Unsolicited),
        ]
    );
}

#[test]
fn a_long_line_is_passed_over() {
    let long =
        [b"fox a 1 -1 fox hello\n{\nx=s:".to_vec(), vec![b'x'; 100_000], b"\n};;\n".to_vec(), HELLO.to_vec()].concat();
    let output = told(&Protocol::FOX, Transport::TCP, &[(Direction::ToClient, &long)]);
    assert_eq!((messages(&output).len(), output.malformed.len()), (2, 0));
}
