//! PC Worx, the programming protocol of Phoenix Contact controllers. Not published; known from captures and public scanners.
//!
//! Read: opening, connecting to a service, the controller's type and firmware (as an asset); other functions by number.
//! Not read: what the services carry.

mod parse;
mod session;
mod table;
#[cfg(test)]
mod tests;

use crate::dissector::TCP;
use crate::framed::framed;
use crate::recognise::{Guess, spoken};
use crate::{Head, Probe};
use picket_reader::Fault;

framed! {
    /// The dissector.
    PcWorx: PCWORX {
        framing: session::PcWorx, probe: probe,
        transports: TCP, ether_types: &[], ports: &[1962],
    }
}

/// Requests of known functions have one length each; answers have the function and a length that chains.
fn probe(head: &Head<'_>) -> Probe {
    spoken(head, |bytes| judge(bytes, false), |bytes| judge(bytes, true))
}

fn judge(bytes: &[u8], server: bool) -> Guess {
    let (total, answer, function) = match parse::head(bytes) {
        Ok(head) => head,
        Err(Fault::Incomplete { .. }) => return Guess::Open,
        Err(Fault::Malformed(_)) => return Guess::No,
    };
    let known = table::REQUESTS.iter().find(|(known, _)| *known == function);
    let Some((_, length)) = known.filter(|_| answer == server) else { return Guess::No };
    // One message at a time: a segment is a message.
    match (bytes.len().cmp(&total), answer) {
        (std::cmp::Ordering::Less, _) => Guess::Open,
        (std::cmp::Ordering::Greater, _) if let Err(fault) = parse::head(bytes.get(total..).unwrap_or(&[])) => {
            match fault {
                Fault::Incomplete { .. } => Guess::Open,
                Fault::Malformed(_) => Guess::No,
            }
        }
        (_, true) => Guess::Yes(0.6),
        (_, false) if total == *length => Guess::Yes(0.9),
        _ => Guess::No,
    }
}
