//! Headers, bytes to where they end and which port they name.

use super::table::{LOCAL, PROXY, SIGNATURE, addresses};
use picket_reader::{Fault, Reader};

/// The longest header of version 1 (section 2.1).
const LINE: usize = 107;
/// The longest header of version 2 that is stepped over; addresses and what may follow them are short.
pub(super) const LIMIT: usize = 4096;

/// Reads a header; answers the port the client asked for, where it says one.
pub(super) fn header(r: &mut Reader<'_>) -> Result<Option<u16>, Fault> {
    if r.peek().first() == Some(&b'P') { line(r) } else { binary(r) }
}

/// `PROXY TCP4 source destination port port`.
fn line(r: &mut Reader<'_>) -> Result<Option<u16>, Fault> {
    let view = r.peek();
    let Some(end) = view.iter().take(LINE).position(|byte| *byte == b'\n') else {
        let whole = view.len() >= LINE;
        return if whole { Err(Fault::Malformed("proxy: line")) } else { r.take(LINE, "line").map(|_| None) };
    };
    let text = r.take(end + 1, "line")?.trim_ascii_end();
    let mut words = text.split(|byte| *byte == b' ').skip(1);
    let family = words.next();
    let port = words.nth(3).and_then(|word| std::str::from_utf8(word).ok()?.parse().ok());
    match family {
        Some(b"TCP4" | b"TCP6") => port.map(Some).ok_or(Fault::Malformed("proxy: port")),
        Some(b"UNKNOWN") => Ok(None),
        _ => Err(Fault::Malformed("proxy: family")),
    }
}

/// Signature, version and command, family, length, addresses and ports.
fn binary(r: &mut Reader<'_>) -> Result<Option<u16>, Fault> {
    if r.take(SIGNATURE.len(), "signature")? != SIGNATURE {
        return Err(Fault::Malformed("proxy: signature"));
    }
    let (command, family, length) = (r.u8("command")?, r.u8("family")?, usize::from(r.u16("length")?));
    if !matches!(command, LOCAL | PROXY) || length > LIMIT {
        return Err(Fault::Malformed("proxy: command or length"));
    }
    let mut inside = r.sub(length, "addresses")?;
    // The proxy's own checks of its server name nobody, and sockets of a machine have no ports.
    let Some(length) = addresses(family).filter(|_| command == PROXY) else { return Ok(None) };
    inside.skip(length + 2, "addresses")?;
    inside.u16("port").map(Some)
}
