//! Modbus/TCP conversations: every function, and how reading fails well.

use super::{rtu, umas};
use crate::make::message::modbus;
use crate::make::{Capture, Host, Tcp, udp};
use picket_event::Direction;

pub(super) const START: i64 = 1_772_409_600_000_000_000;

/// The exchanges whose frames have a length on the serial line, and one refusal.
fn all_with_checksums() -> Vec<(u8, &'static [u8], &'static [u8])> {
    let mut all: Vec<_> = FUNCTIONS
        .iter()
        .copied()
        .filter(|(_, ask, _)| !matches!(ask, [9 | 10 | 13 | 14 | 65 | 125 | 126, ..] | [43, 13, ..]))
        .collect();
    all.extend(EXCEPTIONS.iter().copied().take(3));
    all
}

pub(super) fn hosts() -> (Host, Host) {
    (Host::new(1, "192.0.2.10"), Host::new(2, "192.0.2.20"))
}

/// A connection with these exchanges: unit, request and answer (none where the server is silent).
fn conversation(port: u16, exchanges: &[(u8, &[u8], &[u8])]) -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::open(&mut capture, START, (&client, 49_152), (&server, port));
    for (number, (unit, request, answer)) in exchanges.iter().enumerate() {
        let transaction = u16::try_from(number + 1).unwrap_or(1);
        tcp.to_server(&modbus(transaction, *unit, request));
        if !answer.is_empty() {
            tcp.to_client(&modbus(transaction, *unit, answer));
        }
        tcp.wait(50_000_000);
    }
    tcp.close();
    capture
}

/// One exchange of every function code of the standard, and of the older codes.
const FUNCTIONS: &[(u8, &[u8], &[u8])] = &[
    (1, &[1, 0, 19, 0, 37], &[1, 5, 0xcd, 0x6b, 0xb2, 0x0e, 0x1b]),
    (1, &[2, 0, 196, 0, 22], &[2, 3, 0xac, 0xdb, 0x35]),
    (1, &[3, 0, 107, 0, 3], &[3, 6, 2, 0x2b, 0, 0, 0, 100]),
    (1, &[3, 0, 10, 0, 1], &[3, 2, 0x12, 0x34]),
    (1, &[4, 0, 8, 0, 1], &[4, 2, 0, 10]),
    (1, &[5, 0, 172, 0xff, 0], &[5, 0, 172, 0xff, 0]),
    (1, &[6, 0, 1, 0, 3], &[6, 0, 1, 0, 3]),
    (1, &[7], &[7, 0x6d]),
    (1, &[8, 0, 0, 0xa5, 0x37], &[8, 0, 0, 0xa5, 0x37]),
    (1, &[8, 0, 1, 0, 0], &[8, 0, 1, 0, 0]),
    (1, &[9, 1, 2], &[9, 1, 2]),
    (1, &[10, 1], &[10, 1]),
    (1, &[11], &[11, 0xff, 0xff, 1, 8]),
    (1, &[12], &[12, 8, 0, 0, 1, 8, 1, 0x21, 0x20, 0]),
    (1, &[13, 0, 1], &[13, 0, 1]),
    (1, &[14, 0], &[14, 0]),
    (1, &[15, 0, 19, 0, 10, 2, 0xcd, 1], &[15, 0, 19, 0, 10]),
    (1, &[16, 0, 1, 0, 2, 4, 0, 10, 1, 2], &[16, 0, 1, 0, 2]),
    (1, &[16, 0, 9, 0, 1, 2, 0x03, 0xe8], &[16, 0, 9, 0, 1]),
    (1, &[17], &[17, 5, b'P', b'L', b'C', 1, 0xff]),
    (1, &[20, 7, 6, 0, 4, 0, 1, 0, 2], &[20, 6, 5, 6, 0x0d, 0xfe, 0, 0x20]),
    (1, &[21, 9, 6, 0, 4, 0, 7, 0, 1, 6, 0xaf], &[21, 9, 6, 0, 4, 0, 7, 0, 1, 6, 0xaf]),
    (1, &[22, 0, 4, 0, 0xf2, 0, 0x25], &[22, 0, 4, 0, 0xf2, 0, 0x25]),
    (1, &[23, 0, 3, 0, 1, 0, 14, 0, 1, 2, 0, 0xff], &[23, 2, 0, 0xfe]),
    (1, &[24, 4, 0xde], &[24, 0, 6, 0, 2, 1, 0xb8, 0x12, 0x84]),
    (1, &[43, 13, 0, 1, 2], &[43, 13, 0, 1, 2]),
    (1, &[43, 14, 1, 0], DEVICE),
    (1, &[125, 1], &[125, 1]),
    (1, &[126, 1, 2], &[126, 1, 2]),
    (1, &[65, 1], &[65, 1]),
];

const DEVICE: &[u8] = &[
    43, 14, 1, 1, 0, 0, 3, 0, 12, b'E', b'x', b'a', b'm', b'p', b'l', b'e', b' ', b'W', b'o', b'r', b'k', 1, 6, b'X',
    b'P', b'-', b'3', b'4', b'0', 2, 4, b'v', b'2', b'.', b'7',
];

/// Exceptions: illegal function, address, value, failure, and one of a gateway.
const EXCEPTIONS: &[(u8, &[u8], &[u8])] = &[
    (1, &[3, 0xff, 0xf0, 0, 10], &[0x83, 2]),
    (1, &[6, 0, 1, 0, 3], &[0x86, 4]),
    (9, &[4, 0, 8, 0, 1], &[0x84, 11]),
    (1, &[65, 1], &[0xc1, 1]),
    (1, &[8, 0, 1, 0, 0], &[0x88, 3]),
    (1, &[3, 0, 0, 0, 1], &[0x83, 99]),
];

/// Three requests in one segment, answers one byte a segment, then a message in two segments.
fn framing() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::open(&mut capture, START, (&client, 49_154), (&server, 502));
    let three =
        [modbus(1, 1, &[3, 0, 0, 0, 1]), modbus(2, 1, &[4, 0, 1, 0, 1]), modbus(3, 1, &[1, 0, 2, 0, 8])].concat();
    tcp.to_server(&three);
    let answers = [modbus(1, 1, &[3, 2, 0, 7]), modbus(2, 1, &[4, 2, 0, 8]), modbus(3, 1, &[1, 1, 9])].concat();
    tcp.segment(1).to_client(&answers).segment(1460);
    let write = modbus(4, 1, &[16, 0, 1, 0, 2, 4, 0, 10, 1, 2]);
    tcp.to_server(&write[..9]).to_server(&write[9..]);
    tcp.close();
    capture
}

/// A gap in the middle of an answer, then more; the server's side is taken up again.
fn gap() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::open(&mut capture, START, (&client, 49_155), (&server, 502));
    let answer = modbus(1, 1, &[3, 6, 0, 1, 0, 2, 0, 3]);
    tcp.to_server(&modbus(1, 1, &[3, 0, 0, 0, 3])).to_client(&answer);
    tcp.to_server(&modbus(2, 1, &[3, 0, 0, 0, 3])).to_client(&answer[..6]).lose(Direction::ToClient, 9);
    for number in 3..6 {
        tcp.to_server(&modbus(number, 1, &[3, 0, 0, 0, 3])).to_client(&modbus(number, 1, &[3, 6, 0, 1, 0, 2, 0, 3]));
    }
    tcp.close();
    capture
}

/// The capture begins in the middle of a connection, with an answer, and ends inside a message.
fn midstream() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::midstream(&mut capture, START, (&client, 49_156), (&server, 502));
    tcp.to_client(&modbus(76, 1, &[3, 4, 0, 1, 0, 2]));
    tcp.to_server(&modbus(77, 1, &[3, 0, 0, 0, 2])).to_client(&modbus(77, 1, &[3, 4, 0, 1, 0, 2]));
    tcp.to_server(&modbus(78, 1, &[3, 0, 0, 0, 2])[..10]);
    capture
}

/// Only the client's side was captured.
fn one_direction() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::midstream(&mut capture, START, (&client, 49_157), (&server, 502));
    for number in 0..3 {
        let request = modbus(number, 1, &[3, 0, 0, 0, 2]);
        tcp.frame(Direction::ToServer, 0x18, &request);
        tcp.lose(Direction::ToServer, request.len()).wait(1_000_000);
    }
    capture
}

/// Lengths and counts that lie inside a conversation that is Modbus without doubt.
fn malformed() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::open(&mut capture, START, (&client, 49_158), (&server, 502));
    for number in 1..3 {
        tcp.to_server(&modbus(number, 1, &[3, 0, 0, 0, 1])).to_client(&modbus(number, 1, &[3, 2, 0, 7]));
    }
    // A write of two registers with one; an answer whose count lies; a protocol id that is not 0.
    tcp.to_server(&modbus(3, 1, &[16, 0, 1, 0, 2, 2, 0, 10]));
    tcp.to_client(&modbus(3, 1, &[3, 9, 0, 7]));
    tcp.to_server(&[0, 4, 0xbe, 0xef, 0, 6, 1, 3, 0, 0, 0, 1]);
    tcp.to_server(&modbus(5, 1, &[3, 0, 0, 0, 1])).to_client(&modbus(5, 1, &[3, 2, 0, 7]));
    tcp.close();
    capture
}

/// Something else on Modbus's port.
fn not_modbus() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::open(&mut capture, START, (&client, 49_159), (&server, 502));
    tcp.to_server(b"GET / HTTP/1.1\r\nHost: plc.example\r\n\r\n").to_client(b"HTTP/1.1 404 Not Found\r\n\r\n");
    tcp.close();
    let mut tcp = Tcp::open(&mut capture, START + 1_000_000_000, (&client, 49_160), (&server, 502));
    tcp.to_server(&[0x17, 0x2a, 0x99, 1, 0, 6, 1, 3, 0, 0, 0, 1]).to_client(&[0x55; 40]);
    tcp.close();
    capture
}

/// Over UDP, two messages in one datagram.
fn datagrams() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let (c, s) = ((&client, 49_161), (&server, 502));
    let two = [modbus(1, 1, &[3, 0, 0, 0, 1]), modbus(2, 1, &[5, 0, 1, 0xff, 0])].concat();
    udp(&mut capture, START, c, s, &two);
    udp(&mut capture, START + 2_000_000, s, c, &modbus(1, 1, &[3, 2, 0, 7]));
    udp(&mut capture, START + 3_000_000, s, c, &modbus(2, 1, &[5, 0, 1, 0xff, 0]));
    capture
}

/// Every capture by name.
pub(super) fn captures() -> Vec<(&'static str, Capture)> {
    vec![
        ("functions", conversation(502, FUNCTIONS)),
        ("wrong-port", conversation(4444, FUNCTIONS)),
        ("exceptions", conversation(502, EXCEPTIONS)),
        ("umas-functions", umas::functions(502)),
        ("umas-wrong-port", umas::functions(4447)),
        ("umas-framing", umas::framing()),
        ("umas-one-direction", umas::one_direction()),
        ("umas-controller", umas::controller()),
        ("rtu-functions", rtu::conversation(&all_with_checksums())),
        ("rtu-framing", rtu::framing()),
        ("rtu-midstream", rtu::midstream()),
        ("rtu-datagrams", rtu::datagrams()),
        ("framing", framing()),
        ("gap", gap()),
        ("midstream", midstream()),
        ("one-direction", one_direction()),
        ("malformed", malformed()),
        ("not-modbus", not_modbus()),
        ("datagrams", datagrams()),
    ]
}
