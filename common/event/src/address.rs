//! Addresses and ids.

use bincode::{Decode, Encode};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

/// A MAC address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct Mac(pub [u8; 6]);

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl std::str::FromStr for Mac {
    type Err = &'static str;

    /// Reads `00:11:22:aa:bb:cc` (or with `-`).
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "not a MAC address such as 00:11:22:aa:bb:cc";
        let mut bytes = [0u8; 6];
        let mut parts = text.split([':', '-']);
        for byte in &mut bytes {
            let part = parts.next().filter(|p| p.len() == 2).ok_or(WRONG)?;
            *byte = u8::from_str_radix(part, 16).map_err(|_| WRONG)?;
        }
        parts.next().is_none().then_some(Self(bytes)).ok_or(WRONG)
    }
}

/// The protocol above IP, by its IANA number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct Transport(pub u8);

impl Transport {
    /// ICMP.
    pub const ICMP: Self = Self(1);
    /// TCP.
    pub const TCP: Self = Self(6);
    /// UDP.
    pub const UDP: Self = Self(17);
    /// ICMP for IPv6.
    pub const ICMP6: Self = Self(58);
    /// SCTP.
    pub const SCTP: Self = Self(132);

    const NAMES: &'static [(u8, &'static str)] = &[
        (1, "ICMP"),
        (2, "IGMP"),
        (4, "IPIP"),
        (6, "TCP"),
        (17, "UDP"),
        (41, "IPv6"),
        (47, "GRE"),
        (50, "ESP"),
        (51, "AH"),
        (58, "IPv6-ICMP"),
        (89, "OSPF"),
        (103, "PIM"),
        (112, "VRRP"),
        (115, "L2TP"),
        (132, "SCTP"),
    ];

    /// Whether the two ends have ports.
    #[must_use]
    pub const fn has_ports(self) -> bool {
        matches!(self.0, 6 | 17 | 132)
    }

    /// From the name EVE uses, or a number as text.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let known = Self::NAMES.iter().find(|(_, n)| n.eq_ignore_ascii_case(name)).map(|(number, _)| Self(*number));
        known.or_else(|| name.parse().ok().map(Self))
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Self::NAMES.iter().find(|(number, _)| *number == self.0) {
            Some((_, name)) => f.write_str(name),
            None => write!(f, "{}", self.0),
        }
    }
}

/// A conversation's id: unique within a capture file, or within a run of the sensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct FlowId(pub u64);

/// The two ends of a conversation. `src` is the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Endpoints {
    /// Over IP. Ports are 0 where the transport has none; for ICMP they hold type and code.
    Ip {
        /// The client's address.
        src: IpAddr,
        /// The client's port.
        src_port: u16,
        /// The server's address.
        dest: IpAddr,
        /// The server's port.
        dest_port: u16,
        /// The transport.
        transport: Transport,
    },
    /// Below IP.
    Link {
        /// The sender's address, where the link has one.
        src: Option<Mac>,
        /// The receiver's address, where the link has one.
        dest: Option<Mac>,
        /// The EtherType, where the link has one.
        ether_type: Option<u16>,
        /// The capture's link type (LINKTYPE_ number).
        link_type: u16,
    },
}

impl Endpoints {
    /// The ends exchanged.
    #[must_use]
    pub const fn swapped(self) -> Self {
        match self {
            Self::Ip { src, src_port, dest, dest_port, transport } => {
                Self::Ip { src: dest, src_port: dest_port, dest: src, dest_port: src_port, transport }
            }
            Self::Link { src, dest, ether_type, link_type } => {
                Self::Link { src: dest, dest: src, ether_type, link_type }
            }
        }
    }
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps a name.
            #[must_use]
            pub fn new(name: &str) -> Self {
                Self(Arc::from(name))
            }

            /// The name.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

names! {
    /// The name of a sensor, unique in its collector. Cheap to clone.
    AgentId;
    /// The name of a site. Empty where none was given. Cheap to clone.
    Site;
}
