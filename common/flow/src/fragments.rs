//! IP datagrams, and frames inside CAPWAP, put together again: bounded in number, bytes and time; the bytes received first win.

use crate::list::NONE;
use picket_event::Timestamp;
use picket_packet::{Divided, Fragment, Network};
use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

/// The longest datagram, bytes; IP lengths are 16 bits wide.
const DATAGRAM_MAX: usize = 65_535;
/// Pieces of one datagram at most.
const PIECES_MAX: usize = 256;

/// Caps and time-out.
#[derive(Clone, Copy, Debug)]
pub struct FragmentsConfig {
    /// Datagrams held at once.
    pub datagrams: usize,
    /// Bytes held in all.
    pub bytes: usize,
    /// How long the rest is waited for, nanoseconds.
    pub timeout: i64,
}

/// A fragment with the frame it came in.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'a> {
    /// The network layer.
    pub network: Network,
    /// The fragment.
    pub fragment: Fragment,
    /// Its bytes as captured.
    pub data: &'a [u8],
    /// Their number on the wire.
    pub wire: u32,
    /// Frames it came in: 1, or more where it was itself put together from fragments.
    pub frames: u32,
    /// Their length on the wire.
    pub frame_wire: u32,
    /// Capture time.
    pub time: Timestamp,
    /// Clock time, nanoseconds.
    pub now: i64,
}

/// A datagram that is whole.
#[derive(Debug)]
pub struct Whole {
    /// What it carries.
    pub payload: Vec<u8>,
    /// Frames it came in.
    pub frames: u32,
    /// Their length on the wire.
    pub wire_len: u32,
    /// Whether pieces overlapped with other bytes or at other borders.
    pub overlap: bool,
}

/// A datagram whose rest did not come in time, or whose place was needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overdue {
    /// The sender.
    pub src: IpAddr,
    /// The receiver.
    pub dest: IpAddr,
    /// The protocol above.
    pub protocol: u8,
    /// Capture time of its first piece.
    pub time: Timestamp,
    /// Frames it came in.
    pub frames: u32,
}

type Key = (IpAddr, IpAddr, u8, u32, Divided);

/// Datagrams under way, oldest first.
#[derive(Debug)]
pub struct Fragments {
    config: FragmentsConfig,
    open: BTreeMap<Key, Datagram>,
    /// By age; entries whose serial does not match any more are stale.
    order: VecDeque<(i64, u64, Key)>,
    serial: u64,
    bytes: usize,
    capped: u64,
    overdue: u64,
}

#[derive(Debug)]
struct Datagram {
    serial: u64,
    time: Timestamp,
    /// Start and end of the pieces, sorted, not overlapping.
    pieces: Vec<(u32, u32)>,
    payload: Vec<u8>,
    total: Option<u32>,
    frames: u32,
    wire_len: u32,
    overlap: bool,
}

impl Fragments {
    /// Holds nothing.
    #[must_use]
    pub const fn new(config: FragmentsConfig) -> Self {
        Self { config, open: BTreeMap::new(), order: VecDeque::new(), serial: 0, bytes: 0, capped: 0, overdue: 0 }
    }

    /// From the next piece on these caps and this time-out hold.
    pub const fn configure(&mut self, config: FragmentsConfig) {
        self.config = config;
    }

    /// Datagrams given up because a cap was reached.
    #[must_use]
    pub const fn capped(&self) -> u64 {
        self.capped
    }

    /// Datagrams whose rest never came.
    #[must_use]
    pub const fn overdue(&self) -> u64 {
        self.overdue
    }

    /// Datagrams under way.
    #[must_use]
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether none is under way.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Takes a piece; the datagram when it was the last one. `given_up` hears of datagrams whose place it takes.
    pub fn push(&mut self, piece: &Piece<'_>, given_up: &mut impl FnMut(Overdue)) -> Option<Whole> {
        let Fragment { id, of, .. } = piece.fragment;
        let key = (piece.network.src, piece.network.dest, piece.network.protocol, id, of);
        if !self.open.contains_key(&key) {
            self.begin(key, piece);
        }
        let datagram = self.open.get_mut(&key)?;
        let before = datagram.payload.len();
        datagram.add(piece);
        self.bytes = self.bytes.saturating_add(datagram.payload.len()).saturating_sub(before);
        if datagram.is_whole() {
            let done = self.open.remove(&key)?;
            self.bytes = self.bytes.saturating_sub(done.payload.len());
            let Datagram { payload, frames, wire_len, overlap, .. } = done;
            return Some(Whole { payload, frames, wire_len, overlap });
        }
        while self.open.len() > self.config.datagrams || self.bytes > self.config.bytes {
            self.capped += 1;
            match self.pop_oldest() {
                Some(overdue) => given_up(overdue),
                None => break,
            }
        }
        None
    }

    fn begin(&mut self, key: Key, piece: &Piece<'_>) {
        self.serial += 1;
        self.order.push_back((piece.now, self.serial, key));
        let datagram = Datagram {
            serial: self.serial,
            time: piece.time,
            pieces: Vec::new(),
            payload: Vec::new(),
            total: None,
            frames: 0,
            wire_len: 0,
            overlap: false,
        };
        self.open.insert(key, datagram);
        // Stale entries are at most as many as the live ones.
        if self.order.len() > 2 * self.config.datagrams + 16 {
            let open = &self.open;
            self.order.retain(|(_, serial, key)| open.get(key).is_some_and(|datagram| datagram.serial == *serial));
        }
    }

    /// Gives up the datagrams whose time is over.
    pub fn advance(&mut self, now: i64, given_up: &mut impl FnMut(Overdue)) {
        while self.order.front().is_some_and(|(began, ..)| now.saturating_sub(*began) >= self.config.timeout) {
            if let Some(overdue) = self.pop_front() {
                self.overdue += 1;
                given_up(overdue);
            }
        }
    }

    /// Gives up all.
    pub fn finish(&mut self, given_up: &mut impl FnMut(Overdue)) {
        while let Some(overdue) = self.pop_oldest() {
            self.overdue += 1;
            given_up(overdue);
        }
    }

    fn pop_oldest(&mut self) -> Option<Overdue> {
        while !self.order.is_empty() {
            if let Some(overdue) = self.pop_front() {
                return Some(overdue);
            }
        }
        None
    }

    /// Takes the front of the order; `None` when it was stale.
    fn pop_front(&mut self) -> Option<Overdue> {
        let (_, serial, key) = self.order.pop_front()?;
        if self.open.get(&key)?.serial != serial {
            return None;
        }
        let datagram = self.open.remove(&key)?;
        self.bytes = self.bytes.saturating_sub(datagram.payload.len());
        let (src, dest, protocol, ..) = key;
        Some(Overdue { src, dest, protocol, time: datagram.time, frames: datagram.frames })
    }
}

impl Datagram {
    fn add(&mut self, piece: &Piece<'_>) {
        self.frames = self.frames.saturating_add(piece.frames);
        self.wire_len = self.wire_len.saturating_add(piece.frame_wire);
        let start = piece.fragment.offset;
        let end = start.saturating_add(u32::try_from(piece.data.len()).unwrap_or(NONE));
        if end as usize > DATAGRAM_MAX || self.pieces.len() >= PIECES_MAX {
            self.overlap = true;
            return;
        }
        if !piece.fragment.more {
            let total = start.saturating_add(piece.wire);
            self.overlap |= self.total.is_some_and(|known| known != total);
            self.total = self.total.or(Some(total));
        }
        // A piece without bytes makes no datagram longer.
        if start < end && self.payload.len() < end as usize {
            self.payload.resize(end as usize, 0);
        }
        self.fill(start, end, piece.data);
    }

    /// Writes what is new of a piece into the holes it covers.
    fn fill(&mut self, start: u32, end: u32, data: &[u8]) {
        let mut at = start;
        let mut fresh = Vec::new();
        for (from, to) in self.pieces.iter().copied().filter(|(from, to)| *from < end && *to > start) {
            if from > at {
                fresh.push((at, from));
            }
            let (low, high) = (from.max(start), to.min(end));
            let held = self.payload.get(low as usize..high as usize);
            let ours = data.get((low - start) as usize..(high - start) as usize);
            // An exact duplicate is ordinary; other borders are not (RFC 5722), nor are other bytes.
            self.overlap |= held != ours || (from, to) != (start, end);
            at = at.max(to);
        }
        if at < end {
            fresh.push((at, end));
        }
        for (from, to) in fresh {
            let place = self.payload.get_mut(from as usize..to as usize);
            let bytes = data.get((from - start) as usize..(to - start) as usize);
            if let (Some(place), Some(bytes)) = (place, bytes) {
                place.copy_from_slice(bytes);
            }
            let index = self.pieces.partition_point(|(known, _)| *known < from);
            self.pieces.insert(index, (from, to));
        }
    }

    fn is_whole(&self) -> bool {
        let Some(total) = self.total else { return false };
        let mut at = 0;
        for (from, to) in &self.pieces {
            if *from > at {
                return false;
            }
            at = at.max(*to);
        }
        at >= total
    }
}
