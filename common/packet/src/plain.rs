//! The frame that most frames are, read in one go.
//!
//! [`crate::decode`] writes down every layer it reached, which costs more than reading them where there are just the usual three:
//! Ethernet without tags, IPv4 without options or fragments, then TCP or a UDP datagram that is no tunnel's. Whoever needs
//! no more than that asks [`plain`] first.

use crate::network::ETHER_IPV4;
use crate::transport::{self, Upper};
use crate::{Frame, LINK_ETHERNET, WireLen, tunnel};

/// A whole TCP segment or UDP datagram over IPv4 in an untagged Ethernet frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plain<'a> {
    /// The sender's address, as a number.
    pub src: u32,
    /// The receiver's.
    pub dest: u32,
    /// TCP or UDP, by its IANA number.
    pub protocol: u8,
    /// Time to live.
    pub ttl: u8,
    /// The transport's header.
    pub upper: Upper,
    /// What it carries, all of it captured.
    pub payload: &'a [u8],
    /// Bytes of the frame behind the packet.
    pub behind: usize,
}

/// Reads a frame that is plain; `None` for any other, damaged ones among them, which [`crate::decode`] is for. What it
/// gives is what `decode` gives. Checksums are not looked at.
#[must_use]
// What it gives is long: returned, it would be written and read again for every packet.
#[inline(always)]
pub fn plain<'a>(frame: &Frame<'a>) -> Option<Plain<'a>> {
    const HEADS: usize = 14 + 20;
    let (head, rest) = frame.data.split_first_chunk::<HEADS>()?;
    // By reference: a copy of the header would be written in one piece and read in others at once, which stalls.
    let &[_, _, _, _, _, _, _, _, _, _, _, _, kind_high, kind_low, ref head @ ..] = head;
    let &[first, _, len_high, len_low, _, _, flags_high, flags_low, ttl, protocol, _, _, ref addresses @ ..] = head;
    let &[sa, sb, sc, sd, da, db, dc, dd] = addresses;
    let is_ipv4 = frame.link_type == LINK_ETHERNET && u16::from_be_bytes([kind_high, kind_low]) == ETHER_IPV4;
    let is_whole = u16::from_be_bytes([flags_high, flags_low]) & 0x3fff == 0;
    if !is_ipv4 || first != 0x45 || !is_whole {
        return None;
    }
    let length = usize::from(u16::from_be_bytes([len_high, len_low])).checked_sub(20)?;
    let (segment, behind) = rest.split_at_checked(length)?;
    let wire = WireLen(u32::try_from(length).ok()?);
    let (upper, payload, payload_wire, stop) = match protocol {
        transport::TCP => transport::tcp(segment, wire),
        transport::UDP => transport::udp(segment, wire),
        _ => return None,
    };
    let upper = upper?;
    // A datagram may be shorter than what IP carries.
    let is_other = match upper {
        Upper::Udp { src_port, dest_port } => length != payload.len() + 8 || tunnel::is_candidate(src_port, dest_port),
        _ => payload.len() != payload_wire.0 as usize,
    };
    if is_other || stop.is_some() {
        return None;
    }
    let (src, dest) = (u32::from_be_bytes([sa, sb, sc, sd]), u32::from_be_bytes([da, db, dc, dd]));
    Some(Plain { src, dest, protocol, ttl, upper, payload, behind: behind.len() })
}
