//! Numbers and bytes as text, without the general formatter: most of what a message's object costs.

/// Two hexadecimal digits.
pub(crate) fn hex(byte: u8) -> [u8; 2] {
    [byte >> 4, byte & 15].map(|nibble| if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 })
}

/// Puts two hexadecimal digits to a text.
pub(crate) fn push_hex(text: &mut String, byte: u8) {
    text.extend(hex(byte).map(char::from));
}

/// Bytes with what is not printable escaped, as far as whole characters and escapes fit into so many bytes.
pub(crate) fn escaped(bytes: &[u8], limit: usize) -> String {
    let mut text = String::new();
    for piece in bytes.iter().map(|byte| byte.escape_ascii()) {
        if text.len() + piece.len() > limit {
            break;
        }
        text.extend(piece.map(char::from));
    }
    text
}

/// Puts a number to a text, in decimal.
pub(crate) fn push_number(text: &mut String, value: u32) {
    let mut digits = [b'0'; 10];
    let (mut rest, mut from) = (value, digits.len());
    for (place, digit) in digits.iter_mut().enumerate().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
        from = place;
        if rest == 0 {
            break;
        }
    }
    text.push_str(digits.get(from..).and_then(|digits| std::str::from_utf8(digits).ok()).unwrap_or_default());
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
            prop_assert_eq!(text, format!("n {value}{byte:02x}"));
        }
    }

    #[test]
    fn an_escape_is_whole_or_not_there() {
        assert_eq!(escaped(b"a\x00\x00", 8), "a\\x00");
        assert_eq!(escaped(b"a\x00\x00", 9), "a\\x00\\x00");
    }

    #[test]
    fn the_ends_of_the_range() {
        let mut text = String::new();
        push_number(&mut text, 0);
        push_number(&mut text, u32::MAX);
        assert_eq!(text, format!("0{}", u32::MAX));
    }
}
