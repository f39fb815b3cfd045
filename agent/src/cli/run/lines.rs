//! One thread an interface, or one for all captures: source, pipeline, delivery.

use super::super::read::Template;
use super::super::stop::Signals;
use super::books::Books;
use crate::capture::{CaptureError, FileSource, Filled, FrameBatch, FrameSource, Inputs, LiveSource};
use crate::detail::Recorder;
use crate::pipeline::Pipeline;
use crate::sensor::{HashKey, Joined, Level, Ring, Shared};
use picket_event::{Source, Timestamp};
use std::io;
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

/// The threads at work.
pub(super) struct Running {
    threads: Vec<JoinHandle<usize>>,
}

impl Running {
    /// Whether all inputs are at their end.
    pub(super) fn is_finished(&self) -> bool {
        self.threads.iter().all(JoinHandle::is_finished)
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
        let mut threads = Vec::new();
        match self {
            Self::Live(sources) => {
                let shares = shares(&sources, key);
                for (number, (watched, ring)) in sources.into_iter().zip(shares).enumerate() {
                    // Sensors of one run share no key, so that their flows share no ids.
                    let key = HashKey([key.0[0].wrapping_add(number as u64), key.0[1]]);
                    let pipeline = Pipeline::new(&template.live(watched.source.source(), key, ring), workers)?;
                    let books = Arc::clone(books);
                    let work = move || live(watched, pipeline, &books);
                    threads.push(std::thread::Builder::new().name("capture".to_owned()).spawn(work)?);
                }
            }
            Self::Files(inputs) => {
                let (template, books, signals) = (template.clone(), Arc::clone(books), signals.clone());
                let work = move || files(&inputs, &template, workers, &books, &signals);
                threads.push(std::thread::Builder::new().name("capture".to_owned()).spawn(work)?);
            }
        }
        Ok(Running { threads })
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

/// Watches an interface until it is stopped.
fn live(watched: Watched, mut pipeline: Pipeline, books: &Books) -> usize {
    let Watched { mut source, mut recorder } = watched;
    let number = books.add_line(source.title(), source.tags().to_vec(), "capturing");
    let mut events = Vec::new();
    let (mut turned, mut published) = (Instant::now(), Instant::now());
    let mut bad = 0;
    let mut level = Level::default();
    loop {
        if books.level() != level {
            level = books.level();
            pipeline.set_level(level);
        }
        let (mut idle, mut frames) = (false, 0usize);
        let filled = source.visit(|frame| {
            frames += 1;
            let packet = frame.packet();
            if let Some(recorder) = &mut recorder {
                recorder.frame(&packet);
            }
            pipeline.frame(packet, &mut events);
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
            // While frames come, theirs is the time: a sensor that lags behind must not run ahead of its frames.
            if idle {
                pipeline.tick(now(), &mut events);
            } else {
                pipeline.flush(&mut events);
            }
        }
        if published.elapsed() >= BOOKS {
            published = Instant::now();
            let mut ledger = pipeline.ledger();
            source.account(&mut ledger);
            books.update_line(number, source.state(), ledger);
        }
        if !events.is_empty() {
            books.deliver(&mut events, true);
        }
    }
    let mut ledger = pipeline.finish(&mut events);
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
