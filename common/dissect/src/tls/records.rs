//! The first TLS records of a TCP connection, from the record headers alone (RFC 8446 section 5.1): what schema `sequence/2`
//! and a conversation's row tell of them.

use picket_event::body::TlsRecord;
use picket_event::{Both, Direction};

/// Records that are kept.
pub const RECORDS: usize = 20;
/// Bytes of each direction in which records are looked for, where no schema reads them.
pub(crate) const RECORDS_BYTES: u32 = 16 * 1024;

/// The largest record: 2^14 bytes and 2,048 of expansion (RFC 5246 section 6.2.3).
const RECORD_MAX: u16 = (1 << 14) + 2_048;
const HEADER: usize = 5;

/// The first records of both directions, in the order their headers were read.
#[derive(Clone, Debug)]
pub struct Records {
    seen: Vec<TlsRecord>,
    ways: Both<Way>,
    /// The first bytes of a direction were taken.
    begun: Both<bool>,
    /// Where a direction begins is not known: at the first piece that is like a record.
    late: bool,
}

/// Where one direction stands.
#[derive(Clone, Copy, Debug)]
struct Way {
    header: [u8; HEADER],
    have: u8,
    /// Bytes of the present record's body still to come.
    body: u16,
    /// Bytes that will still be looked at.
    left: u32,
}

impl Records {
    /// For a connection of which nothing was seen yet; of each direction so many bytes are looked at.
    #[must_use]
    pub fn new(limit_bytes: u32) -> Self {
        let way = Way { header: [0; HEADER], have: 0, body: 0, left: limit_bytes };
        let (ways, begun) = (Both { to_server: way, to_client: way }, Both { to_server: false, to_client: false });
        Self { seen: Vec::new(), ways, begun, late: false }
    }

    /// For a connection of which one whole record was seen, and nothing else.
    fn behind(first: TlsRecord, limit_bytes: u32) -> Self {
        let mut records = Self::new(limit_bytes);
        let way = records.ways.get_mut(first.direction);
        way.left = way.left.saturating_sub(HEADER as u32 + u32::from(first.length));
        *records.begun.get_mut(first.direction) = true;
        records.seen.push(first);
        records
    }

    /// The record that these bytes are, whole and alone.
    fn alone(direction: Direction, bytes: &[u8]) -> Option<TlsRecord> {
        let (header, body) = bytes.split_first_chunk::<HEADER>()?;
        record(direction, *header).filter(|record| usize::from(record.length) == body.len())
    }

    /// Takes the next bytes of a direction.
    pub fn feed(&mut self, direction: Direction, bytes: &[u8]) {
        let way = self.ways.get_mut(direction);
        let looked = bytes.len().min(way.left as usize);
        way.left -= looked as u32;
        let mut bytes = bytes.get(..looked).unwrap_or_default();
        let begun = self.begun.get_mut(direction);
        *begun |= !self.late || bytes.first_chunk().is_some_and(|header| record(direction, *header).is_some());
        if !*begun {
            return;
        }
        while !bytes.is_empty() && self.seen.len() < RECORDS {
            let way = self.ways.get_mut(direction);
            let skipped = usize::from(way.body).min(bytes.len());
            way.body -= skipped as u16;
            bytes = bytes.get(skipped..).unwrap_or_default();
            let room = way.header.iter_mut().skip(usize::from(way.have));
            let taken = room.zip(bytes).map(|(slot, byte)| *slot = *byte).count();
            way.have += taken as u8;
            bytes = bytes.get(taken..).unwrap_or_default();
            if usize::from(way.have) == HEADER {
                way.have = 0;
                let Some(record) = record(direction, way.header) else { return way.left = 0 };
                way.body = record.length;
                self.seen.push(record);
            }
        }
    }

    /// Bytes are missing: within a record's body that does no harm.
    pub fn gap(&mut self, direction: Direction, length: u64) {
        if self.late && !*self.begun.get(direction) {
            return;
        }
        let way = self.ways.get_mut(direction);
        match u16::try_from(length).ok().and_then(|length| way.body.checked_sub(length)) {
            Some(left) if way.have == 0 => way.body = left,
            _ => way.left = 0,
        }
    }

    /// Whether the bytes of a direction are of any use.
    #[must_use]
    pub fn wants(&self, direction: Direction) -> bool {
        self.seen.len() < RECORDS && self.ways.get(direction).left > 0
    }

    /// Exchanges the directions, when the sensor learns that it had taken the server for the client.
    pub fn swap(&mut self) {
        self.ways = self.ways.swapped();
        self.seen.iter_mut().for_each(|record| record.direction = record.direction.opposite());
    }

    /// The records, [`RECORDS`] at most.
    #[must_use]
    pub fn seen(&self) -> &[TlsRecord] {
        &self.seen
    }

    /// Lengths of the records' bodies, positive to the server.
    pub fn lengths(&self) -> impl Iterator<Item = f32> + '_ {
        let signed = |record: &TlsRecord| match record.direction {
            Direction::ToServer => f32::from(record.length),
            Direction::ToClient => -f32::from(record.length),
        };
        self.seen.iter().map(signed)
    }
}

/// The first records of a conversation: little where there are none, or one, as of the many connections whose hello nobody
/// answers.
#[derive(Debug, Default)]
pub(crate) enum FirstRecords {
    /// No TLS, or its records were told.
    #[default]
    None,
    /// TLS comes next.
    Awaited,
    /// One whole record came, and nothing else.
    One { first: TlsRecord, settled: Both<bool> },
    /// More than that.
    Many { records: Box<Records>, settled: Both<bool> },
}

const NEITHER: Both<bool> = Both { to_server: false, to_client: false };

impl FirstRecords {
    /// What comes next is TLS.
    pub(crate) fn begin(&mut self) {
        if let Self::None = self {
            *self = Self::Awaited;
        }
    }

    /// TLS begins somewhere, in each direction with a piece of its own.
    pub(crate) fn begin_late(&mut self, limit_bytes: u32) {
        if let Self::None = self {
            let records = Box::new(Records { late: true, ..Records::new(limit_bytes) });
            *self = Self::Many { records, settled: NEITHER };
        }
    }

    /// Whether there is no TLS, or nothing more to tell of it.
    pub(crate) const fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// Takes the next bytes of TLS in a direction; of each direction so many are looked at.
    pub(crate) fn feed(&mut self, direction: Direction, bytes: &[u8], limit_bytes: u32) {
        match self {
            Self::Awaited if let Some(first) = Records::alone(direction, bytes) => {
                *self = Self::One { first, settled: NEITHER };
            }
            _ => self.many(limit_bytes, |records| records.feed(direction, bytes)),
        }
    }

    /// Bytes of TLS are missing.
    pub(crate) fn gap(&mut self, direction: Direction, length: u64, limit_bytes: u32) {
        self.many(limit_bytes, |records| records.gap(direction, length));
    }

    fn many(&mut self, limit_bytes: u32, act: impl FnOnce(&mut Records)) {
        let (records, settled) = match self {
            Self::None | Self::Many { .. } => (None, NEITHER),
            Self::Awaited => (Some(Records::new(limit_bytes)), NEITHER),
            Self::One { first, settled } => (Some(Records::behind(*first, limit_bytes)), *settled),
        };
        if let Some(records) = records.map(Box::new) {
            *self = Self::Many { records, settled };
        }
        if let Self::Many { records, .. } = self {
            act(records);
        }
    }

    /// A piece is over: what a direction says behind one that was TLS is TLS.
    pub(crate) fn settle(&mut self) {
        match self {
            Self::None | Self::Awaited => {}
            Self::One { first, settled } => *settled.get_mut(first.direction) = true,
            Self::Many { records, settled } => *settled = records.begun,
        }
    }

    /// Whether a direction is under TLS from an earlier piece on.
    pub(crate) fn settled(&self, direction: Direction) -> bool {
        match self {
            Self::None | Self::Awaited => false,
            Self::One { settled, .. } | Self::Many { settled, .. } => *settled.get(direction),
        }
    }

    /// Whether bytes of TLS in a direction are of any use.
    pub(crate) fn wants(&self, direction: Direction) -> bool {
        match self {
            Self::None => false,
            Self::Awaited | Self::One { .. } => true,
            Self::Many { records, .. } => records.wants(direction),
        }
    }

    /// What was seen; behind it nothing more is looked for.
    pub(crate) fn take(&mut self) -> Option<Box<Records>> {
        match std::mem::take(self) {
            Self::None => None,
            Self::Awaited => {
                *self = Self::Awaited;
                None
            }
            Self::One { first, .. } => Some(Box::new(Records::behind(first, 0))),
            Self::Many { records, .. } => Some(records),
        }
    }
}

/// What a record's header says, where the bytes are one.
fn record(direction: Direction, [kind, major, minor, high, low]: [u8; HEADER]) -> Option<TlsRecord> {
    let length = u16::from_be_bytes([high, low]);
    let fits = matches!(kind, 20..=24) && major == 3 && minor <= 4 && length <= RECORD_MAX;
    fits.then_some(TlsRecord { kind, direction, length })
}

#[cfg(test)]
mod tests {
    use super::*;
    use Direction::{ToClient, ToServer};

    /// Lengths, positive to the server.
    fn lengths(records: &Records) -> Vec<i32> {
        records.lengths().map(|length| length as i32).collect()
    }

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
            let mut records = Records::new(u32::MAX);
            stream.chunks(cut).for_each(|piece| records.feed(ToServer, piece));
            assert_eq!(lengths(&records), [512, 1, 16_000, 0, 26], "in pieces of {cut}");
            let kinds: Vec<_> = records.seen().iter().map(|record| record.kind).collect();
            assert_eq!(kinds, [22, 20, 23, 23, 21]);
        }
    }

    #[test]
    fn what_is_no_tls_is_left_alone() {
        let mut records = Records::new(u32::MAX);
        records.feed(ToServer, b"GET / HTTP/1.1\r\n");
        assert!(!records.wants(ToServer) && records.wants(ToClient));
        records.feed(ToClient, &record(22, 90));
        assert_eq!(lengths(&records), [-90]);
    }

    #[test]
    fn a_loss_within_a_body_is_borne() {
        let mut records = Records::new(u32::MAX);
        records.feed(ToServer, record(23, 1_000).get(..100).unwrap());
        records.gap(ToServer, 905);
        records.feed(ToServer, &record(23, 7));
        assert_eq!(lengths(&records), [1_000, 7]);
        records.gap(ToServer, 1);
        assert!(!records.wants(ToServer), "a header was lost");
    }

    #[test]
    fn the_first_twenty_are_enough() {
        let mut records = Records::new(u32::MAX);
        for _ in 0..40 {
            records.feed(ToClient, &record(23, 3));
        }
        assert_eq!(lengths(&records), [-3; RECORDS]);
        assert!(!records.wants(ToClient) && !records.wants(ToServer));
        records.swap();
        assert_eq!(lengths(&records).first(), Some(&3));
    }

    #[test]
    fn so_many_bytes_are_looked_at_in_any_pieces() {
        let stream = [record(22, 90), record(23, 10), record(23, 11)].concat();
        for cut in [1, 7, 1_460] {
            let mut records = Records::new(105);
            stream.chunks(cut).for_each(|piece| records.feed(ToServer, piece));
            assert_eq!(lengths(&records), [90, 10], "in pieces of {cut}");
            assert!(!records.wants(ToServer) && records.wants(ToClient));
        }
        let mut first = FirstRecords::Awaited;
        first.feed(ToServer, &record(22, 90), 105);
        assert!(matches!(first, FirstRecords::One { .. }), "{first:?}");
        first.feed(ToServer, stream.get(95..).unwrap(), 105);
        assert_eq!(lengths(&first.take().unwrap()), [90, 10]);
        assert!(first.is_none() && !first.wants(ToServer));
        assert_eq!(Records::alone(ToServer, &stream), None);
    }

    #[test]
    fn where_nothing_tells_the_beginning_a_record_does() {
        let mut first = FirstRecords::default();
        first.begin_late(500);
        for (direction, bytes) in [(ToServer, record(22, 90)), (ToClient, b"220 go\r\n".to_vec())] {
            first.feed(direction, &bytes, 500);
        }
        first.gap(ToClient, 1_000, 500);
        assert!(!first.settled(ToServer));
        first.settle();
        assert!(first.settled(ToServer) && !first.settled(ToClient));
        first.feed(ToClient, &record(22, 60), 500);
        assert!(first.wants(ToClient));
        first.feed(ToClient, &[0; 500], 500);
        assert!(!first.wants(ToClient), "no more is looked at than was said");
        assert_eq!(lengths(&first.take().unwrap()), [90, -60]);
    }
}
