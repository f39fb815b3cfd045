//! Extra trees (Geurts, Ernst, Wehenkel, "Extremely randomized trees", 2006): random thresholds on random features,
//! the best of them kept. Robust with few samples, and fast.

use crate::random::Random;
use crate::table::{Table, flat};
use picket_score::Refusal;
use picket_score::trees::{Combine, Node, Trees};

/// Settings of a forest.
#[derive(Clone, Debug, PartialEq)]
pub struct ForestSettings {
    /// Trees.
    pub trees: usize,
    /// Features tried at each split; the square root of their number where `None`.
    pub tried: Option<usize>,
    /// Rows in a leaf at least.
    pub leaf: usize,
    /// Depth at most.
    pub depth: usize,
    /// The seed.
    pub seed: u64,
}

impl Default for ForestSettings {
    fn default() -> Self {
        Self { trees: 100, tried: None, leaf: 1, depth: 24, seed: 1 }
    }
}

/// Grows a forest over the given columns of a table.
///
/// # Errors
/// [`Refusal::Model`] where the forest is over a bundle's caps.
pub fn grow(table: &Table<'_>, columns: &[usize], settings: &ForestSettings) -> Result<Trees, Refusal> {
    let mut nodes = Vec::new();
    let mut roots = Vec::new();
    let usable: Vec<usize> = columns.iter().copied().filter(|column| table.varies(*column)).collect();
    let tried =
        settings.tried.unwrap_or_else(|| (usable.len() as f64).sqrt().ceil() as usize).clamp(1, usable.len().max(1));
    for number in 0..settings.trees {
        let mut grower = Grower {
            table,
            random: Random::part(settings.seed, number as u64),
            columns: usable.clone(),
            tried,
            settings,
            built: Vec::new(),
        };
        let mut rows: Vec<u32> = (0..table.rows() as u32).collect();
        let root = grower.node(&mut rows, 0);
        roots.push(flat(&grower.built, root, &mut nodes));
    }
    Trees::new(nodes, roots, Combine::Mean, 0.0, table.width())
}

/// One tree while it grows.
struct Grower<'a> {
    table: &'a Table<'a>,
    random: Random,
    columns: Vec<usize>,
    tried: usize,
    settings: &'a ForestSettings,
    built: Vec<(Node, u32, u32)>,
}

/// A way to part rows.
#[derive(Clone, Copy)]
struct Split {
    column: usize,
    threshold: f32,
    missing_left: bool,
    gain: f64,
}

impl Grower<'_> {
    /// Grows the node of these rows; answers its number. Depth is bounded by the settings.
    fn node(&mut self, rows: &mut [u32], depth: usize) -> u32 {
        let (weight, positive) = self.table.sums(rows);
        let pure = positive <= 0.0 || positive >= weight;
        let split = if pure || depth >= self.settings.depth || rows.len() < 2 * self.settings.leaf {
            None
        } else {
            self.best(rows)
        };
        let Some(split) = split else {
            let share = if weight > 0.0 { positive / weight } else { 0.5 };
            self.built.push((Node::leaf(share as f32), 0, 0));
            return self.built.len() as u32 - 1;
        };
        let (left, right) = self.table.part(rows, split.column, split.threshold, split.missing_left);
        let left = self.node(left, depth + 1);
        let right = self.node(right, depth + 1);
        let column = u16::try_from(split.column).unwrap_or(u16::MAX - 1);
        self.built.push((Node::split(column, split.threshold, split.missing_left, 0), left, right));
        self.built.len() as u32 - 1
    }

    /// The best of the tried features, each with one random threshold; constant ones are passed over.
    fn best(&mut self, rows: &[u32]) -> Option<Split> {
        let mut best: Option<Split> = None;
        let mut tried = 0;
        let total = self.columns.len();
        for drawn in 0..total {
            let other = drawn + self.random.below(total - drawn);
            self.columns.swap(drawn, other);
            let Some(column) = self.columns.get(drawn).copied() else { break };
            let Some(split) = self.random_split(rows, column) else { continue };
            if best.is_none_or(|best| split.gain > best.gain) {
                best = Some(split);
            }
            tried += 1;
            if tried >= self.tried {
                break;
            }
        }
        best
    }

    /// One random threshold between the extremes seen, absent values to the side that parts the classes better.
    fn random_split(&mut self, rows: &[u32], column: usize) -> Option<Split> {
        let (low, high, missing) = self.table.extremes(rows, column)?;
        if low >= high && missing == 0 {
            return None;
        }
        let threshold = if low < high { (low + (high - low) * self.random.unit()).min(previous(high)) } else { high };
        let mut split = Split { column, threshold, missing_left: false, gain: f64::NEG_INFINITY };
        for missing_left in [false, true] {
            let gain = self.table.gini_gain(rows, column, threshold, missing_left, self.settings.leaf);
            if let Some(gain) = gain.filter(|gain| *gain > split.gain) {
                split = Split { missing_left, gain, ..split };
            }
            if missing == 0 {
                break;
            }
        }
        split.gain.is_finite().then_some(split)
    }
}

/// The largest number below a finite one: a threshold there still parts off the maximum.
fn previous(value: f32) -> f32 {
    value.next_down()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two features; the class is whether their sum is over 1. A third is noise.
    fn made(count: usize, seed: u64) -> (Vec<Vec<f32>>, Vec<bool>) {
        let mut random = Random::new(seed);
        let rows: Vec<Vec<f32>> = (0..count).map(|_| (0..3).map(|_| random.unit()).collect()).collect();
        let labels = rows.iter().map(|row| row[0] + row[1] > 1.0).collect();
        (rows, labels)
    }

    #[test]
    fn learns_and_is_deterministic() {
        let (rows, labels) = made(600, 1);
        let weights = vec![1.0; rows.len()];
        let vectors: Vec<&[f32]> = rows.iter().map(Vec::as_slice).collect();
        let table = Table::new(&vectors, &labels, &weights);
        let settings = ForestSettings { trees: 40, ..ForestSettings::default() };
        let forest = grow(&table, &[0, 1, 2], &settings).unwrap();
        let (fresh, truth) = made(400, 2);
        let right = fresh.iter().zip(&truth).filter(|(row, truth)| (forest.predict(row) > 0.5) == **truth).count();
        assert!(right > 370, "{right} of 400");
        assert_eq!(grow(&table, &[0, 1, 2], &settings).unwrap(), forest);
        assert_ne!(grow(&table, &[0, 1, 2], &ForestSettings { seed: 2, ..settings }).unwrap(), forest);
    }

    /// Where absence itself tells, it is learnt.
    #[test]
    fn absence_is_a_value_of_its_own() {
        let rows: Vec<Vec<f32>> = (0..100).map(|i| vec![if i % 2 == 0 { f32::NAN } else { 1.0 }]).collect();
        let labels: Vec<bool> = (0..100).map(|i| i % 2 == 0).collect();
        let weights = vec![1.0; 100];
        let vectors: Vec<&[f32]> = rows.iter().map(Vec::as_slice).collect();
        let table = Table::new(&vectors, &labels, &weights);
        let forest = grow(&table, &[0], &ForestSettings { trees: 5, ..ForestSettings::default() }).unwrap();
        assert_eq!((forest.predict(&[f32::NAN]), forest.predict(&[1.0])), (1.0, 0.0));
    }
}
