//! The Network Time Protocol, versions 1 to 4 (RFC 5905).
//!
//! Read: version and mode of each message; of servers stratum, reference, kisses of death, and whether their clock runs; whether
//! messages carry a symmetric key's code. Goes into the conversation's row.
//! Not read: times, extension fields, what control messages ask.

mod parse;
mod table;
#[cfg(test)]
mod tests;

use crate::describer::{Way, describer, nothing_else};
use crate::recognise;
use picket_event::Transport;

describer! {
    /// The dissector.
    Ntp: NTP {
        transports: &[Transport::UDP],
        ports: &[123],
        probe: recognise::ntp,
        way: Way { messages: 16, length: None, is_other: nothing_else, read: parse::read },
    }
}
