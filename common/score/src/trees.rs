//! Tree ensembles in flat nodes: forests (mean of leaves) and boosting (sum of leaves) by one evaluator.

use crate::refusal::Refusal;

/// Bytes of one node on disk.
pub const NODE_BYTES: usize = 12;
/// Nodes of one ensemble at most.
pub const MAX_NODES: usize = 262_144;
/// Trees of one ensemble at most.
pub const MAX_TREES: usize = 4_096;

/// A leaf's `feature`.
const LEAF: u16 = u16::MAX;

/// One node. Children stand behind their parent, side by side, so a walk always moves forward and ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Node {
    feature: u16,
    missing_left: bool,
    /// The threshold of a split, the value of a leaf.
    value: f32,
    /// Index of the left child; the right one is next to it.
    left: u32,
}

impl Node {
    /// A leaf with a value.
    #[must_use]
    pub const fn leaf(value: f32) -> Self {
        Self { feature: LEAF, missing_left: false, value, left: 0 }
    }

    /// A split: to the left child where the feature is below or at the threshold, or absent and so told.
    #[must_use]
    pub const fn split(feature: u16, threshold: f32, missing_left: bool, left: u32) -> Self {
        Self { feature, missing_left, value: threshold, left }
    }

    /// Feature, threshold and the side of absent values of a split; `None` for a leaf.
    #[must_use]
    pub const fn as_split(&self) -> Option<(u16, f32, bool)> {
        if self.feature == LEAF { None } else { Some((self.feature, self.value, self.missing_left)) }
    }

    fn to_bytes(self) -> [u8; NODE_BYTES] {
        let [a, b] = self.feature.to_le_bytes();
        let [c, d, e, f] = self.value.to_le_bytes();
        let [g, h, i, j] = self.left.to_le_bytes();
        [a, b, u8::from(self.missing_left), 0, c, d, e, f, g, h, i, j]
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let &[a, b, missing, 0, c, d, e, f, g, h, i, j] = bytes else { return None };
        let missing_left = match missing {
            0 => false,
            1 => true,
            _ => return None,
        };
        Some(Self {
            feature: u16::from_le_bytes([a, b]),
            missing_left,
            value: f32::from_le_bytes([c, d, e, f]),
            left: u32::from_le_bytes([g, h, i, j]),
        })
    }
}

/// How leaves become one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Combine {
    /// The mean of the leaves, which are probabilities.
    Mean,
    /// The logistic function of the sum of the leaves and a base.
    Logistic,
}

/// An ensemble, checked: every index it can follow is in range and every walk ends.
#[derive(Clone, Debug, PartialEq)]
pub struct Trees {
    nodes: Vec<Node>,
    roots: Vec<u32>,
    combine: Combine,
    base: f32,
}

impl Trees {
    /// Checks and wraps an ensemble that reads `features` features.
    ///
    /// # Errors
    /// [`Refusal::Model`] for too many nodes or trees, children not behind their parent (a cycle), indexes out of
    /// range, or numbers that are not finite.
    pub fn new(
        nodes: Vec<Node>,
        roots: Vec<u32>,
        combine: Combine,
        base: f32,
        features: usize,
    ) -> Result<Self, Refusal> {
        if nodes.len() > MAX_NODES || roots.len() > MAX_TREES || roots.is_empty() {
            return Err(Refusal::model("trees", format!("{} nodes in {} trees", nodes.len(), roots.len())));
        }
        if !base.is_finite() {
            return Err(Refusal::model("trees", "base is not finite".to_owned()));
        }
        for (index, node) in nodes.iter().enumerate() {
            check(index, node, nodes.len(), features)?;
        }
        if let Some(root) = roots.iter().find(|root| **root as usize >= nodes.len()) {
            return Err(Refusal::model("trees", format!("root {root} of {} nodes", nodes.len())));
        }
        Ok(Self { nodes, roots, combine, base })
    }

    /// The ensemble's say of a vector, 0 to 1. A vector shorter than the model's features counts as absent there.
    #[must_use]
    pub fn predict(&self, vector: &[f32]) -> f32 {
        let sum: f32 = self.roots.iter().map(|root| self.walk(*root, vector, |_, _, _| {})).sum();
        self.finish(sum)
    }

    /// Gives the value of the leaf that each tree comes to.
    pub fn leaves(&self, vector: &[f32], mut give: impl FnMut(f32)) {
        for root in &self.roots {
            give(self.walk(*root, vector, |_, _, _| {}));
        }
    }

    /// As [`Trees::predict`], adding to `contributions` by how much each feature moved the result (the change of the mean leaf
    /// value below a node, as Saabas has it). Costs more: for reasons only.
    pub fn explain(&self, vector: &[f32], means: &[f32], contributions: &mut [f32]) -> f32 {
        let scale = match self.combine {
            Combine::Mean => 1.0 / self.roots.len() as f32,
            Combine::Logistic => 1.0,
        };
        let mut sum = 0.0;
        for root in &self.roots {
            sum += self.walk(*root, vector, |feature, parent, child| {
                let moved = means.get(child).zip(means.get(parent)).map_or(0.0, |(c, p)| c - p);
                if let Some(total) = contributions.get_mut(feature) {
                    *total += moved * scale;
                }
            });
        }
        self.finish(sum)
    }

    fn finish(&self, sum: f32) -> f32 {
        match self.combine {
            Combine::Mean => (sum / self.roots.len() as f32).clamp(0.0, 1.0),
            Combine::Logistic => logistic(sum + self.base),
        }
    }

    #[inline]
    fn walk(&self, root: u32, vector: &[f32], mut step: impl FnMut(usize, usize, usize)) -> f32 {
        let mut index = root as usize;
        // Children stand behind their parent, so this ends after at most as many steps as there are nodes.
        while let Some(node) = self.nodes.get(index) {
            if node.feature == LEAF {
                return node.value;
            }
            let feature = usize::from(node.feature);
            let value = vector.get(feature).copied().unwrap_or(f32::NAN);
            let left = if value.is_nan() { node.missing_left } else { value <= node.value };
            let next = node.left as usize + usize::from(!left);
            step(feature, index, next);
            index = next;
        }
        0.0
    }

    /// Mean leaf value below each node, each leaf counting the same: what [`Trees::explain`] compares with.
    #[must_use]
    pub fn means(&self) -> Vec<f32> {
        let mut means = vec![0.0f32; self.nodes.len()];
        for (index, node) in self.nodes.iter().enumerate().rev() {
            let mean = if node.feature == LEAF {
                node.value
            } else {
                let left = node.left as usize;
                let child = |at: usize| means.get(at).copied().unwrap_or(0.0);
                (child(left) + child(left + 1)) / 2.0
            };
            if let Some(slot) = means.get_mut(index) {
                *slot = mean;
            }
        }
        means
    }

    /// Nodes of all trees.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// What is added to the leaves' sum.
    #[must_use]
    pub const fn base(&self) -> f32 {
        self.base
    }

    /// How many trees.
    #[must_use]
    pub fn trees(&self) -> usize {
        self.roots.len()
    }

    /// Appends the tensor form: roots, then nodes, little-endian.
    pub fn write(&self, into: &mut Vec<u8>) {
        into.extend(self.roots.iter().flat_map(|root| root.to_le_bytes()));
        into.extend(self.nodes.iter().flat_map(|node| node.to_bytes()));
    }

    /// Reads the tensor form of so many trees.
    ///
    /// # Errors
    /// [`Refusal::Model`] where the bytes do not fit or [`Trees::new`] refuses.
    pub fn read(bytes: &[u8], trees: usize, combine: Combine, base: f32, features: usize) -> Result<Self, Refusal> {
        let wrong = || Refusal::model("trees", format!("{} bytes are not {trees} trees", bytes.len()));
        if trees > MAX_TREES {
            return Err(wrong());
        }
        let (roots, nodes) = bytes.split_at_checked(trees * 4).ok_or_else(wrong)?;
        if !nodes.len().is_multiple_of(NODE_BYTES) || nodes.len() / NODE_BYTES > MAX_NODES {
            return Err(wrong());
        }
        let roots = roots.chunks_exact(4).filter_map(|four| four.try_into().ok().map(u32::from_le_bytes)).collect();
        let nodes: Option<Vec<Node>> = nodes.chunks_exact(NODE_BYTES).map(Node::from_bytes).collect();
        Self::new(nodes.ok_or_else(wrong)?, roots, combine, base, features)
    }
}

fn check(index: usize, node: &Node, nodes: usize, features: usize) -> Result<(), Refusal> {
    if !node.value.is_finite() {
        return Err(Refusal::model("trees", format!("node {index} holds a number that is not finite")));
    }
    if node.feature == LEAF {
        return Ok(());
    }
    if usize::from(node.feature) >= features {
        return Err(Refusal::model("trees", format!("node {index} reads feature {} of {features}", node.feature)));
    }
    let left = node.left as usize;
    if left <= index || left + 1 >= nodes {
        return Err(Refusal::model("trees", format!("node {index} points to {left} of {nodes}: a cycle or a hole")));
    }
    Ok(())
}

/// `1 / (1 + e^-x)`.
#[must_use]
pub fn logistic(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// x0 <= 1 ? 0.2 : (x1 <= 5 ? 0.4 : 0.9), absent x0 to the right, absent x1 to the left.
    fn by_hand() -> Vec<Node> {
        vec![
            Node::split(0, 1.0, false, 1),
            Node::leaf(0.2),
            Node::split(1, 5.0, true, 3),
            Node::leaf(0.4),
            Node::leaf(0.9),
        ]
    }

    #[test]
    fn walks_by_hand() {
        let trees = Trees::new(by_hand(), vec![0], Combine::Mean, 0.0, 2).unwrap();
        assert_eq!(trees.predict(&[1.0, 9.0]), 0.2);
        assert_eq!(trees.predict(&[2.0, 5.0]), 0.4);
        assert_eq!(trees.predict(&[2.0, 6.0]), 0.9);
        assert_eq!(trees.predict(&[f32::NAN, f32::NAN]), 0.4);
        assert_eq!(trees.predict(&[]), 0.4);
        let boosted = Trees::new(by_hand(), vec![0, 2], Combine::Logistic, -1.0, 2).unwrap();
        assert!((boosted.predict(&[2.0, 6.0]) - logistic(0.9 + 0.9 - 1.0)).abs() < 1e-6);
    }

    #[test]
    fn contributions_add_up_to_the_difference_from_the_mean() {
        let trees = Trees::new(by_hand(), vec![0], Combine::Mean, 0.0, 2).unwrap();
        let means = trees.means();
        assert!((means[0] - (0.2 + 0.65) / 2.0).abs() < 1e-6);
        let mut contributions = [0.0; 2];
        let value = trees.explain(&[2.0, 6.0], &means, &mut contributions);
        assert!((contributions.iter().sum::<f32>() + means[0] - value).abs() < 1e-6);
        assert!(contributions[0] > 0.0 && contributions[1] > 0.0);
    }

    #[test]
    fn round_trip() {
        let trees = Trees::new(by_hand(), vec![0, 2], Combine::Mean, 0.5, 2).unwrap();
        let mut bytes = Vec::new();
        trees.write(&mut bytes);
        assert_eq!(Trees::read(&bytes, 2, Combine::Mean, 0.5, 2).unwrap(), trees);
        assert!(Trees::read(&bytes[1..], 2, Combine::Mean, 0.5, 2).is_err());
        assert!(Trees::read(&bytes, usize::MAX, Combine::Mean, 0.5, 2).is_err());
    }

    #[test]
    fn what_could_hang_or_lie_is_refused() {
        let with = |node: Node| {
            let mut nodes = by_hand();
            nodes[2] = node;
            Trees::new(nodes, vec![0], Combine::Mean, 0.0, 2)
        };
        assert!(with(Node::split(1, 5.0, true, 0)).is_err(), "cycle to the root");
        assert!(with(Node::split(1, 5.0, true, 2)).is_err(), "cycle to itself");
        assert!(with(Node::split(1, 5.0, true, 4)).is_err(), "right child missing");
        assert!(with(Node::split(1, f32::NAN, true, 3)).is_err(), "threshold not finite");
        assert!(with(Node::leaf(f32::INFINITY)).is_err(), "leaf not finite");
        assert!(with(Node::split(2, 5.0, true, 3)).is_err(), "feature out of range");
        assert!(Trees::new(by_hand(), vec![5], Combine::Mean, 0.0, 2).is_err(), "root out of range");
        assert!(Trees::new(by_hand(), vec![], Combine::Mean, 0.0, 2).is_err(), "no trees");
        assert!(Trees::new(by_hand(), vec![0], Combine::Mean, f32::NAN, 2).is_err(), "base not finite");
    }
}
