//! One worker: a thread with a share of the shards.

use super::FINISH_SHARDS;
use super::batch::{Batch, Item, Order};
use crate::sensor::shard::Shard;
use crate::sensor::{SHARDS, Settings};
use crossbeam::channel::{Receiver, Sender, bounded};
use picket_event::Ledger;
use picket_flow::Packet;
use std::ops::Range;
use std::thread::JoinHandle;

/// The calling thread's hold on a worker.
#[derive(Debug)]
pub(super) struct Worker {
    work: Option<Sender<Batch>>,
    answers: Receiver<Batch>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts worker `number` of `count`, which owns every `count`-th shard.
    pub(super) fn start(settings: &Settings, number: usize, count: usize) -> std::io::Result<Self> {
        let (work, inbox) = bounded::<Batch>(super::ROUNDS_MAX);
        let (outbox, answers) = bounded::<Batch>(super::ROUNDS_MAX);
        let shards = (number..SHARDS).step_by(count).map(|shard| Shard::new(shard as u8, settings)).collect();
        let mut share = Share { shards, number, count };
        let thread = std::thread::Builder::new().name(format!("picket-worker-{number}")).spawn(move || {
            for mut batch in inbox {
                share.run(&mut batch);
                if outbox.send(batch).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { work: Some(work), answers, thread: Some(thread) })
    }

    /// Gives a batch to the worker. There is room: rounds under way are limited.
    pub(super) fn send(&self, batch: Batch) {
        if let Some(work) = &self.work {
            // Only a worker that panicked hangs up; `answer` then says so by silence.
            let _ = work.send(batch);
        }
    }

    /// Whether an answer waits.
    pub(super) fn has_answer(&self) -> bool {
        !self.answers.is_empty()
    }

    /// The oldest answer; waits for it. `None` when the worker is gone.
    pub(super) fn answer(&self) -> Option<Batch> {
        self.answers.recv().ok()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.work = None;
        if let Some(thread) = self.thread.take()
            && let Err(panic) = thread.join()
            && !std::thread::panicking()
        {
            // A panic in the pure line is a defect: it must not pass for a short but good run.
            std::panic::resume_unwind(panic);
        }
    }
}

/// The shards of one worker.
struct Share {
    shards: Vec<Shard>,
    number: usize,
    count: usize,
}

impl Share {
    fn run(&mut self, batch: &mut Batch) {
        let Batch { items, payloads, tunnels, reports, .. } = batch;
        for item in items.iter() {
            match item {
                Item::Packet { order, shard, place, packet, tunnel } => {
                    let number = usize::from(*shard);
                    let payload = payloads.get(*place);
                    if let Some(shard) = self.shards.get_mut(number / self.count) {
                        let tunnel = tunnel.and_then(|number| tunnels.get(number.get() as usize - 1));
                        shard.packet(&Packet { payload, tunnel, ..*packet });
                        if shard.has_reports() {
                            let order = order.of_shard(number);
                            reports.extend(shard.reports().drain(..).map(|report| (order, report)));
                        }
                    }
                }
                Item::Level(level) => self.shards.iter_mut().for_each(|shard| shard.set_level(*level)),
                Item::Tick { order, now } => self.each(*order, 0..SHARDS, reports, |shard| shard.advance(*now)),
                Item::Finish { order, from } => {
                    self.each(*order, *from..from + FINISH_SHARDS, reports, Shard::finish);
                }
            }
        }
        if batch.ask_ledger {
            let mut ledger = Ledger::default();
            self.shards.iter().for_each(|shard| shard.account(&mut ledger));
            batch.ledger = Some(ledger);
        }
    }

    /// Does something with those of the shards that are its own, in their order.
    fn each(
        &mut self,
        order: Order,
        range: Range<usize>,
        reports: &mut Vec<(Order, crate::sensor::report::Report)>,
        mut act: impl FnMut(&mut Shard),
    ) {
        for (index, shard) in self.shards.iter_mut().enumerate() {
            let number = self.number + index * self.count;
            if !range.contains(&number) {
                continue;
            }
            act(shard);
            if !shard.has_reports() {
                continue;
            }
            let order = order.of_shard(number);
            reports.extend(shard.reports().drain(..).map(|report| (order, report)));
        }
    }
}
