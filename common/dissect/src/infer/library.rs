//! What a sensor is told of protocols beyond those that are built in, and the books of what is kept of unknown ones.

use super::length::LengthField;
use super::operation::OperationField;
use super::talk::{Message, Talk};
use crate::candidates::Candidates;
use crate::identify::Candidate;
use picket_event::{Operation, Protocol, Transport};
use std::sync::Arc;

/// Conversations of a shard that are looked at at once.
const TALKS_MAX: u16 = 64;

/// A byte that every message has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Constant {
    /// Its place.
    pub at: u8,
    /// The value, under the mask.
    pub value: u8,
    /// The bits that count.
    pub mask: u8,
}

/// A protocol that a site has named and described.
#[derive(Clone, Debug, PartialEq)]
pub struct SiteProtocol {
    /// Its name.
    pub protocol: Protocol,
    /// Its transport.
    pub transport: Transport,
    /// What every message has in its place.
    pub constants: Vec<Constant>,
    /// Where the length stands; without it a message is a segment or a datagram.
    pub length: Option<LengthField>,
    /// Where the operation stands.
    pub operation: Option<OperationField>,
    /// What the codes mean, with the protocol's own name of each.
    pub codes: Vec<(u8, Operation, String)>,
}

impl SiteProtocol {
    /// Whether a piece is one of its messages, or several.
    #[must_use]
    pub fn fits(&self, piece: &Message<'_>) -> bool {
        let constant =
            |one: &Constant| piece.byte(usize::from(one.at)).is_some_and(|byte| byte & one.mask == one.value);
        self.constants.iter().all(constant) && self.length.is_none_or(|field| field.fits(piece))
    }

    /// Whether everything kept is this protocol.
    pub(crate) fn is(&self, transport: Transport, talk: &Talk) -> bool {
        self.transport == transport && talk.len() >= 2 && talk.pieces().all(|piece| self.fits(&piece))
    }
}

/// What all conversations of a sensor are told.
#[derive(Clone, Debug, Default)]
pub struct Library {
    site: Vec<Arc<SiteProtocol>>,
    hidden: Candidates,
    explain: bool,
}

impl Library {
    /// With a site's own protocols, in the order they are asked.
    #[must_use]
    pub fn new(site: Vec<SiteProtocol>) -> Self {
        Self { site: site.into_iter().map(Arc::new).collect(), ..Self::default() }
    }

    /// Leaves out the built-in readers of a protocol; whether there are any. For tests of what replaces them.
    pub fn hide(&mut self, protocol: &Protocol) -> bool {
        let found = Candidate::all_of(protocol);
        self.hidden = self.hidden.or(found);
        found != Candidates::NONE
    }

    /// Hands out what was kept of every conversation whose format was inferred, as facts.
    pub const fn explain(&mut self) {
        self.explain = true;
    }
}

/// What conversations share, each shard with room of its own.
#[derive(Clone, Debug, Default)]
pub struct Desk {
    library: Option<Arc<Library>>,
    /// Whose turn it is.
    shard: usize,
    /// Conversations of each shard that are looked at now.
    talks: Vec<u16>,
    /// Conversations not looked at because too many others were.
    capped: u64,
}

impl Desk {
    /// With these instructions.
    #[must_use]
    pub const fn new(library: Option<Arc<Library>>) -> Self {
        Self { library, shard: 0, talks: Vec::new(), capped: 0 }
    }

    /// From here on, conversations of this shard speak.
    #[inline]
    pub const fn turn_to(&mut self, shard: usize) {
        self.shard = shard;
    }

    /// Unknown conversations that were not looked at because too many others were.
    #[must_use]
    pub const fn capped(&self) -> u64 {
        self.capped
    }

    pub(crate) fn hidden(&self) -> Candidates {
        self.library.as_ref().map_or(Candidates::NONE, |library| library.hidden)
    }

    pub(crate) fn explains(&self) -> bool {
        self.library.as_ref().is_some_and(|library| library.explain)
    }

    /// The site's protocol that this is.
    pub(crate) fn named(&self, transport: Transport, talk: &Talk) -> Option<Arc<SiteProtocol>> {
        self.library.as_ref()?.site.iter().find(|site| site.is(transport, talk)).cloned()
    }

    /// Room for one more conversation.
    pub(crate) fn take(&mut self) -> bool {
        if self.talks.len() <= self.shard {
            self.talks.resize(self.shard + 1, 0);
        }
        let Some(talks) = self.talks.get_mut(self.shard).filter(|talks| **talks < TALKS_MAX) else {
            self.capped = self.capped.saturating_add(1);
            return false;
        };
        *talks += 1;
        true
    }

    pub(crate) fn give_back(&mut self) {
        if let Some(talks) = self.talks.get_mut(self.shard) {
            *talks = talks.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A shard that looks at as many conversations as it may takes no room from another, and has it again when one is over.
    #[test]
    fn each_shard_has_room_of_its_own() {
        let mut desk = Desk::new(None);
        assert!((0..TALKS_MAX).all(|_| desk.take()));
        assert!(!desk.take());
        desk.turn_to(5);
        assert!((0..TALKS_MAX).all(|_| desk.take()));
        desk.give_back();
        desk.turn_to(0);
        assert!(!desk.take());
        desk.turn_to(5);
        assert!(desk.take());
        assert_eq!(desk.capped(), 2);
    }
}
