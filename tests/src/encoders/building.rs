//! Buildings: BACnet over IP, IPv6, IEEE 802.2 and MS/TP, KNXnet/IP.

use super::{Exchange, Random, b, crc_low};

/// A tag of BACnet (ASHRAE 135 clause 20.2.1): number, whether it is the context's, content of up to 253 bytes.
fn tag(number: u8, context: bool, content: &[u8]) -> Vec<u8> {
    let head = number << 4 | u8::from(context) << 3;
    match content.len() {
        short @ 0..=4 => b().u8(head | short as u8).put(content).done(),
        long => b().u8(head | 5).u8(long as u8).put(content).done(),
    }
}

fn object(r: &mut Random) -> [u8; 4] {
    (r.pick(&[0u32, 1, 2, 3, 4, 5, 8, 13, 14, 19]) << 22 | r.u32() & 0x3f_ffff).to_be_bytes()
}

/// Services of BACnet (ASHRAE 135 clause 20): a request and its answer.
fn services(r: &mut Random) -> (Vec<u8>, Vec<u8>) {
    let (invoke, object, property) = (r.u8(), object(r), r.u8());
    let value = tag(4, false, &r.array::<4>());
    let place = [tag(0, true, &object), tag(1, true, &[property])].concat();
    let confirmed = |service: u8, inside: &[u8]| b().put([0, 5, invoke, service]).put(inside).done();
    match r.within(0, 5) {
        0 => {
            let says = b().put([0x30, invoke, 12]).put(&place).u8(0x3e).put(&value).u8(0x3f);
            (confirmed(12, &place), says.done())
        }
        1 => {
            let asks = [&place[..], &[0x3e], &value, &[0x3f], &tag(3, true, &[r.within(1, 16) as u8])].concat();
            (confirmed(15, &asks), vec![0x20, invoke, 15])
        }
        2 => {
            let asks = [&tag(0, true, &object)[..], &[0x1e], &tag(0, true, &[property]), &[0x1f]].concat();
            let says = b().put([0x30, invoke, 14]).put(tag(0, true, &object)).u8(0x1e).put(tag(2, true, &[property]));
            (confirmed(14, &asks), says.u8(0x4e).put(&value).u8(0x4f).u8(0x1f).done())
        }
        3 => {
            let device = (8u32 << 22 | r.u32() & 0x3f_ffff).to_be_bytes();
            let says = [
                tag(12, false, &device),
                tag(2, false, &[5, 0xc4]),
                tag(9, false, &[r.u8() & 3]),
                tag(2, false, &r.array::<2>()),
            ];
            (vec![0x10, 8], [&[0x10, 0][..], &says.concat()].concat())
        }
        4 => {
            let says = b().put([0x50, invoke, 12]).put(tag(9, false, &[r.u8() % 6])).put(tag(9, false, &[r.u8() % 50]));
            (confirmed(12, &place), says.done())
        }
        _ => {
            let asks =
                [&tag(0, true, &[r.u8()])[..], &tag(1, true, &object), &tag(2, true, &[1]), &tag(3, true, &[60])];
            (confirmed(5, &asks.concat()), vec![0x20, invoke, 5])
        }
    }
}

/// A network header (clause 6.2) in front: an answer is expected of what is confirmed.
fn network(inside: &[u8]) -> Vec<u8> {
    b().put([1, if inside[0] == 0 { 4 } else { 0 }]).put(inside).done()
}

/// BACnet/IP (annex J.2): to everyone what is not confirmed.
pub(super) fn bacnet_ip(r: &mut Random) -> Exchange {
    let (asks, says) = services(r);
    let function = if asks[0] == 0x10 { 0x0b } else { 0x0a };
    let wrap = |inside: &[u8]| b().put([0x81, function]).be16(inside.len() + 6).put(network(inside)).done();
    (wrap(&asks), wrap(&says))
}

/// BACnet/IPv6 (annex U.2): one to one, with the virtual addresses of both.
pub(super) fn bacnet_ipv6(r: &mut Random) -> Exchange {
    let (asks, says) = services(r);
    let (mine, yours) = (r.array::<3>(), r.array::<3>());
    let wrap = |from: [u8; 3], to: [u8; 3], inside: &[u8]| {
        b().put([0x82, 1]).be16(inside.len() + 12).put(from).put(to).put(network(inside)).done()
    };
    (wrap(mine, yours, &asks), wrap(yours, mine, &says))
}

/// BACnet over IEEE 802.2 (clause 7).
pub(super) fn bacnet_ethernet(r: &mut Random) -> Exchange {
    let (asks, says) = services(r);
    let wrap = |inside: &[u8]| b().put([0x82, 0x82, 3]).put(network(inside)).done();
    (wrap(&asks), wrap(&says))
}

/// MS/TP frames (clause 9.3) with the checksums of annex G.
pub(super) fn bacnet_serial(r: &mut Random) -> Exchange {
    let (asks, says) = services(r);
    let (mine, yours) = (r.within(0, 127) as u8, r.within(0, 254) as u8);
    let wrap = |from: u8, to: u8, inside: &[u8]| {
        let data = network(inside);
        let kind = if inside[0] == 0 { 5 } else { 6 };
        let head = b().put([kind, to, from]).be16(data.len()).done();
        let sum = head.iter().fold(0xff_u8, |sum, byte| {
            let sum = u16::from(sum ^ byte);
            let sum = (1..8).fold(sum, |all, by| all ^ sum << by);
            (sum & 0xfe) as u8 ^ (sum >> 8 & 1) as u8
        });
        let all = !crc_low(0x8408, 0xffff, &data);
        b().put([0x55, 0xff]).put(head).u8(!sum).put(data).le16(all).done()
    };
    (wrap(mine, yours, &asks), wrap(yours, mine, &says))
}

/// The address of an end (KNX standard 3/8/2 clause 8.6.2).
fn end(r: &mut Random) -> Vec<u8> {
    b().put([8, 1]).put(r.array::<4>()).be16(r.u16()).done()
}

/// KNXnet/IP (KNX standard 3/8/2 core, 3/8/4 tunnelling, 3/8/5 routing).
pub(super) fn knxip(r: &mut Random) -> Exchange {
    let message =
        |service: u16, inside: &[u8]| b().put([6, 0x10]).be16(service).be16(inside.len() + 6).put(inside).done();
    let (channel, sequence) = (r.u8(), r.u8());
    match r.within(0, 5) {
        0 => {
            let name = r.name(1, 29);
            let mut text = name.into_bytes();
            text.resize(30, 0);
            let device = b().put([54, 1, r.pick(&[1u8, 2, 4, 0x10, 0x20]), r.u8() & 1]).put(r.array::<20>()).put(text);
            let services = [6, 2, 2, 1, 3, 1];
            (message(0x0201, &end(r)), message(0x0202, b().put(end(r)).put(device).put(services).as_ref()))
        }
        1 => {
            let asks = b().put(end(r)).put(end(r)).put([4, 4, 2, 0]);
            let says = b().put([channel, 0]).put(end(r)).put([4, 4]).be16(r.u16());
            (message(0x0205, asks.as_ref()), message(0x0206, says.as_ref()))
        }
        2 => (
            message(0x0207, b().put([channel, 0]).put(end(r)).as_ref()),
            message(0x0208, &[channel, r.pick(&[0, 0x21])]),
        ),
        3 => (message(0x0209, b().put([channel, 0]).put(end(r)).as_ref()), message(0x020a, &[channel, 0])),
        4 => {
            let asks = b().put([4, channel, sequence, 0]).put(telegram(r, 0x11));
            (message(0x0420, asks.as_ref()), message(0x0421, &[4, channel, sequence, 0]))
        }
        _ => (message(0x0530, &telegram(r, 0x29)), message(0x0530, &telegram(r, 0x29))),
    }
}

/// A telegram of the common interface (KNX standard 3/6/3 clause 4.1.5).
fn telegram(r: &mut Random, code: u8) -> Vec<u8> {
    let data = r.bytes(0, 14);
    let head = b().put([code, 0, 0xbc, 0xe0]).be16(r.u16()).be16(r.u16()).u8(data.len() as u8 + 1);
    head.put([0, r.pick(&[0u8, 0x40, 0x80])]).put(data).done()
}
