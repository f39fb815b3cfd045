//! Connections that began before the capture: short headers alone, which say next to nothing each.
//!
//! What many of them show together: the bits of the first byte that are protected differ from packet to packet
//! (RFC 9001 section 5.4.1), and behind it stands the connection id that the receiver has chosen, always the
//! same in one direction, unless the receiver wants none (RFC 9000 section 5.1).

use picket_event::Direction;

/// Bytes behind the first one that are compared: the shortest connection id that is in use.
const COMPARED: usize = 4;
/// Datagrams of a direction that have to show the same connection id.
const ALIKE_LEAST: u8 = 3;
/// Datagrams before it is given up.
const DATAGRAMS_LIMIT: u8 = 12;

/// What can be said so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    More,
    Quic,
    Foreign,
}

/// What was seen of one direction.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    id: [u8; COMPARED],
    count: u8,
    unlike: bool,
    /// The protected bits of the first byte: of the first datagram, and whether others differ.
    bits: u8,
    varied: bool,
}

/// The datagrams so far.
#[derive(Debug, Default)]
pub(crate) struct Midstream {
    seen: [Seen; 2],
    datagrams: u8,
}

impl Midstream {
    /// Looks at the next datagram, which has no long header.
    pub(crate) fn look(&mut self, direction: Direction, bytes: &[u8]) -> Verdict {
        let Some(seen) = self.seen.get_mut(direction.index()) else { return Verdict::Foreign };
        let Some((first, id)) = bytes.split_first().and_then(|(first, rest)| Some((*first, rest.first_chunk()?)))
        else {
            return Verdict::Foreign;
        };
        if first & 0xc0 != 0x40 {
            return Verdict::Foreign;
        }
        if seen.count == 0 {
            (seen.id, seen.bits) = (*id, first & 0x1f);
        } else {
            seen.unlike |= seen.id != *id;
            seen.varied |= seen.bits != first & 0x1f;
        }
        seen.count = seen.count.saturating_add(1);
        self.datagrams = self.datagrams.saturating_add(1);
        let shows = |seen: &Seen| seen.count >= ALIKE_LEAST && !seen.unlike && seen.varied;
        if self.seen.iter().any(shows) {
            Verdict::Quic
        } else if self.datagrams >= DATAGRAMS_LIMIT || self.seen.iter().all(|seen| seen.unlike) {
            Verdict::Foreign
        } else {
            Verdict::More
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Direction::{ToClient, ToServer};

    fn run(datagrams: &[(Direction, &[u8])]) -> Verdict {
        let mut midstream = Midstream::default();
        let mut last = Verdict::More;
        for (direction, bytes) in datagrams {
            last = midstream.look(*direction, bytes);
            if last != Verdict::More {
                break;
            }
        }
        last
    }

    #[test]
    fn an_id_that_stays_and_bits_that_change() {
        let quic: [&[u8]; 3] = [b"\x41idididxxx", b"\x5didididyyy", b"\x47idididzzz"];
        assert_eq!(run(&quic.map(|bytes| (ToServer, bytes))), Verdict::Quic);
        assert_eq!(run(&quic.map(|bytes| (ToClient, bytes))[..2]), Verdict::More);
    }

    #[test]
    fn a_header_of_another_protocol_stays_in_its_first_byte_too() {
        let constant: [&[u8]; 12] = [b"\x48\0\0\0\0same"; 12];
        assert_eq!(run(&constant.map(|bytes| (ToServer, bytes))), Verdict::Foreign);
    }

    #[test]
    fn noise_is_foreign() {
        let noise: [(Direction, &[u8]); 4] = [
            (ToServer, b"\x41abcdef"),
            (ToClient, b"\x42bcdefg"),
            (ToServer, b"\x53hijklm"),
            (ToClient, b"\x64nopqrs"),
        ];
        assert_eq!(run(&noise), Verdict::Foreign);
        assert_eq!(run(&[(ToServer, b"\x80")]), Verdict::Foreign);
    }
}
