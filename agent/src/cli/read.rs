//! `picket-agent read`: captures in, EVE JSON lines out. Needs no privilege, configuration or network.

use super::privacy::PrivacyArgs;
use super::protocols::ProtocolArgs;
use super::stop::Signals;
use super::{Exit, Fault};
use crate::capture::{CaptureError, FileSource, Filled, FrameBatch, FrameSource, Given, Inputs};
use crate::config::Verification;
use crate::output::{EveSink, Kinds, Progress, ledger_text};
use crate::pipeline::Pipeline;
use crate::sensor::privacy::Privacy;
use crate::sensor::{HashKey, Limits, Ring, Settings, Sink};
use clap::{Args, ValueEnum};
use picket_dissect::infer::{Clusters, Inferred, Library};
use picket_event::{Event, Ledger, Method, Source};
use picket_packet::Checksums;
use picket_score::Bundle;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;

/// What `read` takes.
#[derive(Clone, Debug, Args)]
pub struct ReadArgs {
    /// Captures (pcap or pcapng, plain, gzip or zstd), directories of them, or - for standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// What to print on standard output
    #[arg(long, value_enum, default_value_t = OutputForm::Eve)]
    pub output: OutputForm,
    /// Event kinds to print, separated by commas [default: all]
    #[arg(long, value_name = "KINDS", value_delimiter = ',')]
    pub kinds: Vec<String>,
    /// Workers, 1 to 64; 0 is one a core. The output is the same with any number
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=64))]
    pub threads: u8,
    #[command(flatten)]
    /// What to score with.
    pub scoring: Scoring,
    #[command(flatten)]
    /// What events may say of names.
    pub privacy: PrivacyArgs,
    #[command(flatten)]
    /// Protocols beyond those built in.
    pub protocols: ProtocolArgs,
    /// Whether to leave out packets with wrong checksums (a host that leaves them to its interface captures its
    /// own packets with wrong ones)
    #[arg(long, value_enum, value_name = "MODE", default_value_t = Verification::Ignore)]
    pub checksums: Verification,
    /// Recognise protocols by this method alone (port, fingerprint or behaviour): for measuring the methods
    #[arg(long, value_name = "METHOD", hide = true, value_parser = method)]
    pub method: Option<Method>,
    /// Print the ledger on standard error at the end, even where that is no terminal
    #[arg(long)]
    pub stats: bool,
}

/// What to score with.
#[derive(Clone, Debug, Args)]
pub struct Scoring {
    /// Do not score
    #[arg(long)]
    pub no_score: bool,
    /// Model bundle to score with [default: the one that is built in]
    #[arg(long, value_name = "FILE", conflicts_with = "no_score")]
    pub bundle: Option<PathBuf>,
}

/// What is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OutputForm {
    /// EVE JSON, a line an event
    Eve,
    /// Nothing: for measuring and checking
    None,
}

impl std::fmt::Display for OutputForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if *self == Self::Eve { "eve" } else { "none" })
    }
}

/// What became of all inputs.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The books over all inputs.
    pub ledger: Ledger,
    /// Inputs that were read to their end.
    pub good: usize,
    /// What was wrong with the others.
    pub bad: Vec<String>,
    /// How many of them may not be read.
    pub refused: usize,
    /// Files found in directories that are no captures.
    pub passed_over: usize,
}

/// Runs the verb.
pub(super) fn read(args: &ReadArgs) -> Result<Exit, Fault> {
    let kinds = parse_kinds(&args.kinds)?;
    let signals = Signals::listen(false)?;
    let inputs = Inputs::list(&args.files);
    let progress = Progress::over(inputs.bytes());
    let settings = Template::with(&args.scoring, Limits::default())?;
    let settings = settings.checking(args.checksums.into()).private(args.privacy.load()?);
    let settings = settings.knowing(args.protocols.load()?).by(args.method);
    let workers = workers(usize::from(args.threads));
    let stdout = io::stdout();
    let immediate = stdout.is_terminal();
    let mut reading = Reading { settings: &settings, workers, signals: &signals, progress: &progress, immediate };
    let outcome = match args.output {
        _ if args.protocols.explain_unknown => {
            let mut sink = Explained::default();
            let outcome = reading.all(inputs, &mut sink);
            progress.finish();
            let _ = Unbuffered(io::stdout().lock()).write_all(sink.0.to_string().as_bytes());
            outcome
        }
        OutputForm::Eve => {
            let mut sink = EveSink::new(Unbuffered(io::stdout().lock()), kinds);
            let outcome = reading.all(inputs, &mut sink);
            progress.finish();
            sink.result().map_err(|error| {
                Fault::new(Exit::Failed, anyhow::Error::new(error).context("write events to standard output"))
            })?;
            outcome
        }
        OutputForm::None => {
            let mut sink = crate::sensor::Count::default();
            let outcome = reading.all(inputs, &mut sink);
            progress.finish();
            outcome
        }
    }?;
    Ok(tell(&outcome, args.stats || io::stderr().is_terminal(), signals.stopped()))
}

/// A method that can be asked for alone.
fn method(name: &str) -> Result<Method, String> {
    let known = Method::from_name(name).filter(|method| *method != Method::Reverse);
    known.ok_or_else(|| "there are port, fingerprint and behaviour".to_owned())
}

/// The names of event kinds, or a usage fault.
pub(super) fn parse_kinds(names: &[String]) -> Result<Kinds, Fault> {
    Kinds::named(names.iter().map(String::as_str)).map_err(|wrong| {
        let known = crate::config::kinds();
        Fault::say(Exit::Usage, format!("--kinds: \"{wrong}\" is no event kind; there are {known}"))
    })
}

/// 0 stands for one a core.
pub(super) fn workers(asked: usize) -> usize {
    if asked == 0 { std::thread::available_parallelism().map_or(1, usize::from) } else { asked }
}

/// Says what became of the inputs.
fn tell(outcome: &Outcome, with_ledger: bool, stopped: bool) -> Exit {
    let mut words = String::new();
    if stopped {
        words.push_str("stopped by a signal; what was read until then is complete\n");
    }
    if with_ledger {
        words.push_str(&ledger_text(&outcome.ledger, false));
    }
    if outcome.passed_over > 0 {
        words.push_str(&format!("{} files in directories are no captures and were passed over\n", outcome.passed_over));
    }
    if outcome.good == 0 && outcome.bad.is_empty() && !stopped {
        words.push_str("nothing was read: there is no capture in the directories that were named, nor below them\n");
    }
    if !outcome.bad.is_empty() {
        let all = outcome.bad.len() + outcome.good;
        words.push_str(&format!("{} of {all} inputs were bad, as named above\n", outcome.bad.len()));
    }
    let _ = io::stderr().write_all(words.as_bytes());
    Exit::of_inputs(outcome.good, outcome.bad.len(), outcome.refused)
}

/// What every sensor of a run starts with; only the source differs.
#[derive(Clone)]
pub(super) struct Template {
    limits: Limits,
    checksums: Checksums,
    bundle: Option<Arc<Bundle>>,
    privacy: Option<Arc<Privacy>>,
    library: Option<Arc<Library>>,
    only: Option<Method>,
}

impl Template {
    /// Reads the bundle, where one is named; who names a file vouches for it, so its signer is believed.
    pub(super) fn with(scoring: &Scoring, limits: Limits) -> Result<Self, Fault> {
        let bundle = match &scoring.bundle {
            _ if scoring.no_score => None,
            Some(file) => Some(Arc::new(super::bundle::load(file, &[], 0)?)),
            None => Some(Arc::new(Bundle::built_in().map_err(|refusal| {
                Fault::say(Exit::Failed, format!("built-in bundle: {refusal}; build the program anew"))
            })?)),
        };
        Ok(Self { limits, checksums: Checksums::Ignore, bundle, privacy: None, library: None, only: None })
    }

    /// The same scored with what is named here.
    pub(super) fn scored(self, scoring: &Scoring) -> Result<Self, Fault> {
        let Self { bundle, .. } = Self::with(scoring, Limits::default())?;
        Ok(Self { bundle, ..self })
    }

    /// The same within these caps.
    pub(super) fn within(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Brings into a sensor's settings what may change while it runs.
    pub(super) fn tune(&self, settings: &mut Settings) {
        settings.limits.clone_from(&self.limits);
        settings.bundle.clone_from(&self.bundle);
        settings.checksums = self.checksums;
    }

    /// With checksums looked at or not.
    pub(super) fn checking(self, checksums: Checksums) -> Self {
        Self { checksums, ..self }
    }

    /// With these privacy switches.
    pub(super) fn private(self, privacy: Option<Arc<Privacy>>) -> Self {
        Self { privacy, ..self }
    }

    /// With these protocols beyond those built in.
    pub(super) fn knowing(self, library: Option<Arc<Library>>) -> Self {
        Self { library, ..self }
    }

    /// Recognising by this method alone.
    fn by(self, only: Option<Method>) -> Self {
        Self { only, ..self }
    }

    /// The settings for one capture file.
    pub(super) fn file(&self, source: &Source) -> Settings {
        Settings {
            limits: self.limits.clone(),
            source: source.clone(),
            bundle: self.bundle.clone(),
            privacy: self.privacy.clone(),
            library: self.library.clone(),
            checksums: self.checksums,
            only: self.only,
            ..Settings::file("")
        }
    }

    /// The settings for one interface, or one ring of it.
    pub(super) fn live(&self, source: &Source, key: HashKey, ring: Option<Ring>) -> Settings {
        Settings { key, ring, ..self.file(source) }
    }

    /// SHA-256 of the bundle in force; empty where nothing is scored.
    pub(super) fn bundle_id(&self) -> String {
        self.bundle.as_ref().map_or_else(String::new, |bundle| picket_score::bundle::hex(bundle.sha256()))
    }
}

/// A sink that may have to be told that a batch is over, and may have had enough.
pub(super) trait Outlet: Sink {
    /// Writes out what is buffered.
    fn flush(&mut self) {}

    /// Whether more events are of no use.
    fn closed(&self) -> bool {
        false
    }
}

impl Outlet for crate::sensor::Count {}

/// Drops events and keeps what unknown conversations have shown (`--explain-unknown`).
#[derive(Debug, Default)]
struct Explained(Clusters);

impl Sink for Explained {
    fn event(&mut self, _event: Event) {}

    fn inferred(&mut self, found: Inferred) {
        self.0.add(found);
    }
}

impl Outlet for Explained {}

impl<W: Write> Outlet for EveSink<W> {
    fn flush(&mut self) {
        Self::flush(self);
    }

    fn closed(&self) -> bool {
        self.has_failed()
    }
}

struct Reading<'a> {
    settings: &'a Template,
    workers: usize,
    signals: &'a Signals,
    progress: &'a Progress,
    /// Whether somebody is watching, so that events should not wait in a buffer.
    immediate: bool,
}

impl Reading<'_> {
    /// Reads every input, one after the other.
    fn all(&mut self, inputs: Inputs, sink: &mut impl Outlet) -> Result<Outcome, Fault> {
        let mut outcome = Outcome::default();
        for failure in inputs.failures {
            self.bad(&mut outcome, &failure);
        }
        let mut done = 0;
        let mut batch = FrameBatch::new();
        for given in &inputs.files {
            if self.signals.stopped() || sink.closed() {
                break;
            }
            self.progress.name(given.path.display().to_string());
            self.one(given, &mut batch, done, sink, &mut outcome)?;
            done += std::fs::metadata(&given.path).map_or(0, |meta| meta.len());
            self.progress.set(done);
        }
        Ok(outcome)
    }

    fn one(
        &self,
        given: &Given,
        batch: &mut FrameBatch,
        done: u64,
        sink: &mut impl Outlet,
        outcome: &mut Outcome,
    ) -> Result<(), Fault> {
        let mut source = match FileSource::until(&given.path, &self.signals.stop) {
            Ok(source) => source,
            Err(failure) => {
                self.bad(outcome, &failure);
                return Ok(());
            }
        };
        let settings = self.settings.file(source.source());
        let mut pipeline = Pipeline::new(&settings, self.workers).map_err(|error| {
            Fault::new(Exit::Failed, anyhow::Error::new(error).context("start a worker thread; try --threads 1"))
        })?;
        let mut events = Counted { sink, count: 0 };
        let result = loop {
            match source.fill(batch) {
                Ok(Filled::Frames) => pipeline.batch(batch, &mut events),
                Ok(_) => break Ok(()),
                Err(failure) => break Err(failure),
            }
            if self.immediate || source.is_interactive() {
                events.sink.flush();
            }
            self.progress.set(done + source.bytes_read());
            if self.signals.stopped() || events.sink.closed() {
                break Ok(());
            }
        };
        let mut ledger = pipeline.finish(&mut events);
        ledger.events = events.count;
        outcome.ledger.add(&ledger);
        match result {
            Ok(()) => outcome.good += 1,
            // Standard input that nobody waits for any longer ends anywhere.
            Err(_) if self.signals.stopped() && source.is_interactive() => outcome.good += 1,
            Err(failure) if failure.is_foreign() && !given.named => outcome.passed_over += 1,
            Err(failure) => self.bad(outcome, &failure),
        }
        Ok(())
    }

    fn bad(&self, outcome: &mut Outcome, failure: &CaptureError) {
        let message = failure.to_string();
        self.progress.say(&format!("picket-agent: {message}"));
        outcome.refused += usize::from(failure.is_refused());
        outcome.bad.push(message);
    }
}

/// Counts events on their way.
struct Counted<'a, S> {
    sink: &'a mut S,
    count: u64,
}

impl<S: Sink> Sink for Counted<'_, S> {
    fn inferred(&mut self, found: Inferred) {
        self.sink.inferred(found);
    }

    fn event(&mut self, event: Event) {
        self.count += 1;
        self.sink.event(event);
    }
}

/// Standard output without the line buffer of the standard library: the sink has its own.
struct Unbuffered<'a>(io::StdoutLock<'a>);

impl Write for Unbuffered<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        rustix::io::write(&self.0, bytes).map_err(io::Error::from)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
