//! Protocols that are named by their structure and not read.
//!
//! A signature says what a client's and what a server's first bytes look like; [`spoken`] puts the two
//! together, also the other way round. Confidences say how often such bytes are something else.
//! A false industrial name is worse than none, so only signatures with magic numbers, checksums or
//! several lengths that fit are here.

mod automation;
mod datagram;
mod fieldbus;
mod media;
mod service;
mod session;
mod store;
mod substation;
#[cfg(test)]
mod tests;
mod text;
mod train;
mod transport;
mod tunnel;

pub(crate) use session::ber_length;
pub(crate) use text::{contains, line};

use crate::opening::{Opening, TEXT};
use crate::{Head, Probe};
use picket_event::{Protocol, Transport, Unit};

/// How one protocol is told from others.
#[derive(Clone, Debug)]
pub struct Signature {
    /// Its name.
    pub protocol: Protocol,
    /// The transports it runs over.
    pub transports: &'static [Transport],
    /// Registered and customary server ports.
    pub ports: &'static [u16],
    /// Whether its structure is shared with another protocol, so that the port has to decide between them.
    pub needs_port: bool,
    /// What its messages can begin with.
    pub opening: Opening,
    /// Judges the first bytes of a conversation, as [`crate::Dissector::probe`] does.
    pub probe: fn(&Head<'_>) -> Probe,
}

// Protocols that are read are told by the same means.
pub(crate) use datagram::{dhcp, dhcpv6, named, nbns, ntp, snmp, stun};
pub(crate) use media::classic_stun;
pub(crate) use session::{kerberos, netbios_datagram, smb};
pub(crate) use text::{sip, ssdp};
pub(crate) use tunnel::{ike, wireguard};

const TCP: &[Transport] = &[Transport::TCP];
const UDP: &[Transport] = &[Transport::UDP];
const BOTH: &[Transport] = &[Transport::TCP, Transport::UDP];

type Judge = fn(&Head<'_>) -> Probe;

impl Signature {
    /// Every message begins with one of these bytes.
    const fn begins(mut self, ranges: &'static [(u8, u8)]) -> Self {
        self.opening = Opening::either(ranges);
        self
    }

    /// What one side says begins with one of these bytes.
    const fn one_begins(mut self, ranges: &'static [(u8, u8)]) -> Self {
        self.opening = Opening::one(ranges);
        self
    }
}

const fn s(protocol: Protocol, transports: &'static [Transport], ports: &'static [u16], probe: Judge) -> Signature {
    Signature { protocol, transports, ports, needs_port: false, opening: Opening::ANY, probe }
}

const fn by_port(
    protocol: Protocol,
    transports: &'static [Transport],
    ports: &'static [u16],
    probe: Judge,
) -> Signature {
    Signature { protocol, transports, ports, needs_port: true, opening: Opening::ANY, probe }
}

/// Every signature, in the order they are asked.
pub static ALL: &[Signature] = &[
    s(Protocol::HTTP2, TCP, &[], text::http2).one_begins(&[(b'P', b'P')]),
    s(Protocol::SIP, TCP, &[5060], text::sip).begins(TEXT),
    s(Protocol::RTSP, TCP, &[554, 8554], text::rtsp).begins(TEXT),
    s(Protocol::TELNET, TCP, &[23], text::telnet).one_begins(&[(0xff, 0xff)]),
    s(Protocol::SYSLOG, UDP, &[514], text::syslog).begins(&[(b'<', b'<')]),
    s(Protocol::SYSLOG, TCP, &[514, 601], text::syslog_stream).begins(&[(b'1', b'9'), (b'<', b'<')]),
    s(Protocol::BITTORRENT, BOTH, &[6881], service::bittorrent).one_begins(&[(0x00, 0x13), (b'A', b'd')]),
    s(Protocol::NETBIOS, TCP, &[139], session::netbios).begins(&[(0x81, 0x83)]),
    s(Protocol::DCERPC, TCP, &[135, 593], session::dcerpc).begins(&[(0x05, 0x05)]),
    s(Protocol::RPC, BOTH, &[111, 2049], session::rpc),
    s(Protocol::TFTP, UDP, &[69], datagram::tftp).one_begins(&[(0x00, 0x00)]),
    by_port(Protocol::ESP, UDP, &[4500], tunnel::esp_in_udp),
    s(Protocol::L2TP, UDP, &[1701], tunnel::l2tp).begins(&[(0xc8, 0xc8)]),
    s(Protocol::PPTP, TCP, &[1723], tunnel::pptp),
    s(Protocol::RDP, UDP, &[3389], tunnel::rdp_udp).one_begins(&[(0xff, 0xff)]),
    s(Protocol::BGP, TCP, &[179], tunnel::bgp).begins(&[(0xff, 0xff)]),
    s(Protocol::RTCP, UDP, &[], media::rtcp).begins(&[(0x80, 0xbf)]),
    s(Protocol::RTMP, TCP, &[1935], media::rtmp).begins(&[(0x03, 0x03)]),
    s(Protocol::VNC, TCP, &[5900, 5901], media::vnc).begins(&[(b'R', b'R')]),
    s(Protocol::MONGODB, TCP, &[27_017], store::mongodb),
    s(Protocol::REDIS, TCP, &[6379], store::redis).begins(&[(b'$', b':'), (b'_', b'_')]),
    s(Protocol::MEMCACHED, BOTH, &[11_211], store::memcached),
    s(Protocol::CASSANDRA, TCP, &[9042], store::cassandra).begins(&[(0x01, 0x05), (0x81, 0x85)]),
    s(Protocol::KAFKA, TCP, &[9092], store::kafka).begins(&[(0x00, 0x00)]),
    s(Protocol::AMQP, TCP, &[5672], store::amqp).one_begins(&[(b'A', b'A')]),
    s(Protocol::TNS, TCP, &[1521], store::tns),
    s(Protocol::RADIUS, UDP, &[1812, 1813, 1645, 1646], store::radius).begins(&[(0x01, 0x2d)]),
    s(Protocol::DIAMETER, TCP, &[3868], service::diameter).begins(&[(0x01, 0x01)]),
    s(Protocol::NFS, BOTH, &[2049], service::nfs),
    s(Protocol::GIT, TCP, &[9418], service::git).one_begins(&[(b'0', b'9'), (b'A', b'F'), (b'a', b'f')]),
    s(Protocol::RSYNC, TCP, &[873], service::rsync).begins(&[(b'@', b'@')]),
    s(Protocol::IRC, TCP, &[6667], service::irc).begins(&[(b'A', b'Z'), (b':', b':')]),
    s(Protocol::IPMI, UDP, &[623], service::ipmi).begins(&[(0x06, 0x06)]),
    s(Protocol::WSD, UDP, &[3702], service::wsd).begins(&[(b'<', b'<')]),
    s(Protocol::GNUTELLA, TCP, &[6346], service::gnutella).begins(&[(b'G', b'G')]),
    s(Protocol::NATS, TCP, &[4222], service::nats).one_begins(&[(b'I', b'I')]),
    s(Protocol::ICMP, &[Transport::ICMP, Transport::ICMP6], &[], transport::icmp),
    s(Protocol::IGMP, &[Transport(2)], &[], transport::igmp),
    s(Protocol::GRE, &[Transport(47)], &[], transport::gre),
    s(Protocol::ESP, &[Transport(50)], &[], transport::esp),
    s(Protocol::AH, &[Transport(51)], &[], transport::ah),
    s(Protocol::EIGRP, &[Transport(88)], &[], transport::eigrp),
    s(Protocol::OSPF, &[Transport(89)], &[], transport::ospf),
    s(Protocol::PIM, &[Transport(103)], &[], transport::pim),
    s(Protocol::VRRP, &[Transport(112)], &[], transport::vrrp),
    by_port(Protocol::PTP, UDP, &[319, 320], datagram::ptp),
    s(Protocol::DCERPC, UDP, &[135], automation::dcerpc).begins(&[(0x04, 0x04)]),
    s(Protocol::EGD, UDP, &[18_246], automation::egd).begins(&[(0x0d, 0x0d)]),
    s(Protocol::ETHERSBUS, UDP, &[5050], automation::ethersbus).begins(&[(0x00, 0x00)]),
    s(Protocol::ETHERSIO, UDP, &[6060], automation::ethersio).begins(&[(b'E', b'E')]),
    s(Protocol::ATG, TCP, &[10_001], automation::atg).begins(&[(0x01, 0x01)]),
    s(Protocol::SV, UDP, &[102], substation::sv).begins(&[(0x01, 0x01)]),
    s(Protocol::TRDP, BOTH, &[17_224, 17_225], train::trdp),
    s(Protocol::RTPS, UDP, &[7400, 7401, 7410, 7411], fieldbus::rtps).begins(&[(b'R', b'R')]),
    s(Protocol::CIP_IO, UDP, &[2222], fieldbus::cip_io).begins(&[(0x02, 0x03)]),
    s(Protocol::SOMEIP, BOTH, &[30_490], fieldbus::someip),
    s(Protocol::FF_HSE, BOTH, &[1089, 1090, 1091, 3622], fieldbus::ff_hse).begins(&[(0x00, 0x01)]),
    s(Protocol::CNP_IP, UDP, &[1628, 1629], fieldbus::cnp_ip),
    s(Protocol::HISLIP, TCP, &[4880], fieldbus::hislip).begins(&[(b'H', b'H')]),
    s(Protocol::ZIGBEE, UDP, &[17_754], fieldbus::zigbee).begins(&[(b'E', b'E')]),
];

/// What one direction's bytes look like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Guess {
    /// Not this.
    No,
    /// Nothing contradicts.
    Open,
    /// This, with a confidence.
    Yes(f32),
}

/// Puts both directions together, straight and with the ends exchanged.
pub(crate) fn spoken(head: &Head<'_>, client: fn(&[u8]) -> Guess, server: fn(&[u8]) -> Guess) -> Probe {
    let ask = |judge: fn(&[u8]) -> Guess, bytes: &[u8]| if bytes.is_empty() { Guess::Open } else { judge(bytes) };
    let both = |asks: &[u8], answers: &[u8]| match ask(client, asks) {
        Guess::No => Guess::No,
        guess => together(guess, ask(server, answers)),
    };
    let straight = both(head.to_server, head.to_client);
    let crossed = both(head.to_client, head.to_server);
    match (straight, crossed) {
        (Guess::Yes(a), Guess::Yes(b)) if b > a => yes(b, true),
        (Guess::Yes(a), _) => yes(a, false),
        (_, Guess::Yes(b)) => yes(b, true),
        (Guess::No, Guess::No) => Probe::No,
        _ => Probe::More,
    }
}

/// Both sides speak alike: who is the client cannot be said.
pub(crate) fn either(head: &Head<'_>, judge: fn(&[u8]) -> Guess) -> Probe {
    spoken(head, judge, judge)
}

const fn yes(confidence: f32, reversed: bool) -> Probe {
    Probe::Yes { confidence: Unit::new(confidence), reversed }
}

fn together(a: Guess, b: Guess) -> Guess {
    match (a, b) {
        (Guess::No, _) | (_, Guess::No) => Guess::No,
        (Guess::Yes(a), Guess::Yes(b)) => Guess::Yes(1.0 - (1.0 - a) * (1.0 - b)),
        (Guess::Yes(a), Guess::Open) | (Guess::Open, Guess::Yes(a)) => Guess::Yes(a),
        (Guess::Open, Guess::Open) => Guess::Open,
    }
}

/// The server's bytes are not looked at.
pub(crate) fn anything(_: &[u8]) -> Guess {
    Guess::Open
}

/// Whether the bytes begin so: yes with this confidence; open while they are too short to tell.
pub(crate) fn begins(bytes: &[u8], magic: &[u8], confidence: f32) -> Guess {
    if bytes.starts_with(magic) {
        Guess::Yes(confidence)
    } else if bytes.len() < magic.len() && magic.starts_with(bytes) {
        Guess::Open
    } else {
        Guess::No
    }
}

/// The best of several beginnings.
pub(crate) fn begins_any(bytes: &[u8], magics: &[&[u8]], confidence: f32) -> Guess {
    let mut best = Guess::No;
    for magic in magics {
        match begins(bytes, magic, confidence) {
            Guess::Yes(c) => return Guess::Yes(c),
            Guess::Open => best = Guess::Open,
            Guess::No => {}
        }
    }
    best
}

/// A reading that may run out of bytes: then it is open.
pub(crate) fn read(judge: impl FnOnce() -> Result<Guess, picket_reader::Fault>) -> Guess {
    match judge() {
        Ok(guess) => guess,
        Err(picket_reader::Fault::Incomplete { .. }) => Guess::Open,
        Err(picket_reader::Fault::Malformed(_)) => Guess::No,
    }
}

/// A reading of a datagram: what is cut is not it.
fn whole(judge: impl FnOnce() -> Result<Guess, picket_reader::Fault>) -> Guess {
    judge().unwrap_or(Guess::No)
}

/// Yes with a confidence where all of this holds.
pub(crate) const fn when(holds: bool, confidence: f32) -> Guess {
    if holds { Guess::Yes(confidence) } else { Guess::No }
}
