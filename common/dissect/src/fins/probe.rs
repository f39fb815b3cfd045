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
    // W342 section 5-1-1: what may pass gateways says so, as all of Omron's units do.
    let marked = bytes.first().is_some_and(|control| control & 0x80 != 0);
    // What no gateway has passed on has one of the counts that units begin with.
    let fresh = matches!(bytes, [_, _, 2 | 7, ..]);
    Guess::Yes(match frame.answer {
        true => answer(&frame),
        false if fresh || !reaches_nowhere(&frame) => request(&frame, marked),
        false => request(&frame, marked).min(UNPLACED),
    })
}

/// The most that a request shows which names a place of a memory that no controller has: others may be meant.
const UNPLACED: f32 = 0.75;

/// Whether it is about a place of a memory that there is not (W342 section 5-2-2): an unknown area, or more than 16 bits.
fn reaches_nowhere(frame: &parse::Frame<'_>) -> bool {
    if !matches!(frame.command, table::MEMORY_READ | table::MEMORY_WRITE | table::MEMORY_FILL) {
        return false;
    }
    let [area, _, _, bit, ..] = frame.data else { return true };
    // Beside the named areas, the banks of extended memory, in bits and in words.
    let bank = matches!(area, 0x20..=0x2f | 0x60..=0x6c | 0x90..=0x97 | 0xa0..=0xaf | 0xe0..=0xec);
    !(bank || table::AREAS.iter().any(|(code, _)| *code == u32::from(*area))) || *bit > 15
}

/// A request whose data are as long as its command has them is certain; where any length is right, others may be meant.
fn request(frame: &parse::Frame<'_>, marked: bool) -> f32 {
    let length = frame.data.len();
    if frame.command == table::MEMORY_WRITE {
        // As many bits or words as it says.
        let count = frame.data.get(4..6).map_or(0, |count| count.iter().fold(0, |n, byte| n << 8 | usize::from(*byte)));
        return if count > 0 && (length == 6 + count || length == 6 + 2 * count) { 0.97 } else { 0.3 };
    }
    match table::LENGTHS.iter().find(|(command, ..)| *command == frame.command) {
        Some((_, least, most)) if (*least..=*most).contains(&length) => 0.97,
        Some(_) => 0.3,
        None if marked => 0.6,
        None => 0.3,
    }
}

/// An answer has an end code (W342 section 5-1-3): a class up to 0x26 or 0x30, 0x40 and a detail.
fn answer(frame: &parse::Frame<'_>) -> f32 {
    match frame.data {
        [0, 0, ..] => 0.93,
        // The flags of errors in the processor may stand in the detail.
        [class, detail, ..] if matches!(class & 0x7f, 0..=0x26 | 0x30 | 0x40) && detail & 0x3f <= 0x12 => 0.85,
        _ => 0.3,
    }
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
