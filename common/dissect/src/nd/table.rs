//! Messages and options (RFC 4861 section 4).

pub(super) const ROUTER_SOLICITATION: u8 = 133;
pub(super) const ROUTER_ADVERTISEMENT: u8 = 134;
pub(super) const NEIGHBOUR_SOLICITATION: u8 = 135;
pub(super) const NEIGHBOUR_ADVERTISEMENT: u8 = 136;

/// Options that carry a link-layer address: the sender's and the target's.
pub(super) const SOURCE: u8 = 1;
pub(super) const TARGET: u8 = 2;

/// Bytes between the checksum and the options.
pub(super) const fn fixed(kind: u8) -> usize {
    match kind {
        ROUTER_SOLICITATION => 4,
        ROUTER_ADVERTISEMENT => 12,
        _ => 20,
    }
}
