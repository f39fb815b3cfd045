//! The CRYPTO stream of one direction: frames in any order, placed by their offset (RFC 9000 section 19.6).

use crate::pieces::{Pieces, Placed};
use crate::tls::HELLO_LIMIT;

/// Length of the header of a handshake message.
const HEADER: usize = 4;

/// Handshake bytes of one direction from `base` on.
#[derive(Debug, Default)]
pub(crate) struct CryptoStream {
    /// Offset of the first byte kept; what lies before was taken out.
    base: u64,
    pieces: Pieces,
}

impl CryptoStream {
    /// Puts a piece in its place.
    pub(crate) fn place(&mut self, offset: u64, data: &[u8]) -> Placed {
        let past = usize::try_from(self.base.saturating_sub(offset)).unwrap_or(usize::MAX);
        let Some(data) = data.get(past..) else { return Placed::Known };
        match usize::try_from(offset.saturating_sub(self.base)) {
            Ok(start) => self.pieces.place(start, data, HELLO_LIMIT),
            Err(_) => Placed::Refused,
        }
    }

    /// The kind of the next handshake message and its length with its header, once that is known.
    pub(crate) fn next(&self) -> Option<(u8, usize)> {
        match self.pieces.whole() {
            [kind, a, b, c, ..] => Some((*kind, (u32::from_be_bytes([0, *a, *b, *c]) as usize).saturating_add(HEADER))),
            _ => None,
        }
    }

    /// Takes the next handshake message out, header included, once it is all there.
    pub(crate) fn take(&mut self) -> Option<Vec<u8>> {
        let (_, length) = self.next()?;
        let message = self.pieces.whole().get(..length)?.to_vec();
        self.base = self.base.saturating_add(length as u64);
        self.pieces.advance(length);
        Some(message)
    }

    /// Whether anything is kept that was not taken out.
    pub(crate) const fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(length: usize) -> Vec<u8> {
        let size = u32::try_from(length).unwrap().to_be_bytes();
        let body = (0..length).map(|n| u8::try_from(n % 251).unwrap());
        [1, size[1], size[2], size[3]].into_iter().chain(body).collect()
    }

    #[test]
    fn offsets_are_bounded() {
        let mut stream = CryptoStream::default();
        assert_eq!(stream.place(HELLO_LIMIT as u64 - 1, &[1, 2]), Placed::Refused);
        assert_eq!(stream.place(u64::MAX, &[1]), Placed::Refused);
        assert!(stream.is_empty() && stream.take().is_none());
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
}
