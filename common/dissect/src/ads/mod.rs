//! Beckhoff's ADS over AMS/TCP (Beckhoff Information System, "TwinCAT ADS: specification"), and the discovery of its routers
//! over UDP (not published; known from captures).
//!
//! Read: every command and its answer, error codes, index groups and offsets, written numbers, states asked for, the device
//! and its version (as an asset); of the routers services, names, versions and what a new route is called.
//! Not read: names of symbols, contents of notifications, sums of commands, ADS over TLS.

mod parse;
mod probe;
mod session;
mod table;
#[cfg(test)]
mod tests;

use crate::dissector::BOTH;
use crate::framed::framed;

framed! {
    /// The dissector.
    Ads: ADS {
        framing: session::Ads, probe: probe::probe,
        transports: BOTH, ether_types: &[], ports: &[48_898, 48_899],
    }
}
