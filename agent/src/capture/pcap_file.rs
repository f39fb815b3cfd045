//! pcap files: draft-ietf-opsawg-pcap, with nanoseconds, both byte orders, and the header that
//! A. Kuznetzov's patched tcpdump wrote.

use super::batch::{FRAME_BYTES_MAX, FrameMeta, narrow};
use super::record::{Damage, Step};
use picket_event::Timestamp;
use picket_reader::{Fault, Reader};

/// Bytes of the file header.
pub(super) const FILE_HEADER: usize = 24;
const RECORD_HEADER: usize = 16;
/// The patched header adds interface index, protocol and packet type.
const KUZNETZOV_EXTRA: usize = 8;

const MICROSECONDS: u32 = 0xa1b2_c3d4;
const NANOSECONDS: u32 = 0xa1b2_3c4d;
const KUZNETZOV: u32 = 0xa1b2_cd34;

/// How the records of one pcap file are read.
#[derive(Clone, Copy, Debug)]
pub(super) struct PcapFile {
    big_endian: bool,
    nanos_per_unit: i64,
    header: usize,
    link_type: u16,
    /// Versions before 2.3 wrote wire length before captured length; 2.3 did so at times.
    lengths: Lengths,
}

#[derive(Clone, Copy, Debug)]
#[allow(clippy::enum_variant_names, reason = "each names the length that comes first")]
enum Lengths {
    CapturedFirst,
    WireFirst,
    EitherFirst,
}

impl PcapFile {
    /// Whether a file that starts so is a pcap file.
    pub(super) fn recognises(magic: [u8; 4]) -> bool {
        [MICROSECONDS, NANOSECONDS, KUZNETZOV]
            .iter()
            .any(|known| magic == known.to_le_bytes() || magic == known.to_be_bytes())
    }

    /// Reads the file header.
    pub(super) fn open(bytes: &[u8]) -> Result<Self, Fault> {
        let mut r = Reader::new(bytes);
        let magic = r.array::<4>("magic")?;
        let big_endian = matches!(u32::from_be_bytes(magic), MICROSECONDS | NANOSECONDS | KUZNETZOV);
        let value = if big_endian { u32::from_be_bytes(magic) } else { u32::from_le_bytes(magic) };
        let mut rest = [0u32; 4];
        let (major, minor) = (half(&mut r, big_endian)?, half(&mut r, big_endian)?);
        for word in &mut rest {
            *word = if big_endian { r.u32("file header")? } else { r.u32_le("file header")? };
        }
        let lengths = match (major, minor) {
            (2, 3) => Lengths::EitherFirst,
            (2, 0..3) | (0 | 1, _) => Lengths::WireFirst,
            _ => Lengths::CapturedFirst,
        };
        let [_, _, _, network] = rest;
        Ok(Self {
            big_endian,
            nanos_per_unit: if value == NANOSECONDS { 1 } else { 1000 },
            header: if value == KUZNETZOV { RECORD_HEADER + KUZNETZOV_EXTRA } else { RECORD_HEADER },
            // The upper half states the length of a frame check sequence, which few writers set.
            link_type: (network & 0xffff) as u16,
            lengths,
        })
    }

    /// Reads the record at the start of `bytes`.
    #[inline]
    pub(super) fn step(&self, bytes: &[u8]) -> Step {
        let Some((head, _)) = bytes.split_first_chunk::<RECORD_HEADER>() else { return Step::Need(self.header) };
        let [a0, a1, a2, a3, b0, b1, b2, b3, c0, c1, c2, c3, d0, d1, d2, d3] = *head;
        let words = [[a0, a1, a2, a3], [b0, b1, b2, b3], [c0, c1, c2, c3], [d0, d1, d2, d3]];
        let [seconds, fraction, first, second] =
            words.map(|word| if self.big_endian { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) });
        let (captured, wire) = match self.lengths {
            Lengths::CapturedFirst => (first, second),
            Lengths::WireFirst => (second, first),
            Lengths::EitherFirst => (first.min(second), first.max(second)),
        };
        if captured as usize > FRAME_BYTES_MAX {
            return Step::Bad(Damage::PacketLength(captured));
        }
        let total = self.header.saturating_add(captured as usize);
        if bytes.len() < total {
            return Step::Need(total);
        }
        let time = i64::from(seconds) * 1_000_000_000 + i64::from(fraction) * self.nanos_per_unit;
        let meta = FrameMeta {
            time: Timestamp::from_nanos(time),
            start: narrow(self.header),
            captured,
            wire: wire.max(captured),
            link_type: self.link_type,
            interface: 0,
        };
        Step::Frame(meta, total)
    }
}

fn half(r: &mut Reader<'_>, big_endian: bool) -> Result<u16, Fault> {
    if big_endian { r.u16("version") } else { r.u16_le("version") }
}
