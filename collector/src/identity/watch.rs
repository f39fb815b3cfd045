//! Notices identities that are used twice: copied keys, cloned machines.
//!
//! Every start of an agent chooses a random number (its instance) and tells it with its hello. One that comes back
//! after another instance was connected has not ended, so two of them hold the same key: that is certain. A machine
//! cloned with its memory has the same instance on both sides; it shows by its address, when connections from two
//! addresses cut each other off again and again. A machine id other than the one known means that the key moved.

use crate::store::HostNote;
use picket_event::AgentId;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

/// Agents remembered at most; then nothing new is learnt until one is forgotten.
const MAX_AGENTS: usize = 100_000;
/// Earlier instances remembered of an agent.
const EARLIER: usize = 8;
/// So many changes of address that each cut off a living connection are no moving about ...
const CUTS: usize = 4;
/// ... within this time.
const WITHIN: Duration = Duration::from_secs(600);

/// One side of an identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// The start of the agent; 0 where its release does not tell.
    pub instance: u64,
    /// Where it connects from.
    pub address: Option<IpAddr>,
    /// The host it says it is on.
    pub host: HostNote,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = |id: &str| id.chars().take(8).collect::<String>();
        match self.host.name.as_str() {
            "" => f.write_str("a host that does not tell its name")?,
            name => write!(f, "host {name}")?,
        }
        if let Some(address) = self.address {
            write!(f, " at {address}")?;
        }
        if !self.host.machine.is_empty() {
            write!(f, " (machine {}, boot {})", short(&self.host.machine), short(&self.host.boot))?;
        }
        Ok(())
    }
}

/// What was noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Twins {
    /// The key is in use in two places.
    Twice,
    /// The key is on another machine than before.
    Moved,
}

impl Twins {
    /// Its name in notes and alerts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Twice => "identity_twice",
            Self::Moved => "identity_moved",
        }
    }
}

#[derive(Debug)]
struct Seen {
    now: Side,
    earlier: VecDeque<u64>,
    /// When a change of address cut a living connection off.
    cuts: VecDeque<Duration>,
}

/// What is remembered of connected agents.
#[derive(Debug, Default)]
pub struct Watch {
    agents: BTreeMap<AgentId, Seen>,
}

impl Watch {
    /// An agent connected. `known` is its host by the store, `cut` whether an older connection of it was alive, `at` a
    /// time since any fixed point. Answers what is wrong, with the other side.
    pub fn connected(
        &mut self,
        agent: &AgentId,
        side: &Side,
        known: &HostNote,
        cut: bool,
        at: Duration,
    ) -> Vec<(Twins, Side)> {
        let mut found = Vec::new();
        if !known.machine.is_empty() && !side.host.machine.is_empty() && known.machine != side.host.machine {
            let before = self.agents.get(agent).filter(|seen| seen.now.host.machine == known.machine);
            let address = before.and_then(|seen| seen.now.address);
            found.push((Twins::Moved, Side { instance: 0, address, host: known.clone() }));
        }
        let full = self.agents.len() >= MAX_AGENTS;
        let Some(seen) = self.agents.get_mut(agent) else {
            if !full {
                let (earlier, cuts) = (VecDeque::new(), VecDeque::new());
                self.agents.insert(agent.clone(), Seen { now: side.clone(), earlier, cuts });
            }
            return found;
        };
        if seen.is_twice(side, cut, at) {
            found.push((Twins::Twice, seen.now.clone()));
        }
        seen.now = side.clone();
        found
    }

    /// Forgets an agent that may not connect any more.
    pub fn forget(&mut self, agent: &AgentId) {
        self.agents.remove(agent);
    }
}

impl Seen {
    fn is_twice(&mut self, side: &Side, cut: bool, at: Duration) -> bool {
        if side.instance != self.now.instance {
            let back = side.instance != 0 && self.earlier.contains(&side.instance);
            self.earlier.retain(|earlier| *earlier != side.instance);
            if self.earlier.len() == EARLIER {
                self.earlier.pop_front();
            }
            self.earlier.push_back(self.now.instance);
            return back;
        }
        if !cut || side.address == self.now.address {
            return false;
        }
        self.cuts.push_back(at);
        while self.cuts.front().is_some_and(|first| at.saturating_sub(*first) > WITHIN) {
            self.cuts.pop_front();
        }
        if self.cuts.len() < CUTS {
            return false;
        }
        self.cuts.clear();
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(instance: u64, address: u8, machine: &str) -> Side {
        let host = HostNote { name: "h".to_owned(), machine: machine.to_owned(), boot: String::new() };
        Side { instance, address: Some([10, 0, 0, address].into()), host }
    }

    fn kinds(found: &[(Twins, Side)]) -> Vec<Twins> {
        found.iter().map(|(kind, _)| *kind).collect()
    }

    #[test]
    fn f63_an_instance_that_comes_back_shows_two_at_once() {
        let (mut watch, agent, known) = (Watch::default(), AgentId::new("a"), HostNote::default());
        let mut connect = |side: &Side| kinds(&watch.connected(&agent, side, &known, false, Duration::ZERO));
        let (one, two) = (side(1, 1, "m"), side(2, 2, "m"));
        assert_eq!(connect(&one), []);
        assert_eq!(connect(&one), [], "the same one reconnects");
        assert_eq!(connect(&two), [], "a restart looks like this");
        assert_eq!(connect(&one), [Twins::Twice]);
        assert_eq!(connect(&two), [Twins::Twice]);
        for restart in 10..100 {
            assert_eq!(connect(&side(restart, 1, "m")), [], "restarts are no twins");
        }
    }

    #[test]
    fn f63_a_clone_with_its_memory_shows_by_its_address() {
        let (mut watch, agent, known) = (Watch::default(), AgentId::new("a"), HostNote::default());
        let mut found = Vec::new();
        for turn in 0..5u8 {
            let side = side(1, turn % 2, "m");
            found.extend(watch.connected(&agent, &side, &known, true, Duration::from_secs(turn.into())));
        }
        assert_eq!(kinds(&found), [Twins::Twice]);
        assert_eq!(found[0].1.address, Some([10, 0, 0, 1].into()), "the other side is named");
        for turn in 0..20u8 {
            let at = Duration::from_secs(1_000 + 400 * u64::from(turn));
            assert_eq!(watch.connected(&agent, &side(1, turn % 2, "m"), &known, true, at), [], "a host that roams");
        }
    }

    #[test]
    fn f63_a_key_on_another_machine_is_noticed_and_a_new_name_is_not() {
        let (mut watch, agent) = (Watch::default(), AgentId::new("a"));
        let known = side(0, 0, "m").host;
        let renamed = HostNote { name: "other".to_owned(), ..known.clone() };
        let here = Side { instance: 1, address: None, host: renamed };
        assert_eq!(watch.connected(&agent, &here, &known, false, Duration::ZERO), []);
        let there = side(2, 9, "n");
        let found = watch.connected(&agent, &there, &known, false, Duration::ZERO);
        assert_eq!(kinds(&found), [Twins::Moved]);
        assert!(found[0].1.to_string().contains("machine m"), "{}", found[0].1);
        let silent = side(3, 9, "");
        assert_eq!(
            watch.connected(&agent, &silent, &known, false, Duration::ZERO),
            [],
            "an older release says nothing"
        );
    }
}
