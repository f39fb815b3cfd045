//! The protocols that are read, each on one line.

use crate::starttls::table as services;
use crate::{Dissector, Home};

/// A dissector, and where its protocol is met.
#[derive(Clone, Copy)]
pub struct Entry {
    /// The reader.
    pub dissector: &'static dyn Dissector,
    /// Where its protocol is met.
    pub home: Home,
}

const fn e(dissector: &'static dyn Dissector, home: Home) -> Entry {
    Entry { dissector, home }
}

/// Every dissector, in the order they are asked.
pub static ALL: &[Entry] = &[
    e(&crate::tls::Tls, crate::tls::Tls::HOME),
    e(&crate::modbus::Modbus, crate::modbus::Modbus::HOME),
    e(&crate::dns::DnsDissector, crate::dns::DnsDissector::HOME),
    e(&crate::ssh::Ssh, crate::ssh::Ssh::HOME),
    e(&crate::rtp::Rtp, crate::rtp::Rtp::HOME),
    e(&crate::smb::Smb, crate::smb::Smb::HOME),
    e(&crate::kerberos::Kerberos, crate::kerberos::Kerberos::HOME),
    e(&crate::dhcp::Dhcp, crate::dhcp::Dhcp::HOME),
    e(&crate::dhcpv6::Dhcpv6, crate::dhcpv6::Dhcpv6::HOME),
    e(&crate::mdns::Mdns, crate::mdns::Mdns::HOME),
    e(&crate::llmnr::Llmnr, crate::llmnr::Llmnr::HOME),
    e(&crate::nbns::Nbns, crate::nbns::Nbns::HOME),
    e(&crate::netbios::Netbios, crate::netbios::Netbios::HOME),
    e(&crate::sip::Sip, crate::sip::Sip::HOME),
    e(&crate::ssdp::Ssdp, crate::ssdp::Ssdp::HOME),
    e(&crate::snmp::Snmp, crate::snmp::Snmp::HOME),
    e(&crate::nd::Nd, crate::nd::Nd::HOME),
    e(&crate::arp::Arp, crate::arp::Arp::HOME),
    e(&crate::lldp::Lldp, crate::lldp::Lldp::HOME),
    e(&crate::cdp::Cdp, crate::cdp::Cdp::HOME),
    e(&crate::quic::Quic, crate::quic::Quic::HOME),
    e(&crate::dtls::Dtls, crate::dtls::Dtls::HOME),
    e(&crate::openvpn::Openvpn, crate::openvpn::Openvpn::HOME),
    e(&crate::http::Http, crate::http::Http::HOME),
    e(&crate::socks::Socks, crate::socks::Socks::HOME),
    e(&crate::proxy::Proxy, crate::proxy::Proxy::HOME),
    e(&crate::tds::Tds, crate::tds::Tds::HOME),
    e(&services::SMTP, services::SMTP.home),
    e(&services::FTP, services::FTP.home),
    e(&services::POP3, services::POP3.home),
    e(&services::IMAP, services::IMAP.home),
    e(&services::NNTP, services::NNTP.home),
    e(&services::MANAGESIEVE, services::MANAGESIEVE.home),
    e(&services::XMPP, services::XMPP.home),
    e(&services::LDAP, services::LDAP.home),
    e(&services::RDP, services::RDP.home),
    e(&services::MYSQL, services::MYSQL.home),
    e(&services::POSTGRESQL, services::POSTGRESQL.home),
    e(&crate::melsec::Melsec, crate::melsec::Melsec::HOME),
    e(&crate::profinet_cm::ProfinetCm, crate::profinet_cm::ProfinetCm::HOME),
    e(&crate::profinet_dcp::ProfinetDcp, crate::profinet_dcp::ProfinetDcp::HOME),
    e(&crate::profinet_rt::ProfinetRt, crate::profinet_rt::ProfinetRt::HOME),
    e(&crate::ads::Ads, crate::ads::Ads::HOME),
    e(&crate::fins::Fins, crate::fins::Fins::HOME),
    e(&crate::ge_srtp::GeSrtp, crate::ge_srtp::GeSrtp::HOME),
    e(&crate::fox::Fox, crate::fox::Fox::HOME),
    e(&crate::pcworx::PcWorx, crate::pcworx::PcWorx::HOME),
    e(&crate::proconos::Proconos, crate::proconos::Proconos::HOME),
    e(&crate::crimson::Crimson, crate::crimson::Crimson::HOME),
    e(&crate::ethercat::EtherCat, crate::ethercat::EtherCat::HOME),
    e(&crate::powerlink::Powerlink, crate::powerlink::Powerlink::HOME),
    e(&crate::iec104::Iec104, crate::iec104::Iec104::HOME),
    e(&crate::dnp3::Dnp3, crate::dnp3::Dnp3::HOME),
    e(&crate::synchrophasor::Synchrophasor, crate::synchrophasor::Synchrophasor::HOME),
    e(&crate::genisys::Genisys, crate::genisys::Genisys::HOME),
    e(&crate::roc_plus::RocPlus, crate::roc_plus::RocPlus::HOME),
    e(&crate::bsap::Bsap, crate::bsap::Bsap::HOME),
    e(&crate::c1222::C1222, crate::c1222::C1222::HOME),
    e(&crate::dlms::Dlms, crate::dlms::Dlms::HOME),
    e(&crate::goose::Goose, crate::goose::Goose::HOME),
    e(&crate::r_goose::RGoose, crate::r_goose::RGoose::HOME),
    e(&crate::gsse::Gsse, crate::gsse::Gsse::HOME),
    e(&crate::s7comm::S7comm, crate::s7comm::S7comm::HOME),
    e(&crate::modbus::Umas, crate::modbus::Umas::HOME),
    e(&crate::modbus::ModbusRtu, crate::modbus::ModbusRtu::HOME),
    e(&crate::mms::Mms, crate::mms::Mms::HOME),
    e(&crate::codesys::Codesys, crate::codesys::Codesys::HOME),
    e(&crate::s7comm_plus::S7commPlus, crate::s7comm_plus::S7commPlus::HOME),
    e(&crate::enip::Enip, crate::enip::Enip::HOME),
    e(&crate::bacnet::Bacnet, crate::bacnet::Bacnet::HOME),
    e(&crate::opcua::OpcUa, crate::opcua::OpcUa::HOME),
    e(&crate::hart_ip::HartIp, crate::hart_ip::HartIp::HOME),
    e(&crate::knxip::KnxIp, crate::knxip::KnxIp::HOME),
    e(&crate::mqtt::Mqtt, crate::mqtt::Mqtt::HOME),
    e(&crate::coap::Coap, crate::coap::Coap::HOME),
    e(&crate::doip::DoIp, crate::doip::DoIp::HOME),
];
