//! One connection being read: heads in order, requests paired with their answers.

use super::body::{Framing, Passed};
use super::parse::{self, Fields, Start};
use super::target::{self, HOST_LIMIT, URL_LIMIT, printable};
use super::{EVENTS_LIMIT, HEAD_LIMIT};
use crate::late::client_of_hello;
use crate::{Context, Input, Need, Next, Output, Progress, Session};
use picket_event::{Body, Direction, Protocol, body};
use std::collections::VecDeque;

/// Requests remembered until they are answered; the oldest is reported without an answer.
pub(super) const WAITING_LIMIT: usize = 16;
/// Longest name of a program in an event, bytes.
const AGENT_LIMIT: usize = 512;
/// Longest media type in an event, bytes.
const TYPE_LIMIT: usize = 128;
/// Most memory of one exchange, bytes.
pub(super) const EXCHANGE_LIMIT: usize =
    size_of::<body::Http>() + size_of::<Exchange>() + URL_LIMIT + HOST_LIMIT + 2 * AGENT_LIMIT + 2 * TYPE_LIMIT;
/// Longest first line that is waited for behind a gap, bytes.
const LINE_LIMIT: usize = 2048;

const WEBSOCKET: &Protocol = &Protocol::WEBSOCKET;
const HTTP2: &Protocol = &Protocol::HTTP2;

/// Where a direction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// A head is due. The first bytes in view hold no end of it; and whether its first line was found to be one.
    Head { scanned: usize, begun: bool },
    /// Behind the limit of a head: at the beginning of a line, or not; what follows it.
    LongHead { fresh: bool, then: Framing },
    /// A body.
    Body(Framing),
    /// Somewhere: a first line is looked for; at the beginning of a line, or not.
    Lost { fresh: bool },
}

const DUE: State = State::Head { scanned: 0, begun: false };

/// One direction.
#[derive(Debug)]
struct Side {
    state: State,
    /// Bytes of the present body.
    passed: u64,
    /// A head was read.
    known: bool,
}

impl Default for Side {
    fn default() -> Self {
        Self { state: DUE, passed: 0, known: false }
    }
}

/// What the client has asked the connection to become.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Turn {
    #[default]
    None,
    Asked(Next),
    Granted(Next),
}

/// A request and what has been seen of its answer.
#[derive(Debug, Default)]
struct Exchange {
    event: Box<body::Http>,
    /// Its number in the connection.
    number: u32,
    connect: bool,
    head: bool,
    next: Option<Next>,
}

/// The session.
#[derive(Debug, Default)]
pub(super) struct Http {
    client: Side,
    server: Side,
    /// Requests not answered yet, oldest first.
    waiting: VecDeque<Exchange>,
    /// Answers to come whose requests were reported without them.
    forgotten: u32,
    /// The exchange whose answer's body passes.
    answered: Option<Exchange>,
    requests: u32,
    reported: u32,
    turn: Turn,
    /// CONNECT was lost: a hello stood behind the hole.
    connect_lost: bool,
    /// Answers were lost: those of the requests that wait now may be among them.
    server_lost: bool,
}

impl Session for Http {
    fn feed(&mut self, direction: Direction, input: Input<'_>, _context: &Context, output: &mut Output) -> Progress {
        match input {
            Input::Stream(bytes) => self.stream(direction, bytes, output),
            Input::Gap(length) => {
                self.gap(direction, length, output);
                Progress { consumed: 0, need: Need::Bytes(1) }
            }
            Input::End => {
                if direction == Direction::ToClient {
                    self.answer_over(output);
                    self.unanswered(output);
                }
                Progress { consumed: 0, need: Need::Nothing }
            }
            Input::Datagram(_) => Progress { consumed: 0, need: Need::NotMine },
        }
    }
}

/// How a step through a stream goes on.
enum Step {
    /// So many bytes on.
    On(usize),
    /// So many bytes have to be in view, behind those that are consumed.
    More(usize, usize),
    Switch(usize, Next),
    NotMine,
}

impl Http {
    fn side(&mut self, direction: Direction) -> &mut Side {
        match direction {
            Direction::ToServer => &mut self.client,
            Direction::ToClient => &mut self.server,
        }
    }

    fn stream(&mut self, direction: Direction, bytes: &[u8], output: &mut Output) -> Progress {
        let mut at = 0usize;
        loop {
            let view = bytes.get(at..).unwrap_or(&[]);
            if view.is_empty() {
                return Progress { consumed: at, need: Need::Bytes(1) };
            }
            let step = match self.side(direction).state {
                State::Head { scanned, begun } => self.due(direction, view, scanned, begun, output),
                State::LongHead { fresh, then } => self.long_head(direction, view, fresh, then, output),
                State::Body(framing) => self.body(direction, view, framing, output),
                State::Lost { fresh } => self.lost(direction, view, fresh),
            };
            match step {
                Step::On(count) => at = at.saturating_add(count),
                Step::More(count, wanted) => {
                    return Progress { consumed: at.saturating_add(count), need: Need::Bytes(wanted) };
                }
                Step::Switch(count, next) => {
                    return Progress { consumed: at.saturating_add(count), need: Need::Switch(next) };
                }
                Step::NotMine => return Progress { consumed: at, need: Need::NotMine },
            }
        }
    }

    /// A head is due here.
    fn due(&mut self, direction: Direction, view: &[u8], scanned: usize, begun: bool, output: &mut Output) -> Step {
        if let (Direction::ToServer, Turn::Granted(next)) = (direction, self.turn) {
            return Step::Switch(0, next);
        }
        if scanned == 0 && self.turn == Turn::None {
            // Empty lines before a head (RFC 9112 section 2.2).
            let blank = view.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            if blank > 0 {
                return Step::On(blank);
            }
        }
        if !begun {
            // Of CONNECT only the answer is seen: a hello in place of a request is what goes through the tunnel.
            if direction == Direction::ToServer
                && self.server.known
                && !self.client.known
                && matches!(self.server.state, State::Body(Framing::UntilEnd))
                && client_of_hello(direction, view) == Some(direction)
            {
                return Step::Switch(0, Next::Tunnel { port: 0 });
            }
            let begins = match direction {
                Direction::ToServer => parse::begins_request(view, scanned),
                Direction::ToClient => parse::begins_answer(view, scanned),
            };
            match begins {
                Some(true) => self.side(direction).state = State::Head { scanned, begun: true },
                None if view.len() < HEAD_LIMIT => {
                    self.side(direction).state = State::Head { scanned: view.len(), begun: false };
                    return Step::More(0, view.len().saturating_add(1));
                }
                _ => return self.foreign(direction, output),
            }
        }
        let (bytes, long) = match parse::end(view, scanned) {
            Some(end) if end <= HEAD_LIMIT => (view.get(..end).unwrap_or(view), false),
            None if view.len() < HEAD_LIMIT => {
                self.side(direction).state = State::Head { scanned: view.len(), begun: true };
                return Step::More(0, view.len().saturating_add(1));
            }
            _ => {
                let cut = view.get(..HEAD_LIMIT).unwrap_or(view);
                let whole = cut.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at.saturating_add(1));
                (cut.get(..whole).unwrap_or(cut), true)
            }
        };
        self.head(direction, bytes, long, output)
    }

    /// A head, whole or as far as its limit.
    fn head(&mut self, direction: Direction, bytes: &[u8], long: bool, output: &mut Output) -> Step {
        let Some((start, fields)) = parse::head(bytes) else { return self.foreign(direction, output) };
        self.side(direction).known = true;
        self.side(direction).passed = 0;
        let (framing, next) = match start {
            Start::Request { method, target, version } => {
                (self.request(method, target, version, &fields, output), None)
            }
            Start::Answer { version, status } => self.answer(version, status, &fields, output),
        };
        if long {
            output.malformed.push("http: head longer than the limit");
        }
        if let Some(next) = next {
            return Step::Switch(bytes.len(), next);
        }
        self.side(direction).state = if long { State::LongHead { fresh: true, then: framing } } else { DUE };
        if !long {
            self.follow(direction, framing, output);
        }
        Step::On(bytes.len())
    }

    /// What comes behind a head.
    fn follow(&mut self, direction: Direction, framing: Framing, output: &mut Output) {
        match framing {
            Framing::None => {
                self.side(direction).state = DUE;
                self.over(direction, output);
            }
            Framing::Unclear => {
                output.malformed.push("http: length of a body");
                self.lose(direction, output);
            }
            framing => self.side(direction).state = State::Body(framing),
        }
    }

    fn long_head(
        &mut self,
        direction: Direction,
        view: &[u8],
        fresh: bool,
        then: Framing,
        output: &mut Output,
    ) -> Step {
        let mut fresh = fresh;
        for (at, byte) in view.iter().enumerate() {
            match byte {
                b'\n' if fresh => {
                    self.follow(direction, then, output);
                    return Step::On(at.saturating_add(1));
                }
                b'\n' => fresh = true,
                b'\r' => {}
                _ => fresh = false,
            }
        }
        self.side(direction).state = State::LongHead { fresh, then };
        Step::On(view.len())
    }

    fn body(&mut self, direction: Direction, view: &[u8], framing: Framing, output: &mut Output) -> Step {
        if framing == Framing::UntilEnd && (!self.client.known || self.connect_lost) && self.server.passed == 0 {
            // Of CONNECT only the answer is seen: what is behind it tells.
            match view {
                [0x16, 3, 0..=4, ..] => {
                    self.answer_over(output);
                    return Step::Switch(0, Next::Tunnel { port: 0 });
                }
                [0x16] | [0x16, 3] => return Step::More(0, 3),
                _ => {}
            }
        }
        let side = self.side(direction);
        let mut framing = framing;
        let passed = framing.pass(view, &mut side.passed);
        side.state = State::Body(framing);
        let count = match passed {
            Passed::Open => view.len(),
            Passed::Finished(count) => count,
            Passed::Broken => {
                output.malformed.push("http: chunk");
                self.lose(direction, output);
                return Step::On(0);
            }
        };
        if direction == Direction::ToServer {
            let (passed, number) = (self.client.passed, self.requests);
            if let Some(last) = self.waiting.back_mut().filter(|last| last.number == number) {
                last.event.request_length = passed;
            }
        }
        if matches!(passed, Passed::Finished(_)) {
            self.side(direction).state = DUE;
            self.over(direction, output);
        }
        Step::On(count)
    }

    /// A message of this direction is over.
    fn over(&mut self, direction: Direction, output: &mut Output) {
        if direction == Direction::ToClient {
            self.answer_over(output);
        }
    }

    /// What stands where a head is due is none.
    fn foreign(&mut self, direction: Direction, output: &mut Output) -> Step {
        if let (Direction::ToServer, Turn::Asked(next)) = (direction, self.turn) {
            return Step::Switch(0, next);
        }
        // An answer may go on from before the capture; a request that is none was taken for one.
        if direction == Direction::ToServer && !self.client.known && !self.server.known {
            return Step::NotMine;
        }
        // Without a head before it, the direction is only met in the middle of something.
        if self.side(direction).known {
            output.malformed.push("http: no head where one was due");
        }
        self.lose(direction, output);
        Step::On(0)
    }

    /// Looks for a first line.
    fn lost(&mut self, direction: Direction, view: &[u8], fresh: bool) -> Step {
        let begins = match direction {
            Direction::ToServer => parse::begins_request,
            Direction::ToClient => parse::begins_answer,
        };
        // Behind a hole in which CONNECT was lost.
        if fresh && direction == Direction::ToServer && client_of_hello(direction, view) == Some(direction) {
            self.connect_lost = true;
            return Step::Switch(0, Next::Tunnel { port: 0 });
        }
        let mut from = if fresh { Some(0) } else { next_line(view, 0) };
        while let Some(at) = from {
            let line = view.get(at..).unwrap_or(&[]);
            match begins(line, 0) {
                Some(true) => {
                    self.side(direction).state = DUE;
                    return Step::On(at);
                }
                None if line.len() < LINE_LIMIT => {
                    self.side(direction).state = State::Lost { fresh: true };
                    return Step::More(at, line.len().saturating_add(1));
                }
                _ => from = next_line(view, at),
            }
        }
        self.side(direction).state = State::Lost { fresh: false };
        Step::On(view.len())
    }

    /// Where a direction stands is not known any more.
    fn lose(&mut self, direction: Direction, output: &mut Output) {
        self.side(direction).state = State::Lost { fresh: false };
        if direction == Direction::ToClient {
            self.answer_over(output);
            self.server_lost = true;
        }
    }

    fn gap(&mut self, direction: Direction, length: u64, output: &mut Output) {
        let side = self.side(direction);
        if let State::Body(framing) = &mut side.state
            && framing.lose(length, &mut side.passed)
        {
            if *framing == Framing::Length(0) {
                side.state = DUE;
                self.over(direction, output);
            }
            return;
        }
        self.lose(direction, output);
        // What was lost may have ended where a head begins.
        self.side(direction).state = State::Lost { fresh: true };
    }

    fn request(
        &mut self,
        method: &[u8],
        asked: &[u8],
        version: &[u8],
        fields: &Fields<'_>,
        output: &mut Output,
    ) -> Framing {
        if std::mem::take(&mut self.server_lost) {
            // Who asks again has had the answers before.
            self.unanswered(output);
        }
        if self.waiting.len() >= WAITING_LIMIT
            && let Some(oldest) = self.waiting.pop_front()
        {
            self.forgotten = self.forgotten.saturating_add(1);
            self.report(oldest, output);
        }
        let (connect, head) = (method == b"CONNECT", method == b"HEAD");
        let authority = target::authority(asked, connect).or(fields.host.as_deref());
        let (host, port) = authority.map(target::host).unwrap_or_default();
        let upgrade = fields.upgrade.as_deref().map(becomes);
        let next = if connect { Some(Next::Tunnel { port }) } else { upgrade };
        if let Some(next) = next {
            self.turn = Turn::Asked(next);
        }
        self.requests = self.requests.saturating_add(1);
        let event = body::Http {
            method: printable(method, method.len()),
            host: Some(host).filter(|host| !host.is_empty()),
            url: target::target(asked),
            version: printable(version, version.len()),
            user_agent: fields.user_agent.as_deref().map(|agent| printable(agent, AGENT_LIMIT)),
            ..body::Http::default()
        };
        self.waiting.push_back(Exchange { event: Box::new(event), number: self.requests, connect, head, next });
        fields.of_request()
    }

    /// Pairs an answer; answers how its body is framed, and what the connection becomes behind it.
    fn answer(
        &mut self,
        version: &[u8],
        status: u16,
        fields: &Fields<'_>,
        output: &mut Output,
    ) -> (Framing, Option<Next>) {
        // An interim answer is none (RFC 9110 section 15.2).
        if status < 200 && status != 101 {
            return (Framing::None, None);
        }
        self.server_lost = false;
        if self.forgotten > 0 {
            self.forgotten = self.forgotten.saturating_sub(1);
            return (fields.of_answer(), None);
        }
        let mut exchange = self.waiting.pop_front().unwrap_or_default();
        let event = &mut exchange.event;
        if event.version.is_empty() {
            event.version = printable(version, version.len());
        }
        event.status = Some(status);
        event.server = fields.server.as_deref().map(|server| printable(server, TYPE_LIMIT));
        event.content_type = fields.content_type.as_deref().map(media_type).filter(|media| !media.is_empty());
        let granted = match exchange.next {
            Some(next) if exchange.connect && (200..300).contains(&status) => Some(next),
            asked if status == 101 => {
                fields.upgrade.as_deref().map(becomes).or(asked).or(Some(Next::Tunnel { port: 0 }))
            }
            asked => {
                self.turn = if asked.is_some() { Turn::None } else { self.turn };
                None
            }
        };
        let without_body = exchange.head || matches!(status, 204 | 304);
        self.answered = Some(exchange);
        if let Some(next) = granted {
            self.turn = Turn::Granted(next);
            self.answer_over(output);
            self.unanswered(output);
        }
        (if without_body { Framing::None } else { fields.of_answer() }, granted)
    }

    /// The answer is over, as far as it goes: the exchange is reported.
    fn answer_over(&mut self, output: &mut Output) {
        if let Some(mut exchange) = self.answered.take() {
            exchange.event.response_length = std::mem::take(&mut self.server.passed);
            self.report(exchange, output);
        }
    }

    /// Nobody answers any more.
    fn unanswered(&mut self, output: &mut Output) {
        while let Some(exchange) = self.waiting.pop_front() {
            self.report(exchange, output);
        }
    }

    fn report(&mut self, exchange: Exchange, output: &mut Output) {
        if self.reported >= EVENTS_LIMIT {
            output.unreported = output.unreported.saturating_add(1);
            return;
        }
        self.reported = self.reported.saturating_add(1);
        output.events.push(Body::Http(exchange.event));
    }
}

/// Where the line behind the next line feed begins.
fn next_line(view: &[u8], from: usize) -> Option<usize> {
    let at = memchr::memchr(b'\n', view.get(from..)?)?;
    Some(from.saturating_add(at).saturating_add(1))
}

/// What `Upgrade` names (RFC 9110 section 7.8): the first protocol of its list.
fn becomes(upgrade: &[u8]) -> Next {
    let first = upgrade.split(|byte| *byte == b',').next().unwrap_or(upgrade).trim_ascii();
    let is = |name: &[u8]| first.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    if is(b"websocket") {
        Next::Protocol(WEBSOCKET)
    } else if is(b"h2c") {
        Next::Protocol(HTTP2)
    } else if is(b"TLS/") {
        Next::Protected
    } else {
        Next::Tunnel { port: 0 }
    }
}

/// A media type without its parameters, lower case.
fn media_type(value: &[u8]) -> String {
    let plain = value.split(|byte| *byte == b';').next().unwrap_or(value).trim_ascii();
    let mut media = printable(plain, TYPE_LIMIT);
    media.make_ascii_lowercase();
    media
}
