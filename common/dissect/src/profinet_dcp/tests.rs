//! Frames of an encoder of its own, and what Sets do.

use super::*;
use crate::trial::{Random, asset, messages, recognises, told};
use picket_event::{Direction, MessageKind, Operation, Protocol, Transport};

const LINK_LAYER: Transport = Transport(0);

fn frame(id: u16, service: u8, kind: u8, blocks: &[(u8, u8, &[u8])]) -> Vec<u8> {
    let mut inside = Vec::new();
    for (option, sub, value) in blocks {
        inside.extend([*option, *sub]);
        inside.extend((value.len() as u16).to_be_bytes());
        inside.extend(*value);
        if value.len() % 2 == 1 {
            inside.push(0);
        }
    }
    let mut out = id.to_be_bytes().to_vec();
    out.extend([service, kind, 1, 2, 3, 4, 0, 1]);
    out.extend((inside.len() as u16).to_be_bytes());
    out.extend(inside);
    out.resize(out.len().max(46), 0);
    out
}

#[test]
fn frames_are_recognised_and_nothing_else() {
    recognises(&ProfinetDcp, LINK_LAYER, |random: &mut Random| {
        let count = random.below(40);
        let value = random.bytes(count);
        let id = random.pick(&[0xfefc, 0xfefd, 0xfefe, 0xfeff]);
        frame(id, random.pick(&[3, 4, 5, 6]), random.pick(&[0, 1, 5]), &[(2, random.next() as u8, &value)])
    });
}

#[test]
fn sets_are_told_apart() {
    let frames = [
        frame(0xfefd, 4, 0, &[(1, 2, &[0, 1, 192, 0, 2, 9, 255, 255, 255, 0, 0, 0, 0, 0])]),
        frame(0xfefd, 4, 0, &[(5, 1, &[0, 0]), (5, 3, &[0, 0, 1, 0])]),
        frame(0xfefd, 4, 0, &[(5, 6, &[0, 2])]),
        frame(0xfefd, 4, 1, &[(5, 4, &[5, 6, 0])]),
        frame(0xfefd, 4, 5, &[]),
        frame(0xfefd, 9, 0, &[]),
    ];
    let lines: Vec<_> = frames.iter().map(|frame| (Direction::ToServer, &frame[..])).collect();
    let output = told(&Protocol::PROFINET_DCP, LINK_LAYER, &lines);
    let said: Vec<_> = messages(&output).iter().map(|m| (m.operation, m.kind, m.object.as_deref())).collect();
    let (request, response) = (MessageKind::Request, MessageKind::Response);
    assert_eq!(
        said,
        [
            (Operation::Write, request, Some("ip_parameter")),
            (Operation::Control, request, Some("signal")),
            (Operation::Restart, request, Some("reset_to_factory")),
            (Operation::Write, response, Some("response")),
            (Operation::Write, MessageKind::Exception, None),
            (Operation::Other, request, None),
        ]
    );
}

#[test]
fn a_device_tells_its_name_maker_and_role() {
    let answer = frame(
        0xfeff,
        5,
        1,
        &[
            (2, 1, b"\0\0XP-340"),
            (2, 2, b"\0\0press-4"),
            (2, 3, &[0, 0, 0, 0x2a, 1, 0x0d]),
            (2, 4, &[0, 0, 2, 0]),
            (1, 2, &[0, 1, 192, 0, 2, 44, 255, 255, 255, 0, 0, 0, 0, 0]),
        ],
    );
    let output = told(&Protocol::PROFINET_DCP, LINK_LAYER, &[(Direction::ToServer, &answer)]);
    let asset = asset(&output);
    assert_eq!((asset.hostname.as_deref(), asset.vendor.as_deref()), (Some("press-4"), Some("Siemens")));
    assert_eq!((asset.model.as_deref(), asset.purdue_level), (Some("XP-340 (device 0x010d)"), Some(1)));
    assert_eq!((asset.ip, &asset.roles[..]), (Some([192, 0, 2, 44].into()), &["io_controller".to_owned()][..]));
}

#[test]
fn a_block_that_lies_is_malformed() {
    let mut lying = frame(0xfefe, 5, 0, &[(2, 2, b"plc")]);
    lying[15] = 200;
    let output = told(&Protocol::PROFINET_DCP, LINK_LAYER, &[(Direction::ToServer, &lying)]);
    assert_eq!((messages(&output).len(), output.malformed.len()), (1, 1));
}
