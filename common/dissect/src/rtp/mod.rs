//! RTP (RFC 3550): media, recognised by what goes on from packet to packet.
//!
//! A single packet has little that is its own: two bits of version and a payload type. So the probe's yes is weak, and
//! the session looks whether numbers and times advance under one source over several packets; if not, the
//! conversation is identified again. Written: no event, the flow's name alone. Not read: payload, RTCP's
//! reports; media inside a conversation that began with STUN or DTLS keeps that name.

mod parse;
mod table;
#[cfg(test)]
mod tests;

use crate::{Context, Dissector, Head, Home, Input, Need, Output, Probe, Progress, Session, SessionBox};
use parse::{Header, Look, look};
use picket_event::{Direction, Protocol, Transport, Unit};

/// Packets that go on from the one before, behind which it is certain.
const CERTAIN: u8 = 4;
/// The same at the end of a conversation.
const ENOUGH: u8 = 2;
/// Packets that do not go on, behind which it is something else: sources change, and packets are lost.
const BROKEN: u8 = 3;

/// The dissector.
#[derive(Debug)]
pub struct Rtp;

impl Rtp {
    /// Where it is met.
    pub const HOME: Home = Home { transports: &[Transport::UDP], ether_types: &[], ports: &[], needs_port: false };
}

impl Dissector for Rtp {
    fn protocol(&self) -> Protocol {
        Protocol::RTP
    }

    fn probe(&self, head: &Head<'_>) -> Probe {
        let side = |bytes: &[u8]| if bytes.is_empty() { None } else { Some(look(bytes)) };
        let confidence = match (side(head.to_server), side(head.to_client)) {
            (Some(Look::Foreign), _) | (_, Some(Look::Foreign)) => return Probe::No,
            (Some(Look::Media(_)), Some(Look::Media(_))) => 0.65,
            (Some(Look::Media(_)), _) | (_, Some(Look::Media(_))) => 0.5,
            _ => return Probe::More,
        };
        Probe::Yes { confidence: Unit::new(confidence), reversed: false }
    }

    fn open(&self, _context: &Context) -> SessionBox {
        Box::new(Media::default())
    }

    fn session_limit(&self) -> usize {
        size_of::<Media>()
    }
}

/// One conversation being watched.
#[derive(Debug, Default)]
struct Media {
    before: [Option<Header>; 2],
    going_on: u8,
    broken: u8,
}

impl Media {
    fn datagram(&mut self, direction: Direction, bytes: &[u8]) -> Need {
        let header = match look(bytes) {
            Look::Media(header) => header,
            Look::Beside => return Need::Bytes(1),
            Look::Foreign => return Need::NotMine,
        };
        let Some(before) = self.before.get_mut(direction.index()) else { return Need::Done };
        match before.replace(header) {
            None => {}
            // The same packet again: a capture that sees both sides of a switch.
            Some(before) if before == header => {}
            Some(before) if header.follows(&before) => self.going_on = self.going_on.saturating_add(1),
            Some(_) => self.broken = self.broken.saturating_add(1),
        }
        if self.broken >= BROKEN && self.broken > self.going_on {
            Need::NotMine
        } else if self.going_on >= CERTAIN {
            Need::Done
        } else {
            Need::Bytes(1)
        }
    }
}

impl Session for Media {
    fn feed(&mut self, direction: Direction, input: Input<'_>, _context: &Context, _output: &mut Output) -> Progress {
        match input {
            Input::Datagram(bytes) => Progress { consumed: bytes.len(), need: self.datagram(direction, bytes) },
            Input::End if self.going_on >= ENOUGH => Progress { consumed: 0, need: Need::Done },
            Input::Stream(_) | Input::Gap(_) | Input::End => Progress { consumed: 0, need: Need::NotMine },
        }
    }
}
