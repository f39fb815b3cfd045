//! Crimson 3, the configuration protocol of Red Lion's panels and gateways. Not published; known from captures and scanners.
//!
//! Read: model and manufacturer (as an asset); other functions by number. Not read: what other functions carry.

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
    Crimson: CRIMSON {
        framing: session::Crimson, probe: probe,
        transports: TCP, ether_types: &[], ports: &[789],
    }
}

/// The two questions of identity, all of whose bytes are known, and their answers with a text to the end.
fn probe(head: &Head<'_>) -> Probe {
    spoken(head, client, server)
}

fn client(bytes: &[u8]) -> Guess {
    match parse::message(bytes) {
        Ok((_, message)) if table::ASKED.iter().any(|(code, data)| *code == message.code && *data == message.data) => {
            Guess::Yes(0.97)
        }
        Err(Fault::Incomplete { .. }) if bytes.len() < 6 => Guess::Open,
        _ => Guess::No,
    }
}

fn server(bytes: &[u8]) -> Guess {
    match parse::message(bytes) {
        Ok((_, message)) if table::ASKED.iter().any(|(code, _)| *code == message.code) => match message.data {
            [3, 0, text @ .., 0] if !text.is_empty() && text.iter().all(|byte| matches!(byte, b' '..=b'~')) => {
                Guess::Yes(0.95)
            }
            _ => Guess::No,
        },
        Err(Fault::Incomplete { .. }) if bytes.len() < 64 => Guess::Open,
        _ => Guess::No,
    }
}
