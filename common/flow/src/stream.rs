//! One direction of a TCP connection: segments in, bytes in order out.
//!
//! Segments in order pass through borrowed. Those ahead wait until the hole is filled, until the other
//! side acknowledges the hole (it was received, only not captured), or until a cap is reached; then the
//! hole is given as a gap.

use crate::history::Overlap;
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
/// A reset or FIN this far from the expected number is believed, bytes (a capture may have missed segments).
const RESET_WINDOW: u32 = 1 << 20;

/// Bytes of a segment nobody wants that are remembered.
const SKIPPED_HEAD: usize = 64;

/// Caps of a direction and its table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caps {
    pub(crate) flow_bytes: usize,
    pub(crate) table_bytes: usize,
}

/// One segment's bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrived<'a> {
    pub(crate) seq: u32,
    /// As captured.
    pub(crate) data: &'a [u8],
    /// Their number on the wire.
    pub(crate) length: u32,
    pub(crate) ttl: u8,
    /// Whether the sender wants them to be read (PSH), as with all that programs send.
    pub(crate) pushed: bool,
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
    /// Number of its last record in the history.
    given: u64,
    pub(crate) pending: Option<Box<Pending>>,
}

/// Bytes that lie behind a FIN of their own side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BehindFin {
    /// They do not.
    No,
    /// The other side acknowledged the FIN: they are not taken.
    Refused,
    /// Nobody acknowledged it: it was not the sender's.
    Withdrawn,
}

/// What a segment showed beside its bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) conflict: Option<Overlap>,
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

    /// The other side acknowledged everything before `ack`. What this side cannot have sent is not believed.
    #[inline]
    pub(crate) const fn acknowledge(&mut self, ack: u32) {
        match self.acked {
            Some(before) if distance(before, ack) <= 0 => {}
            _ if self.started && distance(self.next, ack) > WINDOW => {}
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

    /// Whether a FIN was noted.
    #[inline]
    pub(crate) const fn has_fin(&self) -> bool {
        self.fin.is_some()
    }

    /// What bytes up to `end` make of a FIN noted before them.
    pub(crate) const fn behind_fin(&mut self, end: u32) -> BehindFin {
        let Some(fin) = self.fin else { return BehindFin::No };
        if !matches!(distance(fin.wrapping_sub(1), end), 1..WINDOW) {
            return BehindFin::No;
        }
        if self.is_finished() {
            return BehindFin::Refused;
        }
        self.fin = None;
        BehindFin::Withdrawn
    }

    /// Whether a reset or FIN with this number can be the sender's.
    pub(crate) const fn believes(&self, seq: u32) -> bool {
        !self.started || distance(self.next, seq).unsigned_abs() <= RESET_WINDOW
    }

    /// Whether bytes up to `end` are new, and near enough to be the stream's.
    pub(crate) const fn is_fresh(&self, end: u32) -> bool {
        self.started && matches!(distance(self.next, end), 1..WINDOW)
    }

    /// A segment nobody wants: the position moves on, and its first bytes are remembered, or held against those that
    /// came first for their place.
    #[inline]
    pub(crate) fn skip(&mut self, arrived: &Arrived<'_>, pool: &mut Pool) -> Option<Overlap> {
        let &Arrived { seq, data, length, ttl, .. } = arrived;
        if let Some(mut pending) = self.pending.take() {
            pending.clear(pool);
        }
        let head = data.get(..SKIPPED_HEAD).unwrap_or(data);
        let end = seq.wrapping_add(length);
        let ahead = distance(self.next, end);
        if !self.started || (ahead > 0 && (ahead <= WINDOW || self.stray == Some(seq))) {
            let fresh = !self.started || distance(self.next, seq) >= 0 || ahead > WINDOW;
            self.started = true;
            self.next = end;
            if fresh {
                self.given = pool.history.push(self.given, seq, head, ttl);
                return None;
            }
        } else if !(-WINDOW..=WINDOW).contains(&ahead) {
            self.stray = Some(end);
            return None;
        }
        // Keep-alives repeat the last byte as garbage (RFC 9293 section 3.8.4).
        if length > 1 { pool.history.differs(self.given, seq, head, ttl) } else { None }
    }

    /// Takes a segment; gives what is due.
    #[inline]
    pub(crate) fn segment(
        &mut self,
        arrived: &Arrived<'_>,
        caps: &Caps,
        pool: &mut Pool,
        give: &mut impl FnMut(StreamItem<'_>),
    ) -> Seen {
        if !self.started {
            self.started = true;
            self.next = arrived.seq;
            // A keep-alive repeats the byte before the next one (RFC 9293 section 3.8.4), as a zero where it carries one.
            if arrived.data == [0] && arrived.length == 1 && !arrived.pushed {
                self.next = arrived.seq.wrapping_add(1);
                return Seen::default();
            }
        }
        if arrived.seq == self.next && self.pending.is_none() {
            self.deliver(arrived.data, arrived.length, arrived.ttl, pool, give);
            return Seen::default();
        }
        self.out_of_order(arrived, caps, pool, give)
    }

    /// Gives bytes that are due, and a gap for those on the wire that were not captured.
    #[inline]
    fn deliver(&mut self, data: &[u8], length: u32, ttl: u8, pool: &mut Pool, give: &mut impl FnMut(StreamItem<'_>)) {
        if !data.is_empty() {
            self.given = pool.history.push(self.given, self.next, data, ttl);
            give(StreamItem::Data(data));
        }
        self.next = self.next.wrapping_add(length);
        self.stray = None;
        let missing = u64::from(length).saturating_sub(data.len() as u64);
        if missing > 0 {
            give(StreamItem::Gap(missing));
        }
    }

    fn out_of_order(
        &mut self,
        arrived: &Arrived<'_>,
        caps: &Caps,
        pool: &mut Pool,
        give: &mut impl FnMut(StreamItem<'_>),
    ) -> Seen {
        let mut seen = Seen::default();
        let &Arrived { seq, data, length, ttl, .. } = arrived;
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
            self.deliver(data, length, ttl, pool, give);
            return seen;
        }
        if ahead <= 0 {
            // Keep-alives repeat the last byte as garbage (RFC 9293 section 3.8.4).
            if length > 1 || ahead == 0 {
                seen.conflict = pool.history.differs(self.given, seq, data, ttl);
            }
            let old = ahead.unsigned_abs();
            if length > old {
                let fresh = data.get(old as usize..).unwrap_or_default();
                let held = self.pending.as_ref().and_then(|pending| pending.differs(self.next, fresh, ttl));
                seen.conflict = seen.conflict.or(held);
                self.fill(arrived, pool, give);
            } else {
                self.drain(pool, give);
            }
            return seen;
        }
        let pending = self.pending.get_or_insert_default();
        seen.conflict = pending.insert(seq, data, ttl, pool);
        seen.capped = pending.is_full() || pending.bytes > caps.flow_bytes || pool.bytes > caps.table_bytes;
        if seen.capped {
            self.flush(pool, give);
        } else {
            self.settle(pool, give);
        }
        seen
    }

    /// Gives what is due of a segment around what is held already: that came first.
    fn fill(&mut self, arrived: &Arrived<'_>, pool: &mut Pool, give: &mut impl FnMut(StreamItem<'_>)) {
        loop {
            let old = distance(arrived.seq, self.next).unsigned_abs();
            let Some(left) = arrived.length.checked_sub(old).filter(|left| *left > 0) else { return };
            let room = match self.pending.as_ref().and_then(|pending| pending.first()) {
                Some(first) => u32::try_from(distance(self.next, first)).unwrap_or(0).min(left),
                None => left,
            };
            if room > 0 {
                let fresh = arrived.data.get(old as usize..).unwrap_or_default();
                let fresh = fresh.get(..room as usize).unwrap_or(fresh);
                self.deliver(fresh, room, arrived.ttl, pool, give);
            }
            // Moves on or holds one segment less.
            self.drain(pool, give);
        }
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
        while let Some((seq, data, ttl)) = pending.take_due(self.next) {
            let old = distance(seq, self.next).unsigned_abs() as usize;
            if let Some(fresh) = data.get(old..).filter(|fresh| !fresh.is_empty()) {
                self.deliver(fresh, fresh.len() as u32, ttl, pool, give);
            }
            pool.give(data);
        }
        if !pending.is_empty() {
            self.pending = Some(pending);
        }
    }

    /// Gives the end once the other side has acknowledged FIN: then it received all before it, and whoever puts a
    /// FIN between the ends does not end the stream.
    #[inline]
    pub(crate) fn end_if_due(&mut self, give: &mut impl FnMut(StreamItem<'_>)) {
        if let Some(fin) = self.fin
            && !self.ended
            && self.is_finished()
            && self.pending.is_none()
        {
            self.ended = true;
            self.leap(fin.wrapping_sub(1), give);
            give(StreamItem::End);
        }
    }
}
