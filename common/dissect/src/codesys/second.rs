//! CODESYS V2: blocks with a magic number and a length, of which the identification is known (Digital Bond's
//! codesys-v2-discover for nmap). Other services are told by their number.

use super::table::{SECOND_IDENTIFY, Second, second};
use picket_event::Direction;
use picket_reader::{Fault, Reader};

/// First bytes of a block.
const MAGIC: u16 = 0xbbbb;
/// Magic and length.
pub(super) const HEAD: usize = 6;
/// The longest block.
const BLOCK_MAX: u32 = 60_000;
/// Where the texts of an identification stand, behind the header, and how long each may be.
const TEXTS: usize = 58;
const TEXT: usize = 32;

/// A block at the start of `bytes`: its length, and what it carries as far as it is in view.
///
/// # Errors
/// [`Fault`] where its header is cut or none.
pub(super) fn block(bytes: &[u8]) -> Result<(usize, &[u8]), Fault> {
    let mut r = Reader::new(bytes);
    let (magic, length) = (r.u16("magic")?, r.u32_le("length")?);
    if magic != MAGIC || !(1..=BLOCK_MAX).contains(&length) {
        return Err(Fault::Malformed("codesys v2: block"));
    }
    let total = usize::try_from(length).unwrap_or(0).saturating_add(HEAD);
    Ok((total, bytes.get(HEAD..total.min(bytes.len())).unwrap_or(&[])))
}

/// How sure a direction's beginning is; none where it is something else.
///
/// # Errors
/// [`Fault::Incomplete`] while it is too short to tell.
pub(super) fn judge(bytes: &[u8]) -> Result<Option<f32>, Fault> {
    let (mut rest, mut whole) = (bytes, 0u32);
    while !rest.is_empty() {
        match block(rest) {
            Ok((total, _)) => {
                whole += u32::from(total <= rest.len());
                rest = rest.get(total..).unwrap_or(&[]);
            }
            Err(Fault::Incomplete { .. }) if whole > 0 => break,
            Err(Fault::Incomplete { field, missing }) => return Err(Fault::Incomplete { field, missing }),
            Err(Fault::Malformed(_)) => return Ok(None),
        }
    }
    Ok(Some(if whole > 0 { 0.97 } else { 0.85 }))
}

/// What was asked last: answers name no service.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asked(Option<u8>);

impl Asked {
    /// The service that a block belongs to.
    pub(super) fn service(&mut self, direction: Direction, inside: &[u8]) -> Second {
        match direction {
            Direction::ToServer => {
                self.0 = inside.first().copied();
                second(self.0)
            }
            Direction::ToClient => second(self.0.take()),
        }
    }
}

/// What an identification tells: the product, and the system it runs on.
pub(super) fn identity(service: &Second, inside: &[u8]) -> Option<(String, Option<String>)> {
    if service.code != SECOND_IDENTIFY {
        return None;
    }
    let mut r = Reader::new(inside);
    r.skip(TEXTS, "numbers").ok()?;
    let [system, kind, product] = [text(&mut r)?, text(&mut r)?, text(&mut r)?];
    let system = format!("{system} {kind}").trim().to_owned();
    (!product.is_empty()).then_some((product, (!system.is_empty()).then_some(system)))
}

fn text(r: &mut Reader<'_>) -> Option<String> {
    let bytes = r.take(TEXT.min(r.remaining()), "text").ok()?;
    let text = bytes.split(|byte| *byte == 0).next()?;
    text.iter().all(|byte| (b' '..=b'~').contains(byte)).then(|| String::from_utf8_lossy(text).trim().to_owned())
}
