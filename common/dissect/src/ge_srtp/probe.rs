//! Told by headers of 56 bytes that are empty where they have to be, and by the kind of message inside.

use super::parse::{self, Kind};
use crate::recognise::{Guess, spoken};
use crate::{Head, Probe};
use picket_reader::Fault;

/// The judgement of both directions.
pub(crate) fn probe(head: &Head<'_>) -> Probe {
    spoken(head, |bytes| judge(bytes, false), |bytes| judge(bytes, true))
}

fn judge(bytes: &[u8], server: bool) -> Guess {
    match (parse::head(bytes), server) {
        (Ok((_, Kind::Request)), false) | (Ok((_, Kind::Answer)), true) => Guess::Yes(0.98),
        // Zeros alone could be anybody's: what comes next or comes back tells.
        (Ok((total, Kind::Initiation)), false) => match bytes.get(total..) {
            Some(behind) if !behind.is_empty() => judge(behind, server),
            _ => Guess::Yes(0.3),
        },
        (Ok((_, Kind::Initiated)), true) => Guess::Yes(0.85),
        (Err(Fault::Incomplete { .. }), _) => Guess::Open,
        _ => Guess::No,
    }
}
