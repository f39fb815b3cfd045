//! Views over frames: link types, headers, what could not be decoded and why.
//!
//! [`decode`] never fails as a whole: it gives every layer it reached, and where and why it stopped.
//!
//! ```
//! use picket_packet::{Frame, Stop, WireLen, decode};
//! let cut = Frame { time_ns: 0, link_type: 1, wire_len: WireLen(60), data: &[0xff; 9] };
//! assert_eq!(decode(&cut).stop, Some(Stop::EthernetTruncated));
//! ```
#![forbid(unsafe_code)]
#![deny(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod checksum;
mod cooked;
mod link;
mod mpls;
mod network;
mod plain;
mod serial;
mod stop;
mod transport;
mod tunnel;
mod vlan;
mod wireless;

#[cfg(test)]
mod link_tests;
#[cfg(test)]
mod tests;

pub use checksum::Checksums;
pub use link::{LINK_ETHERNET, MAX_VLAN_DEPTH};
pub use mpls::MAX_LABELS;
pub use network::{Divided, Fragment, MAX_EXTENSIONS, Network};
pub use plain::{Plain, plain};
pub use stop::Stop;
pub use transport::{TcpHeader, Upper};
pub use tunnel::{MAX_TUNNEL_DEPTH, Tunnel, TunnelKind};
pub use vlan::VlanIds;

/// A length on the wire, bytes. May exceed what was captured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct WireLen(pub u32);

/// A length as captured, bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct CapturedLen(pub u32);

/// A frame as captured.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Capture time, nanoseconds since 1970 (UTC).
    pub time_ns: i64,
    /// LINKTYPE_ number of the interface (1 is Ethernet).
    pub link_type: u16,
    /// Length on the wire; may exceed what was captured.
    pub wire_len: WireLen,
    /// The captured bytes.
    pub data: &'a [u8],
}

impl Frame<'_> {
    /// Bytes captured.
    #[must_use]
    pub fn captured_len(&self) -> CapturedLen {
        CapturedLen(u32::try_from(self.data.len()).unwrap_or(u32::MAX))
    }
}

/// The link layer's view.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// The sender's hardware address, where the link carries a 6-byte one.
    pub src: Option<[u8; 6]>,
    /// The receiver's, likewise.
    pub dest: Option<[u8; 6]>,
    /// EtherType of the payload. Below 0x0600: the destination service access point of an IEEE 802.2
    /// frame. `None` where the link has no such field.
    pub ether_type: Option<u16>,
    /// VLAN ids, outermost first.
    pub vlan: VlanIds,
}

/// Every layer that was reached, and where and why decoding stopped.
#[derive(Clone, Copy, Debug)]
pub struct Decoded<'a> {
    /// The link layer.
    pub link: Link,
    /// The network layer; `None` where the frame carries no IP.
    pub network: Option<Network>,
    /// Set where the packet is a fragment: `payload` is then the fragment's bytes and `upper` is `None`.
    pub fragment: Option<Fragment>,
    /// What is above IP.
    pub upper: Option<Upper>,
    /// What IP carries as captured, the transport's header and options first; empty below IP and for fragments.
    pub segment: &'a [u8],
    /// Bytes above the last header that was read, padding trimmed.
    pub payload: &'a [u8],
    /// The payload's length as the headers tell it.
    pub payload_wire: WireLen,
    /// Why decoding stopped before its end; `None` where everything was read.
    pub stop: Option<Stop>,
    /// The innermost tunnel that the packet came in. The other fields are those of the innermost packet; of the link the
    /// innermost Ethernet frame's.
    pub tunnel: Option<Tunnel>,
    /// The tunnel whose inside could not be read, so that its own conversation stands here.
    pub unread: Option<TunnelKind>,
}

impl<'a> Decoded<'a> {
    const fn begin(link: Link, payload: &'a [u8], payload_wire: WireLen) -> Self {
        Self {
            link,
            network: None,
            fragment: None,
            upper: None,
            segment: &[],
            payload,
            payload_wire,
            stop: None,
            tunnel: None,
            unread: None,
        }
    }

    const fn stopped(link: Link, payload: &'a [u8], stop: Stop) -> Self {
        Self { stop: Some(stop), ..Self::begin(link, payload, WireLen(0)) }
    }
}

/// The bytes one layer's lengths are relative to: the frame, or what a tunnel holds.
#[derive(Clone, Copy, Debug)]
struct Layer<'f, 'a> {
    frame: &'f Frame<'a>,
    /// Encapsulations around it.
    depth: u8,
    checksums: Checksums,
}

/// Reads a frame's headers. Never panics; cost is bounded by the depth limits, not by the frame's length (unless
/// checksums are checked: then it is linear in it).
#[must_use]
#[inline]
pub fn decode<'a>(frame: &Frame<'a>) -> Decoded<'a> {
    link::decode(&Layer { frame, depth: 0, checksums: Checksums::Ignore })
}

/// As [`decode`], and a packet with a wrong checksum is stopped at.
#[must_use]
pub fn decode_checked<'a>(frame: &Frame<'a>) -> Decoded<'a> {
    link::decode(&Layer { frame, depth: 0, checksums: Checksums::Check })
}

/// A datagram that was put together from fragments.
#[derive(Clone, Copy, Debug)]
pub struct Rejoined<'a> {
    /// Capture time of its last frame, nanoseconds since 1970.
    pub time_ns: i64,
    /// Its fragments' link layer.
    pub link: Link,
    /// Its fragments' network layer.
    pub network: Network,
    /// The tunnel they came in.
    pub tunnel: Option<Tunnel>,
    /// What they are parts of.
    pub of: Divided,
    /// What they carried together.
    pub payload: &'a [u8],
}

/// Goes on where a datagram, or a frame inside CAPWAP, is whole. It may be a tunnel's packet, and a fragment again.
#[must_use]
pub fn resume(whole: Rejoined<'_>, checksums: Checksums) -> Decoded<'_> {
    let Rejoined { time_ns, link, network, tunnel, of, payload: data } = whole;
    let wire_len = WireLen(u32::try_from(data.len()).unwrap_or(u32::MAX));
    let frame = Frame { time_ns, link_type: LINK_ETHERNET, wire_len, data };
    let layer = Layer { frame: &frame, depth: tunnel.map_or(0, |tunnel| tunnel.depth), checksums };
    let mut decoded = match of {
        Divided::Ip => network::resumed(&layer, link, network),
        Divided::CapwapEthernet => tunnel::resumed(&layer, link, network, tunnel::Content::Ethernet),
        Divided::CapwapWireless => tunnel::resumed(&layer, link, network, tunnel::Content::Wireless),
    };
    decoded.tunnel = match tunnel {
        Some(outer) => Some(outer.around(decoded.tunnel)),
        None => decoded.tunnel,
    };
    decoded
}

/// Bytes on the wire above a header that ended `left` bytes before the layer's captured end.
#[inline]
fn wire_above(layer: &Layer<'_, '_>, left: usize) -> WireLen {
    let frame = &layer.frame;
    let above = frame.data.len().saturating_sub(left);
    let wire = (frame.wire_len.0 as usize).max(frame.data.len());
    WireLen(u32::try_from(wire.saturating_sub(above)).unwrap_or(u32::MAX))
}
