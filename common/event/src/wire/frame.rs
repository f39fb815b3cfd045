//! The fixed header of a frame.

use super::{HEADER_BYTES, MAX_FRAME_BYTES, MAX_FRAME_EVENTS, OLDEST_VERSION, VERSION, WireError};
use crate::{Event, Kind};

const MAGIC: [u8; 4] = *b"pkt1";

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKind {
    /// Numbered events.
    Events,
    /// A range of sequences that will never come.
    Gap,
    /// Control messages, not numbered.
    Control,
}

/// How much an event is worth when there is no room for all; the lowest goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Handshakes, names, operations.
    Detail,
    /// Flows, hosts, pairs, assets.
    Flow,
    /// Alerts, anomalies, ledgers, losses, and what the sensor judged to be bad.
    Alert,
}

impl Class {
    /// Every class, lowest first.
    pub const ALL: [Self; 3] = [Self::Detail, Self::Flow, Self::Alert];

    /// The class of an event.
    #[must_use]
    pub fn of(event: &Event) -> Self {
        match event.kind() {
            _ if event.is_urgent() => Self::Alert,
            Kind::Tls | Kind::Quic | Kind::Ssh | Kind::Dns | Kind::Http | Kind::Ics => Self::Detail,
            Kind::Flow | Kind::Host | Kind::Pair | Kind::Asset => Self::Flow,
            Kind::Anomaly | Kind::Alert | Kind::Stats | Kind::Loss => Self::Alert,
        }
    }

    /// 0 lowest.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Its name in file names and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Detail => "detail",
            Self::Flow => "flow",
            Self::Alert => "alert",
        }
    }
}

/// A frame's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What it holds.
    pub kind: FrameKind,
    /// The class of its events.
    pub class: Class,
    /// Bytes of the body.
    pub length: u32,
    /// Sequence of the first event, from 1; 0 for control frames.
    pub first: u64,
    /// Events, or sequences of the gap, or control messages; at least 1.
    pub count: u32,
}

impl Header {
    /// Sequence of the last event.
    #[must_use]
    pub const fn last(&self) -> u64 {
        self.first.saturating_add(self.count as u64).saturating_sub(1)
    }

    /// Bytes of the whole frame.
    #[must_use]
    pub const fn total(&self) -> usize {
        HEADER_BYTES + self.length as usize
    }

    fn prefix(&self) -> [u8; HEADER_BYTES - 4] {
        let kind = match self.kind {
            FrameKind::Events => 1,
            FrameKind::Gap => 2,
            FrameKind::Control => 3,
        };
        let mut out = [0u8; HEADER_BYTES - 4];
        let parts: [&[u8]; 6] = [
            &MAGIC,
            &[VERSION, kind],
            &(self.class as u16).to_le_bytes(),
            &self.length.to_le_bytes(),
            &self.first.to_le_bytes(),
            &self.count.to_le_bytes(),
        ];
        for (to, from) in out.iter_mut().zip(parts.into_iter().flatten()) {
            *to = *from;
        }
        out
    }

    /// Reads the header at the start of `bytes` and checks every limit that it alone can tell.
    ///
    /// # Errors
    /// What is wrong with it; [`WireError::Length`] when there are fewer bytes than a header.
    pub fn read(bytes: &[u8]) -> Result<Self, WireError> {
        let short = WireError::Length { claimed: HEADER_BYTES, present: bytes.len() };
        let (head, _) = bytes.split_first_chunk::<HEADER_BYTES>().ok_or(short)?;
        let [m0, m1, m2, m3, version, kind, f0, f1, l0, l1, l2, l3, first @ ..] = *head;
        let [s0, s1, s2, s3, s4, s5, s6, s7, c0, c1, c2, c3, _, _, _, _] = first;
        if [m0, m1, m2, m3] != MAGIC {
            return Err(WireError::Magic);
        }
        if !(OLDEST_VERSION..=VERSION).contains(&version) {
            return Err(WireError::Version(version));
        }
        let kind = match kind {
            1 => FrameKind::Events,
            2 => FrameKind::Gap,
            3 => FrameKind::Control,
            other => return Err(WireError::Kind(other)),
        };
        // The two lowest flags are the class; the others are for later releases, which must not need them.
        let class = match u16::from_le_bytes([f0, f1]) & 3 {
            0 => Class::Detail,
            1 => Class::Flow,
            _ => Class::Alert,
        };
        let header = Self {
            kind,
            class,
            length: u32::from_le_bytes([l0, l1, l2, l3]),
            first: u64::from_le_bytes([s0, s1, s2, s3, s4, s5, s6, s7]),
            count: u32::from_le_bytes([c0, c1, c2, c3]),
        };
        header.check()?;
        Ok(header)
    }

    fn check(&self) -> Result<(), WireError> {
        if self.total() > MAX_FRAME_BYTES || (self.kind == FrameKind::Gap && self.length != 0) {
            return Err(WireError::TooLong(self.length));
        }
        if self.count == 0 || (self.kind != FrameKind::Gap && self.count > MAX_FRAME_EVENTS) {
            return Err(WireError::Count(self.count));
        }
        // Sequences stay below 2^63, so that stores with signed integers hold them.
        let numbered =
            self.first >= 1 && self.first.checked_add(u64::from(self.count)).is_some_and(|end| end < 1 << 63);
        if numbered == (self.kind == FrameKind::Control) {
            return Err(WireError::Sequence(self.first));
        }
        Ok(())
    }
}

/// An encoded frame with its header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The header.
    pub header: Header,
    /// Header and body, as they travel.
    pub bytes: Vec<u8>,
}

/// Puts a header before a body.
pub(super) fn seal(kind: FrameKind, class: Class, first: u64, count: u32, body: &[u8]) -> Result<Frame, WireError> {
    let length = u32::try_from(body.len()).map_err(|_| WireError::TooLong(u32::MAX))?;
    let header = Header { kind, class, length, first, count };
    header.check()?;
    let prefix = header.prefix();
    let crc = crc32c::crc32c_append(crc32c::crc32c(&prefix), body);
    let mut bytes = Vec::with_capacity(header.total());
    bytes.extend_from_slice(&prefix);
    bytes.extend_from_slice(&crc.to_le_bytes());
    bytes.extend_from_slice(body);
    Ok(Frame { header, bytes })
}

/// A frame that says: the `count` sequences from `first` will never come.
///
/// # Errors
/// [`WireError::Count`] or [`WireError::Sequence`] when there is no such range.
pub fn encode_gap(first: u64, count: u32) -> Result<Frame, WireError> {
    seal(FrameKind::Gap, Class::Alert, first, count, &[])
}

/// Bytes of the frame that starts with `header_bytes`, after checking the limits: what a reader of a stream may
/// allocate for it.
///
/// # Errors
/// As [`Header::read`].
pub fn total_length(header_bytes: &[u8; HEADER_BYTES]) -> Result<usize, WireError> {
    Header::read(header_bytes).map(|header| header.total())
}

/// Checks header, length and check sum of exactly one frame; answers its header and body.
///
/// # Errors
/// What is wrong with it.
pub fn open(bytes: &[u8]) -> Result<(Header, &[u8]), WireError> {
    let header = Header::read(bytes)?;
    let wrong = WireError::Length { claimed: header.total(), present: bytes.len() };
    let (head, body) = bytes.split_at_checked(HEADER_BYTES).ok_or(wrong)?;
    if bytes.len() != header.total() {
        return Err(wrong);
    }
    let (prefix, crc) = head.split_last_chunk::<4>().ok_or(wrong)?;
    if crc32c::crc32c_append(crc32c::crc32c(prefix), body) != u32::from_le_bytes(*crc) {
        return Err(WireError::Checksum);
    }
    Ok((header, body))
}
