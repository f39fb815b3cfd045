//! A live interface as a source of frames, whatever takes them from the kernel.
//!
//! This part knows what both ways have in common: opening again what has gone, the agent's own traffic, counters,
//! and the end, which waits for what the kernel still holds.

#[cfg(feature = "libpcap")]
mod libpcap;

use super::opener::{LiveOptions, Opener};
use super::own::{OwnFilter, OwnTraffic};
use super::ring::Ring;
use super::taker::{Taker, Visitor};
use super::{CaptureError, Filled, Frame, FrameBatch, FrameSource};
#[cfg(feature = "libpcap")]
use libpcap::Handle as PcapHandle;
use picket_event::{Ledger, Source};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long a fill waits for frames.
const WAIT: Duration = Duration::from_millis(100);
/// How long an absent interface is left alone before it is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// How often counters are read, so that 32 bits cannot wrap unseen.
const COUNT_EVERY: Duration = Duration::from_secs(1);
/// A stop waits this long for the last block, which the kernel may hold for so long on either way (libpcap's time-out is
/// the longer one).
const SILENCE: Duration = Duration::from_millis(2 * 100 + 50);
/// A flood does not keep a stop waiting longer than this.
const LAST_FRAMES: Duration = Duration::from_secs(1);

/// What takes frames from the kernel.
#[derive(Debug)]
pub(super) enum Handle {
    Ring(Box<Ring>),
    #[cfg(feature = "libpcap")]
    Libpcap(Box<PcapHandle>),
}

/// What happened to an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It must be opened again, for this reason.
    Gone(String),
    /// It is down; the handle waits.
    Down,
    /// It is called so now; the handle goes on.
    Renamed(String),
    /// All is as it was at the start.
    Recovered,
}

/// Frames lost since counters were last read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counted {
    /// For want of room in the buffer.
    pub(super) kernel: u64,
    /// By the interface, before any capture saw them.
    pub(super) interface: u64,
    /// Times the buffer was found full.
    pub(super) full: u64,
}

impl Handle {
    fn take(&mut self, taker: &mut impl Taker, own: &mut OwnFilter) -> Result<(), Fault> {
        match self {
            Self::Ring(ring) => ring.take(taker, own, WAIT),
            #[cfg(feature = "libpcap")]
            Self::Libpcap(handle) => handle.take(taker, own, WAIT).map_err(Fault::Gone),
        }
    }

    fn counted(&mut self) -> Counted {
        match self {
            Self::Ring(ring) => ring.counted(),
            #[cfg(feature = "libpcap")]
            Self::Libpcap(handle) => handle.counted(),
        }
    }

    fn trouble(&self) -> Option<String> {
        match self {
            Self::Ring(ring) => ring.trouble(),
            #[cfg(feature = "libpcap")]
            Self::Libpcap(_) => None,
        }
    }
}

/// Watches one interface, or takes one ring's share of it. It sends nothing on it.
pub struct LiveSource {
    source: Source,
    options: LiveOptions,
    /// Which of the interface's rings.
    ring: u32,
    opener: Opener,
    own: OwnFilter,
    stop: Arc<AtomicBool>,
    state: State,
    totals: Counted,
    counted: Instant,
    /// What happened to the interface, and how often.
    happened: Happened,
    stopping: Option<Instant>,
    /// Frames that lie in pieces are put together here.
    scratch: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Happened {
    gone: u64,
    down: u64,
    renamed: u64,
}

enum State {
    Open(Handle),
    /// Gone or not up yet, in words; tried again at the instant.
    Gone(String, Instant),
}

/// What is said while an interface is waited for.
fn waiting(why: &str) -> String {
    format!("gone, trying again: {why}")
}

/// The same of one that is there and down.
const DOWN: &str = "down, waiting: the interface is down";

impl LiveSource {
    /// Opens the interface, as its `ring`th ring from 0; events name it `name`. `stop` ends it after what the kernel
    /// still holds.
    ///
    /// # Errors
    /// [`CaptureError`] of an interface: unknown, no permission, a filter that is refused, or the system's words. One that is
    /// down is waited for.
    pub fn open(
        name: &str,
        tags: Vec<String>,
        options: LiveOptions,
        ring: u32,
        opener: Opener,
        own: &OwnTraffic,
        stop: Arc<AtomicBool>,
    ) -> Result<Self, CaptureError> {
        let mut happened = Happened::default();
        let state = match opener.open(&options, ring) {
            Ok(handle) => State::Open(handle),
            Err(CaptureError::Down { interface }) => {
                happened.down = 1;
                tracing::warn!(
                    "{interface}: the interface is down; its frames are taken once it is up: ip link set {interface} up"
                );
                State::Gone(DOWN.to_owned(), Instant::now() + RETRY)
            }
            Err(error) => return Err(error),
        };
        Ok(Self {
            source: Source::tagged(name, tags),
            options,
            ring,
            opener,
            own: own.filter(),
            stop,
            state,
            totals: Counted::default(),
            counted: Instant::now(),
            happened,
            stopping: None,
            scratch: Vec::new(),
        })
    }

    /// What the interface was tagged with.
    #[must_use]
    pub fn tags(&self) -> &[String] {
        match &self.source {
            Source::Interface(known) => &known.tags,
            _ => &[],
        }
    }

    /// Its name among the inputs: the interface, and which share of it.
    #[must_use]
    pub fn title(&self) -> String {
        let name = match &self.source {
            Source::Interface(known) if known.name == self.options.interface => known.name.clone(),
            Source::Interface(known) => format!("{} ({})", known.name, self.options.interface),
            _ => self.options.interface.clone(),
        };
        match self.options.rings {
            0 | 1 => name,
            rings => format!("{name}, ring {} of {rings}", self.ring + 1),
        }
    }

    /// In words: `capturing`, or why not.
    #[must_use]
    pub fn state(&self) -> String {
        match &self.state {
            State::Open(handle) => handle.trouble().unwrap_or_else(|| "capturing".to_owned()),
            State::Gone(words, _) => words.clone(),
        }
    }

    /// From the next frames on takes those alone that pass this filter; an interface that is not there is opened with it.
    ///
    /// # Errors
    /// [`CaptureError`] where it cannot be; the filter before stays.
    pub fn set_filter(&mut self, filter: &str) -> Result<(), CaptureError> {
        let options = LiveOptions { filter: filter.to_owned(), ..self.options.clone() };
        let handle = match &mut self.state {
            State::Open(handle) => Some(handle),
            State::Gone(..) => None,
        };
        match self.opener.filter(&options, handle) {
            Ok(true) => {}
            Ok(false) => {
                self.read_counters();
                if let State::Open(_) = self.state {
                    self.state = State::Gone(DOWN.to_owned(), Instant::now());
                }
            }
            Err(error) => {
                // Whoever opens it again may know the new one already.
                let _ = self.opener.filter(&self.options, None);
                return Err(error);
            }
        }
        self.options = options;
        Ok(())
    }

    fn read_counters(&mut self) {
        if let State::Open(handle) = &mut self.state {
            let lost = handle.counted();
            self.totals.kernel += lost.kernel;
            self.totals.interface += lost.interface;
            self.totals.full += lost.full;
        }
        self.counted = Instant::now();
    }

    /// Tells what happened, and goes on as well as can be.
    fn suffer(&mut self, fault: Fault) {
        let interface = self.title();
        match fault {
            Fault::Down => {
                self.happened.down += 1;
                tracing::warn!(%interface, "the interface is down; its frames are taken again once it is up");
            }
            Fault::Renamed(name) => {
                self.happened.renamed += 1;
                tracing::warn!(%interface, "the system calls the interface {name} now; it is watched on, by the configured name");
            }
            Fault::Recovered => tracing::info!(%interface, "the interface is as it was"),
            Fault::Gone(why) => {
                self.read_counters();
                self.happened.gone += 1;
                tracing::warn!(%interface, "interface gone: {why}; trying again each second");
                self.state = State::Gone(waiting(&why), Instant::now());
            }
        }
    }

    /// Shows the next frames to `each` where they lie, without a copy; waits for them as [`FrameSource::fill`] does.
    ///
    /// # Errors
    /// As [`FrameSource::fill`].
    pub fn visit(&mut self, each: impl FnMut(Frame<'_>)) -> Result<Filled, CaptureError> {
        let mut scratch = std::mem::take(&mut self.scratch);
        let filled = self.take(&mut Visitor::new(&mut scratch, each));
        self.scratch = scratch;
        filled
    }

    fn take(&mut self, taker: &mut impl Taker) -> Result<Filled, CaptureError> {
        let stop = self.stop.load(Ordering::Relaxed);
        let stopping = stop.then(|| self.stopping.get_or_insert_with(Instant::now).elapsed());
        let gone = matches!(self.state, State::Gone(..));
        if stopping.is_some_and(|since| gone || since > LAST_FRAMES) {
            self.read_counters();
            return Ok(Filled::End);
        }
        if gone {
            self.try_again()?;
            return Ok(Filled::Idle);
        }
        self.own.refresh();
        if let State::Open(handle) = &mut self.state
            && let Err(fault) = handle.take(taker, &mut self.own)
        {
            self.suffer(fault);
        }
        if self.counted.elapsed() >= COUNT_EVERY {
            self.read_counters();
        }
        if !taker.is_empty() {
            return Ok(Filled::Frames);
        }
        if stopping.is_some_and(|since| since >= SILENCE) {
            self.read_counters();
            return Ok(Filled::End);
        }
        Ok(Filled::Idle)
    }

    /// Opens the interface again where it is there.
    fn try_again(&mut self) -> Result<(), CaptureError> {
        let State::Gone(_, due) = &self.state else { return Ok(()) };
        if Instant::now() < *due {
            std::thread::sleep(WAIT);
            return Ok(());
        }
        self.state = match self.opener.open(&self.options, self.ring) {
            Ok(handle) => {
                tracing::info!(interface = %self.title(), "the interface is up, its frames are taken");
                State::Open(handle)
            }
            // Without the opener it will never be there again.
            Err(error @ CaptureError::Opener { .. }) => return Err(error),
            Err(CaptureError::Down { .. }) => State::Gone(DOWN.to_owned(), Instant::now() + RETRY),
            Err(error) => State::Gone(waiting(&error.to_string()), Instant::now() + RETRY),
        };
        Ok(())
    }
}

impl FrameSource for LiveSource {
    fn source(&self) -> &Source {
        &self.source
    }

    fn is_live(&self) -> bool {
        true
    }

    fn fill(&mut self, batch: &mut FrameBatch) -> Result<Filled, CaptureError> {
        batch.clear();
        batch.set_source(&self.source);
        self.take(batch)
    }

    fn account(&mut self, ledger: &mut Ledger) {
        ledger.kernel_drops = ledger.kernel_drops.saturating_add(self.totals.kernel);
        ledger.interface_drops = ledger.interface_drops.saturating_add(self.totals.interface);
        // Own traffic was received and its headers were read, so it stands on both sides of the balance.
        let (frames, bytes) = self.own.taken();
        ledger.own_traffic = ledger.own_traffic.saturating_add(frames);
        ledger.frames = ledger.frames.saturating_add(frames);
        ledger.decoded = ledger.decoded.saturating_add(frames);
        ledger.bytes = ledger.bytes.saturating_add(bytes);
        let interface = &self.options.interface;
        for (what, count) in [
            ("interface_gone", self.happened.gone),
            ("interface_down", self.happened.down),
            ("interface_renamed", self.happened.renamed),
            ("buffer_full", self.totals.full),
        ] {
            if count > 0 {
                *ledger.capped.entry(format!("{what} {interface}")).or_default() += count;
            }
        }
    }
}
