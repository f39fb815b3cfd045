//! A bounded map that forgets the least recently used entry. Deterministic: the order of use alone decides.

use lru_slab::LruSlab;
use std::collections::BTreeMap;

/// A bounded map that forgets the least recently used entry; the order of use alone decides.
///
/// An ordered index points at the places of a list by use, and each entry has a box of its own: a use costs one search,
/// and room is taken for what is held alone.
#[derive(Debug)]
pub struct Lru<K, V> {
    index: BTreeMap<K, u32>,
    entries: LruSlab<Box<(K, V)>>,
    capacity: usize,
    evicted: u64,
}

impl<K: Ord + Copy, V> Lru<K, V> {
    /// Holds at most `capacity` entries (at least one).
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { index: BTreeMap::new(), entries: LruSlab::new(), capacity: capacity.max(1), evicted: 0 }
    }

    /// The value of a key, made where there is none; it becomes the most recently used.
    pub fn entry(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        let place = match self.index.get(&key) {
            Some(place) => *place,
            None => {
                drop(self.make_room());
                let place = self.entries.insert(Box::new((key, make())));
                self.index.insert(key, place);
                place
            }
        };
        &mut self.entries.get_mut(place).1
    }

    /// The value of a key; it becomes the most recently used.
    pub fn get(&mut self, key: &K) -> Option<&mut V> {
        let place = *self.index.get(key)?;
        Some(&mut self.entries.get_mut(place).1)
    }

    /// The value of a key; the order of use stays.
    #[must_use]
    pub fn peek(&self, key: &K) -> Option<&V> {
        self.index.get(key).map(|place| &self.entries.peek(*place).1)
    }

    /// The value of a key, to be changed; the order of use stays.
    pub fn peek_mut(&mut self, key: &K) -> Option<&mut V> {
        let place = *self.index.get(key)?;
        Some(&mut self.entries.peek_mut(place).1)
    }

    /// Takes an entry out.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let place = self.index.remove(key)?;
        Some(self.entries.remove(place).1)
    }

    /// Forgets the least recently used entry where the map is full, and gives it away.
    pub fn make_room(&mut self) -> Option<(K, V)> {
        if self.index.len() < self.capacity {
            return None;
        }
        let oldest = self.entries.lru()?;
        let (key, value) = *self.entries.remove(oldest);
        self.index.remove(&key);
        self.evicted += 1;
        Some((key, value))
    }

    /// Shows every entry in the order of the keys; the order of use stays.
    pub fn for_each(&mut self, mut show: impl FnMut(&K, &mut V)) {
        for (key, place) in &self.index {
            show(key, &mut self.entries.peek_mut(*place).1);
        }
    }

    /// Entries held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Entries forgotten for want of room.
    #[must_use]
    pub const fn evicted(&self) -> u64 {
        self.evicted
    }
}
