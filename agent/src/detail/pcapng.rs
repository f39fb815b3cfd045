//! Writing pcapng (draft-ietf-opsawg-pcapng): one section a run of the agent, one interface a link type of an input.

use picket_packet::Frame;
use std::collections::BTreeMap;
use std::fmt::Write as _;

const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const PACKET: u32 = 6;
const OPT_END: u16 = 0;
const OPT_COMMENT: u16 = 1;
const OPT_USERAPPL: u16 = 4;
const OPT_NAME: u16 = 2;
const OPT_RESOLUTION: u16 = 9;
/// Bytes of a text among the options at most.
const TEXT_MAX: usize = 512;

/// The interfaces of a section, by input and link type.
#[derive(Debug, Default)]
pub(super) struct Section {
    known: BTreeMap<(u16, u16), u32>,
    begun: bool,
}

impl Section {
    /// Appends a packet, and before it what it needs: the section's head, its interface.
    pub(super) fn packet(&mut self, out: &mut Vec<u8>, comment: &str, (line, name): (u16, &str), frame: &Frame<'_>) {
        if !std::mem::replace(&mut self.begun, true) {
            head(out, comment);
        }
        let next = u32::try_from(self.known.len()).unwrap_or(u32::MAX);
        let number = *self.known.entry((line, frame.link_type)).or_insert_with(|| {
            interface(out, frame.link_type, name);
            next
        });
        let time = frame.time_ns.max(0).cast_unsigned();
        block(out, PACKET, |out| {
            for word in [number, (time >> 32) as u32, time as u32, frame.captured_len().0, frame.wire_len.0] {
                out.extend_from_slice(&word.to_le_bytes());
            }
            out.extend_from_slice(frame.data);
            pad(out);
        });
    }
}

/// Appends a block with its two lengths; `body` leaves its part padded.
fn block(out: &mut Vec<u8>, kind: u32, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&kind.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    body(out);
    let length = u32::try_from(out.len() - start + 4).unwrap_or(u32::MAX).to_le_bytes();
    out.extend_from_slice(&length);
    if let Some(place) = out.get_mut(start + 4..start + 8) {
        place.copy_from_slice(&length);
    }
}

fn pad(out: &mut Vec<u8>) {
    // Every block starts on a multiple of four, so the whole may be looked at.
    out.resize(out.len().next_multiple_of(4), 0);
}

fn head(out: &mut Vec<u8>, comment: &str) {
    block(out, SECTION, |out| {
        out.extend_from_slice(&0x1a2b_3c4du32.to_le_bytes());
        out.extend_from_slice(&1u16.to_le_bytes());
        out.extend_from_slice(&0u16.to_le_bytes());
        out.extend_from_slice(&u64::MAX.to_le_bytes());
        option(out, OPT_COMMENT, comment.as_bytes());
        let mut program = String::new();
        let _ = write!(program, "picket-agent {}", env!("CARGO_PKG_VERSION"));
        option(out, OPT_USERAPPL, program.as_bytes());
        option(out, OPT_END, &[]);
    });
}

fn interface(out: &mut Vec<u8>, link_type: u16, name: &str) {
    block(out, INTERFACE, |out| {
        out.extend_from_slice(&link_type.to_le_bytes());
        out.extend_from_slice(&[0; 6]);
        option(out, OPT_NAME, name.as_bytes());
        // Nanoseconds.
        option(out, OPT_RESOLUTION, &[9]);
        option(out, OPT_END, &[]);
    });
}

fn option(out: &mut Vec<u8>, code: u16, value: &[u8]) {
    let value = value.get(..TEXT_MAX).unwrap_or(value);
    out.extend_from_slice(&code.to_le_bytes());
    out.extend_from_slice(&u16::try_from(value.len()).unwrap_or_default().to_le_bytes());
    out.extend_from_slice(value);
    pad(out);
}
