//! The CRYPTO stream of one direction: frames in any order, placed by their offset (RFC 9000 section 19.6).

use crate::tls::HELLO_LIMIT;

/// Pieces with holes between them that are kept.
const PIECES_LIMIT: usize = 64;
/// Length of the header of a handshake message.
const HEADER: usize = 4;

/// Handshake bytes of one direction from `base` on.
#[derive(Debug, Default)]
pub(crate) struct CryptoStream {
    /// Offset of the first byte kept; what lies before was taken out.
    base: u64,
    bytes: Vec<u8>,
    /// Ranges of `bytes` that were filled, sorted, neither touching nor overlapping.
    filled: Vec<(usize, usize)>,
}

/// What became of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placed {
    /// It brought bytes.
    New,
    /// It brought nothing that was not there.
    Known,
    /// It lies beyond the limit, or there are too many pieces.
    Refused,
}

impl CryptoStream {
    /// Puts a piece in its place.
    pub(crate) fn place(&mut self, offset: u64, data: &[u8]) -> Placed {
        let past = self.base.saturating_sub(offset);
        let Some(data) = usize::try_from(past).ok().and_then(|past| data.get(past..)) else { return Placed::Known };
        let Ok(start) = usize::try_from(offset.saturating_sub(self.base)) else { return Placed::Refused };
        let end = start.saturating_add(data.len());
        if end > HELLO_LIMIT {
            return Placed::Refused;
        }
        if data.is_empty() || self.filled.iter().any(|(from, to)| *from <= start && end <= *to) {
            return Placed::Known;
        }
        if !self.join(start, end) {
            return Placed::Refused;
        }
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        if let Some(place) = self.bytes.get_mut(start..end) {
            place.copy_from_slice(data);
        }
        Placed::New
    }

    /// Adds a range; answers whether there was room for it.
    fn join(&mut self, start: usize, end: usize) -> bool {
        let first = self.filled.partition_point(|(_, to)| *to < start);
        let behind = self.filled.partition_point(|(from, _)| *from <= end);
        let touched = self.filled.get(first..behind).unwrap_or(&[]);
        let joined = match (touched.first(), touched.last()) {
            (Some((from, _)), Some((_, to))) => (start.min(*from), end.max(*to)),
            _ if self.filled.len() >= PIECES_LIMIT => return false,
            _ => (start, end),
        };
        self.filled.splice(first..behind.max(first), [joined]);
        true
    }

    /// Bytes from the beginning without a hole.
    fn whole(&self) -> &[u8] {
        match self.filled.first() {
            Some((0, end)) => self.bytes.get(..*end).unwrap_or(&[]),
            _ => &[],
        }
    }

    /// The kind of the next handshake message and its length with its header, once that is known.
    pub(crate) fn next(&self) -> Option<(u8, usize)> {
        match self.whole() {
            [kind, a, b, c, ..] => Some((*kind, (u32::from_be_bytes([0, *a, *b, *c]) as usize).saturating_add(HEADER))),
            _ => None,
        }
    }

    /// Takes the next handshake message out, header included, once it is all there.
    pub(crate) fn take(&mut self) -> Option<Vec<u8>> {
        let (_, length) = self.next()?;
        let message = self.whole().get(..length)?.to_vec();
        self.base = self.base.saturating_add(length as u64);
        self.bytes.drain(..length.min(self.bytes.len()));
        for (from, to) in &mut self.filled {
            *from = from.saturating_sub(length);
            *to = to.saturating_sub(length);
        }
        self.filled.retain(|(from, to)| from < to);
        Some(message)
    }

    /// Whether anything is kept that was not taken out.
    pub(crate) const fn is_empty(&self) -> bool {
        self.filled.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(length: usize) -> Vec<u8> {
        let size = u32::try_from(length).unwrap().to_be_bytes();
        let body = (0..length).map(|n| u8::try_from(n % 251).unwrap());
        [1, size[1], size[2], size[3]].into_iter().chain(body).collect()
    }

    #[test]
    fn limits_hold() {
        let mut stream = CryptoStream::default();
        assert_eq!(stream.place(HELLO_LIMIT as u64 - 1, &[1, 2]), Placed::Refused);
        assert_eq!(stream.place(u64::MAX, &[1]), Placed::Refused);
        for piece in 0..PIECES_LIMIT as u64 {
            assert_eq!(stream.place(10 + piece * 2, &[0]), Placed::New);
        }
        assert_eq!(stream.place(10_000, &[0]), Placed::Refused);
        assert_eq!(stream.place(11, &[0]), Placed::New, "it closes a hole, so there is room");
        assert!(stream.take().is_none());
    }

    #[test]
    fn a_second_message_follows_the_first() {
        let mut stream = CryptoStream::default();
        let all = [message(30), message(50)].concat();
        assert_eq!(stream.place(0, &all[..40]), Placed::New);
        assert_eq!(stream.take(), Some(message(30)));
        assert_eq!(stream.place(0, &all[..34]), Placed::Known);
        assert_eq!(stream.place(30, &all[30..]), Placed::New);
        assert_eq!(stream.take(), Some(message(50)));
        assert!(stream.take().is_none() && stream.is_empty());
    }

    proptest! {
        /// Any order of any pieces, overlapping and repeated, gives the message.
        #[test]
        fn f41_any_order_of_pieces(length in 0usize..3000, cuts in proptest::collection::vec((0usize..3004, 1usize..700), 0..40), seed: u64) {
            let message = message(length);
            let mut pieces: Vec<(usize, usize)> = cuts
                .into_iter()
                .filter(|(at, _)| *at < message.len())
                .map(|(at, size)| (at, message.len().min(at + size)))
                .collect();
            pieces.extend((0..message.len()).step_by(97).map(|at| (at, message.len().min(at + 97))));
            let mut state = seed | 1;
            for at in (1..pieces.len()).rev() {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                pieces.swap(at, (state >> 33) as usize % (at + 1));
            }
            let mut stream = CryptoStream::default();
            for (from, to) in pieces {
                prop_assert_ne!(stream.place(from as u64, &message[from..to]), Placed::Refused);
                prop_assert!(stream.filled.windows(2).all(|pair| pair[0].1 < pair[1].0));
            }
            prop_assert_eq!(stream.take(), Some(message));
        }
    }
}
