//! Which sequences of an epoch a collector has for good: all up to one, and a few ranges ahead of it.
//!
//! An agent with a long backlog sends what is made now ahead of it. What fills the place between is taken in order, so a range ends
//! in the contiguous part sooner or later, and few are ever needed.

/// Ranges ahead at most. An agent that has so many goes on where the last ends.
pub const MAX_AHEAD: usize = 8;
/// Sequences stay below 2^63.
const LAST: u64 = (1 << 63) - 1;

/// Sequences of an epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    all: u64,
    /// First and last of each; sorted, and at least one sequence apart from each other and from `all`.
    ahead: Vec<(u64, u64)>,
}

impl Held {
    /// Everything from 1 to `all`, 0 for nothing, and as many of these ranges as there may be. Ranges that are none are left out.
    #[must_use]
    pub fn new(all: u64, ahead: &[(u64, u64)]) -> Self {
        let mut held = Self { all: all.min(LAST), ahead: Vec::new() };
        for (first, last) in ahead {
            held.add(*first, *last);
        }
        held
    }

    /// Highest sequence that is held with all before it; 0 for none.
    #[must_use]
    pub const fn all(&self) -> u64 {
        self.all
    }

    /// First and last of each range ahead of these, in order.
    #[must_use]
    pub fn ahead(&self) -> &[(u64, u64)] {
        &self.ahead
    }

    /// Every range, that from 1 first.
    pub fn runs(&self) -> impl Iterator<Item = (u64, u64)> {
        (self.all > 0).then_some((1, self.all)).into_iter().chain(self.ahead.iter().copied())
    }

    /// Highest sequence of all; 0 for none.
    #[must_use]
    pub fn highest(&self) -> u64 {
        self.ahead.last().map_or(self.all, |(_, last)| *last)
    }

    /// The end of the range that holds this sequence.
    #[must_use]
    pub fn end_of(&self, sequence: u64) -> Option<u64> {
        self.runs().find(|(first, last)| (*first..=*last).contains(&sequence)).map(|(_, last)| last)
    }

    /// Whether this sequence is held.
    #[must_use]
    pub fn contains(&self, sequence: u64) -> bool {
        self.end_of(sequence).is_some()
    }

    /// Whether any of these sequences is held.
    #[must_use]
    pub fn touches(&self, first: u64, last: u64) -> bool {
        self.runs().any(|(from, to)| from <= last && first <= to)
    }

    /// Adds sequences, joined with those that they meet. `false`, and nothing is changed, where this would be a range too many or
    /// is none.
    pub fn add(&mut self, first: u64, last: u64) -> bool {
        if first == 0 || last < first || last > LAST {
            return false;
        }
        let (mut all, mut ahead) = (self.all, Vec::<(u64, u64)>::with_capacity(MAX_AHEAD));
        let mut ranges = self.ahead.clone();
        ranges.push((first, last));
        ranges.sort_unstable();
        for (first, last) in ranges {
            match ahead.last_mut() {
                _ if first <= all + 1 => all = all.max(last),
                Some((_, end)) if first <= *end + 1 => *end = last.max(*end),
                _ => ahead.push((first, last)),
            }
        }
        let fits = ahead.len() <= MAX_AHEAD;
        if fits {
            (self.all, self.ahead) = (all, ahead);
        }
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn ranges_meet_and_end_in_what_is_whole() {
        let mut held = Held::new(10, &[(31, 40), (21, 25)]);
        assert_eq!(held.ahead(), [(21, 25), (31, 40)]);
        assert_eq!((held.highest(), held.end_of(22), held.end_of(26)), (40, Some(25), None));
        assert!(held.add(26, 30));
        assert_eq!(held.ahead(), [(21, 40)]);
        assert!(held.touches(5, 12) && held.touches(40, 50) && !held.touches(11, 20));
        assert!(held.add(11, 20));
        assert_eq!((held.all(), held.ahead().len()), (40, 0));
    }

    #[test]
    fn there_are_never_too_many() {
        let far = |n: u64| (100 * n, 100 * n + 9);
        let mut held = Held::new(0, &(1..=20).map(far).collect::<Vec<_>>());
        assert_eq!(held.ahead().len(), MAX_AHEAD);
        let before = held.clone();
        assert!(!held.add(5_000, 5_001) && !held.add(7, 6) && !held.add(0, 3));
        assert_eq!(held, before);
        assert!(held.add(810, 820), "the last may grow");
        assert_eq!(Held::new(u64::MAX, &[(3, u64::MAX)]).highest(), LAST);
    }

    proptest! {
        /// As a set would say.
        #[test]
        fn it_is_a_set(ranges in proptest::collection::vec((1u64..60, 0u64..9), 0..12)) {
            let (mut held, mut set) = (Held::default(), BTreeSet::new());
            for (first, more) in ranges {
                if held.add(first, first + more) {
                    set.extend(first..=first + more);
                }
            }
            for sequence in 1..80 {
                prop_assert_eq!(held.contains(sequence), set.contains(&sequence));
            }
            prop_assert!(held.ahead().len() <= MAX_AHEAD && held.ahead().windows(2).all(|w| w[0].1 + 1 < w[1].0));
            prop_assert!(held.ahead().iter().all(|(first, _)| *first > held.all() + 1));
        }
    }
}
