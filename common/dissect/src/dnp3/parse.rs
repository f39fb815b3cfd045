//! Link frames, transport segments and application fragments (IEEE 1815-2012 clauses 9, 8 and 4).

use crate::checksum;
use picket_reader::{Fault, Reader};

/// The header of a link frame with its checksum.
pub(crate) const HEAD: usize = 10;
/// Data bytes between two checksums.
const BLOCK: usize = 16;

/// The header of a link frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    /// The sender is a master.
    pub(crate) from_master: bool,
    /// It carries data of the transport.
    pub(crate) data: bool,
    pub(crate) dest: u16,
    pub(crate) src: u16,
}

/// The length of the frame at the start, its header's checksum verified.
///
/// # Errors
/// [`Fault::Incomplete`] below [`HEAD`] bytes; [`Fault::Malformed`] where no frame begins so.
pub(crate) fn length(bytes: &[u8]) -> Result<usize, Fault> {
    let mut r = Reader::new(bytes);
    if r.u8("start")? != 0x05 || r.u8("start")? != 0x64 {
        return Err(Fault::Malformed("dnp3: no start of a frame"));
    }
    let data = usize::from(r.u8("length")?).checked_sub(5).ok_or(Fault::Malformed("dnp3: length out of range"))?;
    r.skip(5, "control and addresses")?;
    let sum = r.u16_le("checksum")?;
    if bytes.get(..8).map(checksum::dnp) != Some(sum) {
        return Err(Fault::Malformed("dnp3: checksum of a header"));
    }
    Ok(HEAD + data + 2 * data.div_ceil(BLOCK))
}

/// Reads a whole frame's header.
///
/// # Errors
/// [`Fault`] where it is cut.
pub(crate) fn link(bytes: &[u8]) -> Result<Link, Fault> {
    let mut r = Reader::new(bytes);
    r.skip(3, "start and length")?;
    let control = r.u8("control")?;
    let (dest, src) = (r.u16_le("destination")?, r.u16_le("source")?);
    // Primary frames with confirmed or unconfirmed user data.
    let data = matches!(control & 0x4f, 0x43 | 0x44) && bytes.len() > HEAD;
    Ok(Link { from_master: control & 0x80 != 0, data, dest, src })
}

/// The function of the fragment that begins in a frame, where one does and it is no confirmation.
pub(crate) fn function(bytes: &[u8], link: &Link) -> Option<u8> {
    match bytes.get(HEAD..)? {
        [transport, _, function, ..] if link.data && transport & 0x40 != 0 && *function != 0 => Some(*function),
        _ => None,
    }
}

/// Takes the data of a whole frame out of its blocks.
///
/// # Errors
/// [`Fault::Malformed`] where a checksum does not fit.
pub(crate) fn data(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
    out.clear();
    for block in bytes.get(HEAD..).unwrap_or_default().chunks(BLOCK + 2) {
        let mut r = Reader::new(block);
        let data = r.take(block.len().saturating_sub(2), "block")?;
        if checksum::dnp(data) != r.u16_le("checksum")? {
            return Err(Fault::Malformed("dnp3: checksum of a block"));
        }
        out.extend_from_slice(data);
    }
    Ok(())
}

/// An application fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fragment<'a> {
    /// It begins an answer, and does not go on with one.
    pub(crate) first: bool,
    pub(crate) sequence: u8,
    pub(crate) function: u8,
    /// Internal indications; 0 in requests.
    pub(crate) indications: [u8; 2],
    pub(crate) objects: &'a [u8],
}

/// Reads a fragment.
///
/// # Errors
/// [`Fault`] where it is cut.
pub(crate) fn fragment(bytes: &[u8]) -> Result<Fragment<'_>, Fault> {
    let mut r = Reader::new(bytes);
    let (control, function) = (r.u8("application control")?, r.u8("function")?);
    let indications = if function > 128 { r.array("internal indications")? } else { [0; 2] };
    let (first, sequence) = (control & 0x80 != 0, control & 0x0f);
    Ok(Fragment { first, sequence, function, indications, objects: r.rest() })
}

/// The first object header of a fragment, with what is cheap to know of its objects.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Objects {
    pub(crate) group: u8,
    pub(crate) variation: u8,
    pub(crate) range: Option<(u32, u32)>,
    pub(crate) value: Option<f64>,
}

/// Reads the first object header.
///
/// # Errors
/// [`Fault`] where it is cut.
pub(crate) fn objects(r: &mut Reader<'_>) -> Result<Objects, Fault> {
    let (group, variation, qualifier) = (r.u8("group")?, r.u8("variation")?, r.u8("qualifier")?);
    let mut found = Objects { group, variation, ..Objects::default() };
    match qualifier {
        0x00 => found.range = Some((u32::from(r.u8("start")?), u32::from(r.u8("stop")?))),
        0x01 => found.range = Some((u32::from(r.u16_le("start")?), u32::from(r.u16_le("stop")?))),
        0x02 => found.range = Some((r.u32_le("start")?, r.u32_le("stop")?)),
        0x17 => {
            let count = u32::from(r.u8("count")?);
            indexed(*r, count, |r| r.u8("index").map(u32::from), &mut found)?;
        }
        0x28 => {
            let count = u32::from(r.u16_le("count")?);
            indexed(*r, count, |r| r.u16_le("index").map(u32::from), &mut found)?;
        }
        _ => {}
    }
    Ok(found)
}

/// Objects that each stand behind their index: of commands all, of others the first.
fn indexed(
    mut r: Reader<'_>,
    count: u32,
    index: fn(&mut Reader<'_>) -> Result<u32, Fault>,
    found: &mut Objects,
) -> Result<(), Fault> {
    let size = command(found.group, found.variation);
    for number in 0..if size.is_some() { count } else { count.min(1) } {
        let at = index(&mut r)?;
        let (low, high) = found.range.unwrap_or((at, at));
        found.range = Some((low.min(at), high.max(at)));
        let Some(size) = size else { break };
        let object = r.take(size, "command")?;
        found.value = if number == 0 { value(found.group, found.variation, object) } else { None };
    }
    Ok(())
}

/// The size of a command object: control blocks and set-points.
const fn command(group: u8, variation: u8) -> Option<usize> {
    match (group, variation) {
        (12, 1) => Some(11),
        (41, 1 | 3) => Some(5),
        (41, 2) => Some(3),
        (41, 4) => Some(9),
        _ => None,
    }
}

/// The code of a control block, the value of a set-point.
fn value(group: u8, variation: u8, object: &[u8]) -> Option<f64> {
    let mut r = Reader::new(object);
    let value = match (group, variation) {
        (12, 1) => f64::from(r.u8("control code").ok()?),
        (41, 1) => f64::from(r.u32_le("value").ok()? as i32),
        (41, 2) => f64::from(r.u16_le("value").ok()? as i16),
        (41, 3) => f64::from(f32::from_bits(r.u32_le("value").ok()?)),
        (41, 4) => f64::from_bits(r.u64_le("value").ok()?),
        _ => return None,
    };
    Some(value).filter(|value| value.is_finite())
}

/// Device attributes that are texts: variation and bytes (annex A.1).
pub(crate) fn attributes(objects: &[u8]) -> Vec<(u8, &[u8])> {
    const LIST_MAX: usize = 8;
    let mut found = Vec::new();
    let mut r = Reader::new(objects);
    while found.len() < LIST_MAX {
        let Ok(head) = self::objects(&mut r) else { break };
        if head.group != 0 || head.range.is_none_or(|(first, last)| first != last) {
            break;
        }
        let (Ok(kind), Ok(mut text)) = (r.u8("type"), r.vec8("text")) else { break };
        if kind == 1 {
            found.push((head.variation, text.rest()));
        }
    }
    found
}
