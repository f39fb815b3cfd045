//! Publishers of GOOSE (IEC 61850-8-1): which station a control block belongs to, and in what state it was last.
//!
//! A subscriber believes whoever sends the newest state number, so two things tell a forger: another station that publishes
//! the same block, and a number that goes back (a recorded message sent again). After a restart a publisher counts from
//! 1 again, which is no finding.

use super::table::{self, Finding};
use picket_event::body::Ics;
use picket_event::{Endpoints, MessageKind, Protocol, Timestamp};
use picket_feature::Lru;
use std::hash::{DefaultHasher, Hasher};
use std::time::Duration;

/// Control blocks remembered.
const BLOCKS_MAX: usize = 4_096;
/// A block heard so short a time ago is still its station's. Repeats are told once a minute.
const BELONGS: Duration = Duration::from_secs(150);
/// Copies of one message may come so late over the second of two redundant networks (IEC 62439-3).
const COPIES: Duration = Duration::from_millis(400);

/// The memory of control blocks.
#[derive(Debug)]
pub(super) struct Publishers {
    blocks: Lru<(u64, [u8; 6]), Block>,
}

#[derive(Clone, Copy, Debug)]
struct Block {
    station: [u8; 6],
    state: f64,
    /// When this state was first heard, and the block last.
    since: Timestamp,
    heard: Timestamp,
}

impl Publishers {
    pub(super) fn new(seed: u64) -> Self {
        Self { blocks: Lru::new(BLOCKS_MAX, seed) }
    }

    /// What a message shows, beside those before it of its control block.
    pub(super) fn hear(&mut self, ics: &Ics, ends: &Endpoints, now: Timestamp) -> Option<&'static Finding> {
        let (Some(object), Some(state)) = (&ics.object, ics.value) else { return None };
        let Endpoints::Link { src: Some(station), dest: Some(group), .. } = ends else { return None };
        if ics.protocol != Protocol::GOOSE || ics.kind != MessageKind::Unsolicited {
            return None;
        }
        let mut hasher = DefaultHasher::new();
        hasher.write(object.as_bytes());
        let fresh = Block { station: station.0, state, since: now, heard: now };
        let block = self.blocks.entry((hasher.finish(), group.0), || fresh);
        let known = *block;
        block.heard = known.heard.max(now);
        if known.station != station.0 {
            // The first one keeps it for as long as it is heard.
            let belongs = now.since(known.heard) < BELONGS;
            *block = if belongs { known } else { fresh };
            return belongs.then_some(&table::PUBLISHER);
        }
        // What was counted over a minute is told behind what came in it.
        if state.total_cmp(&known.state).is_eq() || now < known.since {
            return None;
        }
        if state > known.state || state <= 1.0 {
            (block.state, block.since) = (state, now);
            return None;
        }
        (now.since(known.since) > COPIES).then_some(&table::STATE_NUMBER)
    }

    /// Control blocks forgotten for want of room.
    pub(super) const fn forgotten(&self) -> u64 {
        self.blocks.evicted()
    }
}
