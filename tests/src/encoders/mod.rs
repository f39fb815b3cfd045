//! Encoders of industrial protocols, written from their specifications: they share nothing with the dissectors, and every
//! field that a specification leaves free is random. Each makes a request and its answer; [`ENCODERS`] has them all.
//!
//! Of protocols that their makers do not publish, the layout is that of the public analyses which the encoder names.

mod building;
mod cip;
mod controllers;
mod field;
mod fieldbus;
mod iso;
mod messaging;
mod meters;
mod modbus;
mod opcua;
mod profinet;
mod runtimes;
mod substation;
mod telecontrol;

use picket_event::{Protocol, Transport};

pub use field::Random;
use field::{Bytes, b, ber, crc_high, crc_low, crc32};

/// A request and its answer; where a protocol has none, the answer is empty.
pub type Exchange = (Vec<u8>, Vec<u8>);

/// Where messages go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// A connection or datagrams, on ports that mean nothing.
    Ip(Transport),
    /// Frames of this type.
    Link(u16),
}

/// Makes messages of one protocol in one of its forms.
#[derive(Debug)]
pub struct Encoder {
    /// The protocol.
    pub protocol: Protocol,
    /// Which form of it, in a word; empty where there is one alone.
    pub form: &'static str,
    /// Where its messages go.
    pub over: Over,
    /// Makes an exchange from these random fields.
    pub make: fn(&mut Random) -> Exchange,
    /// Makes the exchanges that every connection begins with; none where it may begin with any.
    pub opening: &'static [fn(&mut Random) -> Exchange],
    /// Whether its conversations teach the model of behaviour.
    pub teaches: bool,
}

impl Encoder {
    const fn behind(mut self, opening: &'static [fn(&mut Random) -> Exchange]) -> Self {
        self.opening = opening;
        self
    }

    const fn not_taught(mut self) -> Self {
        self.teaches = false;
        self
    }
}

const fn e(protocol: Protocol, form: &'static str, over: Over, make: fn(&mut Random) -> Exchange) -> Encoder {
    Encoder { protocol, form, over, make, opening: &[], teaches: true }
}

const TCP: Over = Over::Ip(Transport::TCP);
const UDP: Over = Over::Ip(Transport::UDP);

/// Every encoder.
pub static ENCODERS: &[Encoder] = &[
    e(Protocol::MODBUS, "tcp", TCP, modbus::tcp),
    e(Protocol::MODBUS, "udp", UDP, modbus::tcp),
    e(Protocol::MODBUS, "rtu", TCP, modbus::rtu),
    e(Protocol::MODBUS, "rtu in datagrams", UDP, modbus::rtu),
    e(Protocol::UMAS, "", TCP, modbus::umas),
    e(Protocol::DNP3, "tcp", TCP, telecontrol::dnp3),
    e(Protocol::DNP3, "udp", UDP, telecontrol::dnp3),
    e(Protocol::IEC104, "", TCP, telecontrol::iec104),
    e(Protocol::GENISYS, "", TCP, telecontrol::genisys),
    e(Protocol::ROC_PLUS, "tcp", TCP, telecontrol::roc_plus),
    e(Protocol::ROC_PLUS, "udp", UDP, telecontrol::roc_plus),
    e(Protocol::BSAP, "", UDP, telecontrol::bsap),
    e(Protocol::TRDP, "", UDP, telecontrol::trdp),
    e(Protocol::S7COMM, "", TCP, iso::s7comm).behind(&[iso::connect]),
    e(Protocol::S7COMM_PLUS, "", TCP, iso::s7comm_plus).behind(&[iso::connect]),
    e(Protocol::MMS, "", TCP, iso::mms).behind(&[iso::connect, iso::associate]),
    e(Protocol::GOOSE, "", Over::Link(0x88b8), substation::goose),
    e(Protocol::R_GOOSE, "", UDP, substation::r_goose),
    e(Protocol::GSSE, "", Over::Link(0xfe), substation::gsse),
    e(Protocol::SV, "", Over::Link(0x88ba), substation::sv),
    e(Protocol::SV, "routed", UDP, substation::routed_sv),
    e(Protocol::SYNCHROPHASOR, "tcp", TCP, substation::synchrophasor),
    e(Protocol::SYNCHROPHASOR, "udp", UDP, substation::synchrophasor),
    e(Protocol::ENIP, "tcp", TCP, cip::enip),
    e(Protocol::ENIP, "udp", UDP, cip::enip),
    e(Protocol::CIP_IO, "", UDP, cip::io),
    e(Protocol::BACNET, "ip", UDP, building::bacnet_ip),
    e(Protocol::BACNET, "ipv6", UDP, building::bacnet_ipv6),
    e(Protocol::BACNET, "802.2", Over::Link(0x82), building::bacnet_ethernet),
    e(Protocol::BACNET, "ms/tp", Over::Link(0x01), building::bacnet_serial),
    e(Protocol::KNXIP, "udp", UDP, building::knxip),
    e(Protocol::KNXIP, "tcp", TCP, building::knxip),
    e(Protocol::OPCUA, "", TCP, opcua::opcua).behind(&[opcua::hello, opcua::opened]),
    e(Protocol::PROFINET_DCP, "", Over::Link(0x8892), profinet::dcp),
    e(Protocol::PROFINET_CM, "", UDP, profinet::context_manager),
    e(Protocol::PROFINET_RT, "", Over::Link(0x8892), profinet::cyclic),
    e(Protocol::PROFINET_PTCP, "", Over::Link(0x8892), profinet::time),
    e(Protocol::PROFINET_MRP, "", Over::Link(0x88e3), profinet::redundancy),
    e(Protocol::ETHERCAT, "", Over::Link(0x88a4), fieldbus::ethercat),
    e(Protocol::ETHERCAT, "udp", UDP, fieldbus::ethercat_datagrams),
    e(Protocol::POWERLINK, "", Over::Link(0x88ab), fieldbus::powerlink),
    e(Protocol::POWERLINK, "version 1", Over::Link(0x3e3f), fieldbus::powerlink_first),
    e(Protocol::POWERLINK, "udp", UDP, fieldbus::powerlink_datagrams),
    e(Protocol::SERCOS, "", Over::Link(0x88cd), fieldbus::sercos),
    e(Protocol::HART_IP, "tcp", TCP, fieldbus::hart_ip),
    e(Protocol::HART_IP, "udp", UDP, fieldbus::hart_ip),
    e(Protocol::FF_HSE, "udp", UDP, fieldbus::ff_hse),
    e(Protocol::FF_HSE, "tcp", TCP, fieldbus::ff_hse),
    e(Protocol::CNP_IP, "", UDP, fieldbus::cnp_ip),
    e(Protocol::FINS, "udp", UDP, controllers::fins_datagrams),
    e(Protocol::FINS, "tcp", TCP, controllers::fins_stream),
    e(Protocol::ADS, "tcp", TCP, controllers::ads),
    e(Protocol::ADS, "router", UDP, controllers::ads_router),
    e(Protocol::MELSEC, "tcp", TCP, controllers::melsec),
    e(Protocol::MELSEC, "udp", UDP, controllers::melsec),
    e(Protocol::MELSEC, "ascii", TCP, controllers::melsec_text),
    e(Protocol::MELSEC, "1e over tcp", TCP, controllers::melsec_first),
    e(Protocol::MELSEC, "1e over udp", UDP, controllers::melsec_first),
    e(Protocol::MELSEC, "melsoft over tcp", TCP, controllers::melsoft),
    e(Protocol::MELSEC, "melsoft over udp", UDP, controllers::melsoft),
    e(Protocol::GE_SRTP, "", TCP, controllers::ge_srtp),
    e(Protocol::EGD, "", UDP, controllers::egd),
    e(Protocol::ETHERSBUS, "", UDP, controllers::ethersbus),
    e(Protocol::ETHERSIO, "", UDP, controllers::ethersio),
    e(Protocol::CODESYS, "udp", UDP, runtimes::codesys),
    e(Protocol::CODESYS, "tcp", TCP, runtimes::codesys_blocks),
    e(Protocol::CODESYS, "version 2", TCP, runtimes::codesys_second),
    e(Protocol::FOX, "", TCP, runtimes::fox),
    e(Protocol::PCWORX, "", TCP, runtimes::pcworx),
    e(Protocol::PROCONOS, "", TCP, runtimes::proconos),
    e(Protocol::CRIMSON, "", TCP, runtimes::crimson),
    e(Protocol::C1222, "tcp", TCP, meters::c1222),
    e(Protocol::C1222, "udp", UDP, meters::c1222),
    e(Protocol::DLMS, "wrapper over tcp", TCP, meters::wrapped),
    e(Protocol::DLMS, "wrapper over udp", UDP, meters::wrapped),
    e(Protocol::DLMS, "hdlc", TCP, meters::hdlc),
    e(Protocol::ATG, "", TCP, meters::atg),
    e(Protocol::MQTT, "", TCP, messaging::mqtt),
    e(Protocol::COAP, "", UDP, messaging::coap),
    e(Protocol::DOIP, "tcp", TCP, messaging::doip_stream),
    e(Protocol::DOIP, "udp", UDP, messaging::doip_datagrams),
    e(Protocol::SOMEIP, "udp", UDP, messaging::someip),
    e(Protocol::SOMEIP, "tcp", TCP, messaging::someip),
    e(Protocol::RTPS, "", UDP, messaging::rtps),
    e(Protocol::HISLIP, "", TCP, messaging::hislip),
    e(Protocol::ZIGBEE, "udp", UDP, messaging::zigbee),
    e(Protocol::ZIGBEE, "radio", Over::Link(0x809a), messaging::zigbee_radio),
    // With it, 19 of 2,270 other conversations had a name by their behaviour instead of 3 (docs/decisions/0025-made-conversations.md).
    e(Protocol::COAP, "tcp", TCP, messaging::coap_stream).behind(&[messaging::coap_capabilities]).not_taught(),
];
