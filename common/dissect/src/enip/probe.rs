//! EtherNet/IP told from everything else: headers that chain, and in each what its command demands.

use super::parse::{self, HEAD};
use super::table::{LIST_IDENTITY, REGISTER_SESSION, SEND_RR_DATA, SEND_UNIT_DATA, UNREGISTER_SESSION};
use crate::sides::{Side, Speaker, both};
use crate::{Head, Probe};
use picket_reader::{Fault, Reader};

/// Messages of one direction that are looked at.
const FRAMES: usize = 4;
/// What proves nothing alone.
const WEAK: f32 = 0.25;

/// The judgement of both directions.
pub(crate) fn probe(head: &Head<'_>) -> Probe {
    both(head, |bytes, _| judge(bytes))
}

fn judge(bytes: &[u8]) -> Side {
    let (mut rest, mut best, mut part) = (bytes, 0.0f32, Speaker::Either);
    for number in 0..FRAMES {
        match parse::length(rest) {
            Ok(total) => {
                let view = rest.get(..total).unwrap_or(rest);
                let Some((sure, role)) = weigh(view, view.len() == total) else { return Side::Foreign };
                // What a surer message says of its side stands.
                if part == Speaker::Either || (role != Speaker::Either && sure > best) {
                    part = role;
                }
                // Headers that chain prove something unless they are nothing but zeros.
                best = best.max(sure);
                best = if number > 0 && best > WEAK { best.max(0.9) } else { best };
                rest = rest.get(total..).unwrap_or(&[]);
            }
            Err(Fault::Incomplete { .. }) => break,
            // Damage behind a good message is damage, not another protocol.
            Err(_) if best > 0.0 => break,
            Err(_) => return Side::Foreign,
        }
        if rest.is_empty() {
            break;
        }
    }
    if best > 0.0 { Side::Fits(best, part) } else { Side::Open }
}

/// How sure one message is, and who says it; `None` where it contradicts itself.
fn weigh(bytes: &[u8], whole: bool) -> Option<(f32, Speaker)> {
    let frame = parse::frame(bytes).ok()?;
    let length = bytes.get(2..4).map_or(0, |l| Reader::new(l).u16_le("length").unwrap_or(0));
    match frame.command {
        REGISTER_SESSION => {
            let right = length == 4 && (!whole || frame.data == [1, 0, 0, 0]) || (length == 0 && frame.status != 0);
            let said = match (frame.session, frame.status) {
                (0, 0) => (0.98, Speaker::Client),
                // An answer; or a client that registers again with the handle of before, which nobody looks at
                // (volume 2, 2-4.4): the next message is waited for.
                (_, 0) => (0.65, Speaker::Server),
                _ => (0.98, Speaker::Server),
            };
            right.then_some(said)
        }
        UNREGISTER_SESSION => (length == 0 && frame.session != 0).then_some((0.8, Speaker::Client)),
        SEND_RR_DATA | SEND_UNIT_DATA if frame.status != 0 => Some((0.8, Speaker::Server)),
        SEND_RR_DATA | SEND_UNIT_DATA => carried(&frame, whole),
        // Lists are asked for with an empty message, with a session's handle or without (volume 2, 2-4), and answered
        // with items.
        LIST_IDENTITY | 0x04 | 0x64 if length == 0 => {
            let sure = match (frame.command, frame.session) {
                (LIST_IDENTITY, _) => 0.9,
                (_, 0) => 0.75,
                // Other protocols have numbers there: the answer has to fit too.
                _ => WEAK,
            };
            Some((sure, if frame.status == 0 { Speaker::Client } else { Speaker::Server }))
        }
        LIST_IDENTITY | 0x04 | 0x64 => {
            let fits = !whole || parse::items(frame.data).is_ok_and(|packet| packet.exact);
            fits.then_some((0.97, Speaker::Server))
        }
        // These prove little: their headers are mostly zeros.
        0x00 | 0x01 => Some((if bytes.len() >= HEAD && frame.session != 0 { 0.42 } else { 0.0 }, Speaker::Either)),
        _ => Some((0.5, Speaker::Either)),
    }
}

/// Items that fill their packet, and a service in them.
fn carried(frame: &parse::Frame<'_>, whole: bool) -> Option<(f32, Speaker)> {
    let mut r = Reader::new(frame.data);
    let handle = r.u32_le("interface").ok();
    if handle.is_some_and(|handle| handle != 0) {
        return None;
    }
    if !whole {
        return Some((0.85, Speaker::Either));
    }
    let packet = parse::packet(frame.data).ok().filter(|packet| packet.exact)?;
    let message = packet.unconnected.or(packet.connected.map(|(_, message)| message)).unwrap_or(&[]);
    Some(match message.first() {
        // Connections are kept alive by empty messages.
        None => (0.7, Speaker::Either),
        Some(service) if service & 0x80 == 0 => (0.98, Speaker::Client),
        Some(_) => (0.98, Speaker::Server),
    })
}
