//! One agent, a link and a collector as state machines, under crashes, loss and a failing store, from a seed.
//!
//! Holds after every run: what was acknowledged is stored, once; the agent's books balance; what is missing from
//! the store was declared lost. A failure prints its seed.

use picket_agent::spool::{Found, Item, Limits, Machine as Spool, Stored};
use picket_agent::uplink::{Action, Machine as Uplink, Window};
use picket_collector::ingest::{Machine as Ingest, Offer};
use picket_event::AgentId;
use picket_event::wire::{Class, Control, FrameKind, Header, HelloAnswer, VERSION};
use picket_tests::random::Random;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

const EPOCH: u64 = 9;
const LIMITS: Limits = Limits { bytes: 6_000, segment_bytes: 1_000, frames: 1_000 };

/// What the collector keeps over its crashes.
#[derive(Default)]
struct Disk {
    acknowledged: u64,
    stored: Vec<u64>,
}

struct World {
    random: Random,
    now: Duration,
    spool: Spool,
    uplink: Uplink,
    /// The event stream in order, while a connection stands.
    to_collector: VecDeque<Header>,
    to_agent: VecDeque<Control>,
    connected: bool,
    ingest: Ingest,
    staged: Vec<Header>,
    disk: Disk,
    /// Highest sequence the agent was told is durable.
    told: u64,
    declared: BTreeSet<u64>,
    agent: AgentId,
}

impl World {
    fn new(seed: u64) -> Self {
        let window = Window { frames: 6, bytes: 1 << 20 };
        Self {
            random: Random(seed | 1),
            now: Duration::ZERO,
            spool: Spool::new(LIMITS, EPOCH),
            uplink: Uplink::new(1, seed, window),
            to_collector: VecDeque::new(),
            to_agent: VecDeque::new(),
            connected: false,
            ingest: Ingest::new(),
            staged: Vec::new(),
            disk: Disk::default(),
            told: 0,
            declared: BTreeSet::new(),
            agent: AgentId::new("a"),
        }
    }

    fn cut(&mut self) {
        self.to_collector.clear();
        self.to_agent.clear();
        self.connected = false;
        self.uplink.lost(self.now);
    }

    fn append(&mut self) {
        let class = Class::ALL[self.random.below(3) as usize];
        let (length, count) = (50 + self.random.below(300) as u32, 1 + self.random.below(9) as u32);
        let header = Header { kind: FrameKind::Events, class, length, first: self.spool.next(), count };
        self.spool.place(&header);
        if self.random.below(20) == 0 {
            self.spool.failed(header.first, "disk_error");
        }
        self.spool.synced();
    }

    fn drive(&mut self) {
        match self.uplink.poll(self.now, &self.spool) {
            Action::Connect(_) if self.random.below(3) == 0 => self.uplink.lost(self.now),
            Action::Connect(_) => {
                self.connected = true;
                self.uplink.opened(self.now);
                // The committer answers a hello after what an older connection brought.
                self.commit(true);
                let durable = self.ingest.durable(&self.agent, EPOCH).unwrap_or(self.disk.acknowledged);
                self.ingest.load(&self.agent, EPOCH, durable);
                let answer = HelloAnswer { version: VERSION, acknowledged: durable, site: String::new(), clock: 0 };
                self.to_agent.push_back(Control::HelloAnswer(answer));
            }
            Action::Frame(Stored { first, count, length, .. }) => {
                let header = Header { kind: FrameKind::Events, class: Class::Flow, length, first, count };
                self.to_collector.push_back(header);
            }
            Action::Gap { first, count } => {
                let last = first + u64::from(count) - 1;
                self.spool.declared(first, last);
                self.declared.extend(first..=last);
                self.to_collector.push_back(Header {
                    kind: FrameKind::Gap,
                    class: Class::Alert,
                    length: 0,
                    first,
                    count,
                });
            }
            Action::GiveUp => self.cut(),
            Action::Wait(_) => {}
        }
    }

    fn receive(&mut self) {
        let Some(header) = self.to_collector.pop_front() else { return };
        match self.ingest.offer(&self.agent, EPOCH, &header) {
            Offer::Take => self.staged.push(header),
            Offer::Duplicate => {
                let acknowledged = self.ingest.durable(&self.agent, EPOCH).unwrap_or(0);
                self.to_agent.push_back(Control::Ack { epoch: EPOCH, acknowledged });
            }
            Offer::OutOfOrder { expected } => panic!("expected {expected}, got {header:?}"),
        }
    }

    fn commit(&mut self, works: bool) {
        if !works {
            // The store took nothing; the committer keeps the frames and tries again later.
            return;
        }
        for position in self.ingest.staged() {
            self.disk.acknowledged = position.acknowledged;
        }
        for header in self.staged.drain(..).filter(|header| header.kind == FrameKind::Events) {
            self.disk.stored.extend(header.first..=header.last());
        }
        self.ingest.committed();
        if self.connected {
            self.to_agent.push_back(Control::Ack { epoch: EPOCH, acknowledged: self.disk.acknowledged });
        }
    }

    fn hear(&mut self) {
        let Some(message) = self.to_agent.pop_front() else { return };
        let acknowledged = match &message {
            Control::HelloAnswer(answer) => self.uplink.answered(answer),
            other => self.uplink.message(other, EPOCH),
        };
        if let Some(sequence) = acknowledged {
            assert!(sequence <= self.disk.acknowledged, "acknowledged before it was durable");
            self.told = self.told.max(sequence);
            self.spool.acknowledge(sequence);
        }
    }

    fn crash_agent(&mut self) {
        self.cut();
        let mut found: BTreeMap<u64, Found> = BTreeMap::new();
        let mut at = self.spool.acknowledged() + 1;
        while let Some(item) = self.spool.item(at) {
            at = match item {
                Item::Frame(frame) => {
                    let segment = frame.segment;
                    let entry = found.entry(segment).or_insert_with(|| Found {
                        segment,
                        class: Class::Flow,
                        bytes: 16,
                        frames: Vec::new(),
                        damaged: false,
                    });
                    entry.bytes = entry.bytes.max(frame.offset + u64::from(frame.length));
                    entry.frames.push(frame);
                    frame.last() + 1
                }
                Item::Gap { last, .. } => last + 1,
            };
        }
        let before = self.spool.books();
        let (spool, losses, _) = Spool::recover(LIMITS, self.spool.state(), found.into_values().collect());
        assert_eq!(losses, [], "a restart loses nothing that was flushed");
        assert_eq!(spool.books().events, before.events);
        self.spool = spool;
        self.uplink = Uplink::new(1, self.random.below(u64::MAX), Window { frames: 6, bytes: 1 << 20 });
    }

    fn crash_collector(&mut self) {
        self.cut();
        self.ingest = Ingest::new();
        self.staged.clear();
    }

    fn step(&mut self) {
        self.now += Duration::from_millis(self.random.below(200));
        match self.random.below(200) {
            0..=29 => self.append(),
            30..=99 => self.drive(),
            100..=139 => self.receive(),
            140..=164 => self.hear(),
            165..=189 => self.commit(true),
            190..=194 => self.commit(false),
            195..=196 => self.cut(),
            197..=198 => self.crash_agent(),
            _ => self.crash_collector(),
        }
        let books = self.spool.books();
        assert_eq!(books.events, books.acknowledged + books.spooled + books.lost.values().sum::<u64>());
    }

    fn settle(&mut self) {
        for _ in 0..200_000 {
            self.now += Duration::from_millis(100);
            self.drive();
            self.receive();
            self.commit(true);
            self.hear();
            if self.spool.acknowledged() == self.spool.next() - 1 {
                return;
            }
        }
        panic!("does not settle: {:?}", self.uplink);
    }

    fn check(&self) {
        let unique: BTreeSet<u64> = self.disk.stored.iter().copied().collect();
        assert_eq!(unique.len(), self.disk.stored.len(), "stored twice");
        let books = self.spool.books();
        assert_eq!(books.acknowledged, unique.len() as u64, "acknowledged is what is stored: {books:?}");
        for sequence in 1..=self.told {
            assert!(unique.contains(&sequence) || self.declared.contains(&sequence), "{sequence} is missing");
        }
    }
}

#[test]
fn f01_f02_f03_crashes_lose_nothing_that_was_acknowledged_and_store_nothing_twice() {
    // The full size is 20,000 seeds.
    for seed in 1..=400 {
        let run = std::panic::catch_unwind(|| {
            let mut world = World::new(seed);
            for _ in 0..1_500 {
                world.step();
            }
            world.settle();
            world.check();
        });
        assert!(run.is_ok(), "seed {seed}");
    }
}
