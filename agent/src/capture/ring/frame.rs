//! The frames of one block, as the kernel lays them out (`linux/if_packet.h`, TPACKET_V3).

use picket_event::Timestamp;

/// Offsets in the block's descriptor.
const PACKETS_AT: usize = 12;
const FIRST_AT: usize = 16;
/// Offset of the link-layer address behind a frame's header: the header's 48 bytes are a multiple of 16 already.
const ADDRESS_AT: usize = 48;
/// `sll_pkttype` of what this host sends.
pub(super) const OUTGOING: u8 = 4;
/// Tag protocol of 802.1Q, meant where the kernel names none.
const TPID_8021Q: u16 = 0x8100;

/// A VLAN tag that the kernel or the card took off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag {
    /// Tag protocol: 0x8100, 0x88a8.
    pub(super) tpid: u16,
    /// Priority and VLAN id.
    pub(super) tci: u16,
}

/// What the kernel says of the sender's side, where frames carry no link header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) protocol: u16,
    pub(super) interface: i32,
    pub(super) hardware: u16,
    pub(super) kind: u8,
    pub(super) length: u8,
    pub(super) bytes: [u8; 8],
}

/// One frame of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Packet<'a> {
    pub(super) time: Timestamp,
    /// Bytes on the wire, without a tag that was taken off.
    pub(super) wire: u32,
    pub(super) bytes: &'a [u8],
    pub(super) tag: Option<Tag>,
    header: &'a [u8],
}

impl Packet<'_> {
    /// What is known of the link layer.
    pub(super) fn address(&self) -> Address {
        let at = |offset: usize| ADDRESS_AT + offset;
        let byte = |offset: usize| self.header.get(at(offset)).copied().unwrap_or(0);
        Address {
            protocol: u16::from_be(u16_at(self.header, at(2)).unwrap_or(0)),
            interface: u32_at(self.header, at(4)).unwrap_or(0) as i32,
            hardware: u16_at(self.header, at(8)).unwrap_or(0),
            kind: byte(10),
            length: byte(11),
            bytes: self.header.get(at(12)..at(20)).and_then(|b| b.try_into().ok()).unwrap_or_default(),
        }
    }
}

/// The frames of a block in their order. Ends early, and never panics, where the numbers make no sense.
#[derive(Clone, Debug)]
pub(super) struct Packets<'a> {
    block: &'a [u8],
    at: usize,
    left: u32,
}

impl<'a> Packets<'a> {
    /// Looks at a block, descriptor first.
    pub(super) fn of(block: &'a [u8]) -> Self {
        Self { block, at: u32_at(block, FIRST_AT).unwrap_or(0) as usize, left: u32_at(block, PACKETS_AT).unwrap_or(0) }
    }
}

impl<'a> Iterator for Packets<'a> {
    type Item = Packet<'a>;

    #[inline]
    fn next(&mut self) -> Option<Packet<'a>> {
        self.left = self.left.checked_sub(1)?;
        let header = self.block.get(self.at..)?;
        let fixed: &[u8; ADDRESS_AT] = header.first_chunk()?;
        let word = |at: usize| u32_at(fixed, at).unwrap_or(0);
        let start = usize::from(u16_at(fixed, 24)?);
        let bytes = header.get(start..start.checked_add(word(12) as usize)?)?;
        match word(0) as usize {
            0 => self.left = 0,
            next => self.at = self.at.saturating_add(next),
        }
        let status = word(20);
        let tag = (status & libc::TP_STATUS_VLAN_VALID != 0).then(|| Tag {
            tpid: if status & libc::TP_STATUS_VLAN_TPID_VALID != 0 {
                u16_at(fixed, 36).unwrap_or(TPID_8021Q)
            } else {
                TPID_8021Q
            },
            tci: word(32) as u16,
        });
        let time = Timestamp::from_parts(i64::from(word(4)), word(8));
        Some(Packet { time, wire: word(16), bytes, tag, header })
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at.checked_add(2)?)?.try_into().ok().map(u16::from_ne_bytes)
}

#[inline]
fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at.checked_add(4)?)?.try_into().ok().map(u32::from_ne_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A block with frames of these payloads, as the kernel would write it.
    fn block(frames: &[(&[u8], u32)]) -> Vec<u8> {
        let mut block = vec![0u8; 48];
        block[12..16].copy_from_slice(&(frames.len() as u32).to_ne_bytes());
        block[16..20].copy_from_slice(&48u32.to_ne_bytes());
        for (at, (payload, status)) in frames.iter().enumerate() {
            let length = (80 + payload.len()).next_multiple_of(16);
            let next = if at + 1 == frames.len() { 0 } else { length as u32 };
            let mut frame = vec![0u8; length];
            for (at, value) in [(0, next), (4, 100 + at as u32), (8, 7), (12, payload.len() as u32), (16, 1000)] {
                frame[at..at + 4].copy_from_slice(&value.to_ne_bytes());
            }
            frame[20..24].copy_from_slice(&status.to_ne_bytes());
            frame[24..26].copy_from_slice(&80u16.to_ne_bytes());
            frame[32..36].copy_from_slice(&5u32.to_ne_bytes());
            frame[36..38].copy_from_slice(&0x88a8u16.to_ne_bytes());
            frame[50..52].copy_from_slice(&0x0800u16.to_be_bytes());
            frame[58] = OUTGOING;
            frame[80..80 + payload.len()].copy_from_slice(payload);
            block.extend(frame);
        }
        block
    }

    #[test]
    fn frames_come_in_order_with_their_tags() {
        let bytes = block(&[(b"one", 0), (b"second", 0x10), (b"", 0x50)]);
        let found: Vec<Packet<'_>> = Packets::of(&bytes).collect();
        assert_eq!(found.iter().map(|p| p.bytes).collect::<Vec<_>>(), [&b"one"[..], b"second", b""]);
        assert_eq!(found[1].time, Timestamp::from_parts(101, 7));
        assert_eq!(
            found.iter().map(|p| p.tag).collect::<Vec<_>>(),
            [None, Some(Tag { tpid: 0x8100, tci: 5 }), Some(Tag { tpid: 0x88a8, tci: 5 })]
        );
        let address = found[0].address();
        assert_eq!((address.protocol, address.kind, found[0].wire), (0x0800, OUTGOING, 1000));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_or_run_on(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            prop_assert!(Packets::of(&bytes).take(100_000).count() < 100_000 || bytes.len() > 16);
        }

        #[test]
        fn damage_never_panics(at in 0usize..300, value: u8) {
            let mut bytes = block(&[(b"one", 0), (b"second", 0x10), (b"third", 0x50)]);
            if let Some(place) = bytes.get_mut(at) {
                *place = value;
            }
            prop_assert!(Packets::of(&bytes).map(|p| p.bytes.len() + usize::from(p.address().kind)).sum::<usize>() < 1 << 20);
        }
    }
}
