//! Substations: GOOSE, sampled values, both over UDP, GSSE, synchrophasors.

use super::{Exchange, Random, b, ber, crc_high};

/// A whole number of BER that is not negative.
fn number(value: u32) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    let from = bytes.iter().take(3).take_while(|byte| **byte == 0).count();
    let short = &bytes[from..];
    if short[0] >= 0x80 { [&[0], short].concat() } else { short.to_vec() }
}

/// A GOOSE message (IEC 61850-8-1 annex A).
fn goose_message(r: &mut Random) -> Vec<u8> {
    let (device, node) = (r.name(3, 20), r.name(2, 10));
    let count = r.within(1, 10);
    let mut data = b();
    for _ in 0..count {
        data = if r.once_in(2) { data.ber(0x83, [r.u8() & 1]) } else { data.ber(0x84, [3, r.u8() & 0xf8, 0]) };
    }
    let message = b()
        .ber(0x80, format!("{device}/LLN0$GO${node}"))
        .ber(0x81, number(r.within(4, 60_000) as u32))
        .ber(0x82, format!("{device}/LLN0${}", r.name(2, 10)))
        .ber(0x83, r.name(2, 20))
        .ber(0x84, r.array::<8>())
        .ber(0x85, number(r.u32()))
        .ber(0x86, number(r.u32()))
        .ber(0x87, [u8::from(r.once_in(8))])
        .ber(0x88, number(r.u32() & 0xffff))
        .ber(0x89, [u8::from(r.once_in(8))])
        .ber(0x8a, number(count as u32))
        .ber(0xab, data);
    ber(0x61, message)
}

/// Sampled values of one to eight moments (IEC 61850-9-2 clause 8).
fn sampled_message(r: &mut Random) -> Vec<u8> {
    let count = r.within(1, 8);
    let mut moments = b();
    for _ in 0..count {
        let moment = b().ber(0x80, r.name(3, 20)).ber(0x82, r.u16().to_be_bytes()).ber(0x83, r.u32().to_be_bytes());
        moments = moments.ber(0x30, moment.ber(0x85, [r.within(0, 2) as u8]).ber(0x87, r.array::<64>()));
    }
    ber(0x60, b().ber(0x80, [count as u8]).ber(0xa2, moments))
}

/// The header below IP (IEC 61850-8-1 annex C): application's number, length, reserved.
fn below_ip(r: &mut Random, message: &[u8]) -> Exchange {
    (b().be16(r.u16()).be16(message.len() + 8).put([0; 4]).put(message).done(), Vec::new())
}

pub(super) fn goose(r: &mut Random) -> Exchange {
    let message = goose_message(r);
    below_ip(r, &message)
}

pub(super) fn sv(r: &mut Random) -> Exchange {
    let message = sampled_message(r);
    below_ip(r, &message)
}

/// A session's unit over UDP (IEC 61850-90-5 clause 8.2) with one payload, without a signature.
fn routed(r: &mut Random, session: u8, kind: u8, message: &[u8]) -> Exchange {
    let payload = b().u8(kind).u8(u8::from(r.once_in(8))).be16(r.u16()).be16(message.len()).put(message);
    let mut common = b().be32(r.u32() & 0xffff).be32(r.u32()).be16(r.within(1, 2)).put(r.array::<4>()).be16(r.u16());
    // The key's number; no initialisation vector.
    common = common.be32(r.u32()).u8(0);
    let held = common.as_ref().len() as u8;
    let head = b().put([1, 0x40, session, held + 2, 0x80, held]).put(common);
    (head.be32(payload.as_ref().len()).put(payload).done(), Vec::new())
}

pub(super) fn r_goose(r: &mut Random) -> Exchange {
    let message = goose_message(r);
    routed(r, 0xa1, 0x81, &message)
}

pub(super) fn routed_sv(r: &mut Random) -> Exchange {
    let message = sampled_message(r);
    routed(r, 0xa2, 0x82, &message)
}

/// GSSE: IEEE 802.2, the inactive network layer (ISO 8473), a unit of ISO/IEC 8602 with both selectors.
pub(super) fn gsse(r: &mut Random) -> Exchange {
    let head = b().put([0xfe, 0xfe, 3, 0, 9, 0x40, 0xc1, 2]).be16(r.u16()).put([0xc2, 2]).be16(r.u16());
    let session = b().put([0x40, 4]).put(r.array::<4>()).ber(0x60, ber(0xbe, ber(0x28, r.bytes(4, 100))));
    (head.put(session).done(), Vec::new())
}

/// IEEE C37.118.2-2011 clause 6.2: frames with their CRC-CCITT.
pub(super) fn synchrophasor(r: &mut Random) -> Exchange {
    let (stream, version) = (r.within(1, 65_534), r.within(1, 2) as u8);
    let mut frame = |kind: u8, inside: &[u8]| {
        let quality = r.u8() & 0x7f;
        let head = b().put([0xaa, kind << 4 | version]).be16(inside.len() + 16).be16(stream).be32(r.u32());
        let frame = head.u8(quality).put(r.array::<3>()).put(inside).done();
        let sum = crc_high(0xffff, &frame);
        b().put(frame).be16(sum).done()
    };
    let code = [1u16, 2, 3, 4, 5][usize::from(stream as u16 % 5)];
    let asks = frame(4, &code.to_be_bytes());
    let text = [b'A' + (stream % 26) as u8; 40];
    let says = if code == 3 { frame(1, &text) } else { frame(0, &text[..2 * (4 + stream % 16)]) };
    (asks, says)
}
