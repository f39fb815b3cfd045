//! Protocols below IP that are named by their type and structure and not read.
//!
//! A type alone proves little: numbers are reused, and a false industrial name is worse than none. So each
//! signature also looks at the first bytes. A dissector that names ether types ([`crate::Home::ether_types`])
//! is asked before these.

mod industrial;
pub(crate) mod network;
mod radio;
#[cfg(test)]
mod tests;

use crate::{Head, Probe};
use picket_event::{Protocol, Unit};
use picket_reader::Fault;

/// How one protocol below IP is told from others.
#[derive(Clone, Debug)]
pub struct Signature {
    /// Its name.
    pub protocol: Protocol,
    /// Its EtherTypes; below 0x0600 service access points or, in SNAP frames, the protocol's number there.
    pub ether_types: &'static [u16],
    /// Judges a frame from behind its type: how sure, or none.
    judge: fn(&[u8]) -> Verdict,
}

/// How sure a signature is of a frame; `None` where it is something else, an error where the frame is cut.
pub(crate) type Verdict = Result<Option<f32>, Fault>;

impl Signature {
    /// Judges the first frames of a conversation: every side that was heard has to look right.
    #[must_use]
    pub fn ask(&self, head: &Head<'_>) -> Probe {
        ask(self.judge, head)
    }
}

/// Judges by one frame of each side that was heard; the less sure one counts.
pub(crate) fn ask(judge: fn(&[u8]) -> Verdict, head: &Head<'_>) -> Probe {
    let mut least: Option<f32> = None;
    for bytes in [head.to_server, head.to_client].into_iter().filter(|bytes| !bytes.is_empty()) {
        let Ok(Some(confidence)) = judge(bytes) else { return Probe::No };
        least = Some(least.map_or(confidence, |before| before.min(confidence)));
    }
    least.map_or(Probe::More, |sure| Probe::Yes { confidence: Unit::new(sure), reversed: false })
}

const fn s(protocol: Protocol, ether_types: &'static [u16], judge: fn(&[u8]) -> Verdict) -> Signature {
    Signature { protocol, ether_types, judge }
}

/// Every signature, in the order they are asked.
pub static ALL: &[Signature] = &[
    s(Protocol::STP, &[0x42, 0x010b], network::stp),
    s(Protocol::LACP, &[0x8809], network::lacp),
    s(Protocol::ETHERNET_OAM, &[0x8809], network::ethernet_oam),
    s(Protocol::EAPOL, &[0x888e, 0x88c7], network::eapol),
    s(Protocol::PTP, &[0x88f7], network::ptp),
    s(Protocol::MACSEC, &[0x88e5], network::macsec),
    s(Protocol::HOMEPLUG, &[0x88e1, 0x8912], network::homeplug),
    s(Protocol::LLTD, &[0x88d9], network::lltd),
    s(Protocol::PPPOE, &[0x8863, 0x8864], network::pppoe),
    s(Protocol::VTP, &[0x2003], network::vtp),
    s(Protocol::DTP, &[0x2004], network::dtp),
    s(Protocol::UDLD, &[0x0111], network::udld),
    s(Protocol::PAGP, &[0x0104], network::pagp),
    s(Protocol::ISIS, &[0xfe], network::isis),
    s(Protocol::MVRP, &[0x88f5, 0x88f6], network::mvrp),
    s(Protocol::WAKE_ON_LAN, &[0x0842], network::wake_on_lan),
    s(Protocol::LOOPBACK, &[0x9000], network::loopback),
    s(Protocol::PRP, &[0x88fb], network::prp),
    s(Protocol::AVTP, &[0x22f0], network::avtp),
    s(Protocol::REALTEK, &[0x8899], network::realtek),
    s(Protocol::NETBIOS, &[0xf0], network::netbios),
    s(Protocol::XID, &[0x00], network::xid),
    s(Protocol::SV, &[0x88ba], industrial::sv),
    s(Protocol::PROFINET_PTCP, &[0x8892], industrial::profinet_ptcp),
    s(Protocol::PROFINET_MRP, &[0x88e3], industrial::profinet_mrp),
    s(Protocol::SERCOS, &[0x88cd], industrial::sercos),
    s(Protocol::ZIGBEE, &[0x809a], radio::zigbee),
];

/// So sure where all of this holds.
const fn when(holds: bool, confidence: f32) -> Verdict {
    Ok(if holds { Some(confidence) } else { None })
}
