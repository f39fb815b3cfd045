//! A bounded map that forgets the least recently used entry. Deterministic: the order of use alone decides.

use std::collections::BTreeMap;

/// A bounded map that forgets the least recently used entry; the order of use alone decides.
#[derive(Debug)]
pub struct Lru<K, V> {
    entries: BTreeMap<K, (u64, V)>,
    order: BTreeMap<u64, K>,
    clock: u64,
    capacity: usize,
    evicted: u64,
}

impl<K: Ord + Copy, V> Lru<K, V> {
    /// Holds at most `capacity` entries (at least one).
    #[must_use]
    pub const fn new(capacity: usize) -> Self {
        Self {
            entries: BTreeMap::new(),
            order: BTreeMap::new(),
            clock: 0,
            capacity: if capacity == 0 { 1 } else { capacity },
            evicted: 0,
        }
    }

    /// The value of a key, made where there is none; it becomes the most recently used.
    pub fn entry(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        // Calls come in runs: what was used last stays the last.
        let is_last = self.entries.get(&key).is_some_and(|(used, _)| *used == self.clock);
        if !is_last {
            self.clock += 1;
            match self.entries.get(&key) {
                Some((used, _)) => {
                    self.order.remove(used);
                }
                None => drop(self.make_room()),
            }
            self.order.insert(self.clock, key);
        }
        let slot = self.entries.entry(key).or_insert_with(|| (0, make()));
        slot.0 = self.clock;
        &mut slot.1
    }

    /// Forgets the least recently used entry where the map is full, and gives it away.
    pub fn make_room(&mut self) -> Option<(K, V)> {
        if self.entries.len() < self.capacity {
            return None;
        }
        let (_, oldest) = self.order.pop_first()?;
        let (_, value) = self.entries.remove(&oldest)?;
        self.evicted += 1;
        Some((oldest, value))
    }

    /// The entries in the order of their keys; the order of use stays.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&K, &mut V)> {
        self.entries.iter_mut().map(|(key, (_, value))| (key, value))
    }

    /// The value of a key; the order of use stays.
    #[must_use]
    pub fn peek(&self, key: &K) -> Option<&V> {
        self.entries.get(key).map(|(_, value)| value)
    }

    /// Entries held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Entries forgotten for want of room.
    #[must_use]
    pub const fn evicted(&self) -> u64 {
        self.evicted
    }
}
