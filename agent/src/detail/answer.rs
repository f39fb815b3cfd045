//! An answer on disk: a stream of bytes in sealed pieces, until the collector has them all.
//!
//! Each piece is `length: u32, nonce: 12, sealed bytes`, length that of the sealed bytes. A piece that a crash left torn is cut
//! off at the next start. The key stands in the record of the request beside; both go when the request is over.

use super::past::sealing;
use picket_event::wire::MAX_PART_BYTES;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce};
use ring::rand::{SecureRandom, SystemRandom};
use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

const HEAD: usize = 16;

/// The bytes of an answer.
#[derive(Debug)]
pub struct Answer {
    file: File,
    key: LessSafeKey,
    pieces: Vec<Piece>,
    /// Not sealed yet.
    tail: Vec<u8>,
    /// Bytes sealed and synced.
    durable: u64,
    /// Bytes of the file.
    end: u64,
}

#[derive(Clone, Copy, Debug)]
struct Piece {
    at: u64,
    sealed: u32,
    offset: u64,
}

impl Answer {
    /// Opens or makes the file. What is torn at its end is cut off.
    ///
    /// # Errors
    /// The system's.
    pub fn open(path: &Path, key: &[u8; 32]) -> io::Result<Self> {
        let mut options = File::options();
        let file = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
        let (pieces, tail) = (Vec::new(), Vec::new());
        let mut answer = Self { file, key: sealing(key)?, pieces, tail, durable: 0, end: 0 };
        let length = answer.file.metadata()?.len();
        while answer.end < length {
            let Some(piece) = answer.next_piece(length)? else { break };
            let Ok(plain) = answer.opened(piece) else { break };
            answer.durable += plain.len() as u64;
            answer.end += (HEAD as u64) + u64::from(piece.sealed);
            answer.pieces.push(piece);
        }
        answer.file.set_len(answer.end)?;
        Ok(answer)
    }

    fn next_piece(&self, length: u64) -> io::Result<Option<Piece>> {
        let mut head = [0u8; 4];
        if length - self.end < HEAD as u64 {
            return Ok(None);
        }
        self.file.read_exact_at(&mut head, self.end)?;
        let sealed = u32::from_le_bytes(head);
        let fits = sealed as usize <= MAX_PART_BYTES + AES_256_GCM.tag_len()
            && self.end + HEAD as u64 + u64::from(sealed) <= length;
        Ok(fits.then_some(Piece { at: self.end, sealed, offset: self.durable }))
    }

    fn opened(&self, piece: Piece) -> io::Result<Vec<u8>> {
        let mut nonce = [0u8; 12];
        self.file.read_exact_at(&mut nonce, piece.at + 4)?;
        let mut bytes = vec![0u8; piece.sealed as usize];
        self.file.read_exact_at(&mut bytes, piece.at + HEAD as u64)?;
        let altered = |_| io::Error::new(io::ErrorKind::InvalidData, "a piece of the answer was altered");
        let nonce = Nonce::assume_unique_for_key(nonce);
        let plain = self.key.open_in_place(nonce, Aad::empty(), &mut bytes).map_err(altered)?.len();
        bytes.truncate(plain);
        Ok(bytes)
    }

    /// Bytes so far, those in memory with them.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.durable + self.tail.len() as u64
    }

    /// Bytes that may be sent.
    #[must_use]
    pub const fn durable(&self) -> u64 {
        self.durable
    }

    /// Appends bytes; they may be sent after the next [`Answer::sync`].
    pub fn append(&mut self, bytes: &[u8]) {
        self.tail.extend_from_slice(bytes);
    }

    /// Seals and writes what was appended, and waits for the disk.
    ///
    /// # Errors
    /// The system's; what could not be written is tried again with the next call.
    pub fn sync(&mut self) -> io::Result<()> {
        if self.tail.is_empty() {
            return Ok(());
        }
        let mut out = Vec::with_capacity(self.tail.len() + 1024);
        let mut pieces = Vec::new();
        let mut offset = self.durable;
        for part in self.tail.chunks(MAX_PART_BYTES) {
            let mut nonce = [0u8; 12];
            SystemRandom::new().fill(&mut nonce).map_err(|_| io::Error::other("no random bytes"))?;
            let mut bytes = part.to_vec();
            let sealed =
                self.key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut bytes);
            sealed.map_err(|_| io::Error::other("a piece could not be sealed"))?;
            let sealed = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
            pieces.push(Piece { at: self.end + out.len() as u64, sealed, offset });
            out.write_all(&sealed.to_le_bytes())?;
            out.write_all(&nonce)?;
            out.write_all(&bytes)?;
            offset += part.len() as u64;
        }
        self.file.write_all_at(&out, self.end)?;
        self.file.sync_data()?;
        self.end += out.len() as u64;
        self.pieces.append(&mut pieces);
        self.durable = offset;
        self.tail.clear();
        Ok(())
    }

    /// The bytes from `offset` to the end of their piece; empty at the end.
    ///
    /// # Errors
    /// The system's, or that a piece was altered.
    pub fn part(&self, offset: u64) -> io::Result<Vec<u8>> {
        let after = self.pieces.partition_point(|piece| piece.offset <= offset);
        let Some(piece) = after.checked_sub(1).and_then(|index| self.pieces.get(index)) else { return Ok(Vec::new()) };
        let mut bytes = self.opened(*piece)?;
        let inside = usize::try_from(offset - piece.offset).unwrap_or(usize::MAX).min(bytes.len());
        bytes.drain(..inside);
        Ok(bytes)
    }
}
