//! Which sensors report an entity.

/// Sensors told apart. Who is seen by more is seen by so many that one of them missing changes little.
const FEW: usize = 8;

/// The sensors that report an entity, by their numbers at the site: the first few of them, and whether there are more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Watchers {
    first: [u16; FEW],
    /// How many of `first` are set; one more where there are others.
    count: u8,
}

impl Watchers {
    /// Notes that a sensor reports it.
    #[inline]
    pub fn add(&mut self, agent: u16) {
        if self.first().contains(&agent) {
            return;
        }
        let count = usize::from(self.count);
        if let Some(place) = self.first.get_mut(count) {
            *place = agent;
        }
        self.count = (count + 1).min(FEW + 1) as u8;
    }

    /// Notes those of another too.
    pub fn join(&mut self, other: &Self) {
        other.first().iter().for_each(|agent| self.add(*agent));
        if other.are_many() {
            self.count = (FEW + 1) as u8;
        }
    }

    /// The first few.
    pub fn first(&self) -> &[u16] {
        self.first.get(..usize::from(self.count)).unwrap_or(&self.first)
    }

    /// Whether there are more than the first few.
    pub const fn are_many(&self) -> bool {
        self.count as usize > FEW
    }

    /// Those on whom it depends what is seen of the entity: all, or, where they are many, nobody in particular.
    pub fn each(&self) -> &[u16] {
        if self.are_many() { &[] } else { self.first() }
    }

    /// Hours in which enough of them were heard, a bit each, of the hours in which each was: all of a few, half of many.
    pub fn heard(&self, hours: impl Fn(u16) -> u32) -> u32 {
        let needed = if self.are_many() { FEW.div_ceil(2) } else { self.first().len() };
        let enough = |hour: &u32| self.first().iter().filter(|agent| hours(**agent) & 1 << hour != 0).count() >= needed;
        (0..24).filter(enough).fold(0, |bits, hour| bits | 1 << hour)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        /// Against sets: who is there is known, one at a time or joined.
        #[test]
        fn knows_the_first_and_whether_there_are_more(one in proptest::collection::vec(0u16..20, 0..30),
                                                      other in proptest::collection::vec(0u16..20, 0..30)) {
            let of = |agents: &[u16]| {
                let mut watchers = Watchers::default();
                agents.iter().for_each(|agent| watchers.add(*agent));
                watchers
            };
            let mut joined = of(&one);
            joined.join(&of(&other));
            let all: BTreeSet<u16> = one.iter().chain(&other).copied().collect();
            prop_assert_eq!(joined.are_many(), all.len() > FEW);
            prop_assert_eq!(joined.first().len(), all.len().min(FEW));
            prop_assert!(joined.first().iter().all(|agent| all.contains(agent)));
            prop_assert_eq!(joined.each().len(), if all.len() > FEW { 0 } else { all.len() });
            if all.len() <= FEW {
                prop_assert_eq!(joined.first().iter().copied().collect::<BTreeSet<_>>(), all);
            }
        }
    }

    #[test]
    fn all_of_a_few_are_needed_and_half_of_many() {
        let mut watchers = Watchers::default();
        assert_eq!(watchers.heard(|_| 0), 0x00ff_ffff, "nobody is missing");
        (0..3).for_each(|agent| watchers.add(agent));
        assert_eq!(watchers.heard(|agent| if agent == 2 { 0b110 } else { 0b011 }), 0b010);
        (3..300).for_each(|agent| watchers.add(agent));
        assert_eq!(watchers.heard(|agent| if agent < 4 { 0b01 } else { 0b10 }), 0b11);
        assert_eq!(watchers.heard(|agent| if agent < 3 { 0b01 } else { 0b10 }), 0b10);
    }
}
