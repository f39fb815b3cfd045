//! Plants' protocols that are named and not read yet: magic numbers, checksums and lengths that fit.

use super::{Guess, begins, either, read, when, whole};
use crate::{Head, Probe};
use picket_event::Transport;
use picket_reader::Reader;

/// Niagara Fox: plain text that begins with its name.
pub(super) fn fox(head: &Head<'_>) -> Probe {
    either(head, |bytes| begins(bytes, b"fox a ", 0.97))
}

/// Omron FINS over TCP: its name, and a length.
pub(super) fn fins(head: &Head<'_>) -> Probe {
    either(head, |bytes| begins(bytes, b"FINS\0\0", 0.97))
}

/// PROFINET context manager: connectionless DCE/RPC with one of PROFINET's object or interface ids (IEC 61158-6-10).
pub(super) fn profinet_cm(head: &Head<'_>) -> Probe {
    // DEA00001 to DEA00004-6C97-11D1-8271-00A02442DF7D, in either byte order.
    const TAIL: &[u8] = &[0x82, 0x71, 0x00, 0xa0, 0x24, 0x42, 0xdf, 0x7d];
    either(head, |bytes| {
        let interface = bytes.get(24..40).unwrap_or(&[]);
        when(bytes.first() == Some(&4) && bytes.len() >= 80 && interface.ends_with(TAIL), 0.97)
    })
}
