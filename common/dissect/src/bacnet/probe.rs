//! BACnet told from everything else: lengths that fit to the byte, a network header, an application message.

use super::parse::{self, Apdu, Inside, Medium};
use super::table;
use crate::sides::{Side, Speaker, both};
use crate::{Head, Probe};
use picket_event::Transport;

/// The judgement of both directions.
pub(crate) fn probe(head: &Head<'_>) -> Probe {
    if head.transport == Transport::UDP {
        return both(head, |bytes, _| judge(Medium::Ip, bytes));
    }
    // Below IP, which medium it is shows in the first bytes.
    both(head, |bytes, _| match bytes {
        [0x82, 0x82, 3, ..] => judge(Medium::Ethernet, bytes),
        _ => judge(Medium::Serial, bytes),
    })
}

fn judge(medium: Medium, bytes: &[u8]) -> Side {
    let Ok(packet) = parse::packet(medium, bytes) else { return Side::Foreign };
    let Some(packet) = packet else {
        // Tokens and polls have a checksum; messages of the link layer alone a length.
        return Side::Fits(if medium == Medium::Serial { 0.9 } else { 0.85 }, link_part(bytes));
    };
    let Inside::Application(apdu) = packet.inside else {
        if !packet.fits {
            return Side::Foreign;
        }
        return Side::Fits(0.95, Speaker::Either);
    };
    let side = told(apdu);
    match side {
        // A length that is wrong needs an answer, or the port.
        Side::Fits(_, part) if !packet.fits => Side::Fits(0.7, part),
        _ => side,
    }
}

fn told(apdu: &[u8]) -> Side {
    match parse::apdu(apdu) {
        Ok(Apdu::Confirmed { service, .. } | Apdu::Error { service, .. }) if service > 31 => {
            Side::Fits(0.85, Speaker::Either)
        }
        Ok(Apdu::Unconfirmed { service, .. }) if service > 14 => Side::Foreign,
        Ok(apdu) => Side::Fits(0.98, apdu_part(&apdu)),
        Err(_) => Side::Foreign,
    }
}

/// Who says a message.
pub(super) fn speaker(medium: Medium, bytes: &[u8]) -> Speaker {
    match parse::packet(medium, bytes) {
        Ok(None) => link_part(bytes),
        Ok(Some(packet)) => match packet.inside {
            Inside::Application(apdu) => parse::apdu(apdu).map_or(Speaker::Either, |apdu| apdu_part(&apdu)),
            Inside::Network(_) => Speaker::Either,
        },
        Err(_) => Speaker::Either,
    }
}

/// Of the link layer of BACnet/IP alone: what is asked of a broadcast device, and its answers (annex J.2).
const fn link_part(bytes: &[u8]) -> Speaker {
    match bytes {
        [0x81, 1 | 2 | 5 | 6 | 8, ..] => Speaker::Client,
        [0x81, 0 | 3 | 7, ..] => Speaker::Server,
        _ => Speaker::Either,
    }
}

/// Who says an application's message: whoever asks is the client, but for notifications, which the server sends of itself and has
/// confirmed (clauses 13.5 to 13.9). Unconfirmed ones go to anybody, and come from either.
fn apdu_part(apdu: &Apdu<'_>) -> Speaker {
    match apdu {
        Apdu::Confirmed { service, .. } if table::notifies(*service) => Speaker::Server,
        Apdu::SimpleAck { service, .. } | Apdu::Error { service, .. } if table::notifies(*service) => Speaker::Client,
        // Who looks for others, sets clocks or writes groups.
        Apdu::Confirmed { .. } | Apdu::Unconfirmed { service: 6..=10, .. } => Speaker::Client,
        Apdu::Unconfirmed { .. } | Apdu::SegmentAck | Apdu::Abort { .. } => Speaker::Either,
        _ => Speaker::Server,
    }
}
