//! What a connection is used for once somebody is logged in, by sizes, directions and times of packets.
//!
//! What is counted:
//! * *Keystrokes.* A shell with a terminal sends each key by itself (RFC 4254 section 5.2: nine bytes and the key) and is
//!   sent its echo. A packet of just that size after a pause, answered at once by a small one, is a keystroke; who
//!   began is who types.
//! * *Lines.* A shell without a terminal, as one that was handed back by a forwarded port, is sent lines and answers
//!   with output. A short packet of the server after a longer pause that the client answers with more than a reply of no
//!   content is such a line. Servers begin nothing by themselves but questions whether the client is alive, whose answer
//!   is empty (`SSH_MSG_REQUEST_FAILURE`), and channels, whose answer has a size of its own.
//! * *Pauses.* What comes within twice the shortest answering time of a side is its answer and not its beginning; that
//!   time is measured from the log-in on, so that distance is not taken for thought. From far away, a terminal that was
//!   handed back is therefore not seen when it is typed into faster than the distance allows.
//! * *Channels.* An opening of 60 to 140 bytes, with two addresses in it, that is answered by just a confirmation
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
/// The same for a line of the server: nobody types one faster.
const LINE_PAUSE: Duration = Duration::from_millis(250);
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
/// Payloads of an opening that names two ends (RFC 4254 section 7.2).
const OPENING: (usize, usize) = (60, 140);
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
    /// The shortest time in which each side answered.
    answers: [Option<Duration>; 2],
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
    /// How long nobody had said anything, where that was no answering time.
    pause: Duration,
    packets: u32,
    size: usize,
    last: Timestamp,
}

impl Behaviour {
    /// Sets what is known of both directions' framing, clients' first.
    pub(crate) const fn shape(&mut self, shapes: [Option<Shape>; 2]) {
        self.shapes = shapes;
    }

    /// Takes a packet of the log-in: only answering times are learned from it.
    pub(crate) fn before(&mut self, packet: Packet) {
        self.turn(packet);
    }

    /// Takes a packet behind the log-in.
    pub(crate) fn take(&mut self, packet: Packet) {
        self.packets = self.packets.saturating_add(1);
        self.begun = self.begun.or(Some(packet.time));
        if let Some(bytes) = self.bytes.get_mut(packet.direction.index()) {
            *bytes = bytes.saturating_add(packet.size as u64);
        }
        if let Some(before) = self.turn(packet) {
            self.answered(before, packet);
        }
    }

    /// Adds a packet to its side's turn; answers the turn that it ended.
    fn turn(&mut self, packet: Packet) -> Option<Turn> {
        let silence = self.turn.map_or(Duration::ZERO, |turn| packet.time.since(turn.last));
        let answering = self.turn.is_some_and(|turn| turn.direction != packet.direction);
        let shortest = self.answers.get_mut(packet.direction.index())?;
        let usual = shortest.unwrap_or_default().saturating_mul(2);
        if answering {
            *shortest = Some(shortest.map_or(silence, |before| before.min(silence)));
        }
        match &mut self.turn {
            Some(turn) if turn.direction == packet.direction && silence < PAUSE => {
                turn.packets = turn.packets.saturating_add(1);
                turn.size = turn.size.saturating_add(packet.size);
                turn.last = packet.time;
                None
            }
            other => {
                let pause = if answering && silence < usual { Duration::ZERO } else { silence };
                let Packet { direction, size, time } = packet;
                other.replace(Turn { direction, pause, packets: 1, size, last: time })
            }
        }
    }

    /// A turn is over, and this is what comes next.
    fn answered(&mut self, turn: Turn, answer: Packet) {
        let at = turn.direction.index();
        let shapes = (self.shapes.get(at).copied().flatten(), self.shapes.get(1 - at.min(1)).copied().flatten());
        let (Some(own), Some(other)) = shapes else { return };
        if turn.direction == answer.direction || turn.packets > 1 || answer.time.since(turn.last) > ANSWER {
            return;
        }
        let opening = own.size(OPENING.0)..=own.size(OPENING.1);
        let echo = other.size(DATA + 1)..=other.size(DATA + ECHO_MAX);
        let line = own.size(DATA + 2)..=own.size(DATA + LINE_MAX);
        let counts = if turn.pause >= PAUSE && turn.size == own.size(DATA + 1) && echo.contains(&answer.size) {
            &mut self.keys
        } else if opening.contains(&turn.size) && answer.size == other.size(CONFIRMATION) {
            if !other.tells(CONFIRMATION, HANDLE) {
                return;
            }
            &mut self.channels
        // Longer than the answers without content, which carry at most five bytes.
        } else if turn.pause >= LINE_PAUSE && line.contains(&turn.size) && answer.size > other.size(DATA + 1) {
            &mut self.lines
        } else {
            return;
        };
        if let Some(count) = counts.get_mut(at) {
            *count = count.saturating_add(1);
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
