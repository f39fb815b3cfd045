//! The shards' groups and the threads that work on them.
//!
//! There are as many groups as threads, the calling one counted. A group's batches are done in their order, by one
//! thread at a time, whichever is free, and where there is a choice by the one that was on it last: the helpers always, the
//! calling thread where it would wait for an answer. So two threads keep two processors busy however the work is spread over
//! front, shards and back.

use super::FINISH_SHARDS;
use super::batch::{Batch, Item, Order};
use crate::sensor::front;
use crate::sensor::report::Report;
use crate::sensor::shards::Shards;
use crate::sensor::{SHARDS, Settings};
use picket_event::Ledger;
use picket_flow::Packet;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// The calling thread's hold on the groups and the helpers.
#[derive(Debug)]
pub(super) struct Crew {
    floor: Arc<Floor>,
    helpers: Vec<JoinHandle<()>>,
}

/// Where threads meet.
#[derive(Debug)]
struct Floor {
    desk: Mutex<Desk>,
    /// Something is ready, or all is over.
    work: Condvar,
    /// A batch was done.
    done: Condvar,
}

/// Who has what.
#[derive(Debug, Default)]
struct Desk {
    groups: Vec<Group>,
    /// Groups with work that nobody is on, the longest waiting first.
    ready: VecDeque<usize>,
    /// Helpers that wait for work.
    idle: usize,
    /// No more work comes, or a thread panicked.
    over: bool,
}

/// A group's shards, where nobody is on them, and its batches.
#[derive(Debug)]
struct Group {
    share: Option<Box<Share>>,
    inbox: VecDeque<Batch>,
    outbox: VecDeque<Batch>,
    /// The thread that was on them last: it has them near, and their memory is its own.
    last: usize,
}

/// A batch and the shards it is for.
struct Job {
    group: usize,
    share: Box<Share>,
    batch: Batch,
}

impl Crew {
    /// Makes `count` groups, each with every `count`-th shard, and starts `count - 1` helpers.
    pub(super) fn start(settings: &Settings, count: usize) -> std::io::Result<Self> {
        let group = |number: usize| {
            let shards = Shards::new((number..SHARDS).step_by(count), settings);
            let share = Some(Box::new(Share { shards, number, count }));
            Group { share, inbox: VecDeque::new(), outbox: VecDeque::new(), last: number }
        };
        let desk = Desk { groups: (0..count).map(group).collect(), ..Desk::default() };
        let floor = Arc::new(Floor { desk: Mutex::new(desk), work: Condvar::new(), done: Condvar::new() });
        let mut crew = Self { floor, helpers: Vec::with_capacity(count) };
        for number in 1..count {
            let floor = Arc::clone(&crew.floor);
            let name = format!("picket-worker-{number}");
            crew.helpers.push(std::thread::Builder::new().name(name).spawn(move || floor.help(number))?);
        }
        Ok(crew)
    }

    /// Gives a batch to a group.
    pub(super) fn send(&self, group: usize, batch: Batch) {
        let mut desk = self.floor.desk();
        let Some(place) = desk.groups.get_mut(group) else { return };
        let is_ready = place.share.is_some() && place.inbox.is_empty();
        place.inbox.push_back(batch);
        if is_ready {
            desk.ready.push_back(group);
            self.floor.call(desk);
        }
    }

    /// Whether every group has an answer.
    pub(super) fn has_answers(&self) -> bool {
        self.floor.desk().groups.iter().all(|group| !group.outbox.is_empty())
    }

    /// A group's oldest answer; works itself until it is there. `None` when a helper is gone, or nothing was asked.
    pub(super) fn answer(&self, group: usize) -> Option<Batch> {
        let mut desk = self.floor.desk();
        loop {
            if let Some(batch) = desk.groups.get_mut(group)?.outbox.pop_front() {
                return Some(batch);
            }
            desk = match desk.take(0) {
                Some(job) => {
                    drop(desk);
                    let done = job.run();
                    self.floor.put(done);
                    self.floor.desk()
                }
                None if desk.over => return None,
                None => self.floor.done.wait(desk).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.floor.close();
        for helper in self.helpers.drain(..) {
            if let Err(panic) = helper.join()
                && !std::thread::panicking()
            {
                // A panic in the pure line is a defect: it must not pass for a short but good run.
                std::panic::resume_unwind(panic);
            }
        }
    }
}

impl Floor {
    fn desk(&self) -> MutexGuard<'_, Desk> {
        // Nothing that can panic is done while it is held.
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A helper's life.
    fn help(&self, number: usize) {
        let _closes = Closes(self);
        let mut desk = self.desk();
        loop {
            desk = match desk.take(number) {
                Some(job) => {
                    drop(desk);
                    let done = job.run();
                    self.put(done);
                    self.done.notify_one();
                    self.desk()
                }
                None if desk.over => return,
                None => {
                    desk.idle += 1;
                    let mut desk = self.work.wait(desk).unwrap_or_else(PoisonError::into_inner);
                    desk.idle -= 1;
                    desk
                }
            };
        }
    }

    /// Puts a job's shards back and its batch among the answers.
    fn put(&self, job: Job) {
        let mut desk = self.desk();
        let Some(group) = desk.groups.get_mut(job.group) else { return };
        group.share = Some(job.share);
        group.outbox.push_back(job.batch);
        if !group.inbox.is_empty() {
            desk.ready.push_back(job.group);
            self.call(desk);
        }
    }

    /// Wakes a helper for what is ready, where one sleeps.
    fn call(&self, desk: MutexGuard<'_, Desk>) {
        let sleeps = desk.idle > 0;
        drop(desk);
        if sleeps {
            self.work.notify_one();
        }
    }

    fn close(&self) {
        self.desk().over = true;
        self.work.notify_all();
        self.done.notify_all();
    }
}

/// Lets nobody wait for a helper that has panicked.
struct Closes<'a>(&'a Floor);

impl Drop for Closes<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Desk {
    /// The next batch for a thread: of a group that it was on last, else of the one that has waited longest.
    fn take(&mut self, thread: usize) -> Option<Job> {
        let own = |group: &usize| self.groups.get(*group).is_some_and(|group| group.last == thread);
        let at = self.ready.iter().position(own).unwrap_or(0);
        let group = self.ready.remove(at)?;
        let place = self.groups.get_mut(group)?;
        place.last = thread;
        Some(Job { group, batch: place.inbox.pop_front()?, share: place.share.take()? })
    }
}

impl Job {
    fn run(mut self) -> Self {
        self.share.run(&mut self.batch);
        self
    }
}

/// The shards of one group.
#[derive(Debug)]
struct Share {
    shards: Shards,
    number: usize,
    count: usize,
}

impl Share {
    fn run(&mut self, batch: &mut Batch) {
        let Batch { items, packets, reports, .. } = batch;
        let mut following = items.iter().skip(1);
        let mut plain = None;
        for item in items.iter() {
            if let Some(Item::Plain { hash, .. }) = following.next() {
                self.shards.fetch(front::shard_of(*hash) / self.count, *hash);
            }
            match item {
                Item::Plain { order, hash, now, lent, place } => {
                    let Some(frame) = packets.frame(*lent, *place) else { continue };
                    front::plain_packet(&frame, *hash, *now, &mut plain);
                    if let Some((shard, packet)) = &plain {
                        self.packet(*shard, packet, *order, reports);
                    }
                }
                Item::Packet { order, shard, place } => {
                    if let Some(packet) = packets.get(*place) {
                        self.packet(usize::from(*shard), &packet, *order, reports);
                    }
                }
                Item::Level(level) => self.shards.set_level(*level),
                Item::Tune { order, now, settings } => {
                    let Self { shards, number, count } = self;
                    shards.tune(settings, *now, |place, found| {
                        put(found.drain(..), order.of_shard(*number + place * *count), reports);
                    });
                }
                Item::Tick { order, now } => {
                    let Self { shards, number, count } = self;
                    shards.advance(*now, |place, found| {
                        put(found.drain(..), order.of_shard(*number + place * *count), reports);
                    });
                }
                Item::Finish { order, from } => self.finish(*order, *from..from + FINISH_SHARDS, reports),
            }
        }
        if batch.ask_ledger {
            let mut ledger = Ledger::default();
            self.shards.account(&mut ledger);
            batch.ledger = Some(ledger);
        }
    }

    /// Gives a packet to the shard of this number.
    #[inline]
    fn packet(&mut self, shard: usize, packet: &Packet<'_>, order: Order, reports: &mut Vec<(Order, Report)>) {
        if self.shards.packet(shard / self.count, packet) {
            put(self.shards.reports().drain(..), order.of_shard(shard), reports);
        }
    }

    /// Ends those of the shards that are its own, in their order.
    fn finish(&mut self, order: Order, range: Range<usize>, reports: &mut Vec<(Order, Report)>) {
        let Self { shards, number, count } = self;
        let number = |place: usize| *number + place * *count;
        shards.finish(
            |place| range.contains(&number(place)),
            |place, found| put(found.into_iter(), order.of_shard(number(place)), reports),
        );
    }
}

/// Puts a shard's reports among those of the round.
fn put(from: impl Iterator<Item = Report>, order: Order, reports: &mut Vec<(Order, Report)>) {
    reports.extend(from.map(|report| (order, report)));
}
