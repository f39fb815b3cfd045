//! One file: what programs see, what is on the platter, and what lies between.

use crate::random::Random;

/// Bytes that are written whole or not at all.
const SECTOR: usize = 512;

#[derive(Clone, Debug)]
enum Change {
    Write(u64, Vec<u8>),
    Cut(u64),
}

/// A file.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    /// What programs see.
    pub(super) now: Vec<u8>,
    /// What survives.
    kept: Vec<u8>,
    /// What was done since the last flush.
    changes: Vec<Change>,
}

fn write(to: &mut Vec<u8>, offset: u64, bytes: &[u8]) {
    let from = offset as usize;
    if to.len() < from + bytes.len() {
        to.resize(from + bytes.len(), 0);
    }
    to[from..from + bytes.len()].copy_from_slice(bytes);
}

fn apply(to: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Write(offset, bytes) => write(to, *offset, bytes),
        Change::Cut(length) => to.resize(*length as usize, 0),
    }
}

impl Node {
    pub(super) fn write(&mut self, offset: u64, bytes: &[u8]) {
        if !bytes.is_empty() {
            write(&mut self.now, offset, bytes);
            self.changes.push(Change::Write(offset, bytes.to_vec()));
        }
    }

    pub(super) fn cut(&mut self, length: u64) {
        self.now.resize(length as usize, 0);
        self.changes.push(Change::Cut(length));
    }

    pub(super) fn flush(&mut self) {
        // Not simply what programs see: what an earlier flush failed to write stays forgotten.
        for change in std::mem::take(&mut self.changes) {
            apply(&mut self.kept, &change);
        }
    }

    /// Some of what was to be flushed is, the rest is forgotten: programs go on seeing it, and no later flush writes it.
    pub(super) fn fail_to_flush(&mut self, random: &mut Random) {
        for change in std::mem::take(&mut self.changes) {
            self.perhaps(&change, random);
        }
    }

    pub(super) fn power_cut(&mut self, random: &mut Random) {
        self.fail_to_flush(random);
        self.now.clone_from(&self.kept);
    }

    /// Whole, not at all, or some of its sectors.
    fn perhaps(&mut self, change: &Change, random: &mut Random) {
        match (random.below(3), change) {
            (0, _) => {}
            (1, _) | (_, Change::Cut(_)) => apply(&mut self.kept, change),
            (_, Change::Write(offset, bytes)) => {
                let (mut at, mut place) = (0, *offset);
                while at < bytes.len() {
                    let most = SECTOR - (place as usize % SECTOR);
                    let end = (at + most).min(bytes.len());
                    if random.below(2) == 0 {
                        write(&mut self.kept, place, &bytes[at..end]);
                    }
                    place += (end - at) as u64;
                    at = end;
                }
            }
        }
    }

    pub(super) fn flip(&mut self, at: usize, random: &mut Random) -> bool {
        let bit = 1u8 << random.below(8);
        for bytes in [&mut self.now, &mut self.kept] {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= bit;
            }
        }
        at < self.now.len()
    }
}
