//! Reading a segment after a restart: good frames are kept, a bad one is stepped over, a torn tail is cut.
//!
//! A segment is a file header of 16 bytes (`pktspool`, version, class, both little-endian) and frames one after
//! the other.

use super::machine::Stored;
use picket_event::wire::{Class, FrameKind, Header, open};

/// Bytes before the first frame.
pub const FILE_HEADER_BYTES: usize = 16;
const MAGIC: &[u8; 8] = b"pktspool";
const VERSION: u32 = 1;

/// What a segment holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scan {
    /// The good frames.
    pub frames: Vec<Stored>,
    /// Bytes up to the end of the last record; what follows is a torn tail.
    pub length: u64,
    /// Stretches of bytes that were no good frame, the torn tail not counted.
    pub bad: u32,
    /// What altered frames at the end say they hold: first and last sequence. Those before the end are told by what follows.
    pub claims: Vec<(u64, u64)>,
}

/// Why a file is not one of our segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Foreign {
    /// It starts with something else.
    #[error("it is no segment")]
    Magic,
    /// Another release wrote it.
    #[error("another release wrote it, format {0}")]
    Version(u32),
}

/// The header of a new segment file.
#[must_use]
pub fn file_header(class: Class) -> [u8; FILE_HEADER_BYTES] {
    let mut out = [0u8; FILE_HEADER_BYTES];
    let parts: [&[u8]; 3] = [MAGIC, &VERSION.to_le_bytes(), &(class.index() as u32).to_le_bytes()];
    for (to, from) in out.iter_mut().zip(parts.into_iter().flatten()) {
        *to = *from;
    }
    out
}

/// Walks a whole segment. Cost is linear: a bad stretch is searched for the next frame's first bytes only.
///
/// # Errors
/// [`Foreign`] when the file is not ours; an empty or shorter file than a header is a torn one, and no error.
pub fn scan(segment: u64, bytes: &[u8]) -> Result<Scan, Foreign> {
    let mut out = Scan { frames: Vec::new(), length: FILE_HEADER_BYTES as u64, bad: 0, claims: Vec::new() };
    let Some((header, _)) = bytes.split_first_chunk::<FILE_HEADER_BYTES>() else {
        out.length = 0;
        return if MAGIC.starts_with(bytes.get(..8).unwrap_or(bytes)) { Ok(out) } else { Err(Foreign::Magic) };
    };
    let [m @ .., v0, v1, v2, v3, _, _, _, _] = header;
    if m != MAGIC {
        return Err(Foreign::Magic);
    }
    let version = u32::from_le_bytes([*v0, *v1, *v2, *v3]);
    if version != VERSION {
        return Err(Foreign::Version(version));
    }
    let mut at = FILE_HEADER_BYTES;
    let mut in_bad = false;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        match good(rest) {
            Some(header) => {
                let (offset, length) = (at as u64, header.total() as u32);
                out.frames.push(Stored { first: header.first, count: header.count, segment, offset, length });
                at += header.total();
                out.length = at as u64;
                out.bad += u32::from(in_bad);
                in_bad = false;
            }
            None => {
                in_bad = true;
                at += next_magic(rest);
            }
        }
    }
    // A stretch at the end is a torn tail when it is shorter than what it claims to be; a whole frame whose check
    // sum differs was altered, and must be told.
    let mut tail = bytes.get(out.length as usize..).unwrap_or_default();
    while let Ok(header) = Header::read(tail)
        && let Some(rest) = tail.get(header.total()..)
    {
        out.bad += 1;
        out.claims.push((header.first, header.last()));
        tail = rest;
    }
    Ok(out)
}

fn good(rest: &[u8]) -> Option<Header> {
    let header = Header::read(rest).ok().filter(|header| header.kind == FrameKind::Events)?;
    open(rest.get(..header.total())?).ok().map(|(header, _)| header)
}

/// Bytes to the next place where a frame may begin.
fn next_magic(rest: &[u8]) -> usize {
    let tail = rest.get(1..).unwrap_or_default();
    tail.windows(4).position(|window| window == b"pkt1").map_or(rest.len(), |found| found + 1)
}
