//! Several shards, and which of them must be told that time has passed.

use super::listener::Listener;
use super::report::Report;
use super::shard::Shard;
use super::{Level, Settings};
use picket_event::Ledger;
use picket_flow::{Clock, Packet};

/// Shards in their order. Each is told of time where something of it may be due: there are 64, and ticks are many.
#[derive(Debug)]
pub(crate) struct Shards {
    shards: Vec<Shard>,
    /// The tick before which nothing of a shard is due; in one place, to be looked through at every tick.
    due: Vec<u64>,
    listener: Listener,
}

impl Shards {
    /// New shards of these numbers.
    pub(crate) fn new(numbers: impl Iterator<Item = usize>, settings: &Settings) -> Self {
        let shards: Vec<Shard> = numbers.map(|number| Shard::new(number as u8, settings)).collect();
        let due = shards.iter().map(Shard::due).collect();
        let listener = Listener::new(shards.len(), settings);
        Self { shards, due, listener }
    }

    /// Says that a packet with this hash comes soon.
    #[inline]
    pub(crate) fn fetch(&self, place: usize, hash: u64) {
        if let Some(shard) = self.shards.get(place) {
            shard.fetch(hash);
        }
    }

    /// Gives a packet to the shard at a place; whether it has something to report.
    #[inline]
    pub(crate) fn packet(&mut self, place: usize, packet: &Packet<'_>) -> bool {
        let Some(shard) = self.shards.get_mut(place) else { return false };
        self.listener.turn_to(place);
        shard.packet(packet, &mut self.listener);
        if let Some(due) = self.due.get_mut(place) {
            *due = shard.due();
        }
        self.listener.has_reports()
    }

    /// What was found since the last call; to be drained.
    #[inline]
    pub(crate) const fn reports(&mut self) -> &mut Vec<Report> {
        self.listener.reports()
    }

    /// Lets time pass to `now` of the clock; gives the reports of each shard that has some, with its place.
    pub(crate) fn advance(&mut self, now: i64, mut each: impl FnMut(usize, &mut Vec<Report>)) {
        let tick = Clock::tick_of(now);
        let Self { shards, due, listener } = self;
        for (place, (shard, due)) in shards.iter_mut().zip(due).enumerate() {
            if *due > tick {
                continue;
            }
            listener.turn_to(place);
            shard.advance(now, listener);
            *due = shard.due();
            if listener.has_reports() {
                each(place, listener.reports());
            }
        }
    }

    /// From `now` of the clock on, these caps and this bundle hold; gives the reports of each shard that has some, with its place.
    pub(crate) fn tune(&mut self, settings: &Settings, now: i64, mut each: impl FnMut(usize, &mut Vec<Report>)) {
        let Self { shards, due, listener } = self;
        listener.tune(settings);
        for (place, (shard, due)) in shards.iter_mut().zip(due).enumerate() {
            listener.turn_to(place);
            shard.tune(settings, now, listener);
            *due = shard.due();
            if listener.has_reports() {
                each(place, listener.reports());
            }
        }
    }

    pub(crate) const fn set_level(&mut self, level: Level) {
        self.listener.set_level(level);
    }

    /// Ends every conversation of the shards whose places are asked for; gives the reports of each.
    pub(crate) fn finish(&mut self, wanted: impl Fn(usize) -> bool, mut each: impl FnMut(usize, Vec<Report>)) {
        let Self { shards, listener, .. } = self;
        for (place, shard) in shards.iter_mut().enumerate().filter(|(place, _)| wanted(*place)) {
            listener.turn_to(place);
            shard.finish(listener);
            // The list is as long as the shard had flows: its memory goes with it.
            each(place, std::mem::take(listener.reports()));
        }
    }

    /// Adds their share to the books.
    pub(crate) fn account(&self, ledger: &mut Ledger) {
        self.shards.iter().for_each(|shard| shard.account(ledger));
        self.listener.account(ledger);
    }
}
