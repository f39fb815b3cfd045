//! Requests for packets at work: a thread that keeps them where the host allows it, and a refusal where it does not.

use super::super::{Exit, Fault};
use super::books::Books;
use super::lines::{Lines, now};
use crate::config::Config;
use crate::detail::{Block, Keeper, Missed, Passed, Recorder, Settings, channel};
use crate::forward::Forward;
use picket_event::Ledger;
use picket_event::wire::{Control, DetailAnswer, DetailOutcome};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often messages are looked at.
const TURN: Duration = Duration::from_millis(100);
/// Empty blocks that wait for an input.
const SPARE: usize = 4;

/// Whether packets are kept.
pub(super) enum Detailing {
    /// Every request is refused, for this reason.
    Off(&'static str),
    /// Ends with the inputs.
    On(Option<JoinHandle<()>>),
}

impl Detailing {
    /// Begins; live inputs get their recorders.
    pub(super) fn start(config: &Config, inputs: &mut Lines, books: &Arc<Books>) -> Result<Self, Fault> {
        let detail = &config.detail;
        if !detail.allow {
            return Ok(Self::Off("this host does not allow it: detail.allow is false in its configuration"));
        }
        let Lines::Live(watched) = inputs else {
            return Ok(Self::Off("this agent reads captures, whose packets are there already"));
        };
        if !books.has_uplink() {
            return Ok(Self::Off("nothing is sent"));
        }
        let names = watched.iter().map(|watched| watched.source.title()).collect();
        let settings =
            Settings { memory: detail.memory.0, span: detail.span.0, answer: detail.answer.0, rate: detail.rate.0 };
        let refused = |what: &str, error: std::io::Error| {
            Fault::new(Exit::Failed, anyhow::Error::new(error).context(what.to_owned()))
        };
        let directory = config.agent.state.join("detail");
        let keeper = Keeper::open(&directory, settings, names);
        let keeper = keeper.map_err(|error| refused(&format!("keep packets in {}", directory.display()), error))?;
        let (blocks, kept) = channel();
        let (missed, mut spares) = (Missed::default(), Vec::new());
        for (number, watched) in watched.iter_mut().enumerate() {
            let (spare, empty) = sync_channel(SPARE);
            let line = u16::try_from(number).unwrap_or(u16::MAX);
            watched.recorder = Some(Recorder::new(line, blocks.clone(), empty, Arc::clone(&missed)));
            spares.push(spare);
        }
        let work = Work { keeper, kept, spares, missed, books: Arc::clone(books) };
        let thread = std::thread::Builder::new().name("picket-detail".to_owned()).spawn(move || work.run());
        Ok(Self::On(Some(thread.map_err(|error| refused("start a thread", error))?)))
    }

    /// Refuses what was asked for, where nothing is kept.
    pub(super) fn turn(&self, books: &Books) {
        let Self::Off(why) = self else { return };
        let asked = books.with_uplink(Forward::take_detail).unwrap_or_default();
        let refuse = |message| match message {
            Control::DetailRequest(asked) => {
                tracing::warn!("request {} for packets of {} is refused: {why}", asked.id, asked.host);
                let (id, outcome, words) = (asked.id, DetailOutcome::Refused, (*why).to_owned());
                Some(Control::DetailAnswer(DetailAnswer { id, outcome, packets: 0, bytes: 0, words }))
            }
            _ => None,
        };
        let answers: Vec<Control> = asked.into_iter().filter_map(refuse).collect();
        books.with_uplink(|forward| forward.say_detail(answers));
    }

    /// Waits until what was kept lies on disk. The inputs have ended.
    pub(super) fn finish(self) {
        if let Self::On(Some(thread)) = self {
            // A thread that panicked has said so.
            let _ = thread.join();
        }
    }
}

/// What the thread holds.
struct Work {
    keeper: Keeper,
    kept: Receiver<Passed>,
    spares: Vec<SyncSender<Block>>,
    missed: Missed,
    books: Arc<Books>,
}

impl Work {
    fn run(mut self) {
        let mut turned = Instant::now();
        loop {
            match self.kept.recv_timeout(TURN) {
                Ok(passed) => self.take(passed),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if turned.elapsed() >= TURN {
                turned = Instant::now();
                self.turn();
            }
        }
        self.keeper.finish();
        self.tell();
    }

    fn take(&mut self, Passed { line, mut block }: Passed) {
        self.keeper.block(line, &block);
        block.clear();
        if let Some(spare) = self.spares.get(usize::from(line)) {
            // Where enough wait, this one goes.
            let _ = spare.try_send(block);
        }
    }

    fn turn(&mut self) {
        for message in self.books.with_uplink(Forward::take_detail).unwrap_or_default() {
            match message {
                Control::DetailRequest(asked) => self.keeper.ask(&asked),
                Control::DetailDurable(told) => self.keeper.durable(told),
                _ => {}
            }
        }
        let room = self.books.with_uplink(Forward::detail_room);
        let connected = self.books.with_uplink(Forward::is_connected).unwrap_or_default();
        let messages = self.keeper.turn(now().nanos(), connected, room.unwrap_or_default());
        self.books.with_uplink(|forward| forward.say_detail(messages));
        self.tell();
    }

    /// Brings the books up to date.
    fn tell(&self) {
        let mut ledger = Ledger { detail_uploaded: self.keeper.uploaded().clone(), ..Ledger::default() };
        let capped =
            [("detail_packets", self.missed.load(Ordering::Relaxed)), ("detail_requests", self.keeper.given_up())];
        for (name, count) in capped.into_iter().filter(|(_, count)| *count > 0) {
            ledger.capped.insert(name.to_owned(), count);
        }
        self.books.set_detail(ledger);
    }
}
