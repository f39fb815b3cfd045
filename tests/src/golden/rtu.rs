//! Modbus in frames of the serial line over TCP and UDP (MODBUS over Serial Line 1.02).

use super::modbus::{START, hosts};
use crate::make::{Capture, Tcp, udp};
use picket_event::Direction;

/// A frame: unit, function and data, and the checksum by the standard's own steps (section 6.2.2).
fn frame(unit: u8, inside: &[u8]) -> Vec<u8> {
    let mut frame = [&[unit][..], inside].concat();
    let mut register = 0xffffu16;
    for byte in &frame {
        register ^= u16::from(*byte);
        for _ in 0..8 {
            let carry = register & 1;
            register >>= 1;
            if carry == 1 {
                register ^= 0xa001;
            }
        }
    }
    frame.extend(register.to_le_bytes());
    frame
}

/// A connection to a serial gateway with these exchanges.
pub(super) fn conversation(exchanges: &[(u8, &[u8], &[u8])]) -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::open(&mut capture, START, (&client, 49_170), (&server, 4001));
    for (unit, ask, answer) in exchanges {
        tcp.to_server(&frame(*unit, ask)).to_client(&frame(*unit, answer)).wait(50_000_000);
    }
    tcp.close();
    capture
}

/// Two requests in a segment, answers one byte a segment, UMAS, a broken checksum.
pub(super) fn framing() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::open(&mut capture, START, (&client, 49_171), (&server, 4001));
    tcp.to_server(&[frame(1, &[3, 0, 0, 0, 2]), frame(2, &[6, 0, 1, 0, 3])].concat());
    tcp.segment(1).to_client(&[frame(1, &[3, 4, 0, 1, 0, 2]), frame(2, &[6, 0, 1, 0, 3])].concat()).segment(1460);
    tcp.to_server(&frame(1, &[90, 0, 2])).to_client(&frame(1, &[90, 0, 0xfe, 1, 2, 3]));
    let mut broken = frame(1, &[3, 0, 0, 0, 2]);
    broken[7] ^= 1;
    tcp.to_server(&broken).to_server(&frame(1, &[3, 0, 9, 0, 2])).to_client(&frame(1, &[3, 4, 0, 1, 0, 2]));
    tcp.close();
    capture
}

/// Begins with an answer; bytes are lost in the middle of another.
pub(super) fn midstream() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::midstream(&mut capture, START, (&client, 49_172), (&server, 4001));
    let answer = frame(1, &[3, 6, 0, 1, 0, 2, 0, 3]);
    tcp.to_client(&answer).to_server(&frame(1, &[3, 0, 0, 0, 3])).to_client(&answer[..5]);
    tcp.lose(Direction::ToClient, 4).to_client(&answer[9..]);
    tcp.to_server(&frame(1, &[3, 0, 0, 0, 3])).to_client(&answer);
    capture
}

/// A frame a datagram.
pub(super) fn datagrams() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let (c, s) = ((&client, 49_173), (&server, 4001));
    udp(&mut capture, START, c, s, &frame(1, &[3, 0, 0, 0, 1]));
    udp(&mut capture, START + 2_000_000, s, c, &frame(1, &[3, 2, 0, 7]));
    udp(&mut capture, START + 3_000_000, c, s, &frame(1, &[5, 0, 1, 0xff, 0]));
    udp(&mut capture, START + 4_000_000, s, c, &frame(1, &[0x85, 2]));
    udp(&mut capture, START + 5_000_000, c, s, &[1, 3, 0, 0, 0, 1, 0, 0]);
    capture
}
