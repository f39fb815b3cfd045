//! One connection being read: banners, key exchange, and then sizes.

use super::auth::Login;
use super::behaviour::Behaviour;
use super::parse::{self, Offer};
use super::table::message;
use super::unit::{Packet, Units};
use super::{PACKET_LIMIT, PRELUDE_LIMIT};
use crate::{Context, Input, Need, Output, Progress, Session};
use picket_event::body::{Ssh, SshEnd};
use picket_event::{Body, Direction, SshBehaviour, Timestamp};
use picket_reader::Reader;

/// Longest line before and with the banner, bytes. RFC 4253 section 4.2 allows 255; some greetings are longer.
const LINE_LIMIT: usize = 1024;
/// What has to be seen of a packet in clear: length, padding, number.
const HEADER: usize = 6;

/// Where one direction stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// Lines, until the banner was read.
    #[default]
    Banner,
    /// Packets in clear.
    Packets,
    /// Behind NEWKEYS.
    Encrypted,
    /// Nothing more can be read.
    Lost,
}

/// One direction.
#[derive(Debug, Default)]
struct Side {
    stage: Stage,
    /// Bytes of the unfinished line that were searched for its end.
    searched: usize,
    /// Bytes of lines before the banner.
    prelude: usize,
    /// The line being read began before what is in view.
    continued: bool,
    /// Bytes of a packet that is stepped over.
    skip: usize,
    /// The packet being stepped over is NEWKEYS.
    keyed: bool,
    end: Option<SshEnd>,
    offer: Option<Box<Offer>>,
    /// HASSH and HASSH-server of the offer.
    prints: Option<([u8; 16], [u8; 16])>,
}

/// The session.
#[derive(Debug, Default)]
pub(crate) struct Connection {
    sides: [Side; 2],
    units: Units,
    login: Login,
    behaviour: Behaviour,
    /// The SSH client is the end that accepted the connection.
    exchanged: bool,
    /// A message that only one role sends was seen.
    roles_known: bool,
    /// Which end opened the connection is a guess: the ends are what their roles in SSH make them.
    guessed: bool,
    written: bool,
}

/// What a step of reading came to.
enum Step {
    /// So many bytes were read.
    Read(usize),
    /// This many bytes must be in view.
    Need(usize),
    /// What is there is not SSH.
    Foreign,
}

impl Session for Connection {
    fn feed(&mut self, direction: Direction, input: Input<'_>, context: &Context, output: &mut Output) -> Progress {
        self.guessed = !context.opener_seen;
        match input {
            Input::Stream(bytes) => self.stream(direction, bytes, context.time, output),
            Input::Gap(_) => {
                self.gap(direction);
                self.progress(direction, 0, 1, output)
            }
            Input::End => {
                self.side(direction).stage = Stage::Lost;
                self.progress(direction, 0, 1, output)
            }
            Input::Datagram(_) => Progress { consumed: 0, need: Need::NotMine },
        }
    }
}

impl Connection {
    const fn side(&mut self, direction: Direction) -> &mut Side {
        direction.of_mut(&mut self.sides)
    }

    fn stream(&mut self, direction: Direction, bytes: &[u8], time: Timestamp, output: &mut Output) -> Progress {
        let mut at = 0usize;
        loop {
            let view = bytes.get(at..).unwrap_or(&[]);
            let step = match self.side(direction).stage {
                _ if view.is_empty() => Step::Need(1),
                Stage::Banner => self.line(direction, view, output),
                Stage::Packets => self.packet(direction, view, output),
                Stage::Encrypted => {
                    self.encrypted(direction, view, time);
                    Step::Read(view.len())
                }
                Stage::Lost => Step::Read(view.len()),
            };
            match step {
                Step::Read(count) => at = at.saturating_add(count),
                Step::Need(count) => return self.progress(direction, at, count, output),
                Step::Foreign if self.nothing_known() => return Progress { consumed: at, need: Need::NotMine },
                Step::Foreign => {
                    output.malformed.push("ssh: neither banner nor packet");
                    self.side(direction).stage = Stage::Lost;
                }
            }
        }
    }

    fn nothing_known(&self) -> bool {
        self.sides.iter().all(|side| side.end.is_none() && side.prints.is_none())
    }

    /// A line up to the banner.
    fn line(&mut self, direction: Direction, view: &[u8], output: &mut Output) -> Step {
        let side = self.side(direction);
        if view.first() == Some(&0) {
            // The capture began behind the banner: lines have no zeros (RFC 4253 section 4.2).
            side.stage = Stage::Packets;
            return Step::Read(0);
        }
        let unread = view.get(side.searched..LINE_LIMIT.min(view.len())).unwrap_or(&[]);
        let Some(found) = unread.iter().position(|byte| *byte == b'\n') else {
            side.searched = view.len();
            let is_own = !side.continued && view.starts_with(parse::MAGIC);
            if view.len() < LINE_LIMIT {
                return Step::Need(view.len() + 1);
            }
            side.searched = 0;
            side.continued = true;
            return if is_own { Step::Foreign } else { self.before(direction, view.len()) };
        };
        let end = side.searched.saturating_add(found);
        let whole = !std::mem::take(&mut side.continued);
        side.searched = 0;
        let line = view.get(..end).unwrap_or(&[]);
        if !whole || !line.starts_with(parse::MAGIC) {
            return self.before(direction, end + 1);
        }
        side.end = parse::banner(line);
        match &side.end {
            Some(banner) if parse::speaks_two(&banner.version) => side.stage = Stage::Packets,
            Some(_) => side.stage = Stage::Lost,
            None => output.malformed.push("ssh: banner"),
        }
        if side.end.is_none() {
            return Step::Foreign;
        }
        self.first_version();
        Step::Read(end + 1)
    }

    /// A line that is no banner, which only servers may send.
    fn before(&mut self, direction: Direction, length: usize) -> Step {
        let guessed = self.guessed;
        let side = self.side(direction);
        side.prelude = side.prelude.saturating_add(length);
        let prelude = side.prelude;
        if direction == Direction::ToServer && !guessed || prelude > PRELUDE_LIMIT {
            return Step::Foreign;
        }
        Step::Read(length)
    }

    /// If one side speaks SSH-1 alone, both do, and there is nothing to read in it.
    fn first_version(&mut self) {
        if self.sides.iter().any(|side| side.end.as_ref().is_some_and(|end| !parse::speaks_two(&end.version))) {
            for side in self.sides.iter_mut().filter(|side| side.end.is_some()) {
                side.stage = Stage::Lost;
            }
        }
    }

    /// A packet in clear (RFC 4253 section 6).
    fn packet(&mut self, direction: Direction, view: &[u8], output: &mut Output) -> Step {
        let side = self.side(direction);
        if side.skip > 0 {
            let count = side.skip.min(view.len());
            side.skip = side.skip.saturating_sub(count);
            if side.skip == 0 && side.keyed {
                side.stage = Stage::Encrypted;
            }
            return Step::Read(count);
        }
        let mut r = Reader::new(view);
        let (Ok(length), Ok(padding), Ok(number)) = (r.u32("length"), r.u8("padding"), r.u8("number")) else {
            return Step::Need(HEADER);
        };
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let padding = usize::from(padding);
        if length > PACKET_LIMIT || length < padding.saturating_add(2) || !(1..=message::KEX_LAST).contains(&number) {
            return Step::Foreign;
        }
        let whole = length.saturating_add(4);
        let mut client = match number {
            message::KEXDH_INIT | message::GEX_INIT | message::GEX_REQUEST => Some(true),
            message::KEXDH_REPLY | message::GEX_REPLY => Some(false),
            _ => None,
        };
        if number == message::KEXINIT && side.prints.is_none() {
            let Ok(body) = r.take(length.saturating_sub(padding + 2), "kexinit") else { return Step::Need(whole) };
            match parse::kexinit(body) {
                Ok(offer) => {
                    client = offer.client;
                    side.prints = Some((offer.hassh, offer.hassh_server));
                    side.offer = Some(Box::new(offer));
                }
                Err(_) => output.malformed.push("ssh: key exchange"),
            }
        }
        side.skip = whole;
        side.keyed = number == message::NEWKEYS;
        if let Some(client) = client {
            self.role(direction, client, output);
        }
        Step::Read(0)
    }

    /// The first message that only one role sends shows who is the client.
    fn role(&mut self, direction: Direction, client: bool, output: &mut Output) {
        if !self.roles_known {
            self.roles_known = true;
            self.exchanged = client == (direction == Direction::ToClient);
            output.exchanged |= self.exchanged && self.guessed;
        }
    }

    /// The direction as the roles of SSH are.
    const fn spoken(&self, direction: Direction) -> Direction {
        if self.exchanged { direction.opposite() } else { direction }
    }

    fn encrypted(&mut self, direction: Direction, bytes: &[u8], time: Timestamp) {
        self.agree();
        let direction = self.spoken(direction);
        let Self { units, login, behaviour, .. } = self;
        units.push(direction, bytes, time, &mut |packet| count(login, behaviour, packet));
    }

    /// Settles what both sides have agreed on, once.
    fn agree(&mut self) {
        let [to_server, to_client] = &mut self.sides;
        if to_server.offer.is_none() || to_client.offer.is_none() {
            return;
        }
        let (Some(first), Some(second)) = (to_server.offer.take(), to_client.offer.take()) else { return };
        let shapes = if self.exchanged { parse::negotiate(&second, &first) } else { parse::negotiate(&first, &second) };
        self.units.shape(shapes);
        self.login.shape(shapes);
        self.behaviour.shape(shapes);
    }

    fn gap(&mut self, direction: Direction) {
        if self.side(direction).stage != Stage::Encrypted {
            self.side(direction).stage = Stage::Lost;
            return;
        }
        let direction = self.spoken(direction);
        let Self { units, login, behaviour, .. } = self;
        units.gap(direction, &mut |packet| count(login, behaviour, packet));
        login.gap();
    }

    /// What is needed next; writes the event when nothing more is to come.
    fn progress(&mut self, direction: Direction, consumed: usize, need: usize, output: &mut Output) -> Progress {
        let over = self.sides.iter().all(|side| side.stage == Stage::Lost);
        if over || self.behaviour.is_plain() {
            self.write(output);
            return Progress { consumed, need: Need::Done };
        }
        let lost = self.side(direction).stage == Stage::Lost;
        Progress { consumed, need: if lost { Need::Nothing } else { Need::Bytes(need) } }
    }

    fn write(&mut self, output: &mut Output) {
        if self.written || self.nothing_known() {
            return;
        }
        self.written = true;
        let Self { units, login, behaviour, .. } = self;
        units.finish(&mut |packet| count(login, behaviour, packet));
        login.finish();
        let (authenticated, attempts) = (login.authenticated(), login.attempts());
        let behaviour = match authenticated {
            // A shell was handed back only where it is known who opened the connection, or who serves in it.
            Some(true) => behaviour
                .judge(self.exchanged && !self.guessed)
                .filter(|judged| *judged != SshBehaviour::ReverseShell || self.roles_known || !self.guessed),
            Some(false) => Some(SshBehaviour::LoginFailed),
            None => None,
        };
        // As everywhere, `client` is the end that opened the connection; its fingerprint is that of its role.
        let exchanged = self.exchanged;
        let mut client = self.side(Direction::ToServer).close(exchanged);
        let mut server = self.side(Direction::ToClient).close(!exchanged);
        if exchanged && self.guessed {
            std::mem::swap(&mut client, &mut server);
        }
        output.events.push(Body::Ssh(Box::new(Ssh { client, server, behaviour, authenticated, attempts })));
    }
}

/// Counts a packet for the log-in, and behind it for what follows.
fn count(login: &mut Login, behaviour: &mut Behaviour, packet: Packet) {
    if login.take(packet) {
        behaviour.take(packet);
    } else {
        behaviour.before(packet);
    }
}

impl Side {
    /// What is said of it in the event; `serves` where it has the SSH server's role.
    fn close(&mut self, serves: bool) -> Option<SshEnd> {
        let hassh = self.prints.map(|(hassh, hassh_server)| if serves { hassh_server } else { hassh });
        match self.end.take() {
            Some(end) => Some(SshEnd { hassh, ..end }),
            None => hassh.map(|hassh| SshEnd { hassh: Some(hassh), ..SshEnd::default() }),
        }
    }
}
