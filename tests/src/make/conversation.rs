//! Conversations of industrial protocols as a plant has them: few messages that come again and again, on a schedule.

use super::frame::{Host, layer2, udp};
use super::{Capture, Tcp};
use crate::encoders::{ENCODERS, Encoder, Exchange, Over, Random};
use picket_event::{Direction, Protocol, Transport};
use std::path::Path;

use Direction::{ToClient, ToServer};

/// Conversations of each form of a protocol.
const CONVERSATIONS: u64 = 80;
/// When the first begins, nanoseconds since 1970.
const START_NS: i64 = 1_700_000_000 * 1_000_000_000;

/// A capture of one form of a protocol.
#[derive(Debug)]
pub struct Made {
    /// The file's name.
    pub file: String,
    /// The protocol.
    pub protocol: Protocol,
    /// The conversations.
    pub capture: Capture,
}

/// Conversations of every encoder that teaches; frames of a length and a service access point are left out.
pub fn all() -> impl Iterator<Item = Made> {
    let framed = |encoder: &Encoder| matches!(encoder.over, Over::Link(..0x600));
    let written = ENCODERS.iter().enumerate().filter(move |(_, encoder)| encoder.teaches && !framed(encoder));
    written.map(|(number, encoder)| {
        let mut capture = Capture::default();
        for each in 0..CONVERSATIONS {
            let place = number as u64 * CONVERSATIONS + each;
            Schedule::new(encoder, place).write(place as u32, &mut capture);
        }
        let form: String = encoder.form.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let file = format!("{}{}{form}.pcap", encoder.protocol, if form.is_empty() { "" } else { "-" });
        Made { file, protocol: encoder.protocol.clone(), capture }
    })
}

/// Writes the captures into a folder, with `labels.jsonl` for `picket-agent features`: all of one source.
///
/// # Errors
/// When the folder cannot be made or written.
pub fn write(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let mut labels = String::new();
    for Made { file, capture, .. } in all() {
        capture.write(&folder.join(&file))?;
        labels += &format!(
            "{{\"file\":\"{file}\",\"class\":\"industrial\",\"family\":\"\",\"source\":\"picket/encoders\",\"default_label\":\"\"}}\n"
        );
    }
    std::fs::write(folder.join("labels.jsonl"), labels)
}

/// Who says what when.
#[derive(Clone, Copy)]
enum Manner {
    /// A request, its answer.
    Asked,
    /// Some requests, then their answers.
    Ahead(u64),
    /// Requests and answers, and now and then something from the server that nobody asked for.
    Told,
    /// One end sends, and nobody answers.
    Published,
    /// Both ends send, each on its own.
    Exchanged,
}

/// How one conversation goes.
struct Schedule<'a> {
    encoder: &'a Encoder,
    random: Random,
    conversation: u64,
    /// Whether its beginning is captured.
    begins: bool,
    manner: Manner,
    /// Messages that come again and again.
    messages: u64,
    /// Exchanges before that, each its own.
    opening: u64,
    fickle: u64,
    /// Nanoseconds.
    period: i64,
    /// Share of the period that a gap differs by at most.
    spread: f64,
    /// Nanoseconds from a request to its answer.
    delay: i64,
    /// All messages of a period one after the other, rather than one in each.
    burst: bool,
}

/// A number between these, each order of magnitude as likely as any other.
fn between(random: &mut Random, least: f64, most: f64) -> f64 {
    let share = random.within(0, 1_000_000) as f64 / 1e6;
    least * (most / least).powf(share)
}

impl<'a> Schedule<'a> {
    fn new(encoder: &'a Encoder, number: u64) -> Self {
        let mut random = Random::new(number.wrapping_mul(0x5851_f42d_4c95_7f2d));
        let (asked, ahead) = (Manner::Asked, Manner::Ahead(random.within(2, 5) as u64));
        let (told, published, exchanged) = (Manner::Told, Manner::Published, Manner::Exchanged);
        let (manners, shortest) = match encoder.over {
            Over::Link(_) => ([asked, published, published, published, exchanged, exchanged], 2e5),
            Over::Ip(Transport::TCP) => ([asked, asked, asked, ahead, told, published], 2e7),
            Over::Ip(_) => ([asked, asked, asked, published, told, exchanged], 2e6),
        };
        Self {
            encoder,
            conversation: random.u64(),
            begins: !random.once_in(4),
            manner: random.pick(&manners),
            messages: random.pick(&[1, 1, 2, 2, 3, 4, 6, 10]),
            opening: random.pick(&[0, 0, 1, 2, 3]),
            fickle: random.pick(&[0, 0, 0, 1, 5, 20]),
            period: between(&mut random, shortest, 1e10) as i64,
            spread: between(&mut random, 1e-3, 0.9),
            delay: between(&mut random, 1e5, 2e8) as i64,
            burst: random.once_in(2),
            random,
        }
    }

    /// Its `turn`th exchange.
    fn exchange(&self, turn: u64) -> Exchange {
        let message = if turn < self.opening { 1_000 + turn } else { turn % self.messages };
        let known = self.encoder.opening.get(turn as usize).filter(|_| self.begins);
        known.unwrap_or(&self.encoder.make)(&mut Random::repeated(self.conversation, message, turn, self.fickle))
    }

    /// Nanoseconds until the next exchange.
    fn gap(&mut self, turn: u64) -> i64 {
        if self.burst && !turn.is_multiple_of(self.messages) {
            return 1_000_000;
        }
        let off = self.random.within(0, 2_000) as f64 / 1e3 - 1.0;
        (self.period as f64 * (1.0 + off * self.spread)) as i64
    }

    /// What is sent, and how many nanoseconds later than what was sent before.
    fn lines(&mut self) -> Vec<(i64, Direction, Vec<u8>)> {
        let turns = self.random.within(12, 60) as u64;
        let mut lines = Vec::new();
        let mut wait = 0;
        // A published message is of one end; which of the two a capture takes for the client is open.
        let from = if self.random.once_in(3) { ToClient } else { ToServer };
        let mut waiting = Vec::new();
        for turn in 0..turns {
            let (asks, says) = self.exchange(turn);
            let opens = (turn as usize) < self.encoder.opening.len();
            match if opens { Manner::Asked } else { self.manner } {
                Manner::Published => lines.push((wait, if turn < self.opening { ToServer } else { from }, asks)),
                Manner::Exchanged => {
                    lines.push((wait, ToServer, asks));
                    lines.push((self.random.within(0, 1_000_000) as i64, ToClient, self.exchange(turn + 1_000).0));
                }
                Manner::Told if self.random.once_in(3) => lines.push((wait, ToClient, asks)),
                Manner::Asked | Manner::Told => lines.extend([(wait, ToServer, asks), (self.delay, ToClient, says)]),
                Manner::Ahead(most) => {
                    lines.push((wait, ToServer, asks));
                    waiting.push(says);
                    if waiting.len() as u64 >= most {
                        // Sometimes several answers stand in one segment.
                        if self.random.once_in(3) {
                            waiting = vec![waiting.concat()];
                        }
                        lines.extend(waiting.drain(..).map(|says| (self.delay, ToClient, says)));
                    } else {
                        wait = 100_000;
                        continue;
                    }
                }
            }
            wait = self.gap(turn);
        }
        lines.retain(|(_, _, bytes)| !bytes.is_empty());
        lines
    }

    fn write(mut self, place: u32, capture: &mut Capture) {
        let host =
            |side: u32| Host::new(2 * place + side, &format!("10.{}.{}.{}", 40 + side, place / 200, 1 + place % 200));
        let (client, server) = (host(0), host(1));
        let start = START_NS + i64::from(place) * 1_000_000_000;
        let lines = self.lines();
        if self.encoder.over == Over::Ip(Transport::TCP) {
            let mut tcp = Tcp::open(capture, start, (&client, 50_000), (&server, 40_000));
            tcp.round_trip(self.delay / 4);
            // What is longer goes in two writes, as from a program that hands over what it has.
            let write = self.random.pick(&[512, 1_028, 4_096, 1 << 16]);
            for (wait, direction, bytes) in lines {
                let (first, rest) = bytes.split_at(bytes.len().min(write));
                tcp.wait(wait).send(direction, first);
                if !rest.is_empty() {
                    tcp.send(direction, rest);
                }
            }
            tcp.close();
            return;
        }
        let mut time = start;
        for (wait, direction, mut bytes) in lines {
            time += wait;
            let (from, to) = if direction == ToServer {
                ((&client, 50_000), (&server, 40_000))
            } else {
                ((&server, 40_000), (&client, 50_000))
            };
            if let Over::Link(ether_type) = self.encoder.over {
                // The least frame of Ethernet.
                bytes.resize(bytes.len().max(46), 0);
                capture.push(time, layer2(from.0.mac, to.0.mac, ether_type, &bytes));
            } else {
                udp(capture, time, from, to, &bytes);
            }
        }
    }
}
