//! Frames of an encoder of its own.

use super::*;
use crate::trial::{asset, messages, recognises, takes, told};
use picket_event::{Direction, MessageKind, Operation, Protocol, Transport};

fn padded(mut frame: Vec<u8>) -> Vec<u8> {
    frame.resize(frame.len().max(46), 0);
    frame
}

fn sdo(from: u8, to: u8, transaction: u8, flags: u8, command: u8, data: &[u8]) -> Vec<u8> {
    let mut out = vec![6, to, from, 5, 0x06, 0x0a, 0, 0, 0, transaction, flags, command];
    out.extend((data.len() as u16).to_le_bytes());
    out.extend([0, 0]);
    out.extend(data);
    padded(out)
}

#[test]
fn frames_are_recognised_and_nothing_else() {
    // Beside the type of the frame, cyclic frames have no more than their nodes to be told by.
    takes(&Powerlink, Transport(0), |random| {
        let node = 1 + random.below(239) as u8;
        let head = random.pick(&[[1, 255, 240], [5, 255, 240], [3, node, 240], [4, 255, node], [6, 240, node]]);
        let count = 42 + random.below(200);
        [&head[..], &[1 + random.below(5) as u8], &random.bytes(count)].concat()
    });
    recognises(&Powerlink, Transport::UDP, |random| {
        let count = 4 + random.below(40);
        let (command, flags) = (random.pick(&[1, 2, 0x20, 0x31]), random.pick(&[0, 0x80, 0x40]));
        sdo(0, 0, random.next() as u8, flags, command, &random.bytes(count))
    });
}

#[test]
fn sdos_and_commands_are_read_and_cyclic_frames_are_not() {
    let frames = [
        padded(vec![1, 255, 240, 0]),
        padded(vec![4, 255, 7, 0]),
        padded(vec![6, 7, 240, 5, 1, 2, 0, 0]),
        sdo(240, 7, 1, 0, 2, &[0x18, 0x10, 1, 0]),
        sdo(7, 240, 1, 0x80, 2, &[0x6c, 0, 0, 1]),
        sdo(240, 7, 2, 0, 1, &[0x00, 0x20, 1, 0, 5]),
        sdo(7, 240, 2, 0xc0, 1, &[0, 0, 2, 6]),
        sdo(240, 7, 3, 0x20, 1, &[9; 8]),
        padded(vec![6, 255, 240, 4, 0x2b, 0]),
    ];
    let lines: Vec<_> = frames.iter().map(|frame| (Direction::ToServer, &frame[..])).collect();
    let output = told(&Protocol::POWERLINK, Transport(0), &lines);
    let said: Vec<_> = messages(&output).iter().map(|m| (m.operation, m.kind, m.object.as_deref())).collect();
    let (request, vendor, own) = (MessageKind::Request, Some("0x1018:1"), Some("0x2000:1"));
    assert_eq!(
        said,
        [
            (Operation::Read, request, vendor),
            (Operation::Read, MessageKind::Response, vendor),
            (Operation::Write, request, own),
            (Operation::Write, MessageKind::Exception, own),
            (Operation::Mode, request, None),
        ]
    );
    assert_eq!(messages(&output)[4].function_name, "NMTSwReset");
}

#[test]
fn a_node_tells_of_itself() {
    let mut frame = vec![6, 255, 17, 1, 8, 0, 0x1d, 0, 0x20, 0];
    frame.extend([0xc7, 0, 0, 0, 0xdc, 5, 0, 1, 0, 1, 0xd0, 7, 0, 0, 0, 0]);
    frame.extend([0x91, 1, 7, 1, 0x6c, 0, 0, 1, 0x37, 0x1e, 0, 0, 2, 0, 0, 0]);
    frame.extend([0xff; 4 + 8 + 16]);
    frame.extend([17, 100, 168, 192, 0, 255, 255, 255, 254, 100, 168, 192]);
    frame.extend(b"press-4\0");
    frame.resize(200, 0);
    let output = told(&Protocol::POWERLINK, Transport(0), &[(Direction::ToServer, &frame)]);
    let asset = asset(&output);
    assert_eq!((asset.vendor.as_deref(), asset.model.as_deref()), (Some("B&R"), Some("product 0x1e37")));
    assert_eq!((asset.ip, asset.hostname.as_deref()), (Some([192, 168, 100, 17].into()), Some("press-4")));
}
