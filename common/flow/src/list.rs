//! Doubly linked lists whose links live in the slab's places.

/// No place.
pub(crate) const NONE: u32 = u32::MAX;

/// A member's neighbours.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Links {
    pub(crate) prev: u32,
    pub(crate) next: u32,
}

impl Default for Links {
    fn default() -> Self {
        Self { prev: NONE, next: NONE }
    }
}

/// Gives access to the links of a slab.
pub(crate) trait Linked {
    fn links(&mut self, place: u32) -> Option<&mut Links>;
}

/// A list, oldest member first.
#[derive(Debug)]
pub(crate) struct List {
    head: u32,
    tail: u32,
}

impl List {
    pub(crate) const fn new() -> Self {
        Self { head: NONE, tail: NONE }
    }

    /// The oldest member.
    pub(crate) const fn first(&self) -> Option<u32> {
        if self.head == NONE { None } else { Some(self.head) }
    }

    /// Adds a member that is in no list as the youngest.
    pub(crate) fn push(&mut self, links: &mut impl Linked, place: u32) {
        let prev = std::mem::replace(&mut self.tail, place);
        if let Some(mine) = links.links(place) {
            *mine = Links { prev, next: NONE };
        }
        match links.links(prev) {
            Some(prev) => prev.next = place,
            None => self.head = place,
        }
    }

    /// Takes a member out.
    pub(crate) fn remove(&mut self, links: &mut impl Linked, place: u32) {
        let Some(mine) = links.links(place) else { return };
        let Links { prev, next } = std::mem::take(mine);
        match links.links(prev) {
            Some(prev) => prev.next = next,
            None => self.head = next,
        }
        match links.links(next) {
            Some(next) => next.prev = prev,
            None => self.tail = prev,
        }
    }
}
