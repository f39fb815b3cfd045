//! Messaging of things, vehicles and instruments: MQTT, CoAP, DoIP, SOME/IP, RTPS, HiSLIP, Zigbee.

use super::{Exchange, Random, b};

/// A packet of MQTT (OASIS MQTT 3.1.1 clause 2.2): kind and flags, remaining length, the rest.
fn packet(kind: u8, rest: &[u8]) -> Vec<u8> {
    let length = rest.len();
    let head = if length < 128 { vec![length as u8] } else { vec![length as u8 | 0x80, (length >> 7) as u8] };
    b().u8(kind).put(head).put(rest).done()
}

/// A connection's first packets, in both versions; then a subscription or a publication.
pub(super) fn mqtt(r: &mut Random) -> Exchange {
    let text = |text: &str| b().be16(text.len()).put(text).done();
    let five = r.once_in(2);
    let properties: &[u8] = if five { &[0] } else { &[] };
    let version = if five { 5 } else { 4 };
    let connect = b().put(text("MQTT")).put([version, 2]).be16(r.u16()).put(properties).put(text(&r.name(0, 23)));
    let agreed = b().put([0, 0]).put(properties);
    let number = 1 + r.u16() % 0xfffe;
    let topic = format!("{}/{}", r.name(1, 12), r.name(1, 20));
    let (more, answer) = if r.once_in(2) {
        let asks = b().be16(number).put(properties).put(text(&topic)).u8(r.u8() % 3);
        (packet(0x82, asks.as_ref()), packet(0x90, b().be16(number).put(properties).u8(r.u8() % 3).as_ref()))
    } else {
        let asks = b().put(text(&topic)).be16(number).put(properties).put(r.bytes(0, 200));
        (packet(0x32 | r.u8() & 1, asks.as_ref()), packet(0x40, &number.to_be_bytes()))
    };
    ([packet(0x10, connect.as_ref()), more].concat(), [packet(0x20, agreed.as_ref()), answer].concat())
}

/// A code and what stands behind the token.
type Coded = (u8, Vec<u8>);

/// A CoAP request and its answer: code, options and payload (RFC 7252 clauses 3.1 and 5).
fn coap_exchange(r: &mut Random) -> (Coded, Coded) {
    let segments: Vec<String> = (0..r.within(1, 3)).map(|_| r.name(1, 12)).collect();
    let mut options = b();
    for (place, segment) in segments.iter().enumerate() {
        let step = if place == 0 { 0xb0 } else { 0 };
        options = options.u8(step | segment.len() as u8).put(segment);
    }
    let code = r.within(1, 4) as u8;
    let asks = if matches!(code, 2 | 3) { options.u8(0xff).put(r.bytes(1, 60)) } else { options };
    let good = [0, 0x45, 0x44, 0x44, 0x42][usize::from(code)];
    let said = if r.once_in(6) { r.pick(&[0x84u8, 0x85, 0xa0]) } else { good };
    let content = if said == 0x45 { b().put([0xc1, 0, 0xff]).put(r.bytes(1, 60)) } else { b() };
    ((code, asks.done()), (said, content.done()))
}

/// CoAP in datagrams (RFC 7252 clause 3): kind, code, number, token, the rest.
pub(super) fn coap(r: &mut Random) -> Exchange {
    let (number, token) = (r.u16(), r.bytes(1, 8));
    let confirmable = r.u8() & 1;
    let (asks, says) = coap_exchange(r);
    let message = |kind: u8, (code, rest): Coded| {
        b().put([0x40 | kind << 4 | token.len() as u8, code]).be16(number).put(&token).put(rest).done()
    };
    let kind = if confirmable == 0 { 2 } else { 1 };
    (message(confirmable, asks), message(kind, says))
}

/// CoAP in a stream (RFC 8323 clause 3.2): length of what is behind the token, code, token, the rest.
fn coap_piece(token: &[u8], (code, rest): Coded) -> Vec<u8> {
    let (length, more) = match rest.len() {
        short @ ..13 => (short as u8, vec![]),
        long @ ..269 => (13, vec![(long - 13) as u8]),
        long => (14, ((long - 269) as u16).to_be_bytes().to_vec()),
    };
    b().u8(length << 4 | token.len() as u8).put(more).u8(code).put(token).put(rest).done()
}

pub(super) fn coap_stream(r: &mut Random) -> Exchange {
    let token = r.bytes(1, 8);
    let (asks, says) = coap_exchange(r);
    (coap_piece(&token, asks), coap_piece(&token, says))
}

/// What each side takes (RFC 8323 clause 5.3): a longest message, or pieces of a whole.
pub(super) fn coap_capabilities(r: &mut Random) -> Exchange {
    let mut side = || {
        let size = b().u8(0x23).put(&(1152 + u32::from(r.u16())).to_be_bytes()[1..]);
        let rest = match r.u8() % 3 {
            0 => b(),
            1 => size,
            _ => size.u8(0x20),
        };
        coap_piece(&[], (0xe1, rest.done()))
    };
    (side(), side())
}

/// DoIP (ISO 13400-2 clause 9): version and its complement, kind, length.
fn diagnostics(version: u8, kind: u16, inside: &[u8]) -> Vec<u8> {
    b().put([version, !version]).be16(kind).be32(inside.len()).put(inside).done()
}

pub(super) fn doip_stream(r: &mut Random) -> Exchange {
    let (version, tester, entity) = (r.within(1, 3) as u8, r.u16(), r.u16());
    if r.once_in(3) {
        let asks = b().be16(tester).put([r.pick(&[0u8, 1, 0xe0])]).put([0; 4]);
        let says = b().be16(tester).be16(entity).u8(r.pick(&[0u8, 0x10])).put([0; 4]);
        return (diagnostics(version, 5, asks.as_ref()), diagnostics(version, 6, says.as_ref()));
    }
    let service = r.pick(&[0x10u8, 0x11, 0x14, 0x19, 0x22, 0x27, 0x2e, 0x31, 0x3e]);
    let asks = b().be16(tester).be16(entity).u8(service).put(r.bytes(1, 40));
    let says = b().be16(entity).be16(tester).u8(service | 0x40).put(r.bytes(1, 40));
    (diagnostics(version, 0x8001, asks.as_ref()), diagnostics(version, 0x8001, says.as_ref()))
}

pub(super) fn doip_datagrams(r: &mut Random) -> Exchange {
    let (version, vehicle) = (r.within(1, 3) as u8, r.name(17, 17).to_uppercase());
    let says = b().put(&vehicle).be16(r.u16()).put(r.array::<12>()).u8(r.pick(&[0u8, 0x10]));
    let asks = match r.within(1, 3) {
        1 => (1, vec![]),
        2 => (2, r.bytes(6, 6)),
        _ => (3, vehicle.into_bytes()),
    };
    (diagnostics(version, asks.0, &asks.1), diagnostics(version, 4, says.as_ref()))
}

/// SOME/IP (AUTOSAR PRS clause 4.1.2): service and method, length, client and session, versions, kind, result.
pub(super) fn someip(r: &mut Random) -> Exchange {
    let head = b().be16(r.u16()).be16(r.u16() & 0x7fff).done();
    let (client, version) = (b().be16(r.u16()).be16(r.u16()).done(), r.u8());
    let mut message = |kind: u8, result: u8| {
        let data = r.bytes(0, 200);
        b().put(&head).be32(data.len() + 8).put(&client).put([1, version, kind, result]).put(data).done()
    };
    (message(0, 0), message(0x80, 0))
}

/// RTPS (OMG DDSI-RTPS clause 8.3.3 and 9.4): name, version, vendor, sender, then parts with their lengths.
pub(super) fn rtps(r: &mut Random) -> Exchange {
    let mut message = || {
        let head = b().put(b"RTPS").put([2, r.within(1, 5) as u8]).be16(r.within(0x0101, 0x0114)).put(r.array::<12>());
        let time = b().put([9, 1]).le16(8u16).put(r.array::<8>());
        let data = r.bytes(5, 50);
        let filled = data.len() / 4 * 4;
        let part =
            b().put([0x15, 5]).le16(filled + 20).le16(0u16).le16(16u16).put(r.array::<16>()).put(&data[..filled]);
        head.put(time).put(part).done()
    };
    (message(), message())
}

/// HiSLIP (IVI-6.1 clause 2.4): prologue, kind, control, parameter, length.
pub(super) fn hislip(r: &mut Random) -> Exchange {
    let message = |kind: u8, control: u8, parameter: u32, inside: &[u8]| {
        b().put(b"HS").put([kind, control]).be32(parameter).be32(0u32).be32(inside.len()).put(inside).done()
    };
    let (number, version) = (r.u32(), 0x0100_0000 | r.u32() & 0xffff);
    if r.once_in(2) {
        let name = format!("hislip{}", r.within(0, 9));
        return (message(0, 0, version, name.as_bytes()), message(1, r.u8() & 1, 0x0100_0000 | r.u32() & 0xffff, &[]));
    }
    (message(7, r.u8() & 1, number, b"*IDN?\n"), message(7, r.u8() & 1, number, &r.bytes(1, 80)))
}

/// A frame of IEEE 802.15.4 (clause 7.2) with short addresses and a Zigbee network header.
fn radio(r: &mut Random) -> Vec<u8> {
    let control = 0x8841u16 | r.u16() & 0x20;
    let head = b().le16(control).u8(r.u8()).le16(r.u16()).le16(r.u16()).le16(r.u16());
    // Data or a command, version 2 of the protocol, to and from, radius, number (Zigbee specification clause 3.3.1).
    let network = b().le16(0x0008u16 | r.u16() & 1).le16(r.u16()).le16(r.u16()).u8(1 + r.u8() % 30).u8(r.u8());
    head.put(network).put(r.bytes(4, 60)).put(r.array::<2>()).done()
}

/// Zigbee in the encapsulation of sniffers (ZEP, version 2).
pub(super) fn zigbee(r: &mut Random) -> Exchange {
    let mut message = || {
        let frame = radio(r);
        let head = b().put(b"EX").put([2, 1, r.within(11, 26) as u8]).be16(r.u16()).put([1, r.u8()]);
        let head = head.put(r.array::<8>()).be32(r.u32()).put([0; 10]).u8(frame.len() as u8);
        head.put(frame).done()
    };
    (message(), message())
}

/// Zigbee on its own radio.
pub(super) fn zigbee_radio(r: &mut Random) -> Exchange {
    (radio(r), radio(r))
}
