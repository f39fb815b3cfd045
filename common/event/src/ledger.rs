//! The books: what came in and what became of it. Equality is exact (invariant 4).

use bincode::{Decode, Encode};
use std::collections::BTreeMap;

/// The one list of the ledger's counters, in the order of the wire; only ever appended to. Hands it to a macro, behind
/// what else is given: each is a `Count` or, by name, `Counts`; `shown` in the collector's interface or `kept` out of it.
/// The ledger, the row of EVE, the wire and the collector's interface are made of it.
#[macro_export]
macro_rules! ledger_fields {
    ($make:ident $($more:tt)*) => {
        $make! { $($more)*
            {Count shown uptime_seconds "Seconds since the sensor's start, by its monotonic clock; 0 for files."}
            {Count shown frames "Frames received."}
            {Count shown bytes "Bytes of the frames as captured."}
            {Count shown decoded "Frames whose headers were read."}
            {Counts shown undecodable "Frames that were not, by reason."}
            {Count shown kernel_drops "Frames the kernel dropped for want of buffer."}
            {Count shown interface_drops "Frames the interface dropped."}
            {Count kept own_traffic "The agent's own traffic, left out."}
            {Count shown flows_opened "Flows opened."}
            {Count shown flows_closed "Flows closed by their protocol or a time-out."}
            {Count shown flows_evicted "Flows closed because their place was needed."}
            {Count kept flows_refused "Packets that found no place for a flow."}
            {Count shown flows_open "Flows open now."}
            {Counts shown capped "Bounded tables and buffers that reached their cap, by name."}
            {Counts shown malformed "Malformed application messages, by protocol."}
            {Counts kept abstained "Inputs of classifiers that were missing or out of range, by classifier."}
            {Count shown events "Events made."}
            {Count shown events_acknowledged "Events the collector has acknowledged."}
            {Count shown events_spooled "Events waiting in the spool."}
            {Counts shown events_lost "Events lost, by reason."}
            {Count shown wire_bytes "Bytes sent to the collector, as the transport counts them."}
            {Count kept frames_cut "Frames of which the capture kept only the beginning."}
            {Counts kept unread_bytes "Bytes that were not read, by reason: those of undecodable frames by theirs, `not_captured` of cut frames, `behind_packet` behind the length that IP states (padding, trailers)."}
            {Counts shown detail_uploaded "Bytes of packets that the collector got on request, by request: its number, the host, for whom and why."}
        }
    };
}

type Count = u64;
type Counts = BTreeMap<String, u64>;

macro_rules! ledger {
    ($({$kind:ident $place:ident $name:ident $doc:tt})*) => {
        /// Counters of one sensor since its start. All are totals.
        ///
        /// Balances: `frames = decoded + undecodable.values().sum()`;
        /// `flows_opened = flows_closed + flows_evicted + flows_open`;
        /// `events = events_acknowledged + events_spooled + events_lost.values().sum()` (where a spool is used).
        #[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
        pub struct Ledger {
            $(#[doc = $doc] pub $name: $kind,)*
        }
    };
}

ledger_fields!(ledger);

/// The counters and the counters by name, each in the order of the list.
macro_rules! lists {
    ([$($count:ident)*] [$($counts:ident)*]) => {
        impl Ledger {
            pub(crate) fn counts(&self) -> Vec<u64> {
                vec![$(self.$count),*]
            }

            pub(crate) fn by_name(&self) -> Vec<&BTreeMap<String, u64>> {
                vec![$(&self.$counts),*]
            }

            pub(crate) fn counts_mut(&mut self) -> Vec<&mut u64> {
                vec![$(&mut self.$count),*]
            }

            pub(crate) fn by_name_mut(&mut self) -> Vec<&mut BTreeMap<String, u64>> {
                vec![$(&mut self.$counts),*]
            }
        }
    };
    ([$($count:ident)*] [$($counts:ident)*] {Count $place:ident $name:ident $doc:tt} $($rest:tt)*) => {
        lists! { [$($count)* $name] [$($counts)*] $($rest)* }
    };
    ([$($count:ident)*] [$($counts:ident)*] {Counts $place:ident $name:ident $doc:tt} $($rest:tt)*) => {
        lists! { [$($count)*] [$($counts)* $name] $($rest)* }
    };
}

ledger_fields!(lists [] []);

impl Ledger {
    /// Adds another sensor's (or shard's) totals.
    pub fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.by_name_mut().into_iter().zip(other.by_name()) {
            for (name, count) in theirs {
                *mine.entry(name.clone()).or_default() += count;
            }
        }
        // Sensors run side by side.
        let uptime = self.uptime_seconds.max(other.uptime_seconds);
        for (mine, theirs) in self.counts_mut().into_iter().zip(other.counts()) {
            *mine = mine.saturating_add(theirs);
        }
        self.uptime_seconds = uptime;
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
