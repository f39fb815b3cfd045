//! ProConOS under ADE remoting, on controllers of Phoenix Contact and others of KW-Software's runtime. Not published; known
//! from captures.
//!
//! Read: services asked for by name and calls to them: the control service's start and stop, states, files; answers in order.
//! Not read: arguments, the older ProConOS protocol, what other services' calls do.

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
    Proconos: PROCONOS {
        framing: session::Proconos, probe: probe,
        transports: TCP, ether_types: &[], ports: &[20_547, 41_100],
    }
}

/// Headers whose words are what they have to be, with a checksum that is right or left out.
fn probe(head: &Head<'_>) -> Probe {
    spoken(head, |bytes| judge(bytes, false), |bytes| judge(bytes, true))
}

fn judge(bytes: &[u8], server: bool) -> Guess {
    let head = match parse::head(bytes) {
        Ok(head) => head,
        Err(Fault::Incomplete { .. }) => return Guess::Open,
        Err(Fault::Malformed(_)) => return Guess::No,
    };
    let behind = bytes.get(head.total..).unwrap_or(&[]);
    if head.answer() != server || !behind.is_empty() && matches!(parse::head(behind), Err(Fault::Malformed(_))) {
        return Guess::No;
    }
    let name = bytes.get(parse::HEADER..).unwrap_or(&[]);
    let named = head.kind != table::REGISTER || name.starts_with(b"Ade.") || b"Ade.".starts_with(name);
    // Only a name or a sum is as good as a magic number.
    match (named, head.kind, head.summed) {
        (false, ..) => Guess::No,
        (_, table::REGISTER, _) | (_, _, true) => Guess::Yes(0.98),
        _ => Guess::Yes(0.85),
    }
}
