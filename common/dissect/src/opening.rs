//! The first bytes that a protocol's messages can begin with. Most conversations begin otherwise, and are not read to see that.

/// What the first byte of either side says of a candidate. Held against every candidate's own judgement by a test
/// (`tests/tests/openings.rs`).
#[derive(Clone, Copy, Debug)]
pub struct Opening {
    /// First and last byte of each range.
    ranges: &'static [(u8, u8)],
    /// Whether of the other side nothing is known.
    one_sided: bool,
}

/// Capital letters, with which the commands of many protocols begin.
pub(crate) const TEXT: &[(u8, u8)] = &[(b'A', b'Z')];
/// Letters and digits.
pub(crate) const WORDS: &[(u8, u8)] = &[(b'0', b'9'), (b'A', b'Z'), (b'a', b'z')];
/// The tag of a client's command in IMAP, or its server's asterisk.
pub(crate) const TAGS: &[(u8, u8)] = &[(b'*', b'*'), (b'0', b'9'), (b'A', b'Z'), (b'a', b'z')];
/// Methods of HTTP.
pub(crate) const METHOD: &[(u8, u8)] = &[(b'-', b'-'), (b'A', b'Z'), (b'_', b'_')];

impl Opening {
    /// Any byte.
    pub const ANY: Self = Self::either(&[(0, 0xff)]);

    /// Both sides begin so: who is heard and begins otherwise speaks something else, unless the other side begins so.
    #[must_use]
    pub const fn either(ranges: &'static [(u8, u8)]) -> Self {
        Self { ranges, one_sided: false }
    }

    /// One side begins so, whatever the other says: nothing is known before both were heard.
    #[must_use]
    pub const fn one(ranges: &'static [(u8, u8)]) -> Self {
        Self { ranges, one_sided: true }
    }

    /// Whether something can begin with this byte.
    #[must_use]
    #[allow(clippy::indexing_slicing, reason = "evaluated when the program is built")]
    pub const fn has(self, byte: u8) -> bool {
        let mut at = 0;
        while at < self.ranges.len() {
            if self.ranges[at].0 <= byte && byte <= self.ranges[at].1 {
                return true;
            }
            at += 1;
        }
        false
    }

    /// Whether one side says nothing as long as the other was not heard.
    #[must_use]
    pub const fn is_one_sided(self) -> bool {
        self.one_sided
    }
}
