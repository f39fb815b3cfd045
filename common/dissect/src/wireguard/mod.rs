//! WireGuard (whitepaper section 5.4).
//!
//! Read: kinds of messages, and the indices by which the ends know their keys: those of a tunnel that goes on from another
//! address are found again in the row of the new conversation. Goes into the conversation's row.
//! Not read: anything encrypted, keys included.

mod parse;
mod table;
#[cfg(test)]
mod tests;

use crate::describer::{Way, describer, nothing_else};
use crate::recognise;
use picket_event::Transport;

describer! {
    /// The dissector.
    Wireguard: WIREGUARD {
        transports: &[Transport::UDP],
        ports: &[51_820],
        probe: recognise::wireguard,
        way: Way { messages: 64, length: None, is_other: nothing_else, read: parse::read },
    }
}
