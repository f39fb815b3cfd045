//! `pair/2`: RITA's scores and robust measures of the connections of one client, server and port.
//!
//! The robust ones use times with their fraction, lean on medians and shares, and bear missed beats: an interval
//! that is a multiple of the median still counts as on the beat.

use crate::beacon::{Connection, Rita, middle, rita};
use crate::schema::maybe;
use picket_event::Timestamp;

/// Connections that a robust measure needs.
const LEAST: usize = 4;
/// Intervals this near to the median, as its share, count as equal to it.
const NEAR: f64 = 0.1;
/// A missed beat is told up to so many in a row.
const BEATS: f64 = 10.0;
/// Share of intervals left out at each end for the trimmed spread.
const TRIM: f64 = 0.1;

/// Everything `pair/2` says of a pair.
#[derive(Clone, Debug, PartialEq)]
pub struct Regularity {
    /// Connections seen, kept ones or not.
    pub connections: u32,
    /// From the first start ever to the last, seconds.
    pub span_s: f64,
    /// RITA's scores over the connections kept; `None` where there are too few.
    pub rita: Option<Rita>,
    /// Median interval, seconds; `None` below two connections.
    pub interval_median_s: Option<f64>,
    /// Median bytes of a connection; `None` without any.
    pub size_median: Option<f64>,
    robust: Option<Robust>,
}

#[derive(Clone, Debug, PartialEq)]
struct Robust {
    interval_mad: Option<f64>,
    interval_cv: Option<f64>,
    interval_trimmed_cv: Option<f64>,
    near: Option<f64>,
    on_beat: Option<f64>,
    interval_entropy: f64,
    size_mad: Option<f64>,
    size_cv: Option<f64>,
    size_mode: f64,
    size_distinct: f64,
    bins: Option<f64>,
}

/// Names of `pair/2` with unit and meaning, in the vector's order.
pub(crate) const COLUMNS: &[(&str, &str, &str)] = &[
    ("pair_connections", "count", "connections of the client to this server and port"),
    ("pair_span_s", "s", "from the first start to the last"),
    ("pair_rate_per_h", "1/h", "connections an hour of that span"),
    ("pair_interval_median_s", "s", "median interval between starts"),
    ("pair_interval_mad_ratio", "ratio", "median absolute deviation of the intervals over their median"),
    ("pair_interval_cv", "ratio", "standard deviation of the intervals over their mean"),
    ("pair_interval_trimmed_cv", "ratio", "the same without the tenth at each end"),
    ("pair_interval_near_share", "0..1", "intervals within a tenth of the median"),
    ("pair_interval_on_beat_share", "0..1", "intervals within a tenth of the median of a multiple of it, up to 10"),
    ("pair_interval_entropy", "0..1", "entropy of the intervals in bins of powers of two, over its maximum"),
    ("pair_size_median", "bytes", "median bytes of a connection, both ways"),
    ("pair_size_mad_ratio", "ratio", "median absolute deviation of the sizes over their median"),
    ("pair_size_cv", "ratio", "standard deviation of the sizes over their mean"),
    ("pair_size_mode_share", "0..1", "connections of the commonest size"),
    ("pair_size_distinct_share", "0..1", "different sizes over connections"),
    ("pair_bins_share", "0..1", "twenty-fourths of the watched span with a connection"),
    ("rita_score", "0..1", "RITA: mean of its four scores"),
    ("rita_interval", "0..1", "RITA: interval dispersion"),
    ("rita_size", "0..1", "RITA: size dispersion"),
    ("rita_histogram", "0..1", "RITA: even or bimodal histogram"),
    ("rita_duration", "0..1", "RITA: coverage or consistency"),
    ("rita_interval_skew", "-1..1", "RITA: Bowley skewness of the intervals"),
    ("rita_interval_mad", "s", "RITA: median absolute deviation of the intervals"),
    ("rita_size_skew", "-1..1", "RITA: Bowley skewness of the sizes"),
    ("rita_size_mad", "bytes", "RITA: median absolute deviation of the sizes"),
];

impl Regularity {
    /// Of the connections kept (sorted by start), in a watch from `begin` to `end`; `connections` and `first`
    /// also count those that were not kept.
    #[must_use]
    pub fn of(kept: &[Connection], connections: u32, first: Timestamp, begin: Timestamp, end: Timestamp) -> Self {
        let seconds = |earlier: Timestamp, later: Timestamp| later.since(earlier).as_secs_f64();
        let mut intervals: Vec<f64> = kept
            .windows(2)
            .filter_map(|pair| match pair {
                [a, b] => Some(seconds(a.start, b.start)),
                _ => None,
            })
            .collect();
        intervals.sort_by(f64::total_cmp);
        let mut sizes: Vec<f64> = kept.iter().map(|connection| connection.bytes as f64).collect();
        sizes.sort_by(f64::total_cmp);
        let rita = rita(kept, begin, end);
        let bins = rita.map(|r| r.bins.iter().filter(|bin| **bin > 0).count() as f64 / r.bins.len() as f64);
        Self {
            connections,
            span_s: kept.last().map_or(0.0, |last| seconds(first, last.start)),
            rita,
            interval_median_s: (!intervals.is_empty()).then(|| middle(&intervals)),
            size_median: (!sizes.is_empty()).then(|| middle(&sizes)),
            robust: (kept.len() >= LEAST).then(|| Robust::of(&intervals, &sizes, bins)),
        }
    }

    /// How many features `pair/2` has.
    #[must_use]
    pub const fn len() -> usize {
        COLUMNS.len()
    }

    /// Appends `pair/2`.
    pub fn extract(&self, into: &mut Vec<f32>) {
        let value = |value: Option<f64>| maybe(value.map(|value| value as f32));
        let robust = |part: fn(&Robust) -> Option<f64>| value(self.robust.as_ref().and_then(part));
        let rita = |part: fn(&Rita) -> f64| value(self.rita.as_ref().map(part));
        into.extend_from_slice(&[
            self.connections as f32,
            self.span_s as f32,
            value((self.span_s > 0.0).then(|| f64::from(self.connections) / self.span_s * 3600.0)),
            value(self.interval_median_s),
            robust(|r| r.interval_mad),
            robust(|r| r.interval_cv),
            robust(|r| r.interval_trimmed_cv),
            robust(|r| r.near),
            robust(|r| r.on_beat),
            robust(|r| Some(r.interval_entropy)),
            value(self.size_median),
            robust(|r| r.size_mad),
            robust(|r| r.size_cv),
            robust(|r| Some(r.size_mode)),
            robust(|r| Some(r.size_distinct)),
            robust(|r| r.bins),
            rita(|r| r.score),
            rita(|r| r.intervals.score),
            rita(|r| r.sizes.score),
            rita(|r| r.histogram),
            rita(|r| r.duration),
            rita(|r| r.intervals.skew),
            rita(|r| r.intervals.mad),
            rita(|r| r.sizes.skew),
            rita(|r| r.sizes.mad),
        ]);
    }
}

impl Robust {
    /// Of sorted intervals and sizes, both with at least one value.
    fn of(intervals: &[f64], sizes: &[f64], bins: Option<f64>) -> Self {
        let median = middle(intervals);
        let share = |fits: &dyn Fn(f64) -> bool| {
            let count = intervals.iter().filter(|interval| fits(**interval)).count();
            (median > 0.0).then(|| count as f64 / intervals.len().max(1) as f64)
        };
        let cut = (intervals.len() as f64 * TRIM) as usize;
        let trimmed = intervals.get(cut..intervals.len() - cut).unwrap_or_default();
        let (mode, distinct) = runs(sizes);
        let n = sizes.len().max(1) as f64;
        Self {
            interval_mad: mad_ratio(intervals),
            interval_cv: cv(intervals),
            interval_trimmed_cv: cv(trimmed),
            near: share(&|interval| (interval - median).abs() <= NEAR * median),
            on_beat: share(&|interval| {
                let beats = (interval / median).round();
                (1.0..=BEATS).contains(&beats) && (interval - beats * median).abs() <= NEAR * median
            }),
            interval_entropy: entropy(intervals),
            size_mad: mad_ratio(sizes),
            size_cv: cv(sizes),
            size_mode: mode as f64 / n,
            size_distinct: distinct as f64 / n,
            bins,
        }
    }
}

fn mad_ratio(sorted: &[f64]) -> Option<f64> {
    let median = middle(sorted);
    let mut distances: Vec<f64> = sorted.iter().map(|value| (value - median).abs()).collect();
    distances.sort_by(f64::total_cmp);
    (median > 0.0).then(|| middle(&distances) / median)
}

/// Sample standard deviation over mean.
fn cv(values: &[f64]) -> Option<f64> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (values.len() >= 2 && mean > 0.0).then(|| (squares / (n - 1.0)).sqrt() / mean)
}

/// Length of the longest run of equal values and number of runs, of sorted values.
fn runs(sorted: &[f64]) -> (usize, usize) {
    let (mut longest, mut count, mut run, mut before) = (0, 0, 0, None);
    for value in sorted {
        run = if before == Some(*value) { run + 1 } else { 1 };
        count += usize::from(run == 1);
        longest = longest.max(run);
        before = Some(*value);
    }
    (longest, count)
}

/// Entropy of intervals in bins of powers of two seconds (below 1 ms to above 12 days), 0 to 1.
fn entropy(intervals: &[f64]) -> f64 {
    const BINS: usize = 32;
    let mut counts = [0u32; BINS];
    for interval in intervals {
        let bin = (interval.max(1e-3).log2() + 10.0).clamp(0.0, (BINS - 1) as f64) as usize;
        if let Some(count) = counts.get_mut(bin) {
            *count += 1;
        }
    }
    let n = intervals.len().max(1) as f64;
    let shares = counts.iter().filter(|count| **count > 0).map(|count| f64::from(*count) / n);
    let most = n.min(BINS as f64).log2();
    if most > 0.0 { shares.map(|p| -p * p.log2()).sum::<f64>() / most } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_nanos(ms * 1_000_000)
    }

    fn regularity(starts_ms: &[i64], bytes: &[u64]) -> (Regularity, Vec<f32>) {
        let kept: Vec<Connection> =
            starts_ms.iter().zip(bytes).map(|(ms, bytes)| Connection { start: at(*ms), bytes: *bytes }).collect();
        let end = at(*starts_ms.last().unwrap());
        let found = Regularity::of(&kept, kept.len() as u32, kept[0].start, kept[0].start, end);
        let mut vector = Vec::new();
        found.extract(&mut vector);
        (found, vector)
    }

    fn named(vector: &[f32], name: &str) -> f32 {
        vector[COLUMNS.iter().position(|(known, _, _)| *known == name).unwrap()]
    }

    #[test]
    fn a_missed_beat_is_still_on_the_beat() {
        let (found, vector) =
            regularity(&[0, 10_000, 20_000, 40_000, 50_000, 60_500, 70_500], &[100, 100, 100, 100, 100, 100, 300]);
        assert_eq!(vector.len(), Regularity::len());
        assert_eq!(found.interval_median_s, Some(10.0));
        assert_eq!(named(&vector, "pair_interval_on_beat_share"), 1.0);
        assert!((named(&vector, "pair_interval_near_share") - 5.0 / 6.0).abs() < 1e-6);
        assert!((named(&vector, "pair_size_mode_share") - 6.0 / 7.0).abs() < 1e-6);
        assert!((named(&vector, "pair_size_distinct_share") - 2.0 / 7.0).abs() < 1e-6);
        assert_eq!(named(&vector, "pair_interval_mad_ratio"), 0.0);
        assert_eq!(named(&vector, "pair_size_median"), 100.0);
    }

    #[test]
    fn few_connections_leave_the_rest_absent() {
        let (found, vector) = regularity(&[0, 5_000], &[1, 2]);
        assert_eq!((found.connections, found.span_s, found.interval_median_s), (2, 5.0, Some(5.0)));
        assert!(named(&vector, "pair_interval_cv").is_nan() && named(&vector, "rita_score").is_nan());
    }

    #[test]
    fn equal_starts_divide_by_nothing() {
        let (_, vector) = regularity(&[0; 30], &[0; 30]);
        assert!(vector.iter().all(|value| value.is_nan() || value.is_finite()));
        assert!(named(&vector, "pair_interval_near_share").is_nan());
    }
}
