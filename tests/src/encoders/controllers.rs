//! Makers' own protocols of controllers: FINS, ADS, MELSEC, GE SRTP and EGD, SAIA's two.

use super::{Bytes, Exchange, Random, b, crc_high};

/// FINS (Omron W342 chapter 5): the command, what it needs, what its answer holds.
fn fins(r: &mut Random) -> (Vec<u8>, Vec<u8>) {
    let place = b().u8(r.pick(&[0x82u8, 0xb0, 0xb1, 0xb2, 0xb3, 0x30, 0x31])).be16(r.u16()).u8(0).done();
    let words = r.within(1, 100);
    let data = r.bytes(2 * words, 2 * words);
    let (command, asks, says) = match r.within(0, 8) {
        0 | 1 => ([1, 1], b().put(&place).be16(words).done(), data),
        2 => ([1, 2], b().put(&place).be16(words).put(data).done(), vec![]),
        3 => ([1, 3], b().put(&place).be16(words).put(r.array::<2>()).done(), vec![]),
        4 => ([5, 1], vec![], r.bytes(92, 92)),
        5 => ([6, 1], vec![], r.bytes(26, 26)),
        6 => ([7, 1], vec![], r.bytes(7, 7)),
        7 => ([4, 1], vec![0xff, 0xff, r.pick(&[1, 2, 4])], vec![]),
        _ => ([4, 2], vec![0xff, 0xff], vec![]),
    };
    let (to, from, number) = (node(r), node(r), r.u8());
    let frame = |control: u8, to: [u8; 3], from: [u8; 3], inside: &[u8]| {
        b().put([control, 0, 2]).put(to).put(from).u8(number).put(command).put(inside).done()
    };
    let says = if r.once_in(8) { vec![0x11, 0x03] } else { [&[0, 0], &says[..]].concat() };
    (frame(0x80, to, from, &asks), frame(0xc0, from, to, &says))
}

/// Network, node and unit (W342 clause 3-2).
fn node(r: &mut Random) -> [u8; 3] {
    [r.within(0, 127) as u8, r.within(1, 254) as u8, r.pick(&[0u8, 0x10, 0x11, 0x1f, 0xe1, 0xfe])]
}

pub(super) fn fins_datagrams(r: &mut Random) -> Exchange {
    fins(r)
}

/// FINS/TCP (W421 clause 7-4): name, length, command, error, then the frame.
pub(super) fn fins_stream(r: &mut Random) -> Exchange {
    let wrap = |command: u32, inside: &[u8]| {
        b().put(b"FINS").be32(inside.len() + 8).be32(command).be32(0u32).put(inside).done()
    };
    if r.once_in(6) {
        let (client, server) = (r.u32() & 0xff, r.u32() & 0xff);
        return (wrap(0, &client.to_be_bytes()), wrap(1, b().be32(client).be32(server).as_ref()));
    }
    let (asks, says) = fins(r);
    (wrap(2, &asks), wrap(2, &says))
}

/// ADS over AMS/TCP (Beckhoff, "AMS/TCP packet", "AMS header", "ADS commands").
pub(super) fn ads(r: &mut Random) -> Exchange {
    let (to, from) = (b().put(r.array::<6>()).le16(r.u16()).done(), b().put(r.array::<6>()).le16(r.u16()).done());
    let number = r.u32();
    let place = b().le32(r.u32()).le32(r.u32()).done();
    let data = r.bytes(1, 100);
    let ok = |rest: Bytes| b().le32(0u32).put(rest).done();
    let (command, asks, says) = match r.within(0, 6) {
        0 => (1u16, vec![], ok(b().put(r.array::<4>()).put([b'T'; 16]))),
        1 | 2 => (2, b().put(place).le32(data.len()).done(), ok(b().le32(data.len()).put(data))),
        3 => (3, b().put(place).le32(data.len()).put(data).done(), ok(b())),
        4 => (4, vec![], ok(b().le16(r.within(0, 16)).le16(r.u16()))),
        5 => (9, b().put(place).le32(4u32).le32(data.len()).put(&data).done(), ok(b().le32(4u32).put(r.array::<4>()))),
        _ => (6, b().put(place).put(r.array::<16>()).put([0; 16]).done(), ok(b().le32(r.u32()))),
    };
    let message = |to: &[u8], from: &[u8], flags: u16, inside: &[u8]| {
        let head = b().put(to).put(from).le16(command).le16(flags).le32(inside.len()).le32(0u32).le32(number);
        b().put([0, 0]).le32(inside.len() + 32).put(head).put(inside).done()
    };
    (message(&to, &from, 4, &asks), message(&from, &to, 5, &says))
}

/// The routers' discovery over UDP is not published; its head as captures have it.
pub(super) fn ads_router(r: &mut Random) -> Exchange {
    let number = r.u32();
    let mut message = |service: u32, tags: &[u8], count: u32| {
        let head = b().le32(0x7114_6603_u32).le32(number).le32(service);
        head.put(r.array::<6>()).le16(10_000u16).le32(count).put(tags).done()
    };
    let name = b().le16(5u16).le16(8u16).put(b"STATION\0").done();
    (message(1, &[], 0), message(0x8000_0001, &name, 1))
}

/// SLMP and the MC protocol (CLPA SLMP specification; SH-080008): frames 3E and 4E, binary and, of 3E, ASCII.
pub(super) fn melsec(r: &mut Random) -> Exchange {
    let place = [r.within(0, 239) as u8, 0xff, 0xff, 3, r.within(0, 31) as u8];
    let (serial, timer) = (r.u16(), r.u16());
    let words = r.within(1, 200);
    let device = b().put(&r.u32().to_le_bytes()[..3]).u8(r.pick(&[0x9cu8, 0x9d, 0x90, 0x92, 0xa0, 0xa8, 0xb4, 0xaf]));
    let (command, sub, asks, says) = match r.within(0, 4) {
        0 | 1 => (0x0401u16, 0u16, device.le16(words).done(), r.bytes(2 * words, 2 * words)),
        2 => (0x1401, 0, device.le16(words).put(r.bytes(2 * words, 2 * words)).done(), vec![]),
        3 => (0x0101, 0, vec![], b().put(b"Q03UDECPU       ").le16(r.u16()).done()),
        _ => (0x0619, 0, b().le16(4u16).put("ABCD").done(), b().le16(4u16).put("ABCD").done()),
    };
    let end = if r.once_in(8) { 0xc059_u16 } else { 0 };
    let says = if end == 0 { says } else { b().put(place).le16(command).le16(sub).done() };
    let head = |request: bool| match (serial & 1, request) {
        (0, true) => b().put([0x50, 0]),
        (0, false) => b().put([0xd0, 0]),
        (_, true) => b().put([0x54, 0]).le16(serial).le16(0u16),
        (_, false) => b().put([0xd4, 0]).le16(serial).le16(0u16),
    };
    let asks = b().le16(timer).le16(command).le16(sub).put(asks);
    let says = b().le16(end).put(says);
    let asks = head(true).put(place).le16(asks.as_ref().len()).put(asks);
    let says = head(false).put(place).le16(says.as_ref().len()).put(says);
    (asks.done(), says.done())
}

/// Frame 3E in ASCII (SH-080008 chapter 4): the same fields as digits, the high one first.
pub(super) fn melsec_text(r: &mut Random) -> Exchange {
    let place = format!("{:02X}FF03FF{:02X}", r.within(0, 239), r.within(0, 31));
    let (timer, words) = (r.u16(), r.within(1, 60));
    let device = r.pick(&["D*", "M*", "X*", "Y*", "W*", "R*"]);
    let asks = format!("{timer:04X}04010000{device}{:06}{words:04X}", r.within(0, 999_999));
    let says: String = (0..words).fold("0000".to_owned(), |text, _| format!("{text}{:04X}", r.u16()));
    let frame = |head: &str, inside: &str| format!("{head}{place}{:04X}{inside}", inside.len()).into_bytes();
    (frame("5000", &asks), frame("D000", &says))
}

/// Frame 1E, binary (SH-080008 chapter on A-compatible 1E frames): batch access to bits (sub-headers 0 and 2) and words (1 and 3).
pub(super) fn melsec_first(r: &mut Random) -> Exchange {
    const DEVICES: &[u16] =
        &[0x4420, 0x5220, 0x4d20, 0x5820, 0x5920, 0x5320, 0x4220, 0x4620, 0x5720, 0x544e, 0x5453, 0x5443, 0x434e];
    let kind = r.within(0, 3) as u8;
    let points = r.within(1, if kind & 1 == 0 { 256 } else { 64 });
    let (length, mask) = if kind & 1 == 0 { (points.div_ceil(2), 0x11) } else { (2 * points, 0xff) };
    let values: Vec<u8> = r.bytes(length, length).iter().map(|byte| byte & mask).collect();
    let head = b().put([kind, 0xff]).le16(r.u16()).le32(u32::from(r.u16())).le16(r.pick(DEVICES));
    let head = head.put([(points % 256) as u8, 0]);
    let says = b().put([0x80 | kind, 0]);
    if kind < 2 { (head.done(), says.put(values).done()) } else { (head.put(values).done(), says.done()) }
}

/// MELSOFT is not published; a header between two ends and a length, then a way, a command and its number, as public scanners
/// and captures have it.
pub(super) fn melsoft(r: &mut Random) -> Exchange {
    let (numbers, network) = (r.array::<4>(), r.pick(&[0x07u8, 0x7f]));
    let (ends, way) = (r.array::<11>(), r.bytes(4, 12));
    let (command, number) = (r.u16(), r.u8());
    let data = r.bytes(8, 200);
    let mut message = |answer: u8, data: &[u8]| {
        let end: &[u8] = if answer == 0 { &[] } else { &[0, 0] };
        let inner = b().put([0x1c | answer]).put(r.array::<2>()).u8(way.len() as u8).put(&way).put(end);
        let inner = inner.be16(command).u8(number).put(data).done();
        let head = b().u8(0x57 | answer).put(numbers).put([0x11, 0x11, network]).put(ends);
        head.le16(inner.len()).put(inner).done()
    };
    (message(0, &data), message(0x80, &data[..4]))
}

/// GE SRTP is not published; its header of 56 bytes as Denton, Karpisek, Breitinger and Baggili (2017) have it.
pub(super) fn ge_srtp(r: &mut Random) -> Exchange {
    let (number, clock) = (r.u16(), r.array::<3>());
    let service = r.pick(&[0u8, 3, 4, 5, 6, 0x20, 0x21, 0x25, 0x38, 0x43]);
    let arguments =
        b().u8(r.pick(&[8u8, 0x0a, 0x0c, 0x10, 0x12, 0x46, 0x48, 0x4c])).le16(r.u16()).le16(1 + r.u16() % 64);
    let packet = |kind: u8, inside: u8, boxes: [u8; 8], service: &[u8], text: &[u8]| {
        let head = b().put([kind, 0]).le16(number).le16(text.len()).put([0, 0, 0, 1]).put([0; 7]).u8(1).put([0; 8]);
        let mut head =
            head.put(clock).put([0, (number & 0xff) as u8, inside]).put(boxes).put([1, 1]).put(service).done();
        head.resize(56, 0);
        b().put(head).put(text).done()
    };
    let asked = b().u8(service).put(arguments).done();
    let (mine, yours) = ([0, 0, 0, 0], [0x10, 0x0e, 0, 0]);
    let asks = packet(2, 0xc0, [mine, yours].concat().try_into().unwrap_or_default(), &asked, &[]);
    let back = [yours, mine].concat().try_into().unwrap_or_default();
    let says = if r.once_in(2) {
        packet(3, 0x94, back, &[], &r.bytes(6, 120))
    } else {
        packet(3, 0xd4, back, &r.array::<12>(), &[])
    };
    (asks, says)
}

/// Ethernet global data (GE GFK-2224 chapter on EGD): head of 32 bytes, then data.
pub(super) fn egd(r: &mut Random) -> Exchange {
    let head = b().put([13, 1]).le16(r.u16()).put(r.array::<4>()).le32(r.u32()).le32(r.u32());
    let head = head.le32(r.u32() % 1_000_000_000).le32(r.within(0, 7)).le32(r.u32()).be32(0u32);
    (head.put(r.bytes(1, 1400)).done(), Vec::new())
}

/// Ether-S-Bus is not published; length, version, protocol, number, kind of telegram, then the checksum.
pub(super) fn ethersbus(r: &mut Random) -> Exchange {
    let number = r.u16();
    let telegram = |kind: u8, inside: &[u8]| {
        let head = b().be32(inside.len() + 11).put([1, 0]).be16(number).u8(kind).put(inside).done();
        let sum = crc_high(0, &head);
        b().put(head).be16(sum).done()
    };
    let count = r.within(1, 32);
    let asks = b().u8(r.u8()).u8(6).u8(count as u8 - 1).be16(r.u16());
    (telegram(0, asks.as_ref()), telegram(1, &r.bytes(4 * count, 4 * count)))
}

/// Ether-S-I/O is not published; its name, kind, version, length, numbers.
pub(super) fn ethersio(r: &mut Random) -> Exchange {
    let data = r.bytes(4, 100);
    let head = b().put(b"ESIO").be16(1u16).be16(0u16).be16(data.len() + 16).be16(r.u16()).be32(r.u32());
    (head.put(data).done(), Vec::new())
}
