//! What is remembered of the flows of one client, server and port. Bounded.

use crate::lru::Lru;
use picket_event::{Timestamp, Transport};
use std::net::IpAddr;

/// Recent intervals and downloads kept of each pair.
const KEPT: usize = 16;

/// One client, one server, one server port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PairKey {
    /// The client.
    pub client: IpAddr,
    /// The server.
    pub server: IpAddr,
    /// The server's port.
    pub port: u16,
    /// The transport.
    pub transport: Transport,
}

/// What is known of the flows of a pair so far.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairHistory {
    /// Flows begun, this one included.
    pub flows: u32,
    /// Flows ended, this one included.
    pub ended: u32,
    /// Median of the recent intervals between starts, seconds; `None` with fewer than two flows.
    pub interval_median_s: Option<f32>,
    /// Standard deviation over mean of the recent intervals; `None` with fewer than three flows.
    pub interval_cv: Option<f32>,
    /// Mean of the recent downloads (bytes to the client); `None` before a flow has ended.
    pub download_mean: Option<f32>,
    /// Standard deviation over mean of the recent downloads; `None` with fewer than three ended flows.
    pub download_cv: Option<f32>,
    /// From the first start to the last, seconds.
    pub span_s: f32,
}

/// The pairs of a sensor (or of one of its shards), the least recently seen forgotten first.
#[derive(Debug)]
pub struct PairMemory {
    pairs: Lru<PairKey, Series>,
}

/// The running values of one pair: about 160 bytes.
#[derive(Clone, Debug)]
struct Series {
    first: Timestamp,
    last: Timestamp,
    flows: u32,
    ended: u32,
    intervals: Ring,
    downloads: Ring,
}

/// The last [`KEPT`] values of a series.
#[derive(Clone, Debug, Default)]
struct Ring {
    values: [f32; KEPT],
    seen: u32,
}

impl PairMemory {
    /// Remembers at most `capacity` pairs (at least one).
    #[must_use]
    pub fn new(capacity: usize, seed: u64) -> Self {
        Self { pairs: Lru::new(capacity, seed) }
    }

    /// A flow of the pair began. To be called once a flow, when its first packet is seen.
    pub fn begin(&mut self, key: PairKey, start: Timestamp) {
        let series = self.pairs.entry(key, || Series::new(start));
        if series.flows > 0 {
            series.intervals.push(start.since(series.last).as_secs_f32());
        }
        series.last = series.last.max(start);
        series.flows = series.flows.saturating_add(1);
    }

    /// A flow of the pair, begun at `start`, ended with so many bytes to the client. What is known of the
    /// pair then; a pair forgotten meanwhile begins anew with this flow.
    pub fn end(&mut self, key: PairKey, start: Timestamp, bytes_to_client: u64) -> PairHistory {
        let series = self.pairs.entry(key, || Series::new(start));
        series.flows = series.flows.max(1);
        series.ended = series.ended.saturating_add(1);
        series.downloads.push(bytes_to_client as f32);
        series.history()
    }

    /// What is known of a pair, without changing it.
    #[must_use]
    pub fn get(&self, key: &PairKey) -> Option<PairHistory> {
        self.pairs.peek(key).map(Series::history)
    }

    /// Pairs remembered now.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether no pair is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pairs.len() == 0
    }

    /// Pairs forgotten for want of room (`capped` in the ledger as `pair_memory`).
    #[must_use]
    pub const fn forgotten(&self) -> u64 {
        self.pairs.evicted()
    }
}

impl Series {
    fn new(start: Timestamp) -> Self {
        Self { first: start, last: start, flows: 0, ended: 0, intervals: Ring::default(), downloads: Ring::default() }
    }

    fn history(&self) -> PairHistory {
        PairHistory {
            flows: self.flows,
            ended: self.ended,
            interval_median_s: self.intervals.median(),
            interval_cv: self.intervals.cv(2),
            download_mean: self.downloads.mean(),
            download_cv: self.downloads.cv(3),
            span_s: self.last.since(self.first).as_secs_f32(),
        }
    }
}

impl Ring {
    fn push(&mut self, value: f32) {
        if let Some(slot) = self.values.get_mut(self.seen as usize % KEPT) {
            *slot = value;
        }
        self.seen = self.seen.checked_add(1).unwrap_or(KEPT as u32);
    }

    fn kept(&self) -> &[f32] {
        self.values.get(..KEPT.min(self.seen as usize)).unwrap_or_default()
    }

    fn mean(&self) -> Option<f32> {
        let kept = self.kept();
        (!kept.is_empty()).then(|| kept.iter().sum::<f32>() / kept.len() as f32)
    }

    /// Sample standard deviation over mean; `None` with fewer than `least` values or a mean of 0.
    fn cv(&self, least: usize) -> Option<f32> {
        let kept = self.kept();
        let mean = self.mean().filter(|mean| kept.len() >= least && *mean > 0.0)?;
        let squares: f32 = kept.iter().map(|value| (value - mean).powi(2)).sum();
        Some((squares / (kept.len() - 1) as f32).sqrt() / mean)
    }

    fn median(&self) -> Option<f32> {
        let mut sorted = self.values;
        let seen = self.kept().len();
        let sorted = sorted.get_mut(..seen)?;
        sorted.sort_by(f32::total_cmp);
        let upper = sorted.get(seen / 2)?;
        let lower = sorted.get(seen.saturating_sub(1) / 2)?;
        Some((upper + lower) / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn key(n: u8) -> PairKey {
        let ip = |d| IpAddr::V4(Ipv4Addr::new(10, 0, 0, d));
        PairKey { client: ip(n), server: ip(200), port: 443, transport: Transport::TCP }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_parts(seconds, 0)
    }

    #[test]
    fn regular_flows_are_seen_as_such() {
        let mut memory = PairMemory::new(8, 0);
        let mut last = None;
        for i in 0..40 {
            memory.begin(key(1), at(i * 60));
            last = Some(memory.end(key(1), at(i * 60), 1000));
        }
        let history = last.unwrap();
        assert_eq!((history.flows, history.ended), (40, 40));
        assert_eq!((history.interval_median_s, history.interval_cv), (Some(60.0), Some(0.0)));
        assert_eq!((history.download_mean, history.download_cv), (Some(1000.0), Some(0.0)));
        assert_eq!(history.span_s, 39.0 * 60.0);
    }

    #[test]
    fn unknown_until_there_is_enough() {
        let mut memory = PairMemory::new(8, 0);
        memory.begin(key(1), at(0));
        let first = memory.end(key(1), at(0), 10);
        assert_eq!((first.interval_median_s, first.interval_cv, first.download_cv), (None, None, None));
        memory.begin(key(1), at(5));
        assert_eq!(memory.get(&key(1)).unwrap().interval_median_s, Some(5.0));
        assert_eq!(memory.get(&key(1)).unwrap().interval_cv, None);
    }

    #[test]
    fn the_least_recent_pair_is_forgotten_and_counted() {
        let mut memory = PairMemory::new(2, 0);
        for n in [1, 2, 1, 3] {
            memory.begin(key(n), at(i64::from(n)));
        }
        assert!(memory.get(&key(2)).is_none() && memory.get(&key(1)).is_some());
        assert_eq!((memory.len(), memory.forgotten()), (2, 1));
    }
}
