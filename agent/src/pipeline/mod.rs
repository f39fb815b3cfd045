//! The sensor over several workers.
//!
//! A [`Pipeline`] has the sensor's interface and its output, event for event; only the work is shared
//! out. The 64 shards lie in as many groups as there are workers; the calling thread, one of them, runs the
//! front and the back, and works on shards where it would wait. Work travels in rounds: one recycled batch a
//! group, which comes back with the reports; rounds are merged by order key, so the events do not depend on the
//! number of workers or on who was faster. Frames that come as a whole [`FrameBatch`] are not copied: they are
//! read where they lie. With one worker everything runs inline, without threads.

mod batch;
mod worker;

use crate::capture::FrameBatch;
use crate::sensor::back::Back;
use crate::sensor::front::{self, Front};
use crate::sensor::{Level, SHARDS, Sensor, Settings, Sink};
use batch::{Batch, Item, Merge, Order};
use picket_event::{Ledger, Timestamp};
use picket_packet::Frame;
use std::collections::VecDeque;
use std::sync::Arc;
use worker::Crew;

/// Rounds under way at most: enough that nobody waits while another has the processor.
const ROUNDS_MAX: usize = 3;
/// Packets of a group in a round. Many, since what a round begins with is far away, and a group that goes from thread to
/// thread is far from either: a quarter as many cost 4 % more.
const ROUND_ITEMS: usize = 8_192;
/// Bytes of the frames lent to a round.
const ROUND_LENT: usize = 2 << 20;
/// Bytes of the payloads copied for one group in a round.
const ROUND_COPIED: usize = 256 << 10;
/// Shards that end in one round.
const FINISH_SHARDS: usize = 8;
/// The groups' books are asked for every so many rounds.
const LEDGER_ROUNDS: u64 = 512;

/// A sensor whose shards are shared out to workers.
#[derive(Debug)]
pub struct Pipeline(Kind);

#[derive(Debug)]
enum Kind {
    Inline(Box<Sensor>),
    Shared(Box<Shared>),
}

impl Pipeline {
    /// A pipeline with so many workers (0 counts as 1, more than 64 as 64).
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub fn new(settings: &Settings, workers: usize) -> std::io::Result<Self> {
        Ok(Self(match workers.clamp(1, SHARDS) {
            1 => Kind::Inline(Box::new(Sensor::new(settings))),
            workers => Kind::Shared(Box::new(Shared::new(settings, workers)?)),
        }))
    }

    /// Takes the next frame; the events of earlier ones may come out only now.
    #[inline]
    pub fn frame(&mut self, frame: Frame<'_>, sink: &mut impl Sink) {
        match &mut self.0 {
            Kind::Inline(sensor) => sensor.frame(frame, sink),
            Kind::Shared(shared) => shared.frame(frame, sink),
        }
    }

    /// Takes the frames of a batch, which comes back empty, perhaps with another's memory; the events of earlier frames
    /// may come out only now.
    #[inline]
    pub fn batch(&mut self, batch: &mut FrameBatch, sink: &mut impl Sink) {
        match &mut self.0 {
            Kind::Inline(sensor) => sensor.frames(batch.frames().map(|frame| frame.packet()), sink),
            Kind::Shared(shared) => shared.batch(batch, sink),
        }
        batch.clear();
    }

    /// Lets time pass where no frames come, and hands out everything that is known by now.
    pub fn tick(&mut self, now: Timestamp, sink: &mut impl Sink) {
        match &mut self.0 {
            Kind::Inline(sensor) => sensor.tick(now, sink),
            Kind::Shared(shared) => {
                shared.observe(now);
                shared.flush(sink);
            }
        }
    }

    /// From the next frame on, does this much; rows of frames given before may go unscored already.
    pub fn set_level(&mut self, level: Level) {
        match &mut self.0 {
            Kind::Inline(sensor) => sensor.set_level(level),
            Kind::Shared(shared) => {
                shared.back.set_level(level);
                shared.filling.iter_mut().for_each(|batch| batch.items.push(Item::Level(level)));
            }
        }
    }

    /// As [`Sensor::tune`]: frames given before have their rows by the bundle before.
    pub fn tune(&mut self, settings: &Settings, sink: &mut impl Sink) {
        match &mut self.0 {
            Kind::Inline(sensor) => sensor.tune(settings, sink),
            Kind::Shared(shared) => {
                shared.flush(sink);
                shared.tune(settings);
            }
        }
    }

    /// Hands out the events of all frames given so far. Time stands still.
    pub fn flush(&mut self, sink: &mut impl Sink) {
        if let Kind::Shared(shared) = &mut self.0 {
            shared.flush(sink);
        }
    }

    /// Ends every open conversation and window, waits for the workers, and gives the final books.
    pub fn finish(self, sink: &mut impl Sink) -> Ledger {
        match self.0 {
            Kind::Inline(mut sensor) => {
                sensor.finish(sink);
                sensor.ledger()
            }
            Kind::Shared(shared) => shared.finish(sink),
        }
    }

    /// The books; with several workers as of a moment not long ago (after [`Pipeline::flush`], of now).
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        match &self.0 {
            Kind::Inline(sensor) => sensor.ledger(),
            Kind::Shared(shared) => shared.ledger(),
        }
    }
}

/// The front, the back, and what is between them.
#[derive(Debug)]
struct Shared {
    front: Front,
    back: Back,
    crew: Crew,
    /// The round being filled, one batch a group.
    filling: Vec<Batch>,
    /// Reports of the front for that round.
    front_reports: Merge,
    /// The front's reports of rounds under way, oldest first.
    under_way: VecDeque<Merge>,
    /// Bytes of frames lent to that round.
    lent: usize,
    /// Emptied batches, merges and buffers of frames, to be filled again.
    spare: Vec<Batch>,
    spare_merges: Vec<Merge>,
    spare_frames: Vec<FrameBatch>,
    order: Order,
    rounds: u64,
    books: Vec<Ledger>,
}

impl Shared {
    fn new(settings: &Settings, count: usize) -> std::io::Result<Self> {
        Ok(Self {
            front: Front::new(settings),
            back: Back::new(settings),
            crew: Crew::start(settings, count)?,
            filling: (0..count).map(|_| Batch::default()).collect(),
            front_reports: Merge::default(),
            under_way: VecDeque::with_capacity(ROUNDS_MAX + 1),
            lent: 0,
            spare: Vec::new(),
            spare_merges: Vec::new(),
            spare_frames: Vec::new(),
            order: Order::default(),
            rounds: 0,
            books: vec![Ledger::default(); count],
        })
    }

    fn frame(&mut self, frame: Frame<'_>, sink: &mut impl Sink) {
        self.observe(Timestamp::from_nanos(frame.time_ns));
        self.order.step();
        self.route(frame, None);
        self.turn(sink);
    }

    fn batch(&mut self, batch: &mut FrameBatch, sink: &mut impl Sink) {
        let frames = std::mem::replace(batch, self.spare_frames.pop().unwrap_or_default());
        for place in 0..frames.len() as u32 {
            let Some(frame) = frames.frame(place) else { continue };
            let frame = frame.packet();
            self.observe(Timestamp::from_nanos(frame.time_ns));
            self.order.step();
            match self.front.hash_plain(&frame) {
                Some(hash) => self.give(hash, place),
                None => self.route(frame, Some(&frames)),
            }
        }
        self.lent += frames.bytes();
        let frames = Arc::new(frames);
        for filling in &mut self.filling {
            filling.lend(&frames);
        }
        drop(frames);
        self.turn(sink);
    }

    /// Puts a plain frame, at a place of the batch that is lent next, into the batch of the group whose it is.
    #[inline]
    fn give(&mut self, hash: u64, place: u32) {
        let (count, now) = (self.filling.len(), self.front.now());
        if let Some(batch) = self.filling.get_mut(front::shard_of(hash) % count) {
            batch.push_plain(self.order, hash, now, place);
        }
    }

    /// Puts a frame's packet, where it is one, into the batch of the group whose it is. `lender` is the batch it lies in.
    fn route(&mut self, frame: Frame<'_>, lender: Option<&FrameBatch>) {
        if let Some((shard, packet)) = &self.front.route(&frame) {
            let count = self.filling.len();
            if let Some(batch) = self.filling.get_mut(*shard % count) {
                batch.push(self.order, *shard, packet, lender);
            }
        }
        if self.front.has_reports() {
            self.front_reports.take(self.order.behind_shards(), self.front.reports());
        }
    }

    /// Begins another round where this one is full.
    #[inline]
    fn turn(&mut self, sink: &mut impl Sink) {
        let is_full = |batch: &Batch| batch.len() >= ROUND_ITEMS || batch.copied() >= ROUND_COPIED;
        if self.lent >= ROUND_LENT || self.filling.iter().any(is_full) {
            self.dispatch(false);
            self.collect(ROUNDS_MAX - 1, sink);
        }
    }

    /// Notes the time; when a tick has passed, every group hears of it at this place in its work.
    fn observe(&mut self, time: Timestamp) {
        let Some(now) = self.front.observe(time) else { return };
        self.order.step();
        self.front.expire(now);
        self.front_reports.take(self.order.before_shards(), self.front.reports());
        for batch in &mut self.filling {
            batch.items.push(Item::Tick { order: self.order, now });
        }
    }

    /// Every group hears of the settings at this place in its work.
    fn tune(&mut self, settings: &Settings) {
        self.order.step();
        self.front.tune(settings);
        self.back.tune(settings);
        let (order, now, settings) = (self.order, self.front.now(), Arc::new(settings.clone()));
        for batch in &mut self.filling {
            batch.items.push(Item::Tune { order, now, settings: Arc::clone(&settings) });
        }
    }

    /// Sends the round off and begins another.
    fn dispatch(&mut self, ask_ledger: bool) {
        self.rounds += 1;
        self.lent = 0;
        let ask_ledger = ask_ledger || self.rounds.is_multiple_of(LEDGER_ROUNDS);
        for (group, filling) in self.filling.iter_mut().enumerate() {
            let mut batch = std::mem::replace(filling, self.spare.pop().unwrap_or_default());
            batch.ask_ledger = ask_ledger;
            self.crew.send(group, batch);
        }
        let next = self.spare_merges.pop().unwrap_or_default();
        self.under_way.push_back(std::mem::replace(&mut self.front_reports, next));
    }

    /// Merges finished rounds, and waits until at most `keep` are under way.
    fn collect(&mut self, keep: usize, sink: &mut impl Sink) {
        while !self.under_way.is_empty() && (self.under_way.len() > keep || self.crew.has_answers()) {
            let Some(mut merge) = self.under_way.pop_front() else { return };
            for (group, books) in self.books.iter_mut().enumerate() {
                let Some(mut batch) = self.crew.answer(group) else { continue };
                if let Some(ledger) = batch.ledger.take() {
                    *books = ledger;
                }
                merge.add(&mut batch.reports);
                batch.return_frames(&mut self.spare_frames);
                batch.clear();
                self.spare.push(batch);
            }
            merge.drain(|report| self.back.take(report, sink));
            self.spare_merges.push(merge);
        }
    }

    fn flush(&mut self, sink: &mut impl Sink) {
        self.dispatch(true);
        self.collect(0, sink);
    }

    fn finish(mut self, sink: &mut impl Sink) -> Ledger {
        self.order.step();
        self.front.finish();
        self.front_reports.take(self.order.before_shards(), self.front.reports());
        // Shards end in their order, some at a time, so that the first are merged while the next ones end.
        for from in (0..SHARDS).step_by(FINISH_SHARDS) {
            for batch in &mut self.filling {
                batch.items.push(Item::Finish { order: self.order, from });
            }
            self.dispatch(false);
            self.collect(ROUNDS_MAX - 1, sink);
        }
        self.flush(sink);
        self.back.finish(self.front.time(), sink);
        self.ledger()
    }

    fn ledger(&self) -> Ledger {
        let mut ledger = self.front.ledger();
        for books in &self.books {
            ledger.add(books);
        }
        self.back.account(&mut ledger);
        ledger
    }
}

#[cfg(test)]
mod tests;
