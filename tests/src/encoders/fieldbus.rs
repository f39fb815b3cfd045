//! Field buses over Ethernet and IP: EtherCAT, POWERLINK, Sercos III, HART-IP, Foundation Fieldbus HSE, LonWorks.

use super::{Exchange, Random, b};

/// EtherCAT (IEC 61158-4-12 clause 5.3): a frame of one to three datagrams.
pub(super) fn ethercat(r: &mut Random) -> Exchange {
    let count = r.within(1, 3);
    let mut inside = b();
    for number in 1..=count {
        let data = r.bytes(1, 100);
        let more = if number < count { 0x8000 } else { 0 };
        let head = b().u8(r.within(1, 14) as u8).u8(r.u8()).le32(r.u32()).le16(data.len() as u16 | more).le16(0u16);
        inside = inside.put(head).put(data).le16(r.u16() & 0xff);
    }
    let mut frame = b().le16(inside.as_ref().len() as u16 | 0x1000).put(inside).done();
    // Frames of Ethernet are filled up.
    let length = frame.len().max(46);
    frame.resize(length, 0);
    (frame, Vec::new())
}

/// The same over UDP (clause 4.3.2): nothing is filled up.
pub(super) fn ethercat_datagrams(r: &mut Random) -> Exchange {
    let (mut frame, _) = ethercat(r);
    frame.truncate(2 + (usize::from(frame[0]) | usize::from(frame[1] & 7) << 8));
    (frame, Vec::new())
}

/// POWERLINK version 2 (EPSG DS 301 clause 4.6): cyclic frames, and SDOs in asynchronous ones.
pub(super) fn powerlink(r: &mut Random) -> Exchange {
    const STATES: &[u8] = &[0x1c, 0x1d, 0x5d, 0x6d, 0xfd, 0x4d];
    let node = r.within(1, 239) as u8;
    let data = r.bytes(36, 300);
    let (asks, says) = match r.within(0, 3) {
        0 => {
            let start = b().put([1, 0xff, 0xf0, 0]).put([r.u8() & 0xc0, 0]).put(r.array::<8>()).put(r.array::<8>());
            (start.put([0; 24]).done(), Vec::new())
        }
        1 => {
            let polled = b().put([3, node, 0xf0, 0, r.u8() & 0x25, 0, r.u8(), 0]).le16(data.len()).put(&data);
            let answer = b().put([4, 0xff, node, r.pick(STATES), r.u8() & 0x31, r.u8() & 0x3f, r.u8(), 0]);
            let more = r.bytes(36, 300);
            (polled.done(), answer.le16(more.len()).put(more).done())
        }
        2 => {
            let service = r.within(0, 5) as u8;
            let start = b().put([5, 0xff, 0xf0, r.pick(STATES), r.u8() & 6, 0, service, node, 0x20]).put([0; 37]);
            (start.done(), Vec::new())
        }
        _ => {
            let (number, index) = (r.u8(), r.u16());
            let sdo = |to: u8, from: u8, flags: u8, rest: &[u8]| {
                let head = b().put([6, to, from, 5]).put([2, 2, 0, 0]).put([0, number, flags, 2]);
                head.le16(rest.len()).put([0, 0]).put(rest).put([0; 26]).done()
            };
            let asked = b().le16(index).put([r.u8(), 0]).done();
            (sdo(node, 0xf0, 0, &asked), sdo(0xf0, node, 0x80, &r.array::<4>()))
        }
    };
    (asks, says)
}

/// POWERLINK version 1 (EPSG DS 1.0): a cycle has an end of its own, and channels take the place of services.
pub(super) fn powerlink_first(r: &mut Random) -> Exchange {
    let node = r.within(1, 239) as u8;
    let data = r.bytes(42, 300);
    let frame = |kind: u8, to: u8, from: u8, inside: &[u8]| b().put([kind, to, from]).put(inside).put([0; 43]).done();
    match r.within(0, 3) {
        0 => (frame(1, 0xff, 0xf0, &[]), frame(2, 0xff, 0xf0, &[])),
        1 => (frame(3, node, 0xf0, &data), frame(4, 0xff, node, &data)),
        2 => (frame(5, 0xff, 0xf0, &[0, 0, r.within(0, 5) as u8, node]), Vec::new()),
        _ => {
            let channel = r.pick(&[0u8, 1, 2, 3, 0xff]);
            (frame(6, node, 0xf0, &[&[channel], &data[..]].concat()), Vec::new())
        }
    }
}

/// SDOs of POWERLINK over UDP (EPSG DS 301 clause 6.3.2.2): message type and service as in frames, nodes empty, nothing filled up.
pub(super) fn powerlink_datagrams(r: &mut Random) -> Exchange {
    let (number, index, connection) = (r.u8(), r.u16(), 4 * r.within(0, 63) as u8 + 2);
    let sdo = |flags: u8, command: u8, rest: &[u8]| {
        let head = b().put([6, 0, 0, 5]).put([connection, connection, 0, 0]).put([0, number, flags, command]);
        head.le16(rest.len()).put([0, 0]).put(rest).done()
    };
    let place = b().le16(index).put([r.u8(), 0]);
    if r.once_in(2) {
        let value = r.bytes(1, 200);
        (sdo(0, 1, place.put(&value).as_ref()), sdo(0x80, 1, &[]))
    } else {
        (sdo(0, 2, place.as_ref()), sdo(0x80, 2, &r.bytes(1, 200)))
    }
}

/// Sercos III (IEC 61158-4-19): telegram, phase, checksum, then data; the cycle's count stands where a bit says so.
pub(super) fn sercos(r: &mut Random) -> Exchange {
    let (kind, counted) = (r.u8() & 0xe3, r.u8() & 0x70);
    let phase = r.within(0, 4) as u8 | if kind & 0x20 == 0 { 0 } else { counted };
    (b().put([kind, phase]).put(r.array::<4>()).put(r.bytes(40, 300)).done(), Vec::new())
}

/// HART-IP (FieldComm TS20085 clause 10.3) and token-passing units within (TS20081).
pub(super) fn hart_ip(r: &mut Random) -> Exchange {
    let sequence = r.u16();
    let message = |kind: u8, id: u8, inside: &[u8]| {
        b().put([1, kind, id, 0]).be16(sequence).be16(inside.len() + 8).put(inside).done()
    };
    match r.within(0, 4) {
        0 => {
            let inside = b().u8(1).be32(r.u32() & 0xff_ffff).done();
            (message(0, 0, &inside), message(1, 0, &inside))
        }
        1 => (message(0, 1, &[]), message(1, 1, &[])),
        2 => (message(0, 2, &[]), message(1, 2, &[])),
        _ => {
            let address = r.array::<5>();
            let command = r.pick(&[0u8, 1, 2, 3, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18, 20, 33, 35, 38, 48]);
            let frame = |delimiter: u8, data: &[u8]| {
                let frame = b().u8(delimiter).put(address).put([command, data.len() as u8]).put(data).done();
                let sum = frame.iter().fold(0, |sum, byte| sum ^ byte);
                b().put(frame).u8(sum).done()
            };
            let asks = frame(0x82, &r.bytes(0, 20));
            let says = frame(0x86, &[&[0, r.u8()][..], &r.bytes(0, 30)].concat());
            (message(0, 3, &asks), message(1, 3, &says))
        }
    }
}

/// Foundation Fieldbus HSE (FF-588 "field device access agent"): version, options, protocol and kind, service, address, length.
pub(super) fn ff_hse(r: &mut Random) -> Exchange {
    let (protocol, service, address) = (r.within(1, 4) as u8, r.within(1, 126) as u8, r.u32());
    let mut message = |kind: u8| {
        let inside = r.bytes(4, 200);
        let options = r.u8() & 0xf8;
        let head = b().put([1, options, protocol << 2 | kind, service]).be32(address);
        head.be32(inside.len() + 12).put(inside).done()
    };
    (message(0), message(1))
}

/// LonWorks over IP (ISO/IEC 14908-4 clause 7.3): data packets.
pub(super) fn cnp_ip(r: &mut Random) -> Exchange {
    let mut packet = |kind: u8| {
        let inside = r.bytes(4, 200);
        let head = b().be16(inside.len() + 20).put([1, kind, 0, r.pick(&[0u8, 0x20])]).be16(r.u16());
        head.be32(r.u32()).be32(r.u32()).be32(r.u32()).put(inside).done()
    };
    (packet(1), packet(1))
}
