//! Where a page lies in a long list, and the pages beside it.

use super::filters::encoded;

/// Rows of a page.
pub const ROWS: usize = 50;

/// The part of a list that is shown.
#[derive(Debug)]
pub struct Pager {
    /// Number of the first row shown, from 1; 0 where none is.
    pub first: usize,
    /// Number of the last.
    pub last: usize,
    /// Rows that pass the filter.
    pub total: usize,
    /// The page before.
    pub before: Option<String>,
    /// The page after.
    pub after: Option<String>,
}

impl Pager {
    /// Of the list at `path`, filtered by `q`: `shown` rows from `offset` on.
    #[must_use]
    pub fn new(path: &str, q: &str, offset: usize, shown: usize, total: usize) -> Self {
        let link = |offset: usize| format!("{path}?q={}&offset={offset}", encoded(q));
        let last = offset.saturating_add(shown).min(total);
        Self {
            first: offset.saturating_add(1).min(last),
            last,
            total,
            before: (offset > 0).then(|| link(offset.saturating_sub(ROWS))),
            after: (last < total).then(|| link(last)),
        }
    }
}
