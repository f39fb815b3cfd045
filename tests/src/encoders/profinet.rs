//! PROFINET (IEC 61158-6-10): discovery, context manager, cyclic data and alarms, time; media redundancy (IEC 62439-2).

use super::{Exchange, Random, b};

/// A block of DCP (clause 4.3.1.4): option, suboption, length, content, filled up to an even length.
fn block(option: u8, suboption: u8, content: &[u8]) -> Vec<u8> {
    let block = b().put([option, suboption]).be16(content.len()).put(content);
    if content.len() % 2 == 1 { block.u8(0).done() } else { block.done() }
}

/// Discovery: Identify to everyone, Get, Set, Hello.
pub(super) fn dcp(r: &mut Random) -> Exchange {
    let number = r.u32();
    let frame = |id: u16, service: u8, kind: u8, delay: u16, blocks: &[u8]| {
        b().be16(id).put([service, kind]).be32(number).be16(delay).be16(blocks.len()).put(blocks).done()
    };
    let name = r.name(1, 30).to_lowercase();
    let told = [
        block(2, 1, &[&[0, 0], r.name(1, 20).as_bytes()].concat()),
        block(2, 2, &[&[0, 0], name.as_bytes()].concat()),
        block(2, 3, &[&[0, 0][..], &r.array::<4>()].concat()),
        block(1, 2, &[&[0, 1][..], &r.array::<12>()].concat()),
    ]
    .concat();
    match r.within(0, 3) {
        0 => {
            let delay = r.within(1, 0x1900) as u16;
            (frame(0xfefe, 5, 0, delay, &[0xff, 0xff, 0, 0]), frame(0xfeff, 5, 1, 0, &told))
        }
        1 => (frame(0xfefe, 5, 0, 1, &block(2, 2, name.as_bytes())), frame(0xfeff, 5, 1, 0, &told)),
        2 => (frame(0xfefd, 3, 0, 0, &[2, 2, 1, 2]), frame(0xfefd, 3, 1, 0, &told)),
        _ => {
            let set = block(2, 2, &[&[0, r.u8() & 1], name.as_bytes()].concat());
            (frame(0xfefd, 4, 0, 0, &set), frame(0xfefd, 4, 1, 0, &block(5, 4, &[2, 2, 0])))
        }
    }
}

/// The context manager: reads of records over connectionless DCE/RPC (C706 clause 12.5.1), little-endian.
pub(super) fn context_manager(r: &mut Random) -> Exchange {
    const OBJECT: [u8; 10] = [0, 0, 0xa0, 0xde, 0x97, 0x6c, 0xd1, 0x11, 0x82, 0x71];
    const TAIL: [u8; 8] = [0x82, 0x71, 0, 0xa0, 0x24, 0x42, 0xdf, 0x7d];
    let (place, activity, boot, call) = (r.array::<6>(), r.array::<16>(), r.u32(), r.u32());
    let operation = r.pick(&[2u16, 5, 3, 4]);
    let packet = |kind: u8, flags: u8, inside: &[u8]| {
        let head = b().put([4, kind, flags, 0, 0x10, 0, 0, 0]).put(OBJECT).put(place);
        let head = head.put([1, 0, 0xa0, 0xde, 0x97, 0x6c, 0xd1, 0x11]).put(TAIL).put(activity);
        let head = head.le32(boot).le32(1u32).le32(call).le16(operation).put([0xff; 4]);
        head.le16(inside.len()).le16(0u16).put([0, 0]).put(inside).done()
    };
    let arguments = |first: u32, inside: &[u8]| {
        let length = inside.len();
        b().le32(first).le32(length).le32(length).le32(0u32).le32(length).put(inside).done()
    };
    let (sequence, relation, index) = (r.u16(), r.array::<16>(), r.u16());
    let (slot, subslot) = (r.u16() & 0x7fff, r.u16() & 0x7fff);
    let record = |kind: u16, length: usize, rest: &[u8]| {
        let head = b().be16(kind).be16(60u16).put([1, 0]).be16(sequence).put(relation).be32(0u32);
        head.be16(slot).be16(subslot).be16(0u16).be16(index).be32(length).put(rest).done()
    };
    let (asks, says) = match operation {
        4 => {
            let control = |kind: u16, command: u16| {
                let head = b().be16(kind).be16(28u16).put([1, 0, 0, 0]).put(relation).be16(sequence);
                head.be16(0u16).be16(command).be16(0u16).done()
            };
            (control(0x0110, 1), control(0x8110, 8))
        }
        3 => {
            let data = r.bytes(1, 80);
            (record(8, data.len(), &[&[0; 24][..], &data].concat()), record(0x8008, data.len(), &[0; 24]))
        }
        _ => {
            let data = r.bytes(1, 200);
            (record(9, 4096, &[0; 24]), record(0x8009, data.len(), &[&[0; 24][..], &data].concat()))
        }
    };
    (packet(0, 0x20, &arguments(r.u32() & 0xffff, &asks)), packet(2, 0x0a, &arguments(0, &says)))
}

/// Cyclic data with their counter and status (clause 4.7), and alarms.
pub(super) fn cyclic(r: &mut Random) -> Exchange {
    if r.once_in(4) {
        return alarm(r);
    }
    let mut frame = || {
        let id = r.pick(&[0x8000u16, 0xc000]) + r.u16() % 0x3b00;
        let data = r.bytes(40, 200);
        // Primary or backup, valid, running, no problem: the bits that a status has.
        let status = 0x04 | r.u8() & 0x31;
        b().be16(id).put(data).be16(r.u16()).u8(status).u8(0).done()
    };
    (frame(), frame())
}

/// An alarm notification and its acknowledgement (clause 5.2.4 and "RTA-PDU").
fn alarm(r: &mut Random) -> Exchange {
    let (id, mine, yours, number) = (r.pick(&[0xfc01u16, 0xfe01]), r.u16(), r.u16(), r.u16());
    let (high, kind) = (id == 0xfc01, r.within(1, 0x0c) as u16);
    let mut inside = b().be16(if high { 1u16 } else { 2 }).be16(24u16).put([1, 0]).be16(kind).be32(0u32);
    inside = inside.be16(r.u16() & 0x7fff).be16(r.u16() & 0x7fff).be32(r.u32()).be32(r.u32()).be16(number & 0x7ff);
    let frame = |to: u16, from: u16, flags: [u8; 2], inside: &[u8]| {
        let head = b().be16(id).be16(to).be16(from).put(flags).be16(number & 0x7fff).be16(number & 0x7fff);
        head.be16(inside.len()).put(inside).done()
    };
    (frame(yours, mine, [0x11, 0x11], inside.as_ref()), frame(mine, yours, [0x13, 1], &[]))
}

/// Time synchronisation (clause 4.6): delay requests and answers, followed by a TLV and the end.
pub(super) fn time(r: &mut Random) -> Exchange {
    let mut frame = |id: u16| {
        let head = b().be16(id).put([0; 12]).be16(r.u16()).put([r.u8(), 0]).be32(r.u32());
        head.be16(0x0c06u16).put(r.array::<6>()).put([0; 2]).be16(0u16).done()
    };
    (frame(0xff40), frame(0xff41))
}

/// Media redundancy (IEC 62439-2 clause 8): a test of the ring, then what all frames have, then the end.
pub(super) fn redundancy(r: &mut Random) -> Exchange {
    let test = b().put([2, 18]).be16(r.u16()).put(r.array::<6>()).be16(r.u16() & 1).be16(r.u16() & 1);
    let test = test.be16(r.u16()).be32(r.u32());
    let common = b().put([1, 18]).be16(r.u16()).put(r.array::<16>());
    (b().be16(1u16).put(test).put(common).put([0, 0]).done(), Vec::new())
}
