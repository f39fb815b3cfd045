//! A TCP connection, written frame by frame.

use super::Capture;
use super::frame::{Host, over_ip};
use picket_event::Direction;

const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const PSH: u8 = 0x08;
const ACK: u8 = 0x10;

/// A connection being written into a capture. Each call adds frames and moves its time on.
#[derive(Debug)]
pub struct Tcp<'a> {
    capture: &'a mut Capture,
    time_ns: i64,
    round_trip_ns: i64,
    segment: usize,
    ends: [(Host, u16); 2],
    sequence: [u32; 2],
}

impl<'a> Tcp<'a> {
    /// Opens a connection with its three-way handshake.
    pub fn open(capture: &'a mut Capture, time_ns: i64, client: (&Host, u16), server: (&Host, u16)) -> Self {
        let mut tcp = Self::midstream(capture, time_ns, client, server);
        tcp.frame(Direction::ToServer, SYN, &[]);
        tcp.bump(Direction::ToServer, 1);
        tcp.half_trip();
        tcp.frame(Direction::ToClient, SYN | ACK, &[]);
        tcp.bump(Direction::ToClient, 1);
        tcp.half_trip();
        tcp.frame(Direction::ToServer, ACK, &[]);
        tcp
    }

    /// A connection that began before the capture.
    pub fn midstream(capture: &'a mut Capture, time_ns: i64, client: (&Host, u16), server: (&Host, u16)) -> Self {
        // Sequence numbers follow from the ends, so that the same script gives the same bytes.
        let seed = (time_ns as u32).wrapping_mul(2_654_435_761) ^ (u32::from(client.1) << 16 | u32::from(server.1));
        Self {
            capture,
            time_ns,
            round_trip_ns: 2_000_000,
            segment: 1460,
            ends: [(client.0.clone(), client.1), (server.0.clone(), server.1)],
            sequence: [seed, seed.rotate_left(13) ^ 0x5bd1_e995],
        }
    }

    /// Sets the largest payload of a segment, bytes.
    pub fn segment(&mut self, bytes: usize) -> &mut Self {
        self.segment = bytes.max(1);
        self
    }

    /// Sets the round-trip time, nanoseconds.
    pub fn round_trip(&mut self, nanos: i64) -> &mut Self {
        self.round_trip_ns = nanos;
        self
    }

    /// Moves the connection's time on.
    pub fn wait(&mut self, nanos: i64) -> &mut Self {
        self.time_ns += nanos;
        self
    }

    /// The connection's time, nanoseconds since 1970.
    #[must_use]
    pub const fn now(&self) -> i64 {
        self.time_ns
    }

    /// The client sends.
    pub fn to_server(&mut self, payload: &[u8]) -> &mut Self {
        self.send(Direction::ToServer, payload)
    }

    /// The server sends.
    pub fn to_client(&mut self, payload: &[u8]) -> &mut Self {
        self.send(Direction::ToClient, payload)
    }

    /// One side sends, in as many segments as it takes; the other acknowledges.
    pub fn send(&mut self, direction: Direction, payload: &[u8]) -> &mut Self {
        self.frame_of(direction, payload);
        self.half_trip();
        self.frame(direction.opposite(), ACK, &[]);
        self
    }

    /// Bytes that were sent and are not in the capture.
    pub fn lose(&mut self, direction: Direction, bytes: usize) -> &mut Self {
        self.bump(direction, bytes);
        self
    }

    /// One side sends, and nothing of the other is in the capture.
    pub fn frame_of(&mut self, direction: Direction, payload: &[u8]) -> &mut Self {
        for part in payload.chunks(self.segment) {
            self.frame(direction, PSH | ACK, part);
            self.bump(direction, part.len());
            self.time_ns += 20_000;
        }
        self
    }

    /// Both sides finish.
    pub fn close(&mut self) {
        for direction in [Direction::ToServer, Direction::ToClient] {
            self.frame(direction, FIN | ACK, &[]);
            self.bump(direction, 1);
            self.half_trip();
            self.frame(direction.opposite(), ACK, &[]);
        }
    }

    /// One side resets the connection.
    pub fn reset(&mut self, direction: Direction) {
        self.frame(direction, RST | ACK, &[]);
    }

    /// One frame of the connection, with chosen flags, at its present time and sequence numbers.
    pub fn frame(&mut self, direction: Direction, flags: u8, payload: &[u8]) {
        let (mine, theirs) = (direction.index(), direction.opposite().index());
        let acknowledged = if flags & ACK == 0 { 0 } else { self.sequence[theirs] };
        let mut segment = Vec::with_capacity(20 + payload.len());
        segment.extend(self.ends[mine].1.to_be_bytes());
        segment.extend(self.ends[theirs].1.to_be_bytes());
        segment.extend(self.sequence[mine].to_be_bytes());
        segment.extend(acknowledged.to_be_bytes());
        segment.extend([0x50, flags, 0xfa, 0xf0, 0, 0, 0, 0]);
        segment.extend(payload);
        let frame = over_ip(&self.ends[mine].0, &self.ends[theirs].0, 6, segment, Some(16));
        self.capture.push(self.time_ns, frame);
    }

    fn bump(&mut self, direction: Direction, bytes: usize) {
        let sequence = &mut self.sequence[direction.index()];
        *sequence = sequence.wrapping_add(bytes as u32);
    }

    const fn half_trip(&mut self) {
        self.time_ns += self.round_trip_ns / 2;
    }
}
