//! Log-ins by the sizes of packets (RFC 4252).
//!
//! A log-in is questions of the client and answers of the server, each in turn. Two answers have a length of their own
//! whatever the names and passwords are: SERVICE_ACCEPT for `ssh-userauth` carries 17 bytes, USERAUTH_SUCCESS carries one,
//! and no other answer is as short. USERAUTH_FAILURE lists the methods that can go on, the same list every time, so it
//! has one length within a connection; the first one mostly answers the method `none`, by which clients ask for that list
//! (section 5.2). Cipher and MAC are known from KEXINIT, so that lengths become sizes on the wire (`shape`); where they are
//! not, USERAUTH_SUCCESS is 16 bytes shorter than SERVICE_ACCEPT with every cipher and MAC in use.
//! (The relation is the one Zeek's SSH analyser uses.)

use super::shape::Shape;
use super::unit::Packet;
use picket_event::Direction;

/// Payload of SERVICE_ACCEPT: number, length, `ssh-userauth`.
const ACCEPT: usize = 17;
/// Payload of USERAUTH_SUCCESS.
const SUCCESS: usize = 1;
/// What SERVICE_ACCEPT is longer on the wire than USERAUTH_SUCCESS: 16 bytes of payload, with any block of 8 or 16.
const ACCEPT_OVER_SUCCESS: usize = 16;
/// Longest payload of a request by the method `none` that is believed: 31 bytes and a name of 20.
const NONE_MAX: usize = 51;
/// Bytes of one direction behind which somebody is logged in, whatever was seen: questions and answers of a log-in are
/// smaller than a kilobyte each, and servers end a connection after a few.
const BULK: u64 = 32 * 1024;

/// What is known of the log-in.
#[derive(Debug, Default)]
pub(crate) struct Login {
    shapes: [Option<Shape>; 2],
    stage: Stage,
    /// The client has said something since the last answer.
    asked: bool,
    success: usize,
    /// The client's current question, bytes.
    question: usize,
    /// The server's last packet to it, bytes.
    answer: Option<usize>,
    /// The first refusal, and the question it answered, bytes.
    refusal: Option<(usize, usize)>,
    /// The second question that was refused, bytes.
    second: usize,
    /// Refusals behind the first one.
    refused: u32,
    bytes: [u64; 2],
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// The service is being asked for.
    #[default]
    Service,
    /// Questions and answers.
    Asking,
    /// Somebody is in.
    In,
    /// Packets are missing: only bulk can tell.
    Lost,
}

impl Login {
    /// Sets what is known of both directions' framing, clients' first.
    pub(crate) const fn shape(&mut self, shapes: [Option<Shape>; 2]) {
        self.shapes = shapes;
    }

    /// Takes a packet; answers whether somebody was in before it.
    pub(crate) fn take(&mut self, packet: Packet) -> bool {
        if self.stage == Stage::In {
            return true;
        }
        if let Some(bytes) = self.bytes.get_mut(packet.direction.index()) {
            *bytes = bytes.saturating_add(packet.size as u64);
            if *bytes > BULK {
                self.stage = Stage::In;
                return true;
            }
        }
        match (self.stage, packet.direction) {
            (Stage::In | Stage::Lost, _) => {}
            (Stage::Service, Direction::ToServer) => self.asked = true,
            // Before it is asked, a server only tells which signatures it reads (RFC 8308).
            (Stage::Service, Direction::ToClient) if !self.asked => {}
            (Stage::Service, Direction::ToClient) => self.accept(packet.size),
            (Stage::Asking, Direction::ToServer) => self.ask(packet.size),
            (Stage::Asking, Direction::ToClient) if !self.asked => {}
            (Stage::Asking, Direction::ToClient) if packet.size == self.success => self.stage = Stage::In,
            (Stage::Asking, Direction::ToClient) => self.answer = Some(packet.size),
        }
        false
    }

    fn accept(&mut self, size: usize) {
        let [_, down] = self.shapes;
        match down {
            Some(shape) if size < shape.size(ACCEPT) => return,
            Some(shape) => self.success = shape.size(SUCCESS),
            None => self.success = size.saturating_sub(ACCEPT_OVER_SUCCESS),
        }
        self.stage = Stage::Asking;
        self.asked = false;
    }

    fn ask(&mut self, size: usize) {
        if self.answer.is_some() {
            self.conclude();
            self.question = 0;
        }
        self.asked = true;
        self.question = self.question.max(size);
    }

    /// A question has its answer.
    fn conclude(&mut self) {
        let Some(answer) = self.answer.take() else { return };
        match self.refusal {
            None => self.refusal = Some((answer, self.question)),
            Some((refusal, _)) if refusal == answer => {
                if self.refused == 0 {
                    self.second = self.question;
                }
                self.refused = self.refused.saturating_add(1);
            }
            // A key that would do, a prompt, a part that succeeded: not the end of a try.
            Some(_) => {}
        }
    }

    /// Packets are missing.
    pub(crate) fn gap(&mut self) {
        if self.stage != Stage::In {
            self.stage = Stage::Lost;
        }
    }

    /// No more packets come.
    pub(crate) fn finish(&mut self) {
        self.conclude();
    }

    /// Whether somebody got in; `None` where it cannot be said, and where nobody tried.
    pub(crate) fn authenticated(&self) -> Option<bool> {
        match self.stage {
            Stage::In => Some(true),
            Stage::Asking if self.attempts() > 0 => Some(false),
            _ => None,
        }
    }

    /// How often a log-in was tried, as far as it was seen; 0 where that is not known.
    pub(crate) fn attempts(&self) -> u8 {
        if self.stage == Stage::Lost || self.refusal.is_none() && self.success == 0 {
            return 0;
        }
        let tries = self.refused + u32::from(self.first_was_a_try()) + u32::from(self.stage == Stage::In);
        u8::try_from(tries).unwrap_or(u8::MAX)
    }

    /// Whether the first question was more than one for the list of methods: then it is no shorter than the next.
    fn first_was_a_try(&self) -> bool {
        let Some((_, question)) = self.refusal else { return false };
        let [up, _] = self.shapes;
        match up {
            _ if self.refused > 0 => question >= self.second,
            Some(shape) => self.stage == Stage::Asking && shape.most(question) > NONE_MAX,
            None => false,
        }
    }
}
