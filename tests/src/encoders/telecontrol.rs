//! Telecontrol: DNP3, IEC 60870-5-104, Genisys, ROC Plus, BSAP, trains' real-time data.

use super::{Exchange, Random, b, crc_low, crc32};

/// DNP3 (IEEE 1815 clauses 9.2 link frames, 8.2 transport, 4.2 application).
pub(super) fn dnp3(r: &mut Random) -> Exchange {
    let (master, outstation) = (r.u16() % 0xfff0, r.u16() % 0xfff0);
    let sequence = r.u8() & 15;
    let header = |group: u8, variation: u8| [group, variation, 0x06];
    let request = match r.within(0, 4) {
        0 => b().u8(1).put(header(60, 1)).put(header(60, 2)).put(header(60, 3)),
        1 => {
            let (low, high) = (r.u8() / 2, 128 + r.u8() / 2);
            b().u8(1).put([r.pick(&[1u8, 10, 20, 30, 40]), 0, 0, low, high])
        }
        2 => {
            let (code, control) = (r.pick(&[3u8, 4, 5, 6]), r.pick(&[1u8, 2, 3, 4, 0x41, 0x81]));
            let relay = b().u8(control).u8(r.u8()).le32(r.u32()).le32(r.u32()).u8(0);
            b().u8(code).put([12, 1, 0x17, 1, r.u8()]).put(relay)
        }
        3 => b().u8(2).put([50, 1, 7, 1]).put(r.array::<6>()),
        _ => b().u8(r.pick(&[13u8, 14, 23, 24])),
    };
    let mut answer = b().u8(129).u8(r.u8()).u8(r.u8() & 7);
    if r.once_in(2) {
        let (first, count) = (r.u8() / 2, r.within(1, 20));
        answer = answer.put([30, 1, 0, first, first + count as u8 - 1]);
        for _ in 0..count {
            answer = answer.u8(1).le32(r.u32());
        }
    }
    let transport = r.u8() & 0x3f | 0xc0;
    let up = b().u8(transport).u8(0xc0 | sequence).put(request);
    let down = b().u8(r.u8() & 0x3f | 0xc0).u8(0xc0 | sequence).put(answer);
    let confirmed = r.once_in(4);
    let control = if confirmed { 0xd3 | r.u8() & 0x20 } else { 0xc4 };
    (link(control, outstation, master, up.as_ref()), link(0x44, master, outstation, down.as_ref()))
}

fn link(control: u8, to: u16, from: u16, user: &[u8]) -> Vec<u8> {
    let sum = |bytes: &[u8]| !crc_low(0xa6bc, 0, bytes);
    let head = b().put([5, 0x64, user.len() as u8 + 5, control]).le16(to).le16(from).done();
    let mut frame = b().put(&head).le16(sum(&head));
    for block in user.chunks(16) {
        frame = frame.put(block).le16(sum(block));
    }
    frame.done()
}

/// Type, octets of one element, whether a time ends it: what is commanded, and what is told.
const COMMANDS: &[(u8, usize, bool)] = &[
    (45, 1, false),
    (46, 1, false),
    (47, 1, false),
    (48, 3, false),
    (49, 3, false),
    (50, 5, false),
    (51, 4, false),
    (58, 1, true),
    (59, 1, true),
    (60, 1, true),
    (61, 3, true),
    (63, 5, true),
    (64, 4, true),
    (103, 0, true),
];
const MONITORED: &[(u8, usize, bool)] = &[
    (1, 1, false),
    (3, 1, false),
    (5, 2, false),
    (7, 5, false),
    (9, 3, false),
    (11, 3, false),
    (13, 5, false),
    (15, 5, false),
    (21, 2, false),
    (30, 1, true),
    (31, 1, true),
    (32, 2, true),
    (33, 5, true),
    (34, 3, true),
    (35, 3, true),
    (36, 5, true),
    (37, 5, true),
];

/// IEC 60870-5-104 clause 5, with the data units of IEC 60870-5-101 clause 7.
pub(super) fn iec104(r: &mut Random) -> Exchange {
    if r.once_in(8) {
        let (act, con) = r.pick(&[(0x07u8, 0x0bu8), (0x13, 0x23), (0x43, 0x83)]);
        return (vec![0x68, 4, act, 0, 0, 0], vec![0x68, 4, con, 0, 0, 0]);
    }
    let (common, originator) = (1 + r.u16() % 0xfffe, r.u8());
    let numbers = (r.u16() & !1, r.u16() & !1);
    let place = [r.u8(), r.u8(), r.u8()];
    let command = r.pick(COMMANDS);
    let inside = element(r, command.1, command.2);
    let data_unit = |kind: u8, qualifier: u8, cause: u8, objects: &[u8]| {
        b().put([kind, qualifier, cause, originator]).le16(common).put(objects).done()
    };
    let object = b().put(if command.0 == 103 { [0; 3] } else { place }).put(inside).done();
    let up = data_unit(command.0, 1, 6, &object);
    let down = if r.once_in(2) {
        data_unit(command.0, 1, r.pick(&[7u8, 10, 0x47]), &object)
    } else {
        let (kind, size, timed) = r.pick(MONITORED);
        let count = r.within(1, 12);
        let mut objects = b();
        for _ in 0..count {
            objects = objects.put(r.array::<3>()).put(element(r, size, timed));
        }
        data_unit(kind, count as u8, r.pick(&[1u8, 2, 3, 5, 20]), objects.as_ref())
    };
    let frame = |inside: &[u8], numbers: (u16, u16)| {
        b().u8(0x68).u8(inside.len() as u8 + 4).le16(numbers.0).le16(numbers.1).put(inside).done()
    };
    (frame(&up, numbers), frame(&down, (numbers.1, numbers.0.wrapping_add(2))))
}

fn element(r: &mut Random, size: usize, timed: bool) -> Vec<u8> {
    let inside = b().put(r.bytes(size, size));
    if !timed {
        return inside.done();
    }
    // CP56Time2a (clause 7.2.6.18).
    let (minute, hour) = (r.within(0, 59) as u8, r.within(0, 23) as u8);
    let (day, month, year) = (r.within(1, 28) as u8, r.within(1, 12) as u8, r.within(0, 99) as u8);
    let week = r.within(0, 7) as u8;
    inside.le16(r.within(0, 59_999)).put([minute, hour, week << 5 | day, month, year]).done()
}

/// Genisys (Union Switch & Signal service manual 6701): bytes from 0xf0 on are escaped, the checksum is CRC-16.
pub(super) fn genisys(r: &mut Random) -> Exchange {
    let station = r.within(1, 255) as u8;
    let request = match r.within(0, 3) {
        0 => vec![0xfb, station],
        1 => vec![0xfd, station],
        2 => vec![0xfe, station],
        _ => [vec![0xfc, station], changes(r)].concat(),
    };
    let answer = if r.once_in(3) { vec![0xf1, station] } else { [vec![0xf2, station], changes(r)].concat() };
    // A poll may come without a checksum, an acknowledgement does.
    let bare = r.once_in(2);
    (escaped(&request, bare && request[0] == 0xfb), escaped(&answer, answer[0] == 0xf1))
}

fn changes(r: &mut Random) -> Vec<u8> {
    (0..r.within(1, 8)).flat_map(|_| [r.within(0, 0xdf) as u8, r.u8()]).collect()
}

fn escaped(message: &[u8], bare: bool) -> Vec<u8> {
    let sum = crc_low(0xa001, 0xffff, message).to_le_bytes();
    let inside = if bare { message.to_vec() } else { [message, &sum].concat() };
    let mut frame = b().u8(inside[0]);
    for byte in &inside[1..] {
        frame = if *byte >= 0xf0 { frame.put([0xf0, byte & 15]) } else { frame.u8(*byte) };
    }
    frame.u8(0xf6).done()
}

/// ROC Plus (Emerson D301180X012, "Protocol"): addresses, opcode, length, data, CRC-16.
pub(super) fn roc_plus(r: &mut Random) -> Exchange {
    let (device, host) = (r.array::<2>(), r.array::<2>());
    let (code, asks, says) = match r.within(0, 5) {
        0 => (6u8, vec![], r.bytes(1, 40)),
        1 => (7, vec![], r.bytes(7, 8)),
        2 => {
            // Opcode 180: parameters, each of a type of point, a number and a parameter.
            let count = r.within(1, 10);
            let (mut asks, mut says) = (vec![count as u8], vec![count as u8]);
            for _ in 0..count {
                let place = r.array::<3>();
                asks.extend(place);
                says.extend(place);
                says.extend(r.array::<4>());
            }
            (180, asks, says)
        }
        3 => {
            // Opcode 167: a single point's parameters: type, number, how many, from where on.
            let (count, place) = (r.within(1, 10), r.array::<2>());
            let head = b().put(place).u8(count as u8).u8(r.u8() / 2).done();
            (167, head.clone(), b().put(head).put(r.bytes(count, 4 * count)).done())
        }
        4 => {
            let (count, place) = (r.within(1, 10), r.array::<2>());
            (166, b().put(place).u8(count as u8).u8(r.u8() / 2).put(r.bytes(count, 4 * count)).done(), vec![])
        }
        _ => {
            // Opcode 17: log-in with an operator's name and a password.
            let (name, word) = (r.name(3, 3), r.u16() % 10_000);
            (17, b().put(name).le16(word).done(), vec![])
        }
    };
    let message = |to: [u8; 2], from: [u8; 2], inside: &[u8]| {
        let bytes = b().put(to).put(from).u8(code).u8(inside.len() as u8).put(inside).done();
        let sum = crc_low(0xa001, 0, &bytes);
        b().put(bytes).le16(sum).done()
    };
    (message(device, host, &asks), message(host, device, &says))
}

/// BSAP over UDP (Emerson D4052; the header over IP as cisagov/icsnpp-bsap has it).
pub(super) fn bsap(r: &mut Random) -> Exchange {
    let (mine, yours) = (r.u32(), r.u32());
    let head = |function: u16, count: usize, a: u32, z: u32| b().le16(14u16).le16(count).le16(function).le32(a).le32(z);
    let count = r.within(1, 3);
    let (mut up, mut down) = (head(0, count, mine, yours), head(1, count, yours, mine));
    for _ in 0..count {
        let (sequence, function) = (r.u32(), r.pick(&[0x00u8, 0x01, 0x04, 0x0c, 0x0f, 0x80, 0x81, 0x84]));
        let inside = b().u8(r.u8() % 16).le32(sequence).u8(0xa0).u8(r.u8()).u8(function).put(r.bytes(4, 60));
        up = up.le32(inside.as_ref().len() + 4).put(inside);
        let inside = b().u8(r.u8() % 16).le32(sequence).u8(r.pick(&[0u8, 0, 0x80])).put(r.bytes(4, 60));
        down = down.le32(inside.as_ref().len() + 4).put(inside);
    }
    (up.done(), down.done())
}

/// Trains' real-time data (IEC 61375-2-3 annex A.6.5 process data, A.7.5 message data).
pub(super) fn trdp(r: &mut Random) -> Exchange {
    let process = |r: &mut Random, kind: &[u8; 2]| {
        let data = r.bytes(0, 200);
        // Sequence, version, kind, number, counters of the train's topology, length, reserved, the answer's place.
        let head = b().be32(r.u32()).put([1, r.u8()]).put(kind).put(r.array::<12>());
        let head = head.be32(data.len()).be32(0u32).put(r.array::<8>());
        let sum = crc32(head.as_ref());
        head.le32(sum).put(data).done()
    };
    let message = |r: &mut Random, kind: &[u8; 2], session: [u8; 16]| {
        let data = r.bytes(0, 200);
        let head = b().be32(r.u32()).put([1, r.u8()]).put(kind).put(r.array::<12>()).be32(data.len()).be32(0u32);
        // The session, a timeout, who asks whom.
        let head = head.put(session).be32(r.u32()).put([0; 32]).put([0; 32]);
        let sum = crc32(head.as_ref());
        head.le32(sum).put(data).done()
    };
    if r.once_in(3) {
        let session = r.array();
        return (message(r, b"Mr", session), message(r, b"Mp", session));
    }
    let (asks, says) = r.pick(&[(b"Pr", b"Pp"), (b"Pd", b"Pd")]);
    (process(r, asks), process(r, says))
}
