//! What travels between the threads, and the order it is put back into.

use crate::capture::FrameBatch;
use crate::sensor::Settings;
use crate::sensor::report::Report;
use picket_event::Ledger;
use picket_flow::Packet;
use picket_packet::{Frame, Tunnel};
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
    /// A frame as most are, at a place of one of the lent batches; it is read again where its shard is, which costs less than the
    /// packet would on its way from core to core.
    Plain { order: Order, hash: u64, now: i64, lent: u32, place: u32 },
    /// A packet for a shard, at its place among the batch's.
    Packet { order: Order, shard: u8, place: u32 },
    /// From here on, so much is done.
    Level(crate::sensor::Level),
    /// From here on, these caps and this bundle hold.
    Tune { order: Order, now: i64, settings: Arc<Settings> },
    /// Time has passed.
    Tick { order: Order, now: i64 },
    /// The input is over for the shards from this one on that end together.
    Finish { order: Order, from: usize },
}

/// A packet that the front put together.
#[derive(Debug)]
struct Made {
    packet: Packet<'static>,
    payload: Place,
    /// Its tunnel among the others, counted from 1.
    tunnel: Option<NonZeroU32>,
}

/// Where a payload lies: in one of the lent batches, counted from 1, or in the arena.
#[derive(Clone, Copy, Debug)]
struct Place {
    lent: u32,
    start: u32,
    length: u32,
}

/// The packets of a group's share: in whole batches of frames, which all groups of a round share and which go back
/// when the last of them is done, or put together by the front. Of these the payload is copied where the frame was given alone or
/// was put together from several.
#[derive(Debug, Default)]
pub(super) struct Packets {
    lent: Vec<Arc<FrameBatch>>,
    made: Vec<Made>,
    arena: Vec<u8>,
    tunnels: Vec<Tunnel>,
}

impl Packets {
    /// A frame of a lent batch.
    #[inline]
    pub(super) fn frame(&self, lent: u32, place: u32) -> Option<Frame<'_>> {
        Some(self.lent.get(lent as usize)?.frame(place)?.packet())
    }

    /// A packet that the front put together.
    #[inline]
    pub(super) fn get(&self, place: u32) -> Option<Packet<'_>> {
        let Made { packet, payload, tunnel } = self.made.get(place as usize)?;
        let tunnel = tunnel.and_then(|number| self.tunnels.get(number.get() as usize - 1));
        Some(Packet { payload: self.payload(*payload), tunnel, ..*packet })
    }

    fn payload(&self, Place { lent, start, length }: Place) -> &[u8] {
        match lent.checked_sub(1) {
            Some(number) => self.lent.get(number as usize).map_or(&[], |frames| frames.part(start, length)),
            None => self.arena.get(start as usize..(start + length) as usize).unwrap_or_default(),
        }
    }

    /// Finds a payload's place among the frames that will be lent next, or copies it.
    fn keep(&mut self, payload: &[u8], frames: Option<&FrameBatch>) -> Place {
        let length = payload.len() as u32;
        if let Some(start) = frames.and_then(|frames| frames.place_of(payload)) {
            return Place { lent: self.lent.len() as u32 + 1, start, length };
        }
        let start = self.arena.len() as u32;
        self.arena.extend_from_slice(payload);
        Place { lent: 0, start, length }
    }

    /// Keeps a packet; answers its place.
    fn push(&mut self, packet: &Packet<'_>, frames: Option<&FrameBatch>) -> u32 {
        let payload = self.keep(packet.payload, frames);
        let tunnel = packet.tunnel.and_then(|tunnel| {
            self.tunnels.push(*tunnel);
            NonZeroU32::new(self.tunnels.len() as u32)
        });
        self.made.push(Made { packet: Packet { payload: &[], tunnel: None, ..*packet }, payload, tunnel });
        (self.made.len() - 1) as u32
    }

    fn clear(&mut self) {
        self.lent.clear();
        self.made.clear();
        self.arena.clear();
        self.tunnels.clear();
    }
}

/// A group's share of a round; goes there and back, and is filled again.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) items: Vec<Item>,
    pub(super) packets: Packets,
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
        self.packets.arena.len()
    }

    /// Adds the frame at a place of the batch that is lent next; the front gave its hash, and it is read again.
    #[inline]
    pub(super) fn push_plain(&mut self, order: Order, hash: u64, now: i64, place: u32) {
        self.items.push(Item::Plain { order, hash, now, lent: self.packets.lent.len() as u32, place });
    }

    /// Adds a packet. Its payload is copied unless it lies in `frames`, which are then to be lent.
    #[inline]
    pub(super) fn push(&mut self, order: Order, shard: usize, packet: &Packet<'_>, frames: Option<&FrameBatch>) {
        let place = self.packets.push(packet, frames);
        self.items.push(Item::Packet { order, shard: shard as u8, place });
    }

    /// Lends it the frames that its packets were routed from.
    pub(super) fn lend(&mut self, frames: &Arc<FrameBatch>) {
        self.packets.lent.push(Arc::clone(frames));
    }

    /// Gives back the frames that nobody else has any more.
    pub(super) fn return_frames(&mut self, to: &mut Vec<FrameBatch>) {
        to.extend(self.packets.lent.drain(..).filter_map(Arc::into_inner));
    }

    /// Empties it and keeps its memory.
    pub(super) fn clear(&mut self) {
        self.items.clear();
        self.packets.clear();
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
