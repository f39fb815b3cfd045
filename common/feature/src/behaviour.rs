//! `flow/1`, `sequence/1` and `pair/1`: sizes, times and repetition.

use crate::flow_stats::{FIRST_PACKETS, FlowStats, PayloadHead, Summary};
use crate::observation::Observation;
use crate::schema::{features, flag, log, maybe};
use picket_event::Direction::{ToClient, ToServer};
use picket_event::Transport;

features! {
    /// `flow/1`. Names as NFStream has them; sizes are bytes on the wire, times milliseconds.
    FLOW_NAMES, flow, |seen| {
        let stats = seen.stats;
        let (up, down) = (stats.way(ToServer), stats.way(ToClient));
        let (both_size, up_size, down_size) = (stats.sizes(), up.sizes(), down.sizes());
        let (both_gap, up_gap, down_gap) = (stats.gaps_ms(), up.gaps_ms(), down.gaps_ms());
        let tcp = seen.transport == Transport::TCP;
        let flags = |bit: usize| if tcp { (up.flag(bit) + down.flag(bit)) as f32 } else { f32::NAN };
    }
    "bidirectional_duration_ms" => stats.duration_ms(),
    "bidirectional_packets" => stats.packets() as f32,
    "bidirectional_bytes" => (up.bytes + down.bytes) as f32,
    "src2dst_packets" => up.packets as f32,
    "src2dst_bytes" => up.bytes as f32,
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
    "src2dst_mean_piat_ms" => pick(up_gap, |s| s.mean),
    "src2dst_stddev_piat_ms" => pick(up_gap, |s| s.stddev),
    "src2dst_max_piat_ms" => pick(up_gap, |s| s.max),
    "dst2src_mean_piat_ms" => pick(down_gap, |s| s.mean),
    "dst2src_stddev_piat_ms" => pick(down_gap, |s| s.stddev),
    "dst2src_max_piat_ms" => pick(down_gap, |s| s.max),
    "bidirectional_syn_packets" => flags(1),
    "bidirectional_rst_packets" => flags(2),
    "bidirectional_psh_packets" => flags(3),
    "bidirectional_ack_packets" => flags(4),
    "bidirectional_fin_packets" => flags(0),
    "src2dst_payload_bytes" => up.payload_bytes as f32,
    "dst2src_payload_bytes" => down.payload_bytes as f32,
    "src2dst_payload_packets" => up.payload_packets as f32,
    "dst2src_payload_packets" => down.payload_packets as f32,
    "turns" => stats.turns() as f32,
    "src2dst_byte_share" => share(up.bytes, down.bytes),
    "src2dst_packet_share" => share(up.packets, down.packets),
    "src2dst_init_win_bytes" => maybe(up.first_window.map(f32::from)),
    "dst2src_init_win_bytes" => maybe(down.first_window.map(f32::from)),
    "src2dst_head_entropy" => head(up.head, |h| h.entropy),
    "dst2src_head_entropy" => head(down.head, |h| h.entropy),
    "src2dst_head_printable" => head(up.head, |h| h.printable),
    "dst2src_head_printable" => head(down.head, |h| h.printable),
}

pub(crate) fn pick(summary: Option<Summary>, part: fn(Summary) -> f32) -> f32 {
    maybe(summary.map(part))
}

pub(crate) fn head(head: Option<PayloadHead>, part: fn(PayloadHead) -> f32) -> f32 {
    maybe(head.map(part))
}

pub(crate) fn share(part: u64, rest: u64) -> f32 {
    if part + rest == 0 { f32::NAN } else { part as f32 / (part + rest) as f32 }
}

/// Values of `sequence/1`.
pub(crate) const SEQUENCE_LEN: usize = 2 * FIRST_PACKETS;

/// `length_0` to `length_19`, then `log_gap_0` to `log_gap_19`.
pub(crate) fn sequence_names() -> Vec<String> {
    let of = |what: &'static str| (0..FIRST_PACKETS).map(move |i| format!("{what}_{i}"));
    of("length").chain(of("log_gap")).collect()
}

/// `sequence/1`: signed wire lengths of the first packets (positive to the server) and
/// `8 x log2(1 + microseconds)` before each; absent behind the flow's end.
pub(crate) fn sequence(seen: &Observation<'_>, into: &mut Vec<f32>) {
    let stats: &FlowStats = seen.stats;
    let pad = FIRST_PACKETS - stats.first_lengths().len().min(FIRST_PACKETS);
    into.extend(stats.first_lengths().iter().map(|length| f32::from(*length)));
    into.extend(std::iter::repeat_n(f32::NAN, pad));
    into.extend(stats.first_log_gaps().iter().map(|gap| f32::from(*gap)));
    into.extend(std::iter::repeat_n(f32::NAN, pad));
}

features! {
    /// `pair/1`. Spans and counts as `ln(1 + x)`.
    PAIR_NAMES, pair, |seen| {
        let pair = seen.pair;
        let (up, down) = (seen.stats.bytes(ToServer), seen.stats.bytes(ToClient));
    }
    "pair_flows_log" => maybe(pair.map(|p| log(p.flows as f32))),
    "pair_interval_median_log" => maybe(pair.and_then(|p| p.interval_median_s).map(log)),
    "pair_interval_cv" => maybe(pair.and_then(|p| p.interval_cv)),
    "pair_download_cv" => maybe(pair.and_then(|p| p.download_cv)),
    "pair_download_mean_log" => maybe(pair.and_then(|p| p.download_mean).map(log)),
    "pair_span_log" => maybe(pair.map(|p| log(p.span_s))),
    "pair_upload_share" => share(up, down),
    "pair_server_port_443" => flag(seen.server_port == 443),
    "pair_server_port_registered" => flag(seen.server_port < 1024),
}
