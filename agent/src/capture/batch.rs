//! A recycled, owned buffer of many frames: what travels between capture and the sensor's workers.

use picket_event::{Source, Timestamp};
use std::sync::Arc;

/// Bytes a batch asks its source for at a time. Small enough to stay in a core's cache.
pub const BATCH_BYTES: usize = 128 * 1024;
/// Frames of one batch at most.
pub const BATCH_FRAMES: usize = 4096;
/// Longest frame accepted, bytes: the largest that libpcap itself writes (`MAXIMUM_SNAPLEN`).
pub const FRAME_BYTES_MAX: usize = 256 * 1024;

/// What is known of a frame besides its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameMeta {
    /// Capture time.
    pub time: Timestamp,
    /// Where the frame starts in the batch's buffer.
    pub(super) start: u32,
    /// Bytes captured.
    pub(super) captured: u32,
    /// Bytes on the wire, at least 0; may exceed what was captured.
    pub wire: u32,
    /// Link type, a LINKTYPE_ number.
    pub link_type: u16,
    /// The interface's index within its input (pcapng numbers them; 0 elsewhere).
    pub interface: u16,
}

/// One frame, borrowed from its batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Capture time.
    pub time: Timestamp,
    /// Link type, a LINKTYPE_ number.
    pub link_type: u16,
    /// The interface's index within its input.
    pub interface: u16,
    /// Bytes on the wire; may exceed `bytes.len()`.
    pub wire: u32,
    /// The bytes captured, link header first.
    pub bytes: &'a [u8],
}

impl<'a> Frame<'a> {
    /// The frame as the sensor takes it.
    #[must_use]
    #[inline]
    pub const fn packet(&self) -> picket_packet::Frame<'a> {
        picket_packet::Frame {
            time_ns: self.time.nanos(),
            link_type: self.link_type,
            wire_len: picket_packet::WireLen(self.wire),
            data: self.bytes,
        }
    }
}

/// Many frames of one input, in capture order.
///
/// The buffer is kept when the batch is cleared, so that a batch which goes round costs no allocation.
#[derive(Debug)]
pub struct FrameBatch {
    /// Always initialised to its full length; `len` bytes are in use.
    buffer: Vec<u8>,
    len: usize,
    frames: Vec<FrameMeta>,
    source: Source,
}

impl Default for FrameBatch {
    fn default() -> Self {
        Self::new()
    }
}

impl FrameBatch {
    /// An empty batch with its buffers allocated.
    #[must_use]
    pub fn new() -> Self {
        Self { buffer: vec![0; BATCH_BYTES], len: 0, frames: Vec::with_capacity(BATCH_FRAMES), source: Source::Agent }
    }

    /// Empties the batch and keeps its memory.
    pub fn clear(&mut self) {
        self.len = 0;
        self.frames.clear();
    }

    /// Where the frames came from.
    #[must_use]
    pub const fn source(&self) -> &Source {
        &self.source
    }

    /// States where the frames come from.
    pub fn set_source(&mut self, source: &Source) {
        if self.source != *source {
            self.source = source.clone();
        }
    }

    /// Frames held.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.frames.len()
    }

    /// Whether no frame is held.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Bytes in use.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.len
    }

    /// Whether another frame of any length should wait for the next batch.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.frames.len() >= BATCH_FRAMES || self.len >= BATCH_BYTES
    }

    /// The frame at `index`, where there is one.
    #[must_use]
    #[inline]
    pub fn get(&self, index: usize) -> Option<Frame<'_>> {
        self.frames.get(index).and_then(|meta| self.view(meta))
    }

    /// The frames in capture order.
    #[inline]
    pub fn frames(&self) -> impl Iterator<Item = Frame<'_>> + '_ {
        self.frames.iter().filter_map(|meta| self.view(meta))
    }

    /// The frame at a place, counted from 0.
    #[inline]
    pub(crate) fn frame(&self, place: u32) -> Option<Frame<'_>> {
        self.view(self.frames.get(place as usize)?)
    }

    /// Copies a frame in. Bytes past [`FRAME_BYTES_MAX`] are cut off; `wire` keeps the true length.
    pub fn push(&mut self, time: Timestamp, link_type: u16, interface: u16, wire: u32, bytes: &[u8]) {
        let bytes = bytes.get(..FRAME_BYTES_MAX).unwrap_or(bytes);
        let start = self.len;
        let end = start.saturating_add(bytes.len());
        if self.buffer.len() < end {
            self.buffer.resize(end, 0);
        }
        if let Some(place) = self.buffer.get_mut(start..end) {
            place.copy_from_slice(bytes);
        }
        self.len = end;
        self.frames.push(FrameMeta {
            time,
            start: narrow(start),
            captured: narrow(bytes.len()),
            wire,
            link_type,
            interface,
        });
    }

    /// Copies a live frame in that lies in several pieces, as [`FrameBatch::push`] does with one.
    #[inline]
    pub(super) fn push_parts(&mut self, time: Timestamp, link_type: u16, wire: u32, parts: [&[u8]; 3]) {
        let start = self.len;
        let end = start.saturating_add(parts.iter().map(|part| part.len()).sum::<usize>().min(FRAME_BYTES_MAX));
        if self.buffer.len() < end {
            self.buffer.resize(end, 0);
        }
        let mut free = self.buffer.get_mut(start..end).unwrap_or_default();
        for part in parts {
            let (place, rest) = free.split_at_mut(part.len().min(free.len()));
            place.copy_from_slice(part.get(..place.len()).unwrap_or_default());
            free = rest;
        }
        self.len = end;
        let (start, captured) = (narrow(start), narrow(end.saturating_sub(start)));
        self.frames.push(FrameMeta { time, start, captured, wire, link_type, interface: 0 });
    }

    /// Where bytes of one of its frames lie in the batch; `None` where they are not the batch's.
    #[inline]
    pub(crate) fn place_of(&self, part: &[u8]) -> Option<u32> {
        let start = part.as_ptr().addr().checked_sub(self.buffer.as_ptr().addr())?;
        (start.checked_add(part.len())? <= self.len).then(|| narrow(start))
    }

    /// The bytes at a place that [`FrameBatch::place_of`] named.
    #[inline]
    pub(crate) fn part(&self, start: u32, length: u32) -> &[u8] {
        let start = start as usize;
        self.buffer.get(start..start.saturating_add(length as usize)).unwrap_or_default()
    }

    /// The buffer's free part, to read into; at least `room` bytes long.
    pub(super) fn spare(&mut self, room: usize) -> &mut [u8] {
        let end = self.len.saturating_add(room);
        if self.buffer.len() < end {
            self.buffer.resize(end, 0);
        }
        self.buffer.get_mut(self.len..).unwrap_or_default()
    }

    /// Bytes free without growing.
    pub(super) const fn room(&self) -> usize {
        self.buffer.len().saturating_sub(self.len)
    }

    /// Takes `count` bytes of the free part, just read, into use.
    pub(super) fn advance(&mut self, count: usize) {
        self.len = self.len.saturating_add(count).min(self.buffer.len());
    }

    /// The bytes in use.
    pub(super) fn used(&self) -> &[u8] {
        self.buffer.get(..self.len).unwrap_or_default()
    }

    /// Puts bytes at the start of an empty batch, to be parsed with what is read behind them.
    pub(super) fn load(&mut self, bytes: &[u8]) {
        self.len = 0;
        if let Some(place) = self.spare(bytes.len()).get_mut(..bytes.len()) {
            place.copy_from_slice(bytes);
            self.len = bytes.len();
        }
    }

    /// Drops the first `count` bytes of a batch that holds no frames.
    pub(super) fn discard(&mut self, count: usize) {
        let count = count.min(self.len);
        self.buffer.copy_within(count..self.len, 0);
        self.len -= count;
    }

    /// Where frames are noted whose bytes already lie in the buffer.
    pub(super) fn parts(&mut self) -> (&[u8], &mut Vec<FrameMeta>) {
        (self.buffer.get(..self.len).unwrap_or_default(), &mut self.frames)
    }

    #[inline]
    fn view(&self, meta: &FrameMeta) -> Option<Frame<'_>> {
        let start = meta.start as usize;
        let bytes = self.buffer.get(start..start.saturating_add(meta.captured as usize))?;
        Some(Frame { time: meta.time, link_type: meta.link_type, interface: meta.interface, wire: meta.wire, bytes })
    }
}

/// Offsets within a batch are far below 4 GiB: its buffer is bounded by a batch and one frame.
pub(super) fn narrow(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// The name an event carries for a capture file: its base name.
#[must_use]
pub fn file_source(path: &std::path::Path) -> Source {
    let name = path.file_name().map_or_else(|| path.to_string_lossy(), |name| name.to_string_lossy());
    Source::File(Arc::from(name.as_ref()))
}
