//! Names for files that are no captures we read, so that the message can say what to do.

/// What the first bytes say, and what may be done about it.
pub(super) fn describe(bytes: &[u8]) -> String {
    const KNOWN: &[(&[u8], &str)] = &[
        (b"snoop\0\0\0", "a snoop capture; convert it with `editcap -F pcapng`"),
        (b"RTSS", "a Network Monitor capture; convert it with `editcap -F pcapng`"),
        (b"GMBU", "a Network Monitor capture; convert it with `editcap -F pcapng`"),
        (b"BZh", "bzip2; unpack it first"),
        (b"\xfd7zXZ\0", "xz; unpack it first"),
        (b"\x04\x22\x4d\x18", "lz4; unpack it first"),
        (b"PK\x03\x04", "a zip archive; unpack it first"),
        (b"\x7fELF", "a program"),
        (b"{", "text, perhaps JSON"),
        (b"<", "text, perhaps HTML or XML: was the download an error page?"),
        (b"version https://git-lfs", "a Git LFS pointer; fetch the file itself"),
    ];
    let head: String = bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    match KNOWN.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        Some((_, name)) => format!("it starts with {head} ({name})"),
        None if is_text(bytes) => format!("it starts with {head} (text; name the capture itself)"),
        None => format!("it starts with {head}"),
    }
}

/// Whether a file begins like text.
fn is_text(bytes: &[u8]) -> bool {
    let mut head = bytes.iter().take(8).peekable();
    head.peek().is_some() && head.all(|byte| matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n'))
}
