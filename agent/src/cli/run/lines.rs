//! One thread an interface, or one for all captures: source, pipeline, delivery.

use super::super::read::Template;
use super::super::stop::Signals;
use super::books::Books;
use super::clock::{self, Clock};
use crate::capture::{CaptureError, FileSource, Filled, FrameBatch, FrameSource, Inputs, LiveSource};
use crate::detail::Recorder;
use crate::pipeline::Pipeline;
use crate::sensor::{HashKey, Joined, Level, Ring, Settings, Shared};
use picket_event::{Event, Ledger, Source, Timestamp};
use std::io;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How often what a live sensor's workers hold is fetched, and time passes where no frames come.
const TURN: Duration = Duration::from_millis(50);
/// The same where frames come faster than they are read: full rounds then come back by themselves.
const BUSY_TURN: Duration = Duration::from_millis(500);
/// So many frames at one visit are such a load.
const BUSY: usize = 1024;
/// How often a live sensor's books are published.
const BOOKS: Duration = Duration::from_secs(1);

/// What is to be read.
pub(super) enum Lines {
    Live(Vec<Watched>),
    Files(Inputs),
}

/// An interface, or one ring of it.
pub(super) struct Watched {
    pub(super) source: LiveSource,
    /// Copies its frames where packets are kept for requests.
    pub(super) recorder: Option<Recorder>,
}

/// What a live line is told while it runs; it does so between two frames.
pub(super) enum Order {
    /// Takes only frames that pass this filter; answers whether it does.
    Filter(String, SyncSender<Result<(), String>>),
    /// Goes on with the caps and the bundle of this template.
    Tune(Box<Template>),
}

/// The threads at work.
pub(super) struct Running {
    threads: Vec<JoinHandle<usize>>,
    /// The live ones; none where captures are read.
    orders: Vec<Sender<Order>>,
}

impl Running {
    /// Whether all inputs are at their end.
    pub(super) fn is_finished(&self) -> bool {
        self.threads.iter().all(JoinHandle::is_finished)
    }

    /// Where live lines take orders.
    pub(super) fn orders(&self) -> Vec<Sender<Order>> {
        self.orders.clone()
    }

    /// Waits for the threads; how many inputs were bad.
    pub(super) fn join(self) -> usize {
        self.threads.into_iter().map(|thread| thread.join().unwrap_or(1)).sum()
    }
}

impl Lines {
    pub(super) fn live(sources: Vec<Watched>) -> Self {
        Self::Live(sources)
    }

    pub(super) fn files(inputs: Inputs) -> Self {
        Self::Files(inputs)
    }

    /// Inputs at work at once.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Live(sources) => sources.len(),
            Self::Files(_) => 1,
        }
    }

    /// Starts the threads.
    pub(super) fn start(
        self,
        template: &Template,
        workers: usize,
        books: &Arc<Books>,
        signals: &Signals,
        key: HashKey,
    ) -> io::Result<Running> {
        let (mut threads, mut orders) = (Vec::new(), Vec::new());
        match self {
            Self::Live(sources) => {
                let shares = shares(&sources, key);
                for (number, (watched, ring)) in sources.into_iter().zip(shares).enumerate() {
                    // Sensors of one run share no key, so that their flows share no ids.
                    let key = HashKey([key.0[0].wrapping_add(number as u64), key.0[1]]);
                    let settings = template.live(watched.source.source(), key, ring);
                    let line = Line {
                        pipeline: Pipeline::new(&settings, workers)?,
                        settings,
                        workers,
                        past: Ledger::default(),
                    };
                    let books = Arc::clone(books);
                    let (order, told) = channel();
                    orders.push(order);
                    let work = move || live(watched, line, &books, &told);
                    threads.push(std::thread::Builder::new().name("capture".to_owned()).spawn(work)?);
                }
            }
            Self::Files(inputs) => {
                let (template, books, signals) = (template.clone(), Arc::clone(books), signals.clone());
                let work = move || files(&inputs, &template, workers, &books, &signals);
                threads.push(std::thread::Builder::new().name("capture".to_owned()).spawn(work)?);
            }
        }
        Ok(Running { threads, orders })
    }
}

/// Windows of hosts that several threads count in, one at a time.
#[derive(Debug)]
struct Locked(Mutex<Joined>);

impl Shared for Locked {
    fn alone(&self, work: &mut dyn FnMut(&mut Joined)) {
        // A thread that died in between has left counters behind, no more.
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// The shares in the windows of hosts, for rings that are not alone at their interface.
fn shares(sources: &[Watched], key: HashKey) -> Vec<Option<Ring>> {
    let mut shared: Vec<(&Source, Vec<Ring>)> = Vec::new();
    let mut all = Vec::with_capacity(sources.len());
    for watched in sources {
        let of = watched.source.source();
        let rings = sources.iter().filter(|other| other.source.source() == of).count();
        if rings < 2 {
            all.push(None);
            continue;
        }
        if !shared.iter().any(|(known, _)| *known == of) {
            let all: Arc<dyn Shared> = Arc::new(Locked(Mutex::new(Joined::new(rings, key))));
            shared.push((of, Ring::share(rings, &all)));
        }
        all.push(shared.iter_mut().find(|(known, _)| *known == of).and_then(|(_, shares)| shares.pop()));
    }
    all
}

/// A live sensor, which begins anew where the host's clock is set.
struct Line {
    pipeline: Pipeline,
    settings: Settings,
    workers: usize,
    /// The books of the sensors before.
    past: Ledger,
}

impl Line {
    /// The host's clock was set by so many nanoseconds: ends what is open, so that no interval is taken over two clocks.
    fn clock_was_set(&mut self, step: i64, now: Timestamp, events: &mut Vec<Event>) {
        events.push(clock::event(self.settings.source.clone(), now, step));
        // Rings of one interface share windows that end with the last of them: there the leap is survived as in a file.
        if self.settings.ring.is_some() {
            return;
        }
        // Flows behind the step must not get the ids of those before.
        self.settings.key.0[1] = self.settings.key.0[1].wrapping_add(1);
        match Pipeline::new(&self.settings, self.workers) {
            Ok(next) => {
                let ended = std::mem::replace(&mut self.pipeline, next);
                self.past.add(&ended.finish(events));
            }
            Err(error) => tracing::error!("begin anew behind the step of the clock: {error}"),
        }
    }

    /// Does what it was told since it last looked.
    fn obey(&mut self, orders: &Receiver<Order>, source: &mut LiveSource, events: &mut Vec<Event>) {
        for order in orders.try_iter() {
            match order {
                Order::Filter(filter, answer) => {
                    // Whoever asked may have given up waiting.
                    let _ = answer.send(source.set_filter(&filter).map_err(|error| error.to_string()));
                }
                Order::Tune(template) => {
                    template.tune(&mut self.settings);
                    self.pipeline.tune(&self.settings, events);
                }
            }
        }
    }

    /// While frames come, theirs is the time: a sensor that lags behind must not run ahead of its frames.
    fn pass(&mut self, idle: bool, events: &mut Vec<Event>) {
        if idle {
            self.pipeline.tick(now(), events);
        } else {
            self.pipeline.flush(events);
        }
    }

    fn ledger(&self) -> Ledger {
        let mut all = self.past.clone();
        all.add(&self.pipeline.ledger());
        all
    }

    fn finish(mut self, events: &mut Vec<Event>) -> Ledger {
        self.past.add(&self.pipeline.finish(events));
        self.past
    }
}

/// Watches an interface until it is stopped.
fn live(watched: Watched, mut line: Line, books: &Books, orders: &Receiver<Order>) -> usize {
    let Watched { mut source, mut recorder } = watched;
    let number = books.add_line(source.title(), source.tags().to_vec(), "capturing");
    let mut events = Vec::new();
    let (mut turned, mut published) = (Instant::now(), Instant::now());
    let mut bad = 0;
    let (mut level, mut clock) = (Level::default(), Clock::new());
    loop {
        if books.level() != level {
            level = books.level();
            line.pipeline.set_level(level);
        }
        let step = clock.step().unwrap_or(0);
        let now = now();
        if step != 0 {
            line.clock_was_set(step, now, &mut events);
            line.pipeline.set_level(level);
        }
        line.obey(orders, &mut source, &mut events);
        let (mut idle, mut frames) = (false, 0usize);
        let filled = source.visit(|frame| {
            frames += 1;
            let mut packet = frame.packet();
            if step != 0 {
                packet.time_ns = clock::restamped(packet.time_ns, now.nanos(), step);
            }
            if let Some(recorder) = &mut recorder {
                recorder.frame(&packet);
            }
            line.pipeline.frame(packet, &mut events);
        });
        match filled {
            Ok(Filled::Frames) => {}
            Ok(Filled::Idle) => idle = true,
            Ok(Filled::End) => break,
            Err(error) => {
                tracing::error!("{error}");
                bad = 1;
                break;
            }
        }
        if turned.elapsed() >= if frames >= BUSY { BUSY_TURN } else { TURN } {
            turned = Instant::now();
            recorder.iter_mut().for_each(Recorder::turn);
            line.pass(idle, &mut events);
        }
        if published.elapsed() >= BOOKS {
            published = Instant::now();
            let mut ledger = line.ledger();
            source.account(&mut ledger);
            books.update_line(number, source.state(), ledger);
        }
        if !events.is_empty() {
            books.deliver(&mut events, true);
        }
    }
    let mut ledger = line.finish(&mut events);
    books.deliver(&mut events, true);
    source.account(&mut ledger);
    books.update_line(number, "stopped".to_owned(), ledger);
    bad
}

/// The present, as frames are stamped.
pub(super) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::EPOCH.plus(since)
}

/// Reads captures one after the other; how many were bad.
fn files(inputs: &Inputs, template: &Template, workers: usize, books: &Books, signals: &Signals) -> usize {
    let mut bad = inputs.failures.len();
    for failure in &inputs.failures {
        eprintln!("picket-agent: {failure}");
    }
    let mut batch = FrameBatch::new();
    for given in &inputs.files {
        if signals.stopped() || books.output_closed() {
            break;
        }
        let name = given.path.display().to_string();
        let number = books.add_line(name, Vec::new(), "reading");
        match file(given.path.as_path(), template, workers, books, signals, &mut batch, number) {
            Err(error) if !error.is_foreign() || given.named => {
                eprintln!("picket-agent: {error}");
                bad += 1;
            }
            _ => {}
        }
    }
    bad
}

fn file(
    path: &std::path::Path,
    template: &Template,
    workers: usize,
    books: &Books,
    signals: &Signals,
    batch: &mut FrameBatch,
    number: usize,
) -> Result<(), CaptureError> {
    let mut source = FileSource::until(path, &signals.stop)?;
    let refused = |error| CaptureError::Io { path: path.to_owned(), offset: 0, error };
    let mut pipeline = Pipeline::new(&template.file(source.source()), workers).map_err(refused)?;
    pipeline.set_level(books.level());
    let mut events = Vec::new();
    let result = loop {
        match source.fill(batch) {
            Ok(Filled::Frames) => pipeline.batch(batch, &mut events),
            Ok(_) => break Ok(()),
            Err(error) => break Err(error),
        }
        books.deliver(&mut events, false);
        books.update_line(number, "reading".to_owned(), pipeline.ledger());
        if signals.stopped() || books.output_closed() {
            break Ok(());
        }
    };
    let ledger = pipeline.finish(&mut events);
    books.deliver(&mut events, false);
    let state = result.as_ref().map_or_else(|error: &CaptureError| format!("bad: {error}"), |()| "done".to_owned());
    books.update_line(number, state, ledger);
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sensor::tests::{Owned, frames_of};
    use picket_event::Body;
    use std::path::Path;

    const CAPTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../common/dissect/src/modbus/golden/pymodbus.pcap");
    const DAY: i64 = 86_400_000_000_000;

    fn line() -> Line {
        let settings = Settings::file("x.pcap");
        Line { pipeline: Pipeline::new(&settings, 1).unwrap(), settings, workers: 1, past: Ledger::default() }
    }

    fn longest(events: &[Event]) -> u64 {
        let flows = events.iter().filter_map(|event| match &event.body {
            Body::Flow(flow) => Some(flow.end.since(flow.start).as_secs()),
            _ => None,
        });
        flows.max().unwrap()
    }

    /// Each half of a capture by another clock: no interval is taken over both, every event has the time of its clock, and the
    /// books are those of the whole.
    #[test]
    fn f11_no_interval_is_taken_over_two_clocks() {
        let frames: Vec<Owned> = frames_of(Path::new(CAPTURE));
        let middle = frames.len() / 2;
        for step in [-DAY, DAY] {
            let (mut line, mut events) = (line(), Vec::new());
            for (number, frame) in frames.iter().enumerate() {
                let mut frame = frame.borrow();
                if number == middle {
                    line.clock_was_set(step, Timestamp::from_nanos(frame.time_ns + step), &mut events);
                }
                frame.time_ns += if number < middle { 0 } else { step };
                line.pipeline.frame(frame, &mut events);
            }
            let (first, last) = (frames[0].borrow().time_ns, frames[frames.len() - 1].borrow().time_ns);
            assert!(last - first < DAY / 2);
            let ledger = line.finish(&mut events);
            assert_eq!((ledger.frames, ledger.imbalance()), (frames.len() as u64, None));
            assert!(longest(&events) < 43_200, "a flow of {} s", longest(&events));
            let is_flagged = |event: &Event| matches!(&event.body, Body::Anomaly(a) if a.kind == "clock_step");
            assert_eq!(events.iter().filter(|event| is_flagged(event)).count(), 1);
            let of =
                |from: i64| events.iter().filter(|e| (from..=from + (last - first)).contains(&e.time.nanos())).count();
            assert!(of(first) > 0 && of(first + step) > 0);
        }
    }
}
