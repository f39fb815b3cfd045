//! The stack of VLAN ids of a frame.

use crate::MAX_VLAN_DEPTH;

/// VLAN ids of a frame, outermost first, each 0 to 4095. As many as are read ([`MAX_VLAN_DEPTH`]).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VlanIds {
    /// Each id plus one; 0 behind the last.
    above: [u16; MAX_VLAN_DEPTH],
}

impl VlanIds {
    /// Of a frame without tags.
    pub const NONE: Self = Self { above: [0; MAX_VLAN_DEPTH] };

    /// Adds the next id inwards; the lower twelve bits count. There is room for all that are read.
    pub(crate) fn push(&mut self, id: u16) {
        if let Some(free) = self.above.iter_mut().find(|above| **above == 0) {
            *free = (id & 0x0fff) + 1;
        }
    }

    /// A stack of these.
    #[must_use]
    pub fn of(ids: impl IntoIterator<Item = u16>) -> Self {
        let mut all = Self::NONE;
        ids.into_iter().for_each(|id| all.push(id));
        all
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        let [outermost, ..] = self.above;
        outermost == 0
    }

    /// These, or the other's where there are none.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        if self.is_empty() { other } else { self }
    }

    /// The ids, outermost first.
    pub fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        self.above.iter().map_while(|above| above.checked_sub(1))
    }
}
