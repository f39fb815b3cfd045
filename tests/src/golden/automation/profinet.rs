//! PROFINET: discovery, alarms, the context manager.

use super::{Exchange, datagrams, frames, unanswered};
use crate::golden::Made;

const STATION: [u8; 6] = [0x02, 0x50, 0, 0, 0, 0x10];
const DEVICE: [u8; 6] = [0x02, 0x50, 0, 0, 0, 0x20];
const GROUP: [u8; 6] = [0x01, 0x0e, 0xcf, 0, 0, 0];

type Frame = ([u8; 6], [u8; 6], Vec<u8>);

fn dcp(id: u16, service: u8, kind: u8, blocks: &[u8]) -> Vec<u8> {
    let mut out = id.to_be_bytes().to_vec();
    out.extend([service, kind, 1, 0, 0, 1, 0, 0]);
    out.extend((blocks.len() as u16).to_be_bytes());
    out.extend(blocks);
    out
}

fn block(option: u8, sub: u8, value: &[u8]) -> Vec<u8> {
    let mut out = vec![option, sub];
    out.extend((value.len() as u16).to_be_bytes());
    out.extend(value);
    out.resize(out.len() + out.len() % 2, 0);
    out
}

/// What a device says when asked who it is.
fn identity() -> Vec<u8> {
    [
        block(2, 1, b"\0\0XP-340"),
        block(2, 2, b"\0\0press-4"),
        block(2, 3, &[0, 0, 0, 0x2a, 1, 0x0d]),
        block(2, 4, &[0, 0, 1, 0]),
        block(1, 2, &[0, 1, 192, 0, 2, 44, 255, 255, 255, 0, 192, 0, 2, 1]),
    ]
    .concat()
}

fn discovery() -> Vec<Frame> {
    let address = block(1, 2, &[0, 1, 192, 0, 2, 44, 255, 255, 255, 0, 192, 0, 2, 1]);
    let control = |sub| [block(5, 1, &[0, 0]), block(5, sub, &[0, 0, 1, 0]), block(5, 2, &[0, 0])].concat();
    let done = block(5, 4, &[1, 2, 0]);
    let to = |payload| (STATION, DEVICE, payload);
    let from = |payload| (DEVICE, STATION, payload);
    vec![
        (STATION, GROUP, dcp(0xfefe, 5, 0, &block(255, 255, &[]))),
        from(dcp(0xfeff, 5, 1, &identity())),
        to(dcp(0xfefd, 3, 0, &[1, 2, 2, 2])),
        from(dcp(0xfefd, 3, 1, &[address.clone(), block(2, 2, b"\0\0press-4")].concat())),
        to(dcp(0xfefd, 4, 0, &address)),
        from(dcp(0xfefd, 4, 1, &done)),
        to(dcp(0xfefd, 4, 0, &block(2, 2, b"\0\x01press-5"))),
        from(dcp(0xfefd, 4, 1, &block(5, 4, &[2, 2, 3]))),
        to(dcp(0xfefd, 4, 0, &control(3))),
        from(dcp(0xfefd, 4, 1, &done)),
        to(dcp(0xfefd, 4, 0, &control(6))),
        from(dcp(0xfefd, 4, 5, &[])),
        (DEVICE, GROUP, dcp(0xfefc, 6, 0, &identity())),
        to(dcp(0xfefd, 4, 0, &block(9, 9, &[0, 0]))),
    ]
}

fn alarm(high: bool, kind: u8, inside: &[u8]) -> Vec<u8> {
    let mut out = vec![if high { 0xfc } else { 0xfe }, 1, 0, 1, 0, 2, 0x10 | kind, 0x11, 0, 1, 0xff, 0xff];
    out.extend((inside.len() as u16).to_be_bytes());
    out.extend(inside);
    out
}

fn notification(block: u16, kind: u16, slot: u16) -> Vec<u8> {
    let words = [block, 42, 0x0100, kind, 0, 0, slot, 1];
    [words.map(u16::to_be_bytes).concat(), vec![0; 20]].concat()
}

fn cyclic(id: u16, counter: u16) -> Vec<u8> {
    let mut out = id.to_be_bytes().to_vec();
    out.extend([0x80; 40]);
    out.extend(counter.to_be_bytes());
    out.extend([0x35, 0]);
    out
}

fn alarms() -> Vec<Frame> {
    let mut all = Vec::new();
    for round in 0..4u16 {
        all.push((STATION, DEVICE, cyclic(0x8001, round * 128)));
        all.push((DEVICE, STATION, cyclic(0x8002, round * 128)));
    }
    all.extend([
        (DEVICE, STATION, alarm(false, 1, &notification(2, 1, 3))),
        (STATION, DEVICE, alarm(false, 3, &[])),
        (STATION, DEVICE, alarm(false, 1, &notification(0x8002, 1, 3))),
        (DEVICE, STATION, alarm(true, 1, &notification(1, 2, 4))),
        (DEVICE, STATION, alarm(true, 1, &notification(1, 0x80, 4))),
        (STATION, DEVICE, alarm(true, 4, &[0xcf, 0x81, 0xfd, 5])),
    ]);
    all
}

/// A call of DCE/RPC: byte order, kind, operation, number, fragment, body.
fn call(little: bool, kind: u8, operation: u16, number: u32, fragment: u16, body: &[u8]) -> Vec<u8> {
    let short = |word: u16| if little { word.to_le_bytes() } else { word.to_be_bytes() };
    let long = |word: u32| if little { word.to_le_bytes() } else { word.to_be_bytes() };
    let id = |first: u32, tail: [u8; 8]| [&long(first)[..], &short(0x6c97), &short(0x11d1), &tail].concat();
    let mut out = vec![4, kind, 0x20, 0, if little { 0x10 } else { 0 }, 0, 0, 0];
    out.extend(id(0xdea0_0000, [0x82, 0x71, 0, 1, 1, 0x0d, 0, 0x2a]));
    out.extend(id(0xdea0_0001, [0x82, 0x71, 0, 0xa0, 0x24, 0x42, 0xdf, 0x7d]));
    out.extend([7; 16]);
    out.extend([long(0), long(1), long(number)].concat());
    out.extend([short(operation), short(0xffff), short(0xffff), short(body.len() as u16), short(fragment)].concat());
    out.extend([0, 0]);
    out.extend(body);
    out
}

/// A block behind the lengths that come before blocks.
fn body(kind: u16, inside: &[u8]) -> Vec<u8> {
    let mut out = vec![0; 20];
    out.extend(kind.to_be_bytes());
    out.extend((inside.len() as u16 + 2).to_be_bytes());
    out.extend([1, 0]);
    out.extend(inside);
    out
}

fn record(kind: u16, slot: u16, index: u16) -> Vec<u8> {
    let place = [slot.to_be_bytes(), [0, 1], [0, 0], index.to_be_bytes()].concat();
    body(kind, &[&[0, 1][..], &[9; 16], &[0; 4], &place, &[0; 28]].concat())
}

fn control(command: u16) -> Vec<u8> {
    body(0x0110, &[&[0, 0][..], &[9; 16], &[0, 1, 0, 0], &command.to_be_bytes(), &[0, 0]].concat())
}

fn calls(little: bool) -> Vec<Exchange> {
    let name = b"line-controller";
    let connect = body(
        0x0101,
        &[&[0, 1][..], &[9; 16], &[0, 1], &STATION, &[0; 16], &[0; 8], &[0, name.len() as u8], name].concat(),
    );
    let mut identification = record(0x8009, 0, 0xaff0);
    identification.extend([0, 0x20, 0, 0x38, 1, 0, 0, 0x2a]);
    identification.extend(b"6XX7 000-0XX00-0XX0 S EXAMPLE-1     \0\x03V\x04\x02\x01");
    identification.extend([0; 12]);
    let ask = |operation, number, body: &[u8]| call(little, 0, operation, number, 0, body);
    let tell = |operation, number, body: &[u8]| call(little, 2, operation, number, 0, body);
    let long = [record(8, 2, 0x0001), vec![5; 400]].concat();
    vec![
        (ask(0, 0, &connect), tell(0, 0, &body(0x8101, &[0; 28]))),
        (ask(3, 1, &long), call(little, 9, 3, 1, 0, &[])),
        (call(little, 0, 3, 1, 1, &[5; 300]), tell(3, 1, &record(0x8008, 2, 0x0001))),
        (ask(4, 2, &control(1)), tell(4, 2, &control(8))),
        (ask(5, 3, &record(9, 0, 0xaff0)), tell(5, 3, &identification)),
        (ask(2, 4, &record(9, 1, 0x4711)), call(little, 3, 2, 4, 0, &[0; 4])),
        (ask(2, 5, &record(9, 1, 0xf830)), call(little, 6, 2, 5, 0, &[0; 4])),
        (call(little, 1, 2, 6, 0, &[]), call(little, 4, 2, 6, 0, &[])),
        (ask(1, 7, &control(4)), tell(1, 7, &control(8))),
        (ask(6, 8, &[0; 20]), tell(6, 8, &[0; 20])),
    ]
}

/// Every capture by name.
pub(super) fn captures() -> Vec<Made> {
    let mut lying = discovery();
    lying.truncate(4);
    let mut blocks = dcp(0xfefe, 5, 0, &block(2, 2, b"press-4"));
    blocks[15] = 200;
    lying.push((STATION, DEVICE, blocks));
    lying.push((DEVICE, STATION, vec![0xfe, 0xff, 5]));
    let mut rung = alarms();
    rung.push((DEVICE, STATION, alarm(false, 1, &[0, 1])));
    rung.push((STATION, DEVICE, cyclic(0x8001, 999)));
    let mut broken = calls(true);
    broken.truncate(2);
    broken.push((vec![4, 0, 0x20, 0, 0x10, 0, 0], vec![0xff; 90]));
    broken.extend(calls(true));
    let one_side = |all: Vec<Frame>| all.into_iter().filter(|(from, ..)| *from == DEVICE).collect::<Vec<_>>();
    vec![
        ("profinet_dcp", "functions", frames(0x8892, &discovery())),
        ("profinet_dcp", "one-direction", frames(0x8892, &one_side(discovery()))),
        ("profinet_dcp", "malformed", frames(0x8892, &lying)),
        ("profinet_rt", "alarms", frames(0x8892, &alarms())),
        ("profinet_rt", "one-direction", frames(0x8892, &one_side(alarms()))),
        ("profinet_rt", "malformed", frames(0x8892, &rung)),
        ("profinet_cm", "functions", datagrams(34_964, &calls(true))),
        ("profinet_cm", "big-endian", datagrams(34_964, &calls(false))),
        ("profinet_cm", "wrong-port", datagrams(30_303, &calls(false))),
        ("profinet_cm", "one-direction", datagrams(34_964, &unanswered(&calls(true)))),
        ("profinet_cm", "malformed", datagrams(34_964, &broken)),
    ]
}
