//! Makers by the first three bytes of a MAC address.
//!
//! The tables are the IEEE's public listing, made shorter: `tests/make/oui.py` says how and from where. They are searched as
//! they are, so that they cost neither time at the start nor memory.

use picket_event::Mac;

/// An assignment a line, in order: three bytes, and where its maker's name begins, both in hexadecimal.
const PREFIXES: &[u8] = include_bytes!("oui/prefixes.txt");
/// A maker a line.
const MAKERS: &str = include_str!("oui/makers.txt");
/// Length of a line of [`PREFIXES`]: `00001b 0a2f3` and its end.
const LINE: usize = 13;

/// The maker of an interface. Addresses that were given by software have none.
pub(super) fn of(mac: Mac) -> Option<&'static str> {
    let [a, b, c, ..] = mac.0;
    if a & 2 != 0 {
        return None;
    }
    let digit = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
    let wanted = [a >> 4, a & 15, b >> 4, b & 15, c >> 4, c & 15].map(digit);
    let (lines, _) = PREFIXES.as_chunks::<LINE>();
    let at = lines.binary_search_by(|line| line.get(..6).unwrap_or_default().cmp(&wanted)).ok()?;
    let place = std::str::from_utf8(lines.get(at)?.get(7..LINE - 1)?).ok()?;
    MAKERS.get(usize::from_str_radix(place, 16).ok()?..)?.lines().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makers_are_found() {
        let of = |text: &str| of(text.parse().unwrap());
        assert_eq!(of("00:1b:1b:01:02:03"), Some("Siemens"));
        assert_eq!(of("00:00:bc:01:02:03"), Some("Rockwell Automation"));
        assert_eq!(of("02:50:00:00:00:01"), None);
    }

    #[test]
    fn tables_are_whole() {
        let (lines, rest) = PREFIXES.as_chunks::<LINE>();
        assert!(lines.len() > 10_000 && rest.is_empty(), "{} assignments", lines.len());
        assert!(lines.iter().all(|line| line.ends_with(b"\n")));
        assert!(lines.windows(2).all(|pair| pair[0][..6] < pair[1][..6]));
        let makers = lines.iter().filter_map(|line| {
            let number = u32::from_str_radix(std::str::from_utf8(&line[..6]).unwrap(), 16).unwrap();
            let [_, a, b, c] = number.to_be_bytes();
            of(Mac([a & !2, b, c, 0, 0, 0]))
        });
        assert!(makers.count() > 10_000);
    }
}
