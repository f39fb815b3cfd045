//! What travels between the threads, and the order it is put back into.

use super::ROUND_BYTES;
use crate::sensor::report::Report;
use picket_event::Ledger;
use picket_flow::Packet;
use picket_packet::Tunnel;
use std::num::NonZeroU32;

/// The place of a report in the total order: step of the front, then shard.
///
/// A step is a frame or a tick. Within a step the front's reports on a tick come first (rank 0), then the
/// shards' by their number (1 to 64), then the front's on a frame (65).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Order(u64);

impl Order {
    const RANKS: u64 = 128;

    pub(super) const fn step(&mut self) {
        self.0 += Self::RANKS;
    }

    pub(super) const fn before_shards(self) -> Self {
        self
    }

    pub(super) const fn of_shard(self, shard: usize) -> Self {
        Self(self.0 + 1 + shard as u64)
    }

    pub(super) const fn behind_shards(self) -> Self {
        Self(self.0 + 65)
    }
}

/// One piece of work.
#[derive(Debug)]
pub(super) enum Item {
    /// A packet for a shard; its payload lies in the batch's arena, its tunnel among the batch's, counted from 1.
    Packet { order: Order, shard: u8, start: u32, packet: Packet<'static>, length: u32, tunnel: Option<NonZeroU32> },
    /// From here on, so much is done.
    Level(crate::sensor::Level),
    /// Time has passed.
    Tick { order: Order, now: i64 },
    /// The input is over.
    Finish { order: Order },
}

/// A worker's share of a round; goes there and back, and is filled again.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) items: Vec<Item>,
    pub(super) arena: Vec<u8>,
    pub(super) tunnels: Vec<Tunnel>,
    pub(super) reports: Vec<(Order, Report)>,
    pub(super) ask_ledger: bool,
    pub(super) ledger: Option<Ledger>,
}

impl Batch {
    pub(super) const fn len(&self) -> usize {
        self.items.len()
    }

    /// Adds a packet with a copy of its payload; answers whether the batch is full.
    pub(super) fn push(&mut self, order: Order, shard: usize, packet: &Packet<'_>) -> bool {
        let start = self.arena.len() as u32;
        self.arena.extend_from_slice(packet.payload);
        let length = packet.payload.len() as u32;
        let tunnel = packet.tunnel.and_then(|tunnel| {
            self.tunnels.push(*tunnel);
            NonZeroU32::new(self.tunnels.len() as u32)
        });
        let packet = Packet { payload: &[], tunnel: None, ..*packet };
        self.items.push(Item::Packet { order, shard: shard as u8, start, packet, length, tunnel });
        self.arena.len() >= ROUND_BYTES
    }

    /// Empties it and keeps its memory.
    pub(super) fn clear(&mut self) {
        self.items.clear();
        self.arena.clear();
        self.tunnels.clear();
        self.reports.clear();
        self.ledger = None;
    }
}

/// The reports of one round, put into the total order.
#[derive(Debug, Default)]
pub(super) struct Merge {
    reports: Vec<(Order, Report)>,
}

impl Merge {
    /// Takes the front's reports.
    pub(super) fn take(&mut self, order: Order, reports: &mut Vec<Report>) {
        self.reports.extend(reports.drain(..).map(|report| (order, report)));
    }

    /// Takes a worker's reports.
    pub(super) fn add(&mut self, reports: &mut Vec<(Order, Report)>) {
        self.reports.append(reports);
    }

    /// Gives the reports in order. Those of one order come from one place and keep their order there.
    pub(super) fn drain(&mut self, mut each: impl FnMut(Report)) {
        self.reports.sort_by_key(|(order, _)| *order);
        for (_, report) in self.reports.drain(..) {
            each(report);
        }
    }
}
