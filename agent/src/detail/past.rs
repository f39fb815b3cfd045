//! What this host saw lately: sealed blocks in memory, bounded in bytes and age.
//!
//! The key is made at the start of the agent and written nowhere, so that what a dump of the memory's pages or the swap
//! holds of old packets is of no use without it.

use super::block::Block;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use std::collections::VecDeque;
use std::time::Duration;

/// Blocks of the past, oldest first.
#[derive(Debug)]
pub struct Past {
    key: LessSafeKey,
    blocks: VecDeque<Sealed>,
    /// Numbers the blocks: each seals under a nonce of its own.
    next: u64,
    bytes: u64,
    most: u64,
    span: i64,
}

#[derive(Debug)]
struct Sealed {
    line: u16,
    last: i64,
    number: u64,
    bytes: Vec<u8>,
}

/// The nonce of the block, or piece, of this number. A key seals each number once.
pub(super) fn nonce(number: u64) -> Nonce {
    let [a, b, c, d, e, f, g, h] = number.to_le_bytes();
    Nonce::assume_unique_for_key([0, 0, 0, 0, a, b, c, d, e, f, g, h])
}

/// AES-256-GCM under this key.
pub(super) fn sealing(key: &[u8; 32]) -> std::io::Result<LessSafeKey> {
    UnboundKey::new(&AES_256_GCM, key).map(LessSafeKey::new).map_err(|_| std::io::Error::other("no sealing key"))
}

impl Past {
    /// An empty past of at most so many bytes, of packets at most this old.
    ///
    /// # Errors
    /// When the key cannot be used.
    pub fn new(key: &[u8; 32], most: u64, span: Duration) -> std::io::Result<Self> {
        let span = i64::try_from(span.as_nanos()).unwrap_or(i64::MAX);
        Ok(Self { key: sealing(key)?, blocks: VecDeque::new(), next: 0, bytes: 0, most, span })
    }

    /// Adds a block of an input, and forgets what is too old or has no room.
    pub fn push(&mut self, line: u16, block: &Block) {
        let mut bytes = Vec::with_capacity(block.bytes().len() + AES_256_GCM.tag_len());
        bytes.extend_from_slice(block.bytes());
        let (number, last) = (self.next, block.last());
        self.next += 1;
        // Fails for texts of 64 GiB alone.
        if self.key.seal_in_place_append_tag(nonce(number), Aad::empty(), &mut bytes).is_err() {
            return;
        }
        self.bytes += bytes.len() as u64;
        self.blocks.push_back(Sealed { line, last, number, bytes });
        self.forget(last);
    }

    /// Forgets what is too old at this time, or has no room.
    pub fn forget(&mut self, now: i64) {
        let oldest = now.saturating_sub(self.span);
        while let Some(first) = self.blocks.front() {
            if first.last >= oldest && self.bytes <= self.most {
                return;
            }
            self.bytes -= first.bytes.len() as u64;
            self.blocks.pop_front();
        }
    }

    /// The blocks that hold packets from this time on: number of the input, bytes as [`super::Packets`] reads them.
    pub fn since(&self, from: i64) -> impl Iterator<Item = (u16, Vec<u8>)> {
        self.blocks.iter().filter(move |block| block.last >= from).filter_map(|block| {
            let mut bytes = block.bytes.clone();
            let plain = self.key.open_in_place(nonce(block.number), Aad::empty(), &mut bytes).ok()?.len();
            bytes.truncate(plain);
            Some((block.line, bytes))
        })
    }

    /// Bytes in memory.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }
}
