//! Any bytes as frames of the wire, as control messages, as an enrolment token, and as a line of events.
//!
//! Input: a choice, the number of the first event, then a frame or the records of one. Compression and check sum, which chance
//! does not get by, are put round the records here.

use picket_event::eve::parse_line;
use picket_event::wire::{Decoder, EnrolmentToken, HEADER_BYTES, decode_control, encode_gap, open};

/// Frames of the wire say how many records they hold: records as `Records` walks them, without the preamble of events.
fn records(mut body: &[u8]) -> u32 {
    let mut count = 0;
    while let Some((_, rest)) = body.split_first_chunk::<2>() {
        let (mut length, mut at) = (0usize, 0usize);
        for byte in rest.iter().take(3) {
            length |= usize::from(byte & 0x7f) << (7 * at);
            at += 1;
            if byte & 0x80 == 0 {
                break;
            }
        }
        count += 1;
        body = rest.get(at.saturating_add(length)..).unwrap_or_default();
    }
    count
}

/// A frame of this kind round records: magic, version, kind, flags, length, first sequence, count, CRC-32C.
fn sealed(kind: u8, first: u64, body: &[u8]) -> Vec<u8> {
    let count = if kind == 1 { records(body).saturating_sub(1) } else { records(body) };
    let packed = zstd::bulk::compress(body, 1).unwrap_or_default();
    let mut head = encode_gap(1, 1).map(|gap| gap.bytes).unwrap_or_default();
    head.truncate(5);
    head.extend([kind, 1, 0]);
    head.extend(u32::try_from(packed.len()).unwrap_or(u32::MAX).to_le_bytes());
    head.extend(first.to_le_bytes());
    head.extend(count.to_le_bytes());
    let crc = crc32c::crc32c_append(crc32c::crc32c(&head), &packed);
    head.extend(crc.to_le_bytes());
    assert_eq!(head.len(), HEADER_BYTES);
    head.extend(packed);
    head
}

/// Reads it as each of them.
pub(super) fn run(data: &[u8]) {
    let Some(([choice, first], rest)) = data.split_first_chunk::<2>() else { return };
    let frame = match choice % 4 {
        0 => rest.to_vec(),
        1 => sealed(1, u64::from(*first) + 1, rest),
        2 => sealed(3, 0, rest),
        _ => {
            if let Ok(text) = std::str::from_utf8(rest) {
                let _ = parse_line(text);
                if let Ok(token) = EnrolmentToken::parse(text) {
                    assert_eq!(EnrolmentToken::parse(&token.to_text()), Ok(token));
                }
            }
            return;
        }
    };
    let _ = open(&frame);
    let _ = decode_control(&frame);
    if let Ok(mut decoder) = Decoder::new()
        && let Ok(decoded) = decoder.events(&frame)
    {
        // The sequences are the frame's, each once, whatever could not be read.
        assert!(decoded.events.windows(2).all(|two| two.first().map(|e| e.0) < two.last().map(|e| e.0)));
    }
}
