//! A bounded map that forgets the least recently used entry. Deterministic: the order of use alone decides.

use foldhash::quality::FixedState;
use hashbrown::HashTable;
use lru_slab::LruSlab;
use std::hash::{BuildHasher as _, Hash};

/// A bounded map that forgets the least recently used entry; the order of use alone decides.
///
/// An index by hash points at the places of a list by use, and each entry has a box of its own: a use costs one search,
/// and room is taken for what is held alone. The hash is seeded, so that nobody outside can choose keys that meet.
#[derive(Debug)]
pub struct Lru<K, V> {
    index: HashTable<u32>,
    entries: LruSlab<Box<(K, V)>>,
    hashing: FixedState,
    capacity: usize,
    evicted: u64,
}

impl<K: Hash + Ord + Copy, V> Lru<K, V> {
    /// Holds at most `capacity` entries (at least one). The seed changes nothing that can be seen.
    #[must_use]
    pub fn new(capacity: usize, seed: u64) -> Self {
        let hashing = FixedState::with_seed(seed);
        Self { index: HashTable::new(), entries: LruSlab::new(), hashing, capacity: capacity.max(1), evicted: 0 }
    }

    /// The place of a key among the entries.
    #[inline]
    fn place(&self, key: &K) -> Option<u32> {
        self.index.find(self.hashing.hash_one(key), |place| self.entries.peek(*place).0 == *key).copied()
    }

    /// The value of a key, made where there is none; it becomes the most recently used.
    pub fn entry(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        let place = match self.place(&key) {
            Some(place) => place,
            None => {
                drop(self.make_room());
                let place = self.entries.insert(Box::new((key, make())));
                let Self { index, entries, hashing, .. } = self;
                let hash = |place: &u32| hashing.hash_one(entries.peek(*place).0);
                index.insert_unique(hash(&place), place, hash);
                place
            }
        };
        &mut self.entries.get_mut(place).1
    }

    /// The value of a key; it becomes the most recently used.
    pub fn get(&mut self, key: &K) -> Option<&mut V> {
        let place = self.place(key)?;
        Some(&mut self.entries.get_mut(place).1)
    }

    /// The value of a key; the order of use stays.
    #[must_use]
    pub fn peek(&self, key: &K) -> Option<&V> {
        self.place(key).map(|place| &self.entries.peek(place).1)
    }

    /// The value of a key, to be changed; the order of use stays.
    pub fn peek_mut(&mut self, key: &K) -> Option<&mut V> {
        let place = self.place(key)?;
        Some(&mut self.entries.peek_mut(place).1)
    }

    /// Takes an entry out.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let place = self.place(key)?;
        self.forget(key, place);
        Some(self.entries.remove(place).1)
    }

    /// Forgets the least recently used entry where the map is full, and gives it away.
    pub fn make_room(&mut self) -> Option<(K, V)> {
        if self.index.len() < self.capacity {
            return None;
        }
        let oldest = self.entries.lru()?;
        let (key, value) = *self.entries.remove(oldest);
        self.forget(&key, oldest);
        self.evicted += 1;
        Some((key, value))
    }

    /// Takes a key out of the index.
    fn forget(&mut self, key: &K, place: u32) {
        if let Ok(entry) = self.index.find_entry(self.hashing.hash_one(key), |other| *other == place) {
            entry.remove();
        }
    }

    /// Shows every entry in the order of the keys; the order of use stays.
    pub fn for_each(&mut self, mut show: impl FnMut(&K, &mut V)) {
        let mut places: Vec<(K, u32)> = self.index.iter().map(|place| (self.entries.peek(*place).0, *place)).collect();
        places.sort_unstable_by_key(|(key, _)| *key);
        for (key, place) in &places {
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
