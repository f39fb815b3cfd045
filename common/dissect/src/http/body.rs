//! How a body passes: counted, not kept (RFC 9112 section 6).

/// Digits of a chunk's size that are read; more would be more than any length there is.
const DIGITS_LIMIT: u8 = 15;
/// Longest chunk extension and trailer section that are passed over, bytes.
const EXTRA_LIMIT: u32 = 16_384;

/// What is still to come of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// Nothing.
    None,
    /// So many bytes.
    Length(u64),
    /// Chunks.
    Chunked(Chunk),
    /// All there is.
    UntilEnd,
    /// Nobody can tell.
    Unclear,
}

/// Where in the chunked coding a stream stands (RFC 9112 section 7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chunk {
    /// In the line of a size: digits read, their value, bytes behind the digits.
    Size(u8, u64, u32),
    /// In the data.
    Data(u64),
    /// At the end of the data's line.
    Behind,
    /// In the trailer section: whether its line is empty so far, and bytes seen.
    Trailer(bool, u32),
}

/// What became of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passed {
    /// All were taken, more may come.
    Open,
    /// The body ended, so many bytes in.
    Finished(usize),
    /// These are no chunks.
    Broken,
}

impl Framing {
    pub(super) const CHUNKED: Self = Self::Chunked(Chunk::Size(0, 0, 0));

    /// Lets bytes pass; `count` grows by those of the body.
    pub(super) fn pass(&mut self, bytes: &[u8], count: &mut u64) -> Passed {
        let whole = bytes.len() as u64;
        match self {
            Self::None => Passed::Finished(0),
            Self::UntilEnd => {
                *count = count.saturating_add(whole);
                Passed::Open
            }
            Self::Unclear => Passed::Broken,
            Self::Length(left) => {
                let taken = whole.min(*left);
                *left = left.saturating_sub(taken);
                *count = count.saturating_add(taken);
                if *left == 0 { Passed::Finished(usize::try_from(taken).unwrap_or(bytes.len())) } else { Passed::Open }
            }
            Self::Chunked(chunk) => chunk.pass(bytes, count),
        }
    }

    /// Lets so many lost bytes pass; answers whether it is still known where the body ends.
    pub(super) fn lose(&mut self, lost: u64, count: &mut u64) -> bool {
        match self {
            Self::UntilEnd => {}
            Self::Length(left) | Self::Chunked(Chunk::Data(left)) if lost <= *left => *left = left.saturating_sub(lost),
            _ => return false,
        }
        *count = count.saturating_add(lost);
        true
    }
}

impl Chunk {
    fn pass(&mut self, bytes: &[u8], count: &mut u64) -> Passed {
        let mut at = 0usize;
        while let Some(byte) = bytes.get(at) {
            if let Self::Data(left) = self {
                let taken = (bytes.len().saturating_sub(at) as u64).min(*left);
                *left = left.saturating_sub(taken);
                *count = count.saturating_add(taken);
                at = at.saturating_add(usize::try_from(taken).unwrap_or(usize::MAX));
                if *left == 0 {
                    *self = Self::Behind;
                }
                continue;
            }
            at = at.saturating_add(1);
            match self.step(*byte) {
                Some(true) => return Passed::Finished(at),
                Some(false) => {}
                None => return Passed::Broken,
            }
        }
        Passed::Open
    }

    /// Takes a byte outside the data; answers whether the body is over, `None` where it is none.
    fn step(&mut self, byte: u8) -> Option<bool> {
        *self = match (*self, byte) {
            (Self::Size(0, ..), b'\n') => return None,
            (Self::Size(_, 0, _), b'\n') => Self::Trailer(true, 0),
            (Self::Size(_, size, _), b'\n') => Self::Data(size),
            (Self::Size(digits, size, 0), b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') if digits < DIGITS_LIMIT => {
                let digit = char::from(byte).to_digit(16).unwrap_or(0);
                Self::Size(digits.saturating_add(1), size.saturating_mul(16).saturating_add(u64::from(digit)), 0)
            }
            // An extension, or blanks that some servers pad with.
            (Self::Size(digits @ 1.., size, behind), b';' | b' ' | b'\t' | b'\r') => {
                extra(behind).map(|n| Self::Size(digits, size, n))?
            }
            (Self::Size(digits, size, behind @ 1..), _) => extra(behind).map(|n| Self::Size(digits, size, n))?,
            (Self::Size(..), _) => return None,
            (Self::Behind, b'\r') => Self::Behind,
            (Self::Behind, b'\n') => Self::Size(0, 0, 0),
            (Self::Behind, _) => return None,
            (Self::Trailer(true, _), b'\n') => return Some(true),
            (Self::Trailer(false, seen), b'\n') => Self::Trailer(true, seen),
            (Self::Trailer(empty, seen), _) => Self::Trailer(empty && byte == b'\r', extra(seen)?),
            (Self::Data(left), _) => Self::Data(left),
        };
        Some(false)
    }
}

fn extra(seen: u32) -> Option<u32> {
    (seen < EXTRA_LIMIT).then_some(seen.saturating_add(1))
}
