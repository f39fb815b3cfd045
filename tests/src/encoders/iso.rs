//! What runs over ISO transport (RFC 1006, ISO 8073): S7comm, S7comm-plus, MMS.

use super::{Exchange, Random, b, ber};

/// A unit of data in a packet of RFC 1006.
fn packet(user: impl AsRef<[u8]>) -> Vec<u8> {
    let user = user.as_ref();
    b().put([3, 0]).be16(user.len() + 7).put([2, 0xf0, 0x80]).put(user).done()
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
    let value = match r.within(0, 3) {
        0 => ber(0x83, [r.u8() & 1]),
        1 => ber(0x85, [r.u8()]),
        2 => ber(0x87, b().u8(8).put(r.array::<4>())),
        _ => ber(0x8a, r.name(1, 40)),
    };
    let (asks, says) = match r.within(0, 4) {
        0 => (ber(0xa4, ber(0xa1, list)), ber(0xa4, ber(0xa1, value))),
        1 => (ber(0xa5, b().put(list).ber(0xa0, value)), ber(0xa5, ber(0x81, []))),
        2 => (ber(0xa6, named), ber(0xa6, b().ber(0x80, [0]).ber(0xa2, ber(0x83, [])))),
        3 => {
            let asks = b().ber(0xa0, ber(0x80, [r.pick(&[0u8, 2, 9])])).ber(0xa1, ber(0x81, &domain));
            let names = b().ber(0x1a, r.name(1, 20)).ber(0x1a, r.name(1, 20));
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
