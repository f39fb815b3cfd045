//! PROFINET's discovery and configuration protocol DCP (IEC 61158-6-10, clause 4.3).
//!
//! Read: every service with its answer, names, addresses, vendor, device id and role as assets, what a Set changes.
//! Not read: DHCP and manufacturer's options, link speeds. The alarms that share its type are [`crate::profinet_rt`]'s.

mod parse;
pub(crate) mod session;
mod table;
#[cfg(test)]
mod tests;

pub(crate) use table::vendor;

use crate::dissector::LINK;
use crate::framed::framed;
use crate::link::{self, Verdict};

framed! {
    /// The dissector.
    ProfinetDcp: PROFINET_DCP {
        framing: session::Profinet, probe: |head| link::ask(probe, head),
        transports: LINK, ether_types: &[0x8892], ports: &[],
    }
}

/// Its frame ids, a service and a kind that exist, and a length that fits.
fn probe(bytes: &[u8]) -> Verdict {
    let head = parse::head(bytes)?;
    let known = (0xfefc..=0xfeff).contains(&head.frame_id) && (3..=6).contains(&head.service);
    Ok((known && matches!(head.kind, 0 | 1 | 5)).then_some(0.98))
}
