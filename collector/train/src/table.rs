//! Rows as tree growers see them: values by column, classes, weights.

use picket_score::trees::Node;

/// A training table, stored by column.
#[derive(Debug)]
pub struct Table<'a> {
    columns: Vec<Vec<f32>>,
    positive: &'a [bool],
    weights: &'a [f32],
}

impl<'a> Table<'a> {
    /// Of rows of one width, with the class and the weight of each.
    #[must_use]
    pub fn new(rows: &[&[f32]], positive: &'a [bool], weights: &'a [f32]) -> Self {
        let width = rows.first().map_or(0, |row| row.len());
        let value = |row: &&[f32], column: usize| row.get(column).copied().unwrap_or(f32::NAN);
        let columns = (0..width).map(|column| rows.iter().map(|row| value(row, column)).collect()).collect();
        Self { columns, positive, weights }
    }

    /// Rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.positive.len()
    }

    /// Columns.
    #[must_use]
    pub fn width(&self) -> usize {
        self.columns.len()
    }

    /// The values of a column; empty outside.
    #[must_use]
    pub fn column(&self, column: usize) -> &[f32] {
        self.columns.get(column).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether a row is of the positive class.
    #[must_use]
    pub fn is_positive(&self, row: u32) -> bool {
        self.positive.get(row as usize).copied().unwrap_or(false)
    }

    /// The weight of a row.
    #[must_use]
    pub fn weight(&self, row: u32) -> f64 {
        f64::from(self.weights.get(row as usize).copied().unwrap_or(0.0))
    }

    /// Whether a column holds more than one value (absence counts as one).
    #[must_use]
    pub fn varies(&self, column: usize) -> bool {
        let values = self.column(column);
        let same = |a: f32, b: f32| a == b || (a.is_nan() && b.is_nan());
        values.first().is_some_and(|first| values.iter().any(|value| !same(*value, *first)))
    }

    /// Total weight of rows, and that of the positive ones.
    pub(crate) fn sums(&self, rows: &[u32]) -> (f64, f64) {
        rows.iter().fold((0.0, 0.0), |(all, positive), row| {
            let weight = self.weight(*row);
            (all + weight, positive + if self.is_positive(*row) { weight } else { 0.0 })
        })
    }

    /// Least and largest known value and how many are absent; `None` where all are.
    pub(crate) fn extremes(&self, rows: &[u32], column: usize) -> Option<(f32, f32, usize)> {
        let values = self.column(column);
        let mut found: Option<(f32, f32)> = None;
        let mut missing = 0;
        for value in rows.iter().filter_map(|row| values.get(*row as usize).copied()) {
            if value.is_nan() {
                missing += 1;
            } else {
                found = Some(found.map_or((value, value), |(low, high)| (low.min(value), high.max(value))));
            }
        }
        found.map(|(low, high)| (low, high, missing))
    }

    fn goes_left(&self, row: u32, column: usize, threshold: f32, missing_left: bool) -> bool {
        let value = self.column(column).get(row as usize).copied().unwrap_or(f32::NAN);
        if value.is_nan() { missing_left } else { value <= threshold }
    }

    /// How much less Gini impurity a split leaves, times the total weight; `None` where a side has too few rows.
    pub(crate) fn gini_gain(
        &self,
        rows: &[u32],
        column: usize,
        threshold: f32,
        missing_left: bool,
        least: usize,
    ) -> Option<f64> {
        let (mut left, mut right) = ((0usize, 0.0, 0.0), (0usize, 0.0, 0.0));
        for row in rows {
            let side = if self.goes_left(*row, column, threshold, missing_left) { &mut left } else { &mut right };
            let weight = self.weight(*row);
            *side = (side.0 + 1, side.1 + weight, side.2 + if self.is_positive(*row) { weight } else { 0.0 });
        }
        if left.0 < least.max(1) || right.0 < least.max(1) {
            return None;
        }
        let impurity = |weight: f64, positive: f64| {
            if weight > 0.0 { 2.0 * positive * (weight - positive) / weight } else { 0.0 }
        };
        let before = impurity(left.1 + right.1, left.2 + right.2);
        Some(before - impurity(left.1, left.2) - impurity(right.1, right.2))
    }

    /// Parts rows in place: those to the left first. The order within each side stays.
    pub(crate) fn part<'r>(
        &self,
        rows: &'r mut [u32],
        column: usize,
        threshold: f32,
        missing_left: bool,
    ) -> (&'r mut [u32], &'r mut [u32]) {
        let left: Vec<u32> =
            rows.iter().copied().filter(|row| self.goes_left(*row, column, threshold, missing_left)).collect();
        let right: Vec<u32> =
            rows.iter().copied().filter(|row| !self.goes_left(*row, column, threshold, missing_left)).collect();
        for (slot, row) in rows.iter_mut().zip(left.iter().chain(&right)) {
            *slot = *row;
        }
        rows.split_at_mut(left.len())
    }
}

/// Lays a grown tree out flat, children side by side behind their parent; answers the root's place.
/// `built` holds each node with the numbers of its children (unused for leaves).
pub(crate) fn flat(built: &[(Node, u32, u32)], root: u32, nodes: &mut Vec<Node>) -> u32 {
    let at = nodes.len();
    nodes.push(Node::leaf(0.0));
    // A queue of (grown node, its place): no recursion, and parents always stand before their children.
    let mut queue = std::collections::VecDeque::from([(root, at)]);
    while let Some((number, place)) = queue.pop_front() {
        let Some((node, left, right)) = built.get(number as usize) else { continue };
        let mut placed = *node;
        if let Some((feature, threshold, missing_left)) = node.as_split() {
            let first = nodes.len();
            nodes.extend([Node::leaf(0.0), Node::leaf(0.0)]);
            placed = Node::split(feature, threshold, missing_left, first as u32);
            queue.extend([(*left, first), (*right, first + 1)]);
        }
        if let Some(slot) = nodes.get_mut(place) {
            *slot = placed;
        }
    }
    at as u32
}
