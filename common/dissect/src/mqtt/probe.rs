//! MQTT told from everything else: who connects says so; in the middle packets have to chain, and topics to be texts.

use super::parse::{self, Fixed};
use super::table::{CONNACK, CONNECT, DISCONNECT, PINGREQ, PINGRESP, SUBACK, SUBSCRIBE, UNSUBACK, UNSUBSCRIBE};
use crate::sides::Speaker;
use crate::{Head, Probe};
use picket_event::Unit;
use picket_reader::Fault;

/// Packets of one direction that are looked at.
const PACKETS: usize = 8;
/// Acknowledgements in a row, of deliveries numbered one after the other, that are nobody else's by chance.
const RUN: u32 = 4;

/// One direction's packets.
#[derive(Clone, Copy, Debug, Default)]
struct Look {
    /// How much random bytes would have had to guess.
    bits: u32,
    packets: usize,
    /// One of them tells by itself: it names somebody or something, or has one form only.
    tells: bool,
    /// Packets that only a client, or only a server sends.
    client: bool,
    server: bool,
}

/// The judgement of both directions.
pub(crate) fn probe(head: &Head<'_>) -> Probe {
    let (Some(a), Some(b)) = (look(head.to_server), look(head.to_client)) else { return Probe::No };
    let (asks, answers) = ([a.client, b.server], [a.server, b.client]);
    if asks.contains(&true) && answers.contains(&true) {
        return Probe::No;
    }
    let sure = match a.bits + b.bits {
        48.. => 0.98,
        // Both sides, or several packets: twice over what one lucky message would be.
        26.. if a.packets + b.packets > 1 => 0.9,
        24.. => 0.7,
        _ => return Probe::More,
    };
    Probe::Yes { confidence: Unit::new(sure), reversed: answers.contains(&true) }
}

/// Who says a packet: deliveries go both ways, and a DISCONNECT without a reason is a client's (section 3.14.2.1).
pub(super) const fn speaker(fixed: Fixed) -> Speaker {
    match fixed.kind {
        CONNECT | SUBSCRIBE | UNSUBSCRIBE | PINGREQ => Speaker::Client,
        DISCONNECT if fixed.total == fixed.head => Speaker::Client,
        CONNACK | SUBACK | UNSUBACK | PINGRESP => Speaker::Server,
        _ => Speaker::Either,
    }
}

/// Looks at a direction; `None` where it is another protocol.
fn look(bytes: &[u8]) -> Option<Look> {
    let (mut look, mut rest) = (Look::default(), bytes);
    let (mut run, mut last) = (0, None);
    while !rest.is_empty() && look.packets < PACKETS {
        match parse::fixed(rest) {
            Ok(_) => {}
            Err(Fault::Incomplete { .. }) => break,
            Err(Fault::Malformed(_)) => return None,
        }
        let (fixed, bits) = parse::weight(rest)?;
        look.bits += bits;
        look.packets += 1;
        let number = parse::acknowledged(fixed, rest);
        run = if number.is_some() && number == last { run + 1 } else { u32::from(number.is_some()) };
        last = number.map(|(kind, number)| (kind, number.wrapping_add(1)));
        look.tells |= bits >= 12 || run >= RUN;
        let speaker = speaker(fixed);
        look.client |= speaker == Speaker::Client && fixed.kind != DISCONNECT;
        look.server |= speaker == Speaker::Server;
        rest = rest.get(fixed.total..).unwrap_or(&[]);
    }
    // Deliveries that are only carried on are small numbers, which other protocols have too.
    Some(if look.tells { look } else { Look { bits: look.bits.min(8), ..look } })
}
