//! The one total reader over untrusted bytes.
//!
//! Every parser of the product goes through [`Reader`]: no other code indexes into bytes that came
//! from the wire, a file or a peer. A read answers a value or a [`Fault`]; it never panics, never
//! allocates, and costs time linear in the bytes it consumes.
//!
//! ```
//! use picket_reader::{Fault, Reader};
//! let mut r = Reader::new(&[0x00, 0x02, b'h', b'i', 0xff]);
//! let len = r.u16("length")?;
//! assert_eq!(r.take(usize::from(len), "name")?, b"hi");
//! assert_eq!(r.u16("trailer"), Err(Fault::Incomplete { field: "trailer", missing: 1 }));
//! # Ok::<(), Fault>(())
//! ```
#![forbid(unsafe_code)]
#![deny(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fmt;

/// Why a value could not be read. Small and `Copy`: it costs a hostile packet a counter, not a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The bytes end before the field does; more of the stream may complete it.
    Incomplete {
        /// The field that was being read.
        field: &'static str,
        /// How many bytes were missing, at least.
        missing: usize,
    },
    /// The bytes cannot be what they claim to be, however many follow.
    Malformed(&'static str),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Incomplete { field, missing } => write!(f, "{field}: {missing} bytes missing"),
            Self::Malformed(reason) => f.write_str(reason),
        }
    }
}

impl std::error::Error for Fault {}

/// A cursor over borrowed bytes. Integers are big-endian unless the name ends in `_le`.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    consumed: usize,
}

macro_rules! integers {
    ($($(#[$doc:meta])* $name:ident, $name_le:ident: $type:ty, $width:literal;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        /// [`Fault::Incomplete`] when too few bytes are left.
        #[inline]
        pub fn $name(&mut self, field: &'static str) -> Result<$type, Fault> {
            self.array::<$width>(field).map(<$type>::from_be_bytes)
        }

        #[doc = concat!("Little-endian form of [`Reader::", stringify!($name), "`].")]
        ///
        /// # Errors
        /// [`Fault::Incomplete`] when too few bytes are left.
        #[inline]
        pub fn $name_le(&mut self, field: &'static str) -> Result<$type, Fault> {
            self.array::<$width>(field).map(<$type>::from_le_bytes)
        }
    )*};
}

impl<'a> Reader<'a> {
    /// Reads from the start of `bytes`.
    #[must_use]
    #[inline]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, consumed: 0 }
    }

    /// Bytes not read yet.
    #[must_use]
    #[inline]
    pub const fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Bytes read so far.
    #[must_use]
    #[inline]
    pub const fn position(&self) -> usize {
        self.consumed
    }

    /// Whether everything was read.
    #[must_use]
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// What is left, without reading it.
    #[must_use]
    #[inline]
    pub const fn peek(&self) -> &'a [u8] {
        self.rest
    }

    /// Reads all that is left.
    #[inline]
    pub fn rest(&mut self) -> &'a [u8] {
        let all = self.rest;
        self.consumed = self.consumed.saturating_add(all.len());
        self.rest = &[];
        all
    }

    /// Reads `count` bytes.
    ///
    /// # Errors
    /// [`Fault::Incomplete`] when fewer are left; nothing is consumed then.
    #[inline]
    pub fn take(&mut self, count: usize, field: &'static str) -> Result<&'a [u8], Fault> {
        match self.rest.split_at_checked(count) {
            Some((head, tail)) => {
                self.rest = tail;
                self.consumed = self.consumed.saturating_add(count);
                Ok(head)
            }
            None => Err(Fault::Incomplete { field, missing: count.saturating_sub(self.rest.len()) }),
        }
    }

    /// Steps over `count` bytes.
    ///
    /// # Errors
    /// [`Fault::Incomplete`] when fewer are left.
    #[inline]
    pub fn skip(&mut self, count: usize, field: &'static str) -> Result<(), Fault> {
        self.take(count, field).map(|_| ())
    }

    /// Reads `N` bytes by value.
    ///
    /// # Errors
    /// [`Fault::Incomplete`] when fewer are left.
    #[inline]
    pub fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], Fault> {
        match self.rest.split_first_chunk::<N>() {
            Some((head, tail)) => {
                self.rest = tail;
                self.consumed = self.consumed.saturating_add(N);
                Ok(*head)
            }
            None => Err(Fault::Incomplete { field, missing: N.saturating_sub(self.rest.len()) }),
        }
    }

    /// A reader over the next `count` bytes alone.
    ///
    /// # Errors
    /// [`Fault::Incomplete`] when fewer are left.
    #[inline]
    pub fn sub(&mut self, count: usize, field: &'static str) -> Result<Reader<'a>, Fault> {
        self.take(count, field).map(Reader::new)
    }

    /// One byte.
    ///
    /// # Errors
    /// [`Fault::Incomplete`] at the end.
    #[inline]
    pub fn u8(&mut self, field: &'static str) -> Result<u8, Fault> {
        self.array::<1>(field).map(|[byte]| byte)
    }

    integers! {
        /// Two bytes.
        u16, u16_le: u16, 2;
        /// Four bytes.
        u32, u32_le: u32, 4;
        /// Eight bytes.
        u64, u64_le: u64, 8;
    }

    /// Three bytes, most significant first.
    ///
    /// # Errors
    /// [`Fault::Incomplete`] when too few bytes are left.
    #[inline]
    pub fn u24(&mut self, field: &'static str) -> Result<u32, Fault> {
        self.array::<3>(field).map(|[a, b, c]| u32::from_be_bytes([0, a, b, c]))
    }

    /// A vector behind a one-byte length (RFC 8446 section 3.4 writes it `<0..255>`).
    ///
    /// # Errors
    /// [`Fault::Incomplete`] when the length or the vector is cut.
    #[inline]
    pub fn vec8(&mut self, field: &'static str) -> Result<Reader<'a>, Fault> {
        let len = self.u8(field)?;
        self.sub(usize::from(len), field)
    }

    /// A vector behind a two-byte length.
    ///
    /// # Errors
    /// [`Fault::Incomplete`] when the length or the vector is cut.
    #[inline]
    pub fn vec16(&mut self, field: &'static str) -> Result<Reader<'a>, Fault> {
        let len = self.u16(field)?;
        self.sub(usize::from(len), field)
    }

    /// A vector behind a three-byte length.
    ///
    /// # Errors
    /// [`Fault::Incomplete`] when the length or the vector is cut.
    #[inline]
    pub fn vec24(&mut self, field: &'static str) -> Result<Reader<'a>, Fault> {
        let len = self.u24(field)?;
        self.sub(usize::try_from(len).unwrap_or(usize::MAX), field)
    }

    /// Refuses bytes left over.
    ///
    /// # Errors
    /// [`Fault::Malformed`] with `reason` when something is left.
    #[inline]
    pub const fn done(&self, reason: &'static str) -> Result<(), Fault> {
        if self.rest.is_empty() { Ok(()) } else { Err(Fault::Malformed(reason)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn little_and_big_endian() {
        let mut r = Reader::new(&[1, 2, 1, 2, 0, 0, 1]);
        assert_eq!(r.u16("a"), Ok(0x0102));
        assert_eq!(r.u16_le("b"), Ok(0x0201));
        assert_eq!(r.u24("c"), Ok(1));
        assert_eq!(r.done("trailing bytes"), Ok(()));
    }

    #[test]
    fn a_failed_read_consumes_nothing() {
        let mut r = Reader::new(&[1, 2, 3]);
        assert_eq!(r.u32("x"), Err(Fault::Incomplete { field: "x", missing: 1 }));
        assert_eq!(r.remaining(), 3);
        assert_eq!(r.position(), 0);
    }

    proptest! {
        /// Whatever is asked, what was read and what is left add up to the input.
        #[test]
        fn position_and_remaining_add_up(bytes: Vec<u8>, asks in proptest::collection::vec((0u8..9, 0usize..70_000), 0..50)) {
            let mut r = Reader::new(&bytes);
            for (kind, n) in asks {
                let _ = match kind {
                    0 => r.u8("f").map(|_| ()),
                    1 => r.u16("f").map(|_| ()),
                    2 => r.u24("f").map(|_| ()),
                    3 => r.u32_le("f").map(|_| ()),
                    4 => r.u64("f").map(|_| ()),
                    5 => r.vec8("f").map(|_| ()),
                    6 => r.vec16("f").map(|_| ()),
                    7 => r.vec24("f").map(|_| ()),
                    _ => r.take(n, "f").map(|_| ()),
                };
                prop_assert_eq!(r.position() + r.remaining(), bytes.len());
            }
        }
    }
}
