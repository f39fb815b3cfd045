//! The bytes that streams were given last, so that a later segment for the same place can be held against them.
//!
//! One ring a table, shared by its streams: each record points at the one before it of the same direction. What
//! was overwritten is forgotten, so the memory is fixed and busy tables look back less far. It is written all the time: larger, it would
//! put what is worked on out of a core's cache.

use crate::pending::distance;

/// Bytes of a table's ring.
const BYTES: usize = 16 << 10;
/// Bytes remembered of one segment; longer ones come from segmentation offload and are remembered by their head.
const SEGMENT_MAX: usize = 8 << 10;
/// Segments looked back through for one that overlaps.
const STEPS_MAX: usize = 64;
/// Bytes told of each view of a difference.
const EXCERPT: usize = 16;

/// Up to 16 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Excerpt {
    bytes: [u8; EXCERPT],
    length: u8,
}

impl Excerpt {
    fn of(data: &[u8]) -> Self {
        let mut excerpt = Self::default();
        for (to, from) in excerpt.bytes.iter_mut().zip(data) {
            *to = *from;
        }
        excerpt.length = data.len().min(EXCERPT) as u8;
        excerpt
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }
}

/// Two views of the same place in a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overlap {
    /// Sequence number of the first byte that differs.
    pub seq: u32,
    /// What came first from there on.
    pub first: Excerpt,
    /// What came later.
    pub later: Excerpt,
    /// Time to live of the packet that came first.
    pub first_ttl: u8,
    /// Of the later one.
    pub later_ttl: u8,
}

impl Overlap {
    /// The first difference between two views that begin at `seq`, as far as both reach.
    pub(crate) fn between(seq: u32, first: (&[u8], u8), later: (&[u8], u8)) -> Option<Self> {
        let at = first.0.iter().zip(later.0).position(|(first, later)| first != later)?;
        let from = |data: &[u8]| Excerpt::of(data.get(at..).unwrap_or_default());
        Some(Self {
            seq: seq.wrapping_add(at as u32),
            first: from(first.0),
            later: from(later.0),
            first_ttl: first.1,
            later_ttl: later.1,
        })
    }
}

/// The ring: each segment lies behind what is known of it.
#[derive(Debug, Default)]
pub(crate) struct History {
    bytes: Vec<u8>,
    /// Bytes ever taken, those skipped at the ring's end included.
    taken: u64,
}

/// What is known of a segment, as it stands before its bytes.
#[derive(Clone, Copy, Debug)]
struct Record {
    /// Number of the direction's record before, or 0.
    previous: u64,
    seq: u32,
    length: u16,
    ttl: u8,
}

impl Record {
    const SIZE: usize = 16;

    const fn write(self) -> [u8; Self::SIZE] {
        let [a, b, c, d, e, f, g, h] = self.previous.to_le_bytes();
        let ([i, j, k, l], [m, n]) = (self.seq.to_le_bytes(), self.length.to_le_bytes());
        [a, b, c, d, e, f, g, h, i, j, k, l, m, n, self.ttl, 0]
    }

    const fn read(bytes: [u8; Self::SIZE]) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, ttl, _] = bytes;
        let previous = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
        Self { previous, seq: u32::from_le_bytes([i, j, k, l]), length: u16::from_le_bytes([m, n]), ttl }
    }
}

impl History {
    /// Remembers a segment of the direction whose last record is `previous`. The number of the new one, which is never 0.
    #[inline]
    pub(crate) fn push(&mut self, previous: u64, seq: u32, data: &[u8], ttl: u8) -> u64 {
        let data = data.get(..SEGMENT_MAX).unwrap_or(data);
        let length = Record::SIZE + data.len();
        let mut place = (self.taken % BYTES as u64) as usize;
        if place + length > BYTES {
            self.taken += (BYTES - place) as u64;
            place = 0;
        }
        if self.bytes.is_empty() {
            // Zeroes that nobody has written yet cost neither time nor memory.
            self.bytes = vec![0; BYTES];
        }
        if let Some((known, room)) = self.bytes.get_mut(place..place + length).and_then(<[u8]>::split_first_chunk_mut) {
            *known = Record { previous, seq, length: data.len() as u16, ttl }.write();
            room.copy_from_slice(data);
        }
        let number = self.taken + 1;
        self.taken += length as u64;
        number
    }

    /// A record and its bytes, while they are there.
    fn record(&self, number: u64) -> Option<(Record, &[u8])> {
        let at = number.checked_sub(1)?;
        if at + (BYTES as u64) < self.taken {
            return None;
        }
        let rest = self.bytes.get((at % BYTES as u64) as usize..)?;
        let (known, rest) = rest.split_first_chunk()?;
        let record = Record::read(*known);
        Some((record, rest.get(..usize::from(record.length))?))
    }

    /// How a segment differs from what its direction was given for the same place.
    pub(crate) fn differs(&self, last: u64, seq: u32, data: &[u8], ttl: u8) -> Option<Overlap> {
        let mut number = last;
        for _ in 0..STEPS_MAX {
            let (record, held) = self.record(number)?;
            number = record.previous;
            // Records of a direction follow each other in the stream, so the first before the segment ends the search.
            let into = distance(record.seq, seq);
            if i64::from(into) >= i64::from(record.length) {
                return None;
            }
            let (begin, held, ours) = if into >= 0 {
                (seq, held.get(into.unsigned_abs() as usize..), Some(data))
            } else {
                (record.seq, Some(held), data.get(into.unsigned_abs() as usize..))
            };
            let (held, ours) = (held.unwrap_or_default(), ours.unwrap_or_default());
            if let Some(overlap) = Overlap::between(begin, (held, record.ttl), (ours, ttl)) {
                return Some(overlap);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_views_are_kept_with_their_times_to_live() {
        let mut history = History::default();
        let other = history.push(0, 5, b"another stream", 64);
        let first = history.push(0, u32::MAX - 1, b"good", 3);
        let second = history.push(first, 2, b" bytes", 3);
        let overlap = history.differs(second, 0, b"od BYtes", 64).unwrap();
        assert_eq!((overlap.seq, overlap.first_ttl, overlap.later_ttl), (3, 3, 64));
        assert_eq!((overlap.first.bytes(), overlap.later.bytes()), (b"bytes".as_slice(), b"BYtes".as_slice()));
        assert_eq!(history.differs(second, 0, b"od", 64), None);
        assert_eq!(history.differs(other, 0, b"od", 64), None);
    }

    proptest! {
        /// Against every byte ever given: a difference that is told is true, and none within the ring is missed.
        #[test]
        fn tells_the_truth(sizes in proptest::collection::vec(1usize..9_000, 1..60), back in 0usize..20_000,
                           length in 1usize..3_000, flip: bool) {
            let mut history = History::default();
            let (mut last, mut stream) = (0, Vec::<u8>::new());
            for (i, size) in sizes.iter().enumerate() {
                let data: Vec<u8> = (0..*size).map(|at| (at * 7 + i) as u8).collect();
                last = history.push(last, stream.len() as u32, &data, 9);
                stream.extend(data);
            }
            let from = stream.len().saturating_sub(back);
            let to = (from + length).min(stream.len());
            let mut again = stream[from..to].to_vec();
            if flip && !again.is_empty() {
                let at = again.len() / 2;
                again[at] ^= 1;
            }
            let told = history.differs(last, from as u32, &again, 64);
            if let Some(overlap) = told {
                prop_assert!(flip);
                prop_assert_eq!(overlap.seq as usize, from + again.len() / 2);
            }
            // Segments over the cap are remembered by their head alone.
            if sizes.iter().all(|size| *size <= SEGMENT_MAX) && stream.len() < 7 << 10 && !again.is_empty() {
                prop_assert_eq!(told.is_some(), flip);
            }
        }
    }
}
