//! Modbus over TCP (MODBUS Messaging on TCP/IP 1.0b section 3.1), frames of the serial line (MODBUS over Serial Line 1.02
//! section 2.5.1), functions (MODBUS Application Protocol 1.1b3 section 6), and UMAS inside function 90.

use super::{Exchange, Random, b, crc_low};

/// A random function: what a request holds and what its answer holds.
fn functions(r: &mut Random) -> (Vec<u8>, Vec<u8>) {
    let (at, value) = (r.u16(), r.u16());
    match r.within(1, 16) {
        code @ 1..=2 => {
            let count = r.within(1, 2000);
            let data = r.bytes(count.div_ceil(8), count.div_ceil(8));
            let answer = b().u8(code as u8).u8(data.len() as u8).put(data);
            (b().u8(code as u8).be16(at).be16(count).done(), answer.done())
        }
        code @ 3..=4 => {
            let count = r.within(1, 125);
            let answer = b().u8(code as u8).u8(2 * count as u8).put(r.bytes(2 * count, 2 * count));
            (b().u8(code as u8).be16(at).be16(count).done(), answer.done())
        }
        5 => both(b().u8(5).be16(at).be16(r.pick(&[0u16, 0xff00])).done()),
        6 => both(b().u8(6).be16(at).be16(value).done()),
        7 => (vec![7], vec![7, r.u8()]),
        8 => both(b().u8(8).be16(r.pick(&[0u16, 2, 10, 11, 12, 13, 14, 15, 18])).be16(0u16).done()),
        9 => (vec![11], b().u8(11).be16(r.pick(&[0u16, 0xffff])).be16(value).done()),
        10 => {
            let id = r.bytes(1, 40);
            (vec![17], b().u8(17).u8(id.len() as u8 + 1).put(id).u8(r.pick(&[0, 0xff])).done())
        }
        11 => {
            let count = r.within(1, 1968);
            let bytes = count.div_ceil(8);
            let request = b().u8(15).be16(at).be16(count).u8(bytes as u8).put(r.bytes(bytes, bytes));
            (request.done(), b().u8(15).be16(at).be16(count).done())
        }
        12 => {
            let count = r.within(1, 123);
            let request = b().u8(16).be16(at).be16(count).u8(2 * count as u8).put(r.bytes(2 * count, 2 * count));
            (request.done(), b().u8(16).be16(at).be16(count).done())
        }
        13 => both(b().u8(22).be16(at).be16(value).be16(r.u16()).done()),
        14 => {
            let (reads, writes) = (r.within(1, 125), r.within(1, 121));
            let request = b().u8(23).be16(at).be16(reads).be16(value).be16(writes).u8(2 * writes as u8);
            let answer = b().u8(23).u8(2 * reads as u8).put(r.bytes(2 * reads, 2 * reads));
            (request.put(r.bytes(2 * writes, 2 * writes)).done(), answer.done())
        }
        15 => {
            let words = r.within(0, 31);
            let answer = b().u8(24).be16(2 + 2 * words).be16(words).put(r.bytes(2 * words, 2 * words));
            (b().u8(24).be16(at).done(), answer.done())
        }
        _ => identification(r),
    }
}

fn both(message: Vec<u8>) -> (Vec<u8>, Vec<u8>) {
    (message.clone(), message)
}

/// Read Device Identification (section 6.21).
fn identification(r: &mut Random) -> (Vec<u8>, Vec<u8>) {
    let (code, first) = (r.within(1, 3) as u8, r.pick(&[0u8, 0, 3, 0x80]));
    let objects = r.within(1, 3) as u8;
    let mut answer = b().u8(43).u8(14).u8(code).u8(code | 0x80).u8(0).u8(0).u8(objects);
    for number in 0..objects {
        let text = r.name(1, 20);
        answer = answer.u8(first.wrapping_add(number)).u8(text.len() as u8).put(text);
    }
    (vec![43, 14, code, first], answer.done())
}

/// One answer in eight refuses (section 7).
fn refused(r: &mut Random, request: &[u8], answer: Vec<u8>) -> Vec<u8> {
    if r.once_in(8) { vec![request[0] | 0x80, r.pick(&[1, 2, 3, 4, 5, 6, 8, 10, 11])] } else { answer }
}

fn framed(transaction: u16, unit: u8, inside: &[u8]) -> Vec<u8> {
    b().be16(transaction).be16(0u16).be16(inside.len() + 1).u8(unit).put(inside).done()
}

pub(super) fn tcp(r: &mut Random) -> Exchange {
    let (request, answer) = functions(r);
    let answer = refused(r, &request, answer);
    let (transaction, unit) = (r.u16(), r.u8());
    (framed(transaction, unit, &request), framed(transaction, unit, &answer))
}

pub(super) fn rtu(r: &mut Random) -> Exchange {
    let (request, answer) = functions(r);
    let answer = refused(r, &request, answer);
    let unit = r.within(1, 247) as u8;
    let frame = |inside: &[u8]| {
        let frame = [&[unit], inside].concat();
        let sum = crc_low(0xa001, 0xffff, &frame);
        b().put(frame).le16(sum).done()
    };
    (frame(&request), frame(&answer))
}

/// UMAS is not published; sessions, functions and the two answers as public analyses have them.
pub(super) fn umas(r: &mut Random) -> Exchange {
    const CODES: &[u8] = &[
        0x01, 0x02, 0x03, 0x04, 0x06, 0x0a, 0x10, 0x11, 0x12, 0x20, 0x22, 0x23, 0x24, 0x25, 0x30, 0x31, 0x32, 0x33,
        0x34, 0x35, 0x39, 0x40, 0x41, 0x50, 0x58, 0x70, 0x71, 0x73,
    ];
    let (transaction, unit, session) = (r.u16(), r.pick(&[0u8, 1, 255]), r.u8());
    let request = b().u8(90).u8(session).u8(r.pick(CODES)).put(r.bytes(1, 60));
    let answer = b().u8(90).u8(session).u8(if r.once_in(8) { 0xfd } else { 0xfe }).put(r.bytes(1, 200));
    (framed(transaction, unit, request.as_ref()), framed(transaction, unit, answer.as_ref()))
}
