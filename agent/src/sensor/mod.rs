//! The pure line from a frame to events.
//!
//! A [`Sensor`] is one capture's (or one interface's) line: frames and capture time go in, events come
//! out through a [`Sink`]. It does no I/O and reads no clock, so `read`, `run`, tests, benches and fuzz
//! targets all use this one type. Several files are several sensors, one after the other.
//!
//! Inside are three pieces, so that [`crate::pipeline`] can run them on several threads with the same
//! output: `Front` decodes, joins fragments and chooses a shard; 64 `Shard`s hold the
//! flows; `Back` does what crosses flows, and hands out events in their total order: frame, then
//! shard, then order within the shard.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

pub(crate) mod assets;
pub(crate) mod back;
mod behaviour;
mod fetch;
mod findings;
pub(crate) mod front;
mod hosts;
mod ics;
mod level;
mod limits;
mod listener;
mod pairs;
mod paths;
pub mod privacy;
pub(crate) mod report;
mod rings;
pub(crate) mod shard;
pub(crate) mod shards;
mod sink;
mod tunnels;

#[cfg(test)]
mod level_tests;
#[cfg(test)]
pub(crate) mod tests;

pub use level::{Level, SAMPLE};
pub use limits::{Limits, Timeouts};
pub use rings::{Joined, Ring, Shared};
pub use sink::{Count, Sink};

use back::Back;
use front::{Front, Routed};
use picket_dissect::infer::Library;
use picket_event::{Ledger, Method, Source, Timestamp};
use picket_flow::Packet;
use picket_packet::{Checksums, Frame};
use picket_score::Bundle;
use privacy::Privacy;
use shards::Shards;
use std::sync::Arc;

/// Logical shards of every sensor, whatever the number of workers.
pub const SHARDS: usize = 64;

/// The key of the hashes that choose shards and table places.
///
/// Live it must be random, so that nobody can aim at one bucket; for files it is [`HashKey::FILE`], so
/// that the same file gives the same flow ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashKey(pub [u64; 2]);

impl HashKey {
    /// The fixed key for files.
    pub const FILE: Self = Self([0x7069_636b_6574_2f31, 0x6669_6c65_206b_6579]);

    /// A seed for other hashes.
    pub(crate) const fn seed(self) -> u64 {
        let Self([first, second]) = self;
        first ^ second.rotate_left(32)
    }
}

/// What a sensor is told at its start.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Caps and time-outs.
    pub limits: Limits,
    /// The key of the hashes.
    pub key: HashKey,
    /// What events name as their origin: an interface, or a file's base name.
    pub source: Source,
    /// The models that score finished flows; without them flows carry no score. Default none.
    pub bundle: Option<Arc<Bundle>>,
    /// Whether packets with wrong checksums are left out. Default not: see [`Checksums`].
    pub checksums: Checksums,
    /// Shows what is known of each conversation to the sink, scored or not. Default off.
    pub observe: bool,
    /// Recognises by this method alone: for measuring. Default all methods together.
    pub only: Option<Method>,
    /// What events may say of people's names; everything without it.
    pub privacy: Option<Arc<Privacy>>,
    /// Its share in the windows of hosts, where several sensors watch one interface. Default windows of its own.
    pub ring: Option<Ring>,
    /// Protocols that the site has described, and what else the readers of conversations are told.
    pub library: Option<Arc<Library>>,
}

impl Settings {
    /// The defaults for reading a file of this base name.
    #[must_use]
    pub fn file(base_name: &str) -> Self {
        Self {
            limits: Limits::default(),
            key: HashKey::FILE,
            source: Source::File(base_name.into()),
            bundle: None,
            checksums: Checksums::Ignore,
            observe: false,
            only: None,
            privacy: None,
            ring: None,
            library: None,
        }
    }

    /// The defaults for an interface, with a random key.
    #[must_use]
    pub fn interface(name: &str, key: HashKey) -> Self {
        Self { key, source: Source::interface(name), ..Self::file("") }
    }
}

/// The line from a frame to events.
#[derive(Debug)]
pub struct Sensor {
    front: Front,
    shards: Shards,
    back: Back,
}

impl Sensor {
    /// A sensor that has seen nothing.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        Self { front: Front::new(settings), shards: Shards::new(0..SHARDS, settings), back: Back::new(settings) }
    }

    /// From the next frame on, does this much.
    pub fn set_level(&mut self, level: Level) {
        self.shards.set_level(level);
        self.back.set_level(level);
    }

    /// From the next frame on, the caps, the look at checksums and the bundle of these settings hold; the rest is as at the start.
    /// Conversations go on; those beyond a smaller cap end at once.
    pub fn tune(&mut self, settings: &Settings, sink: &mut impl Sink) {
        self.front.tune(settings);
        self.back.tune(settings);
        self.shards.tune(settings, self.front.now(), |_, reports| self.back.take_all(reports, sink));
    }

    /// Takes the next frame. Time passes by the frames' own times.
    #[inline]
    pub fn frame(&mut self, frame: Frame<'_>, sink: &mut impl Sink) {
        self.frames(std::iter::once(frame), sink);
    }

    /// Takes many frames. As [`Sensor::frame`] with each, but a frame's conversation is fetched from memory while the frame before it is
    /// worked on, where nothing of the one can change the other.
    #[inline]
    pub fn frames<'a>(&mut self, frames: impl Iterator<Item = Frame<'a>>, sink: &mut impl Sink) {
        // Two places in turn: a packet stays where it was written, since copied so soon it would stall the processor.
        let (mut one, mut other): (Routed<'a>, Routed<'a>) = (None, None);
        let (mut next, mut waiting) = (&mut one, &mut other);
        for frame in frames {
            if let Some(now) = self.front.observe(Timestamp::from_nanos(frame.time_ns)) {
                settle(waiting.as_ref(), &mut self.shards, &mut self.back, sink);
                *waiting = None;
                self.expire(now, sink);
            }
            if self.front.route_plain(&frame, next) {
                if let Some((number, packet)) = next {
                    self.shards.fetch(*number, packet.hash);
                }
                settle(waiting.as_ref(), &mut self.shards, &mut self.back, sink);
            } else {
                self.decoded(&frame, waiting.as_ref(), sink);
            }
            std::mem::swap(&mut next, &mut waiting);
        }
        settle(waiting.as_ref(), &mut self.shards, &mut self.back, sink);
    }

    /// Takes a frame that may be anything, after its time was observed, behind a packet that waits.
    fn decoded(&mut self, frame: &Frame<'_>, waiting: Option<&(usize, Packet<'_>)>, sink: &mut impl Sink) {
        let Self { front, shards, back } = self;
        let routed = front.route(frame);
        if let Some((number, packet)) = &routed {
            shards.fetch(*number, packet.hash);
        }
        settle(waiting, shards, back, sink);
        settle(routed.as_ref(), shards, back, sink);
        if front.has_reports() {
            back.take_all(front.reports(), sink);
        }
    }

    /// Lets time pass where no frames come: live, the shell calls it about once a second with the
    /// present time; a file needs no ticks.
    pub fn tick(&mut self, now: Timestamp, sink: &mut impl Sink) {
        if let Some(now) = self.front.observe(now) {
            self.expire(now, sink);
        }
    }

    fn expire(&mut self, now: i64, sink: &mut impl Sink) {
        self.front.expire(now);
        self.back.take_all(self.front.reports(), sink);
        self.shards.advance(now, |_, reports| self.back.take_all(reports, sink));
    }

    /// Ends every open conversation and window. The input is over.
    pub fn finish(&mut self, sink: &mut impl Sink) {
        self.front.finish();
        self.back.take_all(self.front.reports(), sink);
        self.shards.finish(|_| true, |_, mut reports| self.back.take_all(&mut reports, sink));
        self.back.finish(self.front.time(), sink);
    }

    /// The books so far.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        let mut ledger = self.front.ledger();
        self.shards.account(&mut ledger);
        self.back.account(&mut ledger);
        ledger
    }
}

/// Gives a packet to its shard.
#[inline]
fn settle(packet: Option<&(usize, Packet<'_>)>, shards: &mut Shards, back: &mut Back, sink: &mut impl Sink) {
    if let Some((number, packet)) = packet
        && shards.packet(*number, packet)
    {
        back.take_all(shards.reports(), sink);
    }
}
