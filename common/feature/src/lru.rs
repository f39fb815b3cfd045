//! A bounded map that forgets the least recently used entry. Deterministic: the order of use alone decides.

use std::collections::BTreeMap;

/// Key to value, with the time of last use kept as a running number.
#[derive(Debug)]
pub(crate) struct Lru<K, V> {
    entries: BTreeMap<K, (u64, V)>,
    order: BTreeMap<u64, K>,
    clock: u64,
    capacity: usize,
    evicted: u64,
}

impl<K: Ord + Copy, V> Lru<K, V> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { entries: BTreeMap::new(), order: BTreeMap::new(), clock: 0, capacity: capacity.max(1), evicted: 0 }
    }

    /// The value of a key, made where there is none; it becomes the most recently used.
    pub(crate) fn entry(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        self.clock += 1;
        match self.entries.get(&key) {
            Some((used, _)) => {
                self.order.remove(used);
            }
            None if self.entries.len() >= self.capacity => {
                if let Some((_, oldest)) = self.order.pop_first() {
                    self.entries.remove(&oldest);
                    self.evicted += 1;
                }
            }
            None => {}
        }
        self.order.insert(self.clock, key);
        let slot = self.entries.entry(key).or_insert_with(|| (0, make()));
        slot.0 = self.clock;
        &mut slot.1
    }

    /// The value of a key; the order of use stays.
    pub(crate) fn peek(&self, key: &K) -> Option<&V> {
        self.entries.get(key).map(|(_, value)| value)
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) const fn evicted(&self) -> u64 {
        self.evicted
    }
}
