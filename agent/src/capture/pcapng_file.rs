//! pcapng files: draft-ietf-opsawg-pcapng. Several sections, several interfaces, both byte orders.

use super::batch::{FRAME_BYTES_MAX, FrameMeta, narrow};
use super::record::{Damage, Step};
use picket_event::Timestamp;
use picket_reader::{Fault, Reader};

/// Type of the section header block; the same in both byte orders.
pub(super) const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;

const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;
/// A block that carries a packet, or describes a section or an interface, is no longer than this.
const BLOCK_BYTES_MAX: usize = FRAME_BYTES_MAX + 64 * 1024;
/// Interfaces of one section at most.
const INTERFACES_MAX: usize = 65_535;
/// Block type, length at the start, length at the end.
const ENVELOPE: usize = 12;

const OPTION_TIME_RESOLUTION: u16 = 9;
const OPTION_TIME_OFFSET: u16 = 14;

/// What is remembered of a pcapng file between blocks.
#[derive(Debug, Default)]
pub(super) struct PcapngFile {
    big_endian: bool,
    interfaces: Vec<Interface>,
    /// Simple packet blocks carry no time; they happened after what came before.
    last_time: Timestamp,
}

#[derive(Clone, Copy, Debug)]
struct Interface {
    link_type: u16,
    /// 0 means without limit.
    snap_length: u32,
    resolution: Resolution,
    offset_seconds: i64,
}

/// The unit of an interface's times.
#[derive(Clone, Copy, Debug)]
enum Resolution {
    /// 10 to the minus n seconds.
    Decimal(u8),
    /// 2 to the minus n seconds.
    Binary(u8),
}

impl Resolution {
    fn nanos(self, ticks: u64) -> i64 {
        let ticks = u128::from(ticks);
        let nanos = match self {
            Self::Decimal(digits @ 0..=9) => ticks.saturating_mul(10u128.pow(u32::from(9 - digits))),
            // A u64 has at most 20 digits, so what lies further right is below a nanosecond.
            Self::Decimal(digits) => ticks / 10u128.pow(u32::from(digits - 9).min(20)),
            Self::Binary(bits) => ticks.saturating_mul(1_000_000_000) >> u32::from(bits & 0x7f),
        };
        i64::try_from(nanos).unwrap_or(i64::MAX)
    }
}

impl PcapngFile {
    /// Reads the block at the start of `bytes`.
    #[inline]
    pub(super) fn step(&mut self, bytes: &[u8]) -> Step {
        self.block(bytes).unwrap_or_else(|stop| stop)
    }

    fn block(&mut self, bytes: &[u8]) -> Result<Step, Step> {
        let mut r = Reader::new(bytes);
        let kind = self.word(&mut r).map_err(|_| Step::Need(ENVELOPE))?;
        if kind == SECTION_HEADER {
            return self.section(bytes);
        }
        let claimed = self.word(&mut r).map_err(|_| Step::Need(ENVELOPE))?;
        let total = block_length(claimed)?;
        if !matches!(kind, INTERFACE | OBSOLETE_PACKET | SIMPLE_PACKET | ENHANCED_PACKET) {
            return Ok(if total <= bytes.len() { Step::Other(total) } else { Step::Skip(total as u64) });
        }
        let mut body = self.body(bytes, claimed, total)?;
        let too_short = |_: Fault| Step::Bad(Damage::BlockFields(kind));
        match kind {
            INTERFACE => {
                let interface = self.interface(&mut body).map_err(too_short)?;
                if self.interfaces.len() >= INTERFACES_MAX {
                    return Err(Step::Bad(Damage::Interfaces(INTERFACES_MAX)));
                }
                self.interfaces.push(interface);
                Ok(Step::Other(total))
            }
            SIMPLE_PACKET => self.simple(body, total).map_err(too_short)?,
            _ => self.packet(kind, body, total).map_err(too_short)?,
        }
    }

    /// A section header states the byte order of all that follows, up to the next one.
    fn section(&mut self, bytes: &[u8]) -> Result<Step, Step> {
        let mut r = Reader::new(bytes);
        let need = |_: Fault| Step::Need(ENVELOPE);
        r.skip(4, "block type").map_err(need)?;
        let length = r.array::<4>("block length").map_err(need)?;
        let order = r.u32("byte-order magic").map_err(need)?;
        self.big_endian = match order {
            BYTE_ORDER_MAGIC => true,
            _ if order.swap_bytes() == BYTE_ORDER_MAGIC => false,
            _ => return Err(Step::Bad(Damage::ByteOrder(order))),
        };
        let claimed = if self.big_endian { u32::from_be_bytes(length) } else { u32::from_le_bytes(length) };
        let total = block_length(claimed)?;
        let mut body = self.body(bytes, claimed, total)?;
        let too_short = |_: Fault| Step::Bad(Damage::BlockFields(SECTION_HEADER));
        self.word(&mut body).map_err(too_short)?;
        let major = self.half(&mut body).map_err(too_short)?;
        if major != 1 {
            return Err(Step::Bad(Damage::Version(major)));
        }
        self.interfaces.clear();
        Ok(Step::Other(total))
    }

    /// What stands between the two lengths of a block.
    fn body<'a>(&self, bytes: &'a [u8], claimed: u32, total: usize) -> Result<Reader<'a>, Step> {
        if total > BLOCK_BYTES_MAX {
            return Err(Step::Bad(Damage::BlockLength(claimed)));
        }
        let need = |_: Fault| Step::Need(total);
        let mut r = Reader::new(bytes).sub(total, "block").map_err(need)?;
        r.skip(8, "block head").map_err(need)?;
        let body = r.sub(total.saturating_sub(ENVELOPE), "block body").map_err(need)?;
        let at_end = self.word(&mut r).map_err(need)?;
        // Some writers leave the padding out of the length that they state.
        if at_end != claimed && at_end as usize != total {
            return Err(Step::Bad(Damage::BlockEnds(claimed, at_end)));
        }
        Ok(body)
    }

    fn interface(&self, r: &mut Reader<'_>) -> Result<Interface, Fault> {
        let link_type = self.half(r)?;
        self.half(r)?;
        let snap_length = self.word(r)?;
        let mut interface = Interface { link_type, snap_length, resolution: Resolution::Decimal(6), offset_seconds: 0 };
        while r.remaining() >= 4 {
            let (code, length) = (self.half(r)?, self.half(r)?);
            let mut value = r.sub(usize::from(length), "option")?;
            // Options are padded to four bytes; the last may lack its padding.
            let padding = usize::from(length.wrapping_neg() & 3);
            r.skip(padding.min(r.remaining()), "padding")?;
            match code {
                0 => break,
                OPTION_TIME_RESOLUTION => {
                    let byte = value.u8("if_tsresol")?;
                    let exponent = byte & 0x7f;
                    interface.resolution =
                        if byte & 0x80 == 0 { Resolution::Decimal(exponent) } else { Resolution::Binary(exponent) };
                }
                OPTION_TIME_OFFSET => {
                    let bytes = value.array::<8>("if_tsoffset")?;
                    interface.offset_seconds =
                        if self.big_endian { i64::from_be_bytes(bytes) } else { i64::from_le_bytes(bytes) };
                }
                _ => {}
            }
        }
        Ok(interface)
    }

    /// Enhanced and obsolete packet blocks differ in how they name the interface.
    fn packet(&mut self, kind: u32, mut r: Reader<'_>, total: usize) -> Result<Result<Step, Step>, Fault> {
        let id = if kind == ENHANCED_PACKET {
            self.word(&mut r)?
        } else {
            let id = self.half(&mut r)?;
            self.half(&mut r)?;
            u32::from(id)
        };
        let (high, low) = (self.word(&mut r)?, self.word(&mut r)?);
        let (captured, wire) = (self.word(&mut r)?, self.word(&mut r)?);
        if captured as usize > FRAME_BYTES_MAX {
            return Ok(Err(Step::Bad(Damage::PacketLength(captured))));
        }
        let start = 8usize.saturating_add(r.position());
        r.skip(captured as usize, "packet")?;
        let Some(interface) = self.interfaces.get(id as usize) else {
            return Ok(Err(Step::Bad(Damage::UnknownInterface(id))));
        };
        let ticks = u64::from(high) << 32 | u64::from(low);
        let since_epoch = interface.resolution.nanos(ticks);
        let time = since_epoch.saturating_add(interface.offset_seconds.saturating_mul(1_000_000_000));
        self.last_time = Timestamp::from_nanos(time);
        let meta = FrameMeta {
            time: self.last_time,
            start: narrow(start),
            captured,
            wire: wire.max(captured),
            link_type: interface.link_type,
            interface: u16::try_from(id).unwrap_or(u16::MAX),
        };
        Ok(Ok(Step::Frame(meta, total)))
    }

    /// Simple packet blocks belong to the first interface and are cut at its snap length.
    fn simple(&self, mut r: Reader<'_>, total: usize) -> Result<Result<Step, Step>, Fault> {
        let wire = self.word(&mut r)?;
        let Some(interface) = self.interfaces.first() else {
            return Ok(Err(Step::Bad(Damage::UnknownInterface(0))));
        };
        let limit = if interface.snap_length == 0 { u32::MAX } else { interface.snap_length };
        let captured = wire.min(limit).min(narrow(r.remaining()));
        if captured as usize > FRAME_BYTES_MAX {
            return Ok(Err(Step::Bad(Damage::PacketLength(captured))));
        }
        let meta = FrameMeta {
            time: self.last_time,
            start: narrow(8usize.saturating_add(r.position())),
            captured,
            wire,
            link_type: interface.link_type,
            interface: 0,
        };
        Ok(Ok(Step::Frame(meta, total)))
    }

    fn word(&self, r: &mut Reader<'_>) -> Result<u32, Fault> {
        if self.big_endian { r.u32("word") } else { r.u32_le("word") }
    }

    fn half(&self, r: &mut Reader<'_>) -> Result<u16, Fault> {
        if self.big_endian { r.u16("half") } else { r.u16_le("half") }
    }
}

/// The bytes a block takes; lengths that leave the padding out are rounded up to it.
fn block_length(claimed: u32) -> Result<usize, Step> {
    let total = (claimed as usize).saturating_add(3) & !3;
    if total < ENVELOPE { Err(Step::Bad(Damage::BlockLength(claimed))) } else { Ok(total) }
}
