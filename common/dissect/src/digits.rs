//! Numbers and bytes as text, without the general formatter: most of what a message's object costs.

/// Two hexadecimal digits.
pub(crate) fn hex(byte: u8) -> [u8; 2] {
    [nibble(byte >> 4), nibble(byte)]
}

/// One hexadecimal digit.
fn nibble(value: u8) -> u8 {
    b"0123456789abcdef".get(usize::from(value & 15)).copied().unwrap_or(b'0')
}

/// Puts two hexadecimal digits to a text.
pub(crate) fn push_hex(text: &mut String, byte: u8) {
    text.extend(hex(byte).map(char::from));
}

/// Puts a number to a text, in hexadecimal digits, at least so many of at most eight.
pub(crate) fn push_hex_number(text: &mut String, value: impl Into<u32>, least: u32) {
    let value = value.into();
    let digits = (u32::BITS - value.leading_zeros()).div_ceil(4).max(least);
    for place in (0..digits).rev() {
        text.push(char::from(nibble((value >> (4 * place)) as u8)));
    }
}

/// A word, and a number behind it.
pub(crate) fn numbered(word: &str, number: impl Into<u64>) -> String {
    let mut text = String::with_capacity(word.len() + 10);
    text.push_str(word);
    push_number(&mut text, number);
    text
}

/// Whether bytes are printable ASCII. All are looked at, which goes many at a time.
pub(crate) fn is_printable(bytes: &[u8]) -> bool {
    bytes.iter().fold(true, |all, byte| all & matches!(byte, b' '..=b'~'))
}

/// Bytes with what is not printable escaped, as far as whole characters and escapes fit into so many bytes.
pub(crate) fn escaped(bytes: &[u8], limit: usize) -> String {
    let mut text = String::with_capacity(bytes.len().min(limit));
    push_escaped(&mut text, bytes, limit);
    text
}

/// Puts them to a text, which becomes no longer than so many bytes.
pub(crate) fn push_escaped(text: &mut String, bytes: &[u8], limit: usize) {
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~') & !matches!(byte, b'"' | b'\'' | b'\\');
    let fits = text.len().saturating_add(bytes.len()) <= limit;
    if fits && bytes.iter().fold(true, |all, byte| all & is_plain(byte)) {
        return text.push_str(std::str::from_utf8(bytes).unwrap_or_default());
    }
    for piece in bytes.iter().map(|byte| byte.escape_ascii()) {
        if text.len() + piece.len() > limit {
            break;
        }
        text.extend(piece.map(char::from));
    }
}

/// Puts a number to a text, in decimal.
pub(crate) fn push_number(text: &mut String, value: impl Into<u64>) {
    let value = value.into();
    if value > 9 {
        push_number(text, value / 10);
    }
    text.push(char::from(b'0' + (value % 10) as u8));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn as_the_formatter_writes_them(value: u32, byte: u8) {
            let mut text = String::from("n ");
            push_number(&mut text, value);
            push_hex(&mut text, byte);
            push_hex_number(&mut text, value, 2);
            push_hex_number(&mut text, byte, 1);
            prop_assert_eq!(text, format!("n {value}{byte:02x}{value:02x}{byte:x}"));
        }

        #[test]
        fn escaped_as_the_formatter_does(bytes in proptest::collection::vec(prop_oneof![any::<u8>(), b' '..=b'~'], 0..40)) {
            prop_assert_eq!(escaped(&bytes, usize::MAX), bytes.escape_ascii().to_string());
            prop_assert_eq!(is_printable(&bytes), bytes.iter().all(|byte| (b' '..=b'~').contains(byte)));
        }
    }

    #[test]
    fn an_escape_is_whole_or_not_there() {
        assert_eq!(escaped(b"a\x00\x00", 8), "a\\x00");
        assert_eq!(escaped(b"a\x00\x00", 9), "a\\x00\\x00");
        assert_eq!(escaped(b"abcdef", 3), "abc");
        let mut text = String::from("abc");
        push_escaped(&mut text, b"defg", 5);
        push_escaped(&mut text, b"h", 4);
        assert_eq!(text, "abcde");
    }

    #[test]
    fn the_ends_of_the_range() {
        let mut text = String::new();
        push_number(&mut text, 0u32);
        push_number(&mut text, u32::MAX);
        push_hex_number(&mut text, 0u32, 1);
        push_hex_number(&mut text, u32::MAX, 8);
        assert_eq!(text, format!("0{}0ffffffff", u32::MAX));
    }
}
