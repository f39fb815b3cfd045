//! Sampled values over UDP (IEC 61850-90-5 clause 8): named, and no events.

use super::{Guess, either, when};
use crate::r_goose::parse;
use crate::{Head, Probe};
use picket_reader::Reader;

/// A session's unit of sampled values, whose payload's length fits.
pub(super) fn sv(head: &Head<'_>) -> Probe {
    either(head, |bytes| {
        let Ok(unit) = parse::unit(bytes) else { return Guess::No };
        let mut payloads: Reader<'_> = unit.payloads;
        let kind = parse::payload(&mut payloads).map(|(kind, _, _)| kind);
        when(unit.kind == 0xa2 && kind == Ok(0x82), 0.98)
    })
}
