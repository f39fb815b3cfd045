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
        }
    }
}
