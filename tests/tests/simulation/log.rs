//! The collector's durable log on a simulated disk.

use super::AGENTS;
use picket_collector::store::{AcceptedFrame, Applicant, Position, Sqlite, Store, StoreError, TokenRecord};
use picket_event::wire::{Decoder, Held};
use picket_event::{AgentId, Body, Envelope, Event, Site};
use picket_tests::disk::{Disk, Simulated};
use std::collections::BTreeMap;
use std::io::{Error, Result};

/// One stored event: agent, epoch, sequence, and what it says.
pub(super) type Row = (AgentId, u64, u64, String);

/// What the collector keeps over its crashes: frames and positions, all of a commit or nothing.
pub(super) trait Log {
    /// Opens it as a start does.
    fn reopen(&mut self) -> Result<()>;
    /// Makes them durable; nothing counts as durable after an error.
    fn commit(&mut self, frames: &[AcceptedFrame], positions: &[Position]) -> Result<()>;
    /// The durable sequences.
    fn held(&mut self, agent: &AgentId, epoch: u64) -> Result<Held>;
    /// Every event.
    fn rows(&mut self) -> Result<Vec<Row>>;
    /// The program ends without a word.
    fn close(&mut self) {}
}

/// A log of plain records: length, check sum, positions and frames.
pub(super) struct Plain {
    disk: Disk,
    file: u64,
    end: u64,
    positions: BTreeMap<(String, u64), Held>,
    frames: Vec<(String, u64, Vec<u8>)>,
}

/// Agent, epoch, what is whole, and the ranges ahead of it; and frames.
type Record = (Vec<(String, u64, u64, Vec<(u64, u64)>)>, Vec<(String, u64, Vec<u8>)>);

impl Plain {
    pub(super) fn new(disk: &Disk) -> Self {
        Self { disk: disk.clone(), file: 0, end: 0, positions: BTreeMap::new(), frames: Vec::new() }
    }

    fn take(&mut self, (positions, frames): Record) {
        for (agent, epoch, all, ahead) in positions {
            self.positions.insert((agent, epoch), Held::new(all, &ahead));
        }
        self.frames.extend(frames);
    }
}

fn write(disk: &Disk, file: u64, at: u64, bytes: &[u8]) -> Result<()> {
    let mut written = 0;
    while written < bytes.len() {
        written += disk.write(file, at + written as u64, &bytes[written..])?;
    }
    Ok(())
}

fn record(bytes: &[u8]) -> Option<(Record, usize)> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (sum, rest) = rest.split_first_chunk::<4>()?;
    let body = rest.get(..u32::from_le_bytes(*length) as usize)?;
    let good = !body.is_empty() && crc32c::crc32c(body) == u32::from_le_bytes(*sum);
    let record = if good { serde_json::from_slice(body).ok()? } else { return None };
    Some((record, 8 + body.len()))
}

impl Log for Plain {
    fn reopen(&mut self) -> Result<()> {
        let file = self.disk.find("log").or_else(|_| self.disk.create("log"))?;
        self.disk.sync_names()?;
        *self = Self { file, ..Self::new(&self.disk) };
        let bytes = self.disk.read(file, 0, usize::MAX)?;
        while let Some((record, length)) = bytes.get(self.end as usize..).and_then(record) {
            self.end += length as u64;
            self.take(record);
        }
        // What a killed collector had not flushed counts from now on. Written again, since a flush that failed before may have
        // left it in the cache alone, where no later flush looks.
        self.disk.cut(file, self.end)?;
        write(&self.disk, file, 0, &bytes[..self.end as usize])?;
        self.disk.sync(file)
    }

    fn commit(&mut self, frames: &[AcceptedFrame], positions: &[Position]) -> Result<()> {
        let position = |p: &Position| (p.agent.as_str().to_owned(), p.epoch, p.held.all(), p.held.ahead().to_vec());
        let frame = |f: &AcceptedFrame| (f.agent.as_str().to_owned(), f.epoch, f.bytes.clone());
        let record: Record = (positions.iter().map(position).collect(), frames.iter().map(frame).collect());
        let body = serde_json::to_vec(&record)?;
        let mut bytes = (body.len() as u32).to_le_bytes().to_vec();
        bytes.extend(crc32c::crc32c(&body).to_le_bytes());
        bytes.extend(body);
        self.disk.cut(self.file, self.end)?;
        write(&self.disk, self.file, self.end, &bytes)?;
        self.disk.sync(self.file)?;
        self.end += bytes.len() as u64;
        self.take(record);
        Ok(())
    }

    fn held(&mut self, agent: &AgentId, epoch: u64) -> Result<Held> {
        Ok(self.positions.get(&(agent.as_str().to_owned(), epoch)).cloned().unwrap_or_default())
    }

    fn rows(&mut self) -> Result<Vec<Row>> {
        let mut decoder = Decoder::new().unwrap();
        let mut rows = Vec::new();
        for (agent, epoch, bytes) in &self.frames {
            for (sequence, event) in decoder.events(bytes).unwrap().events {
                rows.push((AgentId::new(agent), *epoch, sequence, said(&event)));
            }
        }
        Ok(rows)
    }
}

/// The collector's own store, its files on a simulated disk.
pub(super) struct Sql {
    folder: tempfile::TempDir,
    disk: Disk,
    store: Option<Sqlite>,
    _simulated: Simulated,
}

impl Sql {
    pub(super) fn new(disk: &Disk) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let simulated = Simulated::new(folder.path(), disk);
        Self { folder, disk: disk.clone(), store: None, _simulated: simulated }
    }

    fn store(&self) -> Result<&Sqlite> {
        self.store.as_ref().ok_or_else(|| std::io::ErrorKind::NotConnected.into())
    }
}

/// Lets the agents of the simulation in.
fn enrol(store: &Sqlite) -> std::result::Result<(), StoreError> {
    for name in AGENTS {
        let agent = AgentId::new(name);
        if store.agent(&agent)?.is_some() {
            continue;
        }
        let id = format!("{name} {}", store.tokens()?.len());
        let (site, group) = (Site::new(""), String::new());
        let (digest, by_person, created_at, expires_at, uses_left) = (vec![1; 32], false, 0, 100, 1);
        store.add_token(&TokenRecord {
            id: id.clone(),
            digest,
            site,
            group,
            by_person,
            created_at,
            expires_at,
            uses_left,
        })?;
        let applicant = Applicant { agent: &agent, key: &[7; 32], address: "", certificate_until: 0, now: 1 };
        store.use_token(&id, &|_| true, &applicant)?;
    }
    Ok(())
}

impl Log for Sql {
    fn reopen(&mut self) -> Result<()> {
        self.store = None;
        // Here and below as the store does with the files of the system.
        if let Ok(file) = self.disk.find("picket.db-wal") {
            let bytes = self.disk.read(file, 0, usize::MAX)?;
            write(&self.disk, file, 0, &bytes)?;
            self.disk.sync(file)?;
        }
        let store = Sqlite::open(self.folder.path()).map_err(Error::other)?;
        self.disk.sync_names()?;
        enrol(&store).map_err(Error::other)?;
        self.store = Some(store);
        Ok(())
    }

    fn commit(&mut self, frames: &[AcceptedFrame], positions: &[Position]) -> Result<()> {
        self.store()?.commit(frames, positions).map(drop).map_err(Error::other)
    }

    fn held(&mut self, agent: &AgentId, epoch: u64) -> Result<Held> {
        self.store()?.held(agent, epoch).map_err(Error::other)
    }

    fn rows(&mut self) -> Result<Vec<Row>> {
        let batches = self.store()?.replay(0, u32::MAX).map_err(Error::other)?;
        let row = |envelope: Envelope| (envelope.agent, envelope.epoch, envelope.sequence, said(&envelope.event));
        Ok(batches.into_iter().flat_map(|batch| batch.events).map(row).collect())
    }

    fn close(&mut self) {
        // Nothing that is still done on the way out reaches the disk.
        self.disk.stop_after(0);
        let _ = self.disk.names();
        self.store = None;
    }
}

/// What an event of the simulation says.
pub(super) fn said(event: &Event) -> String {
    match &event.body {
        Body::Anomaly(anomaly) => anomaly.detail.clone(),
        other => panic!("{other:?}"),
    }
}
