//! EtherNet/IP with CIP.

use super::{Script, ToClient, ToServer, connection, datagrams, framing, long, midstream, one_direction, short};
use crate::make::Capture;

const SESSION: u32 = 0x1122_3344;

/// A message of the encapsulation.
fn frame(command: u16, session: u32, context: u8, data: &[u8]) -> Vec<u8> {
    let mut bytes = command.to_le_bytes().to_vec();
    bytes.extend(long(data, 0).to_le_bytes());
    bytes.extend(session.to_le_bytes());
    bytes.extend([0; 4]);
    bytes.extend([context; 8]);
    bytes.extend([0; 4]);
    bytes.extend(data);
    bytes
}

/// A CIP message without a connection.
fn unconnected(context: u8, message: &[u8]) -> Vec<u8> {
    let data = [&[0, 0, 0, 0, 10, 0, 2, 0, 0, 0, 0, 0, 0xb2, 0][..], &long(message, 0).to_le_bytes(), message].concat();
    frame(0x6f, SESSION, context, &data)
}

/// One of a connection.
fn connected(connection: u8, sequence: u16, message: &[u8]) -> Vec<u8> {
    let head = [0, 0, 0, 0, 0, 0, 2, 0, 0xa1, 0, 4, 0, connection, 0, 0xc0, 0, 0xb1, 0];
    let data = [&head[..], &long(message, 2).to_le_bytes(), &sequence.to_le_bytes(), message].concat();
    frame(0x70, SESSION, 0, &data)
}

/// A request of a service on a class and instance.
fn ask(service: u8, class: u8, data: &[u8]) -> Vec<u8> {
    [&[service, 2, 0x20, class, 0x24, 1][..], data].concat()
}

/// A path that names a tag.
fn tag(name: &str) -> Vec<u8> {
    let mut path = vec![0x91, short(name.as_bytes())];
    path.extend(name.as_bytes());
    path.resize(path.len().next_multiple_of(2), 0);
    path
}

fn on_tag(service: u8, name: &str, data: &[u8]) -> Vec<u8> {
    let path = tag(name);
    [&[service, short(&path) / 2][..], &path, data].concat()
}

/// The attributes of an Identity object.
fn identity() -> Vec<u8> {
    [&[1, 0, 14, 0, 0x36, 0, 20, 11, 0x60, 0, 0xef, 0xbe, 0xad, 0xde, 12][..], b"1756-L61/B X"].concat()
}

/// The session's beginning.
fn opening() -> Script {
    let identity = [&[1, 0][..], &[0, 2, 0xaf, 0x12, 192, 0, 2, 20], &[0; 8], &identity(), &[3]].concat();
    let item = [&[1, 0, 0x0c, 0][..], &long(&identity, 0).to_le_bytes(), &identity].concat();
    vec![
        (ToServer, frame(0x63, 0, 1, &[])),
        (ToClient, frame(0x63, 0, 1, &item)),
        (ToServer, frame(0x04, 0, 2, &[])),
        (ToClient, frame(0x04, 0, 2, &[&[1, 0, 0, 1, 20, 0, 1, 0, 0x20, 0][..], b"Communications\0\0"].concat())),
        (ToServer, frame(0x65, 0, 3, &[1, 0, 0, 0])),
        (ToClient, frame(0x65, SESSION, 3, &[1, 0, 0, 0])),
    ]
}

/// One exchange of every service on the class it is met on, each answered well.
fn functions() -> Script {
    const SERVICES: &[(u8, u8)] = &[
        (0x03, 1),
        (0x0e, 1),
        (0x01, 0xf5),
        (0x02, 4),
        (0x03, 0x8b),
        (0x04, 0x8b),
        (0x05, 1),
        (0x06, 0x8e),
        (0x07, 0x8e),
        (0x08, 0x6b),
        (0x09, 0x6b),
        (0x0d, 4),
        (0x0e, 4),
        (0x10, 4),
        (0x11, 0x68),
        (0x15, 1),
        (0x16, 1),
        (0x18, 4),
        (0x19, 4),
        (0x54, 6),
        (0x55, 0x6b),
        (0x56, 6),
        (0x5a, 6),
        (0x5b, 6),
        (0x4e, 6),
        (0x4b, 0xa1),
        (0x4d, 0xa1),
        (0x51, 0xa1),
        (0x77, 0x99),
    ];
    let mut script = opening();
    script.push((ToServer, unconnected(9, &ask(1, 1, &[]))));
    script.push((ToClient, unconnected(9, &[&[0x81, 0, 0, 0][..], &identity()].concat())));
    for (number, (service, class)) in SERVICES.iter().enumerate() {
        let context = 10 + number as u8;
        script.push((ToServer, unconnected(context, &ask(*service, *class, &[]))));
        script.push((ToClient, unconnected(context, &[service | 0x80, 0, 0, 0])));
    }
    script.extend(commands());
    script.push((ToServer, frame(0x72, SESSION, 0, &[])));
    script.push((ToServer, frame(0, SESSION, 0, &[])));
    script.push((ToServer, frame(0x66, SESSION, 0, &[])));
    script
}

/// PCCC commands inside their service.
fn commands() -> Script {
    let mut script = Script::new();
    for (number, (command, function)) in [(6, 3), (15, 0x80), (15, 0xa2), (15, 0xaa), (15, 0x8f)].iter().enumerate() {
        let context = 100 + number as u8;
        let data = [7, 1, 0, 1, 2, 3, 4, *command, 0, 9, 0, *function];
        script.push((ToServer, unconnected(context, &ask(0x4b, 0x67, &data))));
        let answer = [&[0xcb, 0, 0, 0][..], &[7, 1, 0, 1, 2, 3, 4, *command | 0x40, 0, 9, 0]].concat();
        script.push((ToClient, unconnected(context, &answer)));
    }
    script
}

/// Tags read and written over a connection, several in a packet, refused, and wrapped in an Unconnected Send.
fn tags() -> Script {
    let read = on_tag(0x4c, "Line1.Speed", &[1, 0]);
    let write = on_tag(0x4d, "Line1.Rate", &[0xca, 0, 1, 0, 0, 0, 0x48, 0x41]);
    let both = [&[0x0a, 2, 0x20, 2, 0x24, 1, 2, 0, 6, 0][..], &long(&read, 6).to_le_bytes(), &read, &write].concat();
    let answers = [0x8a, 0, 0x1e, 0, 2, 0, 6, 0, 16, 0, 0xcc, 0, 0, 0, 0xc4, 0, 57, 0, 0, 0, 0xcd, 0, 0x0f, 0];
    let wrapped = [&[0x52, 2, 0x20, 6, 0x24, 1, 7, 0xe9][..], &long(&read, 0).to_le_bytes(), &read, &[1, 0, 1, 0]];
    let wrapped = wrapped.concat();
    vec![
        (ToServer, connected(1, 500, &read)),
        (ToClient, connected(2, 500, &[0xcc, 0, 0, 0, 0xc4, 0, 56, 0, 0, 0])),
        (ToServer, connected(1, 501, &both)),
        (ToClient, connected(2, 501, &answers)),
        (ToServer, connected(1, 502, &on_tag(0x52, "Recipe", &[20, 0, 0, 0, 0, 0]))),
        (ToClient, connected(2, 502, &[0xd2, 0, 6, 0, 0xc4, 0, 1, 0, 0, 0])),
        (ToServer, unconnected(1, &wrapped)),
        (ToClient, unconnected(1, &[0xcc, 0, 0, 0, 0xc3, 0, 1, 0])),
        (ToServer, unconnected(2, &wrapped)),
        (ToClient, unconnected(2, &[0xd2, 0, 1, 1, 4, 2])),
    ]
}

/// A service in a packet that lies outside of it, a path that is cut, then good messages.
fn malformed() -> Script {
    let mut script = opening();
    script.push((ToServer, connected(1, 1, &[0x0a, 2, 0x20, 2, 0x24, 1, 1, 0, 99, 0])));
    script.push((ToServer, connected(1, 2, &[0x4c, 9, 0x20, 2])));
    script.push((ToServer, [&[0xee; 30][..], &connected(1, 3, &ask(7, 0x8e, &[]))].concat()));
    script.push((ToClient, connected(2, 3, &[0x87, 0, 0x10, 0])));
    script
}

pub(super) fn captures() -> Vec<(&'static str, Capture)> {
    let found: Script = opening().into_iter().take(2).collect();
    vec![
        ("functions", connection(44_818, &functions())),
        ("tags", connection(44_818, &tags())),
        ("wrong-port", connection(4444, &tags())),
        ("framing", framing(44_818, &tags())),
        ("midstream", midstream(44_818, &tags()[1..].to_vec())),
        ("one-direction", one_direction(44_818, &tags())),
        ("malformed", connection(44_818, &malformed())),
        ("datagrams", datagrams((50_000, 44_818), &found)),
    ]
}
