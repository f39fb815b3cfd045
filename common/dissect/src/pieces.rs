//! Bytes that arrive in pieces, in any order: the handshake messages of QUIC and DTLS.

/// Ranges with holes between them that are kept.
const RANGES_LIMIT: usize = 64;

/// Bytes from offset 0 on, as far as they are there.
#[derive(Debug, Default)]
pub(crate) struct Pieces {
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

impl Pieces {
    /// Puts a piece in its place; none may reach beyond `limit`.
    pub(crate) fn place(&mut self, start: usize, data: &[u8], limit: usize) -> Placed {
        let end = start.saturating_add(data.len());
        if end > limit {
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
        let behind = self.filled.partition_point(|(from, _)| *from <= end).max(first);
        let touched = self.filled.get(first..behind).unwrap_or(&[]);
        let joined = match (touched.first(), touched.last()) {
            (Some((from, _)), Some((_, to))) => (start.min(*from), end.max(*to)),
            _ if self.filled.len() >= RANGES_LIMIT => return false,
            _ => (start, end),
        };
        self.filled.splice(first..behind, [joined]);
        true
    }

    /// Bytes from the beginning up to the first hole.
    pub(crate) fn whole(&self) -> &[u8] {
        match self.filled.first() {
            Some((0, end)) => self.bytes.get(..*end).unwrap_or(&[]),
            _ => &[],
        }
    }

    /// Forgets the first bytes; what lies behind them begins at 0 then.
    pub(crate) fn advance(&mut self, count: usize) {
        self.bytes.drain(..count.min(self.bytes.len()));
        for (from, to) in &mut self.filled {
            *from = from.saturating_sub(count);
            *to = to.saturating_sub(count);
        }
        self.filled.retain(|(from, to)| from < to);
    }

    /// Whether nothing is kept.
    pub(crate) const fn is_empty(&self) -> bool {
        self.filled.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn limits_hold() {
        let mut pieces = Pieces::default();
        assert_eq!(pieces.place(99, &[1, 2], 100), Placed::Refused);
        assert_eq!(pieces.place(usize::MAX, &[1], 100), Placed::Refused);
        for piece in 0..RANGES_LIMIT {
            assert_eq!(pieces.place(10 + piece * 2, &[0], 1000), Placed::New);
        }
        assert_eq!(pieces.place(900, &[0], 1000), Placed::Refused);
        assert_eq!(pieces.place(11, &[0], 1000), Placed::New, "it closes a hole, so there is room");
        assert!(pieces.whole().is_empty());
    }

    proptest! {
        /// Any order of any pieces, overlapping and repeated, gives the whole.
        #[test]
        fn f41_any_order_of_pieces(
            length in 1usize..3000,
            cuts in proptest::collection::vec((0usize..3000, 1usize..700), 0..24),
            seed: u64,
        ) {
            let whole: Vec<u8> = (0..length).map(|n| u8::try_from(n % 251).unwrap()).collect();
            let mut cuts: Vec<(usize, usize)> = cuts
                .into_iter()
                .filter(|(at, _)| *at < length)
                .map(|(at, size)| (at, length.min(at + size)))
                .chain((0..length).step_by(97).map(|at| (at, length.min(at + 97))))
                .collect();
            let mut state = seed | 1;
            for at in (1..cuts.len()).rev() {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                cuts.swap(at, (state >> 33) as usize % (at + 1));
            }
            let mut pieces = Pieces::default();
            for (from, to) in cuts {
                prop_assert_ne!(pieces.place(from, &whole[from..to], length), Placed::Refused);
                prop_assert!(pieces.filled.windows(2).all(|pair| pair[0].1 < pair[1].0));
            }
            prop_assert_eq!(pieces.whole(), &whole[..]);
            pieces.advance(length / 2);
            prop_assert_eq!(pieces.whole(), &whole[length / 2..]);
        }
    }
}
