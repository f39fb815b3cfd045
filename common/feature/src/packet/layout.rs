//! The published layout: which field stands where, and which fields identify instead of describe.

/// One field: its published name, its bits, and whether it identifies a host, a connection or a laboratory.
type Field = (&'static str, u16, bool);

/// One header with a fixed place in the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Header {
    /// Ethernet; the type is the one behind VLAN tags.
    Ethernet,
    /// IPv4 with its options.
    Ipv4,
    /// IPv6 without extension headers.
    Ipv6,
    /// TCP with its options.
    Tcp,
    /// UDP.
    Udp,
    /// ICMP, and ICMPv6, whose first eight bytes have the same shape.
    Icmp,
}

const ETHERNET: &[Field] = &[("eth_dhost", 48, true), ("eth_shost", 48, true), ("eth_ethertype", 16, false)];
const IPV4: &[Field] = &[
    ("ipv4_ver", 4, false),
    ("ipv4_hl", 4, false),
    ("ipv4_tos", 8, false),
    ("ipv4_tl", 16, false),
    ("ipv4_id", 16, true),
    ("ipv4_rbit", 1, false),
    ("ipv4_dfbit", 1, false),
    ("ipv4_mfbit", 1, false),
    ("ipv4_foff", 13, false),
    ("ipv4_ttl", 8, true),
    ("ipv4_proto", 8, false),
    ("ipv4_cksum", 16, true),
    ("ipv4_src", 32, true),
    ("ipv4_dst", 32, true),
    ("ipv4_opt", 320, false),
];
const IPV6: &[Field] = &[
    ("ipv6_ver", 4, false),
    ("ipv6_tc", 8, false),
    ("ipv6_fl", 20, true),
    ("ipv6_len", 16, false),
    ("ipv6_nh", 8, false),
    ("ipv6_hl", 8, true),
    ("ipv6_src", 128, true),
    ("ipv6_dst", 128, true),
];
const TCP: &[Field] = &[
    ("tcp_sprt", 16, true),
    ("tcp_dprt", 16, true),
    ("tcp_seq", 32, true),
    ("tcp_ackn", 32, true),
    ("tcp_doff", 4, false),
    ("tcp_res", 3, false),
    ("tcp_ns", 1, false),
    ("tcp_cwr", 1, false),
    ("tcp_ece", 1, false),
    ("tcp_urg", 1, false),
    ("tcp_ackf", 1, false),
    ("tcp_psh", 1, false),
    ("tcp_rst", 1, false),
    ("tcp_syn", 1, false),
    ("tcp_fin", 1, false),
    ("tcp_wsize", 16, false),
    ("tcp_cksum", 16, true),
    ("tcp_urp", 16, false),
    // The timestamp option stands here: uptimes of hosts. Models that fear it leave the options out.
    ("tcp_opt", 320, false),
];
const UDP: &[Field] =
    &[("udp_sport", 16, true), ("udp_dport", 16, true), ("udp_len", 16, false), ("udp_cksum", 16, true)];
const ICMP: &[Field] =
    &[("icmp_type", 8, false), ("icmp_code", 8, false), ("icmp_cksum", 16, true), ("icmp_roh", 32, true)];

impl Header {
    /// Every header, in the order of a row.
    pub const ALL: [Self; 6] = [Self::Ethernet, Self::Ipv4, Self::Ipv6, Self::Tcp, Self::Udp, Self::Icmp];

    /// Its name in options: the prefix of its fields.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ethernet => "eth",
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Icmp => "icmp",
        }
    }

    /// The header of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|header| header.name() == name)
    }

    const fn fields(self) -> &'static [Field] {
        match self {
            Self::Ethernet => ETHERNET,
            Self::Ipv4 => IPV4,
            Self::Ipv6 => IPV6,
            Self::Tcp => TCP,
            Self::Udp => UDP,
            Self::Icmp => ICMP,
        }
    }

    /// Bytes of its place, options included. Every header is a whole number of bytes.
    #[must_use]
    pub fn bytes(self) -> usize {
        self.fields().iter().map(|(_, bits, _)| usize::from(*bits)).sum::<usize>() / 8
    }
}

/// Which headers a row holds, and how much payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    headers: Vec<Header>,
    payload: u16,
}

impl Layout {
    /// With these headers (in the published order, whatever the order here) and so many bytes of payload.
    #[must_use]
    pub fn new(headers: &[Header], payload: u16) -> Self {
        Self { headers: Header::ALL.into_iter().filter(|header| headers.contains(header)).collect(), payload }
    }

    /// Bytes of each bit plane.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.headers.iter().map(|header| header.bytes()).sum::<usize>() + usize::from(self.payload)
    }

    /// Columns: bits of a row.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.bytes() * 8
    }

    /// Bytes of payload.
    #[must_use]
    pub const fn payload(&self) -> u16 {
        self.payload
    }

    /// The published column names, `<field>_<bit>`.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let fields = self.headers.iter().flat_map(|header| header.fields());
        let bits = fields.flat_map(|(name, bits, _)| (0..*bits).map(move |bit| format!("{name}_{bit}")));
        bits.chain((0..u32::from(self.payload) * 8).map(|bit| format!("payload_bit_{bit}"))).collect()
    }

    /// The mask of what a classifier must not see, in the planes' form: 1 for addresses, ports, ids, flow labels, time to
    /// live, sequence numbers and checksums.
    #[must_use]
    pub fn identifying(&self) -> Vec<u8> {
        let mut mask = vec![0u8; self.bytes()];
        let mut at = 0usize;
        for (_, bits, identifies) in self.headers.iter().flat_map(|header| header.fields()) {
            for bit in (at..at + usize::from(*bits)).filter(|_| *identifies) {
                if let Some(byte) = mask.get_mut(bit / 8) {
                    *byte |= 0x80 >> (bit % 8);
                }
            }
            at += usize::from(*bits);
        }
        mask
    }

    /// Where a header's place begins, in bytes; `None` where the row does not hold it.
    pub(crate) fn place(&self, header: Header) -> Option<usize> {
        self.headers
            .contains(&header)
            .then(|| self.headers.iter().take_while(|before| **before != header).map(|before| before.bytes()).sum())
    }
}

impl Default for Layout {
    /// IPv4, TCP, UDP and ICMP without payload: the usual row of 1,088 columns.
    fn default() -> Self {
        Self::new(&[Header::Ipv4, Header::Tcp, Header::Udp, Header::Icmp], 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Widths as nPrint 1.2.1 has them (`include/packet/*.hpp`).
    #[test]
    fn widths_are_the_published_ones() {
        let bits = Header::ALL.map(|header| header.bytes() * 8);
        assert_eq!(bits, [112, 480, 320, 480, 64, 64]);
        assert_eq!(Layout::default().columns(), 1_088);
        let all = Layout::new(&Header::ALL, 12);
        assert_eq!((all.columns(), all.names().len()), (1_616, 1_616));
        assert_eq!((all.names()[0].as_str(), all.names()[1_615].as_str()), ("eth_dhost_0", "payload_bit_95"));
    }

    #[test]
    fn the_mask_covers_what_identifies() {
        let layout = Layout::new(&Header::ALL, 4);
        let mask = layout.identifying();
        for (at, name) in layout.names().iter().enumerate() {
            let masked = mask[at / 8] & 0x80 >> (at % 8) != 0;
            let field = name.rsplit_once('_').unwrap().0;
            let identifies =
                ["src", "dst", "id", "ttl", "cksum", "seq", "ackn", "sprt", "dprt", "sport", "dport", "dhost"]
                    .iter()
                    .any(|part| field.ends_with(&format!("_{part}")))
                    || ["eth_shost", "ipv6_fl", "ipv6_hl", "icmp_roh"].contains(&field);
            assert_eq!(masked, identifies, "{name}");
        }
    }
}
