//! One direction of a TCP connection: segments in, bytes in order out.
//!
//! Segments in order pass through borrowed. Those ahead wait until the hole is filled, until the other
//! side acknowledges the hole (it was received, only not captured), or until a cap is reached; then the
//! hole is given as a gap.

use crate::pending::{Pending, Pool, distance};

/// What a stream gives, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamItem<'a> {
    /// The next bytes.
    Data(&'a [u8]),
    /// So many bytes are missing here.
    Gap(u64),
    /// The direction ended.
    End,
}

/// A segment this far ahead or behind is not of this window: RFC 7323 windows end at 1 GiB, but no buffer
/// here bridges more than this, bytes.
const WINDOW: i32 = 1 << 26;
/// A reset this far from the expected number is believed, bytes (a capture may have missed segments).
const RESET_WINDOW: u32 = 1 << 20;
/// Delivered segments whose bytes are remembered as a hash, to tell a retransmission from other bytes.
const RECENT: usize = 4;

/// Caps of a direction and its table, and the key of the hashes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caps {
    pub(crate) flow_bytes: usize,
    pub(crate) table_bytes: usize,
    pub(crate) key: u64,
}

/// One direction.
#[derive(Debug, Default)]
pub(crate) struct Half {
    /// The next sequence number to deliver, once one is known.
    pub(crate) next: u32,
    /// What the other side acknowledged, where it did.
    acked: Option<u32>,
    /// Sequence number behind FIN.
    fin: Option<u32>,
    pub(crate) isn: Option<u32>,
    pub(crate) started: bool,
    pub(crate) ended: bool,
    /// End of the last segment out of the window.
    stray: Option<u32>,
    recent: [Recent; RECENT],
    turn: u8,
    pub(crate) pending: Option<Box<Pending>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Recent {
    seq: u32,
    len: u32,
    hash: u32,
}

/// What a segment showed beside its bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) conflict: bool,
    pub(crate) resynchronised: bool,
    pub(crate) capped: bool,
}

impl Half {
    /// A SYN with this number was sent.
    pub(crate) const fn syn(&mut self, seq: u32) {
        self.isn = Some(seq);
        if !self.started {
            self.started = true;
            self.next = seq.wrapping_add(1);
        }
    }

    /// The other side acknowledged everything before `ack`.
    #[inline]
    pub(crate) const fn acknowledge(&mut self, ack: u32) {
        match self.acked {
            Some(before) if distance(before, ack) <= 0 => {}
            _ => self.acked = Some(ack),
        }
    }

    /// Whether a FIN was sent and acknowledged.
    pub(crate) const fn is_finished(&self) -> bool {
        match (self.fin, self.acked) {
            (Some(fin), Some(acked)) => distance(fin, acked) >= 0,
            _ => false,
        }
    }

    /// Whether a FIN was sent whose end was not given yet.
    #[inline]
    pub(crate) const fn is_ending(&self) -> bool {
        self.fin.is_some() && !self.ended
    }

    /// Notes a FIN behind so many bytes.
    pub(crate) const fn fin(&mut self, seq: u32, length: u32) {
        if self.fin.is_none() {
            self.fin = Some(seq.wrapping_add(length).wrapping_add(1));
        }
    }

    /// Whether a reset with this number can be the sender's.
    pub(crate) const fn believes_reset(&self, seq: u32) -> bool {
        !self.started || distance(self.next, seq).unsigned_abs() <= RESET_WINDOW
    }

    /// A segment nobody wants: only the position moves on.
    #[inline]
    pub(crate) fn skip(&mut self, seq: u32, length: u32, pool: &mut Pool) {
        let end = seq.wrapping_add(length);
        if !self.started || distance(self.next, end) > 0 {
            self.started = true;
            self.next = end;
        }
        if let Some(mut pending) = self.pending.take() {
            pending.clear(pool);
        }
    }

    /// A segment with `length` bytes on the wire, of which `data` was captured.
    #[inline]
    pub(crate) fn segment(
        &mut self,
        seq: u32,
        data: &[u8],
        length: u32,
        caps: &Caps,
        pool: &mut Pool,
        give: &mut impl FnMut(StreamItem<'_>),
    ) -> Seen {
        if !self.started {
            self.started = true;
            self.next = seq;
        }
        if seq == self.next && self.pending.is_none() {
            self.remember(seq, data, caps.key);
            self.deliver(data, length, give);
            return Seen::default();
        }
        self.out_of_order(seq, data, length, caps, pool, give)
    }

    /// Gives bytes that are due, and a gap for those on the wire that were not captured.
    #[inline]
    fn deliver(&mut self, data: &[u8], length: u32, give: &mut impl FnMut(StreamItem<'_>)) {
        self.next = self.next.wrapping_add(length);
        self.stray = None;
        if !data.is_empty() {
            give(StreamItem::Data(data));
        }
        let missing = u64::from(length).saturating_sub(data.len() as u64);
        if missing > 0 {
            give(StreamItem::Gap(missing));
        }
    }

    fn out_of_order(
        &mut self,
        seq: u32,
        data: &[u8],
        length: u32,
        caps: &Caps,
        pool: &mut Pool,
        give: &mut impl FnMut(StreamItem<'_>),
    ) -> Seen {
        let mut seen = Seen::default();
        let ahead = distance(self.next, seq);
        if !(-WINDOW..WINDOW).contains(&ahead) {
            // One stray segment is ignored; a second that goes on from it is where the stream is now.
            if self.stray != Some(seq) {
                self.stray = Some(seq.wrapping_add(length));
                return seen;
            }
            seen.resynchronised = true;
            self.flush(pool, give);
            give(StreamItem::Gap(u64::from(seq.wrapping_sub(self.next))));
            self.next = seq;
            self.deliver(data, length, give);
            return seen;
        }
        if ahead <= 0 {
            seen.conflict = self.differs(seq, data, caps.key);
            let old = ahead.unsigned_abs();
            if length > old {
                let fresh = data.get(old as usize..).unwrap_or_default();
                seen.conflict |= self.pending.as_ref().is_some_and(|pending| pending.differs(self.next, fresh));
                self.remember(self.next, fresh, caps.key);
                self.deliver(fresh, length - old, give);
            }
            self.drain(pool, give);
            return seen;
        }
        let pending = self.pending.get_or_insert_default();
        seen.conflict = pending.insert(seq, data, pool);
        seen.capped = pending.is_full() || pending.bytes > caps.flow_bytes || pool.bytes > caps.table_bytes;
        if seen.capped {
            self.flush(pool, give);
        } else {
            self.settle(pool, give);
        }
        seen
    }

    /// Gives up holes that the other side has acknowledged.
    pub(crate) fn settle(&mut self, pool: &mut Pool, give: &mut impl FnMut(StreamItem<'_>)) {
        while let (Some(first), Some(acked)) = (self.pending.as_ref().and_then(|p| p.first()), self.acked) {
            if distance(first, acked) < 0 {
                return;
            }
            self.leap(first, give);
            self.drain(pool, give);
        }
    }

    /// Gives everything held, with gaps where bytes are missing.
    pub(crate) fn flush(&mut self, pool: &mut Pool, give: &mut impl FnMut(StreamItem<'_>)) {
        while let Some(first) = self.pending.as_ref().and_then(|p| p.first()) {
            self.leap(first, give);
            self.drain(pool, give);
        }
    }

    fn leap(&mut self, to: u32, give: &mut impl FnMut(StreamItem<'_>)) {
        let missing = distance(self.next, to);
        if missing > 0 {
            give(StreamItem::Gap(u64::from(missing.unsigned_abs())));
            self.next = to;
        }
    }

    /// Gives what is due of the segments held.
    fn drain(&mut self, pool: &mut Pool, give: &mut impl FnMut(StreamItem<'_>)) {
        let Some(mut pending) = self.pending.take() else { return };
        while let Some((seq, data)) = pending.take_due(self.next) {
            let old = distance(seq, self.next).unsigned_abs() as usize;
            if let Some(fresh) = data.get(old..).filter(|fresh| !fresh.is_empty()) {
                self.deliver(fresh, fresh.len() as u32, give);
            }
            pool.give(data);
        }
        if !pending.is_empty() {
            self.pending = Some(pending);
        }
    }

    /// Gives the end once all bytes before FIN were given.
    #[inline]
    pub(crate) fn end_if_due(&mut self, give: &mut impl FnMut(StreamItem<'_>)) {
        if let Some(fin) = self.fin
            && !self.ended
            && distance(fin.wrapping_sub(1), self.next) >= 0
        {
            self.ended = true;
            give(StreamItem::End);
        }
    }

    #[inline]
    fn remember(&mut self, seq: u32, data: &[u8], key: u64) {
        let recent = Recent { seq, len: data.len() as u32, hash: fold(data, key) };
        if let Some(place) = self.recent.get_mut(usize::from(self.turn) % RECENT) {
            *place = recent;
        }
        self.turn = self.turn.wrapping_add(1);
    }

    /// Whether a segment of known place and length carries other bytes. One-byte segments are left out:
    /// keep-alives repeat the last byte as garbage (RFC 9293 section 3.8.4).
    fn differs(&self, seq: u32, data: &[u8], key: u64) -> bool {
        let len = data.len() as u32;
        len > 1 && self.recent.iter().any(|known| known.seq == seq && known.len == len && known.hash != fold(data, key))
    }
}

/// A keyed hash of a segment, eight bytes a step; no secret rests on it, only the key keeps it from being aimed at.
#[inline]
fn fold(data: &[u8], key: u64) -> u32 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut state = key ^ (data.len() as u64);
    let (words, rest) = data.as_chunks::<8>();
    for word in words {
        state = (state ^ u64::from_le_bytes(*word)).wrapping_mul(ODD);
        state ^= state >> 29;
    }
    for byte in rest {
        state = (state ^ u64::from(*byte)).wrapping_mul(ODD);
    }
    (state >> 32) as u32
}
