//! Agents, network and collector in one process, driven by one seed, with a fault every few steps.

use super::agent::{Agent, Connection};
use super::collector::{Collector, Key};
use super::log::Log;
use picket_agent::spool::Item;
use picket_agent::uplink::Action;
use picket_event::wire::{Control, HEADER_BYTES, Refusal, RefusalCode, encode_gap};
use picket_tests::disk::{Disk, Faults, Struck};
use picket_tests::random::Random;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

/// Events of a seed at least.
pub(super) const EVENTS: u64 = 500;
/// Faults of a seed at least.
pub(super) const FAULTS: u64 = 5;
const STEPS: u32 = 1_400;
const AGENTS: usize = super::AGENTS.len();
const DAY: i64 = 86_400_000_000_000;

/// A bug that is put in on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bug {
    /// The collector acknowledges before what it stored is flushed.
    AcknowledgesUnflushed,
    /// A restarted collector does not know how far it had come.
    ForgetsWatermark,
    /// A restarted collector does not know what it has ahead of what is whole.
    ForgetsAhead,
    /// An agent drops a batch and does not count it.
    DropsUncounted,
    /// An agent sends what it has not flushed.
    SendsUnflushed,
}

/// What a run gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) events: u64,
    pub(super) lost: u64,
    /// Acknowledgements of what was sent ahead of a backlog.
    pub(super) ahead: u64,
    pub(super) struck: Struck,
    /// Of everything that happened; equal for equal runs.
    pub(super) trace: u64,
}

/// A connection that the agent gave up, and what of it the collector still has to look at.
struct Late {
    key: Key,
    number: u64,
    frames: VecDeque<Vec<u8>>,
}

/// Everything.
pub(super) struct World {
    random: Random,
    now: Duration,
    agents: Vec<Agent>,
    collector: Collector,
    store: Disk,
    late: Vec<Late>,
    connections: u64,
    bug: Option<Bug>,
    quiet: bool,
    outcome: Outcome,
}

impl World {
    /// A world whose collector keeps its log where `log` says.
    pub(super) fn new(seed: u64, bug: Option<Bug>, store: Disk, log: Box<dyn Log>) -> Self {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let agents: Vec<Agent> = super::AGENTS.iter().map(|name| Agent::new(name, random.bits())).collect();
        let mut collector = Collector::new(log);
        collector.forgets = bug == Some(Bug::ForgetsWatermark);
        collector.forgets_ahead = bug == Some(Bug::ForgetsAhead);
        match bug {
            Some(Bug::AcknowledgesUnflushed) => store.lie(),
            Some(Bug::SendsUnflushed) => agents.iter().for_each(|agent| agent.disk.lie()),
            _ => {}
        }
        let (late, outcome) = (Vec::new(), Outcome::default());
        Self { random, now: Duration::ZERO, agents, collector, store, late, connections: 0, bug, quiet: false, outcome }
    }

    /// Runs the seed to its end.
    pub(super) fn run(mut self) -> Result<Outcome, String> {
        self.faults(Faults { short_write: 60, write: 15, sync: 25, read: 10, full: 15 });
        let mut steps = 0;
        while steps < STEPS || self.outcome.events < EVENTS || self.outcome.struck.values().sum::<u64>() < FAULTS {
            self.step()?;
            steps += 1;
            if steps > 100 * STEPS {
                return Err("too little happens".to_owned());
            }
        }
        self.settle()?;
        self.check()?;
        Ok(self.outcome)
    }

    fn faults(&mut self, faults: Faults) {
        self.store.set_faults(faults);
        for agent in &mut self.agents {
            agent.faults = faults;
            agent.disk.set_faults(faults);
        }
    }

    fn struck(&mut self, what: &'static str) {
        *self.outcome.struck.entry(what).or_default() += 1;
    }

    fn step(&mut self) -> Result<(), String> {
        self.now += Duration::from_millis(self.random.below(120));
        let agent = self.random.index(AGENTS);
        match self.random.below(1_000) {
            0..=129 => self.append(agent),
            130..=159 => self.agents[agent].flush(),
            160..=479 => self.drive(agent)?,
            480..=689 => self.receive()?,
            690..=829 => self.hear(agent)?,
            830..=974 => self.commit()?,
            _ => self.fault(agent)?,
        }
        self.after(agent)
    }

    /// What holds after every step; machines that stopped in the middle of one begin again.
    fn after(&mut self, agent: usize) -> Result<(), String> {
        if self.agents[agent].disk.is_stopped() {
            self.crash_agent(agent)?;
        }
        if self.store.is_stopped() {
            self.crash_collector()?;
        }
        self.agents[agent].check()?;
        let books = self.agents[agent].spool.as_ref().map(|spool| spool.books());
        let (acknowledged, events) = books.map_or((0, 0), |books| (books.acknowledged, books.events));
        for part in [self.random.0, acknowledged, events] {
            self.outcome.trace = (self.outcome.trace ^ part).wrapping_mul(0x0000_0100_0000_01b3);
        }
        Ok(())
    }

    fn append(&mut self, agent: usize) {
        let flush = self.random.below(10) < 7;
        let agent = &mut self.agents[agent];
        if self.random.below(25) == 0 {
            let Some(spool) = &mut agent.spool else { return };
            // The queue between sensor and spool was full.
            agent.made += 3;
            if self.bug != Some(Bug::DropsUncounted) {
                spool.machine_mut().refuse("queue_full", 3);
            }
            return;
        }
        let before = agent.made;
        agent.append(&mut self.random, flush);
        self.outcome.events += agent.made - before;
    }

    fn fault(&mut self, agent: usize) -> Result<(), String> {
        match self.random.below(100) {
            0..=9 => self.crash_agent(agent)?,
            // In the middle of whatever comes next.
            10..=24 => self.agents[agent].disk.stop_after(self.random.below(12)),
            25..=31 => self.crash_collector()?,
            32..=44 => self.store.stop_after(self.random.below(12)),
            45..=59 => self.cut(agent),
            // Away until much waits.
            60..=64 => {
                self.cut(agent);
                self.agents[agent].away = self.now + Duration::from_millis(5_000 + self.random.below(20_000));
                self.struck("agent away for long");
            }
            65..=79 => {
                let days = if self.random.below(2) == 0 { -1 } else { 1 };
                self.agents[agent].clock += days * DAY;
                self.struck("clock step of the agent");
            }
            80..=84 => {
                self.now += Duration::from_secs(self.random.below(7_200));
                self.struck("time leaps");
            }
            _ => self.flip(agent),
        }
        Ok(())
    }

    /// A byte of something that waits on the agent's disk changes.
    fn flip(&mut self, agent: usize) {
        let Some(spool) = &self.agents[agent].spool else { return };
        let machine = spool.machine();
        let waiting = machine.next() - machine.acknowledged() - 1;
        let Some(Item::Frame(frame)) = machine.item(machine.acknowledged() + 1 + self.random.below(waiting)) else {
            return;
        };
        let Some(class) = machine.class(frame.segment) else { return };
        // A header altered at the very end cannot be told from a write that was cut short.
        let from = if frame.last() + 1 == machine.next() { HEADER_BYTES as u64 } else { 0 };
        let at = frame.offset + from + self.random.below(u64::from(frame.length) - from);
        let name = format!("segment-{:010}-{}.spool", frame.segment, class.name());
        if self.agents[agent].disk.flip(&name, at) {
            self.struck("flipped byte");
        }
    }

    fn crash_agent(&mut self, agent: usize) -> Result<(), String> {
        self.cut(agent);
        let power = self.random.below(2) == 0;
        let agent = &mut self.agents[agent];
        agent.crash();
        if power {
            agent.disk.power_cut()
        } else {
            agent.disk.killed()
        }
        agent.start(self.now, self.random.bits())?;
        self.struck(if power { "power cut of the agent" } else { "agent killed" });
        Ok(())
    }

    fn crash_collector(&mut self) -> Result<(), String> {
        for agent in 0..AGENTS {
            self.cut(agent);
        }
        self.late.clear();
        self.collector.crash();
        let power = self.random.below(2) == 0;
        if power {
            self.store.power_cut()
        } else {
            self.store.killed()
        }
        self.struck(if power { "power cut of the collector" } else { "collector killed" });
        self.collector.start()
    }

    /// The agent's connection breaks. What was on its way may still be in the collector's hands.
    fn cut(&mut self, agent: usize) {
        let agent = &mut self.agents[agent];
        let (Some(connection), Some(key)) = (agent.connection.take(), agent.key()) else { return };
        agent.uplink.lost(self.now);
        let arrived = self.random.index(connection.up.len() + 1);
        let frames = connection.up.into_iter().take(arrived).map(|(_, bytes)| bytes).collect();
        self.late.push(Late { key, number: connection.number, frames });
        self.struck("connection cut");
    }

    /// When something sent now arrives: in order, some of it late.
    fn arrival(&mut self, last: Option<Duration>) -> Duration {
        let mut delay = 1 + self.random.below(60);
        if !self.quiet {
            match self.random.below(100) {
                0..=4 => {
                    delay += 250;
                    self.struck("packet lost, sent again");
                }
                5 => {
                    delay += self.random.below(5_000);
                    self.struck("delay");
                }
                _ => {}
            }
        }
        last.unwrap_or_default().max(self.now + Duration::from_millis(delay))
    }

    fn send(&mut self, agent: usize, bytes: Vec<u8>) {
        let last = self.agents[agent].connection.as_ref().and_then(|c| c.up.back().map(|(at, _)| *at));
        let at = self.arrival(last);
        if let Some(connection) = &mut self.agents[agent].connection {
            connection.up.push_back((at, bytes));
        }
    }

    /// One step of the agent's uplink, as its shell takes it.
    fn drive(&mut self, number: usize) -> Result<(), String> {
        let agent = &mut self.agents[number];
        let Some(spool) = &mut agent.spool else { return agent.start(self.now, self.random.bits()) };
        match agent.uplink.poll(self.now, spool.machine()) {
            Action::Connect(_) if !self.quiet && (self.now < agent.away || self.random.below(5) == 0) => {
                agent.uplink.lost(self.now);
            }
            Action::Connect(_) => {
                agent.uplink.opened(self.now);
                self.connections += 1;
                agent.connection = Some(Connection { number: self.connections, ..Connection::default() });
                // The hello: no frame.
                self.send(number, Vec::new());
            }
            Action::Frame(stored) => match spool.read(&stored) {
                Ok(bytes) if !agent.disk.is_stopped() => self.send(number, bytes),
                Ok(_) => {}
                Err(_) => agent.uplink.unreadable(stored.first),
            },
            Action::Gap { first, count } => match spool.declare(first, first + u64::from(count) - 1) {
                Ok(()) => {
                    agent.declared.extend(first..first + u64::from(count));
                    self.send(number, encode_gap(first, count).map_err(|e| e.to_string())?.bytes);
                }
                Err(_) => self.cut(number),
            },
            Action::GiveUp => self.cut(number),
            Action::Wait(_) => {}
        }
        Ok(())
    }

    /// The collector takes something that has arrived, of a connection that stands or of one that does not any more.
    fn receive(&mut self) -> Result<(), String> {
        if !self.collector.is_ready() {
            return Ok(());
        }
        if !self.late.is_empty() && self.random.below(4) == 0 {
            return self.receive_late();
        }
        let from = self.random.index(AGENTS);
        let Some(key) = self.agents[from].key() else { return Ok(()) };
        let Some(connection) = &mut self.agents[from].connection else { return Ok(()) };
        let number = connection.number;
        let Some((_, bytes)) = connection.up.pop_front_if(|(at, _)| *at <= self.now) else { return Ok(()) };
        self.look_at(key, number, &bytes)
    }

    fn receive_late(&mut self) -> Result<(), String> {
        let which = self.random.index(self.late.len());
        let Late { key, number, frames } = &mut self.late[which];
        let (key, number) = (key.clone(), *number);
        match frames.pop_front() {
            Some(bytes) => self.look_at(key, number, &bytes),
            None => {
                self.late.swap_remove(which);
                self.collector.gone(&key, number);
                Ok(())
            }
        }
    }

    fn look_at(&mut self, key: Key, number: u64, bytes: &[u8]) -> Result<(), String> {
        if bytes.is_empty() {
            let replaced = self.collector.hello(key.clone(), number);
            if let Some(agent) = (0..AGENTS).find(|n| self.agents[*n].key().as_ref() == Some(&key))
                && let Some(connection) = &mut self.agents[agent].connection
                && replaced == Some(connection.number)
            {
                let reason = "another connection".to_owned();
                let refusal = Refusal { code: RefusalCode::Replaced, reason, sequence: 0 };
                connection.down.push_back((self.now, Control::Refusal(refusal)));
            }
        } else if self.collector.receive(&key, number, bytes, self.now.as_nanos() as i64)? {
            self.struck("frame overtaken by a new connection");
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<(), String> {
        if !self.collector.is_up {
            return self.collector.start();
        }
        for (key, number, message) in self.collector.commit() {
            // A store that stopped says nothing any more.
            let Some(agent) = (0..AGENTS).find(|n| self.agents[*n].key().as_ref() == Some(&key)) else { continue };
            let Some(connection) = &self.agents[agent].connection else { continue };
            if connection.number != number || self.store.is_stopped() {
                continue;
            }
            let last = connection.down.back().map(|(at, _)| *at);
            let at = self.arrival(last);
            if let Some(connection) = &mut self.agents[agent].connection {
                connection.down.push_back((at, message));
            }
        }
        Ok(())
    }

    /// The agent hears what has arrived.
    fn hear(&mut self, number: usize) -> Result<(), String> {
        let agent = &mut self.agents[number];
        let (Some(connection), Some(spool)) = (&mut agent.connection, &mut agent.spool) else { return Ok(()) };
        let Some((_, message)) = connection.down.pop_front_if(|(at, _)| *at <= self.now) else { return Ok(()) };
        let acknowledged = match &message {
            Control::HelloAnswer(answer) => agent.uplink.answered(answer),
            Control::Refusal(_) => {
                agent.uplink.message(self.now, &message, 0);
                self.cut(number);
                return Ok(());
            }
            other => agent.uplink.message(self.now, other, spool.machine().epoch()),
        };
        if let Some(held) = acknowledged {
            spool.acknowledge(&held);
            if !held.ahead().is_empty() {
                self.outcome.ahead += 1;
            }
        }
        Ok(())
    }

    /// No more faults: everything must come to rest.
    fn settle(&mut self) -> Result<(), String> {
        self.quiet = true;
        self.faults(Faults::default());
        for disk in self.agents.iter().map(|agent| &agent.disk).chain([&self.store]) {
            for (what, count) in disk.take_struck() {
                *self.outcome.struck.entry(what).or_default() += count;
            }
            disk.stop_after(u64::MAX);
        }
        for _ in 0..200_000 {
            self.now += Duration::from_millis(100);
            for agent in 0..AGENTS {
                self.agents[agent].flush();
                self.drive(agent)?;
                self.receive()?;
                self.commit()?;
                self.hear(agent)?;
                self.after(agent)?;
            }
            let done = |agent: &Agent| {
                agent.spool.as_ref().is_some_and(|spool| spool.machine().acknowledged() + 1 == spool.machine().next())
            };
            if self.agents.iter().all(done) {
                return Ok(());
            }
        }
        let state = |agent: &Agent| {
            format!("{}: {:?} {:?}", agent.name, agent.uplink, agent.spool.as_ref().map(|s| s.machine()))
        };
        Err(format!("does not come to rest: {}", self.agents.iter().map(state).collect::<Vec<_>>().join("\n")))
    }

    /// What was acknowledged is stored, once, and as it was said; everything else was declared lost; the books say so.
    fn check(&mut self) -> Result<(), String> {
        let mut stored: BTreeMap<(Key, u64), String> = BTreeMap::new();
        let mut said = BTreeSet::new();
        for (agent, epoch, sequence, text) in self.collector.log.rows().map_err(|e| e.to_string())? {
            if !said.insert(text.clone()) || stored.insert(((agent.clone(), epoch), sequence), text).is_some() {
                return Err(format!("{agent}: {sequence} is stored twice"));
            }
        }
        for agent in &self.agents {
            let (Some(key), Some(spool)) = (agent.key(), &agent.spool) else {
                return Err("an agent is down".to_owned());
            };
            let (books, mut delivered, mut gaps) = (spool.books(), 0, 0);
            for sequence in 1..spool.machine().next() {
                let at = (key.clone(), sequence);
                match (stored.get(&at), agent.declared.contains(&sequence)) {
                    (Some(text), false) if agent.said.get(&sequence) == Some(text) => delivered += 1,
                    (None, true) => gaps += 1,
                    (text, gap) => {
                        return Err(format!(
                            "{} {sequence}: stored {text:?}, declared lost {gap}, written {:?}, promised {:?}",
                            agent.name,
                            agent.said.get(&sequence),
                            agent.promised.get(&sequence)
                        ));
                    }
                }
            }
            for (sequence, text) in &agent.promised {
                let there = stored.get(&(key.clone(), *sequence)) == Some(text);
                if !there && !agent.declared.contains(sequence) {
                    return Err(format!("{} {sequence}: was flushed, and is gone", agent.name));
                }
            }
            let counted = books.lost.values().sum::<u64>() - books.lost.get("queue_full").copied().unwrap_or(0);
            if (books.acknowledged, counted) != (delivered, gaps) {
                return Err(format!("{}: {delivered} are stored, {gaps} lost, the books say {books:?}", agent.name));
            }
            self.outcome.lost += gaps;
        }
        Ok(())
    }
}
