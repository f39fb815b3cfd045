//! Frames of the serial line over TCP or UDP (MODBUS over Serial Line 1.02 section 2.5.1): unit, function, data, checksum.
//!
//! Nothing says how long a frame is: that follows from its function and direction, and the checksum proves it.

use super::parse::{self, Fit, Frame};
use super::session;
use super::table::{self, MEI_DEVICE_ID, UMAS};
use crate::{Context, Head, Input, Need, Output, Probe, Progress, Session};
use picket_event::{Direction, Transport, Unit};
use picket_reader::{Fault, Reader};

/// The shortest frame: unit, function and checksum.
const LEAST: usize = 4;
/// The longest frame.
const MOST: usize = 256;
/// Damaged places in a row after which it is something else.
const DAMAGE_LIMIT: u8 = 8;
/// Bytes without a frame after which it is something else.
const PASSED_LIMIT: usize = 4096;
/// Frames of one direction that are looked at.
const FRAMES: usize = 6;

/// The checksum: polynomial 0x8005 reflected, start 0xffff.
fn crc(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xffff, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte), |crc: u16, _| if crc & 1 == 1 { crc >> 1 ^ 0xa001 } else { crc >> 1 })
    })
}

/// How long a frame of this direction is.
fn length(bytes: &[u8], direction: Direction) -> Result<usize, Fault> {
    let mut r = Reader::new(bytes);
    r.skip(1, "unit")?;
    let function = r.u8("function")?;
    if function & 0x80 != 0 {
        return Ok(5);
    }
    let asks = direction == Direction::ToServer;
    let counted = |mut r: Reader<'_>, at: usize, fixed: usize| {
        r.skip(at, "fields")?;
        Ok(fixed.saturating_add(usize::from(r.u8("count of bytes")?)))
    };
    Ok(match (function, asks) {
        (1..=4, true) | (5 | 6 | 8, _) | (15 | 16, false) | (11, false) => 8,
        (1..=4 | 12 | 17 | 20 | 23, false) | (20 | 21, true) | (21, false) => counted(r, 0, 5)?,
        (7 | 11 | 12 | 17, true) => LEAST,
        (7, false) => 5,
        (15 | 16, true) => counted(r, 4, 9)?,
        (22, _) => 10,
        (23, true) => counted(r, 8, 13)?,
        (24, true) => 6,
        (24, false) => usize::from(r.u16("count of bytes")?).saturating_add(6),
        (43, true) => 7,
        (43, false) => device_id(r)?,
        // Its inside has no length: it is alone.
        (UMAS, _) => bytes.len().max(LEAST + 2),
        _ => return Err(Fault::Malformed("modbus rtu: function")),
    })
}

/// The length of an answer to Read Device Identification.
fn device_id(mut r: Reader<'_>) -> Result<usize, Fault> {
    if r.u8("mei type")? != MEI_DEVICE_ID {
        return Err(Fault::Malformed("modbus rtu: mei type"));
    }
    r.skip(4, "code, conformity, more follows, next object")?;
    for _ in 0..r.u8("number of objects")? {
        r.skip(1, "object id")?;
        r.vec8("object")?;
    }
    Ok(r.position().saturating_add(2))
}

/// The frame at the start of `bytes`, and its length.
///
/// # Errors
/// [`Fault::Incomplete`] while it is cut, [`Fault::Malformed`] where length and checksum do not prove it.
fn frame(bytes: &[u8], direction: Direction) -> Result<(Frame<'_>, usize), Fault> {
    let total = length(bytes, direction)?;
    if total > MOST {
        return Err(Fault::Malformed("modbus rtu: length"));
    }
    let mut r = Reader::new(bytes);
    let body = r.take(total.saturating_sub(2), "frame")?;
    if r.u16_le("checksum")? != crc(body) {
        return Err(Fault::Malformed("modbus rtu: checksum"));
    }
    let mut r = Reader::new(body);
    let (unit, function) = (r.u8("unit")?, r.u8("function")?);
    Ok((Frame { transaction: 0, unit, function, data: r.rest() }, total))
}

/// Whether what is inside of a frame fits its function.
fn fits(frame: &Frame<'_>, direction: Direction) -> bool {
    if frame.function & 0x80 != 0 {
        return direction == Direction::ToClient && matches!(frame.data, [1..=11]);
    }
    let (fit, _) = match direction {
        Direction::ToServer => parse::request(frame.function, frame.data),
        Direction::ToClient => parse::response(frame.function, frame.data),
    };
    fit > Fit::Wrong && !table::function(frame.function).name.is_empty()
}

/// The session: that of Modbus with other frames.
#[derive(Debug, Default)]
pub(super) struct Rtu {
    inner: session::Modbus,
    lost: [bool; 2],
    known: bool,
    damaged: u8,
    /// Bytes passed over in search of a frame.
    passed: usize,
}

impl Session for Rtu {
    fn feed(&mut self, direction: Direction, input: Input<'_>, context: &Context, output: &mut Output) -> Progress {
        match input {
            Input::Stream(bytes) => self.stream(direction, bytes, context, output),
            Input::Datagram(bytes) => self.datagram(direction, bytes, context, output),
            Input::Gap(_) => {
                self.lose(direction, true);
                Progress { consumed: 0, need: Need::Bytes(LEAST) }
            }
            Input::End => Progress { consumed: 0, need: Need::Nothing },
        }
    }
}

impl Rtu {
    fn lose(&mut self, direction: Direction, lost: bool) {
        if let Some(flag) = self.lost.get_mut(direction.index()) {
            *flag = lost;
        }
    }

    fn stream(&mut self, direction: Direction, bytes: &[u8], context: &Context, output: &mut Output) -> Progress {
        let mut at = 0usize;
        loop {
            let rest = bytes.get(at..).unwrap_or(&[]);
            if self.lost.get(direction.index()).copied().unwrap_or(false) {
                let (skip, found) = resynchronise(rest, direction);
                at = at.saturating_add(skip);
                if !found {
                    self.passed = self.passed.saturating_add(skip);
                    let left = bytes.len().saturating_sub(at);
                    let need =
                        if self.passed > PASSED_LIMIT { Need::NotMine } else { Need::Bytes(left.saturating_add(8)) };
                    return Progress { consumed: at, need };
                }
                self.lose(direction, false);
                continue;
            }
            match frame(rest, direction) {
                Ok((frame, total)) => {
                    (self.known, self.damaged, self.passed) = (true, 0, 0);
                    at = at.saturating_add(total);
                    self.inner.message(direction, &frame, context, output);
                }
                Err(Fault::Incomplete { .. }) => {
                    let need = length(rest, direction).unwrap_or(LEAST).min(MOST).max(rest.len().saturating_add(1));
                    return Progress { consumed: at, need: Need::Bytes(need) };
                }
                Err(Fault::Malformed(reason)) => {
                    self.damaged = self.damaged.saturating_add(1);
                    if !self.known || self.damaged > DAMAGE_LIMIT {
                        return Progress { consumed: at, need: Need::NotMine };
                    }
                    output.malformed.push(reason);
                    self.lose(direction, true);
                    at = at.saturating_add(1);
                }
            }
        }
    }

    fn datagram(&mut self, direction: Direction, bytes: &[u8], context: &Context, output: &mut Output) -> Progress {
        let need = Need::Bytes(LEAST);
        match frame(bytes, direction) {
            Ok((frame, total)) if total == bytes.len() => {
                self.known = true;
                self.inner.message(direction, &frame, context, output);
            }
            _ if !self.known => return Progress { consumed: bytes.len(), need: Need::NotMine },
            _ => output.malformed.push("modbus rtu: datagram"),
        }
        Progress { consumed: bytes.len(), need }
    }
}

/// How far to the next frame that is proved, and whether there is one. What is kept is no longer than a frame.
fn resynchronise(bytes: &[u8], direction: Direction) -> (usize, bool) {
    for at in 0..bytes.len() {
        let proved = frame(bytes.get(at..).unwrap_or(&[]), direction);
        if proved.is_ok_and(|(frame, _)| fits(&frame, direction)) {
            return (at, true);
        }
    }
    (bytes.len().saturating_sub(MOST - 1), false)
}

/// Frames of one direction's beginning; none where something is no frame.
fn count(bytes: &[u8], direction: Direction, stream: bool) -> Option<usize> {
    let (mut rest, mut frames) = (bytes, 0);
    while !rest.is_empty() && frames < FRAMES {
        match frame(rest, direction) {
            Ok((frame, total)) if fits(&frame, direction) => {
                frames += 1;
                rest = rest.get(total..).unwrap_or(&[]);
            }
            Err(Fault::Incomplete { .. }) if stream => break,
            _ => return None,
        }
    }
    Some(frames)
}

/// Whether the second's first frame cannot be the answer to the first's, though either could be asked and said: then it
/// is what was asked next, and the first an answer. The writes of one coil or register and of a mask are answered by
/// themselves, the others by their own unit and function (MODBUS Application Protocol 1.1b3 section 6).
fn goes_on(a: &[u8], b: &[u8]) -> bool {
    let (Ok((a, _)), Ok((b, _))) = (frame(a, Direction::ToServer), frame(b, Direction::ToClient)) else { return false };
    (a.unit, a.function) != (b.unit, b.function) || (matches!(a.function, 5 | 6 | 22) && a.data != b.data)
}

/// Told by its checksums: one frame could be chance, two or an answer are not.
pub(super) fn probe(head: &Head<'_>) -> Probe {
    let stream = head.transport == Transport::TCP;
    let seen = |to_server: &[u8], to_client: &[u8]| {
        Some((count(to_server, Direction::ToServer, stream)?, count(to_client, Direction::ToClient, stream)?))
    };
    let straight = seen(head.to_server, head.to_client);
    let crossed = seen(head.to_client, head.to_server);
    let sum = |seen: Option<(usize, usize)>| seen.map_or(0, |(a, b)| a + b);
    let either = straight.is_some() && sum(crossed) == sum(straight);
    let reversed = sum(crossed) > sum(straight) || (either && goes_on(head.to_server, head.to_client));
    match (straight.or(crossed), sum(straight).max(sum(crossed))) {
        (None, _) => Probe::No,
        (_, 0) => Probe::More,
        (_, 1) => Probe::Yes { confidence: Unit::new(0.6), reversed },
        _ => Probe::Yes { confidence: Unit::new(0.97), reversed },
    }
}
