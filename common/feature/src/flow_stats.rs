//! Running statistics of one flow: fixed size, no allocation, a few dozen instructions a packet.
//!
//! Names follow NFStream where the meaning is the same (`docs/models.md` has the table). Sizes are
//! wire lengths, gaps are milliseconds with their fraction. None of CICFlowMeter's known errors is
//! copied: every packet counts once, each way has its own first window, rates never divide by zero,
//! and a flow ends where the flow table says so.

use picket_event::body::{Head, PayloadShape};
use picket_event::{Both, Direction, Timestamp, Unit};
use std::num::NonZeroU8;

/// Signed lengths and gaps kept of the first packets of a flow.
pub const FIRST_PACKETS: usize = 20;

/// Payload bytes looked at for entropy and printable share, each way.
const HEAD_BYTES: usize = 64;

/// Payload bytes kept each way: as many as cost no memory.
const FIRST_BYTES: usize = 3;

/// TCP flags counted apart, from the least significant bit of the header's flag byte.
const FLAGS: usize = 8;

/// A flow's running statistics. About 450 bytes, copied nowhere on the fast path.
#[derive(Clone, Debug, Default)]
pub struct FlowStats {
    directions: Both<OneWay>,
    gaps: Gaps,
    first: Option<Timestamp>,
    last: Timestamp,
    lengths: [i16; FIRST_PACKETS],
    log_gaps: [u8; FIRST_PACKETS],
    turns: u32,
    last_payload: Option<Direction>,
}

/// One direction's share of [`FlowStats`].
#[derive(Clone, Debug, Default)]
pub(crate) struct OneWay {
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
    /// Sum of squared wire lengths: exact in 64 bits up to 2^32 packets of 64 KiB.
    squares: u64,
    pub(crate) payload_bytes: u64,
    pub(crate) payload_packets: u64,
    pub(crate) smallest: u32,
    pub(crate) largest: u32,
    pub(crate) gaps: Gaps,
    last: Timestamp,
    flags: [u32; FLAGS],
    pub(crate) first_window: Option<u16>,
    pub(crate) head: Option<PayloadHead>,
}

/// Gaps between packets, in milliseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Gaps {
    count: u32,
    sum: f64,
    squares: f64,
    smallest: f32,
    largest: f32,
}

/// What the first payload bytes of one direction look like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct PayloadHead {
    /// Shannon entropy of the first bytes over its maximum for so many bytes, 0 to 1.
    pub(crate) entropy: f32,
    /// Share of printable ASCII, tab, carriage return and line feed, 0 to 1.
    pub(crate) printable: f32,
    /// Bytes looked at.
    length: NonZeroU8,
    /// The first of them.
    first: [u8; FIRST_BYTES],
}

/// Mean, spread and extremes of a measured series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// Least value.
    pub min: f32,
    /// Mean.
    pub mean: f32,
    /// Sample standard deviation (n - 1); 0 with fewer than two values, as NFStream has it.
    pub stddev: f32,
    /// Largest value.
    pub max: f32,
}

impl FlowStats {
    /// Counts one packet. `wire_len` is the frame's length on the wire in bytes, `payload_len` that of
    /// the transport's payload as the headers tell it, `payload_head` what was captured of it (only the
    /// first [`HEAD_BYTES`] of the first packet with payload each way are read). `tcp_flags` and
    /// `tcp_window` are 0 for other transports. A time before the last packet's counts as no gap.
    #[allow(clippy::too_many_arguments)] // one packet's fields, by value, on the fast path
    #[inline]
    pub fn packet(
        &mut self,
        direction: Direction,
        time: Timestamp,
        wire_len: u32,
        payload_len: u32,
        tcp_flags: u8,
        tcp_window: u16,
        payload_head: &[u8],
    ) {
        let total = self.packets() as usize;
        let gap_ms = if total == 0 { None } else { Some(milliseconds(time, self.last)) };
        if let Some(gap) = gap_ms {
            self.gaps.add(gap);
        }
        if let (Some(length), Some(log_gap)) = (self.lengths.get_mut(total), self.log_gaps.get_mut(total)) {
            let signed = i16::try_from(wire_len).unwrap_or(i16::MAX);
            *length = if direction == Direction::ToServer { signed } else { -signed };
            *log_gap = gap_ms.map_or(0, quantise);
        }
        self.first.get_or_insert(time);
        self.last = self.last.max(time);
        if payload_len > 0 {
            if self.last_payload.is_some_and(|before| before != direction) {
                self.turns = self.turns.saturating_add(1);
            }
            self.last_payload = Some(direction);
        }
        let way = self.directions.get_mut(direction);
        way.packet(time, wire_len, payload_len, tcp_flags);
        if way.packets == 1 {
            way.first_window = (tcp_flags != 0).then_some(tcp_window);
        }
        if payload_len > 0 && way.head.is_none() {
            way.head = PayloadHead::of(payload_head);
        }
    }

    /// Exchanges the directions, when the sensor learns that it had taken the server for the client.
    pub fn swap(&mut self) {
        self.directions = std::mem::take(&mut self.directions).swapped();
        for length in &mut self.lengths {
            *length = -*length;
        }
        self.last_payload = self.last_payload.map(Direction::opposite);
    }

    /// Packets both ways.
    #[must_use]
    #[inline]
    pub const fn packets(&self) -> u64 {
        self.directions.to_server.packets + self.directions.to_client.packets
    }

    /// Packets with payload both ways.
    #[must_use]
    #[inline]
    pub const fn payload_packets(&self) -> u64 {
        self.directions.to_server.payload_packets + self.directions.to_client.payload_packets
    }

    /// Whether payload was captured of a packet.
    #[must_use]
    pub const fn has_payload(&self) -> bool {
        self.directions.to_server.head.is_some() || self.directions.to_client.head.is_some()
    }

    /// What the payload of the first packet each way looks like, for conversations whose bytes never came in order (keep-alives,
    /// what was said before the beginning); the entropy is the mean of both ways, of the first bytes few are kept.
    #[must_use]
    pub fn payload_shape(&self) -> Option<PayloadShape> {
        let heads = [self.directions.to_server.head, self.directions.to_client.head];
        let (mut total, mut bits, mut printable) = (0.0, 0.0, 0.0);
        for head in heads.iter().flatten() {
            let length = f32::from(head.length.get());
            total += length;
            bits += head.entropy * length.log2() * length;
            printable += head.printable * length;
        }
        let [to_server, to_client] = heads.map(|head| head.map_or_else(Head::default, PayloadHead::head));
        (total > 0.0).then(|| PayloadShape {
            entropy: bits / total,
            printable: Unit::new(printable / total),
            first: Both { to_server, to_client },
        })
    }

    /// Bytes on the wire of one direction.
    #[must_use]
    pub const fn bytes(&self, direction: Direction) -> u64 {
        self.directions.get(direction).bytes
    }

    /// Milliseconds from the first packet to the last.
    #[must_use]
    pub fn duration_ms(&self) -> f32 {
        self.first.map_or(0.0, |first| milliseconds(self.last, first) as f32)
    }

    /// Time of the first packet.
    #[must_use]
    pub const fn start(&self) -> Option<Timestamp> {
        self.first
    }

    /// Signed wire lengths of the first packets, positive to the server; shorter for shorter flows.
    #[must_use]
    pub fn first_lengths(&self) -> &[i16] {
        let seen = FIRST_PACKETS.min(self.packets() as usize);
        self.lengths.get(..seen).unwrap_or_default()
    }

    /// Gaps before the first packets as `8 x log2(1 + microseconds)`, the first one 0.
    #[must_use]
    pub fn first_log_gaps(&self) -> &[u8] {
        let seen = FIRST_PACKETS.min(self.packets() as usize);
        self.log_gaps.get(..seen).unwrap_or_default()
    }

    /// How often the speaking side changed, by packets with payload.
    #[must_use]
    pub const fn turns(&self) -> u32 {
        self.turns
    }

    /// Gaps between packets of either direction, milliseconds; `None` for a single packet.
    #[must_use]
    pub fn gaps_ms(&self) -> Option<Summary> {
        self.gaps.summary()
    }

    /// Wire lengths of both directions; `None` without packets.
    #[must_use]
    pub fn sizes(&self) -> Option<Summary> {
        let (a, b) = (&self.directions.to_server, &self.directions.to_client);
        let smallest = [a, b].iter().filter(|way| way.packets > 0).map(|way| way.smallest).min()?;
        let (count, sum) = (a.packets + b.packets, a.bytes + b.bytes);
        Some(Summary {
            min: smallest as f32,
            mean: (sum as f64 / count as f64) as f32,
            stddev: exact_deviation(count, sum, a.squares.saturating_add(b.squares)),
            max: a.largest.max(b.largest) as f32,
        })
    }

    pub(crate) const fn way(&self, direction: Direction) -> &OneWay {
        self.directions.get(direction)
    }
}

impl OneWay {
    #[inline]
    fn packet(&mut self, time: Timestamp, wire_len: u32, payload_len: u32, tcp_flags: u8) {
        if self.packets > 0 {
            self.gaps.add(milliseconds(time, self.last));
            self.smallest = self.smallest.min(wire_len);
        } else {
            self.smallest = wire_len;
        }
        self.largest = self.largest.max(wire_len);
        self.last = self.last.max(time);
        self.packets += 1;
        self.bytes += u64::from(wire_len);
        self.squares = self.squares.saturating_add(u64::from(wire_len) * u64::from(wire_len));
        self.payload_bytes += u64::from(payload_len);
        self.payload_packets += u64::from(payload_len > 0);
        for (bit, count) in self.flags.iter_mut().enumerate() {
            // No row has so many packets that it could wrap round.
            *count = count.wrapping_add(u32::from(tcp_flags & 1 << bit != 0));
        }
    }

    /// Packets with the TCP flag of that bit: 0 FIN, 1 SYN, 2 RST, 3 PSH, 4 ACK, 5 URG, 6 ECE, 7 CWR.
    pub(crate) fn flag(&self, bit: usize) -> u32 {
        self.flags.get(bit).copied().unwrap_or(0)
    }

    /// Wire lengths; `None` without packets.
    pub(crate) fn sizes(&self) -> Option<Summary> {
        (self.packets > 0).then(|| Summary {
            min: self.smallest as f32,
            mean: (self.bytes as f64 / self.packets as f64) as f32,
            stddev: exact_deviation(self.packets, self.bytes, self.squares),
            max: self.largest as f32,
        })
    }

    pub(crate) fn gaps_ms(&self) -> Option<Summary> {
        self.gaps.summary()
    }

    /// Milliseconds from the direction's first packet to its last: the sum of the gaps between.
    pub(crate) const fn duration_ms(&self) -> f32 {
        self.gaps.sum as f32
    }
}

impl Gaps {
    #[inline]
    pub(crate) fn add(&mut self, gap_ms: f64) {
        let gap = gap_ms as f32;
        // Compared as they are: no gap is a NaN, which `min` and `max` look out for.
        self.smallest = if self.count == 0 || gap < self.smallest { gap } else { self.smallest };
        self.largest = if gap > self.largest { gap } else { self.largest };
        self.count = self.count.saturating_add(1);
        self.sum += gap_ms;
        self.squares += gap_ms * gap_ms;
    }

    pub(crate) fn summary(&self) -> Option<Summary> {
        let n = f64::from(self.count);
        (self.count > 0).then(|| {
            let squares = (self.squares - self.sum * self.sum / n).max(0.0);
            Summary {
                min: self.smallest,
                mean: (self.sum / n) as f32,
                stddev: if self.count > 1 { (squares / (n - 1.0)).sqrt() as f32 } else { 0.0 },
                max: self.largest,
            }
        })
    }
}

/// `n * log2(n)` in units of 2^-32, for `n` up to [`HEAD_BYTES`]; 0 for 0.
#[allow(clippy::indexing_slicing, reason = "worked out by the compiler")]
const N_LOG2: [u64; HEAD_BYTES + 1] = {
    let mut table = [0; HEAD_BYTES + 1];
    let mut n = 1;
    while n <= HEAD_BYTES {
        table[n] = n as u64 * log2(n as u64);
        n += 1;
    }
    table
};

/// How `n * log2(n)` rises from `n - 1` to `n`, for `n` up to [`HEAD_BYTES`]; as long as a byte can count.
#[allow(clippy::indexing_slicing, reason = "worked out by the compiler")]
static RISE: [u64; 256] = {
    let mut table = [0; 256];
    let mut n = 1;
    while n <= HEAD_BYTES {
        table[n] = N_LOG2[n] - N_LOG2[n - 1];
        n += 1;
    }
    table
};

/// The logarithm of a number that is not 0, in units of 2^-32: a square tells the next bit.
const fn log2(n: u64) -> u64 {
    let whole = n.ilog2();
    let (mut x, mut log) = ((n as u128) << (62 - whole), whole as u64);
    let mut bits = 0;
    while bits < 32 {
        x = (x * x) >> 62;
        let above = (x >> 63) as u64;
        x >>= above;
        log = log << 1 | above;
        bits += 1;
    }
    log
}

impl PayloadHead {
    fn head(self) -> Head {
        Head::of(self.first.get(..usize::from(self.length.get())).unwrap_or(&self.first))
    }

    /// `None` where nothing of the payload was captured.
    fn of(payload: &[u8]) -> Option<Self> {
        let head = payload.get(..HEAD_BYTES.min(payload.len()))?;
        if head.is_empty() {
            return None;
        }
        let mut counts = [0u8; 256];
        let mut again = 0u64;
        for byte in head {
            if let Some(count) = counts.get_mut(usize::from(*byte)) {
                *count += 1;
                again += RISE.get(usize::from(*count)).copied().unwrap_or(0);
            }
        }
        // Apart, so that many are looked at in one go.
        let printable: u8 = head.iter().map(|b| u8::from(matches!(b, b' '..=b'~' | b'\t' | b'\r' | b'\n'))).sum();
        // -sum(c/n * log2(c/n)) is log2(n) - sum(c * log2(c)) / n, and that sum rises byte by byte.
        let n = head.len();
        let whole = N_LOG2.get(n).copied().unwrap_or(0);
        let entropy = if whole > 0 { (whole - again) as f64 / whole as f64 } else { 0.0 };
        let mut first = [0; FIRST_BYTES];
        first.iter_mut().zip(head).for_each(|(to, from)| *to = *from);
        let length = NonZeroU8::new(n as u8)?;
        Some(Self { entropy: entropy as f32, printable: f32::from(printable) / n as f32, length, first })
    }
}

/// Sample standard deviation from exact integer sums.
pub(crate) fn exact_deviation(count: u64, sum: u64, squares: u64) -> f32 {
    if count < 2 {
        return 0.0;
    }
    let n = u128::from(count);
    let scaled = (u128::from(squares) * n).saturating_sub(u128::from(sum) * u128::from(sum));
    (scaled as f64 / (count as f64 * (count - 1) as f64)).sqrt() as f32
}

#[inline]
pub(crate) fn milliseconds(later: Timestamp, earlier: Timestamp) -> f64 {
    later.nanos().saturating_sub(earlier.nanos()).max(0) as f64 * 1e-6
}

/// `8 x log2(1 + microseconds)`, at most 255 (about an hour and more).
#[inline]
fn quantise(gap_ms: f64) -> u8 {
    let micros = (gap_ms * 1000.0) as u64 + 1;
    // Integer part of the logarithm and three bits of linear fraction: no floating logarithm a packet.
    let whole = 63 - micros.leading_zeros();
    let fraction = if whole >= 3 { (micros >> (whole - 3)) & 7 } else { (micros << (3 - whole)) & 7 };
    u8::try_from(u64::from(whole) * 8 + fraction).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_nanos(ms * 1_000_000)
    }

    #[test]
    fn small_enough_for_every_flow() {
        assert!(size_of::<FlowStats>() <= 600, "{} bytes", size_of::<FlowStats>());
    }

    /// The definitions of NFStream: sample deviation, n - 1 gaps, first gap 0.
    #[test]
    fn values_by_hand() {
        let mut stats = FlowStats::default();
        stats.packet(Direction::ToServer, at(0), 60, 0, 0x02, 1000, &[]);
        stats.packet(Direction::ToClient, at(10), 60, 0, 0x12, 2000, &[]);
        stats.packet(
            Direction::ToServer,
            at(20),
            100,
            40,
            0x18,
            3000,
            b"GET / HTTP/1.1\r\nHost: example\r\n\r\n......",
        );
        stats.packet(Direction::ToClient, at(50), 200, 140, 0x18, 4000, &[0u8; 64]);
        let both = stats.sizes().unwrap();
        assert_eq!((both.min, both.max, both.mean), (60.0, 200.0, 105.0));
        assert!((both.stddev - 66.08).abs() < 0.01, "{}", both.stddev);
        let gaps = stats.gaps_ms().unwrap();
        assert_eq!((gaps.min, gaps.max), (10.0, 30.0));
        assert!((gaps.mean - 16.667).abs() < 0.001 && (gaps.stddev - 11.547).abs() < 0.001);
        let up = stats.way(Direction::ToServer);
        assert_eq!((up.packets, up.flag(1), up.flag(3), up.first_window), (2, 1, 1, Some(1000)));
        assert_eq!(up.head.unwrap().printable, 1.0);
        assert_eq!(stats.way(Direction::ToClient).head.unwrap().entropy, 0.0);
        assert_eq!(stats.first_lengths(), &[60, -60, 100, -200]);
        assert_eq!(stats.turns(), 1);
        assert_eq!(stats.duration_ms(), 50.0);
    }

    #[test]
    fn swapping_is_as_if_seen_the_other_way() {
        let (mut one, mut other) = (FlowStats::default(), FlowStats::default());
        for i in 0..30 {
            let way = if i % 3 == 0 { Direction::ToServer } else { Direction::ToClient };
            one.packet(way, at(i * 7), 60 + i as u32, i as u32, 0x10, 5, b"x");
            other.packet(way.opposite(), at(i * 7), 60 + i as u32, i as u32, 0x10, 5, b"x");
        }
        one.swap();
        assert_eq!(format!("{one:?}"), format!("{other:?}"));
    }

    #[test]
    fn first_bytes_cost_no_memory() {
        assert_eq!(size_of::<Option<PayloadHead>>(), 12);
    }

    #[test]
    fn the_shape_of_payload_by_hand() {
        let mut stats = FlowStats::default();
        assert!(stats.payload_shape().is_none() && !stats.has_payload());
        stats.packet(Direction::ToServer, at(0), 61, 1, 0x10, 1000, &[0]);
        stats.packet(Direction::ToClient, at(10), 63, 3, 0x10, 1000, b"abb");
        let shape = stats.payload_shape().unwrap();
        assert_eq!((shape.first.to_server.bytes(), shape.first.to_client.bytes()), (&[0][..], &b"abb"[..]));
        assert_eq!(shape.printable.get(), 0.75);
        // No bit, and 0.918 bits of three bytes in four.
        assert!((shape.entropy - 0.918_3 * 0.75).abs() < 1e-3, "{}", shape.entropy);
    }

    #[test]
    fn entropy_of_the_first_bytes_by_hand() {
        let head = |bytes: &[u8]| PayloadHead::of(bytes).unwrap();
        assert_eq!(head(&(0..=255).collect::<Vec<u8>>()).entropy, 1.0);
        assert_eq!(head(&[7; 64]).entropy, 0.0);
        assert_eq!(head(b"ab").entropy, 1.0);
        // Four bytes of two values, one thrice: 0.811 bits of 2.
        assert!((head(&[0, 255, 255, 255]).entropy - 0.405_64).abs() < 1e-5);
        // A few values in each quarter of the alphabet, by the plain definition.
        let mixed: Vec<u8> = (0..61u32).map(|i| (i * i * 37 % 251) as u8).collect();
        let share = |byte: u8| mixed.iter().filter(|other| **other == byte).count() as f32 / 61.0;
        let plain: f32 = (0..=255).map(share).filter(|p| *p > 0.0).map(|p| -p * p.log2()).sum();
        assert!((head(&mixed).entropy - plain / 61f32.log2()).abs() < 1e-6);
    }

    #[test]
    fn time_that_runs_backwards_is_no_gap() {
        let mut stats = FlowStats::default();
        for ms in [100, 50, 120] {
            stats.packet(Direction::ToServer, at(ms), 60, 0, 0, 0, &[]);
        }
        let gaps = stats.gaps_ms().unwrap();
        assert_eq!((gaps.min, gaps.max), (0.0, 20.0));
    }

    #[test]
    fn gaps_are_monotone_when_quantised() {
        let values: Vec<u8> = [0.0, 0.001, 0.01, 1.0, 10.0, 1000.0, 1e6, 1e9].iter().map(|ms| quantise(*ms)).collect();
        assert!(values.windows(2).all(|w| w[0] < w[1]), "{values:?}");
    }
}
