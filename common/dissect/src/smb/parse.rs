//! NTLM messages, bytes to what they tell.

use super::table::{AUTHENTICATE, CHALLENGE, COMPUTER, DNS_COMPUTER, END, HAS_VERSION, SIGNATURE, system};
use crate::teller::{add_name, name};
use picket_event::body::Asset;
use picket_reader::{Fault, Reader};

/// Pairs of the target information that are looked at.
const PAIRS_MAX: usize = 16;

/// Which of the two messages it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Challenge,
    Authenticate,
}

/// Finds an NTLM message in bytes and reads what it says of its sender into `asset`. `None` where there is none.
pub(super) fn find(bytes: &[u8], asset: &mut Asset) -> Option<Kind> {
    let at = bytes.windows(SIGNATURE.len()).position(|window| window == SIGNATURE)?;
    let message = bytes.get(at..)?;
    let mut r = Reader::new(message);
    r.skip(SIGNATURE.len(), "signature").ok()?;
    match r.u32_le("type").ok()? {
        CHALLENGE => challenge(r, message, asset).ok().map(|()| Kind::Challenge),
        AUTHENTICATE => authenticate(r, message, asset).ok().map(|()| Kind::Authenticate),
        _ => None,
    }
}

/// A field's place: length, room, offset from the message's start.
fn field<'a>(r: &mut Reader<'_>, message: &'a [u8]) -> Result<&'a [u8], Fault> {
    let length = usize::from(r.u16_le("length")?);
    r.skip(2, "room")?;
    let at = usize::try_from(r.u32_le("offset")?).unwrap_or(usize::MAX);
    message.get(at..at.saturating_add(length)).ok_or(Fault::Malformed("ntlm: field out of range"))
}

fn challenge(mut r: Reader<'_>, message: &[u8], asset: &mut Asset) -> Result<(), Fault> {
    field(&mut r, message)?;
    let flags = r.u32_le("flags")?;
    r.skip(16, "challenge and reserved")?;
    let mut pairs = Reader::new(field(&mut r, message)?);
    version(&mut r, flags, asset);
    let mut computer = None;
    for _ in 0..PAIRS_MAX {
        let kind = pairs.u16_le("pair")?;
        let length = usize::from(pairs.u16_le("pair length")?);
        let value = pairs.take(length, "pair value")?;
        match kind {
            END => break,
            // The full name says more, and begins with the short one as a rule.
            DNS_COMPUTER => wide(value).into_iter().for_each(|name| add_name(asset, name)),
            COMPUTER => computer = wide(value),
            _ => {}
        }
    }
    computer.into_iter().for_each(|name| add_name(asset, name));
    Ok(())
}

fn authenticate(mut r: Reader<'_>, message: &[u8], asset: &mut Asset) -> Result<(), Fault> {
    // Answers, domain and user stand before the workstation; none of them is kept.
    r.skip(32, "answers, domain and user")?;
    let workstation = field(&mut r, message)?;
    r.skip(8, "session key")?;
    let flags = r.u32_le("flags")?;
    version(&mut r, flags, asset);
    wide(workstation).into_iter().for_each(|name| add_name(asset, name));
    Ok(())
}

fn version(r: &mut Reader<'_>, flags: u32, asset: &mut Asset) {
    let (Ok(major), Ok(minor), Ok(build)) = (r.u8("major"), r.u8("minor"), r.u16_le("build")) else { return };
    if flags & HAS_VERSION != 0 {
        asset.os = system(major, minor, build).map(str::to_owned);
    }
}

/// A name in UTF-16, little-endian.
fn wide(bytes: &[u8]) -> Option<String> {
    let units = bytes.as_chunks::<2>().0.iter().take(256).map(|pair| u16::from_le_bytes(*pair));
    let text: String = char::decode_utf16(units).filter_map(Result::ok).collect();
    name(text.as_bytes())
}
