//! Meters and gauges: ANSI C12.22, DLMS/COSEM in the wrapper and in HDLC, tank gauges.

use super::{Exchange, Random, b, ber, crc_low};

/// ANSI C12.22 (IEEE 1703 clause 5): services of EPSEM in a unit of ACSE with both titles.
pub(super) fn c1222(r: &mut Random) -> Exchange {
    let (device, host, number) = (r.array::<4>(), r.array::<4>(), r.u16() & 0x7fff);
    // Relative object identifiers: seven bits a byte.
    let title = |tag: u8, from: [u8; 4]| ber(tag, ber(0x80, from.map(|byte| byte & 0x7f)));
    let unit = |to: [u8; 4], from: [u8; 4], number_tag: &[u8], services: &[u8]| {
        let epsem = b().u8(0x80).put(services).done();
        let inside = b().put(title(0xa2, to)).put(number_tag).put(title(0xa6, from));
        let inside = inside.ber(0xa8, ber(2, number.to_be_bytes())).ber(0xbe, ber(0x28, ber(0x81, epsem)));
        ber(0x60, inside)
    };
    let service = |inside: &[u8]| b().u8(inside.len() as u8).put(inside).done();
    let table = r.u16() & 0x0fff;
    let asks = match r.within(0, 3) {
        0 => vec![0x20],
        1 => b().u8(0x30).be16(table).done(),
        2 => b().u8(0x3f).be16(table).put([0, 0, r.u8()]).be16(1 + r.u16() % 64).done(),
        _ => b().u8(0x50).be16(r.u16()).put([b'u'; 10]).be16(60u16).done(),
    };
    let refused = r.once_in(8);
    let says = if refused {
        vec![r.within(1, 0x0a) as u8]
    } else if asks[0] == 0x30 || asks[0] == 0x3f {
        let data = r.bytes(1, 60);
        let sum = data.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte)).wrapping_neg();
        b().u8(0).be16(data.len()).put(data).u8(sum).done()
    } else {
        vec![0]
    };
    let answered = ber(0xa4, ber(2, number.to_be_bytes()));
    (unit(device, host, &[], &service(&asks)), unit(host, device, &answered, &service(&says)))
}

/// A service of DLMS/COSEM (IEC 62056-5-3 clauses 7 and 9) and its answer.
fn services(r: &mut Random) -> (Vec<u8>, Vec<u8>) {
    let number = 0xc0 | r.u8() & 0x0f;
    let place = b().be16(r.within(1, 100)).put(r.array::<6>()).u8(r.within(1, 20) as u8).done();
    let data = b().u8(6).put(r.array::<4>()).done();
    match r.within(0, 4) {
        0 => {
            let context = ber(0xa1, ber(6, [0x60, 0x85, 0x74, 5, 8, 1, 1]));
            let asks = b().put(&context).ber(0xbe, ber(4, [1, 0, 0, 0, 6, 0x5f, 0x1f, 4, 0, 0, 0x7e, 0x1f, 4, 0xb0]));
            let says = b().put(&context).ber(0xa2, [2, 1, 0]).ber(0xa3, ber(0xa1, [2, 1, 0]));
            let says = says.ber(0xbe, ber(4, [8, 0, 6, 0x5f, 0x1f, 4, 0, 0, 0x50, 0x1f, 1, 0xf4, 0, 7]));
            (ber(0x60, asks), ber(0x61, says))
        }
        1 | 2 => {
            let says = if r.once_in(8) { vec![1, 3] } else { [&[0], &data[..]].concat() };
            (b().put([0xc0, 1, number]).put(place).u8(0).done(), b().put([0xc4, 1, number]).put(says).done())
        }
        3 => (b().put([0xc1, 1, number]).put(place).u8(0).put(data).done(), vec![0xc5, 1, number, 0]),
        _ => (b().put([0xc3, 1, number]).put(place).u8(1).put(data).done(), vec![0xc7, 1, number, 0, 0]),
    }
}

/// The wrapper (IEC 62056-4-7 clause 5): version, both ports, length.
pub(super) fn wrapped(r: &mut Random) -> Exchange {
    let (client, meter) = (r.within(1, 0x7f), r.within(1, 0x3fff));
    let (asks, says) = services(r);
    let wrap = |from: usize, to: usize, inside: &[u8]| {
        b().be16(1u16).be16(from).be16(to).be16(inside.len()).put(inside).done()
    };
    (wrap(client, meter, &asks), wrap(meter, client, &says))
}

/// HDLC (IEC 62056-46 clause 6.4): frames of type 3 with their two checksums.
pub(super) fn hdlc(r: &mut Random) -> Exchange {
    let (client, meter) = (r.u8() | 1, r.u8() | 1);
    let sum = |bytes: &[u8]| !crc_low(0x8408, 0xffff, bytes);
    let frame = |to: u8, from: u8, control: u8, inside: &[u8]| {
        let length = 2 + 2 + 1 + 2 + inside.len() + if inside.is_empty() { 0 } else { 2 };
        let head = b().be16(0xa000 | length as u16).put([to, from, control]).done();
        let mut frame = b().put(&head).le16(sum(&head));
        if !inside.is_empty() {
            frame = frame.put(inside);
            let all = sum(frame.as_ref());
            frame = frame.le16(all);
        }
        b().u8(0x7e).put(frame).u8(0x7e).done()
    };
    if r.once_in(5) {
        return (frame(meter, client, 0x93, &[]), frame(client, meter, 0x73, &[]));
    }
    let (asks, says) = services(r);
    let control = r.u8() & 0xee | 0x10;
    let asks = frame(meter, client, control, &[&[0xe6, 0xe6, 0], &asks[..]].concat());
    (asks, frame(client, meter, control, &[&[0xe6, 0xe7, 0], &says[..]].concat()))
}

/// Tank gauges (Veeder-Root 576013-635 section 5): a function's code, and a display in text.
pub(super) fn atg(r: &mut Random) -> Exchange {
    let display = r.pick(&['I', 'S']);
    let code = format!("{display}{:03}{:02}", r.within(101, 902), r.within(0, 16));
    let lines: String = (0..r.within(1, 8)).map(|_| format!("{}\r\n", r.name(1, 40))).collect();
    (format!("\x01{code}\n").into_bytes(), format!("\x01\r\n{code}\r\n{lines}\x03").into_bytes())
}
