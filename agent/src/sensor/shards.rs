//! Several shards, and which of them must be told that time has passed.

use super::Settings;
use super::shard::Shard;
use picket_flow::{Clock, Packet};

/// Shards in their order. Each is told of time where something of it may be due: there are 64, and ticks are many.
#[derive(Debug)]
pub(crate) struct Shards {
    shards: Vec<Shard>,
    /// The tick before which nothing of a shard is due; in one place, to be looked through at every tick.
    due: Vec<u64>,
}

impl Shards {
    /// New shards of these numbers.
    pub(crate) fn new(numbers: impl Iterator<Item = usize>, settings: &Settings) -> Self {
        let shards: Vec<Shard> = numbers.map(|number| Shard::new(number as u8, settings)).collect();
        let due = shards.iter().map(Shard::due).collect();
        Self { shards, due }
    }

    /// Says that a packet with this hash comes soon.
    #[inline]
    pub(crate) fn fetch(&self, place: usize, hash: u64) {
        if let Some(shard) = self.shards.get(place) {
            shard.fetch(hash);
        }
    }

    /// Gives a packet to the shard at a place; answers it where it has something to report.
    #[inline]
    pub(crate) fn packet(&mut self, place: usize, packet: &Packet<'_>) -> Option<&mut Shard> {
        let shard = self.shards.get_mut(place)?;
        shard.packet(packet);
        if let Some(due) = self.due.get_mut(place) {
            *due = shard.due();
        }
        shard.has_reports().then_some(shard)
    }

    /// Lets time pass to `now` of the clock; gives those that have something to report, with their places.
    pub(crate) fn advance(&mut self, now: i64, mut each: impl FnMut(usize, &mut Shard)) {
        let tick = Clock::tick_of(now);
        for (place, (shard, due)) in self.shards.iter_mut().zip(&mut self.due).enumerate() {
            if *due > tick {
                continue;
            }
            shard.advance(now);
            *due = shard.due();
            if shard.has_reports() {
                each(place, shard);
            }
        }
    }

    /// From `now` of the clock on, these caps and this bundle hold; gives those that have something to report, with their places.
    pub(crate) fn tune(&mut self, settings: &Settings, now: i64, mut each: impl FnMut(usize, &mut Shard)) {
        for (place, (shard, due)) in self.shards.iter_mut().zip(&mut self.due).enumerate() {
            shard.tune(settings, now);
            *due = shard.due();
            if shard.has_reports() {
                each(place, shard);
            }
        }
    }

    /// The shards themselves.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Shard> {
        self.shards.iter()
    }

    /// The shards themselves, to be told anything but packets and time.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Shard> {
        self.shards.iter_mut()
    }
}
