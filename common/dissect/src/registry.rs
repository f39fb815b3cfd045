//! The protocols that are read, each on one line.

use crate::Dissector;
use crate::starttls::table as services;

/// Every dissector, in the order they are asked.
pub static ALL: &[&dyn Dissector] = &[
    &crate::tls::Tls,
    &crate::modbus::Modbus,
    &crate::dns::DnsDissector,
    &crate::ssh::Ssh,
    &crate::rtp::Rtp,
    &crate::smb::Smb,
    &crate::kerberos::Kerberos,
    &crate::dhcp::Dhcp,
    &crate::dhcpv6::Dhcpv6,
    &crate::mdns::Mdns,
    &crate::llmnr::Llmnr,
    &crate::nbns::Nbns,
    &crate::ssdp::Ssdp,
    &crate::snmp::Snmp,
    &crate::nd::Nd,
    &crate::arp::Arp,
    &crate::lldp::Lldp,
    &crate::cdp::Cdp,
    &crate::quic::Quic,
    &crate::dtls::Dtls,
    &crate::http::Http,
    &crate::socks::Socks,
    &services::SMTP,
    &services::FTP,
    &services::POP3,
    &services::IMAP,
    &services::XMPP,
    &services::LDAP,
    &services::RDP,
    &services::MYSQL,
    &services::POSTGRESQL,
];
