//! What ingest decides, without a socket, a clock or a store.
//!
//! Per agent and epoch, sequences come in order, or in a few runs each in order: an agent with a backlog sends what is made now ahead
//! of it. A frame goes on where a run ends, or begins another, or had been taken before, or fits nowhere. What is taken is staged;
//! only a commit makes it durable, and only what is durable is acknowledged.

use crate::store::Position;
use picket_event::AgentId;
use picket_event::wire::{FrameKind, Header, Held};
use std::collections::BTreeMap;

/// What to do with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// Store it with the next commit.
    Take,
    /// It was taken before: drop it, and acknowledge again.
    Duplicate,
    /// It overlaps what came before, or would be a run too many: end the connection.
    OutOfOrder {
        /// The sequence that should have come.
        expected: u64,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Progress {
    durable: Held,
    staged: Held,
}

/// Every agent's progress.
#[derive(Clone, Debug, Default)]
pub struct Machine {
    agents: BTreeMap<(AgentId, u64), Progress>,
}

impl Machine {
    /// Nothing known.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The durable sequences of an epoch, where they are known here.
    #[must_use]
    pub fn durable(&self, agent: &AgentId, epoch: u64) -> Option<&Held> {
        self.agents.get(&(agent.clone(), epoch)).map(|progress| &progress.durable)
    }

    /// Enters what the store says of an epoch, unless it is known already.
    pub fn load(&mut self, agent: &AgentId, epoch: u64, durable: &Held) {
        let progress = || Progress { durable: durable.clone(), staged: durable.clone() };
        self.agents.entry((agent.clone(), epoch)).or_insert_with(progress);
    }

    /// Forgets an epoch that nothing is staged of; the store knows it.
    pub fn forget(&mut self, agent: &AgentId, epoch: u64) {
        let key = (agent.clone(), epoch);
        if self.agents.get(&key).is_some_and(|progress| progress.staged == progress.durable) {
            self.agents.remove(&key);
        }
    }

    /// Judges a frame or gap of an agent, and stages it.
    pub fn offer(&mut self, agent: &AgentId, epoch: u64, header: &Header) -> Offer {
        let Some(progress) = self.agents.get_mut(&(agent.clone(), epoch)) else {
            return Offer::OutOfOrder { expected: 0 };
        };
        let staged = &mut progress.staged;
        if staged.end_of(header.first).is_some_and(|end| header.last() <= end) {
            return Offer::Duplicate;
        }
        // A gap may have grown since it was told first; a frame never changes.
        let overlaps = header.kind != FrameKind::Gap && staged.touches(header.first, header.last());
        if overlaps || !staged.add(header.first, header.last()) {
            return Offer::OutOfOrder { expected: staged.all() + 1 };
        }
        Offer::Take
    }

    /// What the store has to note with the staged frames.
    #[must_use]
    pub fn staged(&self) -> Vec<Position> {
        let changed = self.agents.iter().filter(|(_, progress)| progress.staged != progress.durable);
        let position = |((agent, epoch), progress): (&(AgentId, u64), &Progress)| Position {
            agent: agent.clone(),
            epoch: *epoch,
            held: progress.staged.clone(),
        };
        changed.map(position).collect()
    }

    /// What was staged is durable.
    pub fn committed(&mut self) {
        for progress in self.agents.values_mut() {
            progress.durable.clone_from(&progress.staged);
        }
    }

    /// What was staged is gone.
    pub fn aborted(&mut self) {
        for progress in self.agents.values_mut() {
            progress.staged.clone_from(&progress.durable);
        }
    }
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
