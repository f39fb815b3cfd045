//! What `flow/2` and `sequence/2` need beyond [`crate::FlowStats`]: kept only where somebody reads it.
//!
//! Fixed size (about a kilobyte), no allocation a packet. A flow has one only in `picket-agent features` or where the
//! bundle names one of these schemas, so that ordinary flows pay neither its time nor its memory.

use crate::flow_stats::{Gaps, Summary, milliseconds};
use picket_event::{Both, Direction, Timestamp};

/// A gap of more than this ends a subflow, and a run of bulk packets. CICFlowMeter's value.
const SUBFLOW_GAP_MS: f64 = 1_000.0;
/// A gap of more than this is idle time between two active spells. CICFlowMeter's value.
const IDLE_GAP_MS: f64 = 5_000.0;
/// Packets with payload that make a run a bulk transfer. CICFlowMeter's value.
const BULK_PACKETS: u32 = 4;
/// Bins of a transition matrix each way.
pub(crate) const BINS: usize = 10;
/// Bytes of payload a bin of the length matrix spans.
const LENGTH_BIN_BYTES: u32 = 150;
/// Milliseconds a bin of the gap matrix spans.
const GAP_BIN_MS: f64 = 50.0;

/// The heavier running statistics of one flow.
#[derive(Clone, Debug, Default)]
pub struct FlowDetail {
    ways: Both<OneWay>,
    last: Option<Timestamp>,
    spell_start: Timestamp,
    active: Gaps,
    idle: Gaps,
    subflow_gaps: u32,
    last_payload: Option<Timestamp>,
    lengths: Matrix,
    gaps: Matrix,
}

/// One direction's share.
#[derive(Clone, Debug, Default)]
pub(crate) struct OneWay {
    packets: u64,
    payload_sum: u64,
    payload_squares: u64,
    payload_least: u32,
    payload_most: u32,
    run: Run,
    bulks: u32,
    bulk_packets: u64,
    bulk_bytes: u64,
    bulk_ms: f64,
}

/// Packets with payload of one direction, less than a second apart, with none of the other side between.
#[derive(Clone, Copy, Debug, Default)]
struct Run {
    start: Timestamp,
    last: Timestamp,
    packets: u32,
    bytes: u64,
}

/// Counts of transitions between bins, row by row.
#[derive(Clone, Debug, Default)]
pub(crate) struct Matrix {
    counts: [[u16; BINS]; BINS],
    before: Option<u8>,
}

impl FlowDetail {
    /// Counts one packet; the same values as [`crate::FlowStats::packet`] takes.
    pub fn packet(&mut self, direction: Direction, time: Timestamp, payload_len: u32) {
        self.spell(time);
        let way = self.ways.get_mut(direction);
        way.payload_least = if way.packets == 0 { payload_len } else { way.payload_least.min(payload_len) };
        way.payload_most = way.payload_most.max(payload_len);
        way.packets += 1;
        way.payload_sum += u64::from(payload_len);
        way.payload_squares = way.payload_squares.saturating_add(u64::from(payload_len) * u64::from(payload_len));
        if payload_len == 0 {
            return;
        }
        way.bulk(time, payload_len);
        self.ways.get_mut(direction.opposite()).run = Run::default();
        self.lengths.step(((payload_len / LENGTH_BIN_BYTES) as usize).min(BINS - 1));
        if let Some(before) = self.last_payload {
            let gap = milliseconds(time, before);
            self.gaps.step(((gap / GAP_BIN_MS) as usize).min(BINS - 1));
        }
        self.last_payload = Some(self.last_payload.map_or(time, |before| before.max(time)));
    }

    /// Follows spells of activity and the silence between them.
    fn spell(&mut self, time: Timestamp) {
        let Some(last) = self.last else {
            (self.last, self.spell_start) = (Some(time), time);
            return;
        };
        let gap = milliseconds(time, last);
        if gap > SUBFLOW_GAP_MS {
            self.subflow_gaps = self.subflow_gaps.saturating_add(1);
        }
        if gap > IDLE_GAP_MS {
            let spell = milliseconds(last, self.spell_start);
            if spell > 0.0 {
                self.active.add(spell);
            }
            self.idle.add(gap);
            self.spell_start = time;
        }
        self.last = Some(last.max(time));
    }

    /// Exchanges the directions, when the sensor learns that it had taken the server for the client.
    pub fn swap(&mut self) {
        self.ways = std::mem::take(&mut self.ways).swapped();
    }

    pub(crate) const fn way(&self, direction: Direction) -> &OneWay {
        self.ways.get(direction)
    }

    /// Payload bytes a packet, both ways; `None` without packets.
    pub(crate) fn payload(&self) -> Option<Summary> {
        let (a, b) = (&self.ways.to_server, &self.ways.to_client);
        match (a.packets, b.packets) {
            (_, 0) => a.payload(),
            (0, _) => b.payload(),
            _ => Some(summary(
                a.packets + b.packets,
                a.payload_sum + b.payload_sum,
                a.payload_squares.saturating_add(b.payload_squares),
                (a.payload_least.min(b.payload_least), a.payload_most.max(b.payload_most)),
            )),
        }
    }

    /// Spells of activity, the present one included; spells of a single packet do not count. Milliseconds.
    pub(crate) fn active(&self) -> Option<Summary> {
        let mut all = self.active;
        if let Some(last) = self.last {
            let spell = milliseconds(last, self.spell_start);
            if spell > 0.0 {
                all.add(spell);
            }
        }
        all.summary()
    }

    /// Silences between spells, milliseconds.
    pub(crate) fn idle(&self) -> Option<Summary> {
        self.idle.summary()
    }

    /// Parts of the flow between silences of more than a second; at least 1.
    pub(crate) const fn subflows(&self) -> u32 {
        self.subflow_gaps.saturating_add(1)
    }

    /// Transitions between bins of payload length.
    pub(crate) const fn lengths(&self) -> &Matrix {
        &self.lengths
    }

    /// Transitions between bins of gaps.
    pub(crate) const fn gap_steps(&self) -> &Matrix {
        &self.gaps
    }
}

impl OneWay {
    /// Payload bytes a packet; `None` without packets.
    pub(crate) fn payload(&self) -> Option<Summary> {
        let ends = (self.payload_least, self.payload_most);
        (self.packets > 0).then(|| summary(self.packets, self.payload_sum, self.payload_squares, ends))
    }

    fn bulk(&mut self, time: Timestamp, payload_len: u32) {
        let run = &mut self.run;
        let since = milliseconds(time, run.last);
        if run.packets == 0 || since > SUBFLOW_GAP_MS {
            *run = Run { start: time, last: time, packets: 1, bytes: u64::from(payload_len) };
            return;
        }
        run.packets = run.packets.saturating_add(1);
        run.bytes += u64::from(payload_len);
        if run.packets == BULK_PACKETS {
            self.bulks = self.bulks.saturating_add(1);
            self.bulk_packets += u64::from(run.packets);
            self.bulk_bytes += run.bytes;
            self.bulk_ms += milliseconds(time, run.start);
        } else if run.packets > BULK_PACKETS {
            self.bulk_packets += 1;
            self.bulk_bytes += u64::from(payload_len);
            self.bulk_ms += since;
        }
        run.last = run.last.max(time);
    }

    /// Bytes and packets of a bulk transfer, on the mean, and bytes a second; 0 where there was none.
    pub(crate) fn bulks(&self) -> (f32, f32, f32) {
        let n = f64::from(self.bulks.max(1));
        let rate = if self.bulk_ms > 0.0 { self.bulk_bytes as f64 / self.bulk_ms * 1e3 } else { 0.0 };
        ((self.bulk_bytes as f64 / n) as f32, (self.bulk_packets as f64 / n) as f32, rate as f32)
    }
}

fn summary(count: u64, sum: u64, squares: u64, (least, most): (u32, u32)) -> Summary {
    Summary {
        min: least as f32,
        mean: (sum as f64 / count as f64) as f32,
        stddev: crate::flow_stats::exact_deviation(count, sum, squares),
        max: most as f32,
    }
}

impl Matrix {
    fn step(&mut self, bin: usize) {
        let before = self.before.replace(bin as u8);
        let Some(row) = before.and_then(|before| self.counts.get_mut(usize::from(before))) else { return };
        let Some(count) = row.get_mut(bin) else { return };
        match count.checked_add(1) {
            Some(more) => *count = more,
            // Full: the row's shares stay about as they are.
            None => row.iter_mut().for_each(|count| *count /= 2),
        }
    }

    /// Shares of each row, row by row; a row that was never left is all 0.
    pub(crate) fn shares(&self) -> impl Iterator<Item = f32> {
        self.counts.iter().flat_map(|row| {
            let total: u32 = row.iter().map(|count| u32::from(*count)).sum();
            row.iter().map(move |count| f32::from(*count) / total.max(1) as f32)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Direction::{ToClient, ToServer};

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_nanos(ms * 1_000_000)
    }

    #[test]
    fn bounded_for_every_flow() {
        assert!(size_of::<FlowDetail>() <= 1_200, "{} bytes", size_of::<FlowDetail>());
    }

    /// Spells split at 5 s, the last one closed; subflows at 1 s.
    #[test]
    fn spells_and_subflows_by_hand() {
        let mut detail = FlowDetail::default();
        for ms in [0, 400, 2_000, 9_000, 9_100, 20_000] {
            detail.packet(ToServer, at(ms), 0);
        }
        let (active, idle) = (detail.active().unwrap(), detail.idle().unwrap());
        assert_eq!((active.min, active.max), (100.0, 2_000.0));
        assert_eq!((idle.min, idle.max), (7_000.0, 10_900.0));
        assert_eq!(detail.subflows(), 4);
    }

    #[test]
    fn payload_of_both_ways() {
        let mut detail = FlowDetail::default();
        for (way, length) in [(ToServer, 0), (ToServer, 100), (ToClient, 1_400)] {
            detail.packet(way, at(0), length);
        }
        let both = detail.payload().unwrap();
        assert_eq!((both.min, both.max, both.mean), (0.0, 1_400.0, 500.0));
        assert_eq!(detail.way(ToClient).payload().unwrap().stddev, 0.0);
        assert!(FlowDetail::default().payload().is_none());
    }

    /// Four packets with payload in a row make a bulk; one of the other side ends it.
    #[test]
    fn bulks_by_hand() {
        let mut detail = FlowDetail::default();
        for i in 0..5 {
            detail.packet(ToClient, at(i * 100), 1_000);
        }
        detail.packet(ToServer, at(500), 10);
        for i in 6..9 {
            detail.packet(ToClient, at(i * 100), 1_000);
        }
        assert_eq!(detail.way(ToClient).bulks(), (5_000.0, 5.0, 12_500.0));
        assert_eq!(detail.way(ToServer).bulks(), (0.0, 0.0, 0.0));
    }

    #[test]
    fn transitions_by_hand() {
        let mut detail = FlowDetail::default();
        for (ms, length) in [(0, 10), (60, 200), (70, 10), (600, 5_000), (600, 0)] {
            detail.packet(ToServer, at(ms), length);
        }
        let lengths: Vec<f32> = detail.lengths().shares().collect();
        assert_eq!((lengths[1], lengths[9], lengths[10]), (0.5, 0.5, 1.0));
        let gaps: Vec<f32> = detail.gap_steps().shares().collect();
        assert_eq!((gaps[10], gaps[9]), (1.0, 1.0), "60 ms, then 10 ms, then 530 ms");
    }

    #[test]
    fn a_full_row_keeps_its_shares() {
        let mut matrix = Matrix::default();
        for i in 0..400_000 {
            matrix.step(usize::from(i % 4 == 0));
        }
        let shares: Vec<f32> = matrix.shares().collect();
        assert!((shares[0] - 2.0 / 3.0).abs() < 0.01 && (shares[1] - 1.0 / 3.0).abs() < 0.01, "{shares:?}");
    }
}
