//! Any bytes as a capture file: pcap, pcapng, both of them compressed, or nothing of the kind.

use picket_agent::capture::{FRAME_BYTES_MAX, FileSource, Filled, FrameBatch, FrameSource};
use std::io::Cursor;
use std::path::Path;

/// A small file can hold a great many packed bytes: no more batches than this are read of one.
const BATCHES_MAX: usize = 16;

/// Reads it to its end or its damage.
pub(super) fn run(data: &[u8]) {
    let Ok(mut source) = FileSource::over(Path::new("fuzz"), Box::new(Cursor::new(data.to_vec()))) else { return };
    let mut batch = FrameBatch::new();
    let mut frames = 0;
    for _ in 0..BATCHES_MAX {
        match source.fill(&mut batch) {
            Ok(Filled::Frames) => {
                assert!(!batch.is_empty(), "a batch of frames holds some");
                for frame in batch.frames() {
                    assert!(frame.bytes.len() <= FRAME_BYTES_MAX && frame.wire as usize >= frame.bytes.len());
                }
                frames += batch.frames().count() as u64;
                assert_eq!(frames, source.packets());
            }
            Ok(_) => return,
            // What is told of damage is one line for a person.
            Err(failure) => return assert!(!failure.to_string().contains('\n'), "{failure}"),
        }
    }
}
