//! TCP bytes that came before their turn: bounded, the first received win.

/// Out-of-order segments of one direction at most.
const SEGMENTS_MAX: usize = 128;
/// Emptied buffers a pool keeps.
const POOL_BUFFERS: usize = 64;
/// A buffer larger than this is given back to the allocator.
const POOL_BUFFER_BYTES: usize = 16 << 10;

/// Buffers going round, and the bytes held by all directions of a table.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    buffers: Vec<Vec<u8>>,
    pub(crate) bytes: usize,
}

impl Pool {
    fn take(&mut self, data: &[u8]) -> Vec<u8> {
        let mut buffer = self.buffers.pop().unwrap_or_default();
        buffer.clear();
        buffer.extend_from_slice(data);
        self.bytes += data.len();
        buffer
    }

    pub(crate) fn give(&mut self, buffer: Vec<u8>) {
        self.bytes = self.bytes.saturating_sub(buffer.len());
        if self.buffers.len() < POOL_BUFFERS && buffer.capacity() <= POOL_BUFFER_BYTES {
            self.buffers.push(buffer);
        }
    }
}

/// The segments held, in sequence order, never overlapping.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    segments: Vec<Segment>,
    pub(crate) bytes: usize,
}

#[derive(Debug)]
struct Segment {
    seq: u32,
    data: Vec<u8>,
}

/// Signed distance from `from` to `to` in sequence space.
#[inline]
pub(crate) const fn distance(from: u32, to: u32) -> i32 {
    to.wrapping_sub(from).cast_signed()
}

impl Pending {
    pub(crate) const fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    pub(crate) const fn is_full(&self) -> bool {
        self.segments.len() >= SEGMENTS_MAX
    }

    /// Sequence number of the first byte held.
    pub(crate) fn first(&self) -> Option<u32> {
        self.segments.first().map(|segment| segment.seq)
    }

    /// Holds what is new of a segment. `true` when its bytes differ from those already held.
    pub(crate) fn insert(&mut self, mut seq: u32, mut data: &[u8], pool: &mut Pool) -> bool {
        let mut conflict = false;
        // Mostly a segment belongs behind all others: search from there.
        let mut at = self.segments.len();
        while let Some(before) = at.checked_sub(1).and_then(|i| self.segments.get(i)) {
            if distance(before.seq, seq) >= 0 {
                break;
            }
            at -= 1;
        }
        if let Some(before) = at.checked_sub(1).and_then(|i| self.segments.get(i)) {
            let into = distance(before.seq, seq).unsigned_abs() as usize;
            if let Some(held) = before.data.get(into..) {
                let same = held.len().min(data.len());
                conflict |= held.get(..same) != data.get(..same);
                data = data.get(same..).unwrap_or_default();
                seq = seq.wrapping_add(same as u32);
            }
        }
        while !data.is_empty() && !self.is_full() {
            let room = match self.segments.get(at) {
                Some(behind) => distance(seq, behind.seq).unsigned_abs() as usize,
                None => usize::MAX,
            };
            let (fresh, rest) = data.split_at_checked(room).unwrap_or((data, &[]));
            if !fresh.is_empty() {
                self.bytes += fresh.len();
                self.segments.insert(at, Segment { seq, data: pool.take(fresh) });
                at += 1;
            }
            let Some(behind) = self.segments.get(at) else { break };
            let same = behind.data.len().min(rest.len());
            conflict |= behind.data.get(..same) != rest.get(..same);
            data = rest.get(same..).unwrap_or_default();
            seq = behind.seq.wrapping_add(same as u32);
            at += 1;
        }
        conflict
    }

    /// Whether bytes at `seq` differ from those already held there.
    pub(crate) fn differs(&self, seq: u32, data: &[u8]) -> bool {
        self.segments.iter().any(|held| {
            let ahead = distance(seq, held.seq);
            let (ours, theirs) = if ahead >= 0 {
                (data.get(ahead.unsigned_abs() as usize..), Some(held.data.as_slice()))
            } else {
                (Some(data), held.data.get(ahead.unsigned_abs() as usize..))
            };
            let (ours, theirs) = (ours.unwrap_or_default(), theirs.unwrap_or_default());
            let same = ours.len().min(theirs.len());
            ours.get(..same) != theirs.get(..same)
        })
    }

    /// Takes the first segment, if it begins at or before `next`.
    pub(crate) fn take_due(&mut self, next: u32) -> Option<(u32, Vec<u8>)> {
        if distance(next, self.first()?) > 0 {
            return None;
        }
        let Segment { seq, data } = self.segments.remove(0);
        self.bytes = self.bytes.saturating_sub(data.len());
        Some((seq, data))
    }

    /// Gives every buffer back.
    pub(crate) fn clear(&mut self, pool: &mut Pool) {
        for segment in self.segments.drain(..) {
            pool.give(segment.data);
        }
        self.bytes = 0;
    }
}
