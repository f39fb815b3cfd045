//! OPC UA binary over TCP (OPC 10000-6 clauses 7.1 connection, 6.7 chunks, 5.2 encoding), services of OPC 10000-4.

use super::{Bytes, Exchange, Random, b};

pub(super) fn opcua(r: &mut Random) -> Exchange {
    match r.within(0, 5) {
        0 => hello(r),
        1 => opened(r),
        _ => service(r),
    }
}

/// Both ends say how much they take at a time.
pub(super) fn hello(r: &mut Random) -> Exchange {
    let url = format!("opc.tcp://{}:{}/{}", r.name(1, 20), r.u16(), r.name(0, 10));
    let sizes = |r: &mut Random| b().le32(0u32).le32(8192 + r.u32() % 65_536).le32(8192 + r.u32() % 65_536);
    let asks = sizes(r).le32(r.u32() & 0xff_ffff).le32(r.u32() & 0xffff);
    let says = sizes(r).le32(r.u32() & 0xff_ffff).le32(r.u32() & 0xffff);
    (message(b"HELF", text(asks, &url).as_ref()), message(b"ACKF", says.as_ref()))
}

fn message(kind: &[u8; 4], inside: &[u8]) -> Vec<u8> {
    b().put(kind).le32(inside.len() + 8).put(inside).done()
}

fn text(bytes: Bytes, text: &str) -> Bytes {
    bytes.le32(text.len()).put(text)
}

/// A request's header: no token, time, number, no diagnostics, no audit, timeout, nothing added.
fn asks(r: &mut Random, kind: u16, number: u32) -> Bytes {
    let token = b().put([2, 0, 0]).le32(r.u32()).done();
    let head = b().put([1, 0]).le16(kind).put(token).put(r.array::<8>()).le32(number).le32(0u32);
    head.le32(u32::MAX).le32(r.u32() & 0xffff).put([0, 0, 0])
}

fn says(r: &mut Random, kind: u16, number: u32, status: u32) -> Bytes {
    let head = b().put([1, 0]).le16(kind).put(r.array::<8>()).le32(number).le32(status).u8(0);
    head.le32(u32::MAX).put([0, 0, 0])
}

/// A secure channel is opened without security.
pub(super) fn opened(r: &mut Random) -> Exchange {
    let (number, channel) = (r.u32(), r.u32());
    let security = |channel: u32| {
        let policy = text(b().le32(channel), "http://opcfoundation.org/UA/SecurityPolicy#None");
        policy.le32(u32::MAX).le32(u32::MAX)
    };
    let (sequence, request) = (r.u32() & 0xffff, r.u32() & 0xffff);
    let asks = asks(r, 446, number).le32(0u32).le32(0u32).le32(1u32).le32(u32::MAX).le32(r.u32() & 0xff_ffff);
    let says = says(r, 449, number, 0).le32(0u32).le32(channel).le32(r.u32()).put(r.array::<8>()).le32(600_000u32);
    let asks = security(0).le32(sequence).le32(request).put(asks);
    let says = security(channel).le32(sequence).le32(request).put(says.le32(u32::MAX));
    (message(b"OPNF", asks.as_ref()), message(b"OPNF", says.as_ref()))
}

/// Read, Write, Browse, Publish, Call, CreateSession's kin: the type's number and the answer's behind it.
fn service(r: &mut Random) -> Exchange {
    let kind = r.pick(&[422u16, 428, 461, 467, 473, 527, 533, 631, 673, 712, 751, 787, 826]);
    let (number, status) = (r.u32(), if r.once_in(8) { 0x8034_0000 } else { 0 });
    let most = r.pick(&[20, 60, 120, 600, 4_000]);
    let head = b().le32(r.u32()).le32(r.u32()).le32(r.u32()).le32(r.u32()).done();
    let asks = b().put(&head).put(asks(r, kind, number)).put(r.bytes(4, most));
    let says = b().put(&head).put(says(r, kind + 3, number, status)).put(r.bytes(4, most));
    (message(b"MSGF", asks.as_ref()), message(b"MSGF", says.as_ref()))
}
