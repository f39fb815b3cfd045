//! TDS, the protocol of SQL Server and Sybase (MS-TDS), as far as its handshake with TLS.
//!
//! Read: up to version 7.4 the handshake's records lie in pre-login packets (section 2.2.6.5) and are taken out of them;
//! behind it they stand alone. From version 8 on TLS comes first, and the flow is TLS. A server that stays in clear is
//! left alone. Not read: log-ins, statements, and what only a log-in is hidden of.

mod parse;
mod probe;
mod session;
mod table;
#[cfg(test)]
mod tests;

use crate::{Context, Dissector, Head, Home, Probe, SessionBox, inside};
use picket_event::{Protocol, Transport};

/// The dissector.
#[derive(Debug)]
pub struct Tds;

impl Tds {
    /// Where it is met.
    pub const HOME: Home = Home { transports: &[Transport::TCP], ether_types: &[], ports: &[1433], needs_port: false };
}

impl Dissector for Tds {
    fn protocol(&self) -> Protocol {
        Protocol::TDS
    }

    fn probe(&self, head: &Head<'_>) -> Probe {
        probe::probe(head)
    }

    fn open(&self, context: &Context) -> SessionBox {
        Box::new(session::Talk::new(context))
    }

    fn session_limit(&self) -> usize {
        size_of::<session::Talk>() + inside::limit()
    }
}
