//! Keeps the past, answers requests out of it and out of what comes, and says what is to be sent, in what time.
//!
//! It reads no clock and owns no thread: blocks, messages and the time go in, messages come out.

use super::block::{Block, Packets};
use super::past::Past;
use super::request::{Record, Request};
use picket_event::wire::{
    Control, DetailAnswer, DetailDurable, DetailOutcome, DetailPart, DetailRequest, MAX_PART_BYTES,
};
use ring::rand::{SecureRandom, SystemRandom};
use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Requests under way at once.
const REQUESTS_MAX: usize = 4;
/// Bytes sent and not yet known to be stored, of one request.
const WINDOW: u64 = 4 * MAX_PART_BYTES as u64;
/// Blocks with packets from before the end may still be on their way for so long.
const LAST_BLOCKS: i64 = 2_000_000_000;
/// What was kept is given up when the collector has not had it so long after its end.
const GIVEN_UP: i64 = 86_400_000_000_000;
/// What is not known to be stored after so long without any progress is sent again.
const SEND_AGAIN: i64 = 30_000_000_000;
/// An answer is synced when so much waits, or after so long.
const SYNC_BYTES: u64 = 256 << 10;
const SYNC_AFTER: i64 = 1_000_000_000;

/// The bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Bytes of the past in memory.
    pub memory: u64,
    /// How far it reaches back.
    pub span: Duration,
    /// Bytes of one answer.
    pub answer: u64,
    /// Bytes sent a second.
    pub rate: u64,
}

/// The past and the requests.
#[derive(Debug)]
pub struct Keeper {
    settings: Settings,
    directory: PathBuf,
    /// Names of the inputs by number.
    names: Vec<String>,
    past: Past,
    requests: BTreeMap<u64, Request>,
    /// Bytes that may be sent now.
    budget: u64,
    refilled: i64,
    uploaded: BTreeMap<String, u64>,
    given_up: u64,
    say: Vec<Control>,
}

impl Keeper {
    /// Begins, with the requests that an earlier run left in `directory`.
    ///
    /// # Errors
    /// The system's, where the directory cannot be used.
    pub fn open(directory: &Path, settings: Settings, names: Vec<String>) -> io::Result<Self> {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        let mut key = [0u8; 32];
        SystemRandom::new().fill(&mut key).map_err(|_| io::Error::other("no random bytes"))?;
        let mut requests = BTreeMap::new();
        for record in Record::all(directory).into_iter().take(REQUESTS_MAX) {
            match Request::open(record, directory) {
                Ok(request) => drop(requests.insert(request.record.id, request)),
                Err(error) => tracing::warn!("an answer in {} is lost: {error}", directory.display()),
            }
        }
        let past = Past::new(&key, settings.memory, settings.span)?;
        let (directory, uploaded, say) = (directory.to_owned(), BTreeMap::new(), Vec::new());
        let (budget, refilled, given_up) = (0, 0, 0);
        Ok(Self { settings, directory, names, past, requests, budget, refilled, uploaded, given_up, say })
    }

    /// Takes a block of an input.
    pub fn block(&mut self, line: u16, block: &Block) {
        let name = self.names.get(usize::from(line)).map_or("", String::as_str);
        for request in self.requests.values_mut().filter(|request| !request.record.complete) {
            take_all(request, line, name, block.bytes());
        }
        self.past.push(line, block);
    }

    /// Takes a request; one that is known goes on where the collector has it.
    pub fn ask(&mut self, asked: &DetailRequest) {
        if let Some(known) = self.requests.get_mut(&asked.id) {
            let durable = asked.durable.min(known.answer.durable());
            confirm(known, durable, &mut self.uploaded);
            (known.sent, known.told, known.told_complete) = (durable, false, false);
            return;
        }
        let refused = if asked.durable > 0 {
            Some("what was kept for it is gone: the agent's state was removed")
        } else if self.requests.len() >= REQUESTS_MAX {
            Some("too many requests are under way on this host")
        } else {
            None
        };
        let done = match refused {
            Some(why) => Err(why.to_owned()),
            None => self.begin(asked).map_err(|error| format!("nothing could be kept: {error}")),
        };
        if let Err(words) = done {
            tracing::warn!("request {} for packets of {} is refused: {words}", asked.id, asked.host);
            self.say.push(refusal(asked.id, words));
        }
    }

    fn begin(&mut self, asked: &DetailRequest) -> io::Result<()> {
        let record = Record::new(asked, self.settings.answer)?;
        record.save(&self.directory)?;
        tracing::info!("packets of {} are kept for request {}: {}", record.host, record.id, record.words());
        let mut request = Request::open(record, &self.directory)?;
        for (line, bytes) in self.past.since(request.record.from) {
            let name = self.names.get(usize::from(line)).map_or("", String::as_str);
            take_all(&mut request, line, name, &bytes);
        }
        self.requests.insert(request.record.id, request);
        Ok(())
    }

    /// Learns how far the collector has an answer.
    pub fn durable(&mut self, told: DetailDurable) {
        if told.bytes == DetailDurable::OVER {
            if let Some(request) = self.requests.remove(&told.id) {
                tracing::info!("request {} is over: {} packets were kept", told.id, request.record.packets);
                request.remove(&self.directory);
            }
        } else if let Some(request) = self.requests.get_mut(&told.id) {
            confirm(request, told.bytes.min(request.answer.durable()), &mut self.uploaded);
        }
    }

    /// Lets time pass; answers what to say, at most `room` messages while the collector is connected.
    pub fn turn(&mut self, now: i64, connected: bool, room: usize) -> Vec<Control> {
        self.past.forget(now);
        self.settle(now);
        if !connected {
            // It asks again when it is back.
            self.say.clear();
            self.requests.values_mut().for_each(|request| request.sent = request.confirmed);
            self.refilled = now;
            return Vec::new();
        }
        let passed = u64::try_from(now.saturating_sub(self.refilled)).unwrap_or(0).min(1_000_000_000);
        self.refilled = now;
        let most = self.settings.rate.max(MAX_PART_BYTES as u64);
        // Rates are below 2^30 bytes a second.
        self.budget = most.min(self.budget + self.settings.rate * passed / 1_000_000_000);
        let mut out = std::mem::take(&mut self.say);
        for request in self.requests.values_mut() {
            if request.confirmed != request.seen || request.sent == request.confirmed {
                (request.seen, request.moved) = (request.confirmed, now);
            } else if now.saturating_sub(request.moved) >= SEND_AGAIN {
                (request.sent, request.moved) = (request.confirmed, now);
            }
            send(request, &mut self.budget, room, &mut out);
        }
        out
    }

    /// The inputs have ended: brings to disk what is kept, for the next start.
    pub fn finish(&mut self) {
        for request in self.requests.values_mut() {
            if let Err(error) = request.answer.sync().and_then(|()| request.record.save(&self.directory)) {
                tracing::warn!("request {}: what was kept last is lost: {error}", request.record.id);
            }
        }
    }

    /// Brings answers to disk, and ends those whose time is over.
    fn settle(&mut self, now: i64) {
        let mut failed = Vec::new();
        for request in self.requests.values_mut() {
            let record = &request.record;
            let over = !record.complete && now >= record.until.saturating_add(LAST_BLOCKS);
            let waiting = request.answer.bytes() - request.answer.durable();
            let due = waiting >= SYNC_BYTES || now.saturating_sub(request.synced) >= SYNC_AFTER;
            if waiting > 0 && (over || record.complete || due) {
                request.synced = now;
                if let Err(error) = request.answer.sync() {
                    failed.push((record.id, error.to_string()));
                    continue;
                }
                // The number of packets goes with them.
                let _ = request.record.save(&self.directory);
            }
            if over {
                request.record.complete = true;
                let _ = request.record.save(&self.directory);
            }
            if now >= request.record.until.saturating_add(GIVEN_UP) {
                failed.push((request.record.id, "the collector did not take it within a day".to_owned()));
            }
        }
        for (id, words) in failed {
            tracing::warn!("request {id} is given up: {words}");
            self.given_up += 1;
            if let Some(request) = self.requests.remove(&id) {
                request.remove(&self.directory);
            }
            self.say.push(refusal(id, words));
        }
    }

    /// Bytes that the collector has, by request in words: its number, the host, for whom and why.
    #[must_use]
    pub const fn uploaded(&self) -> &BTreeMap<String, u64> {
        &self.uploaded
    }

    /// Requests that were given up.
    #[must_use]
    pub const fn given_up(&self) -> u64 {
        self.given_up
    }

    /// Bytes of the past in memory.
    #[must_use]
    pub const fn memory(&self) -> u64 {
        self.past.bytes()
    }
}

fn refusal(id: u64, words: String) -> Control {
    Control::DetailAnswer(DetailAnswer { id, outcome: DetailOutcome::Refused, packets: 0, bytes: 0, words })
}

/// Shows a request every packet of a block; without room for more it is complete.
fn take_all(request: &mut Request, line: u16, name: &str, bytes: &[u8]) {
    request.record.complete |= !Packets(bytes).all(|frame| request.take(line, name, &frame));
}

fn confirm(request: &mut Request, durable: u64, uploaded: &mut BTreeMap<String, u64>) {
    let more = durable.saturating_sub(request.confirmed);
    if more > 0 {
        *uploaded.entry(request.record.words()).or_default() += more;
        request.confirmed = durable;
    }
}

/// What a request has to say, within the budget.
fn send(request: &mut Request, budget: &mut u64, room: usize, out: &mut Vec<Control>) {
    let id = request.record.id;
    while out.len() < room && request.sent < request.answer.durable() && request.sent < request.confirmed + WINDOW {
        let bytes = match request.answer.part(request.sent) {
            Ok(bytes) if !bytes.is_empty() => bytes,
            // What cannot be read any more is as good as over; the collector has the part before.
            _ => return out.push(refusal(id, "the rest of the answer cannot be read".to_owned())),
        };
        let length = bytes.len() as u64;
        if length > *budget {
            return;
        }
        *budget -= length;
        out.push(Control::DetailPart(DetailPart { id, offset: request.sent, bytes }));
        request.sent += length;
    }
    let all = request.answer.bytes();
    let finished = request.record.complete && request.confirmed == all;
    if (!request.told || finished && !request.told_complete) && out.len() < room {
        (request.told, request.told_complete) = (true, finished);
        let outcome = if finished { DetailOutcome::Complete } else { DetailOutcome::Keeping };
        let (packets, words) = (request.record.packets, String::new());
        out.push(Control::DetailAnswer(DetailAnswer { id, outcome, packets, bytes: all, words }));
    }
}
