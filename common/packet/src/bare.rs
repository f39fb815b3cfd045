//! The frame that carries no IP, as most of these are, read in one go; see [`crate::plain()`].
//!
//! Plants speak below IP all the time (GOOSE, sampled values, PROFINET, POWERLINK), with one VLAN tag or none, or with a length
//! field and an IEEE 802.2 header.

use crate::link::{self, LEAST_ETHER_TYPE};
use crate::{Frame, LINK_ETHERNET, VlanIds, WireLen};

/// A frame over Ethernet without IP, MPLS or PPPoE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bare<'a> {
    /// The sender's address.
    pub src: [u8; 6],
    /// The receiver's.
    pub dest: [u8; 6],
    /// As in [`crate::Link`].
    pub ether_type: u16,
    /// Its one VLAN id, where it has one.
    pub vlan: VlanIds,
    /// What is behind the type, or the length.
    pub payload: &'a [u8],
    /// Its length as the headers tell it.
    pub payload_wire: WireLen,
}

/// Reads a frame that is bare; `None` for any other, for which there are [`crate::plain()`] and [`crate::decode`]. What it gives is
/// what `decode` gives.
#[must_use]
#[inline]
pub fn bare<'a>(frame: &Frame<'a>) -> Option<Bare<'a>> {
    if frame.link_type != LINK_ETHERNET {
        return None;
    }
    let (dest, rest) = frame.data.split_first_chunk::<6>()?;
    let (src, rest) = rest.split_first_chunk::<6>()?;
    let (kind, mut rest) = rest.split_first_chunk::<2>()?;
    let (mut kind, mut vlan) = (u16::from_be_bytes(*kind), VlanIds::NONE);
    if link::is_tag(kind) {
        let (&[tag_high, tag_low, kind_high, kind_low], behind) = rest.split_first_chunk::<4>()?;
        vlan = VlanIds::one(u16::from_be_bytes([tag_high, tag_low]));
        (kind, rest) = (u16::from_be_bytes([kind_high, kind_low]), behind);
    }
    if link::goes_on(kind) || link::is_tag(kind) {
        return None;
    }
    let (mut ether_type, mut payload) = (kind, rest);
    let mut payload_wire = link::wire_above(frame, rest.len());
    if kind < LEAST_ETHER_TYPE {
        payload = rest.get(..usize::from(kind))?;
        payload_wire = WireLen(kind.into());
        // Behind SNAP anything may follow, and a length of 0 says nothing.
        ether_type = payload.first().copied().filter(|access_point| *access_point != link::SNAP)?.into();
    }
    Some(Bare { src: *src, dest: *dest, ether_type, vlan, payload, payload_wire })
}
