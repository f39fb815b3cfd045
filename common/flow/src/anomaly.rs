//! What no well-behaved peer sends, told of a flow.

use crate::history::{Excerpt, Overlap};
use std::fmt::Write as _;

/// Times to live that differ by so much came different ways, or from different hosts.
const TTL_APART: u8 = 5;

/// Something no well-behaved peer sends. Each is told once a flow; overlaps several times, then merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anomaly {
    /// A TCP segment carries other bytes for a place that was already filled.
    TcpOverlap(Overlap),
    /// So many more of them in this row.
    TcpOverlapsMerged(u32),
    /// A reset with a sequence number outside of the window.
    TcpResetOutOfWindow,
    /// Data went on behind a reset of their own side.
    TcpDataAfterReset,
    /// A FIN with a sequence number outside of the window.
    TcpFinOutOfWindow,
    /// Data went on behind a FIN of their own side.
    TcpDataAfterFin,
    /// A SYN with a new sequence number in an established connection.
    TcpSynInEstablished,
}

impl Anomaly {
    /// The name events carry.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::TcpOverlap(overlap) if are_apart(overlap) => "tcp_overlap_low_ttl",
            Self::TcpOverlap(_) | Self::TcpOverlapsMerged(_) => "tcp_overlap",
            Self::TcpResetOutOfWindow => "tcp_reset_out_of_window",
            Self::TcpDataAfterReset => "tcp_data_after_reset",
            Self::TcpFinOutOfWindow => "tcp_fin_out_of_window",
            Self::TcpDataAfterFin => "tcp_data_after_fin",
            Self::TcpSynInEstablished => "tcp_syn_in_established",
        }
    }

    /// In words.
    #[must_use]
    pub fn detail(&self) -> String {
        match self {
            Self::TcpOverlap(overlap) => both_views(overlap),
            Self::TcpOverlapsMerged(count) => format!("{count} further segments differ from the bytes received first"),
            Self::TcpResetOutOfWindow => "a reset outside of the window was ignored".to_owned(),
            Self::TcpDataAfterReset => {
                "data go on behind a reset of their own side, which was not its sender's".to_owned()
            }
            Self::TcpFinOutOfWindow => "a FIN outside of the window was ignored".to_owned(),
            Self::TcpDataAfterFin => "data go on behind a FIN of their own side".to_owned(),
            Self::TcpSynInEstablished => {
                "a SYN with another sequence number came in an established connection".to_owned()
            }
        }
    }

    /// Its place among those that are told once.
    pub(crate) const fn bit(&self) -> u8 {
        match self {
            Self::TcpOverlap(_) | Self::TcpOverlapsMerged(_) => 0,
            Self::TcpResetOutOfWindow => 1,
            Self::TcpDataAfterReset => 2,
            Self::TcpFinOutOfWindow => 4,
            Self::TcpDataAfterFin => 8,
            Self::TcpSynInEstablished => 16,
        }
    }
}

/// Whether one of the two packets cannot have come the other's way: what came first may never have arrived.
const fn are_apart(overlap: &Overlap) -> bool {
    overlap.first_ttl.abs_diff(overlap.later_ttl) >= TTL_APART
}

fn both_views(overlap: &Overlap) -> String {
    let hex = |excerpt: &Excerpt| {
        excerpt.bytes().iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    };
    let (first, later) = (hex(&overlap.first), hex(&overlap.later));
    let mut text =
        format!("a later segment differs at sequence number {}: first {first} (kept), then {later}", overlap.seq);
    if are_apart(overlap) {
        let _ = write!(text, "; times to live {} and {}", overlap.first_ttl, overlap.later_ttl);
    }
    text
}
