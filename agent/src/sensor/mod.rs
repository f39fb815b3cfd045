//! The pure line from a frame to events.
//!
//! A [`Sensor`] is one capture's (or one interface's) line: frames and capture time go in, events come
//! out through a [`Sink`]. It does no I/O and reads no clock, so `read`, `run`, tests, benches and fuzz
//! targets all use this one type. Several files are several sensors, one after the other.

mod limits;
mod sink;

pub use limits::{Limits, Timeouts};
pub use sink::{Count, Sink};

use picket_event::{Ledger, Source, Timestamp};
use picket_packet::Frame;

/// The key of the hashes that choose shards and table places.
///
/// Live it must be random, so that nobody can aim at one bucket; for files it is [`HashKey::FILE`], so
/// that the same file gives the same flow ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashKey(pub [u64; 2]);

impl HashKey {
    /// The fixed key for files.
    pub const FILE: Self = Self([0x7069_636b_6574_2f31, 0x6669_6c65_206b_6579]);
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
}

impl Settings {
    /// The defaults for reading a file of this base name.
    #[must_use]
    pub fn file(base_name: &str) -> Self {
        Self { limits: Limits::default(), key: HashKey::FILE, source: Source::File(base_name.into()) }
    }

    /// The defaults for an interface, with a random key.
    #[must_use]
    pub fn interface(name: &str, key: HashKey) -> Self {
        Self { limits: Limits::default(), key, source: Source::Interface(name.into()) }
    }
}

/// The line from a frame to events.
#[derive(Debug)]
pub struct Sensor {
    ledger: Ledger,
}

impl Sensor {
    /// A sensor that has seen nothing.
    #[must_use]
    pub fn new(_settings: &Settings) -> Self {
        Self { ledger: Ledger::default() }
    }

    /// Takes the next frame. Time passes by the frames' own times.
    pub fn frame(&mut self, frame: Frame<'_>, _sink: &mut impl Sink) {
        self.ledger.frames += 1;
        self.ledger.bytes += frame.data.len() as u64;
        *self.ledger.undecodable.entry("link_type".to_owned()).or_default() += 1;
    }

    /// Lets time pass where no frames come: live, the shell calls it about once a second with the
    /// present time; a file needs no ticks.
    pub fn tick(&mut self, _now: Timestamp, _sink: &mut impl Sink) {}

    /// Ends every open conversation and window. The input is over.
    pub fn finish(&mut self, _sink: &mut impl Sink) {}

    /// The books so far.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        self.ledger.clone()
    }
}
