//! Random forests for many classes (Breiman, "Random forests", 2001): each tree is grown to pure leaves on a draw that
//! gives rare classes and small sources their share (Chen, Liaw, Breiman, "Using random forest to learn imbalanced
//! data", 2004), and votes for the class of its leaf.

use crate::random::Random;
use crate::table::flat;
use picket_score::Refusal;
use picket_score::trees::{Combine, Node, Trees};
use std::collections::BTreeMap;

/// Settings of a voting forest.
#[derive(Clone, Debug, PartialEq)]
pub struct VotingSettings {
    /// Trees.
    pub trees: usize,
    /// Rows drawn of each class for a tree, with repetition.
    pub draws: usize,
    /// So many times as many of the first class.
    pub first: usize,
    /// Depth at most.
    pub depth: usize,
    /// The seed.
    pub seed: u64,
}

impl Default for VotingSettings {
    fn default() -> Self {
        Self { trees: 76, draws: 24, first: 30, depth: 32, seed: 1 }
    }
}

/// One row.
#[derive(Clone, Copy, Debug)]
pub struct Classed<'a> {
    /// Its features, absent ones as `NaN`.
    pub vector: &'a [f32],
    /// The number of its class.
    pub class: usize,
    /// Where it is from; each source of a class is drawn from equally often.
    pub group: &'a str,
}

/// Rows by class and source.
type Sources<'a> = BTreeMap<usize, BTreeMap<&'a str, Vec<usize>>>;

/// Grows a forest of trees whose leaves hold numbers of classes. With a `flag`, every tree parts there first, by whether that
/// feature is absent: what is known of the rows that have it must not be looked for in those that have not.
///
/// # Errors
/// [`Refusal::Model`] where the forest is over a bundle's caps.
pub fn grow(rows: &[Classed<'_>], flag: Option<usize>, settings: &VotingSettings) -> Result<Trees, Refusal> {
    let width = rows.first().map_or(0, |row| row.vector.len());
    let classes = rows.iter().map(|row| row.class + 1).max().unwrap_or(0);
    let has = |row: &Classed<'_>| flag.and_then(|flag| row.vector.get(flag)).is_some_and(|value| !value.is_nan());
    let (mut without, mut with) = (Sources::new(), Sources::new());
    for (at, row) in rows.iter().enumerate() {
        let part = if has(row) { &mut with } else { &mut without };
        part.entry(row.class).or_default().entry(row.group).or_default().push(at);
    }
    let (mut nodes, mut roots) = (Vec::new(), Vec::new());
    for number in 0..settings.trees {
        let mut random = Random::part(settings.seed, number as u64);
        let (mut absent, mut present) = (draw(&without, settings, &mut random), draw(&with, settings, &mut random));
        let columns = (0..width).collect();
        let mut grower = Grower { rows, classes, random, columns, depth: settings.depth, built: Vec::new() };
        let root = match flag {
            Some(flag) if !absent.is_empty() && !present.is_empty() => {
                let (left, right) = (grower.node(&mut absent, 1), grower.node(&mut present, 1));
                // Absent to the left; whatever is there is above the threshold.
                grower.part((flag, f32::MIN, true), left, right)
            }
            _ => {
                absent.append(&mut present);
                grower.node(&mut absent, 0)
            }
        };
        roots.push(flat(&grower.built, root, &mut nodes));
    }
    Trees::new(nodes, roots, Combine::Mean, 0.0, width)
}

/// The rows one tree is grown on.
fn draw(sources: &Sources<'_>, settings: &VotingSettings, random: &mut Random) -> Vec<usize> {
    let mut drawn = Vec::new();
    for (class, groups) in sources {
        let groups: Vec<&Vec<usize>> = groups.values().collect();
        let count = settings.draws * if *class == 0 { settings.first } else { 1 };
        for _ in 0..count {
            let group = groups.get(random.below(groups.len()));
            drawn.extend(group.and_then(|group| group.get(random.below(group.len()))));
        }
    }
    drawn
}

/// One tree while it grows.
struct Grower<'a> {
    rows: &'a [Classed<'a>],
    classes: usize,
    random: Random,
    columns: Vec<usize>,
    depth: usize,
    built: Vec<(Node, u32, u32)>,
}

/// A way to part rows; more purity is better.
#[derive(Clone, Copy)]
struct Split {
    column: usize,
    threshold: f32,
    missing_left: bool,
    purity: f64,
}

impl Grower<'_> {
    /// Grows the node of these rows; answers its number. Depth is bounded by the settings.
    fn node(&mut self, rows: &mut [usize], depth: usize) -> u32 {
        let counts = self.counts(rows);
        let most = counts.iter().enumerate().rev().max_by_key(|(_, count)| **count);
        let (class, count) = most.map_or((0, 0), |(class, count)| (class, *count));
        let split = if count as usize == rows.len() || depth >= self.depth { None } else { self.best(rows) };
        let Some(split) = split else {
            self.built.push((Node::leaf(class as f32), 0, 0));
            return self.built.len() as u32 - 1;
        };
        let left_of = |row: usize| {
            let value = self.value(row, split.column);
            if value.is_nan() { split.missing_left } else { value <= split.threshold }
        };
        let (mut left, mut right): (Vec<usize>, Vec<usize>) = rows.iter().partition(|row| left_of(**row));
        let left = self.node(&mut left, depth + 1);
        let right = self.node(&mut right, depth + 1);
        self.part((split.column, split.threshold, split.missing_left), left, right)
    }

    /// Puts a split over two nodes; answers its number.
    fn part(&mut self, (column, threshold, missing_left): (usize, f32, bool), left: u32, right: u32) -> u32 {
        let column = u16::try_from(column).unwrap_or(u16::MAX - 1);
        self.built.push((Node::split(column, threshold, missing_left, 0), left, right));
        self.built.len() as u32 - 1
    }

    fn value(&self, row: usize, column: usize) -> f32 {
        self.rows.get(row).and_then(|row| row.vector.get(column)).copied().unwrap_or(f32::NAN)
    }

    fn class(&self, row: usize) -> usize {
        self.rows.get(row).map_or(0, |row| row.class)
    }

    fn counts(&self, rows: &[usize]) -> Vec<u32> {
        let mut counts = vec![0; self.classes];
        for row in rows {
            if let Some(count) = counts.get_mut(self.class(*row)) {
                *count += 1;
            }
        }
        counts
    }

    /// The best split of as many features as the square root of their number; those that part nothing do not count.
    fn best(&mut self, rows: &[usize]) -> Option<Split> {
        let total = self.columns.len();
        let wanted = (total as f64).sqrt().ceil() as usize;
        let (mut best, mut tried) = (None::<Split>, 0);
        for drawn in 0..total {
            let other = drawn + self.random.below(total - drawn);
            self.columns.swap(drawn, other);
            let Some(split) = self.columns.get(drawn).and_then(|column| self.split(rows, *column)) else { continue };
            if best.is_none_or(|best| split.purity > best.purity) {
                best = Some(split);
            }
            tried += 1;
            if tried >= wanted {
                break;
            }
        }
        best
    }

    /// The best threshold of a column, between neighbouring values, with absent ones on either side.
    fn split(&self, rows: &[usize], column: usize) -> Option<Split> {
        let value = |row: &usize| (self.value(*row, column), self.class(*row));
        let (mut known, absent): (Vec<_>, Vec<_>) = rows.iter().map(value).partition(|(value, _)| !value.is_nan());
        known.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut best: Option<Split> = None;
        for missing_left in [true, false].into_iter().take(if absent.is_empty() { 1 } else { 2 }) {
            let (mut left, mut right) = (Tally::new(self.classes), Tally::new(self.classes));
            known.iter().for_each(|(_, class)| right.add(*class));
            absent.iter().for_each(|(_, class)| if missing_left { left.add(*class) } else { right.add(*class) });
            for ((low, class), (high, _)) in known.iter().zip(known.iter().skip(1)) {
                right.remove(*class);
                left.add(*class);
                let purity = left.purity() + right.purity();
                if low < high && best.is_none_or(|best| purity > best.purity) {
                    let middle = low + (high - low) / 2.0;
                    let threshold = if middle < *high { middle } else { *low };
                    best = Some(Split { column, threshold, missing_left, purity });
                }
            }
        }
        best
    }
}

/// Counts of classes on one side of a split, with the sum of their squares.
struct Tally {
    counts: Vec<u32>,
    rows: u64,
    squares: u64,
}

impl Tally {
    fn new(classes: usize) -> Self {
        Self { counts: vec![0; classes], rows: 0, squares: 0 }
    }

    fn add(&mut self, class: usize) {
        if let Some(count) = self.counts.get_mut(class) {
            self.squares += 2 * u64::from(*count) + 1;
            *count += 1;
            self.rows += 1;
        }
    }

    fn remove(&mut self, class: usize) {
        if let Some(count) = self.counts.get_mut(class).filter(|count| **count > 0) {
            *count -= 1;
            self.squares -= 2 * u64::from(*count) + 1;
            self.rows -= 1;
        }
    }

    /// Rows less Gini's impurity times rows.
    fn purity(&self) -> f64 {
        if self.rows == 0 { 0.0 } else { self.squares as f64 / self.rows as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use picket_score::behaviour::choose;

    /// Three classes by the sum of two features, the third one rare; a third feature is noise, sometimes absent.
    fn made(count: usize, seed: u64) -> Vec<(Vec<f32>, usize)> {
        let mut random = Random::new(seed);
        let mut row = |_| {
            let mut vector: Vec<f32> = (0..3).map(|_| random.unit()).collect();
            let sum = vector[0] + vector[1];
            if vector[2] < 0.2 {
                vector[2] = f32::NAN;
            }
            (vector, if sum > 1.6 { 2 } else { usize::from(sum > 1.0) })
        };
        (0..count).map(&mut row).collect()
    }

    #[test]
    fn learns_many_classes_and_is_deterministic() {
        let rows = made(600, 1);
        let classed: Vec<Classed<'_>> =
            rows.iter().map(|(vector, class)| Classed { vector, class: *class, group: "g" }).collect();
        let settings = VotingSettings { trees: 40, draws: 60, first: 2, ..VotingSettings::default() };
        let forest = grow(&classed, None, &settings).unwrap();
        let fresh = made(400, 2);
        let right = fresh.iter().filter(|(vector, class)| choose(&forest, 3, vector).class == *class).count();
        assert!(right > 360, "{right} of 400");
        assert_eq!(grow(&classed, None, &settings).unwrap(), forest);
    }
}
