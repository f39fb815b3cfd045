//! The books: what came in and what became of it. Equality is exact (invariant 4).

use bincode::{Decode, Encode};
use std::collections::BTreeMap;

/// Counters of one sensor since its start. All are totals.
///
/// Balances: `frames = decoded + undecodable.values().sum()`;
/// `flows_opened = flows_closed + flows_evicted + flows_open`;
/// `events = events_acknowledged + events_spooled + events_lost.values().sum()` (where a spool is used).
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Ledger {
    /// Seconds since the sensor's start, by its monotonic clock; 0 for files.
    pub uptime_seconds: u64,
    /// Frames received.
    pub frames: u64,
    /// Bytes of the frames as captured.
    pub bytes: u64,
    /// Frames whose headers were read.
    pub decoded: u64,
    /// Frames that were not, by reason.
    pub undecodable: BTreeMap<String, u64>,
    /// Frames the kernel dropped for want of buffer.
    pub kernel_drops: u64,
    /// Frames the interface dropped.
    pub interface_drops: u64,
    /// The agent's own traffic, left out.
    pub own_traffic: u64,
    /// Flows opened.
    pub flows_opened: u64,
    /// Flows closed by their protocol or a time-out.
    pub flows_closed: u64,
    /// Flows closed because their place was needed.
    pub flows_evicted: u64,
    /// Packets that found no place for a flow.
    pub flows_refused: u64,
    /// Flows open now.
    pub flows_open: u64,
    /// Bounded tables and buffers that reached their cap, by name.
    pub capped: BTreeMap<String, u64>,
    /// Malformed application messages, by protocol.
    pub malformed: BTreeMap<String, u64>,
    /// Inputs of classifiers that were missing or out of range, by classifier.
    pub abstained: BTreeMap<String, u64>,
    /// Events made.
    pub events: u64,
    /// Events the collector has acknowledged.
    pub events_acknowledged: u64,
    /// Events waiting in the spool.
    pub events_spooled: u64,
    /// Events lost, by reason.
    pub events_lost: BTreeMap<String, u64>,
    /// Bytes sent to the collector, as the transport counts them.
    pub wire_bytes: u64,
}

impl Ledger {
    /// Adds another sensor's (or shard's) totals.
    pub fn add(&mut self, other: &Self) {
        let maps = [
            (&mut self.undecodable, &other.undecodable),
            (&mut self.capped, &other.capped),
            (&mut self.malformed, &other.malformed),
            (&mut self.abstained, &other.abstained),
            (&mut self.events_lost, &other.events_lost),
        ];
        for (mine, theirs) in maps {
            for (name, count) in theirs {
                *mine.entry(name.clone()).or_default() += count;
            }
        }
        self.uptime_seconds = self.uptime_seconds.max(other.uptime_seconds);
        for (mine, theirs) in [
            (&mut self.frames, other.frames),
            (&mut self.bytes, other.bytes),
            (&mut self.decoded, other.decoded),
            (&mut self.kernel_drops, other.kernel_drops),
            (&mut self.interface_drops, other.interface_drops),
            (&mut self.own_traffic, other.own_traffic),
            (&mut self.flows_opened, other.flows_opened),
            (&mut self.flows_closed, other.flows_closed),
            (&mut self.flows_evicted, other.flows_evicted),
            (&mut self.flows_refused, other.flows_refused),
            (&mut self.flows_open, other.flows_open),
            (&mut self.events, other.events),
            (&mut self.events_acknowledged, other.events_acknowledged),
            (&mut self.events_spooled, other.events_spooled),
            (&mut self.wire_bytes, other.wire_bytes),
        ] {
            *mine = mine.saturating_add(theirs);
        }
    }

    /// The first balance that does not hold, in words. `own_traffic` counts among the decoded frames.
    #[must_use]
    pub fn imbalance(&self) -> Option<String> {
        let undecodable: u64 = self.undecodable.values().sum();
        if self.frames != self.decoded + undecodable {
            return Some(format!("frames {} != decoded {} + undecodable {undecodable}", self.frames, self.decoded));
        }
        if self.flows_opened != self.flows_closed + self.flows_evicted + self.flows_open {
            let (opened, closed) = (self.flows_opened, self.flows_closed);
            return Some(format!(
                "flows opened {opened} != closed {closed} + evicted {} + open {}",
                self.flows_evicted, self.flows_open
            ));
        }
        None
    }

    /// Whether every event made is acknowledged, spooled or lost by reason, where a spool is used.
    #[must_use]
    pub fn event_imbalance(&self) -> Option<String> {
        let lost: u64 = self.events_lost.values().sum();
        let accounted = self.events_acknowledged + self.events_spooled + lost;
        (self.events != accounted).then(|| {
            let (acknowledged, spooled) = (self.events_acknowledged, self.events_spooled);
            format!("events {} != acknowledged {acknowledged} + spooled {spooled} + lost {lost}", self.events)
        })
    }
}

/// A range of events that will never arrive.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Loss {
    /// Why: `spool_full`, `corrupt`, ...
    pub reason: String,
    /// First sequence number of the range.
    pub first: u64,
    /// Last sequence number of the range.
    pub last: u64,
    /// How many events of the range are lost.
    pub count: u64,
}
