//! Frames of events: writing one, reading one.

use super::event::{Context, Preamble, Tables};
use super::frame::{Frame, FrameKind, open, seal};
use super::record::{PREAMBLE, Records, append, inflate, value};
use super::{Class, MAX_FRAME_EVENTS, WireError, body};
use crate::{Event, Kind};
use std::fmt;

/// Bytes of records after which a frame is full. Larger frames compress little better and hold acknowledgements up.
const FULL_BYTES: usize = 128 << 10;
/// The level of full frames: what sends many events spends little on each.
const LEVEL: i32 = 6;
/// The level of frames up to [`SMALL_BYTES`]: they gain most by it, and who sends those has time.
const LEVEL_SMALL: i32 = 15;
/// Bytes of records up to which a frame is small.
const SMALL_BYTES: usize = FULL_BYTES / 2;

/// Why an event was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// The frame has no room: finish it and begin another.
    Frame,
    /// The event alone is over the limit of a record; it can never travel.
    Event,
}

/// Collects events of one class for a frame.
pub struct BatchWriter {
    class: Class,
    tables: Tables,
    records: Vec<u8>,
    count: u32,
    zstd: zstd::bulk::Compressor<'static>,
}

impl fmt::Debug for BatchWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchWriter").field("class", &self.class).field("count", &self.count).finish_non_exhaustive()
    }
}

impl BatchWriter {
    /// An empty batch. Takes about 1 MiB for the compressor; one is reused for all frames of a class.
    ///
    /// # Errors
    /// [`WireError::Compression`] when the compressor's memory cannot be had.
    pub fn new(class: Class) -> Result<Self, WireError> {
        let zstd = zstd::bulk::Compressor::new(LEVEL).map_err(|_| WireError::Compression)?;
        Ok(Self { class, tables: Tables::default(), records: Vec::new(), count: 0, zstd })
    }

    /// Events waiting.
    #[must_use]
    pub const fn len(&self) -> u32 {
        self.count
    }

    /// Whether none is.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether the frame should be finished now.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.records.len() >= FULL_BYTES || self.count >= MAX_FRAME_EVENTS
    }

    /// Takes an event.
    ///
    /// # Errors
    /// [`Full`]; the batch is as it was.
    pub fn push(&mut self, event: &Event) -> Result<(), Full> {
        if self.is_full() {
            return Err(Full::Frame);
        }
        let Some(head) = self.tables.head(event, self.count == 0) else {
            return Err(if self.count == 0 { Full::Event } else { Full::Frame });
        };
        if !body::append(&mut self.records, &head, &event.body, event.time) {
            return Err(Full::Event);
        }
        self.count += 1;
        Ok(())
    }

    /// Makes the frame, its first event numbered `first`, and empties the batch.
    ///
    /// # Errors
    /// [`WireError::Count`] for an empty batch; [`WireError::TooLong`] when it does not compress below the limit.
    pub fn finish(&mut self, first: u64) -> Result<Frame, WireError> {
        let mut all = Vec::with_capacity(self.records.len() + 1024);
        let preamble = append(&mut all, PREAMBLE, self.tables.preamble());
        all.extend_from_slice(&self.records);
        let count = std::mem::take(&mut self.count);
        self.tables = Tables::default();
        self.records.clear();
        if !preamble {
            return Err(WireError::Preamble);
        }
        let level = if all.len() <= SMALL_BYTES { LEVEL_SMALL } else { LEVEL };
        self.zstd.set_compression_level(level).map_err(|_| WireError::Compression)?;
        let body = self.zstd.compress(&all).map_err(|_| WireError::Compression)?;
        seal(FrameKind::Events, self.class, first, count, &body)
    }
}

/// What a frame held.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decoded {
    /// The events with their sequences, in order.
    pub events: Vec<(u64, Event)>,
    /// Records of kinds this release does not know.
    pub unknown: u32,
    /// Records of known kinds that could not be read.
    pub malformed: u32,
}

/// Reads event frames. Keeps the decompressor's memory between frames.
pub struct Decoder {
    zstd: zstd::bulk::Decompressor<'static>,
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder").finish_non_exhaustive()
    }
}

impl Decoder {
    /// A decoder.
    ///
    /// # Errors
    /// [`WireError::Compression`] when the decompressor's memory cannot be had.
    pub fn new() -> Result<Self, WireError> {
        zstd::bulk::Decompressor::new().map(|zstd| Self { zstd }).map_err(|_| WireError::Compression)
    }

    /// Reads one whole event frame.
    ///
    /// # Errors
    /// What is wrong with the frame as a whole; single bad records are counted instead.
    pub fn events(&mut self, frame: &[u8]) -> Result<Decoded, WireError> {
        let (header, body) = open(frame)?;
        if header.kind != FrameKind::Events {
            return Err(WireError::Kind(0));
        }
        let all = inflate(&mut self.zstd, body)?;
        let mut records = Records(&all);
        let (kind, payload) = records.next()?.ok_or(WireError::Preamble)?;
        let preamble = (kind == PREAMBLE).then(|| value::<Preamble>(payload)).flatten();
        let context = Context::new(preamble.ok_or(WireError::Preamble)?);
        // The smallest record takes three bytes, so the count cannot make us take more than the body did.
        let capacity = (header.count as usize).min(all.len() / 3);
        let mut out = Decoded { events: Vec::with_capacity(capacity), ..Decoded::default() };
        let mut seen = 0u32;
        while let Some((kind, payload)) = records.next()? {
            seen = seen.saturating_add(1);
            if seen > header.count {
                return Err(WireError::Records);
            }
            let sequence = header.first + u64::from(seen) - 1;
            match event(kind, payload, &context) {
                Ok(Some(event)) => out.events.push((sequence, event)),
                Ok(None) => out.unknown += 1,
                Err(()) => out.malformed += 1,
            }
        }
        if seen != header.count {
            return Err(WireError::Records);
        }
        Ok(out)
    }
}

fn event(kind: u16, payload: &[u8], context: &Context) -> Result<Option<Event>, ()> {
    let Some(kind) = Kind::ALL.get(usize::from(kind)).copied() else { return Ok(None) };
    let mut resolved = None;
    let body = body::read(kind, payload, |head| {
        let parts = context.resolve(head)?;
        let time = parts.0;
        resolved = Some(parts);
        Some(time)
    })?;
    Ok(body.zip(resolved).map(|(body, (time, source, vlan, flow, redacted))| Event {
        time,
        source,
        vlan,
        flow,
        redacted,
        body,
    }))
}
