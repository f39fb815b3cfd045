//! SMB, versions 1 to 3 (MS-CIFS, MS-SMB2), as far as its authentication names hosts (MS-NLMP).
//!
//! Read: the NTLM challenge (the server's name, domain and system version) and the NTLM answer (the client's
//! workstation and system version), wherever they stand in the first messages. Not read: names of people, shares, files;
//! Kerberos inside of SMB is encrypted. SMB that is encrypted from its start shows nothing.

mod parse;
mod session;
mod table;

pub(crate) use table::system;
#[cfg(test)]
mod tests;

use crate::{Context, Dissector, Head, Home, Probe, SessionBox};
use picket_event::{Protocol, Transport};

/// The dissector.
#[derive(Debug)]
pub struct Smb;

impl Smb {
    /// Where it is met.
    pub const HOME: Home =
        Home { transports: &[Transport::TCP], ether_types: &[], ports: &[445, 139], needs_port: false };
}

impl Dissector for Smb {
    fn protocol(&self) -> Protocol {
        Protocol::SMB
    }

    fn probe(&self, head: &Head<'_>) -> Probe {
        crate::recognise::smb(head)
    }

    fn open(&self, _context: &Context) -> SessionBox {
        Box::new(session::Smb::default())
    }

    fn session_limit(&self) -> usize {
        size_of::<session::Smb>()
    }
}
