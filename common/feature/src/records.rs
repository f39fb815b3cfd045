//! Lengths of the first TLS records of a TCP connection, from the record headers alone (RFC 8446 section 5.1).

use picket_event::{Both, Direction};

/// Records whose length is kept.
pub(crate) const RECORDS: usize = 20;

/// The largest record: 2^14 bytes and 2,048 of expansion (RFC 5246 section 6.2.3).
const RECORD_MAX: u16 = (1 << 14) + 2_048;
const HEADER: usize = 5;

/// The first records of both directions, in the order their headers were read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Records {
    lengths: [i16; RECORDS],
    seen: u8,
    ways: Both<Way>,
}

/// Where one direction stands.
#[derive(Clone, Copy, Debug, Default)]
struct Way {
    header: [u8; HEADER],
    have: u8,
    /// Bytes of the present record's body still to come.
    body: u16,
    /// What came is no TLS, or bytes of a header were lost.
    lost: bool,
}

impl Records {
    pub(crate) fn feed(&mut self, direction: Direction, mut bytes: &[u8]) {
        while !bytes.is_empty() && self.wants(direction) {
            let way = self.ways.get_mut(direction);
            let skipped = usize::from(way.body).min(bytes.len());
            way.body -= skipped as u16;
            bytes = bytes.get(skipped..).unwrap_or_default();
            let Some((first, rest)) = bytes.split_first() else { return };
            if let Some(slot) = way.header.get_mut(usize::from(way.have)) {
                *slot = *first;
                way.have += 1;
            }
            bytes = rest;
            if usize::from(way.have) == HEADER {
                way.have = 0;
                match length(way.header) {
                    Some(length) => {
                        way.body = length;
                        self.note(direction, length);
                    }
                    None => way.lost = true,
                }
            }
        }
    }

    /// Bytes are missing: within a record's body that does no harm.
    pub(crate) fn gap(&mut self, direction: Direction, length: u64) {
        let way = self.ways.get_mut(direction);
        match u16::try_from(length).ok().and_then(|length| way.body.checked_sub(length)) {
            Some(left) if way.have == 0 => way.body = left,
            _ => way.lost = true,
        }
    }

    fn note(&mut self, direction: Direction, length: u16) {
        let length = i16::try_from(length).unwrap_or(i16::MAX);
        if let Some(slot) = self.lengths.get_mut(usize::from(self.seen)) {
            *slot = if direction == Direction::ToServer { length } else { -length };
            self.seen += 1;
        }
    }

    pub(crate) fn wants(&self, direction: Direction) -> bool {
        usize::from(self.seen) < RECORDS && !self.ways.get(direction).lost
    }

    pub(crate) fn swap(&mut self) {
        self.ways = self.ways.swapped();
        self.lengths.iter_mut().for_each(|length| *length = -*length);
    }

    /// Lengths of the records' bodies, positive to the server.
    pub(crate) fn lengths(&self) -> &[i16] {
        self.lengths.get(..usize::from(self.seen)).unwrap_or_default()
    }
}

/// The body's length, where the bytes are a record's header.
fn length([kind, major, minor, high, low]: [u8; HEADER]) -> Option<u16> {
    let length = u16::from_be_bytes([high, low]);
    (matches!(kind, 20..=24) && major == 3 && minor <= 4 && length <= RECORD_MAX).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Direction::{ToClient, ToServer};

    fn record(kind: u8, length: u16) -> Vec<u8> {
        let [high, low] = length.to_be_bytes();
        let mut bytes = vec![kind, 3, 3, high, low];
        bytes.resize(HEADER + usize::from(length), 0xaa);
        bytes
    }

    #[test]
    fn any_cut_gives_the_same_lengths() {
        let stream = [record(22, 512), record(20, 1), record(23, 16_000), record(23, 0), record(21, 26)].concat();
        for cut in [1, 2, 5, 7, 517, 1_460, 100_000] {
            let mut records = Records::default();
            stream.chunks(cut).for_each(|piece| records.feed(ToServer, piece));
            assert_eq!(records.lengths(), &[512, 1, 16_000, 0, 26], "in pieces of {cut}");
        }
    }

    #[test]
    fn what_is_no_tls_is_left_alone() {
        let mut records = Records::default();
        records.feed(ToServer, b"GET / HTTP/1.1\r\n");
        assert!(!records.wants(ToServer) && records.wants(ToClient));
        records.feed(ToClient, &record(22, 90));
        assert_eq!(records.lengths(), &[-90]);
    }

    #[test]
    fn a_loss_within_a_body_is_borne() {
        let mut records = Records::default();
        records.feed(ToServer, record(23, 1_000).get(..100).unwrap());
        records.gap(ToServer, 905);
        records.feed(ToServer, &record(23, 7));
        assert_eq!(records.lengths(), &[1_000, 7]);
        records.gap(ToServer, 1);
        assert!(!records.wants(ToServer), "a header was lost");
    }

    #[test]
    fn the_first_twenty_are_enough() {
        let mut records = Records::default();
        for _ in 0..40 {
            records.feed(ToClient, &record(23, 3));
        }
        assert_eq!(records.lengths(), &[-3; RECORDS]);
        assert!(!records.wants(ToClient) && !records.wants(ToServer));
        records.swap();
        assert_eq!(records.lengths().first(), Some(&3));
    }
}
