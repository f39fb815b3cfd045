//! Sparse matrices: counts of the open period, and sums over past periods.

/// The counts that are kept: each is one way to look at a behaviour's time, space and relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Time x space.
    TimeSpace,
    /// Time x relation.
    TimeRelation,
    /// Relation x space, by kind of day.
    RelationSpace,
    /// Time alone.
    Time,
    /// Space alone, by kind of day.
    Space,
    /// Relation alone, by kind of day.
    Relation,
    /// All three.
    Cube,
}

/// A behaviour's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// 0 to 47.
    pub time: u8,
    /// Number of the space, below 4,096.
    pub space: u16,
    /// Number of the relation, below 16,384.
    pub relation: u16,
}

impl Place {
    /// As one number, ordered by time first.
    #[must_use]
    pub const fn cube(self) -> u32 {
        ((self.time as u32) << 26) | ((self.relation as u32 & 0x3fff) << 12) | (self.space as u32 & 0xfff)
    }

    /// The inverse of [`Place::cube`].
    #[must_use]
    pub const fn from_cube(key: u32) -> Self {
        Self { time: (key >> 26) as u8, relation: ((key >> 12) & 0x3fff) as u16, space: (key & 0xfff) as u16 }
    }
}

impl Look {
    /// The key of a place's cell. Keys with a time begin with it, the others with the kind of day.
    #[must_use]
    pub const fn key(self, place: Place) -> u32 {
        let class = Place { time: place.time / 24, ..place };
        match self {
            Self::TimeSpace => Place { relation: 0, ..place }.cube(),
            Self::TimeRelation => Place { space: 0, ..place }.cube(),
            Self::RelationSpace => class.cube(),
            Self::Time => Place { space: 0, relation: 0, ..place }.cube(),
            Self::Space => Place { relation: 0, ..class }.cube(),
            Self::Relation => Place { space: 0, ..class }.cube(),
            Self::Cube => place.cube(),
        }
    }

    /// Whether cells belong to an hour (else to a kind of day).
    #[must_use]
    pub const fn hourly(self) -> bool {
        matches!(self, Self::TimeSpace | Self::TimeRelation | Self::Time | Self::Cube)
    }

    /// What over-dispersion is pooled by: the relation where there is one, else the space.
    #[must_use]
    pub const fn column(self, key: u32) -> u16 {
        let place = Place::from_cube(key);
        match self {
            Self::TimeSpace | Self::Space => place.space,
            Self::Time => 0,
            _ => place.relation,
        }
    }
}

/// Counts by key, sorted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counts {
    items: Vec<(u32, f32)>,
}

impl Counts {
    /// Adds; `false` when there is no room for a new cell.
    pub fn add(&mut self, key: u32, count: f32, cap: usize) -> bool {
        match self.items.binary_search_by_key(&key, |(k, _)| *k) {
            Ok(at) => {
                if let Some((_, c)) = self.items.get_mut(at) {
                    *c += count;
                }
                true
            }
            Err(_) if self.items.len() >= cap => false,
            Err(at) => {
                self.items.insert(at, (key, count));
                true
            }
        }
    }

    /// All, in order of key.
    #[must_use]
    pub fn as_slice(&self) -> &[(u32, f32)] {
        &self.items
    }

    /// Those of one leading part (time or kind of day).
    #[must_use]
    pub fn leading(&self, time: u8) -> &[(u32, f32)] {
        let (from, to) = (u32::from(time) << 26, (u32::from(time) + 1) << 26);
        let a = self.items.partition_point(|(k, _)| *k < from);
        let b = self.items.partition_point(|(k, _)| *k < to);
        self.items.get(a..b).unwrap_or_default()
    }

    /// Forgets everything but keeps the room.
    pub fn clear(&mut self) {
        self.items.clear();
    }

    /// Bytes held.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.items.capacity() * std::mem::size_of::<(u32, f32)>()
    }
}

/// Weighted sum and sum of squares of a cell over past periods.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sums {
    /// The cell.
    pub key: u32,
    /// Sum of counts.
    pub sum: f32,
    /// Sum of squared counts.
    pub squares: f32,
}

/// Sums over past periods by key, sorted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Past {
    items: Vec<Sums>,
}

impl Past {
    /// Multiplies everything by `keep` and adds one period. Cells that have faded are forgotten; beyond
    /// `cap` the smallest are. Answers how many were dropped for want of room.
    pub fn fold(&mut self, today: &[(u32, f32)], keep: f32, cap: usize) -> usize {
        const FADED: f32 = 0.02;
        let mut merged = Vec::with_capacity(self.items.len() + today.len());
        let mut new = today.iter().copied().peekable();
        for old in &self.items {
            while let Some((key, count)) = new.next_if(|(k, _)| *k < old.key) {
                merged.push(Sums { key, sum: count, squares: count * count });
            }
            let mut sums = Sums { key: old.key, sum: old.sum * keep, squares: old.squares * keep };
            if let Some((_, count)) = new.next_if(|(k, _)| *k == old.key) {
                sums.sum += count;
                sums.squares += count * count;
            }
            if sums.sum >= FADED {
                merged.push(sums);
            }
        }
        merged.extend(new.map(|(key, count)| Sums { key, sum: count, squares: count * count }));
        let dropped = merged.len().saturating_sub(cap);
        if dropped > 0 {
            let mut by_sum: Vec<f32> = merged.iter().map(|s| s.sum).collect();
            by_sum.sort_by(f32::total_cmp);
            let least = by_sum.get(dropped).copied().unwrap_or(0.0);
            merged.retain(|s| s.sum >= least);
            merged.truncate(cap);
        }
        merged.shrink_to_fit();
        self.items = merged;
        dropped
    }

    /// Takes one period out again (the exact mean over a fixed number of periods).
    pub fn subtract(&mut self, gone: &[(u32, f32)]) {
        for (key, count) in gone {
            if let Ok(at) = self.items.binary_search_by_key(key, |s| s.key)
                && let Some(sums) = self.items.get_mut(at)
            {
                sums.sum -= count;
                sums.squares -= count * count;
            }
        }
        self.items.retain(|s| s.sum > 0.5);
    }

    /// The sums of a cell; zero where it was never seen.
    #[must_use]
    pub fn get(&self, key: u32) -> Sums {
        let at = self.items.binary_search_by_key(&key, |s| s.key);
        at.ok().and_then(|i| self.items.get(i)).copied().unwrap_or(Sums { key, ..Sums::default() })
    }

    /// All, in order of key.
    #[must_use]
    pub fn as_slice(&self) -> &[Sums] {
        &self.items
    }

    /// Those of one leading part (time or kind of day).
    #[must_use]
    pub fn leading(&self, time: u8) -> &[Sums] {
        let (from, to) = (u32::from(time) << 26, (u32::from(time) + 1) << 26);
        let a = self.items.partition_point(|s| s.key < from);
        let b = self.items.partition_point(|s| s.key < to);
        self.items.get(a..b).unwrap_or_default()
    }

    /// Bytes held.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.items.capacity() * std::mem::size_of::<Sums>()
    }
}
