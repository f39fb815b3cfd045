//! S7comm-plus conversations: every function with and without digests, fragments, and how reading fails well.

use super::iso::{START, connection, conversation, data, hosts};
use crate::make::{Capture, Tcp};
use picket_event::Direction;

type Exchange = (Vec<u8>, Vec<u8>);

/// Every code of the table, and one that nobody knows.
const FUNCTIONS: &[u16] = &[
    0x04bb, 0x04d4, 0x04f2, 0x04fc, 0x0524, 0x051a, 0x0542, 0x054c, 0x0556, 0x0560, 0x056b, 0x057c, 0x0586, 0x0590,
    0x059a, 0x05a9, 0x04ff,
];

/// A fragment of this version, the last one with its trailer.
fn fragment(version: u8, inside: &[u8], last: bool) -> Vec<u8> {
    let digest = [&[32][..], &[0x5a; 32]].concat();
    let inside = if version == 3 { [&digest, inside].concat() } else { inside.to_vec() };
    let mut fragment = vec![0x72, version, 0, inside.len() as u8];
    fragment.extend(inside);
    if last {
        fragment.extend([0x72, version, 0, 0]);
    }
    fragment
}

fn request(function: u16, number: u8, tail: &[u8]) -> Vec<u8> {
    let [high, low] = function.to_be_bytes();
    [&[0x31, 0, 0, high, low, 0, 0, 0, number, 0, 0, 3, 0x88, 0x34][..], tail].concat()
}

fn response(function: u16, number: u8, tail: &[u8]) -> Vec<u8> {
    let [high, low] = function.to_be_bytes();
    [&[0x32, 0, 0, high, low, 0, 0, 0, number, 0x34][..], tail].concat()
}

fn notification() -> Vec<u8> {
    vec![0x33, 0x70, 0, 0x0e, 0x51, 4, 0, 0, 0, 0, 0, 0, 0xc9, 1]
}

/// A session is made: the server names itself.
fn session() -> Exchange {
    let name = b"\xa3\x82\x2d\x00\x15\x1f1;6ES7 211-1AE40-0XB0 ;V4.1\xa2";
    let answer = response(0x04ca, 1, &[&[0][..], name].concat());
    (fragment(1, &request(0x04ca, 1, &[0, 0, 0, 0]), true), fragment(1, &answer, true))
}

/// Every function in fragments of this version, an error, notifications, signs of life.
fn functions(version: u8) -> Vec<Exchange> {
    let mut all = vec![session()];
    for (number, function) in (2u8..).zip(FUNCTIONS) {
        let asked = fragment(version, &request(*function, number, &[0, 1, 2]), true);
        all.push((asked, fragment(version, &response(*function, number, &[0, 0]), true)));
    }
    // An object that is not there: -12 in the lower half of the code.
    let refused = response(0x054c, 90, &[0x83, 0xff, 0x74]);
    all.push((fragment(version, &request(0x054c, 90, &[0]), true), fragment(version, &refused, true)));
    all.push((Vec::new(), fragment(version, &notification(), true)));
    all.push((fragment(0xfe, &[0; 16], false), fragment(0xff, &[0, 0], false)));
    all
}

/// A message in three fragments, several units in a segment, segments of one byte.
fn framing() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::open(&mut capture, START, (&client, 49_502), (&server, 102));
    tcp.to_server(&connection(0xe0)).to_client(&connection(0xd0));
    let parts =
        [fragment(3, &request(0x0542, 1, &[0; 30]), false), fragment(3, &[7; 60], false), fragment(3, &[8; 9], true)];
    tcp.to_server(&parts.iter().flat_map(|part| data(part)).collect::<Vec<u8>>());
    let answers = [fragment(3, &response(0x0542, 1, &[0]), true), fragment(3, &notification(), true)];
    tcp.segment(1).to_client(&answers.iter().flat_map(|part| data(part)).collect::<Vec<u8>>());
    tcp.close();
    capture
}

/// Begins inside of a notification; bytes are lost in a message of several fragments.
fn midstream() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::midstream(&mut capture, START, (&client, 49_503), (&server, 5102));
    let told = data(&fragment(3, &notification(), true));
    tcp.to_client(&[&told[20..], &told].concat());
    let asked = data(&fragment(3, &request(0x0542, 1, &[0; 30]), false));
    tcp.to_server(&asked).to_server(&asked[..9]).lose(Direction::ToServer, 70);
    tcp.to_server(&data(&fragment(3, &request(0x054c, 2, &[0]), true)));
    tcp.to_client(&data(&fragment(3, &response(0x054c, 2, &[0]), true)));
    capture
}

/// Lengths that lie and a message without its kind; then TLS, of which nothing is read.
fn malformed() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::open(&mut capture, START, (&client, 49_504), (&server, 102));
    let (ask, reply) = session();
    tcp.to_server(&data(&ask)).to_client(&data(&reply));
    let mut lies = ask.clone();
    lies[3] = 0xee;
    tcp.to_server(&data(&lies)).to_server(&data(&fragment(2, &[0x39, 0, 0, 4, 0xca, 0, 0, 0, 1], true)));
    tcp.to_server(&data(&fragment(1, &request(0x05b3, 9, &[0]), true)));
    tcp.to_client(&data(&fragment(1, &response(0x05b3, 9, &[0]), true)));
    tcp.to_server(&data(&[0x16, 3, 1, 0, 4, 1, 2, 3, 4])).to_client(&data(&[0x16, 3, 3, 0, 2, 1, 2]));
    tcp.close();
    capture
}

/// Every capture by name.
pub(super) fn captures() -> Vec<(&'static str, Capture)> {
    vec![
        ("functions", conversation((49_500, 102), &functions(2))),
        ("digests", conversation((49_501, 4446), &functions(3))),
        ("framing", framing()),
        ("midstream", midstream()),
        ("malformed", malformed()),
    ]
}
