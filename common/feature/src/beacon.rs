//! Regularity between the connections of one pair: RITA's four scores, kept exactly, and robust ones beside them.
//!
//! RITA's formulas are those of version 5.1.1 (`analysis/beacons.go`), recomputed from their description: starts in
//! whole seconds, 24 bins over the data set's span, four scores of equal weight. Known weak points, kept as they
//! are: duration and histogram saturate on a short span, and whole seconds hide jitter below one second.

use picket_event::Timestamp;

/// Bins of the histogram over the data set's span.
pub const BINS: usize = 24;
/// Connections at different seconds that a score needs.
const LEAST_UNIQUE: usize = 4;
/// Intervals that a score needs.
const LEAST_INTERVALS: usize = 3;
/// Spread of the quartiles below which the skew counts as none.
const LEAST_SPREAD: f64 = 10.0;
/// Bins that must hold something before the span of a pair says anything.
const LEAST_BARS: usize = 6;
/// An unbroken run of so many bins counts as consistent.
const IDEAL_RUN: f64 = 12.0;
/// Bins that must hold something before two heights may explain the histogram.
const LEAST_BARS_BIMODAL: usize = 11;
/// Heights this near to each other, as a share of the largest, count as one.
const HEIGHT_WIDTH: f64 = 0.05;

/// One connection of a pair.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Connection {
    /// When it began.
    pub start: Timestamp,
    /// Bytes on the wire, both ways.
    pub bytes: u64,
}

/// Dispersion of one series: the score and what it is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Dispersion {
    /// Mean of the skew's and the deviation's score, 0 to 1, three decimals.
    pub score: f64,
    /// Bowley's skewness, -1 to 1.
    pub skew: f64,
    /// Median absolute deviation from the median, in the series' unit.
    pub mad: f64,
}

/// RITA's score of a pair and its four parts, each 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rita {
    /// The mean of the four, three decimals.
    pub score: f64,
    /// Of the intervals between starts, seconds.
    pub intervals: Dispersion,
    /// Of the connections' sizes, bytes.
    pub sizes: Dispersion,
    /// How evenly connections spread over the bins.
    pub histogram: f64,
    /// How much of the span the pair covers.
    pub duration: f64,
    /// Connections in each bin.
    pub bins: [u32; BINS],
}

/// RITA's scores of a pair's connections, sorted by start, in a data set from `begin` to `end`. `None` with fewer
/// than four connections at different seconds, or where the data set has no span.
///
/// Cost: a few sorts of the series.
#[must_use]
pub fn rita(connections: &[Connection], begin: Timestamp, end: Timestamp) -> Option<Rita> {
    let seconds = |time: Timestamp| time.nanos().div_euclid(1_000_000_000);
    let starts: Vec<i64> = connections.iter().map(|connection| seconds(connection.start)).collect();
    let intervals: Vec<f64> = starts
        .windows(2)
        .filter_map(|pair| match pair {
            [a, b] if b > a => Some((b - a) as f64),
            _ => None,
        })
        .collect();
    let (begin, end) = (seconds(begin), seconds(end));
    if intervals.len() + 1 < LEAST_UNIQUE || intervals.len() < LEAST_INTERVALS || end <= begin {
        return None;
    }
    let sizes: Vec<f64> = connections.iter().map(|connection| connection.bytes as f64).collect();
    let bins = bins(&starts, begin, end);
    let intervals = dispersion(intervals, 1.0);
    let sizes = dispersion(sizes, 0.0);
    let histogram = histogram(&bins);
    let duration = duration(&starts, &bins, begin, end);
    let score = round3(0.25 * intervals.score + 0.25 * sizes.score + 0.25 * histogram + 0.25 * duration);
    Some(Rita { score, intervals, sizes, histogram, duration, bins })
}

/// What a score is worth as a severity, 0 to 0.8: through 0.5, 0.7, 0.9 and 1 to 0.2, 0.4, 0.6 and 0.8, and 0 below.
#[must_use]
pub fn severity(score: f64) -> f64 {
    const KNOTS: [(f64, f64); 4] = [(0.5, 0.2), (0.7, 0.4), (0.9, 0.6), (1.0, 0.8)];
    if score.is_nan() || score < 0.5 {
        return 0.0;
    }
    for pair in KNOTS.windows(2) {
        if let [(low, from), (high, to)] = pair
            && score <= *high
        {
            return from + (score - low) / (high - low) * (to - from);
        }
    }
    0.8
}

/// `default` is the deviation's score where the median is below 1.
fn dispersion(mut values: Vec<f64>, default: f64) -> Dispersion {
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    let lower = values.get(..half).unwrap_or_default();
    let upper = values.get(values.len() - half..).unwrap_or_default();
    let (q1, q2, q3) = (middle(lower), middle(&values), middle(upper));
    // Equal quartiles are copies of one value, so they compare exactly.
    let level = q3 - q1 < LEAST_SPREAD || q2 == q1 || q2 == q3;
    let skew = if level { 0.0 } else { (q1 + q3 - 2.0 * q2) / (q3 - q1) };
    let mut distances: Vec<f64> = values.iter().map(|value| (value - q2).abs()).collect();
    distances.sort_by(f64::total_cmp);
    let mad = middle(&distances);
    let mad_score = if q2 >= 1.0 { ((q2 - mad) / q2).max(0.0) } else { default };
    Dispersion { score: round3((1.0 - skew.abs() + mad_score) / 2.0), skew, mad }
}

/// The median of sorted values; 0 of none.
pub(crate) fn middle(sorted: &[f64]) -> f64 {
    let upper = sorted.get(sorted.len() / 2).copied().unwrap_or(0.0);
    let lower = sorted.get(sorted.len().saturating_sub(1) / 2).copied().unwrap_or(0.0);
    (lower + upper) / 2.0
}

fn bins(starts: &[i64], begin: i64, end: i64) -> [u32; BINS] {
    let mut bins = [0u32; BINS];
    let width = (end - begin) as f64 / BINS as f64;
    for start in starts.iter().filter(|start| (begin..=end).contains(*start)) {
        let at = (((start - begin) as f64 / width) as usize).min(BINS - 1);
        if let Some(bin) = bins.get_mut(at) {
            *bin += 1;
        }
    }
    bins
}

fn histogram(bins: &[u32; BINS]) -> f64 {
    let heights = bins.map(f64::from);
    let mean = heights.iter().sum::<f64>() / BINS as f64;
    let variance = heights.iter().map(|height| (height - mean).powi(2)).sum::<f64>() / BINS as f64;
    let ratio = if mean > 0.0 { variance.sqrt() / mean } else { f64::INFINITY };
    let even = if ratio > 1.0 { 0.0 } else { round3(1.0 - ratio) };
    even.max(bimodal(bins))
}

/// How far two heights explain the bins, one bin left out as an outlier.
fn bimodal(bins: &[u32; BINS]) -> f64 {
    let bars = bins.iter().filter(|height| **height > 0).count();
    if bars < LEAST_BARS_BIMODAL {
        return 0.0;
    }
    let largest = bins.iter().copied().max().unwrap_or(0);
    let width = ((HEIGHT_WIDTH * f64::from(largest)).ceil() as u32).max(1);
    let mut groups = std::collections::BTreeMap::<u32, u32>::new();
    for height in bins.iter().filter(|height| **height > 0) {
        *groups.entry(height / width).or_default() += 1;
    }
    let mut sizes: Vec<u32> = groups.into_values().collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    let fullest: u32 = sizes.iter().take(2).sum();
    round3((f64::from(fullest) / (bars - 1).max(1) as f64).min(1.0))
}

fn duration(starts: &[i64], bins: &[u32; BINS], begin: i64, end: i64) -> f64 {
    let bars = bins.iter().filter(|height| **height > 0).count();
    let (Some(first), Some(last)) = (starts.first(), starts.last()) else { return 0.0 };
    if bars < LEAST_BARS {
        return 0.0;
    }
    let coverage = ceil3((last - first) as f64 / (end - begin) as f64).min(1.0);
    let consistency = ceil3(longest_run(bins) as f64 / IDEAL_RUN).min(1.0);
    coverage.max(consistency)
}

/// The longest run of bins that hold something, going round the end.
fn longest_run(bins: &[u32; BINS]) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for height in bins.iter().chain(bins) {
        run = if *height > 0 { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest.min(BINS)
}

fn round3(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

fn ceil3(value: f64) -> f64 {
    (value * 1000.0).ceil() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every(step: i64, count: i64, bytes: u64) -> Vec<Connection> {
        (0..count).map(|i| Connection { start: Timestamp::from_parts(i * step, 0), bytes }).collect()
    }

    fn day() -> (Timestamp, Timestamp) {
        (Timestamp::EPOCH, Timestamp::from_parts(86_400, 0))
    }

    /// The perfect beacon and the four lone connections of the published series (RITA v5.1.1).
    #[test]
    fn ends_of_the_scale() {
        let (begin, end) = day();
        let perfect = rita(&every(300, 288, 1200), begin, end).unwrap();
        assert_eq!((perfect.score, perfect.histogram, perfect.duration), (1.0, 1.0, 1.0));
        let few = rita(&every(3600, 4, 100), begin, end).unwrap();
        assert_eq!((few.score, few.intervals.score, few.sizes.score, few.histogram), (0.5, 1.0, 1.0, 0.0));
    }

    #[test]
    fn too_little_gives_no_score() {
        let (begin, end) = day();
        assert!(rita(&every(60, 3, 1), begin, end).is_none());
        assert!(rita(&every(0, 50, 1), begin, end).is_none(), "all in one second");
        assert!(rita(&every(60, 50, 1), begin, begin).is_none());
        assert!(rita(&[], begin, end).is_none());
    }

    #[test]
    fn a_long_silence_shows_in_histogram_and_duration() {
        let (begin, end) = day();
        let hour = rita(&every(60, 60, 500), begin, end).unwrap();
        assert_eq!((hour.intervals.score, hour.histogram, hour.duration), (1.0, 0.0, 0.0));
    }

    #[test]
    fn runs_go_round_midnight() {
        let mut bins = [0; BINS];
        for at in [22, 23, 0, 1, 2, 10] {
            bins[at] = 1;
        }
        assert_eq!(longest_run(&bins), 5);
        assert_eq!(longest_run(&[1; BINS]), BINS);
    }

    #[test]
    fn severity_is_linear_between_its_knots() {
        let values = [0.49, 0.5, 0.6, 0.7, 0.9, 0.95, 1.0].map(severity);
        for (value, wanted) in values.iter().zip([0.0, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8]) {
            assert!((value - wanted).abs() < 1e-9, "{values:?}");
        }
        assert_eq!(severity(f64::NAN), 0.0);
    }
}
