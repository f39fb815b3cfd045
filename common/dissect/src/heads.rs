//! The first bytes of a conversation, kept until it is known what they are.

use crate::Head;
use crate::candidates::Candidates;
use picket_event::body::{self, PayloadShape};
use picket_event::{Both, Direction, Timestamp, Transport, Unit};

/// Bytes kept of both directions together before a decision is forced.
const BYTES_LIMIT: usize = 4096;
/// Datagrams kept before a decision is forced.
const DATAGRAMS_KEPT: usize = 24;
/// Segments kept before a decision is forced: some send byte by byte.
const SEGMENTS_KEPT: usize = 256;
/// Segments of which each is a reason to ask again. Behind them everybody is asked when there is an eighth more to see, so
/// that tiny segments cost no more than large ones.
const SEGMENTS_ASKED: usize = 24;
/// Datagrams of one direction without an answer before a decision is forced.
const DATAGRAMS_LIMIT: usize = 4;

/// Bytes of each direction that describe an unknown payload.
const SHAPE_LIMIT: usize = 256;

/// One segment or datagram, in order of arrival.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chunk {
    pub(crate) direction: Direction,
    pub(crate) length: usize,
    pub(crate) time: Timestamp,
}

/// The very first bytes of a conversation, which describe it where it turns out to be nobody's.
#[derive(Debug, Default)]
pub(crate) struct Beginning {
    bytes: [Vec<u8>; 2],
}

/// What was seen before the decision.
#[derive(Debug, Default)]
pub(crate) struct Heads {
    bytes: [Vec<u8>; 2],
    /// Where the last datagram of a direction begins.
    last: [usize; 2],
    chunks: Vec<Chunk>,
    /// Bytes that were there when everybody was asked last.
    asked: usize,
    /// Candidates that said no.
    pub(crate) refused: Candidates,
    /// What came before and is gone: taken by a reader that gave up, or forgotten behind a gap.
    pub(crate) begun: Option<Box<Beginning>>,
}

impl Beginning {
    /// Keeps the first bytes of a direction, where none are kept.
    #[inline]
    pub(crate) fn describe(&mut self, direction: Direction, bytes: &[u8]) {
        if let Some(kept) = self.bytes.get_mut(direction.index()).filter(|kept| kept.is_empty()) {
            kept.extend_from_slice(bytes.get(..SHAPE_LIMIT).unwrap_or(bytes));
        }
    }
}

impl Heads {
    /// Begins again behind what `begun` describes, without those that refused.
    pub(crate) fn again(refused: Candidates, begun: Option<Box<Beginning>>) -> Self {
        Self { refused, begun, ..Self::default() }
    }

    /// What describes the conversation, for the reader that takes over.
    pub(crate) fn beginning(self) -> Option<Box<Beginning>> {
        let Self { mut begun, bytes, .. } = self;
        for (direction, bytes) in [Direction::ToServer, Direction::ToClient].into_iter().zip(bytes) {
            if !bytes.is_empty() {
                begun.get_or_insert_default().describe(direction, &bytes);
            }
        }
        begun
    }

    pub(crate) fn push(&mut self, direction: Direction, bytes: &[u8], time: Timestamp) {
        let at = direction.index();
        if let (Some(kept), Some(last)) = (self.bytes.get_mut(at), self.last.get_mut(at)) {
            *last = kept.len();
            kept.extend_from_slice(bytes);
            self.chunks.push(Chunk { direction, length: bytes.len(), time });
        }
    }

    /// What a probe sees: of streams all bytes, of datagrams the last one each way; `flipped` exchanges the ends.
    pub(crate) fn view(&self, transport: Transport, flipped: bool) -> Head<'_> {
        let [to_server, to_client] = &self.bytes;
        let [last_server, last_client] = self.last;
        let (from_server, from_client) = if transport == Transport::TCP { (0, 0) } else { (last_server, last_client) };
        let straight = (to_server.get(from_server..).unwrap_or(&[]), to_client.get(from_client..).unwrap_or(&[]));
        let (to_server, to_client) = if flipped { (straight.1, straight.0) } else { straight };
        Head { transport, to_server, to_client }
    }

    /// Whether nothing of a direction is kept.
    pub(crate) fn lacks(&self, direction: Direction) -> bool {
        self.bytes.get(direction.index()).is_none_or(Vec::is_empty)
    }

    /// Keeps no more than describes the payload.
    pub(crate) fn shrink(&mut self) {
        self.chunks = Vec::new();
        for bytes in &mut self.bytes {
            bytes.truncate(SHAPE_LIMIT);
            bytes.shrink_to_fit();
        }
    }

    /// The first bytes of a direction that nobody will read: they describe it.
    pub(crate) fn describe(&mut self, direction: Direction, bytes: &[u8]) {
        if self.describes(direction) {
            return;
        }
        if let Some(kept) = self.bytes.get_mut(direction.index()) {
            kept.extend_from_slice(bytes.get(..SHAPE_LIMIT).unwrap_or(bytes));
        }
    }

    /// Whether bytes that describe a direction are kept.
    pub(crate) fn describes(&self, direction: Direction) -> bool {
        let kept = |bytes: &[Vec<u8>; 2]| bytes.get(direction.index()).is_some_and(|bytes| !bytes.is_empty());
        kept(&self.bytes) || self.begun.as_ref().is_some_and(|begun| kept(&begun.bytes))
    }

    /// The bytes that describe a direction.
    fn described(&self, direction: Direction) -> &[u8] {
        let begun = self.begun.as_ref().and_then(|begun| begun.bytes.get(direction.index()));
        let bytes = begun.filter(|bytes| !bytes.is_empty()).or_else(|| self.bytes.get(direction.index()));
        let bytes = bytes.map_or(&[][..], Vec::as_slice);
        bytes.get(..SHAPE_LIMIT).unwrap_or(bytes)
    }

    /// What the first bytes of both directions look like; `None` where none are kept.
    pub(crate) fn shape(&self) -> Option<PayloadShape> {
        let (to_server, to_client) = (self.described(Direction::ToServer), self.described(Direction::ToClient));
        let total = to_server.len() + to_client.len();
        let mut counts = [0u32; 256];
        for byte in to_server.iter().chain(to_client) {
            if let Some(count) = counts.get_mut(usize::from(*byte)) {
                *count += 1;
            }
        }
        let is_printable = |byte: &&u8| matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n');
        let printable = to_server.iter().chain(to_client).filter(is_printable).count();
        let share = |count: usize| count as f64 / total.max(1) as f64;
        let shares = counts.iter().filter(|count| **count > 0).map(|count| share(*count as usize));
        let entropy: f64 = shares.map(|share| -share * share.log2()).sum();
        (total > 0).then(|| PayloadShape {
            entropy: entropy.max(0.0) as f32,
            printable: Unit::new(share(printable) as f32),
            first: Both { to_server: body::Head::of(to_server), to_client: body::Head::of(to_client) },
        })
    }

    /// Gives every piece, in order of arrival.
    pub(crate) fn pieces(&self, mut take: impl FnMut(Direction, &[u8], Timestamp)) {
        let mut at = [0usize; 2];
        for chunk in &self.chunks {
            let from = chunk.direction.of_mut(&mut at);
            let bytes = self.slice(chunk.direction, *from, chunk.length);
            *from = from.saturating_add(chunk.length);
            take(chunk.direction, bytes, chunk.time);
        }
    }

    /// Bytes of one direction from `at`, `length` of them.
    fn slice(&self, direction: Direction, at: usize, length: usize) -> &[u8] {
        let bytes = self.bytes.get(direction.index()).map_or(&[][..], Vec::as_slice);
        bytes.get(at..at.saturating_add(length)).unwrap_or(&[])
    }

    /// Forgets one direction, behind a gap.
    pub(crate) fn forget(&mut self, direction: Direction) {
        if !self.lacks(direction) {
            let described = self.described(direction).to_vec();
            self.begun.get_or_insert_default().describe(direction, &described);
        }
        if let (Some(bytes), Some(last)) = (self.bytes.get_mut(direction.index()), self.last.get_mut(direction.index()))
        {
            bytes.clear();
            *last = 0;
        }
        self.chunks.retain(|chunk| chunk.direction != direction);
    }

    /// Bytes kept of both directions.
    fn kept(&self) -> usize {
        self.bytes.iter().map(Vec::len).sum()
    }

    /// Whether there is enough to see since everybody was asked last, so that they are asked again.
    pub(crate) fn asks(&mut self) -> bool {
        let kept = self.kept();
        let asks = self.chunks.len() <= SEGMENTS_ASKED || kept >= self.asked + self.asked / 8 || kept >= BYTES_LIMIT;
        if asks {
            self.asked = kept;
        }
        asks || self.chunks.len() >= SEGMENTS_KEPT
    }

    /// Whether the decision has to fall now.
    pub(crate) fn full(&self, transport: Transport) -> bool {
        let one_sided = self.bytes.iter().any(Vec::is_empty);
        let pieces = match transport {
            Transport::TCP => SEGMENTS_KEPT,
            _ if one_sided => DATAGRAMS_LIMIT,
            _ => DATAGRAMS_KEPT,
        };
        self.kept() >= BYTES_LIMIT || self.chunks.len() >= pieces
    }
}
