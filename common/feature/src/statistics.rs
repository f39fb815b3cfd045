//! `flow/2` and `sequence/2`: the full set of flow statistics, and sequences with their transitions and TLS records.
//!
//! Names are NFStream's where the meaning is the same, and otherwise say what they hold in its manner; `docs/features.md`
//! has the map to CICFlowMeter and what differs.

use crate::behaviour::{head, pick, share};
use crate::detail::{BINS, FlowDetail, Matrix, OneWay as DetailWay};
use crate::flow_stats::{FIRST_PACKETS, Summary};
use crate::observation::Observation;
use crate::schema::{features, maybe};
use picket_dissect::tls::{RECORDS, Records};
use picket_event::Direction::{ToClient, ToServer};
use picket_event::Transport;

features! {
    /// `flow/2`.
    FLOW_NAMES, flow, |seen| {
        let stats = seen.stats;
        let (up, down) = (stats.way(ToServer), stats.way(ToClient));
        let (both_size, up_size, down_size) = (stats.sizes(), up.sizes(), down.sizes());
        let (both_gap, up_gap, down_gap) = (stats.gaps_ms(), up.gaps_ms(), down.gaps_ms());
        let tcp = |value: f32| if seen.transport == Transport::TCP { value } else { f32::NAN };
        let flags = |bit: usize| tcp(up.flag(bit) as f32 + down.flag(bit) as f32);
        let (up_flags, down_flags) = (|bit: usize| tcp(up.flag(bit) as f32), |bit: usize| tcp(down.flag(bit) as f32));
        let detail = seen.detail;
        let of = |part: fn(&FlowDetail) -> Option<Summary>| detail.and_then(part);
        let (payload, active, idle) = (of(FlowDetail::payload), of(FlowDetail::active), of(FlowDetail::idle));
        let up_payload = detail.and_then(|d| d.way(ToServer).payload());
        let down_payload = detail.and_then(|d| d.way(ToClient).payload());
        let up_bulk = detail.map(|d| d.way(ToServer)).map(DetailWay::bulks);
        let down_bulk = detail.map(|d| d.way(ToClient)).map(DetailWay::bulks);
        let subflows = detail.map(|d| d.subflows() as f32);
        let part = |total: u64| maybe(subflows.map(|n| total as f32 / n));
        let seconds = stats.duration_ms() / 1e3;
        let rate = |count: u64| if seconds > 0.0 { count as f32 / seconds } else { f32::NAN };
        let (packets, bytes) = (up.packets + down.packets, up.bytes + down.bytes);
    }
    "bidirectional_duration_ms" => stats.duration_ms(),
    "bidirectional_packets" => packets as f32,
    "bidirectional_bytes" => bytes as f32,
    "src2dst_duration_ms" => up.duration_ms(),
    "src2dst_packets" => up.packets as f32,
    "src2dst_bytes" => up.bytes as f32,
    "dst2src_duration_ms" => down.duration_ms(),
    "dst2src_packets" => down.packets as f32,
    "dst2src_bytes" => down.bytes as f32,
    "bidirectional_min_ps" => pick(both_size, |s| s.min),
    "bidirectional_mean_ps" => pick(both_size, |s| s.mean),
    "bidirectional_stddev_ps" => pick(both_size, |s| s.stddev),
    "bidirectional_max_ps" => pick(both_size, |s| s.max),
    "src2dst_min_ps" => pick(up_size, |s| s.min),
    "src2dst_mean_ps" => pick(up_size, |s| s.mean),
    "src2dst_stddev_ps" => pick(up_size, |s| s.stddev),
    "src2dst_max_ps" => pick(up_size, |s| s.max),
    "dst2src_min_ps" => pick(down_size, |s| s.min),
    "dst2src_mean_ps" => pick(down_size, |s| s.mean),
    "dst2src_stddev_ps" => pick(down_size, |s| s.stddev),
    "dst2src_max_ps" => pick(down_size, |s| s.max),
    "bidirectional_min_piat_ms" => pick(both_gap, |s| s.min),
    "bidirectional_mean_piat_ms" => pick(both_gap, |s| s.mean),
    "bidirectional_stddev_piat_ms" => pick(both_gap, |s| s.stddev),
    "bidirectional_max_piat_ms" => pick(both_gap, |s| s.max),
    "src2dst_min_piat_ms" => pick(up_gap, |s| s.min),
    "src2dst_mean_piat_ms" => pick(up_gap, |s| s.mean),
    "src2dst_stddev_piat_ms" => pick(up_gap, |s| s.stddev),
    "src2dst_max_piat_ms" => pick(up_gap, |s| s.max),
    "dst2src_min_piat_ms" => pick(down_gap, |s| s.min),
    "dst2src_mean_piat_ms" => pick(down_gap, |s| s.mean),
    "dst2src_stddev_piat_ms" => pick(down_gap, |s| s.stddev),
    "dst2src_max_piat_ms" => pick(down_gap, |s| s.max),
    "bidirectional_syn_packets" => flags(1),
    "bidirectional_cwr_packets" => flags(7),
    "bidirectional_ece_packets" => flags(6),
    "bidirectional_urg_packets" => flags(5),
    "bidirectional_ack_packets" => flags(4),
    "bidirectional_psh_packets" => flags(3),
    "bidirectional_rst_packets" => flags(2),
    "bidirectional_fin_packets" => flags(0),
    "src2dst_syn_packets" => up_flags(1),
    "src2dst_cwr_packets" => up_flags(7),
    "src2dst_ece_packets" => up_flags(6),
    "src2dst_urg_packets" => up_flags(5),
    "src2dst_ack_packets" => up_flags(4),
    "src2dst_psh_packets" => up_flags(3),
    "src2dst_rst_packets" => up_flags(2),
    "src2dst_fin_packets" => up_flags(0),
    "dst2src_syn_packets" => down_flags(1),
    "dst2src_cwr_packets" => down_flags(7),
    "dst2src_ece_packets" => down_flags(6),
    "dst2src_urg_packets" => down_flags(5),
    "dst2src_ack_packets" => down_flags(4),
    "dst2src_psh_packets" => down_flags(3),
    "dst2src_rst_packets" => down_flags(2),
    "dst2src_fin_packets" => down_flags(0),
    "bidirectional_payload_bytes" => (up.payload_bytes + down.payload_bytes) as f32,
    "src2dst_payload_bytes" => up.payload_bytes as f32,
    "dst2src_payload_bytes" => down.payload_bytes as f32,
    "src2dst_payload_packets" => up.payload_packets as f32,
    "dst2src_payload_packets" => down.payload_packets as f32,
    "bidirectional_min_payload" => pick(payload, |s| s.min),
    "bidirectional_mean_payload" => pick(payload, |s| s.mean),
    "bidirectional_stddev_payload" => pick(payload, |s| s.stddev),
    "bidirectional_max_payload" => pick(payload, |s| s.max),
    "src2dst_min_payload" => pick(up_payload, |s| s.min),
    "src2dst_mean_payload" => pick(up_payload, |s| s.mean),
    "src2dst_stddev_payload" => pick(up_payload, |s| s.stddev),
    "src2dst_max_payload" => pick(up_payload, |s| s.max),
    "dst2src_min_payload" => pick(down_payload, |s| s.min),
    "dst2src_mean_payload" => pick(down_payload, |s| s.mean),
    "dst2src_stddev_payload" => pick(down_payload, |s| s.stddev),
    "dst2src_max_payload" => pick(down_payload, |s| s.max),
    "bidirectional_bytes_per_s" => rate(bytes),
    "bidirectional_packets_per_s" => rate(packets),
    "src2dst_packets_per_s" => rate(up.packets),
    "dst2src_packets_per_s" => rate(down.packets),
    "down_up_ratio" => if up.packets > 0 { down.packets as f32 / up.packets as f32 } else { f32::NAN },
    "src2dst_byte_share" => share(up.bytes, down.bytes),
    "src2dst_packet_share" => share(up.packets, down.packets),
    "src2dst_init_win_bytes" => maybe(up.first_window.map(f32::from)),
    "dst2src_init_win_bytes" => maybe(down.first_window.map(f32::from)),
    "subflows" => maybe(subflows),
    "src2dst_subflow_packets" => part(up.packets),
    "src2dst_subflow_bytes" => part(up.payload_bytes),
    "dst2src_subflow_packets" => part(down.packets),
    "dst2src_subflow_bytes" => part(down.payload_bytes),
    "src2dst_bulk_bytes" => maybe(up_bulk.map(|b| b.0)),
    "src2dst_bulk_packets" => maybe(up_bulk.map(|b| b.1)),
    "src2dst_bulk_bytes_per_s" => maybe(up_bulk.map(|b| b.2)),
    "dst2src_bulk_bytes" => maybe(down_bulk.map(|b| b.0)),
    "dst2src_bulk_packets" => maybe(down_bulk.map(|b| b.1)),
    "dst2src_bulk_bytes_per_s" => maybe(down_bulk.map(|b| b.2)),
    "active_min_ms" => pick(active, |s| s.min),
    "active_mean_ms" => pick(active, |s| s.mean),
    "active_stddev_ms" => pick(active, |s| s.stddev),
    "active_max_ms" => pick(active, |s| s.max),
    "idle_min_ms" => pick(idle, |s| s.min),
    "idle_mean_ms" => pick(idle, |s| s.mean),
    "idle_stddev_ms" => pick(idle, |s| s.stddev),
    "idle_max_ms" => pick(idle, |s| s.max),
    "turns" => stats.turns() as f32,
    "src2dst_head_entropy" => head(up.head, |h| h.entropy),
    "dst2src_head_entropy" => head(down.head, |h| h.entropy),
    "src2dst_head_printable" => head(up.head, |h| h.printable),
    "dst2src_head_printable" => head(down.head, |h| h.printable),
}

/// Values of `sequence/2`.
pub(crate) const SEQUENCE_LEN: usize = 2 * FIRST_PACKETS + 2 * BINS * BINS + RECORDS;

/// The names of `sequence/1`, then `length_step_0_0` to `length_step_9_9`, `gap_step_...`, `record_0` to `record_19`.
pub(crate) fn sequence_names() -> Vec<String> {
    let steps = |what: &'static str| {
        (0..BINS).flat_map(move |from| (0..BINS).map(move |to| format!("{what}_step_{from}_{to}")))
    };
    let mut names = crate::behaviour::sequence_names();
    names.extend(steps("length").chain(steps("gap")));
    names.extend((0..RECORDS).map(|i| format!("record_{i}")));
    names
}

/// `sequence/2`: the values of `sequence/1`; shares of the steps between bins of 150 bytes of payload, and between bins of
/// 50 ms of gaps, over packets with payload; signed lengths of the first TLS records. Absent behind the flow's end, and
/// steps and records where no detail was kept.
pub(crate) fn sequence(seen: &Observation<'_>, into: &mut Vec<f32>) {
    crate::behaviour::sequence(seen, into);
    let matrix = |matrix: Option<&Matrix>, into: &mut Vec<f32>| match matrix {
        Some(matrix) => into.extend(matrix.shares()),
        None => into.extend(std::iter::repeat_n(f32::NAN, BINS * BINS)),
    };
    matrix(seen.detail.map(FlowDetail::lengths), into);
    matrix(seen.detail.map(FlowDetail::gap_steps), into);
    let records = seen.records.into_iter().flat_map(Records::lengths);
    into.extend(records.chain(std::iter::repeat(f32::NAN)).take(RECORDS));
}
