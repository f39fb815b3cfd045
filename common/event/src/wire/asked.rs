//! What a collector asks an agent for beside events, and what a policy makes an agent ask the collector for: packets of one
//! host, and model bundles. Both travel in pieces, each acknowledged by how far the other side has it for good.

use bincode::{Decode, Encode};

/// Bytes of a piece of an upload or of a bundle at most.
pub const MAX_PART_BYTES: usize = 48 << 10;

/// Packets of one host are wanted. Told when the request is approved, and at every connect until it has ended.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct DetailRequest {
    /// Its number at the collector.
    pub id: u64,
    /// The host's address.
    pub host: std::net::IpAddr,
    /// Packets from this time on, nanoseconds since 1970 ...
    pub from: i64,
    /// ... and before this one.
    pub until: i64,
    /// Bytes of the answer at most.
    pub bytes: u64,
    /// Who asked, and who approved.
    pub by: String,
    /// Why.
    pub reason: String,
    /// Bytes of the answer that the collector has for good.
    pub durable: u64,
}

/// How an agent stands to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum DetailOutcome {
    /// Packets are kept and sent.
    Keeping,
    /// Everything was sent.
    Complete,
    /// The host does not allow it, or has no room for it: the words say why. Nothing was kept.
    Refused,
}

/// What an agent says to a request.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct DetailAnswer {
    /// The request.
    pub id: u64,
    /// How it stands.
    pub outcome: DetailOutcome,
    /// Packets kept so far.
    pub packets: u64,
    /// Bytes of the answer so far.
    pub bytes: u64,
    /// One sentence, or nothing.
    pub words: String,
}

/// A piece of an answer; all in order are one pcapng file.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct DetailPart {
    /// The request.
    pub id: u64,
    /// Bytes before it.
    pub offset: u64,
    /// The piece, 1 to [`MAX_PART_BYTES`] bytes.
    pub bytes: Vec<u8>,
}

/// How far the collector has an answer for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct DetailDurable {
    /// The request.
    pub id: u64,
    /// Bytes from the beginning; [`DetailDurable::OVER`] when nothing more of it is wanted.
    pub bytes: u64,
}

impl DetailDurable {
    /// The request has ended: the agent forgets what it kept for it.
    pub const OVER: u64 = u64::MAX;
}

/// An agent wants a piece of a bundle that a policy names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct BundleWant {
    /// The bundle's SHA-256.
    pub sha256: [u8; 32],
    /// Bytes it has already.
    pub offset: u64,
}

/// A piece of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct BundlePart {
    /// The bundle's SHA-256.
    pub sha256: [u8; 32],
    /// Bytes before it.
    pub offset: u64,
    /// Bytes of the whole bundle; 0 where the collector has none of this digest.
    pub total: u64,
    /// The piece, at most [`MAX_PART_BYTES`] bytes.
    pub bytes: Vec<u8>,
}
