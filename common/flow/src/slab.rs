//! Places for flows: allocated in chunks that never move, reused last freed first.

use crate::flow::{Flow, Tcp};
use crate::list::{Linked, Links};
use crate::wheel::{Timer, Timers};

const CHUNK_BITS: u32 = 5;
const CHUNK: usize = 1 << CHUNK_BITS;

/// One flow and what the handler keeps of it, on as few cache lines as hold it.
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct Slot<T> {
    pub(crate) flow: Flow,
    pub(crate) tcp: Tcp,
    pub(crate) state: Option<T>,
    /// Whether the flow stands in the list of answered ones.
    pub(crate) answered: bool,
    /// `last_seen` when it was put into its list.
    pub(crate) stamp: i64,
}

/// The places.
#[derive(Debug)]
pub(crate) struct Slab<T> {
    chunks: Vec<Vec<Slot<T>>>,
    /// By place. Apart from the flows: those whose time passes are seldom in a cache, and many have their neighbours there.
    timers: Vec<Timer>,
    /// By place, neighbours in a list of age.
    links: Vec<Links>,
    free: Vec<u32>,
    used: u32,
}

impl<T> Slab<T> {
    pub(crate) const fn new() -> Self {
        Self { chunks: Vec::new(), timers: Vec::new(), links: Vec::new(), free: Vec::new(), used: 0 }
    }

    #[inline]
    pub(crate) fn get(&self, place: u32) -> Option<&Slot<T>> {
        self.chunks.get((place >> CHUNK_BITS) as usize)?.get(place as usize & (CHUNK - 1))
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, place: u32) -> Option<&mut Slot<T>> {
        self.chunks.get_mut((place >> CHUNK_BITS) as usize)?.get_mut(place as usize & (CHUNK - 1))
    }

    /// Puts a flow into a place, and the state that is made for it, which is long, straight to where it stays.
    #[inline]
    pub(crate) fn insert(&mut self, flow: Flow, make: impl FnOnce(&Flow) -> T) -> u32 {
        let stamp = flow.last_seen;
        let slot = Slot { flow, tcp: Tcp::default(), state: None, answered: false, stamp };
        let place = self.put(slot);
        if let Some(Slot { flow, state, .. }) = self.get_mut(place) {
            *state = Some(make(flow));
        }
        place
    }

    #[inline]
    fn put(&mut self, slot: Slot<T>) -> u32 {
        if let Some(place) = self.free.pop() {
            if let Some(old) = self.get_mut(place) {
                *old = slot;
            }
            return place;
        }
        let place = self.used;
        self.used += 1;
        self.timers.push(Timer::default());
        self.links.push(Links::default());
        match self.chunks.last_mut() {
            Some(chunk) if chunk.len() < CHUNK => chunk.push(slot),
            _ => {
                let mut chunk = Vec::with_capacity(CHUNK);
                chunk.push(slot);
                self.chunks.push(chunk);
                self.free.reserve(CHUNK);
            }
        }
        place
    }

    /// Frees a place. Its flow must stand in no list, table or wheel any more.
    pub(crate) fn free(&mut self, place: u32) {
        if let Some(slot) = self.get_mut(place) {
            slot.state = None;
            slot.tcp.drop_pending();
            self.free.push(place);
        }
    }

    /// Places in use now or before.
    pub(crate) const fn len(&self) -> u32 {
        self.used
    }
}

impl<T> Timers for Slab<T> {
    #[inline]
    fn timer(&mut self, place: u32) -> Option<&mut Timer> {
        self.timers.get_mut(place as usize)
    }
}

impl<T> Linked for Slab<T> {
    #[inline]
    fn links(&mut self, place: u32) -> Option<&mut Links> {
        self.links.get_mut(place as usize)
    }
}
