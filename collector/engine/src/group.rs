//! What peers do: priors of cells and their over-dispersion, by role.

use crate::cells::{Look, Past, Sums};

/// Prior of a cell that the whole group never showed: this many behaviours in all its periods together.
const NOVEL: f64 = 0.3;
/// Prior periods behind such a cell: few, so that what happens once may happen often.
const NOVEL_RATE: f64 = 0.3;
/// A group's word counts for at most this many periods of an entity's own.
const RATE_MAX: f64 = 6.0;
/// And for at least this many.
const RATE_MIN: f64 = 0.1;
/// Periods that the group's over-dispersion counts for beside an entity's own.
const DISPERSION_PERIODS: f64 = 5.0;
/// Over-dispersion is never taken to be less: nothing is exactly Poisson.
const DISPERSION_MIN: f64 = 0.02;
/// Nor more.
const DISPERSION_MAX: f64 = 8.0;
/// Where nothing is known yet.
const DISPERSION_DEFAULT: f64 = 0.5;

/// What one member brings.
pub struct Member<'a> {
    /// Its past.
    pub past: &'a Past,
    /// Its periods by leading part of the key (48 hours or 2 kinds of day).
    pub periods: &'a [f32],
}

/// Prior of one cell.
#[derive(Clone, Copy, Debug, PartialEq)]
struct PriorCell {
    key: u32,
    mean: f32,
    rate: f32,
}

/// A Gamma prior as mean and rate (pseudo-periods).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prior {
    /// Behaviours a period.
    pub mean: f64,
    /// Periods it counts for.
    pub rate: f64,
}

/// What a group knows of one look.
#[derive(Clone, Debug, Default)]
pub struct Group {
    cells: Vec<PriorCell>,
    /// Members' periods together, by leading part.
    periods: Vec<f32>,
    /// Over-dispersion by column, sorted.
    dispersion: Vec<(u16, f32)>,
    all: Option<f32>,
}

/// Empirical Bayes by the method of moments (FACTS section 7): prior mean and rate from members' sums and periods.
/// `members` that never showed the cell count with their periods: `periods` is the total over all of them.
#[must_use]
pub fn moments(seen: &[(f64, f64)], periods: f64, members: f64) -> Prior {
    let total: f64 = seen.iter().map(|(sum, _)| sum).sum();
    let mean = total / periods;
    let squares: f64 = seen.iter().map(|(sum, n)| if *n > 0.0 { sum * sum / n } else { 0.0 }).sum();
    let spread = squares / periods - mean * mean;
    let between = (spread - mean / (periods / members)).max(0.0);
    Prior { mean, rate: if between > 0.0 { mean / between } else { f64::INFINITY } }
}

impl Group {
    /// From the members' pasts.
    #[must_use]
    pub fn of(look: Look, members: &[Member<'_>]) -> Self {
        let parts = if look.hourly() { 48 } else { 2 };
        let mut periods = vec![0f32; parts];
        let mut all: Vec<(Sums, f32)> = Vec::new();
        for member in members {
            for (total, own) in periods.iter_mut().zip(member.periods) {
                *total += own;
            }
            for sums in member.past.as_slice() {
                let n = member.periods.get((sums.key >> 26) as usize).copied().unwrap_or(0.0);
                all.push((*sums, n));
            }
        }
        all.sort_by_key(|(sums, _)| sums.key);
        let mut group = Self { periods, ..Self::default() };
        let count = members.len().max(1) as f64;
        let mut seen = Vec::new();
        for cell in all.chunk_by(|a, b| a.0.key == b.0.key) {
            let Some((first, _)) = cell.first() else { continue };
            seen.clear();
            seen.extend(cell.iter().map(|(s, n)| (f64::from(s.sum), f64::from(*n))));
            let total = group.periods.get((first.key >> 26) as usize).copied().unwrap_or(0.0);
            if total <= 0.0 {
                continue;
            }
            let prior = moments(&seen, f64::from(total), count);
            // Nor for more than there were.
            let rate = prior.rate.min(f64::from(total)).clamp(RATE_MIN, RATE_MAX);
            group.cells.push(PriorCell { key: first.key, mean: prior.mean as f32, rate: rate as f32 });
        }
        group.fit_dispersion(look, &all);
        group
    }

    /// Ratio estimator: sum of (variance - mean) over sum of squared means, by column.
    fn fit_dispersion(&mut self, look: Look, all: &[(Sums, f32)]) {
        let mut parts: Vec<(u16, f64, f64)> = all
            .iter()
            .filter(|(_, n)| *n >= 2.0)
            .map(|(s, n)| {
                let (mean, variance) = mean_variance(*s, f64::from(*n));
                (look.column(s.key), f64::from(*n) * (variance - mean), f64::from(*n) * mean * mean)
            })
            .collect();
        parts.sort_by_key(|(column, ..)| *column);
        let ratio = |of: &[(u16, f64, f64)]| {
            let excess: f64 = of.iter().map(|p| p.1).sum();
            let square: f64 = of.iter().map(|p| p.2).sum();
            (square > 0.0).then(|| (excess / square).clamp(DISPERSION_MIN, DISPERSION_MAX) as f32)
        };
        self.all = ratio(&parts);
        self.dispersion =
            parts.chunk_by(|a, b| a.0 == b.0).filter_map(|column| Some((column.first()?.0, ratio(column)?))).collect();
    }

    /// The members' periods behind a cell, together.
    #[must_use]
    pub fn periods_at(&self, key: u32) -> f64 {
        f64::from(self.periods.get((key >> 26) as usize).copied().unwrap_or(0.0))
    }

    /// The prior of a cell.
    #[must_use]
    pub fn prior(&self, key: u32) -> Prior {
        let periods = self.periods_at(key);
        let least = NOVEL / (periods + 1.0);
        let found = self.cells.binary_search_by_key(&key, |c| c.key).ok().and_then(|at| self.cells.get(at));
        match found {
            Some(cell) if f64::from(cell.mean) > least => {
                Prior { mean: f64::from(cell.mean), rate: f64::from(cell.rate) }
            }
            _ => Prior { mean: least, rate: NOVEL_RATE },
        }
    }

    /// Over-dispersion of a cell: the group's for its column, moved by the entity's own `n` periods.
    #[must_use]
    pub fn dispersion(&self, look: Look, sums: Sums, n: f64) -> f64 {
        let column = look.column(sums.key);
        let found = self.dispersion.binary_search_by_key(&column, |(c, _)| *c).ok();
        let pooled = found.and_then(|at| self.dispersion.get(at)).map(|(_, d)| *d).or(self.all);
        let pooled = pooled.map_or(DISPERSION_DEFAULT, f64::from);
        if n < 2.0 || f64::from(sums.sum) < 3.0 {
            return pooled;
        }
        let (mean, variance) = mean_variance(sums, n);
        let own = ((variance - mean) / (mean * mean)).clamp(0.0, DISPERSION_MAX);
        ((DISPERSION_PERIODS * pooled + n * own) / (DISPERSION_PERIODS + n)).max(DISPERSION_MIN)
    }
}

/// Mean and unbiased variance of a cell over `n` periods.
#[must_use]
pub fn mean_variance(sums: Sums, n: f64) -> (f64, f64) {
    if n <= 0.0 {
        return (0.0, 0.0);
    }
    let mean = f64::from(sums.sum) / n;
    let raw = (f64::from(sums.squares) / n - mean * mean).max(0.0);
    (mean, if n > 1.0 { raw * n / (n - 1.0) } else { raw })
}
