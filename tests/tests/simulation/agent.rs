//! An agent of the simulation: spool and uplink, driven as their shells drive them, and the connection it has.

use super::collector::Key;
use picket_agent::spool::{Limits, Spool};
use picket_agent::uplink::{Machine as Uplink, Window};
use picket_event::body::Anomaly;
use picket_event::wire::{BatchWriter, Class, Control, Frame};
use picket_event::{AgentId, Body, Event, Source, Timestamp};
use picket_tests::disk::{Disk, Faults, Shelf};
use picket_tests::random::Random;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

/// Small, so that segments change often and the spool is full at times.
const LIMITS: Limits = Limits { bytes: 9_000, segment_bytes: 900, frames: 1_000 };

/// A connection: what is on its way, each with the time at which it arrives.
#[derive(Default)]
pub(super) struct Connection {
    pub(super) number: u64,
    pub(super) up: VecDeque<(Duration, Vec<u8>)>,
    pub(super) down: VecDeque<(Duration, Control)>,
}

/// The agent.
pub(super) struct Agent {
    pub(super) name: AgentId,
    pub(super) disk: Disk,
    pub(super) faults: Faults,
    /// None while the program is down.
    pub(super) spool: Option<Spool<Shelf>>,
    pub(super) uplink: Uplink,
    pub(super) connection: Option<Connection>,
    /// No connection comes about before this time.
    pub(super) away: Duration,
    /// The host's clock against the true time, nanoseconds.
    pub(super) clock: i64,
    /// Events made, by the simulation's own count.
    pub(super) made: u64,
    /// What was written under each sequence.
    pub(super) said: BTreeMap<u64, String>,
    /// Sequences written and not flushed yet, and those that were flushed: these may not vanish.
    unflushed: Vec<u64>,
    pub(super) promised: BTreeMap<u64, String>,
    /// Sequences that the collector was told will never come.
    pub(super) declared: BTreeSet<u64>,
    batch: [BatchWriter; 3],
    number: u64,
}

impl Agent {
    pub(super) fn new(name: &str, seed: u64) -> Self {
        Self {
            name: AgentId::new(name),
            disk: Disk::new(seed),
            faults: Faults::default(),
            spool: None,
            uplink: uplink(seed),
            connection: None,
            away: Duration::ZERO,
            clock: 0,
            made: 0,
            said: BTreeMap::new(),
            unflushed: Vec::new(),
            promised: BTreeMap::new(),
            declared: BTreeSet::new(),
            batch: Class::ALL.map(|class| BatchWriter::new(class).unwrap()),
            number: 0,
        }
    }

    /// Who it is for the collector; none while it is down.
    pub(super) fn key(&self) -> Option<Key> {
        self.spool.as_ref().map(|spool| (self.name.clone(), spool.machine().epoch()))
    }

    /// Tries to start. What was flushed must still be counted.
    pub(super) fn start(&mut self, now: Duration, seed: u64) -> Result<(), String> {
        let clock = (now.as_nanos() as i64).saturating_add(self.clock).saturating_add(1 << 60);
        // A file that cannot be read at a start is set aside, and with it numbers that nobody can know.
        self.disk.set_faults(Faults { read: 0, ..self.faults });
        let opened = Spool::open_on(Shelf(self.disk.clone()), LIMITS, clock);
        self.disk.set_faults(self.faults);
        let Ok((spool, _)) = opened else { return Ok(()) };
        let least = self.promised.keys().next_back().copied().unwrap_or(0);
        let (events, next) = (spool.books().events, spool.machine().next());
        if next <= least {
            return Err(format!("{}: {least} was flushed, after a restart {next} is next", self.name));
        }
        // What was not flushed may be gone, with the numbers it had. Losses without a number are saved now and then.
        if events > self.made {
            return Err(format!("{}: {} events were made, after a restart there are {events}", self.name, self.made));
        }
        self.made = events;
        self.said.split_off(&next);
        self.unflushed.clear();
        (self.spool, self.uplink) = (Some(spool), uplink(seed));
        Ok(())
    }

    /// The program ended.
    pub(super) fn crash(&mut self) {
        (self.spool, self.connection) = (None, None);
        self.unflushed.clear();
    }

    /// Makes events and spools them; perhaps flushes.
    pub(super) fn append(&mut self, random: &mut Random, flush: bool) {
        let Some(spool) = &mut self.spool else { return };
        let (class, count) = (random.index(3), 1 + random.below(9));
        let first = spool.machine().next();
        for sequence in first..first + count {
            self.number += 1;
            let detail = format!("{} {}", self.name, self.number);
            self.batch[class].push(&event(detail.clone())).unwrap();
            self.said.insert(sequence, detail);
            self.unflushed.push(sequence);
        }
        let frame: Frame = self.batch[class].finish(first).unwrap();
        let mut losses = spool.append(&frame);
        if flush {
            losses.extend(spool.sync());
        }
        self.made += count;
        if !self.disk.is_stopped() {
            for loss in losses {
                self.unflushed.retain(|sequence| !(loss.first..=loss.last).contains(sequence));
            }
            if flush {
                let said = &self.said;
                self.promised.extend(self.unflushed.drain(..).filter_map(|s| Some((s, said.get(&s)?.clone()))));
            }
        }
    }

    /// Everything that was written is flushed.
    pub(super) fn flush(&mut self) {
        if let Some(spool) = &mut self.spool {
            spool.sync();
        }
    }

    /// The books, against the simulation's own count.
    pub(super) fn check(&self) -> Result<(), String> {
        let Some(spool) = &self.spool else { return Ok(()) };
        let books = spool.books();
        if books.events != books.acknowledged + books.spooled + books.lost.values().sum::<u64>() {
            return Err(format!("{}: the books do not balance: {books:?}", self.name));
        }
        if books.events != self.made {
            return Err(format!("{}: {} events were made, the books say {books:?}", self.name, self.made));
        }
        Ok(())
    }
}

fn uplink(seed: u64) -> Uplink {
    Uplink::new(1, seed, Window { frames: 8, bytes: 1 << 20, backlog: 1_000 })
}

fn event(detail: String) -> Event {
    let body = Body::Anomaly(Anomaly { kind: "test".to_owned(), detail });
    Event { time: Timestamp::EPOCH, source: Source::Agent, vlan: Vec::new(), flow: None, redacted: Vec::new(), body }
}
