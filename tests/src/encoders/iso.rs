//! What runs over ISO transport (RFC 1006, ISO 8073): S7comm, S7comm-plus, MMS.

use super::{Bytes, Exchange, Random, b, ber};

/// Bytes of user data in a unit of transport, where the ends agreed on units of 1,024 (ISO 8073 clause 13.3.4).
const UNIT: usize = 1_021;

/// Units of data, each in a packet of RFC 1006; the last one says that it is.
fn packet(user: impl AsRef<[u8]>) -> Vec<u8> {
    let mut units = user.as_ref().chunks(UNIT).peekable();
    let mut bytes = b();
    while let Some(unit) = units.next() {
        let last = if units.peek().is_none() { 0x80 } else { 0 };
        bytes = bytes.put([3, 0]).be16(unit.len() + 7).put([2, 0xf0, last]).put(unit);
    }
    bytes.done()
}

/// How a connection of transport begins: units of 1,024 bytes, and who calls whom (ISO 8073 clauses 13.3 and 13.4).
pub(super) fn connect(r: &mut Random) -> Exchange {
    let (caller, called) = (r.array::<2>(), r.array::<2>());
    let options = [&[0xc0, 1, 10, 0xc1, 2][..], &caller, &[0xc2, 2], &called].concat();
    let (here, there) = (r.u16(), r.u16());
    let unit = |kind: u8, to: u16, from: u16| {
        let fixed = b().u8(6 + options.len() as u8).u8(kind).be16(to).be16(from).u8(0).put(&options);
        b().put([3, 0]).be16(fixed.as_ref().len() + 4).put(fixed).done()
    };
    (unit(0xe0, 0, here), unit(0xd0, here, there))
}

/// S7comm is not published; its layout as public analyses have it: head, parameters, data.
pub(super) fn s7comm(r: &mut Random) -> Exchange {
    let reference = r.u16();
    let message = |kind: u8, parameters: &[u8], data: &[u8], error: &[u8]| {
        let head = b().put([0x32, kind, 0, 0]).be16(reference).be16(parameters.len()).be16(data.len()).put(error);
        packet(head.put(parameters).put(data))
    };
    let ok: &[u8] = if r.once_in(10) { &[0x85, 0] } else { &[0, 0] };
    let count = r.within(1, 5);
    // Items: how many bytes of which data block, in which area, from which bit on.
    let items: Vec<u8> = (0..count)
        .flat_map(|_| {
            let (area, bit) = (r.pick(&[0x81u8, 0x82, 0x83, 0x84]), r.u32() & 0x7_fff8);
            let item = b().put([0x12, 0x0a, 0x10, 2]).be16(8u16).be16(r.u16()).u8(area).put(&bit.to_be_bytes()[1..]);
            item.done()
        })
        .collect();
    match r.within(0, 4) {
        0 => {
            let size = r.pick(&[240u16, 480, 960]);
            let setup = b().put([0xf0, 0]).be16(1 + r.u16() % 8).be16(1 + r.u16() % 8).be16(size).done();
            (message(1, &setup, &[], &[]), message(3, &setup, &[], ok))
        }
        1 => {
            let values: Vec<u8> =
                (0..count).flat_map(|_| b().put([0xff, 4, 0, 64]).put(r.array::<8>()).done()).collect();
            let asks = b().put([4, count as u8]).put(&items).done();
            (message(1, &asks, &[], &[]), message(3, &[4, count as u8], &values, ok))
        }
        2 => {
            let values: Vec<u8> = (0..count).flat_map(|_| b().put([0, 4, 0, 64]).put(r.array::<8>()).done()).collect();
            let asks = b().put([5, count as u8]).put(&items).done();
            (message(1, &asks, &values, &[]), message(3, &[5, count as u8], &vec![0xff; count], ok))
        }
        3 => {
            let start = b().put([0x28, 0, 0, 0, 0, 0, 0, 0xfd, 0, 0, 9]).put("P_PROGRAM");
            let stop = b().put([0x29, 0, 0, 0, 0, 0, 9]).put("P_PROGRAM");
            let asks = if r.once_in(2) { start } else { stop }.done();
            (message(1, &asks, &[], &[]), message(3, &asks[..1], &[], ok))
        }
        _ => {
            // User data: a system status list is asked for.
            let (number, list, index) = (r.u8(), r.u16(), r.u16());
            let asks = [0, 1, 0x12, 4, 0x11, 0x44, 1, number];
            let says = [0, 1, 0x12, 8, 0x12, 0x84, 1, number, 0, 0, 0, 0];
            let rows = r.bytes(1, 120);
            let data = b().put([0xff, 9]).be16(rows.len() + 8).be16(list).be16(index).be16(rows.len()).be16(1u16);
            let asked = b().put([0xff, 9, 0, 4]).be16(list).be16(index).done();
            (message(7, &asks, &asked, &[]), message(7, &says, data.put(rows).as_ref(), &[]))
        }
    }
}

/// S7comm-plus is not published; its layout as T. Wiens' dissector has it.
pub(super) fn s7comm_plus(r: &mut Random) -> Exchange {
    const FUNCTIONS: &[u16] =
        &[0x04bb, 0x04ca, 0x04d4, 0x04f2, 0x04fc, 0x0524, 0x0542, 0x054c, 0x0556, 0x0560, 0x056b, 0x0586];
    let version = r.within(1, 3) as u8;
    let (function, sequence, session) = (r.pick(FUNCTIONS), r.u16(), r.u32());
    let asks = b().put([0x31, 0, 0]).be16(function).put([0, 0]).be16(sequence).be32(session).u8(0x34);
    let asks = asks.put(r.bytes(4, 180));
    let says = b().put([0x32, 0, 0]).be16(function).put([0, 0]).be16(sequence).u8(0x34).put(r.bytes(2, 180));
    let mut message = |inside: &[u8]| {
        let digest = if version == 3 { b().u8(32).put(r.array::<32>()).done() } else { Vec::new() };
        let head = b().put([0x72, version]).be16(digest.len() + inside.len());
        packet(head.put(digest).put(inside).put([0x72, version, 0, 0]))
    };
    (message(asks.as_ref()), message(says.as_ref()))
}

/// How an association begins: session, presentation and association control around what both ends of MMS can do (ISO 8327, ISO 8823,
/// ISO 8650, ISO 9506-2 clause 8, with the contexts of IEC 61850-8-1).
pub(super) fn associate(r: &mut Random) -> Exchange {
    let size = b().be16(r.within(8_000, 65_000));
    let initiate = |tag: u8, detail: u8| {
        let able =
            b().ber(0x80, [1]).ber(0x81, [3, 0xf1, 0]).ber(0x82, [5, 0xee, 0x1c, 0, 0, 4, 8, 0, 0, 0x79, 0xef, 0x18]);
        let many = b().ber(0x80, &size).ber(0x81, [detail]).ber(0x82, [detail]).ber(0x83, [5]);
        ber(tag, many.ber(0xa4, able))
    };
    let context = [0x28, 0xca, 0x22, 2, 1];
    let carried = |content: Vec<u8>| ber(0x28, b().ber(6, [0x51, 1]).ber(2, [3]).ber(0xa0, content));
    let request = b().ber(0xa1, ber(6, [0x28, 0xca, 0x22, 2, 3])).ber(0xbe, carried(initiate(0xa8, 5)));
    let accepted =
        b().ber(0xa1, ber(6, [0x28, 0xca, 0x22, 2, 3])).ber(0xa2, ber(2, [0])).ber(0xa3, ber(0xa1, ber(2, [0])));
    let accepted = accepted.ber(0xbe, carried(initiate(0xa9, 5)));
    let syntax = ber(0x30, ber(6, [0x51, 1]));
    let of = |number: u8, name: &[u8]| ber(0x30, b().ber(2, [number]).ber(6, name).put(&syntax));
    let contexts = b().put(of(1, &[0x52, 1, 0, 1])).put(of(3, &context));
    let user = |content: Vec<u8>| ber(0x61, ber(0x30, b().ber(2, [1]).ber(0xa0, content)));
    let mode = ber(0xa0, ber(0x80, [1]));
    let ends = b().ber(0x81, [0, 0, 0, 1]).ber(0x82, [0, 0, 0, 1]);
    let asks = b().put(ends).ber(0xa4, contexts).put(user(ber(0x60, request)));
    let result = ber(0x30, b().ber(0x80, [0]).ber(0x81, [0x51, 1]));
    let says = b().ber(0x83, [0, 0, 0, 1]).ber(0xa5, [&result[..], &result].concat()).put(user(ber(0x61, accepted)));
    let session = |kind: u8, inside: Bytes| {
        let normal = ber(0x31, b().put(&mode).ber(0xa2, inside));
        let head = b().ber(5, [0x13, 1, 0, 0x16, 1, 2]).ber(0x14, [0, 2]).put([0xc1]);
        let length = normal.len();
        let long = if length < 0xff { vec![length as u8] } else { b().u8(0xff).be16(length).done() };
        let body = head.put(long).put(normal).done();
        let size = body.len();
        let long = if size < 0xff { vec![size as u8] } else { b().u8(0xff).be16(size).done() };
        packet(b().u8(kind).put(long).put(body))
    };
    (session(13, asks), session(14, says))
}

/// MMS (ISO 9506-2) in units of data of ISO 8327 and ISO 8823, as IEC 61850-8-1 has them behind an association.
pub(super) fn mms(r: &mut Random) -> Exchange {
    let wrapped = |inside: Vec<u8>| {
        let value = ber(0x30, b().ber(2, [3]).ber(0xa0, inside));
        packet(b().put([1, 0, 1, 0]).ber(0x61, value))
    };
    let number = r.bytes(1, 4);
    let number = ber(2, if number[0] >= 0x80 { [&[0], &number[..]].concat() } else { number });
    let (domain, item) = (r.name(3, 20), r.name(3, 30));
    let named = ber(0xa1, b().ber(0x1a, &domain).ber(0x1a, &item));
    let list = ber(0xa0, ber(0x30, ber(0xa0, &named)));
    let value = match r.within(0, 4) {
        0 => ber(0x83, [r.u8() & 1]),
        1 => ber(0x85, [r.u8()]),
        2 => ber(0x87, b().u8(8).put(r.array::<4>())),
        3 => ber(0x8a, r.name(1, 40)),
        _ => {
            let count = r.pick(&[2, 6, 30, 400]);
            ber(0xa2, (0..count).fold(b(), |values, _| values.ber(0x87, b().u8(8).put(r.array::<4>()))))
        }
    };
    let (asks, says) = match r.within(0, 4) {
        0 => (ber(0xa4, ber(0xa1, list)), ber(0xa4, ber(0xa1, value))),
        1 => (ber(0xa5, b().put(list).ber(0xa0, value)), ber(0xa5, ber(0x81, []))),
        2 => (ber(0xa6, named), ber(0xa6, b().ber(0x80, [0]).ber(0xa2, ber(0x83, [])))),
        3 => {
            let asks = b().ber(0xa0, ber(0x80, [r.pick(&[0u8, 2, 9])])).ber(0xa1, ber(0x81, &domain));
            let count = r.pick(&[2, 8, 40, 300, 1_500]);
            let names = (0..count).fold(b(), |names, _| names.ber(0x1a, r.name(1, 20)));
            (ber(0xa1, asks), ber(0xa1, b().ber(0xa0, names).ber(0x81, [0])))
        }
        _ => (vec![0x82, 0], ber(0xa2, b().ber(0x80, r.name(1, 16)).ber(0x81, r.name(1, 16)).ber(0x82, "1"))),
    };
    let answer = if r.once_in(8) {
        let refused = ber(0xa2, ber(0xa0, ber(0x87, [r.within(0, 3) as u8])));
        let number = [&[0x80], &number[1..]].concat();
        ber(0xa2, b().put(number).put(refused))
    } else {
        ber(0xa1, b().put(&number).put(says))
    };
    (wrapped(ber(0xa0, b().put(&number).put(asks))), wrapped(answer))
}
