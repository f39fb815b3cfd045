//! Cyclic frames and alarms of an encoder of its own.

use super::*;
use crate::trial::{messages, takes, told};
use picket_event::{Direction, MessageKind, Operation, Protocol, Transport};

const LINK_LAYER: Transport = Transport(0);

fn alarm_frame(kind: u8, inside: &[u8]) -> Vec<u8> {
    let mut out = vec![0xfe, 1, 0, 1, 0, 2, 0x10 | kind, 1, 0, 1, 0xff, 0xff];
    out.extend((inside.len() as u16).to_be_bytes());
    out.extend(inside);
    out.resize(out.len().max(46), 0);
    out
}

fn notification(block: u16, alarm: u16, slot: u16) -> Vec<u8> {
    let words = [block, 42, 0x0100, alarm, 0, 0, slot, 1];
    [words.map(u16::to_be_bytes).concat(), vec![0; 20]].concat()
}

#[test]
fn cyclic_frames_and_alarms_are_recognised() {
    // Beside the type of the frame, cyclic data have no more than their end to be told by.
    takes(&ProfinetRt, LINK_LAYER, |random| {
        if random.below(4) == 0 {
            let count = random.below(60);
            return alarm_frame(random.pick(&[1, 2, 3, 4]), &random.bytes(count));
        }
        if random.below(4) == 0 {
            let eights = 5 + random.below(20);
            let count = 8 * eights + random.below(8);
            let data = random.bytes(count);
            return [&[0xff, 0x80 + random.below(16) as u8, eights as u8, random.below(0x40) as u8][..], &data]
                .concat();
        }
        let id = random.pick(&[0x8000u16, 0xbfff, 0xc123, 0x0100, 0xfbff]);
        let count = 40 + random.below(200);
        let data = random.bytes(count);
        [&id.to_be_bytes()[..], &data, &[random.next() as u8, random.next() as u8, 0x35, 0]].concat()
    });
}

#[test]
fn alarms_are_told_and_acknowledgements_are_not() {
    let frames = [
        alarm_frame(1, &notification(1, 2, 3)),
        alarm_frame(3, &[]),
        alarm_frame(1, &notification(0x8001, 2, 3)),
        alarm_frame(1, &notification(2, 0x4711, 9)),
        alarm_frame(4, &[0xcf, 0x81, 0xfd, 5]),
        alarm_frame(1, &[0, 1]),
        [&[0x80, 1][..], &[0; 44]].concat(),
    ];
    let lines: Vec<_> = frames.iter().map(|frame| (Direction::ToServer, &frame[..])).collect();
    let output = told(&Protocol::PROFINET_RT, LINK_LAYER, &lines);
    let said: Vec<_> = messages(&output).iter().map(|m| (&m.function_name[..], m.kind, m.object.as_deref())).collect();
    let unasked = MessageKind::Unsolicited;
    assert_eq!(
        said,
        [
            ("Process", unasked, Some("slot 3.1")),
            ("Process", unasked, Some("acknowledged slot 3.1")),
            ("", unasked, Some("slot 9.1")),
            ("Error", MessageKind::Exception, None),
        ]
    );
    assert!(messages(&output).iter().all(|m| m.operation == Operation::Alarm));
    assert_eq!(output.malformed, ["message ends early"]);
}
