//! The protocols that are read, each on one line.

use crate::Dissector;

/// Every dissector, in the order they are asked.
pub static ALL: &[&dyn Dissector] =
    &[&crate::tls::Tls, &crate::modbus::Modbus, &crate::dns::DnsDissector, &crate::ssh::Ssh, &crate::rtp::Rtp];
