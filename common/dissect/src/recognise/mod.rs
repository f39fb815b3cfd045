//! Protocols that are named by their structure and not read.

use crate::{Head, Probe};
use picket_event::{Protocol, Transport};

/// How one protocol is told from others.
#[derive(Clone, Debug)]
pub struct Signature {
    /// Its name.
    pub protocol: Protocol,
    /// The transports it runs over.
    pub transports: &'static [Transport],
    /// Registered and customary server ports.
    pub ports: &'static [u16],
    /// Whether its structure is shared with another protocol, so that the port has to decide between them.
    pub needs_port: bool,
    /// Judges the first bytes of a conversation, as [`crate::Dissector::probe`] does.
    pub probe: fn(&Head<'_>) -> Probe,
}

/// Every signature, in the order they are asked.
pub static ALL: &[Signature] = &[];
