//! Protocols of controllers' runtimes that their makers do not publish, as public analyses have them: CODESYS, Fox, PC Worx,
//! ProConOS, Crimson.

use super::{Exchange, Random, b};

/// CODESYS V3 over UDP (Kaspersky ICS CERT, "Security research: CODESYS Runtime"): a datagram between two nodes.
fn datagram(service: u8, inside: &[u8]) -> Vec<u8> {
    // Priority and signals; lengths of both addresses in words; addresses of one word each.
    b().put([0xc5, 0x6b, 0x40, service, 0, 0x11]).put([0, 0x15, 0x2d, 0xde, 0, 0]).put(inside).done()
}

pub(super) fn codesys(r: &mut Random) -> Exchange {
    let (channel, block, number) = (r.u16(), r.u32() & 0xff_ffff, r.u32());
    match r.within(0, 3) {
        0 => {
            let open = |kind: u8| b().put([kind, 0]).le16(0x0101u16).le32(number).done();
            let asks = b().put(open(0xc3)).le32(r.u32()).le32(0x001f_4000u32).le32(5u32);
            let says = b().put(open(0x83)).le32(r.u32()).le16(0u16).le16(channel).le32(0x001f_4000u32).le32(4u32);
            (datagram(0x40, asks.as_ref()), datagram(0x40, says.as_ref()))
        }
        1 => {
            let name = b().le16(0xc201u16).le16(r.u16()).le32(0u32).done();
            let told = b().le16(0xc280u16).le16(r.u16()).le32(0u32).put(r.bytes(20, 100)).done();
            (datagram(3, &name), datagram(4, &told))
        }
        _ => {
            let (group, command, session) = (r.within(1, 0x1f) as u16, r.within(1, 0x20), r.u32());
            let mut service = |group: u16| {
                let tags = r.bytes(4, 100);
                let head = b().le16(0xcd55u16).le16(16u16).le16(group).le16(command).le32(session).le32(tags.len());
                let service = head.le32(0u32).put(tags).done();
                let first = b().put([1, 0x81]).le16(channel).le32(block).le32(block.wrapping_sub(1));
                first.le32(service.len()).le32(r.u32()).put(service).done()
            };
            let (asks, says) = (service(group), service(group | 0x80));
            (datagram(0x40, &asks), datagram(0x40, &says))
        }
    }
}

/// CODESYS V3 over TCP: the same in blocks.
pub(super) fn codesys_blocks(r: &mut Random) -> Exchange {
    let wrap = |inside: &[u8]| b().le32(0xe817_0100_u32).le32(inside.len() + 8).put(inside).done();
    let (asks, says) = codesys(r);
    (wrap(&asks), wrap(&says))
}

/// Niagara Fox (nmap's fox-info and public captures): a line of words, a body of keys and values.
pub(super) fn fox(r: &mut Random) -> Exchange {
    let number = r.u32() & 0xffff;
    let body = |r: &mut Random| {
        let lines: String = (0..r.within(1, 6)).map(|_| format!("{}=s:{}\n", r.name(2, 12), r.name(0, 20))).collect();
        format!("{{\n{lines}}};;\n")
    };
    let (channel, command) = r.pick(&[("fox", "hello"), ("fox", "keepAlive"), ("sys", "read"), ("station", "invoke")]);
    let kind = if command == "hello" { 'a' } else { 'r' };
    let asks = format!("fox {kind} {number} -1 {channel} {command}\n{}", body(r));
    let says = format!("fox a {} {number} {channel} {command}\n{}", r.u32() & 0xffff, body(r));
    (asks.into_bytes(), says.into_bytes())
}

/// PC Worx (nmap's pcworx-info and public captures): side, function, length, number, content.
pub(super) fn pcworx(r: &mut Random) -> Exchange {
    let number = r.u16() & 0xff;
    let (function, asks) = match r.within(0, 2) {
        0 => (1u8, b().put([0, 0, 0x78, 0x80, 0, 3, 0, 0x0c]).put("IBETH01N0_M\0").done()),
        1 => (5, b().put([0, 0]).put(r.array::<2>()).put([0, 0x4c, 0, 0, 0, 0, 0, 4, 2, 0x95, 0, 0]).done()),
        _ => (6, b().put([0, 0, 0, 0]).be16(r.u16()).put([4, 0]).done()),
    };
    let says = b().put([0, 1, 0, 0, 0, 0, 0, 2]).put(r.bytes(4, 150)).done();
    let message =
        |side: u8, inside: &[u8]| b().put([side, function]).be16(inside.len() + 6).be16(number).put(inside).done();
    (message(1, &asks), message(0x81, &says))
}

/// ADE remoting (public captures): heads of eight words whose sum has all bits set.
pub(super) fn proconos(r: &mut Random) -> Exchange {
    let message = |kind: u16, service: u16, call: u16, body: &[u8]| {
        let words = [1, kind, 0, body.len() as u16, service, call, 0];
        let sum = words.iter().fold(0xffff_u16, |left, word| left.wrapping_sub(*word));
        let head = words.iter().fold(b(), |head, word| head.le16(*word)).le16(sum);
        head.put(body).done()
    };
    let (service, call) = (r.u16() & 0xff, 1 + r.u16() % 40);
    if r.once_in(3) {
        let name = format!("Ade.Remoting.Services.I{}\0", r.name(4, 20));
        return (message(0, 0, 0, name.as_bytes()), message(1, service, 0, &[]));
    }
    (message(2, service, call, &r.bytes(0, 100)), message(3, service, call, &r.bytes(0, 200)))
}

/// Crimson 3 (nmap's and scanners' probes): length, register, content; the model and the maker are asked for.
pub(super) fn crimson(r: &mut Random) -> Exchange {
    let message = |register: u16, inside: &[u8]| b().be16(inside.len() + 2).be16(register).put(inside).done();
    let (register, number) = r.pick(&[(0x012au16, 0x1au8), (0x012b, 0x1b)]);
    let text = b().put([3, 0]).put(r.name(1, 40)).u8(0).done();
    (message(register, &[number, 0]), message(register, &text))
}

/// CODESYS V2 (Digital Bond's codesys-v2-discover): blocks of a magic number, a length and what a service carries.
pub(super) fn codesys_second(r: &mut Random) -> Exchange {
    let block = |inside: &[u8]| b().put([0xbb, 0xbb]).le32(inside.len()).put(inside).done();
    if r.once_in(2) {
        let text = |name: &str| {
            let mut bytes = name.as_bytes().to_vec();
            bytes.resize(32, 0);
            bytes
        };
        let says = b().put(r.array::<58>()).put(text("VxWorks")).put(text("")).put(text(&r.name(4, 30)));
        (block(&[1]), block(says.as_ref()))
    } else {
        let service = r.within(2, 255) as u8;
        (block(&[&[service], &r.bytes(0, 60)[..]].concat()), block(&r.bytes(1, 200)))
    }
}
