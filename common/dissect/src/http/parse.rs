//! A head: where it ends, its first line, and the fields that are wanted (RFC 9112 sections 2 to 6).

use super::body::Framing;
use memchr::{memchr, memchr_iter, memrchr};
use std::borrow::Cow;

/// Longest method, bytes.
const METHOD_LIMIT: usize = 24;

/// The first line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start<'a> {
    Request { method: &'a [u8], target: &'a [u8], version: &'a [u8] },
    Answer { version: &'a [u8], status: u16 },
}

/// The fields that are wanted, the last of each.
#[derive(Debug, Default)]
pub(super) struct Fields<'a> {
    pub(super) host: Option<Cow<'a, [u8]>>,
    pub(super) user_agent: Option<Cow<'a, [u8]>>,
    pub(super) content_type: Option<Cow<'a, [u8]>>,
    pub(super) server: Option<Cow<'a, [u8]>>,
    pub(super) upgrade: Option<Cow<'a, [u8]>>,
    /// Where `Content-Length` stood: its value, `None` where the values are none or differ.
    length: Option<Option<u64>>,
    /// Where `Transfer-Encoding` stood: whether chunks are its last word.
    chunked: Option<bool>,
}

/// The offset behind the empty line that ends a head. The first `scanned` bytes hold no such line.
pub(super) fn end(view: &[u8], scanned: usize) -> Option<usize> {
    // The line's own end may be cut by what was in view before.
    let mut at = scanned.saturating_sub(2);
    loop {
        let rest = view.get(at..)?;
        at = at.saturating_add(memchr(b'\n', rest)?).saturating_add(1);
        match view.get(at..) {
            Some([b'\n', ..]) => return Some(at.saturating_add(1)),
            Some([b'\r', b'\n', ..]) => return Some(at.saturating_add(2)),
            _ => {}
        }
    }
}

/// Whether a request begins here; `None` while that cannot be said. The first `scanned` bytes hold no line's end.
pub(super) fn begins_request(view: &[u8], scanned: usize) -> Option<bool> {
    let method = view.iter().take(METHOD_LIMIT.saturating_add(1)).position(|byte| *byte == b' ');
    let word = view.get(..method.unwrap_or(METHOD_LIMIT.saturating_add(1)).min(view.len())).unwrap_or(view);
    if method == Some(0)
        || word.len() > METHOD_LIMIT
        || !word.iter().all(|byte| byte.is_ascii_uppercase() || matches!(byte, b'_' | b'-'))
    {
        return Some(false);
    }
    line(view, scanned).map(|line| matches!(start(line), Some(Start::Request { .. })))
}

/// Whether an answer begins here; `None` while that cannot be said.
pub(super) fn begins_answer(view: &[u8], scanned: usize) -> Option<bool> {
    let magic = b"HTTP/1.";
    if !view.starts_with(magic) && !magic.starts_with(view) {
        return Some(false);
    }
    line(view, scanned).map(|line| matches!(start(line), Some(Start::Answer { .. })))
}

fn line(view: &[u8], scanned: usize) -> Option<&[u8]> {
    let at = memchr(b'\n', view.get(scanned..)?)?;
    view.get(..scanned.saturating_add(at))
}

/// Reads a first line, without its line feed.
pub(super) fn start(line: &[u8]) -> Option<Start<'_>> {
    let line = line.trim_ascii_end();
    if line.starts_with(b"HTTP/1.") {
        let (version, rest) = (line.get(..8)?, line.get(8..)?);
        let [b' ', digits @ ..] = rest else { return None };
        let digits = digits.trim_ascii_start();
        let (Some(code), None | Some(b' ')) = (digits.get(..3), digits.get(3)) else { return None };
        let status = std::str::from_utf8(code).ok()?.parse().ok().filter(|status| *status >= 100)?;
        return Some(Start::Answer { version, status });
    }
    let first = memchr(b' ', line)?;
    let last = memrchr(b' ', line).filter(|last| *last > first)?;
    let (method, version) = (line.get(..first)?, line.get(last.saturating_add(1)..)?);
    let fits = matches!(version, [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'0'..=b'9'])
        && !method.is_empty()
        && method.len() <= METHOD_LIMIT
        && method.iter().all(|byte| byte.is_ascii_uppercase() || matches!(byte, b'_' | b'-'));
    let target = line.get(first.saturating_add(1)..last)?.trim_ascii();
    (fits && !target.is_empty()).then_some(Start::Request { method, target, version })
}

/// Reads a head: its first line and its fields. `None` where the first line is none.
pub(super) fn head(bytes: &[u8]) -> Option<(Start<'_>, Fields<'_>)> {
    let mut lines = lines(bytes).peekable();
    let start = start(lines.next()?)?;
    let mut fields = Fields::default();
    while let Some(line) = lines.next() {
        let Some(colon) = memchr(b':', line) else { continue };
        let (Some(name), Some(value)) = (line.get(..colon), line.get(colon.saturating_add(1)..)) else { continue };
        let mut value = Cow::Borrowed(value.trim_ascii());
        // Obsolete folding (RFC 9112 section 5.2): a line that begins with a blank goes on with the one before.
        while let Some(more) = lines.next_if(|line| matches!(line, [b' ' | b'\t', ..])) {
            let whole = value.to_mut();
            whole.push(b' ');
            whole.extend_from_slice(more.trim_ascii());
        }
        fields.take(name.trim_ascii_end(), value);
    }
    Some((start, fields))
}

/// The parts between line feeds.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut begin = 0;
    let ends = memchr_iter(b'\n', bytes).chain(std::iter::once(bytes.len()));
    ends.map(move |end| bytes.get(std::mem::replace(&mut begin, end.saturating_add(1))..end).unwrap_or(&[]))
}

impl<'a> Fields<'a> {
    fn take(&mut self, name: &[u8], value: Cow<'a, [u8]>) {
        let is = |wanted: &[u8]| name.eq_ignore_ascii_case(wanted);
        match name.len() {
            4 if is(b"host") => self.host = Some(value),
            6 if is(b"server") => self.server = Some(value),
            7 if is(b"upgrade") => self.upgrade = Some(value),
            10 if is(b"user-agent") => self.user_agent = Some(value),
            12 if is(b"content-type") => self.content_type = Some(value),
            14 if is(b"content-length") => {
                // Several equal lengths are one (RFC 9110 section 8.6).
                for part in value.split(|byte| *byte == b',') {
                    let number = number(part.trim_ascii());
                    let agrees = self.length.is_none_or(|before| before == number);
                    self.length = Some(number.filter(|_| agrees));
                }
            }
            17 if is(b"transfer-encoding") => {
                let last = value.rsplit(|byte| *byte == b',').next().unwrap_or(&[]);
                self.chunked = Some(last.trim_ascii().eq_ignore_ascii_case(b"chunked"));
            }
            _ => {}
        }
    }

    /// How the body of a request is framed.
    pub(super) const fn of_request(&self) -> Framing {
        match (self.chunked, self.length) {
            (Some(true), _) => Framing::CHUNKED,
            (Some(false), _) | (None, Some(None)) => Framing::Unclear,
            (None, Some(Some(0)) | None) => Framing::None,
            (None, Some(Some(length))) => Framing::Length(length),
        }
    }

    /// How the body of an answer is framed that has one.
    pub(super) const fn of_answer(&self) -> Framing {
        match (self.chunked, self.length) {
            (Some(false), _) | (None, None) => Framing::UntilEnd,
            _ => self.of_request(),
        }
    }
}

fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}
