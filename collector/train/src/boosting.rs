//! Gradient boosted trees with logistic loss over histograms (Friedman 2001; the regularised gain of Chen and
//! Guestrin, "XGBoost", 2016).

use crate::random::Random;
use crate::table::{Table, flat};
use picket_score::Refusal;
use picket_score::trees::{Combine, Node, Trees, logistic};

/// Settings of boosting.
#[derive(Clone, Debug, PartialEq)]
pub struct BoostingSettings {
    /// Trees.
    pub trees: usize,
    /// Share of each tree's say that is kept.
    pub rate: f32,
    /// Depth at most.
    pub depth: usize,
    /// L2 penalty of leaf values.
    pub l2: f64,
    /// Weight in a leaf at least, in units of the loss's curvature.
    pub leaf: f64,
    /// Share of the columns each tree sees.
    pub columns: f32,
    /// The seed.
    pub seed: u64,
}

impl Default for BoostingSettings {
    fn default() -> Self {
        Self { trees: 100, rate: 0.1, depth: 4, l2: 1.0, leaf: 1.0, columns: 1.0, seed: 1 }
    }
}

/// Bins of a histogram; the last one holds absent values.
const BINS: usize = 65;
const ABSENT: u8 = (BINS - 1) as u8;

/// Columns as bin numbers, with the upper edge of each bin.
struct Binned {
    bins: Vec<Vec<u8>>,
    edges: Vec<Vec<f32>>,
}

/// Grows boosted trees over the given columns of a table.
///
/// # Errors
/// [`Refusal::Model`] where the ensemble is over a bundle's caps.
pub fn grow(table: &Table<'_>, columns: &[usize], settings: &BoostingSettings) -> Result<Trees, Refusal> {
    let usable: Vec<usize> = columns.iter().copied().filter(|column| table.varies(*column)).collect();
    let binned = bin(table, &usable);
    let all: Vec<u32> = (0..table.rows() as u32).collect();
    let (weight, positive) = table.sums(&all);
    let share = (positive / weight.max(f64::MIN_POSITIVE)).clamp(1e-6, 1.0 - 1e-6);
    let base = (share / (1.0 - share)).ln() as f32;
    let mut scores = vec![base; table.rows()];
    let (mut nodes, mut roots) = (Vec::new(), Vec::new());
    for number in 0..settings.trees {
        let slopes: Vec<(f64, f64)> = all
            .iter()
            .zip(&scores)
            .map(|(row, score)| {
                let p = f64::from(logistic(*score));
                let target = if table.is_positive(*row) { 1.0 } else { 0.0 };
                let weight = table.weight(*row);
                (weight * (p - target), weight * (p * (1.0 - p)).max(1e-9))
            })
            .collect();
        let seen = choose(usable.len(), settings, number as u64);
        let mut grower = Grower { table, usable: &usable, seen, binned: &binned, slopes, settings, built: Vec::new() };
        let mut rows = all.clone();
        let root = grower.node(&mut rows, 0, &mut scores);
        roots.push(flat(&grower.built, root, &mut nodes));
    }
    Trees::new(nodes, roots, Combine::Logistic, base, table.width())
}

/// The columns one tree sees, in rising order.
fn choose(columns: usize, settings: &BoostingSettings, number: u64) -> Vec<usize> {
    let mut random = Random::part(settings.seed, number);
    let wanted = ((columns as f32 * settings.columns).ceil() as usize).clamp(1, columns.max(1));
    let mut order: Vec<usize> = (0..columns).collect();
    for at in 0..wanted.min(columns) {
        let other = at + random.below(columns - at);
        order.swap(at, other);
    }
    order.truncate(wanted);
    order.sort_unstable();
    order
}

fn bin(table: &Table<'_>, columns: &[usize]) -> Binned {
    let edges: Vec<Vec<f32>> = columns.iter().map(|column| edges(table.column(*column))).collect();
    let number = |value: f32, edges: &[f32]| {
        if value.is_nan() { ABSENT } else { edges.partition_point(|edge| *edge < value) as u8 }
    };
    let of = |(column, edges): (&usize, &Vec<f32>)| {
        table.column(*column).iter().map(|value| number(*value, edges)).collect()
    };
    let bins = columns.iter().zip(&edges).map(of).collect();
    Binned { bins, edges }
}

/// Thresholds between neighbouring quantiles: at most one less than there are bins for known values.
fn edges(values: &[f32]) -> Vec<f32> {
    let mut sorted: Vec<f32> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    sorted.sort_by(f32::total_cmp);
    sorted.dedup();
    let most = BINS - 2;
    let between = |a: f32, b: f32| a + (b - a) / 2.0;
    let all: Vec<f32> = sorted.windows(2).filter_map(|w| Some(between(*w.first()?, *w.last()?))).collect();
    if all.len() <= most {
        return all;
    }
    (0..most).filter_map(|i| all.get(i * all.len() / most).copied()).collect()
}

struct Grower<'a> {
    table: &'a Table<'a>,
    /// Places in the table of the binned columns.
    usable: &'a [usize],
    /// Numbers of the binned columns this tree sees.
    seen: Vec<usize>,
    binned: &'a Binned,
    slopes: Vec<(f64, f64)>,
    settings: &'a BoostingSettings,
    built: Vec<(Node, u32, u32)>,
}

/// A split: binned column, last bin to the left, side of absent values, gain.
#[derive(Clone, Copy)]
struct Split {
    column: usize,
    bin: usize,
    missing_left: bool,
    gain: f64,
}

impl Grower<'_> {
    fn node(&mut self, rows: &mut [u32], depth: usize, scores: &mut [f32]) -> u32 {
        let slope = |row: &u32| self.slopes.get(*row as usize).copied().unwrap_or_default();
        let total = rows.iter().map(slope).fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1));
        let split = if depth < self.settings.depth { self.best(rows, total) } else { None };
        let placed = split.and_then(|split| {
            let column = *self.usable.get(split.column)?;
            let threshold = *self.binned.edges.get(split.column)?.get(split.bin)?;
            Some((column, threshold, split.missing_left))
        });
        let Some((column, threshold, missing_left)) = placed else {
            let value = (-total.0 / (total.1 + self.settings.l2)) as f32 * self.settings.rate;
            for row in rows.iter() {
                if let Some(score) = scores.get_mut(*row as usize) {
                    *score += value;
                }
            }
            self.built.push((Node::leaf(value), 0, 0));
            return self.built.len() as u32 - 1;
        };
        let (left, right) = self.table.part(rows, column, threshold, missing_left);
        let left = self.node(left, depth + 1, scores);
        let right = self.node(right, depth + 1, scores);
        let column = u16::try_from(column).unwrap_or(u16::MAX - 1);
        self.built.push((Node::split(column, threshold, missing_left, 0), left, right));
        self.built.len() as u32 - 1
    }

    fn best(&self, rows: &[u32], total: (f64, f64)) -> Option<Split> {
        let mut best: Option<Split> = None;
        for column in self.seen.iter().copied() {
            let histogram = self.histogram(rows, column);
            let absent = histogram.last().copied().unwrap_or_default();
            let edges = self.binned.edges.get(column).map_or(0, Vec::len);
            for missing_left in [false, true] {
                if missing_left && absent.1 == 0.0 {
                    break;
                }
                let mut left = if missing_left { absent } else { (0.0, 0.0) };
                for (bin, sums) in histogram.iter().take(edges).enumerate() {
                    left = (left.0 + sums.0, left.1 + sums.1);
                    let gain = self.gain(left, total);
                    if let Some(gain) = gain.filter(|gain| best.is_none_or(|best| *gain > best.gain)) {
                        best = Some(Split { column, bin, missing_left, gain });
                    }
                }
            }
        }
        best
    }

    fn histogram(&self, rows: &[u32], column: usize) -> [(f64, f64); BINS] {
        let mut histogram = [(0.0, 0.0); BINS];
        let Some(bins) = self.binned.bins.get(column) else { return histogram };
        for row in rows {
            let place = bins.get(*row as usize).and_then(|bin| histogram.get_mut(usize::from(*bin)));
            if let (Some(sums), Some(slope)) = (place, self.slopes.get(*row as usize)) {
                *sums = (sums.0 + slope.0, sums.1 + slope.1);
            }
        }
        histogram
    }

    fn gain(&self, left: (f64, f64), total: (f64, f64)) -> Option<f64> {
        let right = (total.0 - left.0, total.1 - left.1);
        if left.1 < self.settings.leaf || right.1 < self.settings.leaf {
            return None;
        }
        let score = |side: (f64, f64)| side.0 * side.0 / (side.1 + self.settings.l2);
        Some(score(left) + score(right) - score(total)).filter(|gain| *gain > 1e-9)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn learns_an_exclusive_or_with_gaps() {
        let mut random = Random::new(3);
        let rows: Vec<Vec<f32>> = (0..800)
            .map(|_| {
                let value = |random: &mut Random| if random.below(20) == 0 { f32::NAN } else { random.unit() };
                vec![value(&mut random), value(&mut random), random.unit()]
            })
            .collect();
        let truth = |row: &[f32]| (row[0] > 0.5) != (row[1] > 0.5);
        let labels: Vec<bool> = rows.iter().map(|row| truth(row)).collect();
        let weights = vec![1.0; rows.len()];
        let vectors: Vec<&[f32]> = rows.iter().map(Vec::as_slice).collect();
        let table = Table::new(&vectors, &labels, &weights);
        let settings = BoostingSettings { trees: 60, rate: 0.3, ..BoostingSettings::default() };
        let model = grow(&table, &[0, 1, 2], &settings).unwrap();
        let right = rows.iter().filter(|row| (model.predict(row) > 0.5) == truth(row)).count();
        assert!(right > 760, "{right} of 800");
        assert_eq!(grow(&table, &[0, 1, 2], &settings).unwrap(), model);
    }

    #[test]
    fn a_constant_class_gives_that_class() {
        let rows = [vec![1.0f32], vec![2.0]];
        let vectors: Vec<&[f32]> = rows.iter().map(Vec::as_slice).collect();
        let table = Table::new(&vectors, &[true, true], &[1.0, 1.0]);
        let model = grow(&table, &[0], &BoostingSettings::default()).unwrap();
        assert!(model.predict(&[1.5]) > 0.99);
    }
}
