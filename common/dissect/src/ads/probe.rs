//! Told by two lengths that agree, a command that exists and answers that answer; routers by their magic number.

use super::parse;
use crate::recognise::{Guess, spoken};
use crate::{Head, Probe};
use picket_event::Transport;
use picket_reader::Fault;

/// The judgement of both directions.
pub(crate) fn probe(head: &Head<'_>) -> Probe {
    if head.transport == Transport::UDP {
        return spoken(head, |bytes| router(bytes, false), |bytes| router(bytes, true));
    }
    spoken(head, |bytes| message(bytes, false), |bytes| message(bytes, true))
}

fn router(bytes: &[u8], answer: bool) -> Guess {
    match parse::router(bytes) {
        Ok(read) if (read.service >> 31 == 1) == answer => Guess::Yes(0.98),
        _ => Guess::No,
    }
}

fn message(bytes: &[u8], server: bool) -> Guess {
    match parse::length(bytes) {
        Ok(_) => {}
        Err(Fault::Incomplete { .. }) => return Guess::Open,
        Err(Fault::Malformed(_)) => return Guess::No,
    }
    let Ok(ams) = parse::message(bytes) else { return Guess::Open };
    // Notifications come unasked, and are marked as what asks.
    let notification = u32::from(ams.command) == super::table::NOTIFICATION;
    let fits = server == ams.answer || notification;
    if !fits || ams.command > 15 { Guess::No } else { Guess::Yes(0.98) }
}
