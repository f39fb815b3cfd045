//! A live interface as a source of frames, through libpcap.
//!
//! libpcap's read time-out begins with a packet, so on a silent interface `dispatch` would not return:
//! the handle is non-blocking, and the waiting is done with `poll` and a time-out of our own. The ring
//! (TPACKET_V3) needs immediate mode off.

use super::opener::{LiveOptions, Opener, TIMEOUT_MS};
use super::own::OwnTraffic;
use super::{CaptureError, Filled, FrameBatch, FrameSource};
use pcap::{Active, Capture};
use picket_event::{Ledger, Source, Timestamp};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long a fill waits for frames.
const WAIT: Duration = Duration::from_millis(100);
/// How long an absent interface is left alone before it is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// How often kernel counters are read, so that their 32 bits cannot wrap unseen.
const COUNT_EVERY: Duration = Duration::from_secs(1);
/// Frames taken from libpcap between two looks at the batch's size.
const FRAMES_A_TURN: usize = 128;
/// A stop waits this long for the ring's last block, which the kernel may hold for [`TIMEOUT_MS`].
const SILENCE: Duration = Duration::from_millis(2 * TIMEOUT_MS as u64 + 50);
/// A flood does not keep a stop waiting longer than this.
const LAST_FRAMES: Duration = Duration::from_secs(1);

/// Watches one interface. It sends nothing on it.
pub struct LiveSource {
    source: Source,
    options: LiveOptions,
    opener: Opener,
    own: OwnTraffic,
    stop: Arc<AtomicBool>,
    state: State,
    kernel: Counters,
    counted: Instant,
    own_frames: u64,
    own_bytes: u64,
    /// Times the interface failed.
    lost: u64,
    stopping: Option<Instant>,
}

enum State {
    Open(Box<Capture<Active>>, u16),
    /// Gone, since the failure of this text; tried again at the instant.
    Gone(String, Instant),
}

/// Totals over all handles of the interface, made of counters of 32 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counters {
    kernel: Wrapping,
    interface: Wrapping,
}

/// A total of a counter that wraps at 32 bits and starts again with every handle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Wrapping {
    total: u64,
    last: u32,
}

impl Wrapping {
    fn read(&mut self, now: u32) {
        self.total = self.total.saturating_add(u64::from(now.wrapping_sub(self.last)));
        self.last = now;
    }
}

impl LiveSource {
    /// Opens the interface; `stop` ends it after what the kernel still holds.
    ///
    /// # Errors
    /// [`CaptureError::Permission`], [`CaptureError::UnknownInterface`], or [`CaptureError::Interface`] with libpcap's words.
    pub fn open(
        options: LiveOptions,
        opener: Opener,
        own: OwnTraffic,
        stop: Arc<AtomicBool>,
    ) -> Result<Self, CaptureError> {
        let handle = opener.open(&options)?;
        let link_type = link_type(&handle);
        Ok(Self {
            source: Source::Interface(Arc::from(options.interface.as_str())),
            options,
            opener,
            own,
            stop,
            state: State::Open(Box::new(handle), link_type),
            kernel: Counters::default(),
            counted: Instant::now(),
            own_frames: 0,
            own_bytes: 0,
            lost: 0,
            stopping: None,
        })
    }

    /// In words: `capturing`, or why not.
    #[must_use]
    pub fn state(&self) -> String {
        match &self.state {
            State::Open(..) => "capturing".to_owned(),
            State::Gone(why, _) => format!("gone, trying again: {why}"),
        }
    }

    fn read_counters(&mut self) {
        if let State::Open(handle, _) = &mut self.state
            && let Ok(stat) = handle.stats()
        {
            self.kernel.kernel.read(stat.dropped);
            self.kernel.interface.read(stat.if_dropped);
        }
        self.counted = Instant::now();
    }

    /// The handle failed: keeps the counters and goes on without it.
    fn give_up(&mut self, why: String) {
        self.read_counters();
        tracing::warn!(interface = %self.options.interface, "interface gone: {why}; trying again each second");
        self.lost += 1;
        self.state = State::Gone(why, Instant::now() + RETRY);
        self.kernel.kernel.last = 0;
        self.kernel.interface.last = 0;
    }

    fn try_again(&mut self) {
        let State::Gone(_, due) = &self.state else { return };
        if Instant::now() < *due {
            std::thread::sleep(WAIT);
            return;
        }
        match self.opener.open(&self.options) {
            Ok(handle) => {
                tracing::info!(interface = %self.options.interface, "interface is back");
                let link_type = link_type(&handle);
                self.state = State::Open(Box::new(handle), link_type);
            }
            Err(error) => self.state = State::Gone(error.to_string(), Instant::now() + RETRY),
        }
    }

    /// Takes what is there; an error is the interface's end.
    fn take(&mut self, batch: &mut FrameBatch) -> Result<(), String> {
        let State::Open(handle, link_type) = &mut self.state else { return Ok(()) };
        let link_type = *link_type;
        wait(handle)?;
        while !batch.is_full() {
            let (own, own_frames, own_bytes) = (&self.own, &mut self.own_frames, &mut self.own_bytes);
            let taken = handle.dispatch(Some(FRAMES_A_TURN), |packet| {
                if own.matches(link_type, packet.data) {
                    *own_frames += 1;
                    *own_bytes += packet.data.len() as u64;
                } else {
                    // The handle is asked for nanoseconds, which libpcap puts where microseconds stand else.
                    let nanos = u32::try_from(packet.header.ts.tv_usec).unwrap_or(0);
                    let time = Timestamp::from_parts(packet.header.ts.tv_sec, nanos);
                    batch.push(time, link_type, 0, packet.header.len, packet.data);
                }
            });
            match taken {
                Ok(count) if count < FRAMES_A_TURN => return Ok(()),
                Ok(_) => {}
                Err(error) => return Err(error.to_string()),
            }
        }
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
        let stop = self.stop.load(Ordering::Relaxed);
        let stopping = stop.then(|| self.stopping.get_or_insert_with(Instant::now).elapsed());
        let gone = matches!(self.state, State::Gone(..));
        if stopping.is_some_and(|since| gone || since > LAST_FRAMES) {
            self.read_counters();
            return Ok(Filled::End);
        }
        if gone {
            self.try_again();
            return Ok(Filled::Idle);
        }
        if let Err(why) = self.take(batch) {
            self.give_up(why);
        }
        if self.counted.elapsed() >= COUNT_EVERY {
            self.read_counters();
        }
        if !batch.is_empty() {
            return Ok(Filled::Frames);
        }
        if stopping.is_some_and(|since| since >= SILENCE) {
            self.read_counters();
            return Ok(Filled::End);
        }
        Ok(Filled::Idle)
    }

    fn account(&mut self, ledger: &mut Ledger) {
        ledger.kernel_drops = ledger.kernel_drops.saturating_add(self.kernel.kernel.total);
        ledger.interface_drops = ledger.interface_drops.saturating_add(self.kernel.interface.total);
        // Own traffic was received and its headers were read, so it stands on both sides of the balance.
        ledger.own_traffic = ledger.own_traffic.saturating_add(self.own_frames);
        ledger.frames = ledger.frames.saturating_add(self.own_frames);
        ledger.decoded = ledger.decoded.saturating_add(self.own_frames);
        ledger.bytes = ledger.bytes.saturating_add(self.own_bytes);
        if self.lost > 0 {
            let name = format!("interface_gone {}", self.options.interface);
            *ledger.capped.entry(name).or_default() += self.lost;
        }
    }
}

/// Waits until frames are there, [`WAIT`] at most.
fn wait(handle: &Capture<Active>) -> Result<(), String> {
    let mut fds = [PollFd::new(handle, PollFlags::IN)];
    let time = Timespec { tv_sec: 0, tv_nsec: i64::from(WAIT.subsec_nanos()) };
    match poll(&mut fds, Some(&time)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

/// libpcap names link types by DLT_ numbers of the platform, which differ from LINKTYPE_ numbers for raw IP.
fn link_type(handle: &Capture<Active>) -> u16 {
    const DLT_RAW: i32 = 12;
    const LINKTYPE_RAW: u16 = 101;
    match handle.get_datalink().0 {
        DLT_RAW => LINKTYPE_RAW,
        other => u16::try_from(other).unwrap_or(u16::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_of_32_bits_wrap_and_start_again() {
        let mut counter = Wrapping::default();
        for now in [10, u32::MAX, 5] {
            counter.read(now);
        }
        assert_eq!(counter.total, u64::from(u32::MAX) + 6);
        counter.last = 0;
        counter.read(7);
        assert_eq!(counter.total, u64::from(u32::MAX) + 13);
    }
}
