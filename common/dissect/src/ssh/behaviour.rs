//! What a connection is used for once somebody is logged in, by sizes, directions and times of packets.
//!
//! What is counted:
//! * *Keystrokes.* A shell with a terminal sends each key by itself (RFC 4254 section 5.2: nine bytes and the key) and is
//!   sent its echo. A packet of just that size after a pause, answered at once by a small one, is a keystroke; who
//!   began is who types.
//! * *Lines.* A shell without a terminal, as one that was handed back by a forwarded port, is sent lines and answers
//!   with output. A short packet of the server after a pause that the client answers with more than a reply of no
//!   content is such a line. Servers begin nothing by themselves but questions whether the client is alive, whose answer
//!   is empty (`SSH_MSG_REQUEST_FAILURE`), and channels, whose answer has a size of its own.
//! * *Channels.* An opening of 40 to 140 bytes, with names of hosts in it, that is answered by just a confirmation
//!   (17 bytes, section 5.1) carries a forwarded connection; a session's opening has 24 bytes. Counted only where the block of
//!   the cipher is small enough to tell a confirmation from a file's handle (SFTP).
//! * *Bulk.* Bytes each way.
//!
//! The state is a few counters; a connection is judged early where they leave no doubt.

use super::shape::Shape;
use super::unit::Packet;
use picket_event::{Direction, SshBehaviour, Timestamp};
use std::time::Duration;

/// Silence of both sides behind which a packet is somebody's own beginning.
const PAUSE: Duration = Duration::from_millis(20);
/// An answer comes within this time.
const ANSWER: Duration = Duration::from_secs(1);
/// A connection that has gone on for so long is judged by what was seen.
const LONG: Duration = Duration::from_secs(900);
/// Payload of a channel's data before the data: number, channel, length.
const DATA: usize = 9;
/// Longest echo of a key, bytes: the key with what a line editor adds.
const ECHO_MAX: usize = 48;
/// Longest line that is taken for typed, bytes.
const LINE_MAX: usize = 100;
/// Payload of CHANNEL_OPEN_CONFIRMATION.
const CONFIRMATION: usize = 17;
/// Payloads of an opening that names hosts.
const OPENING: (usize, usize) = (40, 140);
/// Payload of an SFTP handle of four bytes, which must not be taken for a confirmation.
const HANDLE: usize = 26;
/// Keystrokes from which on somebody types.
const TYPED: u32 = 3;
/// Keystrokes and lines from which on there is no doubt.
const PLAIN: u32 = 24;
/// Bytes of one direction from which on they are bulk, and how often they must be the other direction's.
const BULK: u64 = 16 * 1024;
const BULK_RATIO: u64 = 4;
/// Bytes from which on there is no doubt.
const PLAIN_BULK: u64 = 4 << 20;
/// Packets of a connection that did something.
const SOMETHING: u64 = 8;

/// What is counted behind a log-in.
#[derive(Debug, Default)]
pub(crate) struct Behaviour {
    shapes: [Option<Shape>; 2],
    begun: Option<Timestamp>,
    turn: Option<Turn>,
    packets: u64,
    bytes: [u64; 2],
    /// By who began them.
    keys: [u32; 2],
    lines: [u32; 2],
    channels: [u32; 2],
}

/// Packets of one side in a row.
#[derive(Clone, Copy, Debug)]
struct Turn {
    direction: Direction,
    /// Nobody had said anything for a while.
    fresh: bool,
    packets: u32,
    size: usize,
    last: Timestamp,
}

impl Behaviour {
    /// Sets what is known of both directions' framing, clients' first.
    pub(crate) const fn shape(&mut self, shapes: [Option<Shape>; 2]) {
        self.shapes = shapes;
    }

    /// Takes a packet behind the log-in.
    pub(crate) fn take(&mut self, packet: Packet) {
        let at = packet.direction.index();
        self.packets = self.packets.saturating_add(1);
        self.begun = self.begun.or(Some(packet.time));
        if let Some(bytes) = self.bytes.get_mut(at) {
            *bytes = bytes.saturating_add(packet.size as u64);
        }
        let fresh = self.turn.is_none_or(|turn| packet.time.since(turn.last) >= PAUSE);
        match &mut self.turn {
            Some(turn) if turn.direction == packet.direction && !fresh => {
                turn.packets = turn.packets.saturating_add(1);
                turn.size = turn.size.saturating_add(packet.size);
                turn.last = packet.time;
            }
            other => {
                let next = Turn { direction: packet.direction, fresh, packets: 1, size: packet.size, last: packet.time };
                if let Some(before) = other.replace(next) {
                    self.answered(before, packet);
                }
            }
        }
    }

    /// A turn is over, and this is what comes next.
    fn answered(&mut self, turn: Turn, answer: Packet) {
        let at = turn.direction.index();
        let shapes = (self.shapes.get(at).copied().flatten(), self.shapes.get(1 - at.min(1)).copied().flatten());
        let (Some(own), Some(other)) = shapes else { return };
        if turn.direction == answer.direction || answer.time.since(turn.last) > ANSWER {
            return;
        }
        let add = |counts: &mut [u32; 2]| {
            if let Some(count) = counts.get_mut(at) {
                *count = count.saturating_add(1);
            }
        };
        let single = turn.packets == 1;
        let opening = own.size(OPENING.0)..=own.size(OPENING.1);
        if single && turn.fresh && turn.size == own.size(DATA + 1) {
            if (other.size(DATA + 1)..=other.size(DATA + ECHO_MAX)).contains(&answer.size) {
                add(&mut self.keys);
            }
        } else if single && opening.contains(&turn.size) && answer.size == other.size(CONFIRMATION) {
            if other.tells(CONFIRMATION, HANDLE) {
                add(&mut self.channels);
            }
        } else if single && turn.fresh && turn.size <= own.size(DATA + LINE_MAX) {
            // Longer than the answers without content, which carry at most five bytes.
            if turn.size > own.size(DATA + 1) && answer.size > other.size(DATA + 1) {
                add(&mut self.lines);
            }
        }
    }

    /// Whether more would not change the judgement.
    pub(crate) fn is_plain(&self) -> bool {
        let [typed, _] = self.keys;
        let (Some(begun), Some(turn)) = (self.begun, self.turn) else { return false };
        let bulk = self.bytes.iter().any(|bytes| *bytes >= PLAIN_BULK);
        typed >= PLAIN || self.handed_back() >= PLAIN || bulk || turn.last.since(begun) >= LONG
    }

    /// Keystrokes and lines that the server began.
    fn handed_back(&self) -> u32 {
        let ([_, keys], [_, lines]) = (self.keys, self.lines);
        keys.saturating_add(lines)
    }

    /// The judgement; `exchanged` where the SSH server is the end that opened the connection, so that an SSH client
    /// that types has been handed a shell.
    pub(crate) fn judge(&self, exchanged: bool) -> Option<SshBehaviour> {
        let [typed, _] = self.keys;
        let handed_back = self.handed_back();
        let ([up, down], [forwarded, forwarded_back]) = (self.bytes, self.channels);
        let bulk = |one: u64, other: u64| one >= BULK && one / BULK_RATIO >= other;
        if handed_back >= TYPED && handed_back > typed || exchanged && typed >= TYPED {
            Some(SshBehaviour::ReverseShell)
        } else if typed >= TYPED {
            Some(SshBehaviour::Interactive)
        } else if forwarded >= 2 || forwarded_back >= 1 {
            Some(SshBehaviour::Tunnel)
        } else if bulk(up, down) {
            Some(SshBehaviour::Upload)
        } else if bulk(down, up) {
            Some(SshBehaviour::Download)
        } else if self.packets >= SOMETHING {
            Some(SshBehaviour::Command)
        } else {
            None
        }
    }
}
