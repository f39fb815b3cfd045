//! How it begins.

use crate::recognise::{read, spoken, when};
use crate::{Head, Probe};
use picket_reader::Reader;

/// TDS pre-login (MS-TDS 2.2.6.5): its option list ends in 0xff.
pub(super) fn probe(head: &Head<'_>) -> Probe {
    let client = |bytes: &[u8]| {
        read(|| {
            let mut r = Reader::new(bytes);
            let (kind, status, length) = (r.u8("type")?, r.u8("status")?, r.u16("length")?);
            r.skip(4, "channel, packet, window")?;
            let (token, offset) = (r.u8("option")?, r.u16("offset")?);
            let fits = kind == 0x12 && status <= 1 && token == 0 && offset < length;
            Ok(when(fits && (20..=512).contains(&length), 0.88))
        })
    };
    spoken(head, client, |bytes| when(matches!(bytes, [4, 0 | 1, ..]), 0.3))
}
