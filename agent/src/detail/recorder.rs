//! What stands beside a sensor: copies every frame once, and passes full blocks on.

use super::block::Block;
use picket_packet::Frame;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// Blocks that may wait for the keeper, of all inputs.
const WAITING: usize = 32;
/// A block is passed on after so long, full or not.
const OLD: Duration = Duration::from_millis(500);

/// A block on its way.
#[derive(Debug)]
pub struct Passed {
    /// The input's number.
    pub line: u16,
    /// Its packets.
    pub block: Block,
}

/// Packets that were not kept because the keeper lagged behind.
pub type Missed = Arc<AtomicU64>;

/// The way from recorders to the keeper.
#[must_use]
pub fn channel() -> (SyncSender<Passed>, Receiver<Passed>) {
    sync_channel(WAITING)
}

/// Copies frames of one input.
#[derive(Debug)]
pub struct Recorder {
    line: u16,
    block: Block,
    begun: Instant,
    blocks: SyncSender<Passed>,
    spare: Receiver<Block>,
    missed: Missed,
}

impl Recorder {
    /// For the input of this number; empty blocks come back through `spare`.
    #[must_use]
    pub fn new(line: u16, blocks: SyncSender<Passed>, spare: Receiver<Block>, missed: Missed) -> Self {
        Self { line, block: Block::default(), begun: Instant::now(), blocks, spare, missed }
    }

    /// Copies a frame.
    #[inline]
    pub fn frame(&mut self, frame: &Frame<'_>) {
        self.block.push(frame);
        if self.block.is_full() {
            self.pass();
        }
    }

    /// To be called now and then: a block that is not full does not wait for ever.
    pub fn turn(&mut self) {
        if self.begun.elapsed() >= OLD && !self.block.is_empty() {
            self.pass();
        }
    }

    fn pass(&mut self) {
        self.begun = Instant::now();
        let spare = self.spare.try_recv().unwrap_or_default();
        let full = Passed { line: self.line, block: std::mem::replace(&mut self.block, spare) };
        if let Err(error) = self.blocks.try_send(full) {
            use std::sync::mpsc::TrySendError::{Disconnected, Full};
            let (Full(Passed { block, .. }) | Disconnected(Passed { block, .. })) = error;
            self.missed.fetch_add(block.packets(), Ordering::Relaxed);
            self.block = block;
            self.block.clear();
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if !self.block.is_empty() {
            self.pass();
        }
    }
}
