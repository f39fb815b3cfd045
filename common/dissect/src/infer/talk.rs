//! What is kept of an unknown conversation: how its first pieces begin.

use picket_event::{Direction, Timestamp};

/// Pieces (segments or datagrams) kept of one conversation.
pub const PIECES_MAX: usize = 48;
/// Bytes kept of one piece.
pub const PIECE_BYTES: usize = 96;

/// One segment or datagram, or one message of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Message<'a> {
    /// Who says it.
    pub direction: Direction,
    /// When.
    pub time: Timestamp,
    /// Its whole length, bytes.
    pub length: usize,
    /// How it begins.
    pub head: &'a [u8],
}

impl Message<'_> {
    /// The byte at a place, where it is kept.
    #[must_use]
    pub fn byte(&self, at: usize) -> Option<u8> {
        self.head.get(at).copied()
    }
}

/// The first pieces of one conversation, both directions in order: at most [`PIECES_MAX`] of [`PIECE_BYTES`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Talk {
    pieces: Vec<Piece>,
    bytes: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Piece {
    direction: Direction,
    time: Timestamp,
    length: usize,
    kept: usize,
}

impl Talk {
    /// Keeps the beginning of a piece, while there is room.
    pub fn push(&mut self, direction: Direction, bytes: &[u8], time: Timestamp) {
        if bytes.is_empty() || self.pieces.len() >= PIECES_MAX {
            return;
        }
        let head = bytes.get(..PIECE_BYTES).unwrap_or(bytes);
        self.bytes.extend_from_slice(head);
        self.pieces.push(Piece { direction, time, length: bytes.len(), kept: head.len() });
    }

    /// Pieces kept.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.pieces.len()
    }

    /// Whether nothing is kept.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Pieces of one direction.
    #[must_use]
    pub fn of(&self, direction: Direction) -> usize {
        self.pieces.iter().filter(|piece| piece.direction == direction).count()
    }

    /// The pieces, in order.
    pub fn pieces(&self) -> impl Iterator<Item = Message<'_>> {
        let mut at = 0usize;
        self.pieces.iter().map(move |piece| {
            let from = at;
            at = at.saturating_add(piece.kept);
            let head = self.bytes.get(from..at).unwrap_or(&[]);
            Message { direction: piece.direction, time: piece.time, length: piece.length, head }
        })
    }
}
