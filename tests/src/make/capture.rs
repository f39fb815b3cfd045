//! Frames in order of time, and the file they make.

use std::path::Path;

/// Frames with their times. Written in order of time, frames of one time in order of making.
#[derive(Clone, Debug, Default)]
pub struct Capture {
    frames: Vec<(i64, Vec<u8>)>,
}

impl Capture {
    /// Adds a frame at a time (nanoseconds since 1970).
    pub fn push(&mut self, time_ns: i64, frame: Vec<u8>) {
        self.frames.push((time_ns, frame));
    }

    /// How many frames there are.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.frames.len()
    }

    /// The frames with their times, in order of time.
    #[must_use]
    pub fn sorted(&self) -> Vec<&(i64, Vec<u8>)> {
        let mut sorted: Vec<_> = self.frames.iter().collect();
        sorted.sort_by_key(|(time, _)| *time);
        sorted
    }

    /// The frames in the order in which they were made.
    pub fn in_order(&self) -> impl Iterator<Item = &[u8]> {
        self.frames.iter().map(|(_, frame)| frame.as_slice())
    }

    /// Puts another capture's frames among these.
    pub fn merge(&mut self, other: Self) {
        self.frames.extend(other.frames);
    }

    /// The bytes of a classic pcap file: little-endian, nanoseconds, Ethernet.
    #[must_use]
    pub fn to_pcap(&self) -> Vec<u8> {
        let mut file = Vec::new();
        for word in [0xa1b2_3c4d_u32, 0x0004_0002, 0, 0, 262_144, 1] {
            file.extend(word.to_le_bytes());
        }
        for (time, frame) in self.sorted() {
            let seconds = u32::try_from(time.div_euclid(1_000_000_000)).unwrap_or(0);
            let nanos = u32::try_from(time.rem_euclid(1_000_000_000)).unwrap_or(0);
            let length = u32::try_from(frame.len()).unwrap_or(u32::MAX);
            for word in [seconds, nanos, length, length] {
                file.extend(word.to_le_bytes());
            }
            file.extend(frame);
        }
        file
    }

    /// Writes the pcap file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> std::io::Result<()> {
        std::fs::write(path, self.to_pcap())
    }
}
