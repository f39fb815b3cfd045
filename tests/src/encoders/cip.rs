//! EtherNet/IP (ODVA, CIP Networks Library volume 2 chapter 2): explicit messages, and implicit ones over UDP.

use super::{Exchange, Random, b};

/// The encapsulation header of 24 bytes.
fn encapsulated(command: u16, session: u32, status: u32, context: &[u8; 8], data: &[u8]) -> Vec<u8> {
    b().le16(command).le16(data.len()).le32(session).le32(status).put(context).le32(0u32).put(data).done()
}

pub(super) fn enip(r: &mut Random) -> Exchange {
    let (session, context) = (r.u32(), r.array::<8>());
    match r.within(0, 5) {
        0 => {
            let register = [1, 0, 0, 0];
            (encapsulated(0x65, 0, 0, &context, &register), encapsulated(0x65, session, 0, &context, &register))
        }
        1 => {
            let name = r.name(1, 30);
            let address = b().be16(2u16).be16(44_818u16).put(r.array::<4>()).put([0; 8]);
            let item = b().le16(1u16).put(address).le16(r.u16()).le16(r.u16()).le16(r.u16()).put(r.array::<2>());
            let item = item.le16(r.u16()).le32(r.u32()).u8(name.len() as u8).put(name).u8(r.u8());
            let list = b().le16(1u16).le16(0x0cu16).le16(item.as_ref().len()).put(item);
            (encapsulated(0x63, 0, 0, &context, &[]), encapsulated(0x63, 0, 0, &context, list.as_ref()))
        }
        2 => {
            let item = b().le16(0x100u16).le16(20u16).le16(1u16).le16(0x120u16).put(b"Communications\0\0");
            let list = b().le16(1u16).put(item);
            (encapsulated(0x04, 0, 0, &context, &[]), encapsulated(0x04, 0, 0, &context, list.as_ref()))
        }
        3 => {
            // Connected: the connection's number, a count, the message.
            let (up, down, count) = (r.u32(), r.u32(), r.u16());
            let data = |connection: u32, message: Vec<u8>| {
                let head = b().le32(0u32).le16(count & 0xff).le16(2u16).le16(0xa1u16).le16(4u16).le32(connection);
                head.le16(0xb1u16).le16(message.len() + 2).le16(count).put(message).done()
            };
            let (asks, says) = services(r);
            let (asks, says) = (data(up, asks), data(down, says));
            (encapsulated(0x70, session, 0, &context, &asks), encapsulated(0x70, session, 0, &context, &says))
        }
        _ => {
            let timeout = r.u16();
            let data = |message: Vec<u8>| {
                let head = b().le32(0u32).le16(timeout).le16(2u16).le32(0u32).le16(0xb2u16);
                head.le16(message.len()).put(message).done()
            };
            let (asks, says) = services(r);
            let (asks, says) = (data(asks), data(says));
            (encapsulated(0x6f, session, 0, &context, &asks), encapsulated(0x6f, session, 0, &context, &says))
        }
    }
}

/// A service of CIP (volume 1 chapter 2-4) to a class, an instance and perhaps an attribute, or to a tag.
fn services(r: &mut Random) -> (Vec<u8>, Vec<u8>) {
    let service = r.pick(&[0x01u8, 0x03, 0x05, 0x0e, 0x10, 0x4b, 0x4c, 0x4d, 0x52, 0x54]);
    let path = if matches!(service, 0x4c | 0x4d) {
        let tag = r.name(1, 20);
        let segment = b().u8(0x91).u8(tag.len() as u8).put(&tag);
        if tag.len() % 2 == 1 { segment.u8(0).done() } else { segment.done() }
    } else {
        b().u8(0x20).u8(r.u8()).u8(0x24).u8(r.u8()).u8(0x30).u8(r.u8()).done()
    };
    let asks = b().u8(service).u8(path.len() as u8 / 2).put(path).put(r.bytes(2, 40));
    let says = b().u8(service | 0x80).u8(0);
    let says = if r.once_in(8) { says.put([r.pick(&[1u8, 4, 5, 8, 0x0c, 0x13, 0x14]), 0]) } else { says.put([0, 0]) };
    (asks.done(), says.put(r.bytes(2, 60)).done())
}

/// Implicit messages (volume 2 clause 2-6): a sequenced address, then connected data.
pub(super) fn io(r: &mut Random) -> Exchange {
    let mut message = |least: usize| {
        let data = r.bytes(least, 400);
        let head = b().le16(2u16).le16(0x8002u16).le16(8u16).le32(r.u32()).le32(r.u32());
        head.le16(0xb1u16).le16(data.len()).put(data).done()
    };
    (message(2), message(2))
}
