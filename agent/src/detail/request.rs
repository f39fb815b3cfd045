//! One request under way: its record, its answer, and how far that has gone.

use super::answer::Answer;
use super::pcapng::Section;
use picket_event::wire::DetailRequest;
use picket_packet::{Frame, decode};
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};
use std::io::{self, Write as _};
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Characters of the ledger's words on a request.
const WORDS_MAX: usize = 120;
const ETHER_ARP: u16 = 0x0806;

/// What is remembered of a request over a restart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) id: u64,
    pub(super) host: IpAddr,
    pub(super) from: i64,
    pub(super) until: i64,
    /// Bytes of the answer at most.
    pub(super) most: u64,
    pub(super) by: String,
    pub(super) reason: String,
    /// Of the answer's file.
    key: [u8; 32],
    pub(super) packets: u64,
    /// Nothing more comes.
    pub(super) complete: bool,
}

/// A request.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) record: Record,
    pub(super) answer: Answer,
    section: Section,
    /// Bytes handed to the uplink.
    pub(super) sent: u64,
    /// Bytes the collector has for good.
    pub(super) confirmed: u64,
    /// What was confirmed when that was looked at last, and since when it is so, nanoseconds since 1970.
    pub(super) seen: u64,
    pub(super) moved: i64,
    /// Whether the collector was told how it stands, and that it is complete.
    pub(super) told: bool,
    pub(super) told_complete: bool,
    /// When it was synced last, nanoseconds since 1970.
    pub(super) synced: i64,
    scratch: Vec<u8>,
}

fn file(directory: &Path, id: u64, kind: &str) -> PathBuf {
    directory.join(format!("{id}.{kind}"))
}

impl Record {
    pub(super) fn new(asked: &DetailRequest, most: u64) -> io::Result<Self> {
        let mut key = [0u8; 32];
        SystemRandom::new().fill(&mut key).map_err(|_| io::Error::other("no random bytes"))?;
        let DetailRequest { id, host, from, until, bytes, by, reason, .. } = asked.clone();
        let (most, host) = (most.min(bytes), host.to_canonical());
        Ok(Self { id, host, from, until, most, by, reason, key, packets: 0, complete: false })
    }

    /// Every record of a directory that can be read.
    pub(super) fn all(directory: &Path) -> Vec<Self> {
        let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
        let records = entries.filter(|entry| entry.path().extension().is_some_and(|kind| kind == "json"));
        records.filter_map(|entry| serde_json::from_slice(&std::fs::read(entry.path()).ok()?).ok()).collect()
    }

    /// Writes it whole or not at all; its owner alone can read it.
    pub(super) fn save(&self, directory: &Path) -> io::Result<()> {
        let (path, part) = (file(directory, self.id, "json"), file(directory, self.id, "part"));
        let mut out = std::fs::File::options().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
        out.write_all(&serde_json::to_vec(self)?)?;
        out.sync_all()?;
        std::fs::rename(&part, &path)
    }

    /// What the ledger calls it: number, host, for whom and why.
    pub(super) fn words(&self) -> String {
        let words = format!("{} {} for {}: {}", self.id, self.host, self.by, self.reason);
        words.chars().filter(|c| !c.is_control()).take(WORDS_MAX).collect()
    }
}

impl Request {
    /// Opens the answer of a record.
    pub(super) fn open(record: Record, directory: &Path) -> io::Result<Self> {
        let answer = Answer::open(&file(directory, record.id, "sealed"), &record.key)?;
        let (section, scratch) = (Section::default(), Vec::new());
        let (told, told_complete) = (false, false);
        Ok(Self {
            record,
            answer,
            section,
            sent: 0,
            confirmed: 0,
            seen: 0,
            moved: 0,
            told,
            told_complete,
            synced: 0,
            scratch,
        })
    }

    /// Keeps a packet where it is of the host and the time; `false` when there is no more room.
    pub(super) fn take(&mut self, line: u16, name: &str, frame: &Frame<'_>) -> bool {
        let Record { host, from, until, most, .. } = self.record;
        if frame.time_ns < from || frame.time_ns >= until || !is_of(frame, host) {
            return true;
        }
        self.scratch.clear();
        let comment = self.record.words();
        self.section.packet(&mut self.scratch, &comment, (line, name), frame);
        if self.answer.bytes() + self.scratch.len() as u64 > most {
            return false;
        }
        self.answer.append(&self.scratch);
        self.record.packets += 1;
        true
    }

    /// Removes what was kept.
    pub(super) fn remove(self, directory: &Path) {
        let id = self.record.id;
        drop(self);
        for kind in ["json", "sealed", "part"] {
            // What is not there needs no removing; the rest is tried again at the next start.
            let _ = std::fs::remove_file(file(directory, id, kind));
        }
    }
}

/// Whether a packet is from or for a host: by its addresses, those of a tunnel around it, or what ARP asks and answers.
fn is_of(frame: &Frame<'_>, host: IpAddr) -> bool {
    let seen = decode(frame);
    let between = |src: IpAddr, dest: IpAddr| src.to_canonical() == host || dest.to_canonical() == host;
    seen.network.is_some_and(|network| between(network.src, network.dest))
        || seen.tunnel.is_some_and(|tunnel| between(tunnel.src, tunnel.dest))
        || (seen.link.ether_type == Some(ETHER_ARP) && arp(seen.payload, host))
}

/// RFC 826 with addresses of IPv4 over Ethernet: the sender's at byte 14, the target's at 24.
fn arp(body: &[u8], host: IpAddr) -> bool {
    let address = |at: usize| body.get(at..at + 4).and_then(|four| <[u8; 4]>::try_from(four).ok());
    [14, 24].into_iter().filter_map(address).any(|four| IpAddr::from(four) == host)
}
