//! Why decoding stopped: one ledger row each.

/// Why a frame could not be decoded further. [`Stop::name`] is the row in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stop {
    /// No reader for this link type (LINKTYPE_ number).
    LinkType(u16),
    /// The Ethernet header is cut.
    EthernetTruncated,
    /// A VLAN tag is cut.
    VlanTruncated,
    /// More VLAN tags than [`crate::MAX_VLAN_DEPTH`].
    VlanDepth,
    /// The cooked header (LINKTYPE_LINUX_SLL or SLL2) is cut.
    CookedTruncated,
    /// The loopback header is cut.
    LoopbackTruncated,
    /// The loopback header names an address family that is not IP.
    LoopbackFamily,
    /// A PPP frame has no protocol field.
    PppTruncated,
    /// A PPPoE session header is cut.
    PppoeTruncated,
    /// A Cisco HDLC header is cut.
    HdlcTruncated,
    /// The header of a capturing radio (radiotap, PPI, Prism, AVS) is cut.
    RadioTruncated,
    /// An IEEE 802.11 header is cut.
    WirelessTruncated,
    /// An MPLS label stack is cut.
    MplsTruncated,
    /// More MPLS labels than [`crate::MAX_LABELS`].
    MplsDepth,
    /// More encapsulations than [`crate::MAX_TUNNEL_DEPTH`].
    TunnelDepth,
    /// The frame is empty.
    Empty,
    /// The version field is neither 4 nor 6, or does not fit the link's type.
    IpVersion,
    /// The IPv4 header is cut.
    Ipv4Truncated,
    /// The IPv4 header length is below 20.
    Ipv4HeaderLength,
    /// The IPv4 total length is below the header's.
    Ipv4TotalLength,
    /// The IPv6 header is cut.
    Ipv6Truncated,
    /// An IPv6 extension header is cut.
    Ipv6ExtensionTruncated,
    /// More IPv6 extension headers than [`crate::MAX_EXTENSIONS`].
    Ipv6ExtensionDepth,
    /// The TCP header is cut.
    TcpTruncated,
    /// The TCP data offset is below 5 or beyond the packet.
    TcpHeaderLength,
    /// The UDP header is cut.
    UdpTruncated,
    /// The UDP length is below 8.
    UdpLength,
    /// The ICMP header is cut.
    IcmpTruncated,
    /// The SCTP header is cut.
    SctpTruncated,
    /// The IPv4 header's checksum is wrong, and checksums are checked.
    ChecksumIpv4,
    /// TCP's checksum is wrong, likewise.
    ChecksumTcp,
    /// UDP's checksum is wrong, likewise.
    ChecksumUdp,
    /// The checksum of ICMP or ICMPv6 is wrong, likewise.
    ChecksumIcmp,
}

impl Stop {
    /// The ledger row. [`Stop::LinkType`] is written with its number behind it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LinkType(_) => "link_type",
            Self::EthernetTruncated => "ethernet_truncated",
            Self::VlanTruncated => "vlan_truncated",
            Self::VlanDepth => "vlan_depth",
            Self::CookedTruncated => "cooked_truncated",
            Self::LoopbackTruncated => "loopback_truncated",
            Self::LoopbackFamily => "loopback_family",
            Self::PppTruncated => "ppp_truncated",
            Self::PppoeTruncated => "pppoe_truncated",
            Self::HdlcTruncated => "hdlc_truncated",
            Self::RadioTruncated => "radio_truncated",
            Self::WirelessTruncated => "ieee_802_11_truncated",
            Self::MplsTruncated => "mpls_truncated",
            Self::MplsDepth => "mpls_depth",
            Self::TunnelDepth => "tunnel_depth",
            Self::Empty => "empty",
            Self::IpVersion => "ip_version",
            Self::Ipv4Truncated => "ipv4_truncated",
            Self::Ipv4HeaderLength => "ipv4_header_length",
            Self::Ipv4TotalLength => "ipv4_total_length",
            Self::Ipv6Truncated => "ipv6_truncated",
            Self::Ipv6ExtensionTruncated => "ipv6_extension_truncated",
            Self::Ipv6ExtensionDepth => "ipv6_extension_depth",
            Self::TcpTruncated => "tcp_truncated",
            Self::TcpHeaderLength => "tcp_header_length",
            Self::UdpTruncated => "udp_truncated",
            Self::UdpLength => "udp_length",
            Self::IcmpTruncated => "icmp_truncated",
            Self::SctpTruncated => "sctp_truncated",
            Self::ChecksumIpv4 => "checksum_ipv4",
            Self::ChecksumTcp => "checksum_tcp",
            Self::ChecksumUdp => "checksum_udp",
            Self::ChecksumIcmp => "checksum_icmp",
        }
    }

    /// Whether it is a wrong checksum.
    #[must_use]
    pub const fn is_checksum(self) -> bool {
        matches!(self, Self::ChecksumIpv4 | Self::ChecksumTcp | Self::ChecksumUdp | Self::ChecksumIcmp)
    }

    /// Whether it says of the whole frame what it is, and not only that the inside of a tunnel cannot be read.
    pub(crate) const fn is_final(self) -> bool {
        matches!(self, Self::TunnelDepth) || self.is_checksum()
    }
}
