//! Railways' protocols that are named and not read.

use super::{Guess, either, read, when};
use crate::{Head, Probe, checksum};
use picket_reader::Reader;

/// Train real-time data (IEC 61375-2-3 annex A): version 1, a kind of message, a header's checksum that fits.
pub(super) fn trdp(head: &Head<'_>) -> Probe {
    either(head, |bytes| {
        read(|| {
            let mut r = Reader::new(bytes);
            r.skip(4, "sequence")?;
            let version = r.u8("version")?;
            r.u8("minor version")?;
            // Process data have a shorter header than messages.
            let header = match r.array("kind")? {
                [b'P', b'd' | b'p' | b'r' | b'e'] => 36,
                [b'M', b'n' | b'r' | b'p' | b'q' | b'c' | b'e'] => 112,
                _ => return Ok(Guess::No),
            };
            let mut r = Reader::new(bytes);
            let covered = r.take(header, "header")?;
            Ok(when(version == 1 && checksum::ieee(covered) == r.u32_le("checksum")?, 0.98))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use picket_event::Transport;

    #[test]
    fn process_data_are_told_by_their_checksum() {
        let mut bytes = [&[0, 0, 0, 1, 1, 0][..], b"Pd", &[0, 0, 3, 0xe8], &[0; 24]].concat();
        let sum = checksum::ieee(&bytes);
        bytes.extend(sum.to_le_bytes());
        let ask = |bytes: &[u8]| trdp(&Head { transport: Transport::UDP, to_server: bytes, to_client: &[] });
        assert!(matches!(ask(&bytes), Probe::Yes { .. }));
        bytes[11] ^= 1;
        assert_eq!(ask(&bytes), Probe::No);
        assert_eq!(ask(&bytes[..20]), Probe::More);
    }
}
