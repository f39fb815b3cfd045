//! Domain names with compression (RFC 1035 section 4.1.4).

use picket_reader::{Fault, Reader};

/// Longest name, bytes on the wire (RFC 1035 section 2.3.4).
const LIMIT: usize = 255;
/// What a pointer begins with, its upper bits left out.
pub(super) const POINTER: u8 = 0xc0;
/// Room for most names.
const USUAL: usize = 48;
/// Most pointers that are followed in one name. A name has at most 127 labels.
const POINTERS: usize = 32;

/// Reads a name at the reader's place: lower case, without the last dot, `.` for the root; dots and backslashes inside labels and what is not
/// printable as RFC 1035 section 5.1 writes them. `message` is the whole message, which pointers refer to.
///
/// # Errors
/// [`Fault`] for cut names, loops, pointers that do not point backwards, and names that are too long.
pub(crate) fn read<'a>(r: &mut Reader<'a>, message: &'a [u8]) -> Result<String, Fault> {
    let mut text = Vec::with_capacity(USUAL);
    walk(r, message, |label| push_label(&mut text, label))?;
    if text.is_empty() {
        text.push(b'.');
    }
    // ASCII alone was put into it.
    String::from_utf8(text).map_err(|_| Fault::Malformed("dns: name"))
}

/// Steps over a name and checks it.
///
/// # Errors
/// As [`read`].
pub(crate) fn check<'a>(r: &mut Reader<'a>, message: &'a [u8]) -> Result<(), Fault> {
    walk(r, message, |_| {})
}

fn walk<'a>(r: &mut Reader<'a>, message: &'a [u8], mut label: impl FnMut(&[u8])) -> Result<(), Fault> {
    let mut inner: Option<Reader<'a>> = None;
    let mut length = 1usize;
    let mut pointers = 0usize;
    // Every pointer has to point before the place where the part it stands in began.
    let mut limit = message.len();
    loop {
        let current = inner.as_mut().unwrap_or(r);
        let size = current.u8("label length")?;
        match size {
            0 => return Ok(()),
            1..=63 => {
                length = length.saturating_add(usize::from(size) + 1);
                if length > LIMIT {
                    return Err(Fault::Malformed("dns: name too long"));
                }
                label(current.take(usize::from(size), "label")?);
            }
            POINTER.. => {
                let target = usize::from(size & 0x3f) << 8 | usize::from(current.u8("pointer")?);
                pointers = pointers.saturating_add(1);
                if pointers > POINTERS || target >= limit {
                    return Err(Fault::Malformed("dns: pointer loop"));
                }
                limit = target;
                let part = message.get(target..).ok_or(Fault::Malformed("dns: pointer out of range"))?;
                inner = Some(Reader::new(part));
            }
            _ => return Err(Fault::Malformed("dns: label type")),
        }
    }
}

fn push_label(text: &mut Vec<u8>, label: &[u8]) {
    if !text.is_empty() {
        text.push(b'.');
    }
    let is_plain = |byte: &u8| matches!(byte, 0x21..=0x7e) & !matches!(byte, b'.' | b'\\');
    if label.iter().fold(true, |all, byte| all & is_plain(byte)) {
        let from = text.len();
        text.extend_from_slice(label);
        text.get_mut(from..).unwrap_or_default().make_ascii_lowercase();
        return;
    }
    for byte in label {
        match byte {
            b'.' | b'\\' => text.extend([b'\\', *byte]),
            0x21..=0x7e => text.push(byte.to_ascii_lowercase()),
            _ => text.extend([b'\\', b'0' + byte / 100, b'0' + byte / 10 % 10, b'0' + byte % 10]),
        }
    }
}
