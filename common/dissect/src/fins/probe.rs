//! Told by the name of FINS/TCP; bare frames by reserved bits, gateways, commands that exist and data that fit them.

use super::{parse, table};
use crate::recognise::{Guess, spoken};
use crate::{Head, Probe};
use picket_event::Transport;
use picket_reader::Fault;

/// The judgement of both directions.
pub(crate) fn probe(head: &Head<'_>) -> Probe {
    if head.transport == Transport::UDP {
        return spoken(head, |bytes| datagram(bytes, false), |bytes| datagram(bytes, true));
    }
    spoken(head, |bytes| stream(bytes, false), |bytes| stream(bytes, true))
}

fn datagram(bytes: &[u8], server: bool) -> Guess {
    let Ok(frame) = parse::frame(bytes) else { return Guess::No };
    let known = !table::command(frame.command).name.is_empty();
    // Networks are 0 to 127, units at most 0xfe; 0xff stands for nothing.
    let placed = frame.to[0] < 128 && frame.from[0] < 128 && frame.to[2] != 0xff && frame.from[2] != 0xff;
    if !known || !placed || frame.answer != server {
        return Guess::No;
    }
    let confidence = match (frame.command, frame.answer) {
        (0x0101, false) => {
            if frame.data.len() == 6 {
                0.97
            } else {
                0.0
            }
        }
        // A number of points, and as many words or bits behind it, or nothing but zeros and a lie.
        (0x0102 | 0x0103, false) => {
            if frame.data.len() >= 7 {
                0.93
            } else {
                0.0
            }
        }
        (_, true) if frame.data.len() < 2 => 0.0,
        (0x0101, true) => 0.88,
        _ => 0.93,
    };
    if confidence > 0.0 { Guess::Yes(confidence) } else { Guess::No }
}

fn stream(bytes: &[u8], server: bool) -> Guess {
    match parse::length(bytes) {
        Ok(_) => {}
        Err(Fault::Incomplete { .. }) => return Guess::Open,
        Err(Fault::Malformed(_)) => return Guess::No,
    }
    match parse::tcp(bytes) {
        Ok((0, ..)) if server => Guess::No,
        Ok((1, ..)) if !server => Guess::No,
        Ok((2, _, inside)) => match parse::frame(inside) {
            Ok(frame) if frame.answer != server => Guess::No,
            Ok(_) | Err(Fault::Incomplete { .. }) => Guess::Yes(0.98),
            Err(Fault::Malformed(_)) => Guess::No,
        },
        Ok((0 | 1 | 3 | 6, ..)) => Guess::Yes(0.98),
        Ok(_) => Guess::No,
        Err(_) => Guess::Open,
    }
}
