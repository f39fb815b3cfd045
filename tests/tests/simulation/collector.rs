//! The collector of the simulation: the machine of ingest, driven as the committer drives it, over a log.

use super::log::Log;
use picket_collector::ingest::{Machine, Offer};
use picket_collector::store::AcceptedFrame;
use picket_event::wire::{Control, FrameKind, Header, Held, HelloAnswer, VERSION};
use picket_event::{AgentId, Timestamp};
use std::collections::BTreeMap;

/// An agent's spool, as the collector knows it.
pub(super) type Key = (AgentId, u64);

/// A hello that waits for its answer.
pub(super) struct Greeting {
    pub(super) key: Key,
    pub(super) connection: u64,
}

/// The collector.
pub(super) struct Collector {
    pub(super) log: Box<dyn Log>,
    machine: Machine,
    staged: Vec<AcceptedFrame>,
    current: BTreeMap<Key, u64>,
    hellos: Vec<Greeting>,
    /// What was last said over which connection: nothing is said twice.
    said: BTreeMap<Key, (u64, Held)>,
    /// Whether a commit failed: nothing else is done until it succeeds.
    stalled: bool,
    /// What each agent was told is durable.
    pub(super) told: BTreeMap<Key, Held>,
    /// The bug that forgets at a start what it has stored.
    pub(super) forgets: bool,
    /// The bug that forgets at a start what it has stored ahead of what is whole.
    pub(super) forgets_ahead: bool,
    pub(super) is_up: bool,
}

impl Collector {
    pub(super) fn new(log: Box<dyn Log>) -> Self {
        Self {
            log,
            machine: Machine::new(),
            staged: Vec::new(),
            current: BTreeMap::new(),
            hellos: Vec::new(),
            said: BTreeMap::new(),
            stalled: false,
            told: BTreeMap::new(),
            forgets: false,
            forgets_ahead: false,
            is_up: false,
        }
    }

    /// The program ended, in order or not.
    pub(super) fn crash(&mut self) {
        self.log.close();
        self.machine = Machine::new();
        self.staged.clear();
        self.current.clear();
        self.hellos.clear();
        self.said.clear();
        (self.stalled, self.is_up) = (false, false);
    }

    /// Tries to start; what it told any agent is durable must be there.
    pub(super) fn start(&mut self) -> Result<(), String> {
        self.is_up = self.log.reopen().is_ok();
        if !self.is_up {
            return Ok(());
        }
        for ((agent, epoch), told) in &self.told {
            let Ok(durable) = self.log.held(agent, *epoch) else { continue };
            if !told.runs().all(|(first, last)| durable.end_of(first).is_some_and(|end| end >= last)) {
                return Err(format!("{agent}: {told:?} was acknowledged, after a restart {durable:?} is durable"));
            }
        }
        Ok(())
    }

    pub(super) fn is_ready(&self) -> bool {
        self.is_up && !self.stalled
    }

    /// A hello came. Answers the connection that it replaces, which is ended.
    pub(super) fn hello(&mut self, key: Key, connection: u64) -> Option<u64> {
        let replaced = self.current.insert(key.clone(), connection);
        self.hellos.push(Greeting { key, connection });
        replaced.filter(|before| *before != connection)
    }

    /// A connection ended, and the collector noticed.
    pub(super) fn gone(&mut self, key: &Key, connection: u64) {
        if self.current.get(key) == Some(&connection) {
            self.current.remove(key);
            self.machine.forget(&key.0, key.1);
        }
    }

    /// A frame came. Answers whether it came too late, over a connection that another has replaced.
    pub(super) fn receive(&mut self, key: &Key, connection: u64, bytes: &[u8], now: i64) -> Result<bool, String> {
        let header = Header::read(bytes).map_err(|e| e.to_string())?;
        if self.current.get(key) != Some(&connection) {
            return Ok(true);
        }
        match self.machine.offer(&key.0, key.1, &header) {
            Offer::Take if header.kind == FrameKind::Gap => {}
            Offer::Take => self.staged.push(AcceptedFrame {
                agent: key.0.clone(),
                epoch: key.1,
                first: header.first,
                count: header.count,
                class: header.class,
                received: Timestamp::from_nanos(now),
                bytes: bytes.to_vec(),
                postings: Vec::new(),
            }),
            Offer::Duplicate => {}
            Offer::OutOfOrder { expected } => return Err(format!("{expected} should have come, {header:?} did")),
        }
        Ok(false)
    }

    /// Commits what is staged, and answers hellos. Gives what agents are to be told, by connection.
    pub(super) fn commit(&mut self) -> Vec<(Key, u64, Control)> {
        let mut told = Vec::new();
        let positions = self.machine.staged();
        if !positions.is_empty() {
            self.stalled = self.log.commit(&self.staged, &positions).is_err();
            if self.stalled {
                return told;
            }
            self.machine.committed();
            self.staged.clear();
        }
        for (key, connection) in &self.current {
            let news = (*connection, self.machine.durable(&key.0, key.1).cloned().unwrap_or_default());
            if self.said.get(key) != Some(&news) {
                let (_, held) = &news;
                tell(&mut self.told, key, held);
                told.push((key.clone(), *connection, Control::Ack { epoch: key.1, acknowledged: held.all() }));
                if !held.ahead().is_empty() {
                    told.push((key.clone(), *connection, ahead(key, held)));
                }
                self.said.insert(key.clone(), news);
            }
        }
        for Greeting { key, connection } in std::mem::take(&mut self.hellos) {
            let known = match self.machine.durable(&key.0, key.1) {
                Some(durable) => Ok(durable.clone()),
                None if self.forgets => Ok(Held::default()),
                None if self.forgets_ahead => self.log.held(&key.0, key.1).map(|held| Held::new(held.all(), &[])),
                None => self.log.held(&key.0, key.1),
            };
            // A store that cannot be read ends the connection, and the agent comes again.
            let Ok(held) = known else { continue };
            self.machine.load(&key.0, key.1, &held);
            tell(&mut self.told, &key, &held);
            told.push((key.clone(), connection, ahead(&key, &held)));
            let answer = HelloAnswer { version: VERSION, acknowledged: held.all(), site: String::new(), clock: 0 };
            told.push((key, connection, Control::HelloAnswer(answer)));
        }
        told
    }
}

fn ahead(key: &Key, held: &Held) -> Control {
    Control::Ahead { epoch: key.1, ranges: held.ahead().to_vec() }
}

fn tell(told: &mut BTreeMap<Key, Held>, key: &Key, held: &Held) {
    let most = told.entry(key.clone()).or_default();
    held.runs().for_each(|(first, last)| {
        most.add(first, last);
    });
}
