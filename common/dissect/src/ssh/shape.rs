//! How long a message is on the wire, once it is encrypted: what cipher and MAC make of a payload's length.

use super::table::Cipher;

/// The framing of one direction (RFC 4253 section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Padding fills up to a multiple of this, bytes.
    block: usize,
    /// Code of integrity behind the packet, bytes.
    mac: usize,
    /// The length field is not part of what is padded (encrypt-then-MAC, and ciphers with a tag of their own).
    outside: bool,
    /// The length field goes in clear, so that packets can be told apart.
    pub(crate) clear_length: bool,
}

/// Length of the length field, bytes.
pub(crate) const LENGTH: usize = 4;
/// Length of the padding's length, bytes, and the least padding.
const PADDING: usize = 1 + 4;

impl Shape {
    /// The framing of a cipher and, where it needs one, a MAC (its length, and whether it covers the encrypted bytes).
    pub(crate) fn of(cipher: Cipher, mac: Option<(u8, bool)>) -> Option<Self> {
        let block = usize::from(cipher.block.max(8));
        match (cipher.tag, mac) {
            (Some(tag), _) => {
                Some(Self { block, mac: usize::from(tag), outside: true, clear_length: cipher.clear_length })
            }
            (None, Some((mac, etm))) => Some(Self { block, mac: usize::from(mac), outside: etm, clear_length: etm }),
            (None, None) => None,
        }
    }

    /// Bytes on the wire of a message whose payload has this length, with the least padding, as every
    /// program in use pads.
    pub(crate) const fn size(self, payload: usize) -> usize {
        let inside = if self.outside { 0 } else { LENGTH };
        let filled = (inside + PADDING).saturating_add(payload).next_multiple_of(self.block);
        filled + (LENGTH - inside) + self.mac
    }

    /// Whether a clear length field can say this.
    pub(crate) const fn aligned(self, length: usize) -> bool {
        length.is_multiple_of(self.block)
    }

    /// The longest payload that a packet of this size can carry.
    pub(crate) const fn most(self, size: usize) -> usize {
        size.saturating_sub(self.mac + LENGTH + PADDING)
    }

    /// Whether a message of one length is told from another's.
    pub(crate) const fn tells(self, one: usize, other: usize) -> bool {
        self.size(one) != self.size(other)
    }

    /// Bytes on the wire of a packet whose clear length field says this.
    pub(crate) const fn framed(self, length: usize) -> usize {
        length.saturating_add(LENGTH).saturating_add(self.mac)
    }
}
