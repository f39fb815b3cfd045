//! Frames through libpcap.
//!
//! libpcap's read time-out begins with a packet, so on a silent interface `dispatch` would not return:
//! the handle is non-blocking, and the waiting is done with `poll` and a time-out of our own. The ring
//! (TPACKET_V3) needs immediate mode off.

use super::super::CaptureError;
use super::super::library::{link_type, words};
use super::super::opener::LiveOptions;
use super::super::own::OwnFilter;
use super::super::taker::Taker;
use super::Counted;
use pcap::{Active, Capture};
use picket_event::Timestamp;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::time::Duration;

/// Frames taken from libpcap between two looks at the batch's size.
const FRAMES_A_TURN: usize = 128;

/// An interface opened by libpcap.
pub(in crate::capture) struct Handle {
    capture: Capture<Active>,
    link_type: u16,
    kernel: Wrapping,
    interface: Wrapping,
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handle").field("link_type", &self.link_type).finish_non_exhaustive()
    }
}

/// The last value of a counter that wraps at 32 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Wrapping(u32);

impl Wrapping {
    /// By how much it has grown.
    fn read(&mut self, now: u32) -> u64 {
        let grown = now.wrapping_sub(self.0);
        self.0 = now;
        grown.into()
    }
}

impl From<Capture<Active>> for Handle {
    fn from(capture: Capture<Active>) -> Self {
        let link_type = link_type(&capture);
        Self { capture, link_type, kernel: Wrapping::default(), interface: Wrapping::default() }
    }
}

impl Handle {
    /// Takes what is there, or waits for up to `wait`; an error is the interface's end.
    pub(super) fn take(&mut self, taker: &mut impl Taker, own: &mut OwnFilter, wait: Duration) -> Result<(), String> {
        let mut fds = [PollFd::new(&self.capture, PollFlags::IN)];
        let time = Timespec { tv_sec: 0, tv_nsec: i64::from(wait.subsec_nanos()) };
        match poll(&mut fds, Some(&time)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.to_string()),
        }
        let link_type = self.link_type;
        while !taker.is_full() {
            let taken = self.capture.dispatch(Some(FRAMES_A_TURN), |packet| {
                if own.takes(link_type, packet.data) {
                    return;
                }
                // The handle is asked for nanoseconds, which libpcap puts where microseconds stand else.
                let nanos = u32::try_from(packet.header.ts.tv_usec).unwrap_or(0);
                let time = Timestamp::from_parts(packet.header.ts.tv_sec, nanos);
                taker.whole(time, link_type, packet.header.len, packet.data);
            });
            match taken {
                Ok(count) if count < FRAMES_A_TURN => return Ok(()),
                Ok(_) => {}
                Err(error) => return Err(error.to_string()),
            }
        }
        Ok(())
    }

    /// From the next frame on, the filter of these options holds; where it is none, the one before does.
    pub(in crate::capture) fn filter(&mut self, options: &LiveOptions) -> Result<(), CaptureError> {
        self.capture.filter(&options.filter, true).map_err(|error| CaptureError::Filter {
            interface: options.interface.clone(),
            filter: options.filter.clone(),
            reason: words(&error),
        })
    }

    /// Frames lost since the last call.
    pub(super) fn counted(&mut self) -> Counted {
        let Ok(stat) = self.capture.stats() else { return Counted::default() };
        Counted { kernel: self.kernel.read(stat.dropped), interface: self.interface.read(stat.if_dropped), full: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_of_32_bits_wrap() {
        let mut counter = Wrapping::default();
        let total: u64 = [10, u32::MAX, 5].into_iter().map(|now| counter.read(now)).sum();
        assert_eq!(total, u64::from(u32::MAX) + 6);
    }
}
