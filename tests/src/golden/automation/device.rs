//! Fox, PC Worx, ProConOS, Crimson.

use super::{Exchange, spoken, streams};
use crate::golden::Made;

/// A message of Fox.
fn fox(kind: char, number: u32, answers: i32, channel: &str, command: &str, body: &str) -> Vec<u8> {
    format!("fox {kind} {number} {answers} {channel} {command}\n{{\n{body}}};;\n").into_bytes()
}

fn stations() -> Vec<Exchange> {
    let workbench = "fox.version=s:1.0\nid=i:1\nhostName=s:office-7\napp.name=s:Workbench\napp.version=s:3.7.44\n\
        os.name=s:Windows XP\nos.version=s:5.1\nlang=s:en\n";
    let station = "fox.version=s:1.0\nid=i:2\nhostName=s:192.0.2.20\napp.name=s:Station\napp.version=s:3.5.41.1\n\
        os.name=s:QNX\nos.version=s:6.3.2\nstation.name=s:Tower_East\nbrandId=s:example\n";
    let own = |number, command, body| fox('s', number, -1, "station", command, body);
    let back = |number, answers| fox('r', number, answers, "station", "ok", "");
    vec![
        (fox('a', 1, -1, "fox", "hello", workbench), fox('a', 0, -1, "fox", "hello", station)),
        (
            fox('a', 2, -1, "fox", "login", "user=s:operator\n"),
            fox('a', 1, -1, "fox", "challenge", "method=s:digest-md5\n"),
        ),
        (own(3, "readValue", "ord=s:/Drivers/point\n"), back(2, 3)),
        (own(4, "writeValue", "ord=s:/Drivers/point\nvalue=d:21.5\n"), back(3, 4)),
        (own(5, "invoke", "action=s:override\n"), fox('e', 4, 5, "station", "failed", "")),
        (own(6, "subscribe", "ord=s:/Drivers/point\n"), back(5, 6)),
        (Vec::new(), fox('a', 6, -1, "sub", "changed", "value=d:22.0\n")),
        (own(7, "x9", ""), fox('a', 7, -1, "fox", "rejected", "")),
    ]
}

/// A message of PC Worx.
fn pcworx(answer: bool, function: u8, number: u16, rest: &[u8]) -> Vec<u8> {
    let mut out = vec![if answer { 0x81 } else { 0x01 }, function];
    out.extend((6 + rest.len() as u16).to_be_bytes());
    out.extend(number.to_be_bytes());
    out.extend(rest);
    out
}

fn programming() -> Vec<Exchange> {
    let mut identity = vec![0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0x4c, 0, 0, 0, 0, 0, 0x98, 0x82, 0x95, 0, 0x4a, 0, 0];
    for (text, length) in [("XLC 191 ETH 2TX", 36), ("4.42", 13), ("11/26/15", 12), ("18:46:55", 12), ("04", 8)] {
        let end = identity.len() + length;
        identity.extend(text.bytes());
        identity.resize(end, 0);
    }
    let service = [&[0; 2][..], &[0x38, 0x67, 0, 0x4c, 0, 0, 0, 0, 0, 4, 2, 0x95, 0, 0]].concat();
    let done = [0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0x4c];
    vec![
        (pcworx(false, 1, 0, b"\0\0\x78\x80\0\x03\0\x0cIBETH01N0_M\0"), pcworx(true, 1, 0, &[0; 14])),
        (pcworx(false, 5, 11, &service), pcworx(true, 5, 11, &done)),
        (pcworx(false, 6, 12, &[0, 0, 0, 0, 0, 0x4c, 4, 0]), pcworx(true, 6, 12, &identity)),
        (pcworx(false, 7, 13, &[0; 6]), pcworx(true, 7, 13, &[0; 8])),
    ]
}

/// A message of ADE remoting, with its sum.
fn ade(kind: u16, service: u16, call: u16, body: &[u8]) -> Vec<u8> {
    let mut words = [1, kind, 0, body.len() as u16, service, call, 0, 0];
    words[7] = 0xffff - words.iter().sum::<u16>();
    [words.map(u16::to_le_bytes).concat(), body.to_vec()].concat()
}

fn runtime() -> Vec<Exchange> {
    let ask = |name: &str| ade(0, 0, 0, format!("Ade.Remoting.Services.{name}\0").as_bytes());
    vec![
        (ask("ISecurityService"), ade(1, 0, 0, &[])),
        (ask("IDeviceInfoService"), ade(1, 1, 0, &[])),
        (ask("IProConOSControlService"), ade(1, 2, 0, &[])),
        (ade(2, 2, 7, &[]), ade(3, 2, 7, &[])),
        (ade(2, 2, 6, &[1, 0]), ade(3, 2, 6, &[])),
        (ade(2, 1, 3, &[1, 0, 0, 0, 2, 0x40]), ade(3, 1, 3, &[1, 0, 0, 0, 4, 9])),
        (ask("ISimpleFileAccessService3"), ade(1, 3, 0, &[])),
        (ade(2, 3, 1, b"boot.pro\0"), ade(3, 3, 1, &[0; 4])),
        (ade(2, 9, 1, &[]), ade(3, 9, 1, &[])),
    ]
}

/// A message of Crimson.
fn crimson(code: u16, data: &[u8]) -> Vec<u8> {
    [&(2 + data.len() as u16).to_be_bytes()[..], &code.to_be_bytes(), data].concat()
}

fn panel() -> Vec<Exchange> {
    vec![
        (crimson(0x012b, &[0x1b, 0]), crimson(0x012b, b"\x03\0Example Controls\0")),
        (crimson(0x012a, &[0x1a, 0]), crimson(0x012a, b"\x03\0G306x\0")),
        (crimson(0x0210, &[1, 2, 3]), crimson(0x0210, &[3, 0])),
    ]
}

/// Something in the middle that is none of the protocol.
fn damaged(exchanges: &[Exchange], damage: &[u8]) -> Vec<Exchange> {
    let few = exchanges.get(..3).unwrap_or(exchanges).to_vec();
    let mut all = few.clone();
    all.push((damage.to_vec(), Vec::new()));
    all.extend(few);
    all
}

/// Every capture by name.
pub(super) fn captures() -> Vec<Made> {
    let mut all = streams("fox", 1911, &stations());
    all.push(("fox", "malformed", spoken(1911, &damaged(&stations(), b"fax a 1 -1 fox hello\n"))));
    all.extend(streams("pcworx", 1962, &programming()));
    all.push(("pcworx", "malformed", spoken(1962, &damaged(&programming(), &[1, 5, 0xff, 0xff, 0, 0, 9, 9, 9]))));
    all.extend(streams("proconos", 41_100, &runtime()));
    all.push(("proconos", "malformed", spoken(41_100, &damaged(&runtime(), &[9; 24]))));
    all.extend(streams("crimson", 789, &panel()));
    all.push(("crimson", "malformed", spoken(789, &damaged(&panel(), &[0xff; 9]))));
    all
}
