//! IKE version 2 (RFC 7296) and ISAKMP with IKE version 1 (RFC 2408, RFC 2409), behind NAT too (RFC 3948).
//!
//! Read of what goes in clear: exchanges, SPIs, the transforms that are offered and chosen, vendor ids, notifications,
//! what tells of address translation, and how the ends prove themselves in version 1. Goes into the conversation's row.
//! Not read: identities (of aggressive mode too), keys, anything encrypted.

mod first;
mod parse;
mod table;
#[cfg(test)]
mod tests;

use crate::describer::{Way, describer, nothing_else};
use crate::recognise;
use picket_event::Transport;

describer! {
    /// The dissector.
    Ike: IKE {
        transports: &[Transport::UDP],
        ports: &[500, 4500],
        probe: recognise::ike,
        way: Way { messages: 64, length: None, is_other: nothing_else, read: parse::read },
    }
}
