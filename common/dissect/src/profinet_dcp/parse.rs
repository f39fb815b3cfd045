//! Frames and blocks (IEC 61158-6-10, "DCP-PDU").

use super::table;
use crate::teller;
use picket_event::body::Asset;
use picket_reader::{Fault, Reader};

/// Blocks that are looked at; a frame has room for a few hundred empty ones.
const BLOCKS_MAX: usize = 64;

/// The start of a frame, with its blocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head<'a> {
    pub(crate) frame_id: u16,
    pub(crate) service: u8,
    pub(crate) kind: u8,
    pub(crate) blocks: Reader<'a>,
}

/// Reads the start of a frame; padding behind the blocks is left.
///
/// # Errors
/// [`Fault::Incomplete`] where the frame is cut.
pub(crate) fn head(bytes: &[u8]) -> Result<Head<'_>, Fault> {
    let mut r = Reader::new(bytes);
    let (frame_id, service, kind) = (r.u16("frame id")?, r.u8("service")?, r.u8("service kind")?);
    r.skip(6, "transaction and delay")?;
    Ok(Head { frame_id, service, kind, blocks: r.vec16("blocks")? })
}

/// One block: its option and what stands in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Block<'a> {
    pub(crate) option: (u8, u8),
    pub(crate) value: &'a [u8],
}

/// The blocks of a frame. Asking frames name options: for Get that is all they hold.
///
/// # Errors
/// [`Fault`] where a block reaches behind the end.
pub(crate) fn blocks<'a>(head: &Head<'a>) -> Result<Vec<Block<'a>>, Fault> {
    let mut r = head.blocks;
    let mut found = Vec::new();
    while !r.is_empty() && found.len() < BLOCKS_MAX {
        let option = (r.u8("option")?, r.u8("suboption")?);
        let mut value: &[u8] = &[];
        if !(u32::from(head.service) == 3 && head.kind == 0) {
            let length = usize::from(r.u16("block length")?);
            value = r.take(length, "block")?;
            // Blocks begin at even places; the last needs no padding.
            if length & 1 == 1 && !r.is_empty() {
                r.skip(1, "padding")?;
            }
        }
        found.push(Block { option, value });
    }
    Ok(found)
}

/// What the blocks of an answer or an announcement tell of the device. Each begins with two bytes about itself.
pub(crate) fn told(blocks: &[Block<'_>], asset: &mut Asset) {
    for block in blocks {
        let value = block.value.get(2..).unwrap_or(&[]);
        match block.option {
            (1, 2 | 3) => {
                if let Some(octets) = value.first_chunk::<4>() {
                    asset.ip = Some((*octets).into()).filter(|ip| teller::is_host(*ip));
                }
            }
            (2, 1) => asset.model = teller::text(value),
            (2, 2) => asset.hostname = teller::name(value),
            (2, 3) => identity(value, asset),
            (2, 4) => roles(value.first().copied().unwrap_or(0), asset),
            (2, 6) => asset.names.extend(teller::name(value)),
            _ => {}
        }
    }
}

fn identity(value: &[u8], asset: &mut Asset) {
    let mut r = Reader::new(value);
    if let (Ok(vendor), Ok(device)) = (r.u16("vendor"), r.u16("device")) {
        asset.vendor = Some(table::vendor(vendor));
        let number = format!("device 0x{device:04x}");
        asset.model = Some(asset.model.take().map_or_else(|| number.clone(), |model| format!("{model} ({number})")));
    }
}

fn roles(bits: u8, asset: &mut Asset) {
    for (bit, role) in table::ROLES.iter().filter(|(bit, _)| bits & bit != 0) {
        asset.roles.push((*role).to_owned());
        asset.purdue_level = asset.purdue_level.or(if *bit == 8 { None } else { Some(1) });
    }
}
