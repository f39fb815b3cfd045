//! What travels between the threads, and the order it is put back into.

use crate::capture::FrameBatch;
use crate::sensor::Settings;
use crate::sensor::report::Report;
use picket_event::Ledger;
use picket_flow::Packet;
use picket_packet::Tunnel;
use std::num::NonZeroU32;
use std::sync::Arc;

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
    /// A packet for a shard; its payload lies among the batch's, its tunnel too, counted from 1.
    Packet { order: Order, shard: u8, place: Place, packet: Packet<'static>, tunnel: Option<NonZeroU32> },
    /// From here on, so much is done.
    Level(crate::sensor::Level),
    /// From here on, these caps and this bundle hold.
    Tune { order: Order, now: i64, settings: Arc<Settings> },
    /// Time has passed.
    Tick { order: Order, now: i64 },
    /// The input is over for the shards from this one on that end together.
    Finish { order: Order, from: usize },
}

/// Where a payload lies: in one of the lent batches, counted from 1, or in the arena.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    lent: u32,
    start: u32,
    length: u32,
}

/// The payloads of a group's share: in whole batches of frames, which all groups of a round share and which go back
/// when the last of them is done, or copied where the frame was given alone or was put together from several.
#[derive(Debug, Default)]
pub(super) struct Payloads {
    lent: Vec<Arc<FrameBatch>>,
    arena: Vec<u8>,
}

impl Payloads {
    #[inline]
    pub(super) fn get(&self, place: Place) -> &[u8] {
        let Place { lent, start, length } = place;
        match lent.checked_sub(1) {
            Some(number) => self.lent.get(number as usize).map_or(&[], |frames| frames.part(start, length)),
            None => self.arena.get(start as usize..(start + length) as usize).unwrap_or_default(),
        }
    }

    /// Finds a payload's place among the frames that will be lent next, or copies it.
    #[inline]
    fn keep(&mut self, payload: &[u8], frames: Option<&FrameBatch>) -> Place {
        let length = payload.len() as u32;
        if let Some(start) = frames.and_then(|frames| frames.place_of(payload)) {
            return Place { lent: self.lent.len() as u32 + 1, start, length };
        }
        let start = self.arena.len() as u32;
        self.arena.extend_from_slice(payload);
        Place { lent: 0, start, length }
    }
}

/// A group's share of a round; goes there and back, and is filled again.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) items: Vec<Item>,
    pub(super) payloads: Payloads,
    pub(super) tunnels: Vec<Tunnel>,
    pub(super) reports: Vec<(Order, Report)>,
    pub(super) ask_ledger: bool,
    pub(super) ledger: Option<Ledger>,
}

impl Batch {
    pub(super) const fn len(&self) -> usize {
        self.items.len()
    }

    /// Bytes of payloads that were copied.
    pub(super) const fn copied(&self) -> usize {
        self.payloads.arena.len()
    }

    /// Adds a packet. Its payload is copied unless it lies in `frames`, which are then to be lent.
    #[inline]
    pub(super) fn push(&mut self, order: Order, shard: usize, packet: &Packet<'_>, frames: Option<&FrameBatch>) {
        let place = self.payloads.keep(packet.payload, frames);
        let tunnel = packet.tunnel.and_then(|tunnel| {
            self.tunnels.push(*tunnel);
            NonZeroU32::new(self.tunnels.len() as u32)
        });
        let packet = Packet { payload: &[], tunnel: None, ..*packet };
        self.items.push(Item::Packet { order, shard: shard as u8, place, packet, tunnel });
    }

    /// Lends it the frames that its packets were routed from.
    pub(super) fn lend(&mut self, frames: &Arc<FrameBatch>) {
        self.payloads.lent.push(Arc::clone(frames));
    }

    /// Gives back the frames that nobody else has any more.
    pub(super) fn return_frames(&mut self, to: &mut Vec<FrameBatch>) {
        to.extend(self.payloads.lent.drain(..).filter_map(Arc::into_inner));
    }

    /// Empties it and keeps its memory.
    pub(super) fn clear(&mut self) {
        self.items.clear();
        self.payloads.lent.clear();
        self.payloads.arena.clear();
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

    /// Takes a group's reports.
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
