//! The second piece of the line: one of 64 logical shards, with its flows.

use super::fetch::fetch;
use super::listener::{Listener, Tracked};
use super::{Limits, SHARDS, Settings};
use picket_event::Ledger;
use picket_flow::{Clock, Packet, Table, TableConfig, TableTimeouts};
use std::time::Duration;

/// Equal industrial messages are merged over so much time, nanoseconds of the clock.
const MERGE_NANOS: i64 = 60_000_000_000;

/// One shard. Who listens to its table listens to those of other shards too, and is told whose turn it is.
#[derive(Debug)]
pub(crate) struct Shard {
    table: Table<Tracked>,
    minute: i64,
    /// The tick in which the next minute begins.
    turns: u64,
}

impl Shard {
    pub(crate) fn new(number: u8, settings: &Settings) -> Self {
        Self { table: Table::new(table(number, &settings.limits)), minute: 0, turns: 0 }
    }

    /// From `now` of the clock on, these caps hold.
    pub(crate) fn tune(&mut self, settings: &Settings, now: i64, listener: &mut Listener) {
        self.table.configure(table(0, &settings.limits), now, listener);
    }

    /// Says that a packet with this hash comes soon.
    #[inline]
    pub(crate) fn fetch(&self, hash: u64) {
        if let Some(place) = self.table.place(hash) {
            fetch(place);
        }
    }

    #[inline]
    pub(crate) fn packet(&mut self, packet: &Packet<'_>, listener: &mut Listener) {
        self.table.packet(packet, listener);
    }

    /// The tick before which [`Shard::advance`] finds nothing to do.
    #[inline]
    pub(crate) fn due(&self) -> u64 {
        self.table.due().min(self.turns)
    }

    /// Lets time pass to `now` of the clock.
    pub(crate) fn advance(&mut self, now: i64, listener: &mut Listener) {
        self.table.advance(now, listener);
        let minute = now / MERGE_NANOS;
        if minute != self.minute {
            self.minute = minute;
            self.turns = Clock::tick_of((minute + 1).saturating_mul(MERGE_NANOS));
            listener.minute();
        }
    }

    pub(crate) fn finish(&mut self, listener: &mut Listener) {
        self.table.finish(listener);
    }

    /// Adds the table's share to the books.
    pub(crate) fn account(&self, ledger: &mut Ledger) {
        let counters = self.table.counters();
        let mut mine = Ledger {
            flows_opened: counters.opened,
            flows_closed: counters.closed,
            flows_evicted: counters.evicted,
            flows_refused: counters.refused,
            flows_open: counters.open,
            ..Ledger::default()
        };
        for (row, count) in [
            ("tcp_reassembly", counters.reassembly_capped),
            ("tcp_resynchronised", counters.resynchronised),
            ("tcp_overlap", counters.overlaps),
            ("tcp_end_disbelieved", counters.ends_disbelieved),
        ] {
            if count > 0 {
                mine.capped.insert(row.to_owned(), count);
            }
        }
        ledger.add(&mine);
    }
}

/// A shard's part of the caps.
fn table(number: u8, limits: &Limits) -> TableConfig {
    let shards = SHARDS as u32;
    let nanos = |duration: Duration| i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
    let t = &limits.timeouts;
    TableConfig {
        shard: number,
        flows: (limits.flows / shards).max(1),
        flow_bytes: limits.reassembly_flow_bytes as usize,
        table_bytes: (limits.reassembly_bytes / shards) as usize,
        timeouts: TableTimeouts {
            tcp_established: nanos(t.tcp_established),
            tcp_unestablished: nanos(t.tcp_unestablished),
            tcp_closed: nanos(t.tcp_closed),
            tcp_late: nanos(t.tcp_late),
            udp: nanos(t.udp),
            other: nanos(t.other),
            link: nanos(t.link),
            active: nanos(t.active),
        },
    }
}
