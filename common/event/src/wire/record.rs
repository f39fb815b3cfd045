//! Records inside a body: `kind: u16, length: varint, payload`.

use super::{DECODE_LIMIT, MAX_BODY_BYTES, MAX_RECORD_BYTES, WireError};
use bincode::config::{Configuration, Limit, LittleEndian, Varint};
use bincode::{Decode, Encode};

const CONFIG: Configuration<LittleEndian, Varint, Limit<DECODE_LIMIT>> =
    bincode::config::standard().with_limit::<DECODE_LIMIT>();

/// Record kind of an event frame's preamble. Event kinds are the numbers of `Kind`, control kinds start at 0x200.
pub(super) const PREAMBLE: u16 = 0x100;

/// Appends a record; `false`, and nothing appended, when its payload is over the limit.
pub(super) fn append<T: Encode>(out: &mut Vec<u8>, kind: u16, value: &T) -> bool {
    let Ok(payload) = bincode::encode_to_vec(value, CONFIG) else { return false };
    if payload.len() > MAX_RECORD_BYTES {
        return false;
    }
    out.extend_from_slice(&kind.to_le_bytes());
    let mut length = payload.len();
    while length >= 0x80 {
        out.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
    out.extend_from_slice(&payload);
    true
}

/// Reads one payload; `None` when it is malformed or longer than its value.
pub(super) fn value<T: Decode<()>>(payload: &[u8]) -> Option<T> {
    let (value, used) = bincode::decode_from_slice(payload, CONFIG).ok()?;
    (used == payload.len()).then_some(value)
}

/// Walks the records of a body.
pub(super) struct Records<'a>(pub(super) &'a [u8]);

impl<'a> Records<'a> {
    /// The next record's kind and payload; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<(u16, &'a [u8])>, WireError> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let (kind, mut rest) = self.0.split_first_chunk::<2>().ok_or(WireError::Records)?;
        let mut length = 0usize;
        // Three bytes hold any length up to the limit; a longer form is refused.
        for shift in [0, 7, 14] {
            let (byte, after) = rest.split_first().ok_or(WireError::Records)?;
            rest = after;
            length |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
            if shift == 14 {
                return Err(WireError::Records);
            }
        }
        if length > MAX_RECORD_BYTES {
            return Err(WireError::Records);
        }
        let (payload, rest) = rest.split_at_checked(length).ok_or(WireError::Records)?;
        self.0 = rest;
        Ok(Some((u16::from_le_bytes(*kind), payload)))
    }
}

/// Decompresses a body. The size it claims is checked before the memory is taken, and is never exceeded.
pub(super) fn inflate(zstd: &mut zstd::bulk::Decompressor<'_>, body: &[u8]) -> Result<Vec<u8>, WireError> {
    let claimed = zstd::zstd_safe::get_frame_content_size(body).ok().flatten().ok_or(WireError::Compression)?;
    let size = usize::try_from(claimed).ok().filter(|size| *size <= MAX_BODY_BYTES).ok_or(WireError::Compression)?;
    // One frame and nothing behind it.
    if zstd::zstd_safe::find_frame_compressed_size(body) != Ok(body.len()) {
        return Err(WireError::Compression);
    }
    let mut out = Vec::with_capacity(size);
    let written = zstd.decompress_to_buffer(body, &mut out).map_err(|_| WireError::Compression)?;
    if written != size || out.len() != size {
        return Err(WireError::Compression);
    }
    Ok(out)
}
