//! UMAS conversations (Modbus function 90): every function, what a controller tells of itself, framing.

use super::modbus::{START, hosts};
use crate::make::message::modbus;
use crate::make::{Capture, Tcp};
use picket_event::Direction;

/// Each function of the table that a client sends, with positive answers, one negative, one unknown.
pub(super) fn functions(port: u16) -> Capture {
    const CODES: &[u8] = &[
        0x01, 0x02, 0x03, 0x04, 0x06, 0x0a, 0x10, 0x11, 0x12, 0x20, 0x22, 0x23, 0x24, 0x25, 0x30, 0x31, 0x32, 0x33,
        0x34, 0x35, 0x39, 0x40, 0x41, 0x50, 0x58, 0x70, 0x71, 0x73, 0x77,
    ];
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::open(&mut capture, START, (&client, 49_153), (&server, port));
    for (number, code) in CODES.iter().enumerate() {
        let transaction = u16::try_from(number).unwrap_or(0);
        let answer = if *code == 0x41 { 0xfd } else { 0xfe };
        tcp.to_server(&modbus(transaction, 0, &[90, 1, *code, 0]));
        tcp.to_client(&modbus(transaction, 0, &[90, 1, answer, 0, 0]));
    }
    // An answer to a request that was not seen.
    tcp.to_client(&modbus(999, 0, &[90, 1, 0xfe, 0]));
    // Modbus itself may refuse, and be spoken on the same connection.
    tcp.to_server(&modbus(1000, 0, &[90, 1, 0x40])).to_client(&modbus(1000, 0, &[0xda, 1]));
    tcp.to_server(&modbus(1001, 0, &[3, 0, 0, 0, 1])).to_client(&modbus(1001, 0, &[3, 2, 0, 7]));
    tcp.close();
    capture
}

/// A controller tells its model and its project, and a block of its memory is read.
pub(super) fn controller() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::open(&mut capture, START, (&client, 49_162), (&server, 502));
    let mut identity = vec![90, 0, 0xfe, 0x10, 0xff, 0x30, 0x04, 1, 0, 0, 0, 0x20, 0x03];
    identity.extend([0; 12]);
    identity.extend([13]);
    identity.extend(b"BMX P34 2020\0");
    tcp.to_server(&modbus(1, 0, &[90, 0, 2])).to_client(&modbus(1, 0, &identity));
    let mut project = vec![90, 0, 0xfe];
    project.extend([7; 38]);
    project.extend([9]);
    project.extend(b"Pumps_No\0");
    tcp.to_server(&modbus(2, 0, &[90, 0, 3, 0])).to_client(&modbus(2, 0, &project));
    tcp.to_server(&modbus(4, 0, &[90, 0, 0x20, 0, 0x13, 0, 0x64, 0, 0, 0, 0x9c, 0]));
    tcp.to_client(&modbus(4, 0, &[90, 0, 0xfe, 0, 2, 0, 1, 2]));
    // An answer too short to name anything.
    tcp.to_server(&modbus(3, 0, &[90, 0, 2])).to_client(&modbus(3, 0, &[90, 0, 0xfe, 1, 2]));
    tcp.close();
    capture
}

/// Two requests in a segment, answers one byte a segment, a block longer than Modbus allows.
pub(super) fn framing() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::open(&mut capture, START, (&client, 49_163), (&server, 502));
    tcp.to_server(&[modbus(1, 0, &[90, 1, 0x34, 0, 1]), modbus(2, 0, &[90, 1, 0x34, 0, 2])].concat());
    let block = [&[90, 1, 0xfe, 0, 0][..], &[0x55; 900]].concat();
    tcp.segment(1).to_client(&modbus(1, 0, &[90, 1, 0xfe, 0, 0])).segment(500).to_client(&modbus(2, 0, &block));
    tcp.close();
    capture
}

/// Only the controller's side was captured.
pub(super) fn one_direction() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::midstream(&mut capture, START, (&client, 49_164), (&server, 502));
    for number in 0..4 {
        tcp.frame_of(Direction::ToClient, &modbus(number, 0, &[90, 1, 0xfe, 0, 0])).wait(1_000_000);
    }
    capture
}
