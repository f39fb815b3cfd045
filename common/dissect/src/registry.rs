//! The protocols that are read, each on one line.

use crate::Dissector;

/// Every dissector, in the order they are asked.
<<<<<<< HEAD
pub static ALL: &[&dyn Dissector] = &[
    &crate::tls::Tls,
    &crate::modbus::Modbus,
    &crate::dns::DnsDissector,
    &crate::ssh::Ssh,
    &crate::quic::Quic,
];
=======
pub static ALL: &[&dyn Dissector] =
    &[&crate::tls::Tls, &crate::modbus::Modbus, &crate::dns::DnsDissector, &crate::quic::Quic, &crate::dtls::Dtls];
>>>>>>> 068e82a (Read DTLS; find the handshake that follows STUN)
