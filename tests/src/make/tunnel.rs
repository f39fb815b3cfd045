//! Tunnels around the frames of a capture, and fragments of them.

use super::frame::over_ip;
use super::{Capture, Host, layer2};

/// How frames are wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrap {
    /// Two VLAN tags.
    QinQ,
    /// Two MPLS labels around the IP packet.
    Mpls,
    /// An Ethernet pseudo-wire with a control word over MPLS.
    PseudoWire,
    /// PPP over Ethernet.
    Pppoe,
    /// IP in IP: protocol 4 or 41, as the packet inside is.
    IpInIp,
    /// GRE with checksum, key and sequence number.
    Gre,
    /// PPTP's GRE with PPP.
    Pptp,
    /// ERSPAN of this type, 1 to 3.
    Erspan(u8),
    /// VXLAN.
    Vxlan,
    /// Geneve with an option.
    Geneve,
    /// GTP-U with an extension header.
    Gtp,
    /// Teredo with an origin indication; IPv6 alone.
    Teredo,
    /// L2TP with PPP.
    L2tp,
    /// CAPWAP with frames of IEEE 802.3.
    Capwap,
    /// CAPWAP with frames of IEEE 802.11, a station's.
    CapwapWireless,
}

impl Wrap {
    /// Every way.
    pub const ALL: [Self; 17] = [
        Self::QinQ,
        Self::Mpls,
        Self::PseudoWire,
        Self::Pppoe,
        Self::IpInIp,
        Self::Gre,
        Self::Pptp,
        Self::Erspan(1),
        Self::Erspan(2),
        Self::Erspan(3),
        Self::Vxlan,
        Self::Geneve,
        Self::Gtp,
        Self::Teredo,
        Self::L2tp,
        Self::Capwap,
        Self::CapwapWireless,
    ];

    /// The kind that `flow.tunnel` names; none where the wrapping has no addresses of its own.
    #[must_use]
    pub const fn kind(self, inside_v6: bool) -> Option<&'static str> {
        match self {
            Self::QinQ | Self::Mpls | Self::PseudoWire | Self::Pppoe => None,
            Self::IpInIp if inside_v6 => Some("ipv6_in_ip"),
            Self::IpInIp => Some("ip_in_ip"),
            Self::Gre | Self::Pptp => Some("gre"),
            Self::Erspan(_) => Some("erspan"),
            Self::Vxlan => Some("vxlan"),
            Self::Geneve => Some("geneve"),
            Self::Gtp => Some("gtp"),
            Self::Teredo => Some("teredo"),
            Self::L2tp => Some("l2tp"),
            Self::Capwap | Self::CapwapWireless => Some("capwap"),
        }
    }

    /// Whether an Ethernet frame of this type can travel this way.
    #[must_use]
    pub const fn takes(self, ether_type: u16) -> bool {
        match self {
            Self::Teredo => ether_type == 0x86dd,
            Self::QinQ | Self::PseudoWire | Self::Erspan(_) | Self::Vxlan | Self::Geneve | Self::Capwap => true,
            _ => matches!(ether_type, 0x0800 | 0x86dd),
        }
    }

    /// An Ethernet frame wrapped, on its way from one end of the tunnel to the other.
    #[must_use]
    pub fn around(self, frame: &[u8], from: &Host, to: &Host) -> Vec<u8> {
        let (head, packet) = frame.split_at(frame.len().min(14));
        let ether_type = u16::from_be_bytes([head[12], head[13]]);
        let is_v6 = ether_type == 0x86dd;
        let ppp = [if is_v6 { [0, 0x57] } else { [0, 0x21] }.as_slice(), packet].concat();
        let gre = |flags: u16, protocol: u16, fields: &[u8], inner: &[u8]| {
            let head = [flags.to_be_bytes(), protocol.to_be_bytes()].concat();
            over_ip(from, to, 47, [head.as_slice(), fields, inner].concat(), None)
        };
        let udp = |src: u16, dest: u16, head: &[u8], inner: &[u8]| {
            let length = size16(8 + head.len() + inner.len());
            let ports: Vec<u8> = [src, dest, length, 0].iter().flat_map(|word| word.to_be_bytes()).collect();
            over_ip(from, to, 17, [ports.as_slice(), head, inner].concat(), Some(6))
        };
        let link = |kind: u16, payload: &[u8]| layer2(from.mac, to.mac, kind, payload);
        match self {
            Self::QinQ => {
                let tags = [0, 100, 0x81, 0, 0, 7, head[12], head[13]];
                layer2(mac(&head[6..12]), mac(&head[..6]), 0x88a8, &[&tags, packet].concat())
            }
            Self::Mpls => link(0x8847, &[&[0, 0x10, 0, 64, 0, 0x20, 1, 64], packet].concat()),
            Self::PseudoWire => link(0x8847, &[&[0, 0x10, 0, 64, 0, 0x20, 1, 64, 0, 0, 0, 0], frame].concat()),
            Self::Pppoe => {
                let length = size16(ppp.len()).to_be_bytes();
                link(0x8864, &[&[0x11, 0, 0, 9], length.as_slice(), ppp.as_slice()].concat())
            }
            Self::IpInIp => over_ip(from, to, if is_v6 { 41 } else { 4 }, packet.to_vec(), None),
            Self::Gre => gre(0xb000, ether_type, &[0, 0, 0, 0, 0, 0, 0, 77, 0, 0, 0, 1], packet),
            Self::Pptp => {
                let length = size16(ppp.len()).to_be_bytes();
                gre(0x3081, 0x880b, &[&length, [0, 77, 0, 0, 0, 1, 0, 0, 0, 0].as_slice()].concat(), &ppp)
            }
            Self::Erspan(1) => gre(0, 0x88be, &[], frame),
            Self::Erspan(2) => gre(0x1000, 0x88be, &[0, 0, 0, 1, 0x10, 0, 0, 77, 0, 0, 0, 0], frame),
            Self::Erspan(_) => gre(0x1000, 0x22eb, &[0, 0, 0, 1, 0x20, 0, 0, 77, 0, 0, 0, 0, 0, 0, 0, 0], frame),
            Self::Vxlan => udp(50_000, 4789, &[8, 0, 0, 0, 0, 0, 77, 0], frame),
            Self::Geneve => udp(50_000, 6081, &[1, 0, 0x65, 0x58, 0, 0, 77, 0, 1, 2, 0, 0], frame),
            Self::Gtp => {
                let length = size16(packet.len() + 8).to_be_bytes();
                let head = [&[0x34, 0xff], length.as_slice(), &[0, 0, 0, 77, 0, 0, 0, 0x85, 1, 0, 9, 0]].concat();
                udp(2152, 2152, &head, packet)
            }
            Self::Teredo => udp(50_000, 3544, &[0, 0, 1, 2, 3, 4, 5, 6], packet),
            Self::L2tp => udp(1701, 1701, &[0, 2, 0, 0, 0, 77], &ppp),
            Self::Capwap => udp(50_000, 5247, &[0, 0x10, 2, 0, 0, 0, 0, 0], frame),
            Self::CapwapWireless => {
                // To the distribution system: access point, sender, receiver; then SNAP with the type.
                let (receiver, sender) = (&head[..6], &head[6..12]);
                let station = [&[0x08, 0x01, 0, 0, 2, 0, 0, 0, 0, 9], sender, receiver, &[0, 0]].concat();
                let snap = [0xaa, 0xaa, 3, 0, 0, 0, head[12], head[13]];
                udp(50_000, 5247, &[0, 0x10, 3, 0, 0, 0, 0, 0], &[&station[..], &snap, packet].concat())
            }
        }
    }
}

impl Capture {
    /// These frames through a tunnel. Those of the first frame's sender go from `near` to `far`, the others back.
    #[must_use]
    pub fn through(&self, wrap: Wrap, near: &Host, far: &Host) -> Self {
        let mut through = Self::default();
        let first = self.sorted().first().map(|(_, frame)| frame[6..12].to_vec());
        for (time, frame) in self.sorted() {
            let forth = first.as_deref() == frame.get(6..12);
            let (from, to) = if forth { (near, far) } else { (far, near) };
            through.push(*time, wrap.around(frame, from, to));
        }
        through
    }

    /// These frames with every IPv4 packet of more than so many payload bytes (a multiple of 8) in fragments.
    #[must_use]
    pub fn fragmented(&self, size: usize) -> Self {
        let mut fragments = Self::default();
        for (id, (time, frame)) in self.sorted().into_iter().enumerate() {
            let payload = frame.get(34..).unwrap_or_default();
            if frame.get(12..15).is_none_or(|head| head != [8, 0, 0x45]) || payload.len() <= size {
                fragments.push(*time, frame.clone());
                continue;
            }
            for (number, part) in payload.chunks(size).enumerate() {
                let more = (number + 1) * size < payload.len();
                let place = (number * size / 8) as u16 | if more { 0x2000 } else { 0 };
                let mut piece = [&frame[..34], part].concat();
                piece[16..18].copy_from_slice(&size16(20 + part.len()).to_be_bytes());
                piece[18..20].copy_from_slice(&(id as u16).to_be_bytes());
                piece[20..22].copy_from_slice(&place.to_be_bytes());
                piece[24..26].fill(0);
                let sum = super::frame::checksum(&piece[14..34]);
                piece[24..26].copy_from_slice(&sum.to_be_bytes());
                fragments.push(*time, piece);
            }
        }
        fragments
    }
}

fn size16(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}

fn mac(bytes: &[u8]) -> [u8; 6] {
    bytes.try_into().unwrap_or_default()
}
