//! Frames with a time, a link type and an interface, from files and from the wire.
//!
//! A [`FrameSource`] fills [`FrameBatch`]es; the pipeline recycles them. Files are read by total
//! readers of our own, without C; live interfaces through a ring shared with the kernel, or libpcap.

mod batch;
mod device;
mod error;
mod file;
mod foreign;
mod input;
mod inputs;
#[cfg(feature = "libpcap")]
mod library;
mod live;
mod opener;
mod own;
mod pcap_file;
mod pcapng_file;
mod record;
mod ring;
mod taker;
#[cfg(test)]
mod tests;

pub use batch::{BATCH_BYTES, BATCH_FRAMES, FRAME_BYTES_MAX, Frame, FrameBatch, FrameMeta, file_source};
pub use device::{default_route_interface, interface_names};
pub use error::CaptureError;
pub use file::FileSource;
pub use input::STDIN;
pub use inputs::{Given, Inputs};
pub use live::LiveSource;
pub use opener::{Backend, LiveOptions, Opener, drop_capabilities, serve as serve_opener};
pub use own::{OwnTraffic, OwnTransport};

use picket_event::{Ledger, Source};

/// What a [`FrameSource::fill`] gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filled {
    /// The batch holds at least one frame.
    Frames,
    /// Nothing came within the source's waiting time; the batch is empty. Never given by files.
    Idle,
    /// The input is at its end; the batch is empty. Further calls say the same.
    End,
}

/// One input: a capture file or a live interface.
pub trait FrameSource: Send {
    /// The name its events carry.
    fn source(&self) -> &Source;

    /// Whether frames arrive as they happen, so that time passes without them.
    fn is_live(&self) -> bool {
        false
    }

    /// Clears `batch` and fills it with the next frames.
    ///
    /// Files answer at once; live sources wait up to about 100 ms.
    ///
    /// # Errors
    /// [`CaptureError`] when the input cannot be read further. Frames before the damage were given by
    /// earlier calls, and later calls answer [`Filled::End`].
    fn fill(&mut self, batch: &mut FrameBatch) -> Result<Filled, CaptureError>;

    /// Adds what only the source knows (kernel and interface drops, own traffic) to the books, as
    /// totals since the start.
    fn account(&mut self, _ledger: &mut Ledger) {}
}
