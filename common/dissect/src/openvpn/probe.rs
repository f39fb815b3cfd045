//! Whether a conversation is OpenVPN: a hard reset of the client, and one of the server that names the client's session.
//! Over TCP a length stands in front. Data alone is not told from anything else.

use super::parse::{Layout, is_first, opening, operation};
use super::table::{CODES, COUNTER, CRYPTED_ANSWER, HEAD, RESET_CLIENT_V2, RESET_CLIENT_V3, RESET_SERVER_V2};
use crate::{Head, Probe};
use picket_event::{Transport, Unit};
use picket_reader::Fault;

/// Lengths of a packet over TCP.
const FRAME: std::ops::RangeInclusive<usize> = 14..=1500;

pub(super) fn probe(head: &Head<'_>) -> Probe {
    let stream = head.transport == Transport::TCP;
    let yes = |sure: f32, reversed: bool| Probe::Yes { confidence: Unit::new(sure), reversed };
    let alone = |packet: &[u8], reversed: bool| sure(packet).map_or(Probe::No, |sure| yes(sure, reversed));
    match (packet(head.to_server, stream), packet(head.to_client, stream)) {
        (Ok(None), Ok(None)) => Probe::More,
        (Ok(Some(client)), Ok(None)) => alone(client, false),
        (Ok(None), Ok(Some(client))) => alone(client, true),
        (Ok(Some(a)), Ok(Some(b))) if answers(a, b) => yes(0.98, false),
        (Ok(Some(a)), Ok(Some(b))) if answers(b, a) => yes(0.98, true),
        _ => Probe::No,
    }
}

/// The first control packet of a direction; `None` while it is not all there, and where nothing was said.
fn packet(bytes: &[u8], stream: bool) -> Result<Option<&[u8]>, Fault> {
    let packet = match bytes {
        [high, low, packet @ ..] if stream => {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            if !FRAME.contains(&length) {
                return Err(Fault::Malformed("length"));
            }
            match packet.get(..length) {
                Some(packet) => packet,
                None if packet.is_empty() || is_reset(packet) => return Ok(None),
                None => return Err(Fault::Malformed("operation")),
            }
        }
        _ if stream => return Ok(None),
        datagram => datagram,
    };
    match packet {
        [] => Ok(None),
        packet if is_reset(packet) => Ok(Some(packet)),
        _ => Err(Fault::Malformed("operation")),
    }
}

fn is_reset(packet: &[u8]) -> bool {
    matches!(operation(packet), Some(RESET_CLIENT_V2 | RESET_CLIENT_V3 | RESET_SERVER_V2))
}

/// How sure a client's first packet alone is.
fn sure(packet: &[u8]) -> Option<f32> {
    opening(packet).map(|layout| if layout == Layout::Hidden { 0.82 } else { 0.9 })
}

/// Whether one packet opens a session and the other answers it.
fn answers(first: &[u8], answer: &[u8]) -> bool {
    if opening(first).is_none() || answer.first() != Some(&(RESET_SERVER_V2 << 3)) {
        return false;
    }
    let session = first.get(1..HEAD);
    // One acknowledgement, of message 0, then the client's session.
    let names = |at: usize| answer.get(at..at + 5) == Some(&[1, 0, 0, 0, 0]) && answer.get(at + 5..at + 13) == session;
    let named = names(HEAD) || CODES.iter().any(|code| names(HEAD + code + COUNTER));
    let crypted = is_first(answer) && answer.len() >= CRYPTED_ANSWER;
    named || crypted
}
