//! A capture file as a source of frames.
//!
//! Bytes are read in large pieces straight into the batch's buffer and the frames are noted where they
//! lie: apart from what straddles two batches, nothing is copied.

use super::batch::{BATCH_FRAMES, FrameBatch, file_source, narrow};
use super::input::Input;
use super::pcap_file::{FILE_HEADER, PcapFile};
use super::pcapng_file::{PcapngFile, SECTION_HEADER};
use super::record::{Damage, Step};
use super::{CaptureError, Filled, FrameSource, foreign};
use picket_event::Source;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Reads one capture file, pcap or pcapng, plain or compressed.
pub struct FileSource {
    path: PathBuf,
    source: Source,
    input: Input,
    format: Format,
    /// Bytes of a record that the last batch held in part.
    carry: Vec<u8>,
    /// Offset of the first byte of `carry`, or of the next byte to be read.
    offset: u64,
    /// Bytes to be stepped over before the next record.
    skip: u64,
    /// Packets given so far.
    packets: u64,
    ended: bool,
    /// What stopped the reading, told once the frames before it are out.
    failure: Option<CaptureError>,
}

enum Format {
    /// Not known before the first bytes are there.
    Undecided,
    Pcap(PcapFile),
    Pcapng(PcapngFile),
}

/// Where parsing of a buffer stopped.
enum Stop {
    /// The batch is full, or the bytes are used up.
    Paused,
    /// A record needs this many bytes in all.
    Need(usize),
    /// This many bytes are to be stepped over.
    Skip(u64),
    Bad(Damage),
}

impl FileSource {
    /// Opens a capture file; `-` is standard input.
    ///
    /// # Errors
    /// [`CaptureError::Open`] when the file cannot be opened. What the file holds is judged by `fill`.
    pub fn open(path: &Path) -> Result<Self, CaptureError> {
        Self::of(path, Input::open(path))
    }

    /// Reads a capture from anything that gives its bytes; messages call it `path`.
    ///
    /// # Errors
    /// [`CaptureError::Open`] when the first bytes cannot be read.
    pub fn over(path: &Path, bytes: Box<dyn Read + Send>) -> Result<Self, CaptureError> {
        Self::of(path, Input::over(bytes))
    }

    /// Reads standard input until `stop` is set, which also ends waiting for more of it.
    ///
    /// # Errors
    /// As [`FileSource::open`].
    pub fn until(path: &Path, stop: &Arc<AtomicBool>) -> Result<Self, CaptureError> {
        Self::of(path, Input::until(path, stop))
    }

    fn of(path: &Path, input: std::io::Result<Input>) -> Result<Self, CaptureError> {
        let input = input.map_err(|error| CaptureError::Open { path: path.to_owned(), error })?;
        Ok(Self {
            path: path.to_owned(),
            source: file_source(path),
            input,
            format: Format::Undecided,
            carry: Vec::new(),
            offset: 0,
            skip: 0,
            packets: 0,
            ended: false,
            failure: None,
        })
    }

    /// Packets given so far.
    #[must_use]
    pub const fn packets(&self) -> u64 {
        self.packets
    }

    /// Decompressed bytes read so far.
    #[must_use]
    pub const fn bytes_read(&self) -> u64 {
        self.input.offset
    }

    /// Whether bytes may come slowly, so that events should not wait for more of them.
    #[must_use]
    pub const fn is_interactive(&self) -> bool {
        self.input.interactive
    }

    /// Reads more bytes behind those in use; whether the input is at its end.
    fn read(&mut self, batch: &mut FrameBatch, room: usize) -> bool {
        let place = batch.spare(room);
        let (count, result) = self.input.read(place);
        batch.advance(count);
        if let Err(error) = result {
            let coding = self.input.coding.map_or(String::new(), |coding| format!("{coding}: "));
            let error = std::io::Error::new(error.kind(), format!("{coding}{error}"));
            self.failure = Some(CaptureError::Io { path: self.path.clone(), offset: self.input.offset, error });
            return true;
        }
        count == 0
    }

    /// Notes the complete records at `at` and behind.
    fn parse(&mut self, batch: &mut FrameBatch, at: &mut usize) -> Stop {
        match &mut self.format {
            Format::Pcap(pcap) => {
                // A copy, which nothing that is written can change: it stays in registers.
                let pcap = *pcap;
                walk(batch, at, |rest| pcap.step(rest))
            }
            Format::Pcapng(pcapng) => walk(batch, at, |rest| pcapng.step(rest)),
            Format::Undecided => Stop::Paused,
        }
    }

    /// Tells the format by the first bytes; how many bytes belong to the file's header.
    fn decide(&mut self, bytes: &[u8]) -> Result<usize, CaptureError> {
        let Some((magic, _)) = bytes.split_first_chunk::<4>() else {
            return Err(CaptureError::Short { path: self.path.clone(), length: bytes.len() });
        };
        if u32::from_be_bytes(*magic) == SECTION_HEADER {
            self.format = Format::Pcapng(PcapngFile::default());
            return Ok(0);
        }
        if !PcapFile::recognises(*magic) {
            return Err(CaptureError::Foreign { path: self.path.clone(), starts: foreign::describe(bytes) });
        }
        let header = PcapFile::open(bytes).map_err(|_| {
            let end = bytes.len();
            self.damaged(0, format!("cut at byte {end} inside the file header of {FILE_HEADER} bytes"))
        })?;
        self.format = Format::Pcap(header);
        Ok(FILE_HEADER)
    }

    /// Nothing more is read; the reason is told once the frames before it are out.
    fn fail(&mut self, failure: CaptureError) {
        self.failure.get_or_insert(failure);
        self.ended = true;
    }

    fn damaged(&self, at: usize, reason: String) -> CaptureError {
        CaptureError::Format { path: self.path.clone(), offset: self.offset.saturating_add(at as u64), reason }
    }

    /// The file ended inside a packet.
    fn cut(&self, at: usize, have: usize, total: usize, packet: u64) -> CaptureError {
        let end = self.offset.saturating_add(at as u64).saturating_add(have as u64);
        self.damaged(at, format!("cut at byte {end} inside packet {packet}: {have} of {total} bytes"))
    }

    /// Fills an emptied batch; afterwards it holds frames, or the input is at its end.
    fn collect(&mut self, batch: &mut FrameBatch) {
        batch.load(&self.carry);
        self.carry.clear();
        let mut wanted: usize = 1;
        loop {
            let missing = wanted.saturating_sub(batch.bytes());
            let at_end = batch.room().max(missing) > 0 && self.read(batch, missing);
            match self.digest(batch, at_end) {
                Some(needed) => wanted = needed,
                None => return,
            }
        }
    }

    /// Turns the bytes in use into frames; how many bytes are needed in all before there can be one.
    fn digest(&mut self, batch: &mut FrameBatch, at_end: bool) -> Option<usize> {
        let mut at = 0;
        if matches!(self.format, Format::Undecided) {
            if !at_end && batch.bytes() < FILE_HEADER {
                return Some(FILE_HEADER);
            }
            match self.decide(batch.used()) {
                Ok(header) => at = header,
                Err(failure) => {
                    self.fail(failure);
                    return None;
                }
            }
        }
        at += self.step_over(batch.bytes());
        let stop = self.parse(batch, &mut at);
        let have = batch.bytes().saturating_sub(at);
        let packet = self.packets.saturating_add(batch.len() as u64).saturating_add(1);
        let mut wanted = 1;
        match stop {
            Stop::Bad(damage) => {
                self.fail(self.damaged(at, format!("packet {packet}: {damage}")));
                return None;
            }
            Stop::Need(total) if at_end => {
                self.fail(self.cut(at, have, total, packet));
                return None;
            }
            Stop::Need(total) => wanted = total,
            Stop::Skip(total) => {
                self.skip = total;
                at += self.step_over(have);
            }
            Stop::Paused => {}
        }
        if at_end && at == batch.bytes() {
            match self.skip {
                0 => self.ended = true,
                missing => self.fail(self.damaged(at, format!("cut inside a block: {missing} bytes are missing"))),
            }
        }
        if batch.is_empty() {
            batch.discard(at);
        } else {
            self.carry.extend_from_slice(batch.used().get(at..).unwrap_or_default());
        }
        self.offset = self.offset.saturating_add(at as u64);
        (batch.is_empty() && !self.ended).then_some(wanted)
    }

    /// How many of `have` bytes are of no interest.
    fn step_over(&mut self, have: usize) -> usize {
        let now = usize::try_from(self.skip).unwrap_or(usize::MAX).min(have);
        self.skip = self.skip.saturating_sub(now as u64);
        now
    }
}

/// Goes from record to record, from `at` on, as far as they are complete and the batch takes frames.
fn walk(batch: &mut FrameBatch, at: &mut usize, mut step: impl FnMut(&[u8]) -> Step) -> Stop {
    let (bytes, frames) = batch.parts();
    while frames.len() < BATCH_FRAMES {
        let rest = bytes.get(*at..).unwrap_or_default();
        if rest.is_empty() {
            break;
        }
        match step(rest) {
            Step::Frame(mut meta, total) => {
                meta.start = meta.start.saturating_add(narrow(*at));
                frames.push(meta);
                *at += total;
            }
            Step::Other(total) => *at += total,
            Step::Skip(total) => return Stop::Skip(total),
            Step::Need(total) => return Stop::Need(total),
            Step::Bad(damage) => return Stop::Bad(damage),
        }
    }
    Stop::Paused
}

impl FrameSource for FileSource {
    fn source(&self) -> &Source {
        &self.source
    }

    fn fill(&mut self, batch: &mut FrameBatch) -> Result<Filled, CaptureError> {
        batch.clear();
        batch.set_source(&self.source);
        if !self.ended {
            self.collect(batch);
        }
        self.packets = self.packets.saturating_add(batch.len() as u64);
        if !batch.is_empty() {
            return Ok(Filled::Frames);
        }
        match self.failure.take() {
            Some(failure) => Err(failure),
            None => Ok(Filled::End),
        }
    }
}
