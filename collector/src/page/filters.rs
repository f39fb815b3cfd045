//! How values read on a page.

use askama::{Result, Values};
use std::fmt::Display;

/// A number, or a reference to one: templates hand over either.
pub trait Number {
    /// The number.
    fn number(&self) -> f64;
}

impl Number for f64 {
    fn number(&self) -> f64 {
        *self
    }
}

impl<T: Number> Number for &T {
    fn number(&self) -> f64 {
        (**self).number()
    }
}

/// `1234567` as `1 234 567`, with narrow spaces.
#[askama::filter_fn]
pub fn grouped(value: impl Display, _: &dyn Values) -> Result<String> {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() * 2);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    Ok(out)
}

/// The beginning of a long hash, for eyes to compare.
#[askama::filter_fn]
pub fn short(value: &str, _: &dyn Values) -> Result<String> {
    Ok(value.chars().take(16).collect())
}

/// Bytes with a binary unit.
#[askama::filter_fn]
pub fn bytes(value: &u64, _: &dyn Values) -> Result<String> {
    Ok(human_bytes(*value))
}

/// Bytes with a binary unit.
#[must_use]
pub fn human_bytes(value: u64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut scaled = value as f64;
    let mut unit = "B";
    for next in units {
        if scaled < 1024.0 {
            break;
        }
        (scaled, unit) = (scaled / 1024.0, next);
    }
    if unit == "B" { format!("{value} B") } else { format!("{scaled:.1} {unit}") }
}

/// With so many decimals; what is no number is a dash.
#[askama::filter_fn]
pub fn fixed(value: impl Number, _: &dyn Values, decimals: usize) -> Result<String> {
    let value = value.number();
    Ok(if value.is_finite() { format!("{value:.decimals$}") } else { "–".to_owned() })
}

/// A small number in three digits.
#[askama::filter_fn]
pub fn small(value: impl Number, _: &dyn Values) -> Result<String> {
    let value = value.number();
    Ok(if value == 0.0 || value >= 0.001 { format!("{value:.3}") } else { format!("{value:.1e}") })
}

/// A difference with its sign; none where it is too small to matter.
#[askama::filter_fn]
pub fn change(value: impl Number, _: &dyn Values) -> Result<String> {
    Ok(match value.number() {
        v if v >= 0.05 => format!("+{v:.1}"),
        v if v <= -0.05 => format!("−{:.1}", -v),
        _ => "·".to_owned(),
    })
}

/// A risk of 1 to 10 as one of five levels.
#[askama::filter_fn]
pub fn level(value: impl Number, _: &dyn Values) -> Result<u8> {
    Ok(match value.number() {
        v if v >= 8.0 => 4,
        v if v >= 6.5 => 3,
        v if v >= 5.0 => 2,
        v if v >= 2.0 => 1,
        _ => 0,
    })
}

/// A risk of 1 to 10 as a width of 0 to 100.
#[askama::filter_fn]
pub fn percent(value: impl Number, _: &dyn Values) -> Result<u32> {
    Ok((value.number().clamp(0.0, 10.0) * 10.0).round() as u32)
}

/// An RFC 3339 time without what people do not read.
#[askama::filter_fn]
pub fn moment(value: &str, _: &dyn Values) -> Result<String> {
    let text = value.get(..19).map(|text| text.replacen('T', " ", 1));
    Ok(text.map_or_else(|| value.to_owned(), |text| format!("{text} UTC")))
}

/// A word of the vocabulary for people.
#[askama::filter_fn]
pub fn words(value: &str, _: &dyn Values) -> Result<String> {
    Ok(match value {
        "baseline" => "Unusual behaviour".to_owned(),
        "verdict" => "Sensor's verdict".to_owned(),
        "agent_silence" => "Silence of an agent".to_owned(),
        "agent_conduct" => "Conduct of an agent".to_owned(),
        other => match other.strip_prefix("sensor/") {
            Some(about) => format!("Sensor's alert: {}", about.replace('_', " ")),
            None => other.replace('_', " "),
        },
    })
}

/// Text as one segment of a path, or one value of a query.
#[askama::filter_fn]
pub fn path(value: &str, _: &dyn Values) -> Result<String> {
    Ok(encoded(value))
}

/// Percent-encodes everything but unreserved characters (RFC 3986 section 2.3).
#[must_use]
pub fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Shows control characters, and those that turn the direction of text, instead of sending them. Every page goes through
/// this once it is put together: the templates themselves hold none of them but line feeds.
#[must_use]
pub fn visible(page: &str) -> String {
    let mut out = String::with_capacity(page.len());
    for c in page.chars() {
        match c {
            '\n' => out.push(c),
            '\u{0}'..='\u{1f}' => out.push(char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}')),
            '\u{7f}' => out.push('\u{2421}'),
            '\u{80}'..='\u{9f}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                out.push('\u{fffd}');
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown_not_sent() {
        assert_eq!(visible("a\u{1b}[31m\tb\r\n\u{202e}c\u{7f}"), "a␛[31m␉b␍\n\u{fffd}c␡");
    }

    #[test]
    fn bytes_have_units() {
        assert_eq!(human_bytes(1023), "1023 B");
        assert_eq!(human_bytes(1536), "1.5 KiB");
        assert_eq!(human_bytes(5 << 30), "5.0 GiB");
    }

    #[test]
    fn a_path_segment_cannot_leave_its_place() {
        assert_eq!(encoded("../a?b=\"c\"&d"), "..%2Fa%3Fb%3D%22c%22%26d");
    }
}
