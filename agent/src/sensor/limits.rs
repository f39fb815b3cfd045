//! Every cap and time-out of the line, with its default.

use std::time::Duration;

/// Caps of a sensor. What depends on a shard is shared out evenly over the 64 shards.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Conversations tracked at once, all shards together. Default 262,144.
    pub flows: u32,
    /// Bytes of out-of-order TCP data held for one conversation. Default 256 KiB.
    pub reassembly_flow_bytes: u32,
    /// Bytes of out-of-order TCP data held by all. Default 32 MiB.
    pub reassembly_bytes: u32,
    /// Fragmented IP datagrams held at once. Default 1,024.
    pub fragment_datagrams: u32,
    /// Bytes of fragments held by all. Default 8 MiB.
    pub fragment_bytes: u32,
    /// Time-outs of conversations and fragments.
    pub timeouts: Timeouts,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            flows: 262_144,
            reassembly_flow_bytes: 256 << 10,
            reassembly_bytes: 32 << 20,
            fragment_datagrams: 1_024,
            fragment_bytes: 8 << 20,
            timeouts: Timeouts::default(),
        }
    }
}

/// Time-outs, on capture time.
#[derive(Clone, Debug, PartialEq)]
pub struct Timeouts {
    /// TCP with both sides speaking. Default 300 s.
    pub tcp_established: Duration,
    /// TCP without an answer. Default 30 s.
    pub tcp_unestablished: Duration,
    /// From the end of a TCP connection to its flow row. Default 300 ms.
    pub tcp_closed: Duration,
    /// How long late segments of an ended connection are known as such. Default 10 s.
    pub tcp_late: Duration,
    /// UDP. Default 60 s.
    pub udp: Duration,
    /// Everything else over IP. Default 60 s.
    pub other: Duration,
    /// Layer-2 conversations, which are often cyclic and slow. Default 300 s.
    pub link: Duration,
    /// A conversation that lives longer gives a row each time this passes. Default 1,800 s.
    pub active: Duration,
    /// Fragments waiting for the rest. Default 30 s.
    pub fragment: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            tcp_established: Duration::from_secs(300),
            tcp_unestablished: Duration::from_secs(30),
            tcp_closed: Duration::from_millis(300),
            tcp_late: Duration::from_secs(10),
            udp: Duration::from_secs(60),
            other: Duration::from_secs(60),
            link: Duration::from_secs(300),
            active: Duration::from_secs(1_800),
            fragment: Duration::from_secs(30),
        }
    }
}
