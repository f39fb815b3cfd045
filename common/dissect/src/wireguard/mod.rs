//! WireGuard (whitepaper section 5.4).
//!
//! Read: kinds of messages, and the indices by which the ends know their keys: those of a tunnel that goes on from another
//! address are found again in the new conversation, whose row names the one before (`continues`). Goes into the conversation's row.
//! Not read: anything encrypted, keys included.

mod parse;
mod session;
mod table;
#[cfg(test)]
mod tests;

use crate::dissector::dissector;
use crate::recognise;
use picket_event::Transport;

dissector! {
    /// The dissector.
    Wireguard: WIREGUARD {
        transports: &[Transport::UDP], ether_types: &[], ports: &[51_820], needs_port: false,
        probe: recognise::wireguard, session: Box::new(session::Tunnel::new()), limit: session::session_limit(),
    }
}
