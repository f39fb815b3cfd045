//! The protocols that are read, each on one line.

use crate::opening::{METHOD, Opening, TAGS, TEXT, WORDS};
use crate::starttls::table as services;
use crate::{Dissector, Home};

/// A dissector, and where its protocol is met.
#[derive(Clone, Copy)]
pub struct Entry {
    /// The reader.
    pub dissector: &'static dyn Dissector,
    /// Where its protocol is met.
    pub home: Home,
    /// What its messages can begin with.
    pub opening: Opening,
}

impl Entry {
    /// Every message begins with one of these bytes.
    const fn begins(self, ranges: &'static [(u8, u8)]) -> Self {
        Self { opening: Opening::either(ranges), ..self }
    }

    /// What one side says begins with one of these bytes.
    const fn one_begins(self, ranges: &'static [(u8, u8)]) -> Self {
        Self { opening: Opening::one(ranges), ..self }
    }
}

const fn e(dissector: &'static dyn Dissector, home: Home) -> Entry {
    Entry { dissector, home, opening: Opening::ANY }
}

/// Every dissector, in the order they are asked.
pub static ALL: &[Entry] = &[
    e(&crate::tls::Tls, crate::tls::Tls::HOME).begins(&[(0x14, 0x18)]),
    e(&crate::modbus::Modbus, crate::modbus::Modbus::HOME),
    e(&crate::dns::DnsDissector, crate::dns::DnsDissector::HOME),
    e(&crate::ssh::Ssh, crate::ssh::Ssh::HOME),
    e(&crate::rtp::Rtp, crate::rtp::Rtp::HOME),
    e(&crate::smb::Smb, crate::smb::Smb::HOME).begins(&[(0x00, 0x00)]),
    e(&crate::kerberos::Kerberos, crate::kerberos::Kerberos::HOME).begins(&[(0x00, 0x00), (0x6a, 0x6f), (0x7e, 0x7e)]),
    e(&crate::dhcp::Dhcp, crate::dhcp::Dhcp::HOME).begins(&[(0x01, 0x02)]),
    e(&crate::dhcpv6::Dhcpv6, crate::dhcpv6::Dhcpv6::HOME).begins(&[(0x01, 0x0d)]),
    e(&crate::mdns::Mdns, crate::mdns::Mdns::HOME),
    e(&crate::llmnr::Llmnr, crate::llmnr::Llmnr::HOME),
    e(&crate::nbns::Nbns, crate::nbns::Nbns::HOME),
    e(&crate::netbios::Netbios, crate::netbios::Netbios::HOME).begins(&[(0x10, 0x16)]),
    e(&crate::sip::Sip, crate::sip::Sip::HOME).begins(TEXT),
    e(&crate::ssdp::Ssdp, crate::ssdp::Ssdp::HOME).begins(TEXT),
    e(&crate::snmp::Snmp, crate::snmp::Snmp::HOME).begins(&[(0x30, 0x30)]),
    e(&crate::nd::Nd, crate::nd::Nd::HOME),
    e(&crate::arp::Arp, crate::arp::Arp::HOME),
    e(&crate::lldp::Lldp, crate::lldp::Lldp::HOME),
    e(&crate::cdp::Cdp, crate::cdp::Cdp::HOME),
    e(&crate::quic::Quic, crate::quic::Quic::HOME).begins(&[(0x09, 0x0d), (0x40, 0xff)]),
    e(&crate::dtls::Dtls, crate::dtls::Dtls::HOME).begins(&[(0x01, 0x01), (0x14, 0x1a)]),
    e(&crate::openvpn::Openvpn, crate::openvpn::Openvpn::HOME).begins(&[(0x00, 0x05), (0x38, 0x38), (0x50, 0x50)]),
    e(&crate::ike::Ike, crate::ike::Ike::HOME),
    e(&crate::wireguard::Wireguard, crate::wireguard::Wireguard::HOME).begins(&[(0x01, 0x04)]),
    e(&crate::stun::Stun, crate::stun::Stun::HOME).begins(&[(0x00, 0x3f)]),
    e(&crate::ntp::Ntp, crate::ntp::Ntp::HOME),
    e(&crate::http::Http, crate::http::Http::HOME).one_begins(METHOD),
    e(&crate::socks::Socks, crate::socks::Socks::HOME).begins(&[(0x00, 0x00), (0x04, 0x05)]),
    e(&crate::proxy::Proxy, crate::proxy::Proxy::HOME).one_begins(&[(0x0d, 0x0d), (b'P', b'P')]),
    e(&crate::tds::Tds, crate::tds::Tds::HOME).begins(&[(0x04, 0x04), (0x12, 0x12)]),
    e(&services::SMTP, services::SMTP.home).begins(WORDS),
    e(&services::FTP, services::FTP.home).begins(WORDS),
    e(&services::POP3, services::POP3.home).begins(&[(b'+', b'+'), (b'A', b'Z')]),
    e(&services::IMAP, services::IMAP.home).begins(TAGS),
    e(&services::NNTP, services::NNTP.home).begins(WORDS),
    e(&services::MANAGESIEVE, services::MANAGESIEVE.home).begins(&[(b'"', b'"'), (b'A', b'Z')]),
    e(&services::XMPP, services::XMPP.home).begins(&[(b'<', b'<')]),
    e(&services::LDAP, services::LDAP.home).begins(&[(0x30, 0x30)]),
    e(&services::RDP, services::RDP.home).begins(&[(0x03, 0x03)]),
    e(&services::MYSQL, services::MYSQL.home).one_begins(&[(0x15, 0xff)]),
    e(&services::POSTGRESQL, services::POSTGRESQL.home).one_begins(&[(0x00, 0x00)]),
    e(&crate::melsec::Melsec, crate::melsec::Melsec::HOME),
    e(&crate::profinet_cm::ProfinetCm, crate::profinet_cm::ProfinetCm::HOME).begins(&[(0x04, 0x04)]),
    e(&crate::profinet_dcp::ProfinetDcp, crate::profinet_dcp::ProfinetDcp::HOME),
    e(&crate::profinet_rt::ProfinetRt, crate::profinet_rt::ProfinetRt::HOME),
    e(&crate::ads::Ads, crate::ads::Ads::HOME).begins(&[(0x00, 0x00), (0x03, 0x03)]),
    e(&crate::fins::Fins, crate::fins::Fins::HOME).begins(&[(0x00, 0x01), (0x40, 0x46), (0x80, 0x81), (0xc0, 0xc1)]),
    e(&crate::ge_srtp::GeSrtp, crate::ge_srtp::GeSrtp::HOME).begins(&[(0x00, 0x03)]),
    e(&crate::fox::Fox, crate::fox::Fox::HOME).begins(&[(b'f', b'f')]),
    e(&crate::pcworx::PcWorx, crate::pcworx::PcWorx::HOME).begins(&[(0x01, 0x01), (0x81, 0x81)]),
    e(&crate::proconos::Proconos, crate::proconos::Proconos::HOME).begins(&[(0x01, 0x01)]),
    e(&crate::crimson::Crimson, crate::crimson::Crimson::HOME),
    e(&crate::ethercat::EtherCat, crate::ethercat::EtherCat::HOME),
    e(&crate::powerlink::Powerlink, crate::powerlink::Powerlink::HOME),
    e(&crate::iec104::Iec104, crate::iec104::Iec104::HOME),
    e(&crate::dnp3::Dnp3, crate::dnp3::Dnp3::HOME).begins(&[(0x05, 0x05)]),
    e(&crate::synchrophasor::Synchrophasor, crate::synchrophasor::Synchrophasor::HOME),
    e(&crate::genisys::Genisys, crate::genisys::Genisys::HOME),
    e(&crate::roc_plus::RocPlus, crate::roc_plus::RocPlus::HOME),
    e(&crate::bsap::Bsap, crate::bsap::Bsap::HOME).begins(&[(0x0e, 0x0e)]),
    e(&crate::c1222::C1222, crate::c1222::C1222::HOME).begins(&[(0x60, 0x60)]),
    e(&crate::dlms::Dlms, crate::dlms::Dlms::HOME),
    e(&crate::goose::Goose, crate::goose::Goose::HOME),
    e(&crate::r_goose::RGoose, crate::r_goose::RGoose::HOME).begins(&[(0x01, 0x01)]),
    e(&crate::gsse::Gsse, crate::gsse::Gsse::HOME),
    e(&crate::s7comm::S7comm, crate::s7comm::S7comm::HOME),
    e(&crate::modbus::Umas, crate::modbus::Umas::HOME),
    e(&crate::modbus::ModbusRtu, crate::modbus::ModbusRtu::HOME),
    e(&crate::mms::Mms, crate::mms::Mms::HOME),
    e(&crate::codesys::Codesys, crate::codesys::Codesys::HOME).begins(&[(0x00, 0x00), (0xbb, 0xbb), (0xc5, 0xc5)]),
    e(&crate::s7comm_plus::S7commPlus, crate::s7comm_plus::S7commPlus::HOME),
    e(&crate::enip::Enip, crate::enip::Enip::HOME).begins(&[(0x00, 0x01), (0x04, 0x04), (0x63, 0x66), (0x6f, 0x73)]),
    e(&crate::bacnet::Bacnet, crate::bacnet::Bacnet::HOME).begins(&[(0x81, 0x82)]),
    e(&crate::opcua::OpcUa, crate::opcua::OpcUa::HOME).begins(TEXT),
    e(&crate::hart_ip::HartIp, crate::hart_ip::HartIp::HOME).begins(&[(0x01, 0x02)]),
    e(&crate::knxip::KnxIp, crate::knxip::KnxIp::HOME).begins(&[(0x06, 0x06)]),
    e(&crate::mqtt::Mqtt, crate::mqtt::Mqtt::HOME).begins(&[(0x10, 0xff)]),
    e(&crate::coap::Coap, crate::coap::Coap::HOME).begins(&[(0x40, 0x7f)]),
    e(&crate::coap::CoapStream, crate::coap::CoapStream::HOME),
    e(&crate::doip::DoIp, crate::doip::DoIp::HOME),
];
