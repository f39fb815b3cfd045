//! Niagara Fox, the protocol of Tridium's stations and workbenches. Not published; plain text, known from captures and scanners.
//!
//! Read: every message's command, answers by their numbers, the hellos of both sides (station, host, versions; as assets).
//! Not read: what is read and written, points, histories; Fox over TLS.

mod parse;
mod session;
mod table;
#[cfg(test)]
mod tests;

use crate::dissector::TCP;
use crate::framed::framed;
use crate::recognise::{Guess, either};
use crate::{Head, Probe};

framed! {
    /// The dissector.
    Fox: FOX {
        framing: session::Fox, probe: probe,
        transports: TCP, ether_types: &[], ports: &[1911, 3011],
    }
}

/// Either side begins with a line of its name, two numbers, a channel and a command.
fn probe(head: &Head<'_>) -> Probe {
    either(head, |bytes| {
        if !bytes.starts_with(b"fox ".get(..bytes.len()).unwrap_or(b"fox ")) {
            return Guess::No;
        }
        let end = bytes.iter().take(parse::LINE_MAX).position(|byte| *byte == b'\n');
        let line = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or(bytes);
        match (parse::head(line), end) {
            (Some(_), Some(_)) => Guess::Yes(0.98),
            (_, None) if line.len() < 64 => Guess::Open,
            _ => Guess::No,
        }
    })
}
