//! Durations and sizes as people write them: `5s`, `30d`, `64MiB`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A length of time, written with its unit: `ms`, `s`, `m`, `h`, `d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

/// A number of bytes, written with its unit: `B`, `KiB`, `MiB`, `GiB`, `TiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

const SPAN_UNITS: &[(&str, u64)] = &[("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];
const SIZE_UNITS: &[(&str, u64)] = &[("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

/// Splits `64MiB` into 64 and the factor of `MiB`.
fn parse(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let at = text.find(|c: char| !c.is_ascii_digit())?;
    let (digits, unit) = text.split_at_checked(at)?;
    let factor = units.iter().find(|(name, _)| *name == unit.trim()).map(|(_, factor)| *factor)?;
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

/// The largest unit that divides the value.
fn write(value: u64, units: &[(&str, u64)], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match units.iter().find(|(_, factor)| value >= *factor && value.is_multiple_of(*factor)).or(units.last()) {
        Some((name, factor)) => write!(f, "{}{name}", value / factor),
        None => Ok(()),
    }
}

macro_rules! with_unit {
    ($type:ident, $units:ident, $wrong:literal, $from:expr, $to:expr) => {
        impl FromStr for $type {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                parse(text, $units).map($from).ok_or_else(|| format!(concat!("`{}` is ", $wrong), text))
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write($to(*self), $units, f)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }
    };
}

with_unit!(
    Span,
    SPAN_UNITS,
    "no duration: write a number and ms, s, m, h or d, such as 5s",
    |ms| Self(Duration::from_millis(ms)),
    |span: Self| u64::try_from(span.0.as_millis()).unwrap_or(u64::MAX)
);
with_unit!(
    Size,
    SIZE_UNITS,
    "no size: write a number and B, KiB, MiB, GiB or TiB, such as 64MiB",
    Self,
    |size: Self| size.0
);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_values() {
        assert_eq!("5s".parse(), Ok(Span(Duration::from_secs(5))));
        assert_eq!("250ms".parse(), Ok(Span(Duration::from_millis(250))));
        assert_eq!("64MiB".parse(), Ok(Size(64 << 20)));
        assert_eq!(Span(Duration::from_secs(90)).to_string(), "90s");
        assert_eq!(Span(Duration::from_secs(2_592_000)).to_string(), "30d");
        assert_eq!(Size(0).to_string(), "0B");
        for wrong in ["5", "s", "", "5 parsecs", "-5s", "99999999999999999999d", "9999999999999d"] {
            assert!(wrong.parse::<Span>().is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(value: u64) {
            prop_assert_eq!(Size(value).to_string().parse(), Ok(Size(value)));
            let span = Span(Duration::from_millis(value));
            prop_assert_eq!(span.to_string().parse(), Ok(span));
        }
    }
}
